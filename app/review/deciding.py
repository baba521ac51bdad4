"""One person's decision on one stage: single-shot, never on one's own text, bound to the exact payloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound
from app.posts.adapting import compile_packs, digest
from app.posts.models import Post, Revision
from app.posts.revising import reopen
from app.posts.services import iso, set_status
from app.review.announcing import announce, close_escalations, on_disapproved, open_escalation
from app.review.capacity import OWN, capacity, eligible, sees, takers
from app.review.chains import asks_secrecy, demands_secrecy
from app.review.deputies import principals_of
from app.review.handling import note_problems
from app.review.models import Decision, Review
from app.review.submitting import blocking, fresh_problems
from app.review.timing import begin_stage
from app.units.access import Actor
from app.units.models import User

DECISIONS = ("approved", "returned")
COMMENT_LIMIT = 2000


def decide(
    actor: Actor,
    revision_id: str,
    decision: str,
    comment: str,
    sha256s: Mapping[str, str] | None,
    now: datetime,
    *,
    stage: int | None = None,
    secrecy: bool | None = None,
    for_user_id: str | None = None,
) -> Review:
    """Record `actor`'s decision on the stage that is open.

    `sha256s` {variant id: sha256} are the payloads that the person saw, `stage` the stage that the page showed, both
    optional; `for_user_id` whose deputy decides (by default the person themselves, else whoever they stand for).
    `secrecy`: whether the box of the secrecy check was ticked, None when nothing was said of it.
    Raises Forbidden (own text, second stage, wrong role), Conflict (not open any more, already decided, other payloads,
    other stage), Invalid, or ContentBlocked when the checks now find something that blocks.
    """
    _check_form(decision, comment)
    revision = db.session.get(Revision, revision_id)
    if revision is not None:
        compile_packs(revision.post_id)
    blocked: list[dict[str, Any]] = []
    try:
        with atomic():
            review = locked(actor, revision_id, now)
            principal = capacity(actor, review, principals_of(actor.user_id, now), for_user_id)
            if stage is not None and stage != review.stage:
                raise Conflict("没有记录您的意见。其间已有同事审过这一环节。请刷新，看现在轮到哪一环节。")
            _check_payloads(review.revision, sha256s)
            _check_words(review, decision, comment, secrecy)
            if decision == "approved":
                _check_content(review.revision, blocked)
            _take(review, actor, principal, decision, comment.strip(), secrecy, now)
    except ContentBlocked:
        with atomic():
            revision = db.session.get_one(Revision, revision_id)
            note_problems(revision.post, revision.number, blocked, now)
        raise
    return review


def _take(
    review: Review,
    actor: Actor,
    principal: str | None,
    decision: str,
    comment: str,
    secrecy: bool | None,
    now: datetime,
) -> None:
    asked = asks_secrecy(review.stages, review.stage) and decision == "approved"
    made = Decision(
        review=review,
        stage=review.stage,
        user_id=actor.user_id,
        for_user_id=principal,
        decision=decision,
        comment=comment,
        sha256s={variant.id: variant.sha256 for variant in review.revision.variants},
        secrecy=True if asked and secrecy else None,
        at=now,
    )
    db.session.add(made)
    db.session.flush()
    # An escalated stage is settled by the one who was asked.
    settled = open_escalation(review) is not None
    close_escalations(review, decision, now, comment)
    _advance(review, actor, decision, now, settled=settled)
    word, name = "通过" if decision == "approved" else "退回", _name(principal)
    facts: dict[str, Any] = {"decision": decision, **({"for": principal} if principal else {})}
    if asked:
        facts["secrecy"] = made.secrecy is True
    said = f"代{name}审核{word}《{review.post.title}》" if principal else f"审核{word}《{review.post.title}》"
    announce(review, actor, now, "review.decide", said, **facts)


def may_decide(actor: Actor, review: Review, principals: Sequence[Actor] = ()) -> bool:
    """Whether this person can decide on the stage that is open."""
    return not why_not(actor, review, principals)


def why_not(actor: Actor, review: Review, principals: Sequence[Actor] = ()) -> str:
    """Chinese words why this person cannot decide; "" when they can."""
    try:
        capacity(actor, review, principals)
    except (Forbidden, Conflict, NotFound) as reason:
        return reason.message
    return ""


def _check_form(decision: str, comment: str) -> None:
    if decision not in DECISIONS:
        raise Invalid(
            "没有记录。审核意见只能是通过或退回。请重新选择。", errors={"decision": ["应为 approved 或 returned。"]}
        )
    if decision == "returned" and not comment.strip():
        raise Invalid(
            "没有退回。退回必须写明理由。请写上要拟稿人改什么。", errors={"comment": ["退回时必须填写意见。"]}
        )
    if len(comment) > COMMENT_LIMIT:
        raise Invalid("没有记录。意见太长。请缩短到 2000 字以内。", errors={"comment": ["不能超过 2000 字。"]})


def _check_words(review: Review, decision: str, comment: str, secrecy: bool | None) -> None:
    """What this very stage wants said."""
    # What goes out on one approval, and what a unit asked for, has to be said; see demands_secrecy().
    wanted = review.emergency is not None or demands_secrecy(review.stages, review.stage)
    said = secrecy is True or (secrecy is None and not wanted)
    if decision == "approved" and not said and asks_secrecy(review.stages, review.stage):
        raise Invalid(
            "没有通过。这一环节须做保密审查。请核对不涉及国家秘密、工作秘密，勾选后再通过。",
            errors={"secrecy": ["请勾选已做保密审查。"]},
        )
    if open_escalation(review) is not None and not comment.strip():
        raise Invalid("没有记录。请示须有书面答复。请在意见栏写上答复。", errors={"comment": ["请写上对请示的答复。"]})


def _check_content(revision: Revision, blocked: list[dict[str, Any]]) -> None:
    """`blocked` gets what was found."""
    problems = fresh_problems(revision)
    if blocking(problems):
        blocked += problems
        raise ContentBlocked("不能通过。复查发现必须先解决的问题。请退回拟稿人修改。", problems=problems)


def locked(actor: Actor, revision_id: str, now: datetime) -> Review:
    """The run of a revision, with its post, until the end of the transaction. Raises NotFound, Forbidden, Conflict."""
    revision = db.session.get(Revision, revision_id)
    if revision is None:
        raise NotFound
    # First the post, then its review, as an edit does: the other way round the two would wait for each other.
    db.session.get(Post, revision.post_id, with_for_update=True, populate_existing=True)
    query = select(Review).where(Review.revision_id == revision_id).with_for_update()
    review = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if review is not None and sees(actor, review, principals_of(actor.user_id, now)):
        return review
    actor.require("review.decide", revision.post.unit, see="post.read")
    if review is not None:
        return review
    if actor.user_id in revision.editors:
        raise Forbidden(OWN)
    raise Conflict("没有记录您的意见。这个版本还没有提交审核。请等拟稿人提交。")


def _check_payloads(revision: Revision, sha256s: Mapping[str, str] | None) -> None:
    standing = {variant.id: variant.sha256 for variant in revision.variants}
    intact = all(digest(variant.payload) == variant.sha256 for variant in revision.variants)
    if intact and (sha256s is None or dict(sha256s) == standing):
        return
    raise Conflict(
        "没有记录您的意见。您看到的内容与现在送审的内容不一致。请刷新，重新看过预览后再审。", sha256s=standing
    )


def _advance(review: Review, actor: Actor, decision: str, now: datetime, *, settled: bool) -> None:
    if decision == "returned" and review.passed_early:
        _return_afterwards(review, actor, now)
    elif decision == "returned":
        _close(review, "returned", now)
    elif not settled and not _stage_done(review):
        return
    elif review.stage + 1 < len(review.stages):
        review.stage += 1
        begin_stage(review, now)
        if review.emergency is not None and review.stage == 1:
            set_status(review.post, "approved", now)
    else:
        _close(review, "approved", now)


def _close(review: Review, status: str, now: datetime) -> None:
    review.status, review.closed_at, review.due_at, review.remind_at = status, now, None, None
    # What passed early stands where publishing brought it meanwhile.
    if not review.passed_early:
        set_status(review.post, status, now)


def _return_afterwards(review: Review, actor: Actor, now: datetime) -> None:
    """Returned by the review after an emergency: what has not gone out is called back; what has, people must deal with."""
    _close(review, "returned", now)
    db.session.flush()
    if not _reopened(review.post, actor, now):
        for hook in on_disapproved:
            hook(review, actor, now)
        # Nothing of it may have gone, after all.
        if not _reopened(review.post, actor, now):
            return
    set_status(review.post, "returned", now)


def _reopened(post: Post, actor: Actor, now: datetime) -> bool:
    try:
        reopen(post, actor, now)
    except Conflict:
        return False
    return True


def _stage_done(review: Review) -> bool:
    """any: one approval suffices; all: everybody of the role who may decide here has approved, or their deputy did."""
    here = takers(decision for decision in review.decisions if decision.stage == review.stage)
    if review.stages[review.stage]["rule"] != "all":
        return bool(here)
    return not eligible(review) - here


def _name(user_id: str | None) -> str:
    user = db.session.get(User, user_id) if user_id else None
    return user.name if user is not None else ""


def decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "user_id": decision.user_id,
        "user_name": decision.user.name,
        "for_user_id": decision.for_user_id,
        "for_user_name": _name(decision.for_user_id) or None,
        "decision": decision.decision,
        "comment": decision.comment,
        "secrecy": decision.secrecy,
        "sha256s": decision.sha256s,
        "at": iso(decision.at),
    }
