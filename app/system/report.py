"""What the status page lists below its checks, as lines for `flask system check`. Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.accounts.forms import PLATFORMS
from app.config import Config
from app.publishing import outlook, states
from app.publishing.models import Worker
from app.system import connections, figures, selftest
from app.system.connections import Tie
from app.units.access import SYSTEM


def lines(config: Config, now: datetime) -> Iterator[str]:
    """Schedulers, queue by state with the oldest waiting one and its reason, quotas and callbacks by account."""
    clock = _Clock(config)
    live = {worker.id for worker in figures.live_workers(now, config.heartbeat_seconds)}
    for worker in figures.recent_workers(now):
        yield f"调度进程 {worker.host}:{worker.pid}：{_worker(worker, worker.id in live, clock, now)}"
    counts = figures.publications_by_status()
    told = "、".join(f"{states.WORDS[key]} {counts[key]}" for key in states.WORDS if counts.get(key))
    yield f"发布队列：{told or '没有'}。"
    oldest = outlook.oldest_waiting(SYSTEM)
    if oldest is not None:
        words = outlook.outlook(oldest, now)
        who = f"{PLATFORMS[oldest.account.platform].label} {oldest.account.name}"
        at = f"{oldest.id}（{who}，计划 {clock(oldest.due_at)}）"
        yield f"等得最久的一条 {at}：{words.said}{words.following}处理人：{words.who}。"
    ties, total = connections.ties(SYSTEM, now)
    for tie in ties:
        yield _tie(tie, clock)
    if total > len(ties):
        yield f"共 {total} 个账号，以上是前 {len(ties)} 个。"


class _Clock:
    """A time for people, in the installation's zone (UTC where that is wrong)."""

    def __init__(self, config: Config) -> None:
        try:
            self._zone = ZoneInfo(config.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            self._zone = ZoneInfo("UTC")

    def __call__(self, at: datetime | None) -> str:
        return f"{at.astimezone(self._zone):%m-%d %H:%M}" if at is not None else "—"


def _worker(worker: Worker, alive: bool, clock: _Clock, now: datetime) -> str:
    if not alive:
        return f"{'已停止' if worker.stopped_at else '失联'}，最近心跳 {clock(worker.beat_at)}。"
    state = "有心跳但不再发布" if selftest.is_stuck(worker.looked_at, now) else "运行中"
    beat = f"{(now - worker.beat_at).total_seconds():.0f} 秒前心跳"
    return f"{state}，{beat}，滞后 {worker.lag_seconds:.1f} 秒，{worker.busy}/{worker.threads} 在忙，时钟差 {worker.clock_skew:.1f} 秒。"


def _tie(tie: Tie, clock: _Clock) -> str:
    account = tie.account
    parts = ["从未收到推送" if tie.silent else f"最近推送 {clock(account.last_callback_at)}"]
    if tie.forged:
        parts.append(f"拒绝伪造的推送 {tie.forged} 次")
    if tie.places is not None:
        parts.append(
            f"{'当月' if tie.places.period == 'month' else '当天'}还可发布 {tie.places.left}/{tie.places.limit}"
        )
    for row in tie.told:
        until = f"，平台限制到 {clock(row['blocked_until'])}" if row["blocked_until"] else ""
        parts.append(f"{row['label']} 已用 {row['used']}/{row['limit']}{until}")
    return f"账号 {PLATFORMS[account.platform].label} {account.name}：{'；'.join(parts)}。"
