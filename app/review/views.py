"""Pages of review: the queue, one item with its decision, several at once, a fragment for the post's page."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import ContentBlocked, TandemError
from app.posts import services as posts
from app.review import remarks, services
from app.review.changes import changes
from app.review.handling import handled_in, problems_in
from app.review.models import Review
from app.units.access import Actor
from app.units.permissions import current_actor, proven, requires
from app.web import _, quoted

bp = Blueprint("review", __name__)

LISTS = ("waiting", "mine", "returned", "expired")


@bp.get("/review")
@requires("post.read")
def index() -> ResponseReturnValue:
    """What waits for me, what I handed in, what came back, what nobody decided in time."""
    return _queue()


@bp.get("/review/<review_id>")
@requires("post.read")
def show(review_id: str) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    review = services.get_review(actor, review_id, now)
    principals = services.principals_of(actor.user_id, now)
    # Only what somebody really looked at may be approved together with others, as the page shows it; HEAD is no look.
    looking = request.method == "GET" and services.may_decide(actor, review, principals)
    look = services.look_at(review)
    page = item_page(review)
    if looking:
        services.opened(actor, look, now)
    return page


@bp.post("/review/<review_id>")
@requires("post.read")
@proven
def decide(review_id: str) -> ResponseReturnValue:
    """The decision of the form, bound to the hashes that the form shows."""
    actor, form, now = current_actor(), request.form, utcnow()
    review = services.get_review(actor, review_id, now)
    shown = {key.removeprefix("sha256-"): value for key, value in form.items() if key.startswith("sha256-")}
    stage, before = form.get("stage", ""), review.stage
    try:
        review = services.decide(
            actor,
            review.revision_id,
            form.get("decision", ""),
            form.get("comment", ""),
            shown,
            now,
            stage=int(stage) if stage.isdecimal() and len(stage) < 3 else None,
            secrecy=bool(form.get("secrecy")),
            for_user_id=form.get("for_user_id") or None,
        )
    except TandemError as refusal:
        return item_page(services.get_review(actor, review_id, now), refusal, form.get("comment", ""))
    # The next post of the queue is shown under these words: they name the one just decided.
    said = _said(review, moved=review.stage > before)
    waiting = services.waiting_for(actor)
    if waiting:
        said = _("%(said)s接下来是《%(next)s》。", said=said, next=quoted(waiting[0].revision.title))
    flash(said, "ok")
    return redirect(url_for("review.show", review_id=waiting[0].id) if waiting else url_for("review.index"))


@bp.post("/review/approvals")
@requires("post.read")
@proven
def approve_several() -> ResponseReturnValue:
    """Those that were ticked and that this person had open; what became of each is told."""
    form = request.form
    try:
        outcomes = services.approve_opened(
            current_actor(),
            form.getlist("review_ids"),
            form.get("comment", ""),
            utcnow(),
            secrecy=bool(form.get("secrecy")),
        )
    except TandemError as refusal:
        return _queue(refusal)
    return render_template("review/approvals.html", outcomes=outcomes, comment=form.get("comment", "").strip())


@bp.post("/review/<review_id>/escalation")
@requires("post.read")
def escalate(review_id: str) -> ResponseReturnValue:
    actor, form, now = current_actor(), request.form, utcnow()
    review = services.get_review(actor, review_id, now)
    try:
        made = services.escalate(actor, review.revision_id, form.get("user_id", ""), form.get("question", ""), now)
    except TandemError as refusal:
        return item_page(services.get_review(actor, review_id, now), refusal, question=form.get("question", ""))
    flash(_("已向%(name)s请示。答复之前，这一环节由其决定。", name=made.asked.name), "ok")
    return redirect(url_for("review.show", review_id=review_id))


@bp.post("/review/<review_id>/escalation/withdrawal")
@requires("post.read")
def withdraw_escalation(review_id: str) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    review = services.get_review(actor, review_id, now)
    services.withdraw_escalation(actor, review.revision_id, now)
    flash(_("已撤回请示。这一环节仍由本环节审核人审核。"), "ok")
    return redirect(url_for("review.show", review_id=review_id))


@bp.get("/posts/<post_id>/review-panel")
@requires("post.read")
def panel(post_id: str) -> ResponseReturnValue:
    """A fragment of the post's page: the chain as stamps, and taking it back."""
    actor = current_actor()
    post = posts.get_post(actor, post_id)
    review = services.review_of(posts.current_revision(post).id) or services.last_returned(post.id)
    back = review is not None and review.status == "returned"
    principals = services.principals_of(actor.user_id, utcnow())
    return render_template(
        "review/_panel.html",
        post=post,
        review=review,
        people=_people(review) if review is not None else {},
        left=remarks.left_open([review, *services.earlier_of(review.revision)]) if review is not None and back else [],
        remark_fields=remarks.FIELDS,
        may_decide=review is not None and services.may_decide(actor, review, principals),
        may_withdraw=actor.may("post.write", post.unit) and post.status in ("in_review", "approved"),
        now=utcnow(),
    )


@bp.post("/posts/<post_id>/submission")
@requires("post.write")
def submit(post_id: str) -> ResponseReturnValue:
    """Hand in; answers JSON to the composer."""
    try:
        post = services.submit(current_actor(), post_id, utcnow(), described=True)
    except ContentBlocked as refusal:
        if request.accept_mimetypes.best == "application/json":
            raise
        flash(refusal.message, "error")
        first = [*services.blocking(refusal.extra["problems"]), *refusal.extra["problems"]][0]
        # The composer goes to the place.
        return redirect(url_for("posts.show", post_id=post_id, _anchor=f"problem-{first.get('key') or first['rule']}"))
    flash(_("已提交审核。"), "ok")
    if request.accept_mimetypes.best == "application/json":
        return jsonify({"post": posts.post_json(post)})
    return redirect(url_for("posts.show", post_id=post_id))


@bp.post("/posts/<post_id>/submission/withdrawal")
@requires("post.write")
def withdraw(post_id: str) -> ResponseReturnValue:
    services.withdraw_submission(current_actor(), post_id, utcnow())
    flash(_("已撤回。稿件回到草稿，修改后可重新送审。"), "ok")
    return redirect(url_for("posts.show", post_id=post_id))


def _queue(refusal: TandemError | None = None) -> ResponseReturnValue:
    actor = current_actor()
    lists = {
        "waiting": services.waiting_for(actor),
        "mine": services.submitted_by(actor),
        "returned": services.returned_to(actor),
        "expired": services.expired_of(actor),
    }
    shown = request.args.get("list", "")
    if shown not in LISTS:
        shown = "waiting" if lists["waiting"] or actor.holds("review.decide") else "mine"
    rows = lists[shown]
    page = render_template(
        "review/index.html",
        rows=rows,
        shown=shown,
        counts={key: len(value) for key, value in lists.items()},
        people=posts.names_of({review.submitted_by for review in rows}),
        opened=services.opened_ids(actor, rows) if shown == "waiting" else set(),
        secret={review.id for review in rows if services.asks_secrecy(review.stages, review.stage)},
        may_approve_replies=actor.holds("reply.approve"),
        refusal=refusal,
        comment=request.form.get("comment", ""),
        now=utcnow(),
    )
    return page, refusal.status if refusal else 200


def _said(review: Review, *, moved: bool) -> str:
    """What the decision that was just taken brought about. `moved`: another stage is open now."""
    title = quoted(review.post.title)
    if review.disapproved:
        return _("《%(title)s》补审已退回。稿件已经发出，请发布人决定是否撤回。", title=title)
    if review.status == "returned":
        return _("《%(title)s》已退回拟稿人。", title=title)
    if review.passed_early and review.status == "approved":
        return _("《%(title)s》补审已全部通过。", title=title)
    if review.status == "approved":
        return _("《%(title)s》已全部通过，可以排期发布。", title=title)
    if review.emergency and moved and review.stage == 1:
        return _("《%(title)s》已先行通过，现在可以排期发布；其余环节事后补审。", title=title)
    return _("《%(title)s》：已记录您的意见，转入下一环节。", title=title)


def item_page(
    review: Review, refusal: TandemError | None = None, comment: str = "", question: str = ""
) -> ResponseReturnValue:
    actor, revision, now = current_actor(), review.revision, utcnow()
    principals = services.principals_of(actor.user_id, now)
    base = services.base_of(revision)
    why_not = services.why_not(actor, review, principals)
    asked = services.open_escalation(review) if review.status == "open" else None
    earlier = services.earlier_of(revision)
    page = render_template(
        "review/show.html",
        review=review,
        post=review.post,
        revision=revision,
        queue=services.waiting_for(actor),
        base=base,
        base_approved=base is not None and services.approval_of(base.id) is not None,
        changes=changes(base, revision) if base else [],
        problems=_problems(review),
        # What was mended before this very version was handed in stands in none that a reviewer saw.
        mended=[one for one in handled_in(revision) if one.fate == "fixed" and one.number < revision.number],
        came_back=next((run for run in earlier if run.status == "returned"), None),
        left=remarks.left_open(earlier),
        # All that goes out, also what comes from a library that this person cannot enter.
        attachments=posts.attachments_of(revision),
        ai_label=posts.ai_label(revision),
        why_not=why_not,
        able_for=[] if why_not else services.able_for(actor, review, principals),
        secrecy=services.asks_secrecy(review.stages, review.stage),
        asked=asked,
        # Whoever is to answer has nothing to take back.
        may_free=asked is not None and bool(why_not) and services.may_withdraw_escalation(actor, review, principals),
        askable=[]
        if why_not or asked
        else [(one.id, f"{one.name} · {one.unit.name}") for one in services.askable(review)],
        may_open=actor.may("post.read", review.post.unit),
        me=actor.user_id,
        people=_people(review),
        refusal=refusal,
        comment=comment,
        question=question,
        quote=request.form.get("quote", ""),
        remark_text=request.form.get("text", ""),
        **_remarked(actor, review, now),
        now=now,
    )
    return page, refusal.status if refusal else 200


def _remarked(actor: Actor, review: Review, now: datetime) -> dict[str, Any]:
    rows = remarks.remarks_of(review)
    return {
        "remarks": rows,
        "marked_texts": remarks.shown(review.revision, rows),
        "remark_fields": remarks.FIELDS,
        "may_remark": review.status == "open" and remarks.may_remark(actor, review, now),
        "may_resolve": lambda row: remarks.may_resolve(actor, row, now),
    }


def _people(review: Review) -> dict[str, str]:
    stood_for = {one.for_user_id for one in review.decisions if one.for_user_id}
    return posts.names_of({review.submitted_by, *review.revision.editors, *stood_for})


def _problems(review: Review) -> list[dict[str, Any]]:
    """Every problem once, those of single accounts with the account's name."""
    found = problems_in(review.revision)
    # A licence may have ended since the post was handed in.
    ended = (asdict(problem) for problem in posts.licence_problems(review.revision))
    return found + [problem for problem in ended if problem not in found]
