from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app."""
    from app import web
    from app.posts import api, file_views, preview_views

    preview_views.init(app)
    app.register_blueprint(file_views.bp)
    web.register_api(app, api.blp)
