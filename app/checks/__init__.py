"""Content checks: pure, given text and packs (services.check_content()); the packs and their pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages of the packs to the app."""
    from app.checks import import_views

    app.register_blueprint(import_views.bp)
