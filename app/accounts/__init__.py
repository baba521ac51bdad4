from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app, and the ribbon 演练 to the frame."""
    from app import web
    from app.accounts import api, connections, platform_views, services

    app.register_blueprint(platform_views.bp)
    web.register_api(app, api.blp)
    app.jinja_env.filters["on_screen"] = connections.screen_url
    web.shell_providers["drill"] = services.has_drill_accounts
