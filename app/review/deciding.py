"""One person's decision on one stage: single-shot, never on one's own text, bound to the exact payloads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound
from app.posts.adapting import compile_packs, digest
from app.posts.models import Post, Revision
from app.posts.services import set_status
from app.review.models import Decision, Review
from app.review.submitting import announce, blocking, fresh_problems
from app.units.access import Actor
from app.units.models import Grant, User

DECISIONS = ("approved", "returned")
_COMMENT_LIMIT = 2000


def decide(
    actor: Actor,
    revision_id: str,
    decision: str,
    comment: str,
    sha256s: Mapping[str, str] | None,
    now: datetime,
    *,
    stage: int | None = None,
) -> Review:
    """Record `actor`'s decision on the stage that is open.

    `sha256s` {variant id: sha256} are the payloads that the person saw, `stage` the stage that the page showed; both
    optional. Raises Forbidden (own text, second stage, wrong role), Conflict (not open any more, already decided,
    other payloads, other stage), Invalid, or ContentBlocked when the checks now find something that blocks.
    """
    _check_form(decision, comment)
    revision = db.session.get(Revision, revision_id)
    if revision is not None:
        compile_packs(revision.post_id)
    with atomic():
        review = _locked(actor, revision_id)
        _check_person(actor, review)
        if stage is not None and stage != review.stage:
            raise Conflict("没有记录您的意见。其间已有同事审过这一环节。请刷新，看现在轮到哪一环节。")
        _check_payloads(review.revision, sha256s)
        if decision == "approved" and (problems := fresh_problems(review.revision)) and blocking(problems):
            raise ContentBlocked("不能通过。复查发现必须先解决的问题。请退回拟稿人修改。", problems=problems)
        db.session.add(
            Decision(
                review=review,
                stage=review.stage,
                user_id=actor.user_id,
                decision=decision,
                comment=comment.strip(),
                sha256s={variant.id: variant.sha256 for variant in review.revision.variants},
                at=now,
            )
        )
        db.session.flush()
        _advance(review, decision, now)
        word = "通过" if decision == "approved" else "退回"
        announce(review, actor, now, "review.decide", f"审核{word}《{review.post.title}》", decision=decision)
    return review


def may_decide(actor: Actor, review: Review) -> bool:
    """Whether this person can decide on the stage that is open."""
    try:
        _check_person(actor, review)
    except (Forbidden, Conflict, NotFound):
        return False
    return True


def why_not(actor: Actor, review: Review) -> str:
    """Chinese words why this person cannot decide; "" when they can."""
    try:
        _check_person(actor, review)
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
    if len(comment) > _COMMENT_LIMIT:
        raise Invalid("没有记录。意见太长。请缩短到 2000 字以内。", errors={"comment": ["不能超过 2000 字。"]})


def _locked(actor: Actor, revision_id: str) -> Review:
    revision = db.session.get(Revision, revision_id)
    if revision is None:
        raise NotFound
    actor.require("review.decide", revision.post.unit, see="post.read")
    # First the post, then its review, as an edit does: the other way round the two would wait for each other.
    db.session.get(Post, revision.post_id, with_for_update=True, populate_existing=True)
    query = select(Review).where(Review.revision_id == revision_id).with_for_update()
    review = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if review is None:
        if actor.user_id in revision.editors:
            raise Forbidden(_OWN)
        raise Conflict("没有记录您的意见。这个版本还没有提交审核。请等拟稿人提交。")
    return review


_OWN = "您不能审核自己写过或改过的稿件。三审三校要求撰写与审核分开。请由其他审核人处理。"


def _check_person(actor: Actor, review: Review) -> None:
    actor.require("review.decide", review.post.unit, see="post.read")
    if actor.user_id in review.revision.editors or actor.user_id == review.submitted_by:
        raise Forbidden(_OWN)
    mine = next((decision for decision in review.decisions if decision.user_id == actor.user_id), None)
    if review.status != "open":
        words = {"approved": "已全部通过", "returned": "已被退回", "void": "已作废（稿件被修改或撤回）"}
        raise Conflict(f"没有记录您的意见。这次审核{words[review.status]}。请刷新后查看。")
    if mine is not None and mine.stage == review.stage:
        raise Conflict("没有记录您的意见。您在这一环节已经表过态。请等其他审核人。")
    if mine is not None:
        raise Forbidden("您已审过这个版本的另一环节。同一人不能审两个环节。请由其他审核人处理。")
    role = str(review.stages[review.stage]["role"])
    path = review.post.unit.path
    if not actor.system and not any(held.role == role and path.startswith(held.path) for held in actor.held):
        raise Forbidden("这一环节不由您审核。它需要另一个角色。请转交有该角色的同事。")


def _check_payloads(revision: Revision, sha256s: Mapping[str, str] | None) -> None:
    standing = {variant.id: variant.sha256 for variant in revision.variants}
    intact = all(digest(variant.payload) == variant.sha256 for variant in revision.variants)
    if intact and (sha256s is None or dict(sha256s) == standing):
        return
    raise Conflict(
        "没有记录您的意见。您看到的内容与现在送审的内容不一致。请刷新，重新看过预览后再审。", sha256s=standing
    )


def _advance(review: Review, decision: str, now: datetime) -> None:
    if decision == "returned":
        review.status, review.closed_at = "returned", now
        set_status(review.post, "returned", now)
        return
    if not _stage_done(review):
        return
    if review.stage + 1 < len(review.stages):
        review.stage += 1
        return
    review.status, review.closed_at = "approved", now
    set_status(review.post, "approved", now)


def _stage_done(review: Review) -> bool:
    """any: one approval suffices; all: everybody of the role who may decide here has approved."""
    here = {decision.user_id for decision in review.decisions if decision.stage == review.stage}
    if review.stages[review.stage]["rule"] != "all":
        return bool(here)
    return not eligible(review) - here


def eligible(review: Review) -> set[str]:
    """Ids of the active people of the open stage's role who may still decide on this revision."""
    role = str(review.stages[review.stage]["role"])
    barred = {*review.revision.editors, review.submitted_by}
    barred |= {decision.user_id for decision in review.decisions if decision.stage != review.stage}
    above = [part for part in review.post.unit.path.split("/") if part]
    query = select(Grant.user_id).join(User).where(Grant.role == role, Grant.unit_id.in_(above), User.active)
    return set(db.session.scalars(query)) - barred


def decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "user_id": decision.user_id,
        "user_name": decision.user.name,
        "decision": decision.decision,
        "comment": decision.comment,
        "sha256s": decision.sha256s,
        "at": decision.at.isoformat().replace("+00:00", "Z"),
    }
