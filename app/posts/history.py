"""The states of a post (历史版本): what is kept of them, and how they are found again.

Kept are every submission, return, approval, withdrawal and restoration, and of the savings in between one state for
each person and ten minutes: while the same person goes on editing the same revision, the state is written over; after
ten minutes, or when somebody else saves, the next begins. A state that was left is never changed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer

from app.db import Page, db
from app.errors import NotFound
from app.media.models import Media
from app.media.uses import record_holds
from app.paging import is_number, number_of
from app.posts.models import Post, Revision, Snapshot
from app.posts.needing import keys_in
from app.posts.revising import current_revision
from app.units.access import Actor
from app.words import N_
from connectors.labels import NONE

THIN = timedelta(minutes=10)
ON_REVISION = (
    "title", "summary", "body_html", "source", "author", "cover_media_id", "tags", "attachments", "ai_text", "ai_images",
)  # fmt: skip
# What states of before these fields mean by saying nothing of them.
SINCE: dict[str, Any] = {"ai_text": NONE, "ai_images": NONE}

KINDS = {
    "created": N_("新建"),
    "edited": N_("修改"),
    "submitted": N_("提交审核"),
    "returned": N_("退回"),
    "approved": N_("审核通过"),
    "withdrawn": N_("撤回送审"),
    "restored": N_("恢复"),
}
# What may differ between two states, as `changed` names it, in the order in which it is told.
CHANGED = {
    "title": N_("标题"),
    "summary": N_("摘要"),
    "body_html": N_("正文"),
    "source": N_("信息来源"),
    "author": N_("作者"),
    "tags": N_("标签"),
    "cover_media_id": N_("封面"),
    "attachments": N_("附件"),
    "ai_text": N_("文字使用 AI"),
    "ai_images": N_("图片使用 AI"),
    "urgent": N_("紧急"),
    "accounts": N_("发布渠道"),
    "overrides": N_("平台版本"),
}


@dataclass(frozen=True, kw_only=True)
class State:
    """What a post says: `content` the fields of a revision, `attachment_names` {media id: name} and `urgent`;
    `channels` one for each account with account_id, account_name, platform, overrides, payload, length, sha256."""

    content: dict[str, Any]
    channels: list[dict[str, Any]]


def state_of(post: Post) -> State:
    """The post as it stands."""
    revision = current_revision(post)
    content: dict[str, Any] = {name: getattr(revision, name) for name in ON_REVISION}
    content["attachment_names"] = names_of_media(revision.attachments)
    content["urgent"] = post.urgent
    return State(content=content, channels=_channels(revision))


def names_of_media(media_ids: list[str]) -> dict[str, str]:
    if not media_ids:
        return {}
    return {media.id: media.name for media in db.session.scalars(select(Media).where(Media.id.in_(media_ids)))}


def keep(post: Post, actor: Actor, kind: str, now: datetime, *, restored: int | None = None) -> None:
    """Remember the post as it stands, in the transaction of the act itself."""
    query = select(Snapshot).where(Snapshot.post_id == post.id).order_by(Snapshot.number.desc()).limit(2)
    last, before = [*db.session.scalars(query), None, None][:2]
    state, number = state_of(post), current_revision(post).number
    if kind == "edited" and last is not None:
        # A new revision is a new state, though it should say the same as the old one.
        same = not differences(State(content=last.content, channels=last.channels), state)
        if same and last.revision_number == number:
            return
        if _goes_on(last, actor, number, now):
            _write(last, before, state, now)
            record_holds("state", last.id, keys_in(state.content, state.channels))
            return
    snapshot = Snapshot(
        post_id=post.id,
        number=last.number + 1 if last is not None else 1,
        kind=kind,
        revision_number=number,
        actor_id=actor.user_id,
        restored_number=restored,
        started_at=now,
    )
    _write(snapshot, last, state, now)
    db.session.add(snapshot)
    db.session.flush()
    record_holds("state", snapshot.id, keys_in(state.content, state.channels))


def differences(old: State, new: State) -> list[str]:
    """Names of what differs, as in CHANGED."""
    before_content = complete(old.content)
    found = [name for name in CHANGED if name in new.content and before_content.get(name) != new.content[name]]
    if _ids(old) != _ids(new):
        found.append("accounts")
    before = {channel["account_id"]: channel["overrides"] for channel in old.channels}
    if any(before.get(channel["account_id"], {}) != channel["overrides"] for channel in new.channels):
        found.append("overrides")
    return found


def complete(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a state, whenever it was kept."""
    return {**SINCE, **content}


def history_of(actor: Actor, post_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Snapshot]:
    """The states of a post, newest first, without their texts. Raises NotFound, Invalid (cursor)."""
    post = _readable(actor, post_id)
    limit = max(1, min(limit, 200))
    query = select(Snapshot).where(Snapshot.post_id == post.id).order_by(Snapshot.number.desc())
    if cursor:
        query = query.where(Snapshot.number < number_of(cursor))
    query = query.options(defer(Snapshot.content), defer(Snapshot.channels)).limit(limit + 1)
    rows = list(db.session.scalars(query))
    return Page(items=rows[:limit], next_cursor=str(rows[limit - 1].number) if len(rows) > limit else None)


def snapshot_of(actor: Actor, post_id: str, key: str) -> Snapshot:
    """One state, by its id or its number in the post. Raises NotFound."""
    post = _readable(actor, post_id)
    which = Snapshot.number == int(key) if is_number(key) else Snapshot.id == key
    found = db.session.scalars(select(Snapshot).where(Snapshot.post_id == post.id, which)).one_or_none()
    if found is None:
        raise NotFound
    return found


def last_change(post_id: str) -> Snapshot | None:
    """The newest state of a post."""
    query = select(Snapshot).where(Snapshot.post_id == post_id).order_by(Snapshot.number.desc()).limit(1)
    return db.session.scalars(query).one_or_none()


def _readable(actor: Actor, post_id: str) -> Post:
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    actor.require("post.read", post.unit, see="post.read")
    return post


def _goes_on(last: Snapshot, actor: Actor, number: int, now: datetime) -> bool:
    """Whether an edit belongs to the state that the same person began a short while ago."""
    same = last.actor_id == actor.user_id and last.revision_number == number
    return same and last.kind in ("created", "edited") and now - last.started_at < THIN


def _write(snapshot: Snapshot, before: Snapshot | None, state: State, now: datetime) -> None:
    snapshot.content, snapshot.channels, snapshot.at = state.content, state.channels, now
    old = State(content=before.content, channels=before.channels) if before is not None else None
    snapshot.changed = differences(old, state) if old is not None else []


def _ids(state: State) -> list[str]:
    return [channel["account_id"] for channel in state.channels]


def _channels(revision: Revision) -> list[dict[str, Any]]:
    return [
        {
            "account_id": variant.account_id,
            "account_name": variant.account.name,
            "platform": variant.account.platform,
            "overrides": dict(variant.overrides),
            "payload": dict(variant.payload),
            "length": dict(variant.length),
            "sha256": variant.sha256,
        }
        for variant in revision.variants
    ]
