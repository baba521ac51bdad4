"""Claiming: which worker does what. A claim is one conditional change that raises the fence; several machines agree."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select, union_all, update
from sqlalchemy.orm import defer, joinedload

from app.accounts.models import Account
from app.config import current
from app.db import atomic, db
from app.posts.models import Post
from app.publishing import barring, committing, outcomes, passing, permalink, pushdown, states, verifying
from app.publishing.attempts import last_attempt
from app.publishing.heartbeats import dead_workers
from app.publishing.models import Publication, Schedule
from app.publishing.turns import Turns
from app.publishing.values import LEASE, Claim
from app.units.models import Unit

_UNCLAIMED = Publication.claim_owner == ""
# handed_over: whether its draft still stands.
CHECKED = ("processing", "unknown", "published", "handed_over")

# So often a round looks for other rows in place of those that another worker just holds.
TRIES = 4


def claim_preparations(worker: str, limit: int, now: datetime, turns: Turns | None = None) -> list[Claim]:
    """Scheduled ones whose time to prepare has come, and interrupted ones; urgent first, then by turns (`turns`: the
    worker's own)."""
    due = and_(Publication.status.in_(("scheduled", "preparing")), _due(now))
    turns = turns or Turns()
    if limit <= 0 or not turns.read(due):
        return []
    with atomic():
        rows = _in_turn(turns, due, limit)
        claims = []
        for row in rows:
            fence = row.fence + 1
            if row.status == "scheduled":
                states.move(
                    row, "preparing", now=now, reason="开始准备", next_attempt_at=now, **_lease(worker, fence, now)
                )
            else:
                states.touch(row, now=now, **_lease(worker, fence, now))
            claims.append(Claim(publication_id=row.id, fence=fence, account_id=row.account_id))
        pushdown.push([row.post_id for row in rows], now)
    return claims


def claim_checks(worker: str, limit: int, now: datetime, turns: Turns | None = None) -> list[Claim]:
    """Those whose outcome is to be looked up at the platform, read-backs included; by turns."""
    due = and_(Publication.status.in_(CHECKED), _due(now))
    turns = turns or Turns()
    if limit <= 0 or not turns.read(due):
        return []
    with atomic():
        return [_take(row, worker, now) for row in _in_turn(turns, due, limit)]


def claim_errands(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Drafts to delete of cancelled ones, and recalls people asked for."""
    errand = or_(
        and_(Publication.status == "cancelled", Publication.discard_at <= now),
        and_(Publication.status == "published", Publication.recall_at <= now),
    )
    due = and_(errand, _UNCLAIMED)
    # No transaction unless there is one.
    if limit <= 0 or db.session.scalar(select(Publication.id).where(due).limit(1)) is None:
        return []
    with atomic():
        return [_take(row, worker, now) for row in _locked(due, limit)]


def claim_commits(worker: str, limit: int, now: datetime, turns: Turns | None = None) -> list[Claim]:
    """Pass the due ones through lateness, stop switch, barrier and quotas; claim those that go, partners together.

    Urgent posts first, then by turns (`turns`: the worker's own)."""
    due = and_(Publication.status == "ready", Publication.next_attempt_at <= now, Publication.due_at <= now)
    turns = turns or Turns()
    if limit <= 0 or not turns.read(due):
        return []
    claims: list[Claim] = []
    with atomic():
        bars, posts = barring.Bars(now), list[str]()
        for _try in range(TRIES):
            # What others hold or took is passed over: the next ones have their turn.
            wanted = turns.next_schedules(limit - len(claims))
            chosen, looked_at = passing.choose(wanted, due, bars, limit - len(claims), bool(claims), now)
            claims += _commit(chosen, worker, now)
            posts += looked_at
            if len(claims) >= limit or not wanted:
                break
        pushdown.push(posts, now)
    return claims


def take_over(now: datetime, *, worker: str = "", kept: Collection[str] = (), patience: timedelta = timedelta()) -> int:
    """Free the claims of dead workers. Preparing and checking go on where they stood; committing without an attempt
    row goes back to ready, with an answer is settled by it, without one becomes unknown. Returns how many.

    `worker`: who does it, `kept`: the publications that it has in hand, `patience`: by how much its own beats were late.
    """
    dead = dead_workers(now, besides=worker, patience=patience)
    abandoned = and_(
        Publication.claim_owner != "",
        or_(Publication.claim_until < now, Publication.claim_owner.in_(dead)),
        ~and_(Publication.claim_owner == worker, Publication.id.in_(kept)),
    )
    # Asked again and again: no transaction unless there is something.
    if db.session.scalar(select(Publication.id).where(abandoned).limit(1)) is None:
        return 0
    with atomic():
        rows = _locked(abandoned, 200)
        for row in rows:
            if row.status == "committing":
                _abandoned(row, now)
            else:
                states.touch(row, now=now, claim_owner="", claim_until=None, fence_up=row.fence + 1)
        pushdown.push([row.post_id for row in rows], now)
    return len(rows)


def keep(worker: str, publication_ids: Collection[str], now: datetime) -> int:
    """What a living worker has in hand stays its own: leases that are half over begin again. The fence stays as it is, and
    whoever took one over keeps it. Returns how many."""
    if not publication_ids:
        return 0
    until = now + timedelta(seconds=LEASE)
    with atomic():
        running_out = and_(
            Publication.id.in_(publication_ids),
            Publication.claim_owner == worker,
            Publication.claim_until < now + timedelta(seconds=LEASE / 2),
        )
        # Whoever is just changing one needs no help.
        ids = db.session.scalars(
            select(Publication.id).where(running_out).order_by(Publication.id).with_for_update(skip_locked=True)
        ).all()
        if ids:
            db.session.execute(
                update(Publication)
                .where(Publication.id.in_(ids), Publication.claim_owner == worker)
                .values(claim_until=until)
                .execution_options(synchronize_session=False)
            )
    return len(ids)


def lapse(now: datetime) -> int:
    """Those past their lateness limit that nobody is working on are missed. Returns how many."""
    # The limit is found per row; what is later than the shortest that any unit set narrows the search.
    late = and_(Publication.status.in_(states.OPEN), Publication.late_from < now - _shortest_limit(), _UNCLAIMED)
    if db.session.scalar(select(Publication.id).where(late).limit(1)) is None:
        return 0
    with atomic():
        rows = [row for row in _locked(late, 500) if now > outcomes.late_at(row)]
        for row in rows:
            outcomes.miss(row, now)
        pushdown.push([row.post_id for row in rows], now)
    return len(rows)


def _shortest_limit() -> timedelta:
    own = db.session.scalar(select(func.min(Unit.lateness_seconds)))
    limit = current().lateness_seconds
    return timedelta(seconds=limit if own is None else min(own, limit))


@cache
def first_due() -> ScalarSelect[datetime]:
    """SQL: when the publisher has to look again at the latest; NULL: nothing is planned."""
    # One status at a time, so that the first entry of the index answers, however many wait.
    firsts = [
        select(Publication.next_attempt_at)
        .where(Publication.status == status, Publication.next_attempt_at.is_not(None), _UNCLAIMED)
        .order_by(Publication.next_attempt_at)
        .limit(1)
        .subquery()
        for status in states.OPEN
    ]
    found = union_all(*[select(first.c.next_attempt_at) for first in firsts]).subquery()
    return select(func.min(found.c.next_attempt_at)).scalar_subquery()


def next_due(now: datetime) -> datetime | None:
    """When the publisher has to look again at the latest; None: nothing is planned."""
    due: datetime | None = db.session.scalar(_next_due())
    return due


@cache
def _next_due() -> Select[datetime]:
    """Put together once: that takes longer than the answer, and is asked many times a second."""
    return select(first_due())


def _commit(going: Sequence[tuple[Schedule, Publication]], worker: str, now: datetime) -> list[Claim]:
    permalink.open_all([schedule for schedule, _publication in going], now)
    rows = []
    for _schedule, publication in going:
        if publication.hand_over:
            committing.hand_over(publication, now)
        else:
            rows.append(publication)
    claims = [Claim(publication_id=row.id, fence=row.fence + 1, account_id=row.account_id) for row in rows]
    until = now + timedelta(seconds=LEASE)
    lease = {"claim_owner": worker, "claim_until": until, "committed_at": now}
    states.move_all(rows, "committing", now=now, reason="到点发送", fence_up=True, **lease)
    return claims


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
        verifying.apply_early(row, now)
    else:
        committing.settle(row, attempt, now)


def _take(row: Publication, worker: str, now: datetime) -> Claim:
    fence = row.fence + 1
    states.touch(row, now=now, **_lease(worker, fence, now))
    return Claim(publication_id=row.id, fence=fence, account_id=row.account_id)


def _lease(worker: str, fence: int, now: datetime) -> dict[str, Any]:
    return {"claim_owner": worker, "claim_until": now + timedelta(seconds=LEASE), "fence_up": fence}


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(Publication.next_attempt_at <= now, _UNCLAIMED)


def _in_turn(turns: Turns, due: ColumnElement[bool], limit: int) -> list[Publication]:
    """Those whose turn it is, still due, locked; what others hold or took is passed over."""
    rows: list[Publication] = []
    for _try in range(TRIES):
        wanted = turns.next_publications(limit - len(rows))
        if wanted:
            rows += _locked(and_(Publication.id.in_(wanted), due), limit - len(rows))
        if len(rows) >= limit or not wanted:
            break
    return rows


def _locked(condition: ColumnElement[bool], limit: int) -> list[Publication]:
    """Matching rows that nobody is just changing, locked with their posts; urgent posts and the earliest hour first."""
    if limit <= 0:
        return []
    query = (
        select(Publication)
        .join(Post, Post.id == Publication.post_id)
        # Secrets stay closed: one that cannot be opened keeps no round from the others.
        .options(joinedload(Publication.account).options(defer(Account.credentials), joinedload(Account.unit)))
        .where(condition)
        .order_by(Post.urgent.desc(), Publication.due_at, Publication.id)
        .limit(limit)
        .with_for_update(of=(Publication, Post), skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))
