from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages to the app, the bell to the frame, and its reaction to reviews."""
    from app import web
    from app.notices import reviewing, services, views
    from app.review.submitting import on_changed

    if reviewing.tell_of_review not in on_changed:
        on_changed.append(reviewing.tell_of_review)
    app.register_blueprint(views.bp)
    web.shell_providers["notices"] = services.unread
