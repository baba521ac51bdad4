"""Reading: lists, what needs a person, today's line, and the words for why something has not gone yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import selectinload

from app.config import current
from app.db import Page, db, page_of
from app.errors import NotFound
from app.posts.models import Post
from app.publishing import blackouts, outcomes, scopes, states, stops
from app.publishing.models import Publication, Schedule
from app.units.access import Actor, visible
from app.units.models import Unit
from app.words import N_


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Why not yet, what comes next (`at`: when, if that is known), who must act: Chinese; empty when nothing is open."""

    why: str
    following: str
    who: str
    at: datetime | None = None


def get_publication(actor: Actor, publication_id: str) -> Publication:
    row = db.session.get(Publication, publication_id)
    if row is None or not actor.may("post.read", row.post.unit):
        raise NotFound
    return row


def publications_of(
    actor: Actor,
    *,
    post_id: str | None = None,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Publication]:
    """Newest first; `status` may name several, separated by commas."""
    query = (
        select(Publication).join(Post, Post.id == Publication.post_id).where(visible(actor, "post.read", Post.unit_id))
    )
    if post_id:
        query = query.where(Publication.post_id == post_id)
    if status:
        query = query.where(Publication.status.in_(status.split(",")))
    return page_of(query, Publication.id, cursor, limit)


def of_post(post: Post) -> list[Publication]:
    """All publications of a post's standing (else newest) schedule, in their order."""
    newest = db.session.scalars(
        select(Schedule)
        .where(Schedule.post_id == post.id)
        .order_by(Schedule.withdrawn_at.is_(None).desc(), Schedule.id.desc())
        .limit(1)
    ).first()
    return list(newest.publications) if newest is not None else []


def by_posts(post_ids: Sequence[str]) -> dict[str, list[Publication]]:
    """{post id: publications of its standing schedule}, for lists (bound as posts.publications_by_post)."""
    query = (
        select(Publication)
        .join(Schedule)
        .where(Publication.post_id.in_(post_ids), Schedule.withdrawn_at.is_(None))
        .order_by(Schedule.id, Publication.position)
        .options(selectinload(Publication.account))
    )
    found: dict[str, dict[str, list[Publication]]] = {}
    for row in db.session.scalars(query):
        found.setdefault(row.post_id, {}).setdefault(row.schedule_id, []).append(row)
    return {post_id: schedules[max(schedules)] for post_id, schedules in found.items()}


def attention(actor: Actor) -> list[Publication]:
    """What waits for a person: unknown, held, missed, handed over, failed; the newest hour first, at most 200."""
    query = (
        select(Publication)
        .join(Post, Post.id == Publication.post_id)
        .where(
            Publication.status.in_((*states.ATTENTION, "failed")),
            or_(visible(actor, "publication.manage", Post.unit_id), visible(actor, "post.schedule", Post.unit_id)),
        )
        .order_by(Publication.due_at.desc(), Publication.id)
        .limit(200)
    )
    return list(db.session.scalars(query))


def today(actor: Actor, day: date) -> list[Post]:
    """Posts with an hour on that day (of the installation's time zone), in time."""
    return between(actor, day, 1)


# What one page or answer can show of posts by their hours.
MOST = 1000


def between(actor: Actor, first: date, days: int) -> list[Post]:
    """Posts with an hour in `days` days from `first` on, in time; at most MOST (count_between tells of how many)."""
    query = (
        select(Post)
        .where(*_between(actor, first, days))
        .order_by(Post.publish_at, Post.id)
        .limit(MOST)
        .options(selectinload(Post.unit))
    )
    return list(db.session.scalars(query))


def count_between(actor: Actor, first: date, days: int) -> int:
    return db.session.scalar(select(func.count(Post.id)).where(*_between(actor, first, days))) or 0


def _between(actor: Actor, first: date, days: int) -> tuple[ColumnElement[bool], ...]:
    zone = ZoneInfo(current().timezone)
    start, end = (datetime.combine(day, time(), zone) for day in (first, first + timedelta(days=days)))
    return visible(actor, "post.read", Post.unit_id), Post.publish_at >= start, Post.publish_at < end


def may_manage(actor: Actor, unit: Unit) -> bool:
    return actor.may("publication.manage", unit)


def outlook(row: Publication, now: datetime) -> Outlook:
    """Every waiting publication explains itself."""
    if row.status == "unknown":
        return _doubt(row, now)
    waiting = row.status in states.OPEN
    stop = stops.standing(row.account) if waiting else None
    if stop is not None:
        why = f"发布已暂停（{scopes.name_of(stop)}）：{stop.reason}"
        return Outlook(why=row.why or why, following=N_("到点时会转为“已暂缓”，不会发出。"), who="发布人")
    blackout = blackouts.standing(row.account, max(now, row.due_at), urgent=row.post.urgent) if waiting else None
    if blackout is not None:
        why = blackouts.words(blackout, ahead=row.due_at > now)
        return Outlook(why=why, following=N_("到点时会转为“已暂缓”，不会发出。可改期到静默期以外。"), who="发布人")
    words = _WORDS.get(row.status, ("", "", ""))
    if waiting and row.due_at > now and not row.why:
        words = (_EARLY[row.status], N_("到点自动发布。"), "系统")
    if waiting and now > outcomes.late_at(row):
        words = (N_("已超过最晚时限。"), N_("即将标为“已错过”，不会再自动发送。"), "发布人")
    ahead = row.status in (*states.OPEN, "processing") and row.next_attempt_at is not None and row.next_attempt_at > now
    at = row.next_attempt_at if ahead else None
    return Outlook(why=row.why or words[0], following=words[1], who=row.error_who or words[2], at=at)


def _doubt(row: Publication, now: datetime) -> Outlook:
    """One line of who acts next: the system while it can look and has a time for it, else whoever may decide."""
    last = next(iter((row.readbacks or [])[-1:]), {})
    asking = bool(row.claim_owner) or row.next_attempt_at is not None
    why = row.why or N_("不能确定是否已经发出。")
    if not asking or last.get("by_person"):
        return Outlook(why=why, following=outcomes.BY_PERSON, who="发布人")
    at = row.next_attempt_at if row.next_attempt_at is not None and row.next_attempt_at > now else None
    return Outlook(why=why, following=N_("系统会再到平台核实，核实前不会重发。"), who="系统", at=at)


_EARLY = {
    "scheduled": N_("还没到准备时间。"),
    "preparing": N_("正在准备：检查账号、上传图片、建立草稿。"),
    "ready": N_("已准备好，等待发布时间。"),
}
_WORDS = {
    "scheduled": (N_("等待调度程序开始准备。"), N_("准备好后立即发布。"), N_("系统")),
    "preparing": (N_("正在准备：检查账号、上传图片、建立草稿。"), N_("准备好后立即发布。"), N_("系统")),
    "ready": (N_("已准备好，等待发送。"), N_("马上发送。"), N_("系统")),
    "committing": (N_("正在发送，等待平台答复。"), N_("收到答复后自动更新。"), N_("系统")),
    "processing": (N_("平台已受理，正在处理。"), N_("上线后自动确认。"), N_("平台")),
    "held": (N_("已暂缓。"), N_("请放行、改期或取消。"), "发布人"),
    "missed": (N_("超过最晚时限没有发出。"), N_("不会自动补发。请改期、立即放行或取消。"), "发布人"),
    "handed_over": (N_("草稿已备好，等待人工发布。"), N_("请登录平台发布，再把链接填回来。"), "发布人"),
    "failed": ("", N_("请按提示处理后重试，或取消。"), "发布人"),
}
