from flask import Flask


def register(app: Flask) -> None:
    """Bind inspection's pages and its part of the API."""
    from app import web
    from app.inspection import api, views

    app.jinja_env.globals["dormancy_words"] = views.level_words
    app.register_blueprint(views.bp)
    web.register_api(app, api.blp)
