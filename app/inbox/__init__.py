from flask import Flask


def register(app: Flask) -> None:
    """Bind the inbox's pages and its part of the API."""
    from app import web
    from app.accounts.moving import on_moved
    from app.inbox import api, held_api, held_views, platform_api, searching, views
    from app.inbox.moving import go_along
    from app.search.keeping import register as find

    find(searching.MESSAGES)
    find(searching.CONTACTS)

    if go_along not in on_moved:
        on_moved.append(go_along)
    views.init(app)
    # One blueprint: views, desk_views, platform_views and held_views each add their routes to it.
    app.register_blueprint(held_views.bp)
    web.register_api(app, api.blp)
    web.register_api(app, held_api.blp)
    web.register_api(app, platform_api.blp)
