"""The calendar: what goes out when, what waits for an hour, what each account may still be given; moving a post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import selectinload

from app.accounts.models import Account
from app.config import current
from app.db import atomic, db
from app.errors import Conflict, Invalid
from app.posts import services as posts
from app.posts.models import Post, Revision, Variant
from app.publishing import conflicts, outlook, permalink, planning, plans, pushdown, reserving, states
from app.publishing.conflicts import Clash
from app.publishing.models import Publication
from app.publishing.outlook import Outlook
from app.publishing.plan_models import Plan
from app.publishing.reserving import Places
from app.publishing.situation import Situation
from app.units.access import Actor, visible

# A month's view shows six weeks.
MOST_DAYS = 62
# Without an hour, in the tray's order.
WAITING = ("approved", "in_review", "returned", "draft")
TRAY = 50
_ACCOUNTS = 200
# A quota that nobody uses up is not worth a line until it runs low.
_SCARCE = 31
_WAITING = (*states.OPEN, *states.IN_FLIGHT, *states.ATTENTION, "failed")
_UNTOUCHED = ("published", *states.OPEN, *states.IN_FLIGHT, "handed_over")


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One post at its hour. `state`: key of the table of states; `stopped`: nothing of it goes (or went) out as it is;
    `movable`: by this person, to another hour."""

    post: Post
    publications: Sequence[Publication]
    at: datetime
    state: str
    stopped: bool
    movable: bool
    # {publication id: why it has not gone yet}, of those that wait.
    waits: Mapping[str, Outlook]
    # What speaks against this hour, of what is still to go.
    clashes: Sequence[Clash] = ()
    # The wish behind it, for a post that is only meant for this hour (拟排).
    plan: Plan | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The tray's posts of one status, newest first; `total` counts those not shown, too."""

    status: str
    posts: Sequence[tuple[Post, bool]]
    total: int


@dataclass(frozen=True, kw_only=True)
class Moved:
    """`undo`: the hour it had (to go back to), "" when it had none (undone by taking it off), None: no way back."""

    at: datetime
    undo: datetime | Literal[""] | None


def chips(actor: Actor, first: date, days: int, now: datetime) -> tuple[list[Chip], int]:
    """The posts with an hour in `days` days from `first` on, in time, and how many there are in all: more than shown
    when they are too many for one answer. Raises Invalid for more than MOST_DAYS days."""
    if not 0 < days <= MOST_DAYS:
        raise Invalid(
            f"没有取到日历内容。一次最多看 {MOST_DAYS} 天，且结束日期要晚于开始日期。请缩小日期范围后重试。",
            errors={"end": [f"最多 {MOST_DAYS} 天。"]},
        )
    found = outlook.between(actor, first, days)
    by_post = outlook.by_posts([post.id for post in found])
    situation = Situation(now)
    waiting = [
        (post, post.publish_at, [row.account for row in by_post.get(post.id, []) if row.status in states.OPEN])
        for post in found
        if post.publish_at and post.publish_at > now
    ]
    clashes = conflicts.of_many(actor, [one for one in waiting if one[2]])
    shown = [
        _chip(actor, post, by_post.get(post.id, []), post.publish_at, situation, clashes.get(post.id, ()))
        for post in found
        if post.publish_at
    ]
    total = len(found) if len(found) < outlook.MOST else outlook.count_between(actor, first, days)
    return shown, total


def planned(actor: Actor, first: date, days: int, now: datetime) -> list[Chip]:
    """The posts that are only meant for an hour in these days, in time; fainter, and moved without a schedule."""
    found = plans.between(actor, first, days)
    coming = [
        (plan.post, plan.wished_at, [v.account for v in plan.post.revision.variants] if plan.post.revision else [])
        for plan in found
        if plan.wished_at > now
    ]
    clashes = conflicts.of_many(actor, coming)
    return [
        Chip(
            post=plan.post,
            publications=(),
            at=plan.wished_at,
            state=plan.post.status,
            stopped=False,
            movable=actor.may(plans.KEY, plan.post.unit),
            waits={},
            clashes=clashes.get(plan.post_id, ()),
            plan=plan,
        )
        for plan in found
    ]


def _chip(
    actor: Actor,
    post: Post,
    publications: Sequence[Publication],
    at: datetime,
    situation: Situation,
    clashes: Sequence[Clash],
) -> Chip:
    kinds = {row.status for row in publications}
    standing = kinds - {"cancelled"}
    return Chip(
        post=post,
        publications=publications,
        at=at,
        state=state_of(post, publications),
        stopped=bool(kinds) and not kinds & set(_UNTOUCHED),
        movable=bool(standing) and standing <= set(states.WITHDRAWABLE) and actor.may("post.schedule", post.unit),
        waits={
            row.id: outlook.outlook(row, situation.now, situation) for row in publications if row.status in _WAITING
        },
        clashes=clashes,
    )


def state_of(post: Post, publications: Sequence[Publication]) -> str:
    """The publications' own state where they agree, else the post's."""
    kinds = {row.status for row in publications}
    standing = kinds - {"cancelled"}
    if kinds and not standing:
        return "cancelled"
    # One taken off beside one that is out: published only in part.
    if len(standing) == 1 and post.status != "partly_published":
        return standing.pop()
    return "needs_attention" if post.needs_attention else post.status


def tray(actor: Actor) -> list[Group]:
    """Posts without an hour, approved ones first, at most TRAY; each with whether this person may schedule it."""
    mine = (visible(actor, "post.read", Post.unit_id), Post.status.in_(WAITING))
    counted = select(Post.status, func.count()).where(*mine).group_by(Post.status)
    totals = dict(db.session.execute(counted).all())
    rank = case({status: place for place, status in enumerate(WAITING)}, value=Post.status)
    query = (
        select(Post)
        .where(*mine)
        .order_by(rank, Post.id.desc())
        .limit(TRAY)
        .options(
            selectinload(Post.unit),
            selectinload(Post.revision).selectinload(Revision.variants).selectinload(Variant.account),
        )
    )
    shown: dict[str, list[tuple[Post, bool]]] = {}
    for post in db.session.scalars(query):
        able = post.status == "approved" and actor.may("post.schedule", post.unit)
        shown.setdefault(post.status, []).append((post, able))
    return [
        Group(status=status, posts=shown.get(status, []), total=totals[status])
        for status in WAITING
        if totals.get(status)
    ]


def places(actor: Actor, first: date, days: int, now: datetime) -> dict[date, list[Places]]:
    """{day from today on: what the accounts may still be given}, the scarcest first; of at most 200 accounts."""
    zone = ZoneInfo(current().timezone)
    today = now.astimezone(zone).date()
    wanted = [day for n in range(days) if (day := first + timedelta(days=n)) >= today]
    accounts = db.session.scalars(
        select(Account)
        .where(visible(actor, "account.read", Account.unit_id), Account.active)
        .order_by(Account.name, Account.id)
        .limit(_ACCOUNTS)
    ).all()
    noons = {datetime.combine(day, time(12), zone): day for day in wanted}
    found = reserving.places(accounts, list(noons))
    return {
        noons[at]: sorted((one for one in all_ if _worth(one)), key=lambda one: (one.left, one.account.name))
        for at, all_ in found.items()
    }


def _worth(one: Places) -> bool:
    return one.limit <= _SCARCE or one.left <= one.limit // 10


def move(actor: Actor, post_id: str, *, at: datetime, seen: datetime | None, now: datetime) -> Moved:
    """Schedule at `at`, or move there, by the rules of planning.schedule; order and partner rule stay as they are.

    `seen`: the hour that the person saw (None: it had none). Raises what planning.schedule raises, and Conflict when
    somebody else was faster.
    """
    with atomic():
        post = _locked(actor, post_id)
        standing = pushdown.live_schedule(post_id)
        kinds = {row.status for row in pushdown.publications_of(standing.id)} - {"cancelled"} if standing else set()
        if standing is None or not kinds:
            if seen is not None:
                raise Conflict("没有改期。这篇稿件刚被取消排期。仍要发布的，请在“待排期”中重新排期。")
            planning.schedule(actor, post_id, publish_at=at, now=now)
            return Moved(at=at, undo="")
        # A released one stands at its release, not at its schedule's hour: what is shown is the post's own.
        before = post.publish_at
        if before != seen:
            raise Conflict("没有改期。这篇稿件的发布时间刚被别人改过。请看过新的时间后再改。")
        planning.schedule(
            actor,
            post_id,
            publish_at=at,
            order=standing.order,
            on_partner_failure=standing.on_partner_failure,
            now=now,
        )
        # What was held, missed or failed did not stand at its hour any more: there is nothing to go back to.
        back = before is not None and before > now and kinds <= set(states.OPEN)
        return Moved(at=at, undo=before if back else None)


def take_off(actor: Actor, post_id: str, *, seen: datetime | None, now: datetime) -> None:
    """Off the schedule again. `seen`: the hour that it was given. Raises what planning.unschedule raises, and Conflict
    when it stands at another hour by now."""
    with atomic():
        post = _locked(actor, post_id)
        if pushdown.live_schedule(post_id) is not None and post.publish_at != seen:
            raise Conflict("没有撤销。这篇稿件的发布时间刚被别人改过。请看过新的时间，要取消排期请到稿件页。")
        planning.unschedule(actor, post_id, now=now)


def _locked(actor: Actor, post_id: str) -> Post:
    """The post's row as it stands now, after the permission check. Inside atomic()."""
    actor.require("post.schedule", posts.get_post(actor, post_id).unit, see="post.read")
    return permalink.locked(post_id)
