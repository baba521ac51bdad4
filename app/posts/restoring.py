"""Bringing back an earlier state of a post, or what one account had of it: a new state of the draft; those in between
stay in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.accounts.models import Account
from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, NotFound
from app.media.blobs import shown_blob
from app.media.models import Media
from app.posts.adapting import compile_packs, warm
from app.posts.authoring import finish, visible_unit
from app.posts.history import (
    CHANGED,
    ON_REVISION,
    State,
    complete,
    differences,
    keep,
    names_of_media,
    snapshot_of,
    state_of,
)
from app.posts.models import Post, Snapshot
from app.posts.needing import body_without, parts_without, pictures_in
from app.posts.reaching import reaches, why_not
from app.posts.revising import choose_accounts, current_revision, editable, locked
from app.units.access import Actor
from app.units.models import Unit

_STALE = "没有恢复。其间有人改过这篇稿件。请刷新历史版本，看过最新内容后再恢复。"


def restore(actor: Actor, post_id: str, key: str, version: int, now: datetime) -> tuple[Post, list[str]]:
    """The post with the content, accounts and hand-set parts of state `key`, and words about what could not come back.

    As any edit: on a frozen revision it opens a new one (the review is void, the schedule withdrawn).
    Raises NotFound, Forbidden, Conflict (stale `version`, going out or gone out, nothing to change).
    """
    wanted = snapshot_of(actor, post_id, key)
    content, chosen, lost = _possible(actor, wanted, db.session.get_one(Post, post_id).unit)
    accounts = [channel["account_id"] for channel in chosen]
    warm(
        accounts,
        title=content["title"],
        body_html=content["body_html"],
        cover_media_id=content["cover_media_id"],
        overrides={channel["account_id"]: channel["overrides"] for channel in chosen},
    )
    compile_packs(post_id)
    with atomic():
        post = locked(actor, post_id, "post.write")
        wanted = snapshot_of(actor, post_id, key)
        if post.version != version:
            raise Conflict(_STALE, version=post.version)
        changed = differences(state_of(post), State(content=content, channels=chosen))
        if not changed:
            raise Conflict("没有恢复。稿件现在的内容与这个版本相同。不需要操作。")
        revision = editable(post, actor, now)
        for name in ON_REVISION:
            setattr(revision, name, content[name])
        post.urgent = bool(content["urgent"])
        choose_accounts(revision, accounts)
        overrides = {channel["account_id"]: channel["overrides"] for channel in chosen}
        for variant in revision.variants:
            variant.overrides = dict(overrides[variant.account_id])
        finish(actor, post, revision, now)
        keep(post, actor, "restored", now, restored=wanted.number)
        _tell(actor, post, wanted, changed, now)
    return post, lost


def restore_account(
    actor: Actor, post_id: str, key: str, account_id: str, version: int, now: datetime
) -> tuple[Post, list[str]]:
    """The post with only that changed which one account had set by hand in state `key`; text and other accounts stay.

    As any edit. Raises NotFound (no such state, the account was not in it), Forbidden, Conflict (stale `version`, the
    account is not chosen now, nothing to change, going out or gone out).
    """
    visible_unit(actor, post_id)
    _warm_account(actor, post_id, key, account_id)
    compile_packs(post_id)
    with atomic():
        post = locked(actor, post_id, "post.write")
        wanted = snapshot_of(actor, post_id, key)
        channel = _channel(wanted, account_id)
        if post.version != version:
            raise Conflict(_STALE, version=post.version)
        name = channel["account_name"]
        now_set = {one.account_id: one.overrides for one in current_revision(post).variants}
        if account_id not in now_set:
            raise Conflict(f"没有恢复。这篇稿件现在不发“{name}”。请先在稿件里选上这个账号，或恢复整个历史版本。")
        overrides, lost = _still_there(channel["overrides"])
        if overrides == now_set[account_id]:
            raise Conflict(f"没有恢复。“{name}”现在的手工设定与这个版本相同。不需要操作。")
        revision = editable(post, actor, now)
        next(one for one in revision.variants if one.account_id == account_id).overrides = overrides
        finish(actor, post, revision, now)
        keep(post, actor, "restored", now, restored=wanted.number)
        _tell(actor, post, wanted, ["overrides"], now, account=(account_id, name))
    return post, lost


def _channel(wanted: Snapshot, account_id: str) -> Mapping[str, Any]:
    """What the account had in that state. Raises NotFound."""
    found = next((one for one in wanted.channels if one["account_id"] == account_id), None)
    if found is None:
        raise NotFound
    return found


def _warm_account(actor: Actor, post_id: str, key: str, account_id: str) -> None:
    channel = _channel(snapshot_of(actor, post_id, key), account_id)
    revision = current_revision(db.session.get_one(Post, post_id))
    if all(variant.account_id != account_id for variant in revision.variants):
        return
    warm(
        [account_id],
        title=revision.title,
        body_html=revision.body_html,
        cover_media_id=revision.cover_media_id,
        overrides={account_id: _still_there(channel["overrides"])[0]},
    )


def _still_there(overrides: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Parts set by hand without pictures that are gone, and words about these."""
    gone = {sha256 for sha256 in pictures_in(overrides) if shown_blob(sha256) is None}
    return (parts_without(overrides, gone), [_lost(gone)]) if gone else (dict(overrides), [])


def _lost(gone: set[str]) -> str:
    return f"有 {len(gone)} 张图片已不在素材库，没有恢复。请另选图片插入原处。"


def _tell(
    actor: Actor,
    post: Post,
    wanted: Snapshot,
    changed: Sequence[str],
    now: datetime,
    *,
    account: tuple[str, str] = ("", ""),
) -> None:
    """`account`: the id and name of the only one, if not all was restored."""
    account_id, name = account
    what = f"的历史版本 {wanted.number}" if not account_id else f"在“{name}”的平台版本（历史版本 {wanted.number}）"
    record(
        actor,
        "post.restore",
        now=now,
        object_type="post",
        object_id=post.id,
        unit_id=post.unit_id,
        summary=f"恢复《{post.title or '未命名'}》{what}",
        after={
            "version": post.version,
            "revision": current_revision(post).number,
            "state": wanted.number,
            "fields": [name for name in CHANGED if name in changed],
            **({"account_id": account_id} if account_id else {}),
        },
    )


def _possible(actor: Actor, wanted: Snapshot, unit: Unit) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """What of a state can stand again in a post of `unit`: content, channels, and words about the rest."""
    content, lost = complete(wanted.content), []
    if content["cover_media_id"] and db.session.get(Media, content["cover_media_id"]) is None:
        content["cover_media_id"] = None
        lost.append("封面图已不在素材库，没有恢复。")
    there = names_of_media(content["attachments"])
    if len(there) < len(content["attachments"]):
        lost.append("有附件已不在素材库，没有恢复。")
    content["attachments"] = [media_id for media_id in content["attachments"] if media_id in there]
    content["attachment_names"] = there
    channels = []
    for channel in wanted.channels:
        account = db.session.get(Account, channel["account_id"])
        if account is None or not account.active or not actor.may("post.write", account.unit):
            lost.append(f"账号“{channel['account_name']}”已停用或您无权用它发稿，没有选上。")
        elif not reaches(unit, account):
            lost.append(f"没有选上。{why_not(unit, account)}")
        else:
            channels.append(channel)
    parts = [content["body_html"], [channel["overrides"] for channel in channels]]
    if gone := {sha256 for sha256 in pictures_in(parts) if shown_blob(sha256) is None}:
        content["body_html"] = body_without(content["body_html"], gone)
        channels = [{**channel, "overrides": parts_without(channel["overrides"], gone)} for channel in channels]
        lost.append(_lost(gone))
    return content, channels, lost
