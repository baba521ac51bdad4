from flask import Flask


def register(app: Flask) -> None:
    """Bind the inbox's pages and its part of the API."""
    from app import web
    from app.accounts.moving import on_moved
    from app.inbox import api, platform_api, platform_views, searching, views
    from app.inbox.moving import go_along
    from app.search.keeping import register as find

    find(searching.MESSAGES)
    find(searching.CONTACTS)

    if go_along not in on_moved:
        on_moved.append(go_along)
    views.init(app)
    # One blueprint: views, desk_views and platform_views each add their routes to it.
    app.register_blueprint(platform_views.bp)
    web.register_api(app, api.blp)
    web.register_api(app, platform_api.blp)
