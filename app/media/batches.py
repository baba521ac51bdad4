"""One act on many items: into a folder, tags on or off, removal. What stays is told with its reason; folder and tags can be
taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from app.db import atomic, db
from app.errors import Conflict, Invalid, NotFound, TandemError
from app.media.fields import MOST_TAGS, checked
from app.media.models import Media, MediaBatch
from app.media.removing import remove
from app.media.services import edit, get_media
from app.units.access import Actor
from app.words import N_

ACTS = ("move", "out", "tag", "untag", "remove")
# So many at once: each removal is a transaction of its own, and a person can still read what became of each.
MOST = 200
# How long one's acts can be looked at and taken back.
_KEPT = timedelta(days=7)
_SO_ALREADY = {
    "move": N_("本来就在这个文件夹。"),
    "out": N_("本来就不在文件夹里。"),
    "tag": N_("本来就有这些标签。"),
    "untag": N_("本来就没有这些标签。"),
}


def act_on(
    actor: Actor, ids: Sequence[str], act: str, *, folder: str = "", tags: str | Sequence[str] = (), now: datetime
) -> MediaBatch:
    """Do `act` (one of ACTS) to these items, as far as the person may and nothing stands against it: move into `folder`,
    out of any, `tags` on or off, remove. Raises Invalid when nothing is chosen, too much, or folder or tags will not do."""
    wanted = sorted({one for one in ids if one})
    if act not in ACTS:
        raise Invalid("没有改动。没有这种批量操作。请刷新页面后重试。")
    if not wanted:
        raise Invalid("没有改动。还没有选中素材。请先勾选要处理的素材。", errors={"ids": ["请先勾选素材。"]})
    if len(wanted) > MOST:
        raise Invalid(f"没有改动。一次最多处理 {MOST} 个素材，现在选了 {len(wanted)} 个。请分几次处理。")
    given = _given(act, folder, tags)
    if act == "remove":
        batch = _each(actor, wanted, lambda media: _remove(actor, media, now))
    else:
        with atomic():
            # In one order, so that two people's acts do not wait for each other for ever.
            rows = select(Media).where(Media.id.in_(wanted)).order_by(Media.id).with_for_update(key_share=True)
            db.session.scalars(rows.execution_options(populate_existing=True)).all()
            batch = _each(actor, wanted, lambda media: _change(actor, media, act, given, now))
    batch.act, batch.given, batch.created_by, batch.created_at = act, given, actor.user_id, now
    with atomic():
        old = MediaBatch.created_at < now - _KEPT
        db.session.execute(delete(MediaBatch).where(MediaBatch.created_by == actor.user_id, old))
        db.session.add(batch)
    return batch


def take_back(actor: Actor, batch_id: str, now: datetime) -> MediaBatch:
    """Folder or tags as they were, where nobody has changed them since. Raises NotFound; Conflict for a removal, or the
    second time."""
    with atomic():
        batch = db.session.get(MediaBatch, batch_id, with_for_update=True, populate_existing=True)
        if batch is None or batch.created_by != actor.user_id:
            raise NotFound
        if batch.act == "remove":
            raise Conflict("没有撤销。删除的素材已经清除，不能恢复。需要时请重新上传。")
        if batch.undone_at is not None:
            raise Conflict("没有再次撤销。这次批量操作已经撤销过。请刷新素材库查看。")
        changes = {item["id"]: item for item in batch.done}
        back = _each(actor, sorted(changes), lambda media: _restore(actor, media, batch.act, changes[media.id], now))
        batch.undone, batch.stayed, batch.undone_at = len(back.done), back.stayed, now
    return batch


def batch_of(actor: Actor, batch_id: str) -> MediaBatch | None:
    """One's own, as long as it is kept."""
    batch = db.session.get(MediaBatch, batch_id)
    return batch if batch is not None and batch.created_by == actor.user_id else None


def _given(act: str, folder: str, tags: str | Sequence[str]) -> list[str]:
    """The folder or the tags as they are kept. Raises Invalid."""
    if act in ("out", "remove"):
        return []
    if act == "move":
        path = str(checked({"folder": folder})["folder"])
        if not path:
            raise Invalid("没有改动。还没有写移到哪个文件夹。请填写文件夹，例如 活动/2026。")
        return [path]
    found: list[str] = checked({"tags": tags})["tags"]
    if not found:
        raise Invalid("没有改动。还没有写标签。请写一个或几个标签，用顿号分开。", errors={"tags": ["请写标签。"]})
    return found


def _each(actor: Actor, ids: Sequence[str], change: Callable[[Media], dict[str, Any]]) -> MediaBatch:
    """What `change` did to each item, and why others were left. It changes nothing of an item for which it raises."""
    done, stayed = [], []
    for media_id, name in _names(actor, ids).items():
        try:
            done.append({"id": media_id, "name": name, **change(get_media(actor, media_id))})
        except TandemError as refusal:
            stayed.append({"id": media_id, "name": name, "why": refusal.message})
    return MediaBatch(done=done, stayed=stayed)


def _names(actor: Actor, ids: Sequence[str]) -> dict[str, str]:
    """{id: name}, "" for what the actor may not see or is gone."""
    found = {media.id: media for media in db.session.scalars(select(Media).where(Media.id.in_(ids)))}
    return {
        one: (media.title or media.name) if (media := found.get(one)) and actor.may("media.read", media.unit) else ""
        for one in ids
    }


def _remove(actor: Actor, media: Media, now: datetime) -> dict[str, Any]:
    remove(actor, media.id, now)
    return {"before": None, "after": None}


def _change(actor: Actor, media: Media, act: str, given: list[str], now: datetime) -> dict[str, Any]:
    actor.require("media.write", media.unit, see="media.read")
    if act in ("move", "out"):
        before: Any = media.folder
        after: Any = given[0] if given else ""
        if before == after:
            raise Conflict(_SO_ALREADY[act])
        edit(actor, media.id, {"folder": after}, now)
        return {"before": before, "after": after}
    before = media.tags
    after = _with(before, given) if act == "tag" else [tag for tag in before if tag not in given]
    if after == before:
        raise Conflict(_SO_ALREADY[act])
    if len(after) > MOST_TAGS:
        raise Conflict(f"加上后有 {len(after)} 个标签，最多 {MOST_TAGS} 个。请先去掉几个。")
    edit(actor, media.id, {"tags": after}, now)
    return {"before": before, "after": after}


def _restore(actor: Actor, media: Media, act: str, was: dict[str, Any], now: datetime) -> dict[str, Any]:
    actor.require("media.write", media.unit, see="media.read")
    if act in ("move", "out"):
        if media.folder != was["after"]:
            raise Conflict("之后又换过文件夹，没有动它。")
        edit(actor, media.id, {"folder": was["before"]}, now)
        return {}
    added = set(was["after"]) - set(was["before"])
    taken = [tag for tag in was["before"] if tag not in was["after"]]
    # What others did to the tags in between stays.
    back = was["before"] if media.tags == was["after"] else _with([t for t in media.tags if t not in added], taken)
    if len(back) > MOST_TAGS:
        raise Conflict(f"恢复后有 {len(back)} 个标签，最多 {MOST_TAGS} 个。请先去掉几个。")
    edit(actor, media.id, {"tags": back}, now)
    return {}


def _with(tags: Sequence[str], more: Sequence[str]) -> list[str]:
    return [*tags, *(tag for tag in more if tag not in tags)]
