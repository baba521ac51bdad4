"""/api/v1: hand in, take back, decide, ask, remark; deputies; each unit's chain; the approval form."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from flask import request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_smorest import Blueprint

from app.db import utcnow
from app.posts.schemas import PostOut
from app.posts.services import iso, post_json, problems_now, variant_json
from app.review import deputies, remarks, services
from app.review.form import Form, approval_form
from app.review.form_docx import export_form
from app.review.handling import problems_in
from app.review.models import Deputy, Remark, Review
from app.review.schemas import (
    Approvals,
    ApprovalsIn,
    ChainIn,
    ChainOut,
    DecisionIn,
    DeputyIn,
    DeputyList,
    DeputyOut,
    EscalationIn,
    FormOut,
    FormQuery,
    RemarkIn,
    RemarkList,
    RemarkOut,
    ReviewItem,
    ReviewList,
    ReviewOut,
    ReviewQuery,
    SubmissionIn,
)
from app.states import word_of
from app.units.access import Actor, unit_for
from app.units.permissions import SIGNED_IN, current_actor, requires

blp = Blueprint("review_api", __name__, url_prefix="/api/v1", description="审核")

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@blp.post("/posts/<post_id>/submission")
@requires("post.write")
@blp.arguments(SubmissionIn, required=False)
@blp.response(200, PostOut)
def submit(given: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Hand in for review, at need as an emergency; 422 with `problems` when any blocks."""
    return post_json(services.submit(current_actor(), post_id, utcnow(), emergency=given.get("emergency")))


@blp.delete("/posts/<post_id>/submission")
@requires("post.write")
@blp.response(200, PostOut)
def withdraw(post_id: str) -> dict[str, Any]:
    """Take it back: a draft again."""
    return post_json(services.withdraw_submission(current_actor(), post_id, utcnow()))


@blp.get("/posts/<post_id>/approval-form")
@requires("post.read")
@blp.arguments(FormQuery, location="query")
@blp.response(200, FormOut)
def show_form(query: dict[str, Any], post_id: str) -> dict[str, Any]:
    """发布审批单 of one revision."""
    return _form_json(approval_form(current_actor(), post_id, utcnow(), query["revision"]))


@blp.get("/posts/<post_id>/approval-form.docx")
@requires("post.read")
@blp.arguments(FormQuery, location="query")
@blp.response(200, content_type=_DOCX, description="发布审批单 (.docx)")
def form_file(query: dict[str, Any], post_id: str) -> ResponseReturnValue:
    """发布审批单 as a Word file."""
    # An official paper: in Chinese, whatever language its reader asked for.
    with force_locale("zh_CN"):
        name, content = export_form(current_actor(), post_id, utcnow(), word_of, query["revision"])
    return send_file(io.BytesIO(content), mimetype=_DOCX, as_attachment=True, download_name=name, max_age=0)


@blp.post("/revisions/<revision_id>/decisions")
@requires(SIGNED_IN)
@blp.arguments(DecisionIn)
@blp.response(200, ReviewOut)
def decide(given: dict[str, Any], revision_id: str) -> dict[str, Any]:
    """Approve or return the stage that is open."""
    review = services.decide(
        current_actor(),
        revision_id,
        given["decision"],
        given["comment"] or "",
        given["sha256s"],
        utcnow(),
        secrecy=given["secrecy"],
        for_user_id=given["for_user_id"],
    )
    return services.review_json(review)


@blp.post("/revisions/<revision_id>/escalation")
@requires(SIGNED_IN)
@blp.arguments(EscalationIn)
@blp.response(201, ReviewOut)
def escalate(given: dict[str, Any], revision_id: str) -> dict[str, Any]:
    """请示: pass the open stage up to a reviewer of a higher unit, whose decision is the answer."""
    made = services.escalate(current_actor(), revision_id, given["user_id"], given["question"], utcnow())
    return services.review_json(made.review)


@blp.delete("/revisions/<revision_id>/escalation")
@requires(SIGNED_IN)
@blp.response(200, ReviewOut)
def withdraw_escalation(revision_id: str) -> dict[str, Any]:
    """Take the question back."""
    return services.review_json(services.withdraw_escalation(current_actor(), revision_id, utcnow()))


@blp.get("/reviews")
@requires("post.read")
@blp.arguments(ReviewQuery, location="query")
@blp.response(200, ReviewList)
def list_reviews(query: dict[str, Any]) -> dict[str, Any]:
    """What waits for the caller, what the caller handed in, what came back, what nobody decided in time."""
    lists: dict[str, Callable[[Actor], list[Review]]] = {
        "waiting": services.waiting_for,
        "mine": services.submitted_by,
        "returned": services.returned_to,
        "expired": services.expired_of,
    }
    found = lists[query["list"]](current_actor())
    return {"items": [services.review_json(review) for review in found]}


@blp.get("/reviews/<review_id>")
@requires("post.read")
@blp.response(200, ReviewItem)
def show_review(review_id: str) -> dict[str, Any]:
    """One run with what would go out. Whoever may decide on it has then seen it, as POST /reviews/approvals wants."""
    actor, now = current_actor(), utcnow()
    review = services.get_review(actor, review_id, now)
    # HEAD is no look.
    looking = request.method == "GET" and services.may_decide(actor, review, services.principals_of(actor.user_id, now))
    look = services.look_at(review)
    by_variant = problems_now(review.revision)[1]
    variants = [variant_json(variant, by_variant[variant.id]) for variant in review.revision.variants]
    answer = {**services.review_json(review), "variants": variants, "problems": problems_in(review.revision)}
    if looking:
        services.opened(actor, look, now)
    return answer


@blp.post("/reviews/approvals")
@requires(SIGNED_IN)
@blp.arguments(ApprovalsIn)
@blp.response(200, Approvals)
def approve_several(given: dict[str, Any]) -> dict[str, Any]:
    """Approve those that the caller has seen at their present stage; what became of each."""
    outcomes = services.approve_opened(
        current_actor(), given["review_ids"], given["comment"] or "", utcnow(), secrecy=given["secrecy"]
    )
    return {"items": outcomes}


@blp.get("/reviews/<review_id>/remarks")
@requires("post.read")
@blp.response(200, RemarkList)
def list_remarks(review_id: str) -> dict[str, Any]:
    """Comments on passages, in the order of the text."""
    review = services.get_review(current_actor(), review_id, utcnow())
    return {"items": [_remark_json(row) for row in remarks.remarks_of(review)]}


@blp.post("/reviews/<review_id>/remarks")
@requires("post.read")
@blp.arguments(RemarkIn)
@blp.response(201, RemarkOut)
def add_remark(given: dict[str, Any], review_id: str) -> dict[str, Any]:
    """Comment on a passage; `unknown_mentions` are names after @ that are nobody's here."""
    row, unknown = remarks.remark(current_actor(), review_id, given["quote"], given["text"], utcnow())
    return {**_remark_json(row), "unknown_mentions": unknown}


@blp.put("/reviews/<review_id>/remarks/<remark_id>/resolution")
@requires("post.read")
@blp.response(200, RemarkOut)
def resolve_remark(review_id: str, remark_id: str) -> dict[str, Any]:
    """Say that a comment was dealt with."""
    return _remark_json(remarks.resolve(current_actor(), review_id, remark_id, utcnow()))


@blp.get("/deputies")
@requires(SIGNED_IN)
@blp.response(200, DeputyList)
def list_deputies() -> dict[str, Any]:
    """代理人, standing and to come, that concern the caller or whom the caller may manage."""
    return {"items": [_deputy_json(row) for row in deputies.deputies_of(current_actor(), utcnow())]}


@blp.post("/deputies")
@requires("post.read", "review.configure")
@blp.arguments(DeputyIn)
@blp.response(201, DeputyOut)
def appoint_deputy(given: dict[str, Any]) -> dict[str, Any]:
    """By the person or an administrator of the person's unit."""
    return _deputy_json(deputies.appoint(current_actor(), now=utcnow(), **given))


@blp.delete("/deputies/<deputy_id>")
@requires("post.read", "review.configure")
@blp.response(204)
def end_deputy(deputy_id: str) -> None:
    """End it before its time."""
    deputies.end(current_actor(), deputy_id, utcnow())


@blp.get("/units/<unit_id>/review-chain")
@requires("unit.read")
@blp.response(200, ChainOut)
def show_chain(unit_id: str) -> dict[str, Any]:
    """The chain that holds for posts of this unit."""
    unit_for(current_actor(), "unit.read", unit_id)
    return _chain_json(unit_id, services.chain_of(unit_id))


@blp.put("/units/<unit_id>/review-chain")
@requires("review.configure")
@blp.arguments(ChainIn)
@blp.response(200, ChainOut)
def replace_chain(given: dict[str, Any], unit_id: str) -> dict[str, Any]:
    """Replace the unit's own chain."""
    return _chain_json(
        unit_id,
        services.set_chain(current_actor(), unit_id, given["stages"], utcnow(), after_hours=given["after_hours"]),
    )


def _chain_json(unit_id: str, chain: services.Chain) -> dict[str, Any]:
    inherited = None if chain.unit_id == unit_id else chain.unit_id
    stages = [_stage_json(stage, last=number == len(chain.stages)) for number, stage in enumerate(chain.stages, 1)]
    return {"unit_id": unit_id, "stages": stages, "inherited_from": inherited, "after_hours": chain.after_hours}


def _stage_json(stage: Mapping[str, Any], *, last: bool) -> dict[str, Any]:
    """Name, role and rule; of the rest what differs from what holds where nothing is said (no limit, the secrecy check last,
    and there not demanded of programs)."""
    told = {name: stage[name] for name in ("name", "role", "rule")}
    if stage.get("hours"):
        told |= {"hours": stage["hours"], "working": bool(stage.get("working"))}
    said = bool(stage.get("secrecy")) != last or bool(stage.get("demanded"))
    return {**told, "secrecy": bool(stage.get("secrecy"))} if said else told


def _remark_json(row: Remark) -> dict[str, Any]:
    named = ("id", "user_id", "field", "start", "end", "quote", "text", "mentions", "at", "resolved_at")
    found = {name: getattr(row, name) for name in named}
    return {**found, "user_name": row.user.name, "resolved_by": row.resolved_by or None, "unknown_mentions": []}


def _deputy_json(row: Deputy) -> dict[str, Any]:
    named = ("id", "user_id", "deputy_id", "starts_at", "ends_at", "reason", "created_by", "created_at")
    names = {"user_name": row.user.name, "deputy_name": row.deputy.name}
    return {**{name: getattr(row, name) for name in named}, **names}


def _form_json(form: Form) -> dict[str, Any]:
    return {
        "post_id": form.post.id,
        "title": form.revision.title,
        "unit": form.post.unit.name,
        "revision": form.revision.number,
        "writers": form.writers,
        "submitter": form.submitter,
        "review": services.review_json(form.review) if form.review is not None else None,
        "problems": [
            {
                "severity": one.severity,
                "message": one.message,
                "fate": one.fate,
                "revision": one.number,
                "reason": one.reason,
                "by_name": one.by_name,
                "at": iso(one.at),
            }
            for one in form.problems
        ],
        "goals": [
            {
                "account": goal.account,
                "platform": goal.platform,
                "sha256": goal.sha256,
                "status": goal.publication.status if goal.publication is not None else None,
                "published_at": iso(goal.publication.published_at) if goal.publication is not None else None,
                "url": (goal.publication.url or None) if goal.publication is not None else None,
            }
            for goal in form.goals
        ],
        "earlier": [
            {"revision": run.revision.number, "status": run.status, "expired_at": iso(run.expired_at)}
            for run in form.earlier
        ],
    }
