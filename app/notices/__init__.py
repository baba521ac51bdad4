from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages to the app, and the bell to the frame."""
    from app import web
    from app.notices import services, views

    app.register_blueprint(views.bp)
    web.shell_providers["notices"] = services.unread
