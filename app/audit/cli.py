"""flask audit verify."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from app.audit.reading import count
from app.audit.services import verify

audit = AppGroup("audit", help="操作记录")


def init(app: Flask) -> None:
    """Bind the commands to the app."""
    app.cli.add_command(audit)


@audit.command("verify")
def audit_verify() -> None:
    """核对操作记录的哈希链；有改动则逐条说明，退出码为 1。"""
    faults = verify()
    if faults:
        raise click.ClickException(
            "\n".join(["操作记录不完整，可能被改动过：", *faults, "请保留现场，报告系统管理员。"])
        )
    click.echo(f"操作记录完整，共 {count()} 条。")
