"""Recording what preparing did, step by step, under the claim's fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import logs
from app.accounts import tokens
from app.accounts.models import Account
from app.accounts.sealed import MARK
from app.db import atomic, db
from app.notices import services as notices
from app.posts.models import Revision
from app.publishing import barring, outcomes, permalink, pushdown, states
from app.publishing.models import Publication
from app.publishing.values import LEASE, Claim, Lost, Work, prepared_json, prepared_of
from app.review.submitting import blocking, fresh_problems
from connectors.values import Prepared

# Calls kept per publication for the evidence of preparing; an attempt keeps its own.
MOST_EXCHANGES = 200


def load(claim: Claim) -> Work | None:
    """What the worker needs; None when the claim is no longer ours."""
    found = load_all([claim])
    return found[0] if found else None


def load_all(claims: Sequence[Claim]) -> list[Work]:
    """load() of each, without those that are no longer ours."""
    fences = {claim.publication_id: claim for claim in claims}
    query = (
        select(Publication)
        .where(Publication.id.in_(fences))
        .options(joinedload(Publication.account).joinedload(Account.unit), joinedload(Publication.schedule))
        .execution_options(populate_existing=True)
    )
    rows = [row for row in db.session.scalars(query) if row.fence == fences[row.id].fence]
    standing = tokens.standing({row.account_id for row in rows})
    works = [
        Work(
            claim=fences[row.id],
            account=row.account,
            standing=standing[row.account_id],
            post_id=row.post_id,
            status=row.status,
            payload=dict(row.payload),
            prepared=prepared_of(row.prepared),
            operator_ip=row.schedule.operator_ip,
            tries=row.prepare_tries,
            late_at=outcomes.late_at(row),
        )
        for row in rows
    ]
    # Other threads read them, when this session is long over.
    for account in {work.account_id: work.account for work in works}.values():
        db.session.expunge(account)
    return works


def refusal(claim: Claim) -> dict[str, Any] | None:
    """The checks once more, with the rules of now: an error for fail() when anything blocks, else None."""
    row = held(claim)
    if row is None:
        return None
    unapproved = barring.why_unapproved(row)
    if unapproved:
        return {"code": "review", "cause": unapproved, "remedy": "请取消，修改稿件后重新送审。", "who": "拟稿人"}
    revision = db.session.get_one(Revision, row.schedule.revision_id)
    found = blocking(fresh_problems(revision))
    if not found:
        return None
    words = "；".join(str(problem.get("message", "")) for problem in found[:3])
    return {
        "code": "checks",
        "cause": f"发布前检查没有通过：{words}",
        "remedy": "请修改稿件后重新送审。",
        "who": "拟稿人",
    }


def account_of(account_id: str) -> Account:
    """The account's row, for connections.connect()."""
    return db.session.get_one(Account, account_id)


def held(claim: Claim, *, lock: bool = False) -> Publication | None:
    """The row while the claim's fence stands, read afresh; locked if asked for."""
    query = select(Publication).where(Publication.id == claim.publication_id, Publication.fence == claim.fence)
    if lock:
        permalink.lock_post_of(claim.publication_id)
        query = query.with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def own(claim: Claim, status: str | tuple[str, ...]) -> Publication:
    """The row, locked, which must still be ours and in `status`. Inside atomic(). Raises Lost."""
    row = held(claim, lock=True)
    if row is None or row.status not in ((status,) if isinstance(status, str) else status):
        raise Lost
    return row


def save_step(claim: Claim, prepared: Prepared, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """One more step is done: saved, so that a crash repeats nothing. Ready when it was the last. Raises Lost."""
    with atomic():
        row = own(claim, "preparing")
        done = [step for step in prepared.steps if step not in prepared_of(row.prepared).steps]
        logs.milestone("publication.step", steps=done, **states.ids_of(row))
        values: dict[str, Any] = {"prepared": prepared_json(prepared), "exchanges": kept(row, exchanges)}
        if not prepared.ready:
            # A worker that gets on keeps its claim: many pictures take longer than one lease.
            until = now + timedelta(seconds=LEASE)
            states.touch(row, now=now, fence=claim.fence, claim_until=until, **values)
            return
        if MARK in row.why:
            # The key is back before the hour: nobody need act any more.
            notices.settle(f"/publications/{row.id}", now)
        states.move(
            row,
            "ready",
            now=now,
            reason="准备完成",
            fence=claim.fence,
            next_attempt_at=row.due_at,
            prepare_tries=0,
            **values,
        )
        outcomes.nudge_partners(row, now)
        pushdown.push([row.post_id], now)


def postpone(
    claim: Claim, error: Mapping[str, Any], retry_at: datetime, exchanges: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Nothing happened; the step is tried again at `retry_at`. Raises Lost."""
    with atomic():
        row = own(claim, "preparing")
        logs.milestone("publication.postponed", code=error.get("code"), **states.ids_of(row))
        states.touch(
            row,
            now=now,
            fence=claim.fence,
            claim_owner="",
            claim_until=None,
            prepare_tries=row.prepare_tries + 1,
            next_attempt_at=retry_at,
            why=f"准备时遇到问题，稍后重试：{error.get('cause') or ''}",
            exchanges=kept(row, exchanges),
        )


def fail(claim: Claim, error: Mapping[str, Any], exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The platform or our own checks refused. Raises Lost."""
    with atomic():
        row = own(claim, "preparing")
        states.touch(row, now=now, fence=claim.fence, exchanges=kept(row, exchanges))
        outcomes.fail(row, now, error, fence=claim.fence)
        pushdown.push([row.post_id], now)


def kept(row: Publication, exchanges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [*(row.exchanges or []), *(dict(one) for one in exchanges)][-MOST_EXCHANGES:]


def leave_behind(claim: Claim, prepared: Prepared, now: datetime) -> Prepared | None:
    """The publication was cancelled, moved or taken over while we prepared it. What we left at the platform is kept for
    the next preparation, or to be deleted with a cancelled one; what neither will know of is returned: to be discarded.
    """
    with atomic():
        row = db.session.get(Publication, claim.publication_id, with_for_update=True, populate_existing=True)
        if row is None:
            return prepared
        known, ours = prepared_of(row.prepared).steps, prepared.steps
        waits = row.claim_owner == "" and row.status in (*states.STOPPED, "scheduled", "preparing", "cancelled")
        if waits and all(ours.get(step) == value for step, value in known.items()):
            at = now if row.status == "cancelled" else row.discard_at
            states.touch(row, now=now, prepared=prepared_json(prepared), discard_at=at)
            return None
        left = {step: value for step, value in ours.items() if known.get(step) != value}
        # Without a draft of our own, what stands there under our link is the other's.
        return Prepared(steps=left) if left.get("draft") else None
