from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages, API, commands, sessions and the frame of every page to the app."""
    from app import web
    from app.search.keeping import register as find
    from app.units import api, bearer, cli, provider_views, sessions, shell
    from app.units.searching import USERS

    find(USERS)
    sessions.init(app)
    bearer.init(app)
    shell.init(app)
    app.register_blueprint(provider_views.bp)
    web.register_api(app, api.blp)
    cli.init(app)
