"""Handing a post in for review, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Invalid
from app.posts.adapting import adapt_revision, all_problems, as_told, compile_packs
from app.posts.history import keep
from app.posts.holdings import describe_in_library
from app.posts.models import Post, Revision
from app.posts.revising import current_revision, locked, reopen
from app.posts.services import set_status
from app.review.announcing import announce, close_escalations
from app.review.chains import chain_of
from app.review.handling import note_problems, problems_in
from app.review.models import Review
from app.review.timing import begin_stage
from app.units.access import Actor

_REASON = 500
_CANNOT_SUBMIT = {
    "in_review": "这篇稿件已经在审核中。不能重复提交。请等审核人处理，或先撤回。",
    "approved": "这篇稿件已经通过审核。不需要再次提交。可以直接排期发布。",
    "scheduled": "这篇稿件已经排期。不需要再次提交。如要修改，直接编辑即可，届时须重新送审。",
}
_OUT = "这篇稿件已进入发布。不能再提交审核。如需更正，请新建一篇更正稿。"


def submit(actor: Actor, post_id: str, now: datetime, *, emergency: str | None = None, described: bool = False) -> Post:
    """Freeze the current revision and start its run through the unit's chain.

    `emergency`: why it cannot wait; then the last stage comes first, and the others follow after it may go out.
    `described`: as people hand in on screen, every picture has words for those who cannot see it, or somebody said why not;
    programs are warned of that only.
    Raises Conflict (not a draft), Invalid (no reason, nothing to follow) or ContentBlocked: with every problem when any
    of them blocks, with those of pictures when these are not described.
    """
    if emergency is not None:
        emergency = _reason(emergency)
    compile_packs(post_id)
    found: list[dict[str, Any]] = []
    try:
        return _submit(actor, post_id, emergency, now, found, described=described)
    except ContentBlocked:
        with atomic():
            post = locked(actor, post_id, "post.write")
            note_problems(post, current_revision(post).number, found, now)
        raise


def _submit(
    actor: Actor,
    post_id: str,
    emergency: str | None,
    now: datetime,
    found: list[dict[str, Any]],
    *,
    described: bool,
) -> Post:
    """`found` gets the problems that stand in it, also when they are why it is refused."""
    with atomic():
        post = locked(actor, post_id, "post.write")
        if post.status not in ("draft", "returned"):
            raise Conflict(_CANNOT_SUBMIT.get(post.status, _OUT))
        revision = current_revision(post)
        if revision.frozen_at is not None:
            revision = reopen(post, actor, now)
        adapt_revision(post, revision, actor.origin)
        found += problems_in(revision)
        _refuse_blocked(revision, _undescribed(found) if described else [])
        chain = chain_of(post.unit_id)
        stages = chain.stages if emergency is None else _last_first(chain.stages)
        revision.frozen_at = now
        review = Review(
            post=post,
            revision=revision,
            unit_id=post.unit_id,
            stages=stages,
            stage=0,
            emergency=emergency,
            after_hours=chain.after_hours if emergency is not None else None,
            submitted_by=actor.user_id,
            submitted_at=now,
        )
        begin_stage(review, now)
        db.session.add(review)
        note_problems(post, revision.number, found, now)
        set_status(post, "in_review", now)
        describe_in_library(actor, revision, now)
        db.session.flush()
        if emergency is None:
            announce(review, actor, now, "review.submit", f"提交审核《{post.title}》")
        else:
            announce(review, actor, now, "review.submit", f"紧急送审《{post.title}》：{emergency}", emergency=emergency)
    return post


def withdraw_submission(actor: Actor, post_id: str, now: datetime) -> Post:
    """Take it back from review (or from what it was approved or scheduled for): a draft again, under a new number."""
    compile_packs(post_id)
    with atomic():
        post = locked(actor, post_id, "post.write")
        if post.status not in ("in_review", "approved", "scheduled"):
            raise Conflict("没有可撤回的送审。这篇稿件不在审核、已通过或已排期的状态。请刷新后查看。")
        reopen(post, actor, now)
        post.version += 1
        post.updated_at = now
        adapt_revision(post, current_revision(post), actor.origin)
        keep(post, actor, "withdrawn", now)
        record(
            actor,
            "review.withdraw",
            now=now,
            object_type="post",
            object_id=post.id,
            unit_id=post.unit_id,
            summary=f"撤回送审《{post.title}》",
        )
    return post


def void_review(post: Post, actor: Actor, now: datetime) -> None:
    """posts.on_revised: the open run of the revision that is being replaced ends."""
    open_ones = select(Review).where(Review.post_id == post.id, Review.status == "open").with_for_update()
    for review in db.session.scalars(open_ones):
        review.status, review.closed_at = "void", now
        close_escalations(review, "void", now)
        announce(review, actor, now, "review.void", f"送审作废《{post.title}》")


def blocking(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [problem for problem in problems if problem["severity"] == "block"]


def fresh_problems(revision: Revision) -> list[dict[str, Any]]:
    """What the checks of today find in a frozen revision: its text, its attachments, and the parts set by hand."""
    return as_told(revision, all_problems(revision))


def _reason(given: str) -> str:
    reason = given.strip()
    if not reason or len(reason) > _REASON:
        raise Invalid(
            "没有紧急送审。请写明为什么来不及逐级审核，不超过 500 字。",
            errors={"emergency": ["请写明理由，不超过 500 字。"]},
        )
    return reason


def _last_first(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(stages) < 2:
        raise Invalid(
            "没有紧急送审。本单位只有一个审核环节，没有可以后补的。请直接提交审核。",
            errors={"emergency": ["本单位只有一个审核环节。"]},
        )
    # What goes out on one approval goes out on that one's secrecy check.
    return [{**stages[-1], "secrecy": True}, *stages[:-1]]


def _refuse_blocked(revision: Revision, undescribed: list[dict[str, Any]]) -> None:
    """At once for whatever stands in the way, so that nobody hands in again only to hear of the next thing."""
    problems = list(revision.problems)
    for variant in revision.variants:
        problems += [{**problem, "variant_id": variant.id} for problem in variant.problems if problem not in problems]
    if not revision.variants:
        missing = {"rule": "post.accounts", "severity": "block", "field": "account_ids", "start": None, "end": None}
        words = "没有选择发布账号。不知道要发到哪里。请至少选择一个账号。"
        problems.append({**missing, "message": words, "suggestion": ""})
        if len(blocking(problems)) == 1 and not undescribed:
            raise ContentBlocked(f"稿件没有提交。{words}", problems=problems)
    if blocking(problems):
        count = len(blocking(problems))
        also = f"，另外{_short(undescribed)}" if undescribed else ""
        raise ContentBlocked(
            f"稿件没有提交。有 {count} 个问题必须先解决{also}。请按问题清单逐条修改后重新提交。",
            problems=problems + [problem for problem in undescribed if problem not in problems],
        )
    if undescribed:
        raise ContentBlocked(
            f"稿件没有提交。{_short(undescribed)}。请写好替代文字，或在问题清单里说明理由，再重新提交。",
            problems=undescribed,
        )


def _undescribed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [problem for problem in found if problem["rule"] == "media.alt" and not problem.get("dismissed")]


def _short(undescribed: list[dict[str, Any]]) -> str:
    """What is missing, without what to do about it, which the list of problems tells."""
    return str(undescribed[0]["message"]).partition("。")[0]
