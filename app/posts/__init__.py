from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app."""
    from app import web
    from app.posts import api, history_views, preview_views, templates_views, views

    preview_views.init(app)
    for pages in (templates_views.bp, history_views.bp, views.bp):
        app.register_blueprint(pages)
    web.register_api(app, api.blp)
