from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app, and the library to the connectors."""
    from app import web
    from app.accounts import connections
    from app.media import api, batch_views, item_views
    from app.media.store import LibraryStore

    connections.media_store_factory = LibraryStore
    # Both add their pages to those of the library.
    for pages in dict.fromkeys((item_views.bp, batch_views.bp)):
        app.register_blueprint(pages)
    web.register_api(app, api.blp)
