"""What a person has had open, and approving several of those at once: nothing is approved unseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.db import atomic, db, insert_for, release
from app.errors import Conflict, Invalid, TandemError
from app.review.deciding import decide
from app.review.finding import get_review
from app.review.models import Opening, Review
from app.units.access import Actor

MOST_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one of several: `words` say why not, or what is next."""

    review_id: str
    title: str
    done: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """What somebody is shown: the stage that was open, and the payloads by their hashes ({variant id: sha256})."""

    review_id: str
    stage: int
    sha256s: Mapping[str, str]


def look_at(review: Review) -> Look:
    """What whoever is shown `review` as it is loaded now sees: taken before the page is drawn, kept when it is."""
    shown = {variant.id: variant.sha256 for variant in review.revision.variants}
    return Look(review_id=review.id, stage=review.stage, sha256s=shown)


def opened(actor: Actor, look: Look, now: datetime) -> None:
    """Remember what this person had open."""
    row = db.session.get(Opening, (look.review_id, actor.user_id))
    if row is not None and row.stage == look.stage and row.sha256s == look.sha256s:
        return
    seen = {"stage": look.stage, "sha256s": dict(look.sha256s), "at": now}
    with atomic():
        insert = insert_for(Opening).values(review_id=look.review_id, user_id=actor.user_id, **seen)
        db.session.execute(insert.on_conflict_do_update(index_elements=["review_id", "user_id"], set_=seen))


def opened_ids(actor: Actor, reviews: Iterable[Review]) -> set[str]:
    """Ids of those that this person had open as they are now: the stage, and the exact payloads."""
    return set(_seen(actor, reviews))


def _seen(actor: Actor, reviews: Iterable[Review]) -> dict[str, dict[str, str]]:
    """{review id: the hashes that this person was shown} of those that are still as they were shown."""
    now = {review.id: look_at(review) for review in reviews}
    query = select(Opening).where(Opening.user_id == actor.user_id, Opening.review_id.in_(list(now)))
    return {
        row.review_id: dict(row.sha256s)
        for row in db.session.scalars(query)
        if row.sha256s is not None
        and (row.stage, row.sha256s) == (now[row.review_id].stage, now[row.review_id].sha256s)
    }


def approve_opened(
    actor: Actor, review_ids: Sequence[str], comment: str, now: datetime, *, secrecy: bool | None
) -> list[Outcome]:
    """Approve each in a transaction of its own; what was not opened as it is now is refused. In order."""
    wanted = list(dict.fromkeys(review_ids))
    if not wanted:
        raise Invalid(
            "没有通过任何稿件。一篇也没有选。请先勾选看过的稿件。", errors={"review_ids": ["请至少选择一篇。"]}
        )
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(
            f"没有通过任何稿件。一次最多 {MOST_AT_ONCE} 篇。请分几次办理。",
            errors={"review_ids": [f"最多 {MOST_AT_ONCE} 篇。"]},
        )
    return [_approve(actor, review_id, comment, now, secrecy=secrecy) for review_id in wanted]


def _approve(actor: Actor, review_id: str, comment: str, now: datetime, *, secrecy: bool | None) -> Outcome:
    title = ""
    try:
        review = get_review(actor, review_id, now)
        title = review.revision.title
        seen = _seen(actor, [review]).get(review.id)
        if seen is None:
            raise Conflict("没有通过。您还没有打开看过这篇稿件，或看过之后环节、内容有变。请打开看过后再审。")
        stage, revision_id = review.stage, review.revision_id
        release()
        # Bound to the very bytes that were shown, as a single decision is.
        done = decide(actor, revision_id, "approved", comment, seen, now, stage=stage, secrecy=bool(secrecy))
    except TandemError as refusal:
        db.session.rollback()
        return Outcome(review_id=review_id, title=title, done=False, words=refusal.message)
    words = "已全部通过，可以排期发布。" if done.status == "approved" else "已记录您的意见。"
    return Outcome(review_id=review_id, title=title, done=True, words=words)
