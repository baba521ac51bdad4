"""May this publication go now? Pure: given itself, its partners and the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from app.words import N_

# A schedule that starts late ("now") gives its partners this long to get ready before the barrier decides.
GRACE = timedelta(seconds=120)

# Why one waits.
FOR_PARTNER = N_("等待另一渠道准备完成。")
FOR_FIRST = N_("等待先发的渠道上线。")
# Why one is held, and what a person does then.
_PARTNER_CANNOT = N_("另一渠道不能发布，按“全部等待”的约定暂缓。")
_PARTNER_NOT_READY = N_("到点时另一渠道尚未准备好，按“全部等待”的约定暂缓。")
_FIRST_NOT_LIVE = N_("先发的渠道迟迟没有上线，按“全部等待”的约定暂缓。")
DECIDE = N_("请放行、改期或取消。")

_BEING_PREPARED = ("scheduled", "preparing")
_CANNOT = ("failed", "held", "missed")


@dataclass(frozen=True, kw_only=True)
class Go:
    """Commit. `late_from` where lateness counts from something later than the hour."""

    late_from: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Not yet; look again at `until` (or when a partner changes)."""

    why: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A person must decide."""

    why: str


Verdict = Go | Wait | Hold


class Side(Protocol):
    """As much of a publication as the barrier looks at."""

    id: str
    status: str
    released: bool
    due_at: datetime
    live_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The schedule's rules. `first` are the ids that go first ("together": empty); times aware UTC."""

    first: frozenset[str]
    proceed: bool
    publish_at: datetime
    prepare_from: datetime
    partner_wait: timedelta


def judge(me: Side, partners: Sequence[Side], rules: Rules, now: datetime) -> Verdict:
    """`me` is ready and its hour has come; `partners` are the schedule's others, cancelled ones left out."""
    if me.released:
        # It waits for nobody but those that were released in the same breath.
        partners = [p for p in partners if p.released and p.due_at == me.due_at]
        if not partners:
            return Go()
        ids = frozenset(p.id for p in (me, *partners))
        firsts = rules.first & ids
        rules = replace(
            rules, first=firsts if firsts != ids else frozenset(), publish_at=me.due_at, prepare_from=me.due_at
        )
    verdict = _together(partners, rules, now)
    if not isinstance(verdict, Go):
        return verdict
    if rules.first and me.id not in rules.first:
        return _second(me, [p for p in partners if p.id in rules.first], rules, now)
    return verdict


def _together(partners: Sequence[Side], rules: Rules, now: datetime) -> Verdict:
    """All ready, or gone already?"""
    if rules.proceed:
        waiting = [p for p in partners if p.status in _BEING_PREPARED]
        until = _patience(rules)
        return Wait(why=FOR_PARTNER, until=until) if waiting and now < until else Go()
    if any(p.status in _CANNOT for p in partners):
        return Hold(why=_PARTNER_CANNOT + DECIDE)
    waiting = [p for p in partners if p.status in _BEING_PREPARED]
    if not waiting:
        return Go()
    until = _patience(rules)
    if now < until:
        return Wait(why=FOR_PARTNER, until=until)
    return Hold(why=_PARTNER_NOT_READY + DECIDE)


def _patience(rules: Rules) -> datetime:
    return max(rules.publish_at, rules.prepare_from + GRACE)


def _second(me: Side, firsts: Sequence[Side], rules: Rules, now: datetime) -> Verdict:
    """The second goes once all firsts are live; what becomes of it otherwise `proceed` decides."""
    if all(p.status == "published" for p in firsts):
        lives = [p.live_at for p in firsts if p.live_at is not None]
        return Go(late_from=max([me.due_at, *lives]))
    deadline = rules.publish_at + rules.partner_wait
    if any(p.status in (*_CANNOT, "unknown", "removed", "recalled") for p in firsts):
        return (
            Go(late_from=now)
            if rules.proceed
            else Hold(why="先发的渠道没有确认发布，按“全部等待”的约定暂缓。请核实后放行、改期或取消。")
        )
    if now < deadline:
        return Wait(why=FOR_FIRST, until=deadline)
    if rules.proceed:
        return Go(late_from=deadline)
    return Hold(why=_FIRST_NOT_LIVE + DECIDE)
