from importlib import import_module

from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages, its part of the API, and its hooks on edits and decisions to the app."""
    from app import web
    from app.posts.services import on_revised
    from app.review import api, views
    from app.review.chains import uses_of
    from app.review.remembering import remember
    from app.review.services import on_changed, void_review
    from app.units.roles import role_uses

    # One blueprint, whose routes stand in several modules: all are there before it is bound.
    for name in ("chain_views", "deputy_views", "emergency_views", "form_views", "remark_views"):
        import_module(f"app.review.{name}")
    if remember not in on_changed:
        on_changed.append(remember)
    if void_review not in on_revised:
        on_revised.append(void_review)
    if uses_of not in role_uses:
        role_uses.append(uses_of)
    app.register_blueprint(views.bp)
    web.register_api(app, api.blp)
