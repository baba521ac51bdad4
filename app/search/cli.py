"""flask search rebuild."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from app.search.rebuilding import rebuild

search = AppGroup("search", help="搜索的索引。")


def init(app: Flask) -> None:
    """Bind the command to the app."""
    app.cli.add_command(search)


@search.command("rebuild")
def search_rebuild() -> None:
    """把搜索索引补齐、改正；系统运行时也可以做。"""
    done = rebuild()
    click.echo(
        f"核对了 {done.seen} 条，补上 {done.added} 条，改正 {done.changed} 条，去掉 {done.gone} 条。搜索索引已是最新。"
    )
