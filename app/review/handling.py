"""What became of the problems that stood in a post on its way through review: mended, explained, or left as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from app.db import atomic, db, insert_for, new_id
from app.posts.adapting import problems_now
from app.posts.models import Post, Revision
from app.review.models import FoundProblem
from app.words import N_

Fate = Literal["fixed", "explained", "left"]

FATES: dict[Fate, str] = {"fixed": N_("已改正"), "explained": N_("说明后保留"), "left": N_("保留，未作说明")}


@dataclass(frozen=True, kw_only=True)
class Handled:
    """One problem and its fate in a revision; of an explained one `reason`, by whom and when."""

    severity: str
    message: str
    fate: Fate
    number: int
    reason: str = ""
    by_name: str = ""
    at: datetime | None = None


def key_of(problem: Mapping[str, Any]) -> str:
    """What makes two findings the same problem: what an explanation is bound to, else rule, field and words."""
    if problem.get("key"):
        return str(problem["key"])
    parts = (problem["rule"], problem["field"], problem["message"])
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]


def note_problems(post: Post, number: int, problems: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Remember what stands in revision `number`; what is remembered stays. Joins the caller's transaction."""
    rows = {
        key_of(problem): {
            "id": new_id(),
            "post_id": post.id,
            "key": key_of(problem),
            "rule": problem["rule"],
            "severity": problem["severity"],
            "message": problem["message"],
            "revision_number": number,
            "found_at": now,
        }
        for problem in problems
    }
    if not rows:
        return
    with atomic():
        db.session.execute(insert_for(FoundProblem).values(list(rows.values())).on_conflict_do_nothing())


def problems_in(revision: Revision) -> list[dict[str, Any]]:
    """Every problem of a revision once: of its text, then of single accounts, with the account's name."""
    own, by_variant = problems_now(revision)
    found = list(own)
    for variant in revision.variants:
        found += [
            {**problem, "message": f"{variant.account.name}：{problem['message']}"}
            for problem in by_variant[variant.id]
            if problem not in own
        ]
    return found


def handled_in(revision: Revision) -> list[Handled]:
    """Every problem found up to this revision and what became of it, in the order in which they were found."""
    standing = {key_of(problem): problem for problem in problems_in(revision)}
    query = (
        select(FoundProblem)
        .where(FoundProblem.post_id == revision.post_id, FoundProblem.revision_number <= revision.number)
        .order_by(FoundProblem.found_at, FoundProblem.id)
    )
    # The same words about a line that was changed meanwhile: it is no other problem, and it was not mended.
    again = {(problem["rule"], problem["message"]) for problem in standing.values()}
    told = []
    for row in db.session.scalars(query):
        problem = standing.pop(row.key, None)
        if problem is None and (row.rule, row.message) in again:
            continue
        told.append(
            Handled(severity=row.severity, message=row.message, fate="fixed", number=row.revision_number)
            if problem is None
            else _standing(problem, row.revision_number)
        )
    return told + [_standing(problem, revision.number) for problem in standing.values()]


def _standing(problem: Mapping[str, Any], number: int) -> Handled:
    said = problem.get("dismissed")
    if not said:
        return Handled(severity=problem["severity"], message=problem["message"], fate="left", number=number)
    return Handled(
        severity=problem["severity"],
        message=problem["message"],
        fate="explained",
        number=number,
        reason=said["reason"],
        by_name=said["by_name"],
        at=datetime.fromisoformat(said["at"]),
    )


def fates(handled: Sequence[Handled]) -> dict[Fate, int]:
    return {fate: sum(one.fate == fate for one in handled) for fate in FATES}
