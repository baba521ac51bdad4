"""Pages of review: the queue, one item with its decision, a fragment for the post's page, the chain of a unit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.db import db, utcnow
from app.errors import ContentBlocked, TandemError
from app.posts import services as posts
from app.review import services
from app.review.changes import changes
from app.review.models import Review
from app.units.access import Actor, visible
from app.units.models import Unit
from app.units.permissions import current_actor, proven, requires
from app.web import _, quoted

bp = Blueprint("review", __name__)

LISTS = ("waiting", "mine", "returned")


@bp.get("/review")
@requires("post.read")
def index() -> ResponseReturnValue:
    """What waits for me, what I handed in, what came back."""
    actor = current_actor()
    shown = request.args.get("list", "")
    if shown not in LISTS:
        shown = "waiting" if actor.holds("review.decide") else "mine"
    lists = {
        "waiting": services.waiting_for(actor),
        "mine": services.submitted_by(actor),
        "returned": services.returned_to(actor),
    }
    rows = lists[shown]
    return render_template(
        "review/index.html",
        rows=rows,
        shown=shown,
        counts={key: len(value) for key, value in lists.items()},
        people=posts.names_of({review.submitted_by for review in rows}),
    )


@bp.get("/review/<review_id>")
@requires("post.read")
def show(review_id: str) -> ResponseReturnValue:
    return _item(services.get_review(current_actor(), review_id))


@bp.post("/review/<review_id>")
@requires("review.decide")
@proven
def decide(review_id: str) -> ResponseReturnValue:
    """The decision of the form, bound to the hashes that the form shows."""
    actor, form = current_actor(), request.form
    review = services.get_review(actor, review_id)
    shown = {key.removeprefix("sha256-"): value for key, value in form.items() if key.startswith("sha256-")}
    stage = form.get("stage", "")
    try:
        review = services.decide(
            actor,
            review.revision_id,
            form.get("decision", ""),
            form.get("comment", ""),
            shown,
            utcnow(),
            stage=int(stage) if stage.isdecimal() and len(stage) < 3 else None,
        )
    except TandemError as refusal:
        return _item(services.get_review(actor, review_id), refusal, form.get("comment", ""))
    # The next post of the queue is shown under these words: they name the one just decided.
    title = quoted(review.post.title)
    words = {
        "approved": _("《%(title)s》已全部通过，可以排期发布。", title=title),
        "returned": _("《%(title)s》已退回拟稿人。", title=title),
    }
    said = words.get(review.status, _("《%(title)s》：已记录您的意见，转入下一环节。", title=title))
    waiting = services.waiting_for(actor)
    if waiting:
        said = _("%(said)s接下来是《%(next)s》。", said=said, next=quoted(waiting[0].revision.title))
    flash(said, "ok")
    return redirect(url_for("review.show", review_id=waiting[0].id) if waiting else url_for("review.index"))


@bp.get("/posts/<post_id>/review-panel")
@requires("post.read")
def panel(post_id: str) -> ResponseReturnValue:
    """A fragment of the post's page: the chain as stamps, and taking it back."""
    actor = current_actor()
    post = posts.get_post(actor, post_id)
    review = services.review_of(posts.current_revision(post).id) or services.last_returned(post.id)
    return render_template(
        "review/_panel.html",
        post=post,
        review=review,
        may_decide=review is not None and services.may_decide(actor, review),
        may_withdraw=actor.may("post.write", post.unit) and post.status in ("in_review", "approved"),
    )


@bp.post("/posts/<post_id>/submission")
@requires("post.write")
def submit(post_id: str) -> ResponseReturnValue:
    """Hand in; answers JSON to the composer."""
    try:
        post = services.submit(current_actor(), post_id, utcnow())
    except ContentBlocked as refusal:
        if request.accept_mimetypes.best == "application/json":
            raise
        flash(refusal.message, "error")
        return redirect(url_for("posts.show", post_id=post_id))
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


@bp.get("/settings/review-chain")
@requires("unit.read")
def chain() -> ResponseReturnValue:
    return _chain_page(current_actor(), request.args.get("unit_id", ""))


@bp.post("/settings/review-chain")
@requires("review.configure")
@proven
def set_chain() -> ResponseReturnValue:
    """Up to five rows of the form; rows without a name are left out; none at all: inherit."""
    actor, form = current_actor(), request.form
    unit_id = form.get("unit_id", "")
    columns = zip(form.getlist("name"), form.getlist("role"), form.getlist("rule"), strict=False)
    rows = [{"name": name, "role": role, "rule": rule} for name, role, rule in columns if name.strip()]
    try:
        services.set_chain(actor, unit_id, [] if form.get("inherit") else rows, utcnow())
    except TandemError as refusal:
        return _chain_page(actor, unit_id, refusal, rows)
    flash(_("审核流程已保存。正在进行的审核仍按原流程走完。"), "ok")
    return redirect(url_for("review.chain", unit_id=unit_id))


def _item(review: Review, refusal: TandemError | None = None, comment: str = "") -> ResponseReturnValue:
    actor = current_actor()
    revision = review.revision
    base = services.base_of(revision)
    page = render_template(
        "review/show.html",
        review=review,
        post=review.post,
        revision=revision,
        queue=services.waiting_for(actor) if actor.holds("review.decide") else [],
        base=base,
        changes=changes(base, revision) if base else [],
        problems=_problems(review),
        # All that goes out, also what comes from a library that this person cannot enter.
        attachments=posts.attachments_of(revision),
        ai_label=posts.ai_label(revision),
        why_not=services.why_not(actor, review),
        people=posts.names_of({review.submitted_by, *revision.editors}),
        refusal=refusal,
        comment=comment,
    )
    return page, refusal.status if refusal else 200


def _problems(review: Review) -> list[dict[str, Any]]:
    """Every problem once, those of single accounts with the account's name."""
    own, by_variant = posts.problems_now(review.revision)
    found = list(own)
    for variant in review.revision.variants:
        found += [
            {**problem, "message": f"{variant.account.name}：{problem['message']}"}
            for problem in by_variant[variant.id]
            if problem not in own
        ]
    # A licence may have ended since the post was handed in.
    ended = (asdict(problem) for problem in posts.licence_problems(review.revision))
    return found + [problem for problem in ended if problem not in found]


def _chain_page(
    actor: Actor, unit_id: str, refusal: TandemError | None = None, rows: list[dict[str, str]] | None = None
) -> ResponseReturnValue:
    units = list(db.session.scalars(select(Unit).where(visible(actor, "unit.read", Unit.id)).order_by(Unit.path)))
    wanted = unit_id or actor.unit_id
    unit = next((item for item in units if item.id == wanted), units[0] if units else None)
    found = services.chain_of(unit.id) if unit else services.Chain(unit_id="", stages=[])
    origin = db.session.get(Unit, found.unit_id) if found.unit_id else None
    page = render_template(
        "review/chain.html",
        units=units,
        unit=unit,
        chain=found,
        origin=origin,
        rows=rows if rows is not None else found.stages,
        deciding=services.DECIDING,
        may_configure=unit is not None and actor.may("review.configure", unit),
        refusal=refusal,
    )
    return page, refusal.status if refusal else 200
