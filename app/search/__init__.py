from flask import Flask


def register(app: Flask) -> None:
    """Bind the command; what is indexed, the rooms tell."""
    from app.search import cli

    cli.init(app)
