"""How the installation is: what /healthz, /readyz, /metrics, the status page and `flask system check` tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.config import Config
from app.db import db
from app.inbox.models import Conversation, Message
from app.publishing.models import Publication, Worker

WAITING = ("scheduled", "preparing", "ready")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the self-test. `ok` None: nothing to judge, only to know. Words in Chinese."""

    key: str
    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


def database_answers() -> bool:
    """Whether the database answers a question now."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def live_workers(now: datetime, heartbeat_seconds: int) -> list[Worker]:
    """Schedulers that have not missed three beats."""
    since = now - timedelta(seconds=3 * heartbeat_seconds)
    query = select(Worker).where(Worker.stopped_at.is_(None), Worker.beat_at >= since).order_by(Worker.beat_at.desc())
    return list(db.session.scalars(query))


def recent_workers(now: datetime) -> list[Worker]:
    """Every scheduler that beat within a day, newest beat first."""
    query = select(Worker).where(Worker.beat_at >= now - timedelta(days=1)).order_by(Worker.beat_at.desc())
    return list(db.session.scalars(query))


def publications_by_status() -> dict[str, int]:
    query = select(Publication.status, func.count()).group_by(Publication.status)
    return {row[0]: row[1] for row in db.session.execute(query)}


def replies_by_status() -> dict[str, int]:
    query = select(Message.status, func.count()).where(Message.status.is_not(None)).group_by(Message.status)
    return {str(row[0]): row[1] for row in db.session.execute(query)}


def conversations_waiting() -> int:
    query = select(func.count()).select_from(Conversation).where(Conversation.waiting_since.is_not(None))
    return db.session.scalar(query) or 0


def lag_seconds(now: datetime) -> float:
    """How late the most overdue publication is that still waits to be sent; 0 when none is."""
    query = select(func.min(Publication.late_from)).where(
        Publication.status.in_(WAITING), Publication.late_from <= now, Publication.next_attempt_at.is_not(None)
    )
    oldest = db.session.scalar(query)
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def self_test(config: Config, now: datetime) -> list[Finding]:
    """Every check of `flask system check` and of the status page, in the order in which one would repair."""
    if not database_answers():
        return [
            Finding(
                key="database",
                name="数据库",
                ok=False,
                detail="数据库没有应答。",
                remedy="请系统管理员检查 TANDEM_DATABASE_URL 和数据库服务。",
            )
        ]
    return [
        _database(),
        _migrations(),
        _scheduler(config, now),
        _clock(config, now),
        _media(config),
        _public_url(config),
    ]


def _database() -> Finding:
    kind = db.engine.dialect.name
    version = ".".join(str(part) for part in (db.engine.dialect.server_version_info or ())) or "—"
    return Finding(key="database", name="数据库", ok=True, detail=f"{kind} {version}，应答正常。")


def _migrations() -> Finding:
    tables = db.inspect(db.engine).get_table_names()
    if "alembic_version" not in tables:
        return Finding(
            key="migrations",
            name="数据库结构",
            ok=False,
            detail="数据库还没有建表或不是由迁移建立。",
            remedy="请系统管理员运行 flask --app wsgi db upgrade。",
        )
    applied = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    scripts = sorted(Path("migrations/versions").glob("*.py")) or sorted(
        (Path(__file__).parents[2] / "migrations" / "versions").glob("*.py")
    )
    known = any(str(applied) in script.name for script in scripts)
    return Finding(
        key="migrations",
        name="数据库结构",
        ok=known,
        detail=f"版本 {applied}。",
        remedy="" if known else "数据库比程序新或旧。请系统管理员核对程序版本并运行 flask --app wsgi db upgrade。",
    )


def _scheduler(config: Config, now: datetime) -> Finding:
    live = live_workers(now, config.heartbeat_seconds)
    if live:
        return Finding(key="scheduler", name="调度进程", ok=True, detail=f"{len(live)} 个在运行。")
    return Finding(
        key="scheduler",
        name="调度进程",
        ok=False,
        detail="没有调度进程在运行，到点的稿件不会发出。",
        remedy="请系统管理员启动 python -m scheduler。",
    )


def _clock(config: Config, now: datetime) -> Finding:
    try:
        zone = ZoneInfo(config.timezone)
    except ZoneInfoNotFoundError:
        return Finding(
            key="clock",
            name="时钟与时区",
            ok=False,
            detail=f"时区 {config.timezone} 不存在。",
            remedy="请系统管理员改正 TANDEM_TIMEZONE。",
        )
    drift = abs((database_time() - now).total_seconds())
    shown = f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}，与数据库相差 {drift:.0f} 秒。"
    remedy = "" if drift < 5 else "请系统管理员校准各服务器的时钟（NTP）。"
    return Finding(key="clock", name="时钟与时区", ok=drift < 5, detail=shown, remedy=remedy)


def database_time() -> datetime:
    """The database's own clock, aware UTC."""
    if db.engine.dialect.name == "sqlite":
        seconds = db.session.scalar(text("SELECT (julianday('now') - 2440587.5) * 86400.0"))
        return datetime.fromtimestamp(float(seconds or 0), tz=ZoneInfo("UTC"))
    value: datetime = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return value.astimezone(ZoneInfo("UTC"))


def _media(config: Config) -> Finding:
    folder = config.media_path
    folder.mkdir(parents=True, exist_ok=True)
    ok = os.access(folder, os.W_OK)
    free = os.statvfs(folder)
    gigabytes = free.f_bavail * free.f_frsize / 1024**3
    enough = gigabytes >= 1
    return Finding(
        key="media",
        name="素材目录",
        ok=ok and enough,
        detail=f"可写，剩余 {gigabytes:.0f} GB。" if ok else "不可写。",
        remedy="" if ok and enough else "请系统管理员检查素材目录的权限和磁盘空间。",
    )


def _public_url(config: Config) -> Finding:
    local = any(host in config.public_url for host in ("127.0.0.1", "localhost"))
    return Finding(
        key="public_url",
        name="公开网址",
        ok=None if local else True,
        detail=config.public_url + ("（仅本机可见，供演练）" if local else ""),
        remedy="正式使用前，请系统管理员把 TANDEM_PUBLIC_URL 设为公众可访问的网址。" if local else "",
    )


def metrics(now: datetime) -> Mapping[str, Mapping[str, float]]:
    """Gauge name -> label value -> number. The label is "status", or "" where there is none."""
    beats = [worker.beat_at for worker in recent_workers(now) if worker.stopped_at is None]
    age = (now - max(beats)).total_seconds() if beats else -1.0
    return {
        "tandem_publications": {status: float(n) for status, n in publications_by_status().items()},
        "tandem_replies": {status: float(n) for status, n in replies_by_status().items()},
        "tandem_conversations_waiting": {"": float(conversations_waiting())},
        "tandem_scheduler_beat_age_seconds": {"": age},
        "tandem_lag_seconds": {"": lag_seconds(now)},
    }
