from flask import Flask


def register(app: Flask) -> None:
    """Bind the first page and the counts of the navigation."""
    from app import web
    from app.workbench import gathering_views, views

    web.shell_providers["counts"] = gathering_views.counts
    app.register_blueprint(views.bp)
