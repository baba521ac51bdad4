from collections.abc import Mapping, Sequence

from flask import Flask

from app import web


def register(app: Flask) -> None:
    """Bind this capability's pages and commands to the app; the sign-in page lists the demo's people."""
    from app.system import cli, views

    app.register_blueprint(views.bp)
    app.cli.add_command(cli.demo)
    for command in (cli.system, cli.backup, cli.restore, cli.upgrade, cli.secret):
        app.cli.add_command(command)
    if demo_people not in web.sign_in_hints:
        web.sign_in_hints.append(demo_people)


def demo_people() -> Sequence[Mapping[str, str]]:
    """Whom the demo's sign-in page offers; nobody once the data is not the demo's."""
    from app.system.demo.city import PASSWORD, PEOPLE
    from app.system.demo.load import is_loaded

    if not is_loaded():
        return []
    return [{"email": p.email, "name": p.name, "role": p.title, "password": PASSWORD} for p in PEOPLE]
