from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages to the app."""
    from app.inbox import views

    app.register_blueprint(views.bp)
