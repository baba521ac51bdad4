"""Claiming: which worker does what. A claim is one conditional change that raises the fence; several machines agree."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.config import current
from app.db import atomic, db
from app.posts.models import Post
from app.publishing import barrier, barring, committing, outcomes, permalink, planning, pushdown, states
from app.publishing.attempts import last_attempt
from app.publishing.heartbeats import dead_workers
from app.publishing.models import Publication, Schedule
from app.publishing.values import LEASE, Claim

_UNCLAIMED = Publication.claim_owner == ""
# handed_over: whether its draft still stands.
CHECKED = ("processing", "unknown", "published", "handed_over")


def claim_preparations(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Scheduled ones whose time to prepare has come, and interrupted ones; oldest hour first, urgent before that."""
    due = and_(Publication.status.in_(("scheduled", "preparing")), _due(now))
    with atomic():
        rows = _locked(due, limit)
        claims = []
        for row in rows:
            fence = row.fence + 1
            if row.status == "scheduled":
                states.move(
                    row, "preparing", now=now, reason="开始准备", next_attempt_at=now, **_lease(worker, fence, now)
                )
            else:
                states.touch(row, now=now, **_lease(worker, fence, now))
            claims.append(Claim(publication_id=row.id, fence=fence))
        pushdown.push([row.post_id for row in rows], now)
    return claims


def claim_checks(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Those whose outcome is to be looked up at the platform, read-backs included."""
    with atomic():
        return [_take(row, worker, now) for row in _locked(and_(Publication.status.in_(CHECKED), _due(now)), limit)]


def claim_errands(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Drafts to delete of cancelled ones, and recalls people asked for."""
    errand = or_(
        and_(Publication.status == "cancelled", Publication.discard_at <= now),
        and_(Publication.status == "published", Publication.recall_at <= now),
    )
    with atomic():
        return [_take(row, worker, now) for row in _locked(and_(errand, _UNCLAIMED), limit)]


def claim_commits(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Pass the due ones through lateness, stop switch and barrier; claim those that go, partners together."""
    claims: list[Claim] = []
    with atomic():
        posts = []
        for schedule in _due_schedules(limit, now):
            publications = [p for p in pushdown.publications_of(schedule.id) if p.status != "cancelled"]
            _stop_or_lapse(publications, now)
            going = _through_barrier(schedule, publications, now)
            if len(claims) + len(going) > limit and claims:
                break
            for publication in going[: limit - len(claims)]:
                claims.extend(_commit(schedule, publication, worker, now))
            posts.append(schedule.post_id)
        pushdown.push(posts, now)
    return claims


def take_over(now: datetime) -> int:
    """Free the claims of dead workers. Preparing and checking go on where they stood; committing without an attempt
    row goes back to ready, with an answer is settled by it, without one becomes unknown. Returns how many."""
    dead = or_(Publication.claim_until < now, Publication.claim_owner.in_(dead_workers(now)))
    with atomic():
        rows = _locked(and_(Publication.claim_owner != "", dead), 200)
        for row in rows:
            if row.status == "committing":
                _abandoned(row, now)
            else:
                states.touch(row, now=now, claim_owner="", claim_until=None, fence_up=row.fence + 1)
        pushdown.push([row.post_id for row in rows], now)
    return len(rows)


def lapse(now: datetime) -> int:
    """Those past their lateness limit that nobody is working on are missed. Returns how many."""
    # The shortest limit any unit may set is found per row; the hour having passed narrows the search.
    late = and_(
        Publication.status.in_(states.OPEN),
        Publication.late_from < now,
        _UNCLAIMED,
    )
    with atomic():
        rows = [row for row in _locked(late, 500) if now > outcomes.late_at(row)]
        for row in rows:
            outcomes.miss(row, now)
        pushdown.push([row.post_id for row in rows], now)
    return len(rows)


def next_due(now: datetime) -> datetime | None:
    """When the publisher has to look again at the latest; None: nothing is planned."""
    return db.session.scalar(
        select(func.min(Publication.next_attempt_at)).where(Publication.status.in_(states.OPEN), _UNCLAIMED)
    )


def _due_schedules(limit: int, now: datetime) -> list[Schedule]:
    """Schedules with something to commit, locked with their posts; those that somebody holds are passed over."""
    due = select(Publication.schedule_id).where(
        Publication.status == "ready", Publication.next_attempt_at <= now, Publication.due_at <= now
    )
    query = (
        select(Schedule)
        .join(Post, Post.id == Schedule.post_id)
        .where(Schedule.id.in_(due))
        .order_by(Post.urgent.desc(), Schedule.publish_at, Schedule.id)
        .limit(max(limit, 0))
        .with_for_update(of=(Schedule, Post), skip_locked=True, key_share=True)
    )
    return list(db.session.scalars(query))


def _stop_or_lapse(publications: Iterable[Publication], now: datetime) -> None:
    """At the hour: too late is missed, stopped is held. Partners that are not ready yet are stopped likewise."""
    for publication in publications:
        if publication.status not in states.OPEN or publication.due_at > now or publication.claim_owner:
            continue
        barred = barring.why_barred(publication, now)
        if now > outcomes.late_at(publication):
            outcomes.miss(publication, now)
        elif barred:
            outcomes.hold(publication, now, barred)


def _through_barrier(schedule: Schedule, publications: list[Publication], now: datetime) -> list[Publication]:
    firsts = planning.first_ids(schedule.order, [(p.id, p.account.platform) for p in publications])
    rules = barrier.Rules(
        first=firsts,
        proceed=schedule.on_partner_failure == "proceed",
        publish_at=schedule.publish_at,
        prepare_from=schedule.prepare_from,
        partner_wait=timedelta(seconds=current().partner_wait_seconds),
    )
    going = []
    verdicts = {
        p.id: barrier.judge(p, [q for q in publications if q.id != p.id], rules, now)
        for p in publications
        if p.status == "ready" and p.due_at <= now and (p.next_attempt_at is None or p.next_attempt_at <= now)
    }
    for publication in publications:
        verdict = verdicts.get(publication.id)
        if isinstance(verdict, barrier.Hold):
            outcomes.hold(publication, now, verdict.why)
        elif isinstance(verdict, barrier.Wait):
            states.touch(publication, now=now, why=verdict.why, next_attempt_at=verdict.until)
        elif isinstance(verdict, barrier.Go) and _still_in_time(publication, verdict, now):
            going.append(publication)
    return going


def _still_in_time(publication: Publication, verdict: barrier.Go, now: datetime) -> bool:
    if verdict.late_from is not None and verdict.late_from != publication.late_from:
        states.touch(publication, now=now, late_from=verdict.late_from)
    if now <= outcomes.late_at(publication):
        return True
    outcomes.miss(publication, now)
    return False


def _commit(schedule: Schedule, publication: Publication, worker: str, now: datetime) -> list[Claim]:
    permalink.open_for(schedule, now)
    if publication.hand_over:
        committing.hand_over(publication, now)
        return []
    fence = publication.fence + 1
    states.move(publication, "committing", now=now, reason="到点发送", committed_at=now, **_lease(worker, fence, now))
    return [Claim(publication_id=publication.id, fence=fence)]


def _abandoned(row: Publication, now: datetime) -> None:
    attempt = last_attempt(row.id)
    if attempt is None or attempt.fence != row.fence:
        states.move(
            row,
            "ready",
            now=now,
            reason="发送程序中断，尚未发送",
            next_attempt_at=now,
            committed_at=None,
            fence_up=row.fence + 1,
        )
        permalink.close_if_nobody_went(row.post_id)
    else:
        committing.settle(row, attempt, now)


def _take(row: Publication, worker: str, now: datetime) -> Claim:
    fence = row.fence + 1
    states.touch(row, now=now, **_lease(worker, fence, now))
    return Claim(publication_id=row.id, fence=fence)


def _lease(worker: str, fence: int, now: datetime) -> dict[str, Any]:
    return {"claim_owner": worker, "claim_until": now + timedelta(seconds=LEASE), "fence_up": fence}


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(Publication.next_attempt_at <= now, _UNCLAIMED)


def _locked(condition: ColumnElement[bool], limit: int) -> list[Publication]:
    """Matching rows that nobody is just changing, locked with their posts; urgent posts and the earliest hour first."""
    if limit <= 0:
        return []
    query = (
        select(Publication)
        .join(Post, Post.id == Publication.post_id)
        .where(condition)
        .order_by(Post.urgent.desc(), Publication.due_at, Publication.id)
        .limit(limit)
        .with_for_update(of=(Publication, Post), skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))
