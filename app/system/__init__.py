from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and commands to the app."""
    from app.system import cli, views

    app.register_blueprint(views.bp)
    app.cli.add_command(cli.demo)
    app.cli.add_command(cli.system)
