from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app, and its posts to the library's lists of uses."""
    from app import web
    from app.media.services import tell_of_posts
    from app.posts import api, check_views, preview_views
    from app.posts.holdings import tell

    tell_of_posts[:] = [tell]
    preview_views.init(app)
    app.register_blueprint(check_views.bp)
    web.register_api(app, api.blp)
