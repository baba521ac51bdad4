"""Plans (拟排): the hour that a post without a schedule is meant for. Shown, moved, dropped; it never publishes anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.audit import services as audit
from app.days import start_of
from app.db import atomic, db
from app.errors import Conflict, Invalid, NotFound
from app.posts import services as posts
from app.posts.models import Post, Revision, Variant
from app.publishing.diary import UNSCHEDULED
from app.publishing.plan_models import Plan
from app.units.access import Actor, visible

MOST = 1000
KEY = "post.write"


def between(actor: Actor, first: date, days: int) -> list[Plan]:
    """Wished hours in `days` days from `first` on of posts that this person may read, in time; at most MOST."""
    query = (
        select(Plan)
        .join(Post, Post.id == Plan.post_id)
        .where(
            visible(actor, "post.read", Post.unit_id),
            Post.status.in_(UNSCHEDULED),
            Plan.wished_at >= start_of(first),
            Plan.wished_at < start_of(first + timedelta(days=days)),
        )
        .order_by(Plan.wished_at, Plan.post_id)
        .limit(MOST)
        .options(
            selectinload(Plan.post).selectinload(Post.unit),
            selectinload(Plan.post)
            .selectinload(Post.revision)
            .selectinload(Revision.variants)
            .selectinload(Variant.account),
        )
    )
    return list(db.session.scalars(query))


def of_posts(post_ids: Iterable[str]) -> dict[str, Plan]:
    """{post id: its plan}, of those that have one."""
    query = select(Plan).where(Plan.post_id.in_(list(post_ids)))
    return {plan.post_id: plan for plan in db.session.scalars(query)}


def keep(actor: Actor, post: Post, at: datetime, *, note: str = "", now: datetime) -> Plan:
    """The hour of a post just made. Inside atomic(), after the permission check."""
    plan = Plan(post_id=post.id, wished_at=at, note=note, created_by=actor.user_id, created_at=now)
    db.session.add(plan)
    return plan


def wish(actor: Actor, post_id: str, at: datetime, *, seen: datetime | None, now: datetime) -> datetime | None:
    """Plan the post for `at`; the hour it was meant for before, None for none.

    `seen`: the hour that the person saw. Raises Conflict when it is another by now, or when the post is scheduled
    already; Invalid in the past; NotFound, Forbidden.
    """
    if at < now:
        raise Invalid(
            "没有改动。这个时间已经过去。请选择将来的时间。",
            errors={"publish_at": ["时间已经过去，请选择将来的时间。"]},
        )
    with atomic():
        post, plan = _locked(actor, post_id, seen)
        before = plan.wished_at if plan else None
        if plan is None:
            keep(actor, post, at, now=now)
        else:
            plan.wished_at = at
        _tell(actor, post, before, at, now)
    return before


def drop(actor: Actor, post_id: str, *, seen: datetime | None, now: datetime) -> None:
    """It is meant for no hour any more. Raises as wish()."""
    with atomic():
        post, plan = _locked(actor, post_id, seen)
        if plan is not None:
            db.session.delete(plan)
            _tell(actor, post, plan.wished_at, None, now)


def _locked(actor: Actor, post_id: str, seen: datetime | None) -> tuple[Post, Plan | None]:
    actor.require(KEY, posts.get_post(actor, post_id).unit, see="post.read")
    post = db.session.get(Post, post_id, with_for_update=True, populate_existing=True)
    if post is None:
        raise NotFound
    if post.status not in UNSCHEDULED:
        raise Conflict("没有改动。这篇稿件已经排期或发布，不再是拟排。请刷新后查看。")
    plan = db.session.get(Plan, post_id, populate_existing=True)
    if (plan.wished_at if plan else None) != seen:
        raise Conflict("没有改动。这篇稿件的拟排时间刚被别人改过。请看过新的时间后再改。")
    return post, plan


def _tell(actor: Actor, post: Post, before: datetime | None, after: datetime | None, now: datetime) -> None:
    audit.record(
        actor,
        "post.plan",
        now=now,
        object_type="post",
        object_id=post.id,
        unit_id=post.unit_id,
        summary=f"{'拟排' if after else '取消拟排'}：{post.title}",
        before={"wished_at": before.isoformat()} if before else {},
        after={"wished_at": after.isoformat()} if after else {},
    )
