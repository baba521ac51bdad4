"""Alembic's environment: the running app's engine and metadata; one transaction per upgrade, or the caller's."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

from app.db import Encrypted, UTCDateTime, db
from app.search.models import by_hand


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Our column types as what the database stores: a migration must not change when they do."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Encrypted):
        return "sa.Text()"
    return False


def run() -> None:
    arguments = {
        **current_app.extensions["migrate"].configure_args,
        "include_name": lambda name, _kind, _parents: not by_hand(name),
    }
    # flask upgrade tries the outcome before it keeps it: the transaction is its own.
    given = context.config.attributes.get("connection")
    if given is not None:
        context.configure(connection=given, target_metadata=db.metadata, render_item=render_item, **arguments)
        context.run_migrations()
        return
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, render_item=render_item, **arguments)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


if context.is_offline_mode():
    raise SystemExit("迁移需要连接数据库，不支持离线生成 SQL。请去掉 --sql 后重试。")
run()
