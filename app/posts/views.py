"""Pages of posts: the list, the composer (talks JSON to the routes below), the read view, the previews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.accounts.connections import capabilities
from app.accounts.models import Account
from app.db import utcnow
from app.errors import Invalid
from app.media.models import Media
from app.posts import presence, services
from app.posts.models import STATUSES, Post
from app.posts.reaching import reaches
from app.posts.schemas import NewPost, Overrides, PostChange
from app.posts.toolbar import SECOND, TABLE_TOOLS, TOOL_GROUPS
from app.schemas import BaseSchema
from app.units.permissions import current_actor, requires
from app.web import _, people_time
from connectors.labels import MADE

bp = Blueprint("posts", __name__)

# What can still be edited; a frozen one after a word of warning.
OPEN = ("draft", "returned")
REOPENABLE = ("in_review", "approved", "scheduled", "failed")
GONE_OUT = ("published", "partly_published", "failed", "withdrawn")


@bp.get("/posts")
@requires("post.read")
def index() -> ResponseReturnValue:
    actor = current_actor()
    status, q = request.args.get("status", ""), request.args.get("q", "").strip()
    attention = True if status == "needs_attention" else None
    page = services.posts_of(
        actor,
        status="" if attention else status,
        needs_attention=attention,
        q=q,
        cursor=request.args.get("cursor"),
        limit=30,
    )
    return render_template(
        "posts/index.html",
        page=page,
        statuses=(*STATUSES, "needs_attention"),
        status=status,
        q=q,
        publications=services.publications_of([post.id for post in page.items]),
        authors=services.names_of({post.created_by for post in page.items}),
        may_write=actor.holds("post.write"),
    )


@bp.get("/posts/new")
@requires("post.write")
def new() -> ResponseReturnValue:
    actor = current_actor()
    units = services.writable_units(actor)
    chosen = [item for item in request.args.getlist("account") if item]
    wanted = request.args.get("unit_id") or actor.unit_id
    named = [account for account in services.writable_accounts(actor) if account.id in chosen]
    # The home unit first, then the others; one that may send to what the link names before all.
    units.sort(key=lambda unit: (not all(reaches(unit, account) for account in named), unit.id != wanted))
    unit_id = units[0].id if units else ""
    blank: dict[str, Any] = {
        "id": "",
        "version": 0,
        "status": "draft",
        "unit_id": unit_id,
        "account_ids": chosen,
        "corrects_id": None,
        "variants": [],
    }
    original = services.visible_post(actor, request.args.get("corrects"))
    return _composer(blank | (services.correction_of(actor, original) if original is not None else {}), None)


@bp.get("/posts/<post_id>")
@requires("post.read")
def show(post_id: str) -> ResponseReturnValue:
    """The composer for who may write it and while it is open; else what it says and where it stands."""
    actor = current_actor()
    post = services.get_post(actor, post_id)
    may_write = actor.may("post.write", post.unit)
    if may_write and (post.status in OPEN or (post.status in REOPENABLE and request.args.get("edit"))):
        return _composer(services.post_json(post), post)
    revision = services.current_revision(post)
    return render_template(
        "posts/show.html",
        post=post,
        revision=revision,
        # Whoever may read a post sees all of it, wherever its parts come from.
        cover=services.cover_of(revision),
        attachments=services.attachments_of(revision),
        ai_label=services.ai_label(revision),
        problems=services.problems_now(revision)[0],
        revisions=services.revisions_of(actor, post_id).items,
        people=services.names_of({post.created_by, *revision.editors}),
        corrected=services.visible_post(actor, post.corrects_id),
        may_edit=may_write and post.status in REOPENABLE,
        present=presence.others(actor, post_id, utcnow()),
        may_preview=may_write or actor.may("review.decide", post.unit),
        may_template=actor.may("template.manage", post.unit),
        may_correct=may_write and post.status in GONE_OUT and _was_public(post),
    )


def _was_public(post: Post) -> bool:
    """Whether anybody can have read it anywhere: only then is there something to correct."""
    return any(item.published_at for item in services.publications_of([post.id]).get(post.id, ()))


@bp.get("/posts/<post_id>/previews")
@requires("post.read")
def previews(post_id: str) -> ResponseReturnValue:
    """The true previews as a fragment: what is shown is the payload itself."""
    post = services.get_post(current_actor(), post_id)
    return render_template("posts/_previews.html", variants=services.current_variants(post))


@bp.post("/posts")
@requires("post.write")
def create() -> ResponseReturnValue:
    fields = loaded(NewPost())
    return jsonify(answer_of(services.create_post(current_actor(), fields, utcnow()))), 201


@bp.patch("/posts/<post_id>")
@requires("post.write")
def change(post_id: str) -> ResponseReturnValue:
    fields = loaded(PostChange())
    version = fields.pop("version")
    return jsonify(answer_of(services.revise_post(current_actor(), post_id, fields, version, utcnow())))


@bp.patch("/posts/<post_id>/variants/<variant_id>")
@requires("post.write")
def override(post_id: str, variant_id: str) -> ResponseReturnValue:
    fields = loaded(Overrides())
    post = services.override_variant(
        current_actor(), post_id, variant_id, fields["overrides"], utcnow(), fields["version"]
    )
    return jsonify(answer_of(post))


@bp.get("/posts/audiences/<account_id>")
@requires("post.write")
def audiences(account_id: str) -> ResponseReturnValue:
    """The tags that a mass send of this account may be limited to, asked of the platform now."""
    return jsonify({"tags": services.audiences_of(current_actor(), account_id, utcnow())})


def _composer(shown: dict[str, Any], post: Post | None) -> ResponseReturnValue:
    actor = current_actor()
    accounts = services.writable_accounts(actor)
    data = {
        "post": shown,
        "accounts": [_account_json(account) for account in accounts],
        "media": media_of(shown),
        "sites": services.sites_by_unit(actor),
        "locked": ((post.template or {}).get("locked") or []) if post is not None else [],
    }
    return render_template(
        "posts/compose.html",
        data=data,
        post=post,
        accounts=accounts,
        units=services.writable_units(actor),
        unit_id=shown["unit_id"],
        corrected=services.visible_post(actor, shown.get("corrects_id")),
        question=question_of(post) if post is not None else "",
        chosen=set(shown["account_ids"]),
        tool_groups=TOOL_GROUPS,
        second_tools=SECOND,
        table_tools=TABLE_TOOLS,
        ai_ways=MADE,
    )


def question_of(post: Post) -> str:
    """What is asked before a change of a post that is under way: what the change would undo; "" for a draft."""
    if post.status not in REOPENABLE:
        return ""
    hours = [item.due_at for item in services.publications_of([post.id]).get(post.id, ())]
    if post.status == "scheduled" and hours:
        return _("这篇稿件已排期 %(at)s，修改将撤下排期并重新送审。继续修改？", at=people_time(min(hours)))
    if post.status == "in_review":
        return _("这篇稿件正在审核，修改将作废已有的审核意见并重新送审。继续修改？")
    return _("这篇稿件已送审或已通过，修改将成为新版本，须重新送审。继续修改？")


def answer_of(post: Post) -> dict[str, Any]:
    """What the composer needs after saving."""
    shown = services.post_json(post)
    return {"post": shown, "url": url_for("posts.show", post_id=post.id), "media": media_of(shown)}


def media_of(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Cover, attachments and pictures of a post by their id."""
    actor = current_actor()
    ids = {shown.get("cover_media_id"), *shown.get("attachments", [])} - {None}
    found = [services.media_by_id(actor, str(media_id)) for media_id in ids]
    found += services.pictures_in(actor, shown.get("body_html", ""))
    return {media.id: _media_json(media) for media in found if media is not None}


def _account_json(account: Account) -> dict[str, Any]:
    able = capabilities(account)
    limits = {limit.field: limit.limit for limit in able.limits}
    return {
        "id": account.id,
        "name": account.name,
        "platform": account.platform,
        "limits": limits,
        "forms": _options(able.forms),
        "choices": [
            {
                "key": choice.key,
                "label": _(choice.label),
                "part": choice.part,
                "automatic": _(choice.automatic),
                "options": _options(choice.options),
            }
            for choice in able.choices
        ],
        "audience": services.AUDIENCE_OFFER in able.offers,
    }


def _options(forms: Sequence[Any]) -> list[dict[str, str]]:
    return [{"key": form.key, "label": _(form.label)} for form in forms]


def _media_json(media: Media) -> dict[str, Any]:
    return {
        "id": media.id,
        "url": f"/media/{media.sha256}",
        "sha256": media.sha256,
        "name": media.name,
        "alt": media.alt,
        "content_type": media.blob.content_type,
    }


def loaded(schema: BaseSchema) -> dict[str, Any]:
    """The request's JSON through the API's own form. Raises Invalid naming the fields."""
    try:
        loaded: dict[str, Any] = schema.load(request.get_json(silent=True) or {})
    except ValidationError as error:
        errors = error.messages if isinstance(error.messages, dict) else {"": error.messages}
        raise Invalid(_("没有保存。有字段不符合要求。请按提示改正。"), errors=errors) from None
    return loaded
