"""How the installation is: what /healthz, /readyz, /metrics, the status page and `flask system check` tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.config import Config
from app.db import db
from app.inbox.models import Conversation, Message
from app.publishing.heartbeats import MOST_SKEW, database_time
from app.publishing.models import Publication, Worker
from app.words import N_

WAITING = ("scheduled", "preparing", "ready")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the self-test. `ok` None: nothing to judge, only to know. Words in Chinese; `values` stand in
    `detail`, which views translate before they are put in."""

    key: str
    name: str
    ok: bool | None
    detail: str
    remedy: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """`detail` with its values, in Chinese."""
        return self.detail % self.values if self.values else self.detail


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
                name=N_("数据库"),
                ok=False,
                detail=N_("数据库没有应答。"),
                remedy=N_("请系统管理员检查 TANDEM_DATABASE_URL 和数据库服务。"),
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
    values = {"kind": kind, "version": version}
    return Finding(
        key="database", name=N_("数据库"), ok=True, detail=N_("%(kind)s %(version)s，应答正常。"), values=values
    )


def _migrations() -> Finding:
    tables = db.inspect(db.engine).get_table_names()
    if "alembic_version" not in tables:
        return Finding(
            key="migrations",
            name=N_("数据库结构"),
            ok=False,
            detail=N_("数据库还没有建表或不是由迁移建立。"),
            remedy=N_("请系统管理员运行 flask --app wsgi db upgrade。"),
        )
    applied = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    scripts = sorted(Path("migrations/versions").glob("*.py")) or sorted(
        (Path(__file__).parents[2] / "migrations" / "versions").glob("*.py")
    )
    known = any(str(applied) in script.name for script in scripts)
    remedy = N_("数据库比程序新或旧。请系统管理员核对程序版本并运行 flask --app wsgi db upgrade。")
    return Finding(
        key="migrations",
        name=N_("数据库结构"),
        ok=known,
        detail=N_("版本 %(version)s。"),
        values={"version": applied},
        remedy="" if known else remedy,
    )


def _scheduler(config: Config, now: datetime) -> Finding:
    live = live_workers(now, config.heartbeat_seconds)
    if live:
        values = {"n": len(live)}
        return Finding(key="scheduler", name=N_("调度进程"), ok=True, detail=N_("%(n)d 个在运行。"), values=values)
    return Finding(
        key="scheduler",
        name=N_("调度进程"),
        ok=False,
        detail=N_("没有调度进程在运行，到点的稿件不会发出。"),
        remedy=N_("请系统管理员启动 python -m scheduler。"),
    )


def _clock(config: Config, now: datetime) -> Finding:
    """This process's clock and the schedulers' against the database's."""
    try:
        zone = ZoneInfo(config.timezone)
    except ZoneInfoNotFoundError:
        return Finding(
            key="clock",
            name=N_("时钟与时区"),
            ok=False,
            detail=N_("时区 %(zone)s 不存在。"),
            values={"zone": config.timezone},
            remedy=N_("请系统管理员改正 TANDEM_TIMEZONE。"),
        )
    workers = [abs(worker.clock_skew) for worker in live_workers(now, config.heartbeat_seconds)]
    own, worst = abs((database_time() - now).total_seconds()), max(workers, default=0.0)
    ok = max(own, worst) <= MOST_SKEW
    return Finding(
        key="clock",
        name=N_("时钟与时区"),
        ok=ok,
        detail=N_("%(at)s，与数据库相差 %(own).1f 秒，调度进程相差至多 %(worst).1f 秒。"),
        values={"at": f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}", "own": own, "worst": worst},
        remedy="" if ok else N_("时钟不一致，到点会发早或发晚。请系统管理员校准各服务器的时钟（NTP）。"),
    )


def _media(config: Config) -> Finding:
    folder = config.media_path
    folder.mkdir(parents=True, exist_ok=True)
    ok = os.access(folder, os.W_OK)
    free = os.statvfs(folder)
    gigabytes = free.f_bavail * free.f_frsize / 1024**3
    enough = gigabytes >= 1
    return Finding(
        key="media",
        name=N_("素材目录"),
        ok=ok and enough,
        detail=N_("可写，剩余 %(gb).0f GB。") if ok else N_("不可写。"),
        values={"gb": gigabytes} if ok else {},
        remedy="" if ok and enough else N_("请系统管理员检查素材目录的权限和磁盘空间。"),
    )


def _public_url(config: Config) -> Finding:
    local = any(host in config.public_url for host in ("127.0.0.1", "localhost"))
    remedy = N_("正式使用前，请系统管理员把 TANDEM_PUBLIC_URL 设为公众可访问的网址。")
    return Finding(
        key="public_url",
        name=N_("公开网址"),
        ok=None if local else True,
        detail=N_("%(url)s（仅本机可见，供演练）") if local else "%(url)s",
        values={"url": config.public_url},
        remedy=remedy if local else "",
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
