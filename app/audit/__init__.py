from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages, API and commands to the app."""
    from app import web
    from app.audit import api, cli, views

    app.register_blueprint(views.bp)
    web.register_api(app, api.blp)
    cli.init(app)
