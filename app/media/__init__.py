from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app, and the library to the connectors."""
    from app import web
    from app.accounts import connections
    from app.media import api, item_views
    from app.media.store import LibraryStore

    connections.media_store_factory = LibraryStore
    app.register_blueprint(item_views.bp)
    web.register_api(app, api.blp)
