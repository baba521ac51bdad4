"""What needs pictures and files of the library beside the revisions: earlier states of posts, and templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.db import db
from app.media.uses import holders_of
from app.posts.models import Post, Snapshot, Template
from app.posts.sanitising import clean
from app.units.access import Actor, visible

_NAMED = 3
_IMG = re.compile(r'<img(?:\s+[\w-]+(?:="[^"]*")?)*\s*/?>')
_SHOWN = re.compile(r'\ssrc="/media/([0-9a-f]{64})"')
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def needed_for(actor: Actor, keys: Sequence[str]) -> str:
    """media.needed_for: what still names one of these hashes or item ids, and what may be done about it, in Chinese with
    names that the actor may see; "" for nothing."""
    states = Snapshot.id.in_(holders_of("state", keys))
    if post_ids := db.session.scalars(select(Snapshot.post_id).where(states).distinct()).all():
        may = visible(actor, "post.read", Post.unit_id)
        titles = select(Post.title).where(Post.id.in_(post_ids), may).order_by(Post.id.desc())
        named = _listed([f"《{title or '未命名'}》" for title in db.session.scalars(titles)], len(post_ids), "稿件")
        return f"{named}的历史版本里有它，删了就不能原样查看和恢复。不想再用的，可填到期日，以后使用时会提醒。"
    blocks = Template.id.in_(holders_of("template", keys))
    if template_ids := db.session.scalars(select(Template.id).where(blocks)).all():
        may = visible(actor, "post.read", Template.unit_id)
        names = select(Template.name).where(Template.id.in_(template_ids), may).order_by(Template.id)
        named = _listed([f"“{name}”" for name in db.session.scalars(names)], len(template_ids), "模板")
        return f"写稿模板{named}用到了它。请管理模板的人先从模板中去掉，再来删除。"
    return ""


def keys_in(content: Mapping[str, Any], channels: Sequence[Mapping[str, Any]]) -> set[str]:
    """The hashes and item ids that a state names, what was derived for the accounts included."""
    parts = [content, *(channel[part] for channel in channels for part in ("overrides", "payload"))]
    ids = {*content.get("attachments", ()), content.get("cover_media_id")}
    found = {*_HASH.findall(json.dumps(parts)), *(str(one) for one in ids if one)}
    return found.union(*(_ids_in(part) for part in parts))


def _ids_in(part: object) -> set[str]:
    if isinstance(part, Mapping):
        own = {str(part["media_id"])} if part.get("media_id") else set()
        return own.union(*(_ids_in(value) for value in part.values()))
    if isinstance(part, list | tuple):
        return set().union(*(_ids_in(value) for value in part))
    return set()


def pictures_in(part: object) -> set[str]:
    """The hashes of what a text or a part set by hand shows: addresses in HTML, and whatever has a `sha256`."""
    if isinstance(part, str):
        return set(_SHOWN.findall(part))
    if isinstance(part, Mapping):
        own = {str(part["sha256"])} if part.get("sha256") else set()
        return own.union(*(pictures_in(value) for value in part.values()))
    if isinstance(part, list | tuple):
        return set().union(*(pictures_in(value) for value in part))
    return set()


def body_without(html: str, gone: set[str]) -> str:
    """A body without these pictures, nor what they leave empty."""
    left = _cut(html, gone)
    return html if left == html else clean(left, lambda src, _alt: src).html


def parts_without(overrides: Mapping[str, Any], gone: set[str]) -> dict[str, Any]:
    """Parts set by hand without these pictures; a part of which nothing is left becomes automatic again."""
    left = {name: _cut(value, gone) for name, value in overrides.items()}
    return {name: value for name, value in left.items() if value == overrides[name] or value}


def _cut(part: Any, gone: set[str]) -> Any:
    if isinstance(part, str):
        return _IMG.sub(lambda found: "" if gone.intersection(_SHOWN.findall(found.group())) else found.group(), part)
    if isinstance(part, Mapping):
        if part.get("sha256") in gone:
            return None
        return {name: _cut(value, gone) for name, value in part.items()}
    if isinstance(part, list):
        return [left for left in (_cut(value, gone) for value in part) if left is not None]
    return part


def _listed(names: Sequence[str], count: int, what: str) -> str:
    if not names:
        return f"您看不到的{what}"
    shown = "、".join(names[:_NAMED])
    return f"{shown}等共 {count} 个{what}" if count > len(names[:_NAMED]) else shown
