"""`flask demo load`, `flask demo needed`, `flask system check`."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from app.db import utcnow
from app.errors import TandemError
from app.system import services
from app.system.demo.city import PASSWORD, PEOPLE
from app.web import settings

demo = AppGroup("demo", help="演示数据。")
system = AppGroup("system", help="系统自检。")


@demo.command("load")
def demo_load() -> None:
    """Fill an empty database and the simulator with the invented city of 青岚."""
    from app.system.demo.load import Loader, wait_for_simulator

    try:
        wait_for_simulator(settings().simulator_url, 20)
        Loader(settings(), utcnow()).load()
    except TandemError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"演示数据已装入。登录名如 {PEOPLE[0].email}，口令 {PASSWORD}。")


@demo.command("needed")
def demo_needed() -> None:
    """Exit 0 when the database is empty, 1 otherwise."""
    from app.system.demo.load import needed

    sys.exit(0 if needed() else 1)


@system.command("check")
def system_check() -> None:
    """Every check of the status page; exit 1 when one fails."""
    findings = services.self_test(settings(), utcnow())
    for finding in findings:
        mark = {True: "正常", False: "异常", None: "提示"}[finding.ok]
        click.echo(f"[{mark}] {finding.name}：{finding.detail}{finding.remedy}")
    if any(finding.ok is False for finding in findings):
        sys.exit(1)
