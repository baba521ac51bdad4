"""The history of a post on screen, who has it open, and what to do when two people saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.models import Account
from app.db import db, utcnow
from app.errors import Invalid
from app.json_bodies import sent_object
from app.media.models import Media
from app.posts import presence, services
from app.posts.comparing import compare_states
from app.posts.conflicts import compare_with_newest
from app.posts.history import CHANGED, KINDS, State, history_of, last_change, snapshot_of
from app.posts.models import Post, Snapshot
from app.posts.preview_views import presence_words
from app.posts.restoring import restore, restore_account
from app.posts.views import GONE_OUT, REOPENABLE, media_of, question_of
from app.units.access import Actor
from app.units.permissions import current_actor, requires
from app.web import _, people_time
from connectors.labels import MADE

bp = Blueprint("post_history", __name__)

_MOST_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A channel of an old state, as the previews draw a variant."""

    account_id: str
    account: Account
    payload: dict[str, Any]
    length: dict[str, Any]


@bp.get("/posts/<post_id>/history")
@requires("post.read")
def index(post_id: str) -> ResponseReturnValue:
    """The states of a post, and any two of them compared: ?from=3&to=5, the newest and the one before it at first."""
    actor = current_actor()
    post = services.get_post(actor, post_id)
    page = history_of(actor, post_id, cursor=request.args.get("cursor"), limit=_MOST_SHOWN)
    old, new = _chosen(actor, post_id, page.items)
    sections, channels = compare_states(_state(old), _state(new)) if old is not None and new is not None else ([], [])
    return render_template(
        "posts/history.html",
        post=post,
        page=page,
        kinds=KINDS,
        words=CHANGED,
        people=services.names_of({item.actor_id for item in page.items}),
        old=old,
        new=new,
        sections=sections,
        channels=channels,
        differing=_differing(old, post),
        may_restore=_may_restore(actor, post),
        question=question_of(post),
    )


@bp.get("/posts/<post_id>/history/<number>")
@requires("post.read")
def state(post_id: str, number: str) -> ResponseReturnValue:
    """One state to be read: its text, and what each account would have got of it."""
    actor = current_actor()
    post = services.get_post(actor, post_id)
    found = snapshot_of(actor, post_id, number)
    newest = history_of(actor, post_id, limit=1).items[0]
    # Whoever may read a post sees all of it, wherever its parts come from.
    cover = db.session.get(Media, found.content["cover_media_id"]) if found.content["cover_media_id"] else None
    return render_template(
        "posts/state.html",
        post=post,
        state=found,
        kinds=KINDS,
        cover=cover,
        people=services.names_of({found.actor_id}),
        words=CHANGED,
        ai_ways=MADE,
        variants=[shown for channel in found.channels if (shown := _shown(channel)) is not None],
        newest=found.number == newest.number,
        set_now={one.account_id for one in services.current_variants(post)},
        differing=_differing(found, post),
        may_restore=_may_restore(actor, post),
        question=question_of(post),
    )


@bp.post("/posts/<post_id>/history/<number>/restoration")
@requires("post.write")
def restoration(post_id: str, number: str) -> ResponseReturnValue:
    """Bring the state, or what one account had of it, back into the draft; the form tells for which version it was drawn."""
    version = request.form.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        raise Invalid(
            _("没有恢复。请求里缺少稿件的版本号。请回到历史版本页面重试。"), errors={"version": [_("必填。")]}
        )
    actor, account_id = current_actor(), request.form.get("account_id", "")
    if account_id:
        post, lost = restore_account(actor, post_id, number, account_id, int(version), utcnow())
        name = next((one.account.name for one in services.current_variants(post) if one.account_id == account_id), "")
        said = _(
            "已恢复“%(name)s”在历史版本 %(number)s 的平台版本。稿件内容和别的账号没有改动。", name=name, number=number
        )
    else:
        post, lost = restore(actor, post_id, number, int(version), utcnow())
        said = _("已恢复到历史版本 %(number)s，作为草稿的最新内容。恢复前的内容仍在历史版本里。", number=number)
    flash(said, "ok")
    for words in lost:
        flash(words, "warn")
    return redirect(url_for("posts.show", post_id=post.id))


@bp.post("/posts/<post_id>/comparison")
@requires("post.write")
def comparison(post_id: str) -> ResponseReturnValue:
    """What the composer holds beside what somebody else saved meanwhile: {"mine": fields, "base": fields}."""
    given = sent_object()
    mine, base = given.get("mine"), given.get("base")
    if not isinstance(mine, dict) or not isinstance(base, dict | None):
        raise Invalid(_("没有比较。请求里缺少您的修改。请刷新页面后重试。"), errors={"mine": [_("必填。")]})
    actor = current_actor()
    found = compare_with_newest(actor, post_id, mine=mine, base=base or {}, now=utcnow())
    post = services.post_json(services.get_post(actor, post_id))
    labelled: list[list[dict[str, Any]]] = [
        [{**item, "label": _(item["label"]), "told": _(item["told"]) if item.get("told") else ""} for item in items]
        for items in (found.sections, found.blocks)
    ]
    return jsonify(
        {
            "version": found.version,
            "who": found.who,
            "at": people_time(found.at),
            "sections": labelled[0],
            "blocks": labelled[1],
            "post": post,
            "media": media_of(post),
        }
    )


@bp.post("/posts/<post_id>/presence")
@requires("post.write")
def beat(post_id: str) -> ResponseReturnValue:
    """The composer is open here; who else has it open."""
    typed = bool(sent_object().get("typed"))
    actor = current_actor()
    found = presence.arrive(actor, post_id, typed=typed, now=utcnow())
    newest = last_change(post_id)
    post = services.get_post(actor, post_id)
    problems, by_variant = services.problems_now(services.current_revision(post))
    return jsonify(
        {
            "others": [{"name": one.name, "words": presence_words(one)} for one in found],
            "version": post.version,
            # Links are looked at after the text was saved.
            "problems": problems,
            "by_variant": by_variant,
            "saved_by": services.names_of({newest.actor_id}).get(newest.actor_id, "") if newest is not None else "",
        }
    )


@bp.post("/posts/<post_id>/presence/end")
@requires("post.write")
def leave(post_id: str) -> ResponseReturnValue:
    """The composer was closed (sent by navigator.sendBeacon, as a form)."""
    presence.leave(current_actor(), post_id)
    return "", 204


def _chosen(actor: Actor, post_id: str, shown: list[Snapshot]) -> tuple[Snapshot | None, Snapshot | None]:
    """The two states to compare, the older one first; (None, None) while there is but one."""
    given = [value for value in (request.args.get("from"), request.args.get("to")) if value]
    keys = given if len(given) == 2 else [str(item.number) for item in shown[:2]]
    if len(keys) < 2:
        return None, None
    one, other = (snapshot_of(actor, post_id, key) for key in keys)
    if one.number == other.number and given:
        return one, other
    return (one, other) if one.number < other.number else (other, one)


def _differing(state: Snapshot | None, post: Post) -> set[str]:
    """The post's accounts for which something else was set by hand in this state than is now."""
    now_set = {one.account_id: one.overrides for one in services.current_variants(post)}
    channels = state.channels if state is not None else []
    return {
        one["account_id"] for one in channels if now_set.get(one["account_id"], one["overrides"]) != one["overrides"]
    }


def _state(snapshot: Snapshot) -> State:
    return State(content=snapshot.content, channels=snapshot.channels)


def _shown(channel: dict[str, Any]) -> Shown | None:
    account = db.session.get(Account, channel["account_id"])
    if account is None:
        return None
    return Shown(account_id=account.id, account=account, payload=channel["payload"], length=channel["length"])


def _may_restore(actor: Actor, post: Post) -> bool:
    open_ones = post.status in REOPENABLE or post.status not in GONE_OUT
    return open_ones and post.status != "publishing" and actor.may("post.write", post.unit)
