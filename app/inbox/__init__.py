from flask import Flask


def register(app: Flask) -> None:
    """Bind the inbox's pages and its part of the API."""
    from app import web
    from app.inbox import api, desk_views, views

    views.init(app)
    app.register_blueprint(desk_views.bp)
    web.register_api(app, api.blp)
