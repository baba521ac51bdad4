from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages to the app, the bell to the frame, and its reactions to reviews and resets."""
    from app import web
    from app.notices import reviewing, services, trusting, views
    from app.review.submitting import on_changed
    from app.units.second_factor import on_reset

    if reviewing.tell_of_review not in on_changed:
        on_changed.append(reviewing.tell_of_review)
    if trusting.tell_of_reset not in on_reset:
        on_reset.append(trusting.tell_of_reset)
    app.register_blueprint(views.bp)
    web.shell_providers["notices"] = services.unread
