from flask import Flask


def register(app: Flask) -> None:
    """Bind the first page and the counts of the navigation."""
    from app import web
    from app.workbench import gathering_views, search_views

    web.shell_providers["counts"] = gathering_views.counts
    # With the routes of views.
    app.register_blueprint(search_views.bp)
