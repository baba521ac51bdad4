"""What all waiting publications have in common: whether a scheduler lives, keeps up, and has the right time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import select

from app.accounts.models import Account
from app.db import db
from app.publishing import blackouts, stops
from app.publishing.heartbeats import MOST_SKEW, deadline
from app.publishing.models import Blackout, Publication, Stop, Worker
from app.words import N_

T = TypeVar("T")

# The publisher looks every second; what is due longer than this was passed over.
BEHIND = timedelta(seconds=30)

NOBODY = N_("调度程序没有运行，到点也不会发出。")
OVERDUE = N_("早该轮到这一条了，调度程序忙不过来或卡住了。")
WRONG_CLOCK = N_("调度程序的时钟不准，到点会发早或发晚。")
START_IT = N_("请系统管理员启动调度程序，之后自动继续；那时已超过最晚时限的会标为“已错过”，不会补发。")
LOOK_AT_IT = N_("轮到后自动继续。请系统管理员查看“系统状态”。")
SET_CLOCK = N_("请系统管理员校准服务器时钟。")


class Situation:
    """Read once for all rows of a page or an answer; whatever is asked again is remembered."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        alive = db.session.execute(
            select(Worker.clock_skew).where(Worker.stopped_at.is_(None), Worker.beat_at >= deadline(now))
        ).all()
        self.alive = bool(alive)
        self.wrong_clock = any(abs(row.clock_skew) > MOST_SKEW for row in alive)
        self._known: dict[tuple[str, str], Any] = {}

    def once(self, what: str, key: str, find: Callable[[], T]) -> T:
        """`find()`, asked once per `what` and `key`."""
        if (what, key) not in self._known:
            self._known[what, key] = find()
        return cast(T, self._known[what, key])

    def stop_over(self, account: Account) -> Stop | None:
        return self.once("stop", account.id, lambda: stops.standing(account))

    def blackout_over(self, row: Publication) -> Blackout | None:
        """The black-out in which it comes due, or may not go now."""
        return self._blackout(row, max(self.now, row.due_at))

    def blackout_now(self, row: Publication) -> Blackout | None:
        return self._blackout(row, self.now)

    def _blackout(self, row: Publication, at: datetime) -> Blackout | None:
        urgent = row.post.urgent
        key = f"{row.account_id} {at.isoformat()} {urgent}"
        return self.once("blackout", key, lambda: blackouts.standing(row.account, at, urgent=urgent))

    def halt(self, row: Publication, next_at: datetime | None) -> tuple[str, str]:
        """What ails the machine, for something it is to do at `next_at` (None: nothing), and what then; "" for nothing."""
        if next_at is None:
            return "", ""
        if not self.alive:
            return NOBODY, START_IT
        if next_at < self.now - BEHIND and not row.claim_owner:
            return OVERDUE, LOOK_AT_IT
        if self.wrong_clock and row.due_at > self.now:
            return WRONG_CLOCK, SET_CLOCK
        return "", ""
