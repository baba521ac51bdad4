from flask import Flask


def register(app: Flask) -> None:
    """Bind inspection's pages and its part of the API."""
    from app import web
    from app.accounts.moving import on_moved
    from app.inspection import api, views
    from app.inspection.moving import go_along

    app.jinja_env.globals["dormancy_words"] = views.level_words
    app.register_blueprint(views.bp)
    web.register_api(app, api.blp)
    if go_along not in on_moved:
        on_moved.append(go_along)
    if go_along not in on_moved:
        on_moved.append(go_along)
