from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages to the app, the bell to the frame, and its reaction to reviews."""
    from app import web
    from app.notices import reviewing, services, views
    from app.review.announcing import on_appointed, on_changed, on_remarked

    if reviewing.tell_of_review not in on_changed:
        on_changed.append(reviewing.tell_of_review)
    if reviewing.tell_of_deputy not in on_appointed:
        on_appointed.append(reviewing.tell_of_deputy)
    if reviewing.tell_of_remark not in on_remarked:
        on_remarked.append(reviewing.tell_of_remark)
    app.register_blueprint(views.bp)
    web.shell_providers["notices"] = services.unread
