"""Slots: which hours of the timetables are still free, and putting a post into the next one, on all its accounts in step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.models import Account
from app.config import current
from app.db import atomic, db
from app.errors import Conflict
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import calendar, conflicts, openings, permalink, planning, timetables
from app.publishing.calendar import Moved
from app.publishing.diary import Diary
from app.publishing.models import Schedule
from app.publishing.plan_models import Timetable
from app.units.access import Actor, visible

# So far ahead the next free slot is looked for.
HORIZON = 60
# Room beside preparing, so that what was put into a slot can still be taken out of it.
_LEAST = timedelta(minutes=5)
_ACCOUNTS = 200


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A free moment of these accounts' timetables."""

    at: datetime
    accounts: Sequence[Account]


def next_free(actor: Actor, post_id: str, now: datetime) -> datetime:
    """The next moment that is a slot of every account of the post that has any, and free for all of them.

    Raises Conflict in words: no account, no timetable, no common hour, none free. NotFound.
    """
    post = posts.get_post(actor, post_id)
    return _next(post, conflicts.accounts_of(post), now)


def to_next(actor: Actor, post_id: str, *, seen: datetime | None, now: datetime) -> Moved:
    """Schedule the approved post at next_free(), or move there what has not gone. Raises as calendar.move() does, too."""
    with atomic():
        return calendar.move(actor, post_id, at=_locked_next(actor, post_id, now), seen=seen, now=now)


def schedule_next(
    actor: Actor, post_id: str, *, order: str = "together", on_partner_failure: str = "hold", now: datetime
) -> Schedule:
    """planning.schedule() at next_free()."""
    with atomic():
        at = _locked_next(actor, post_id, now)
        return planning.schedule(
            actor, post_id, publish_at=at, order=order, on_partner_failure=on_partner_failure, now=now
        )


def _locked_next(actor: Actor, post_id: str, now: datetime) -> datetime:
    """next_free(), while nobody else may take it: post and accounts are locked in the order in which planning locks them."""
    actor.require("post.schedule", posts.get_post(actor, post_id).unit, see="post.read")
    post = permalink.locked(post_id)
    accounts = conflicts.accounts_of(post)
    ids = [account.id for account in accounts]
    db.session.execute(select(Account.id).where(Account.id.in_(ids)).order_by(Account.id).with_for_update()).all()
    return _next(post, accounts, now)


def free_between(actor: Actor, first: date, days: int, now: datetime) -> list[Slot]:
    """The free slots to come of the accounts this person sees, in `days` days from `first` on, in time."""
    query = (
        select(Account)
        .join(Timetable, Timetable.account_id == Account.id)
        .where(visible(actor, "account.read", Account.unit_id), Account.active)
        .order_by(Account.name, Account.platform, Account.id)
        .limit(_ACCOUNTS)
    )
    accounts = list(db.session.scalars(query))
    zone = ZoneInfo(current().timezone)
    start = datetime.combine(first, datetime.min.time(), zone)
    if not accounts or start + timedelta(days=days) <= now:
        return []
    diary = Diary(accounts, start, start + timedelta(days=days))
    found: dict[datetime, list[Account]] = {}
    for account in accounts:
        for at in timetables.moments(diary.timetable(account), first, days):
            if at > now and diary.free(account, at, ""):
                found.setdefault(at, []).append(account)
    return [Slot(at=at, accounts=found[at]) for at in sorted(found)]


def _next(post: Post, accounts: Collection[Account], now: datetime) -> datetime:
    if not accounts:
        raise Conflict("没有排期。这篇稿件没有还能排期的账号。请先在稿件中选择账号，或看它是否已经发出。")
    start = now + timedelta(seconds=current().prepare_lead_seconds) + _LEAST
    diary = Diary(accounts, start, start + timedelta(days=HORIZON), besides=(post.id,))
    first = start.astimezone(ZoneInfo(current().timezone)).date()
    with_slots = [account for account in accounts if diary.has_slots(account)]
    if not with_slots:
        raise Conflict(
            f"没有排期。{_names(accounts)}还没有设置发布时段。请在“日历 → 发布时段”里设置，或自己选时间。",
            errors={"publish_at": ["还没有设置发布时段。"]},
        )
    hours = [set(timetables.moments(diary.timetable(account), first, HORIZON)) for account in with_slots]
    common = sorted(at for at in set.intersection(*hours) if at >= start)
    if not common:
        raise Conflict(
            f"没有排期。{_names(with_slots)}的发布时段没有相同的时刻，不能同时发出。请让时段对齐，或自己选时间。",
            errors={"publish_at": ["各账号的发布时段没有相同的时刻。"]},
        )
    for at in common:
        if all(diary.free(account, at, post.id, urgent=post.urgent) for account in accounts):
            return at
    last = openings.moment_words(common[-1])
    raise Conflict(
        f"没有排期。到 {last} 为止，没有各账号都空闲的时段。请增加发布时段、调整已排的稿件，或自己选时间。",
        errors={"publish_at": [f"到 {last} 都没有空档。"]},
    )


def _names(accounts: Collection[Account]) -> str:
    return "、".join(f"“{account.name}”" for account in accounts)
