from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages to the app, the bell to the frame, and its reactions to reviews and resets."""
    from app import web
    from app.notices import mail_views, reviewing, services, trusting, views
    from app.review.announcing import on_appointed, on_changed, on_remarked
    from app.units.editing import on_edited
    from app.units.second_factor import on_own_change, on_reset

    if reviewing.tell_of_review not in on_changed:
        on_changed.append(reviewing.tell_of_review)
    if reviewing.tell_of_deputy not in on_appointed:
        on_appointed.append(reviewing.tell_of_deputy)
    if reviewing.tell_of_remark not in on_remarked:
        on_remarked.append(reviewing.tell_of_remark)
    if trusting.tell_of_reset not in on_reset:
        on_reset.append(trusting.tell_of_reset)
    if trusting.tell_of_own_change not in on_own_change:
        on_own_change.append(trusting.tell_of_own_change)
    if trusting.tell_of_edit not in on_edited:
        on_edited.append(trusting.tell_of_edit)
    app.register_blueprint(views.bp)
    app.register_blueprint(mail_views.bp)
    web.shell_providers["notices"] = services.unread
