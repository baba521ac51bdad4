"""`flask upgrade FILE`: a backup, then every newer structure of the database, tried before it holds. All of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, column, func, select, table

from app.audit import services as audit
from app.config import Config
from app.db import atomic, db, release, unhurried, utcnow
from app.errors import Conflict
from app.search.models import by_hand
from app.system import backup, figures, keys, rows, structure
from app.system.backup import Made
from app.system.structure import revision
from app.units.access import SYSTEM

log = structlog.get_logger()

_STARTED = "备份期间有调度进程启动了。请先停止全部 web 和 scheduler 进程，再运行一次。"


@dataclass(frozen=True, kw_only=True)
class Upgraded:
    """From one structure to another, with the backup that was made before; the same twice: there was nothing to do."""

    before: str
    after: str
    made: Made


def upgrade(path: Path, config: Config, now: datetime) -> Upgraded:
    """Back up to `path`, migrate, try, and only then keep it: whatever fails leaves the database as it was.

    Raises Conflict (a newer database, a scheduler at work, a step or a check that failed) and what backup.write raises.
    """
    before = revision()
    _require_known(before)
    _require_quiet(config, now)
    made = backup.write(path, config, now)
    try:
        with atomic():
            unhurried()
            counted = _count(rows.standing())
            _migrate()
            _try_out(config, counted)
            if figures.alive_since(utcnow(), config.heartbeat_seconds):
                raise _Faulty(_STARTED)
            after = revision()
            summary = f"数据库结构从 {before} 升级到 {after}，此前备份 {made.rows} 行、{made.media} 个素材"
            audit.record(SYSTEM, "system.upgrade", now=now, object_type="system", object_id=after, summary=summary)
    except _Faulty as error:
        raise _undone(f"升级后的自检没有通过：{error}", path) from error
    except Exception as error:
        # Whatever a step of the migration raised: it is undone, and told in full in the log.
        log.exception("upgrade undone", before=before)
        raise _undone(f"升级脚本出错（{str(error)[:300]}）。", path) from error
    return Upgraded(before=before, after=after, made=made)


class _Faulty(Exception):
    """What a check found, in Chinese."""


def _undone(cause: str, path: Path) -> Conflict:
    return Conflict(
        f"没有升级。{cause}数据库已恢复原状，仍是原来的版本；升级前的备份在 {path}。"
        "请用原来的程序版本继续运行，并把这段话交给系统管理员。"
    )


def _require_known(before: str) -> None:
    if before not in {one.revision for one in structure.scripts().walk_revisions()}:
        raise Conflict(f"没有升级。数据库的结构版本 {before} 比这个程序新。请换用更新的程序版本。")


def _require_quiet(config: Config, now: datetime) -> None:
    """A scheduler that works on while tables change could lose what a platform answers."""
    at_work = figures.alive_since(now, config.heartbeat_seconds)
    release()
    if at_work:
        raise Conflict("没有升级。调度进程还在运行。请先停止全部 web 和 scheduler 进程，再运行一次。")


def _migrate() -> None:
    config = structure.alembic_config()
    config.attributes["connection"] = db.session.connection()
    command.upgrade(config, "head")


def _count(tables: list[Table]) -> dict[str, int]:
    return {one.name: rows.count(one) for one in tables}


def _try_out(config: Config, counted: dict[str, int]) -> None:
    """The tables are the models', no row is lost, the record of deeds is whole, and every secret can be read."""
    connection = db.session.connection()
    ours = structure.made() | db.metadata.tables.keys()
    opts = {
        "compare_type": True,
        "include_name": lambda name, kind, _: (kind != "table" or name in ours) and not by_hand(name),
    }
    told = MigrationContext.configure(connection, opts=opts)
    if differences := compare_metadata(told, db.metadata):
        raise _Faulty(f"表结构与程序不符（{len(differences)} 处，如 {str(differences[0])[:120]}）。")
    present = set(db.inspect(connection).get_table_names())
    lost = [name for name, number in counted.items() if name in present and _rows_in(name) < number]
    if lost:
        raise _Faulty(f"有内容丢失（{'、'.join(lost)}）。")
    if faults := audit.verify():
        raise _Faulty(f"操作记录不完整：{'；'.join(faults[:3])}")
    if wrong := keys.unreadable(config.encryption_keys):
        raise _Faulty(f"有 {wrong} 项密文用现有的密钥解不开。")


def _rows_in(name: str) -> int:
    return db.session.scalar(select(func.count()).select_from(table(name, column("id")))) or 0
