"""What committing saves, for several publications in one transaction: at nine o'clock hundreds are due at once.

The same conditions and the same rows as committing.begin() and record_answer(), which remain the rule: whatever is not the
plain case is left to their own steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import defer, joinedload

from app import logs
from app.accounts.models import Account
from app.db import atomic, db, impatient, new_id
from app.gathering import Apart
from app.publishing import barring, committing, outcomes, permalink, pushdown, states, verifying
from app.publishing.attempts import TAKEN
from app.publishing.committing import Started
from app.publishing.models import Attempt, Publication
from app.publishing.outcomes import Taken
from app.publishing.values import LEASE, SEND_WINDOW, Claim, Lost, Outcome

_BEGUN: Mapping[str, Any] = {"outcome": "", "receipt": {}, "error": {}, "exchanges": []}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How the call of one attempt ended, and when; as record_answer() takes it."""

    claim: Claim
    attempt_id: str
    outcome: Outcome
    exchanges: Sequence[Mapping[str, Any]]
    at: datetime
    ids: Mapping[str, str]


def begin_all(claims: Sequence[Claim], worker: str, now: datetime) -> list[Started | Exception | None]:
    """committing.begin() of each, in order; Lost among them for a claim that was taken over."""
    if len({claim.publication_id for claim in claims}) < len(claims):
        raise Apart
    with atomic():
        impatient()
        rows, made = _claimed(claims), _attempts(claims)
        bars, told = barring.Bars(now), dict[str, Started | Exception | None]()
        bars.learn(row.schedule.revision_id for row in rows.values())
        going: list[tuple[Publication, Started, dict[str, Any]]] = []
        stopped: list[str] = []
        for claim in claims:
            row, earlier = rows.get(claim.publication_id), made.get(claim.publication_id, [])
            if row is None or row.status != "committing" or (earlier and earlier[-1].fence == claim.fence):
                told[claim.publication_id] = Lost()
            elif (
                (barred := bars.why(row)) or now > outcomes.late_at(row) or any(one.outcome in TAKEN for one in earlier)
            ):
                committing.keep_back(row, claim, barred, now)
                verifying.apply_early(row, now)
                stopped.append(row.post_id)
                told[claim.publication_id] = None
            else:
                started, values = _attempt(row, earlier, worker, now)
                going.append((row, started, values))
                told[claim.publication_id] = started
        if going:
            db.session.execute(insert(Attempt), [values for _row, _started, values in going])
            states.touch_all([row for row, *_ in going], now=now, claim_until=now + timedelta(seconds=LEASE))
        for _row, started, values in going:
            logs.milestone("publication.sending", number=values["number"], attempt=started.attempt_id, **started.ids)
        pushdown.push(stopped, now)
    return [told[claim.publication_id] for claim in claims]


def record_all(answers: Sequence[Answer], now: datetime) -> list[Exception | None]:
    """committing.record_answer() of each; Lost among them."""
    if len({answer.claim.publication_id for answer in answers}) < len(answers):
        raise Apart
    _save(answers)
    with atomic():
        impatient()
        rows = _claimed([answer.claim for answer in answers])
        posts = [row.post_id for row in rows.values()]
        lost, plain, others = list[Answer](), list[Taken](), list[tuple[Publication, Answer]]()
        for answer in answers:
            row, receipt = rows.get(answer.claim.publication_id), answer.outcome.receipt
            if row is None or row.status != "committing":
                lost.append(answer)
            elif answer.outcome.kind == "receipt" and receipt is not None and not _early(row):
                plain.append((row, receipt, answer.at))
            else:
                others.append((row, answer))
        outcomes.receive_all(plain, now)
        for row, answer in others:
            committing.settle(row, db.session.get_one(Attempt, answer.attempt_id), now)
        for answer in lost:
            committing.answer_came_late(answer.claim, answer.outcome, now)
        pushdown.push(posts, now)
    gone = {answer.attempt_id for answer in lost}
    return [Lost() if answer.attempt_id in gone else None for answer in answers]


def _save(answers: Sequence[Answer]) -> None:
    """The answers themselves, before anything is made of them. One that stands already is kept."""
    with atomic():
        impatient()
        found = select(Attempt.id, Attempt.answered_at).where(Attempt.id.in_([answer.attempt_id for answer in answers]))
        open_ = {row.id for row in db.session.execute(found) if row.answered_at is None}
        rows = [
            {"id": answer.attempt_id, **committing.answer_values(answer.outcome, answer.exchanges, answer.at)}
            for answer in answers
            if answer.attempt_id in open_
        ]
        if rows:
            db.session.execute(update(Attempt), rows)
        for answer in answers:
            committing.tell_answer(answer.attempt_id, answer.outcome, answer.ids)


def _claimed(claims: Iterable[Claim]) -> dict[str, Publication]:
    """The rows whose claims still stand, by id, read afresh; locked, their posts first, as everybody does."""
    fences = {claim.publication_id: claim.fence for claim in claims}
    permalink.lock_posts_of(fences)
    query = (
        select(Publication)
        .where(Publication.id.in_(fences))
        .order_by(Publication.id)
        .options(
            # Nobody speaks for it here: its secrets stay closed.
            joinedload(Publication.account).options(defer(Account.credentials), joinedload(Account.unit)),
            joinedload(Publication.post),
            joinedload(Publication.schedule),
        )
        .with_for_update(of=Publication)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in db.session.scalars(query) if row.fence == fences[row.id]}


@dataclass(frozen=True, kw_only=True)
class _Earlier:
    number: int
    key: str
    fence: int
    outcome: str


def _attempts(claims: Iterable[Claim]) -> dict[str, list[_Earlier]]:
    """{publication: its attempts so far}, without their evidence."""
    found: dict[str, list[_Earlier]] = {}
    for row in db.session.execute(
        select(Attempt.publication_id, Attempt.number, Attempt.key, Attempt.fence, Attempt.outcome)
        .where(Attempt.publication_id.in_([claim.publication_id for claim in claims]))
        .order_by(Attempt.number)
    ):
        found.setdefault(row.publication_id, []).append(
            _Earlier(number=row.number, key=row.key, fence=row.fence, outcome=row.outcome)
        )
    return found


def _attempt(
    row: Publication, earlier: Sequence[_Earlier], worker: str, now: datetime
) -> tuple[Started, dict[str, Any]]:
    """A new attempt's row, and what the sender needs of it."""
    last = earlier[-1] if earlier else None
    key = last.key if last is not None and last.outcome not in committing.KEY_USED_UP else new_id()
    started = Started(
        attempt_id=new_id(), key=key, send_before=now + timedelta(seconds=SEND_WINDOW), ids=states.ids_of(row)
    )
    values = {
        **_BEGUN,
        "id": started.attempt_id,
        "publication_id": row.id,
        "number": last.number + 1 if last is not None else 1,
        "key": key,
        "fence": row.fence,
        "worker": worker,
        "started_at": now,
        "send_before": started.send_before,
    }
    return started, values


def _early(row: Publication) -> bool:
    """Whether a callback told something of it, or of another, while it was being sent."""
    return any(entry.get("early") for entry in row.readbacks or ())
