from flask import Flask


def register(app: Flask) -> None:
    """Bind the dialog that sends previews to phones, its part of the settings and of the API."""
    from app import web
    from app.previews import api, views

    app.register_blueprint(views.bp)
    web.register_api(app, api.blp)
