from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages, its part of the API, and its hook on edits to the app."""
    from app import web
    from app.posts.services import on_revised
    from app.review import api, views
    from app.review.services import void_review

    if void_review not in on_revised:
        on_revised.append(void_review)
    app.register_blueprint(views.bp)
    web.register_api(app, api.blp)
