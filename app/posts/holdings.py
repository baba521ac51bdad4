"""What a revision holds of the library: which items, whether they may be used, and telling the library so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import html as lxml_html
from lxml.html import HtmlElement
from sqlalchemy import select

from app.checks.wording import key_of
from app.db import db, utcnow
from app.errors import Conflict
from app.media.fields import TEXTS
from app.media.models import Media
from app.media.services import day_of, edit, record_uses
from app.media.uses import Told
from app.posts.models import Post, Revision
from app.posts.needing import pictures_in
from app.units.access import Actor, visible
from connectors.labels import NONE, label
from connectors.values import Content, Problem

_IN_BODY = re.compile(r'src="/media/([0-9a-f]{64})"')
# The composer leads to pictures by the same rule (frontend/src/composer/figure.ts).
_FILE_NAME = re.compile(r"\.(?:png|jpe?g|gif|bmp|webp|tiff?|heic)$", re.IGNORECASE)
_IN_LIBRARY = re.compile(r"^/media/([0-9a-f]{64})$")
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True, kw_only=True)
class Held:
    """An item of the library in a revision; `place` in Chinese, `field` as problems name it."""

    media: Media
    place: str
    field: str


def cover_of(revision: Revision) -> Media | None:
    return db.session.get(Media, revision.cover_media_id) if revision.cover_media_id else None


def attachments_of(revision: Revision) -> list[Media]:
    found = (db.session.get(Media, media_id) for media_id in revision.attachments)
    return [media for media in found if media is not None]


def held_by(revision: Revision, unit_id: str) -> list[Held]:
    """Cover, pictures of the text and of single accounts, attachments. Of several items with the same bytes the one of
    the post's own unit counts, else the oldest."""
    found = []
    cover = cover_of(revision)
    if cover is not None:
        found.append(Held(media=cover, place="封面", field="cover"))
    body = set(_IN_BODY.findall(revision.body_html))
    for place, field, hashes in (("正文图片", "body", body), ("平台版本的图片", "variant", _chosen(revision) - body)):
        found += [
            Held(media=media, place=place, field=field)
            for media in _items(hashes, unit_id)
            if field == "body" or cover is None or media.sha256 != cover.sha256
        ]
    return [
        *found,
        *(Held(media=media, place="附件", field=f"attachment:{media.name}") for media in attachments_of(revision)),
    ]


def library_problems(revision: Revision) -> list[Problem]:
    """Items whose licence has ended by today, pictures made with AI of which the post does not say so, and pictures of
    the text without words for those who cannot see them."""
    held = _held(revision)
    return licence_problems(revision, held) + _unsaid(revision, held) + alt_problems(revision.body_html, "body")


def ai_label(revision: Revision) -> str:
    """What readers are told of a revision that was made with AI, "" where nothing must be."""
    pictured = revision.cover_media_id is not None or "<img" in revision.body_html
    content = Content(title="", ai_text=revision.ai_text, ai_images=revision.ai_images)
    return label(content, pictured=pictured)


def _held(revision: Revision) -> list[Held]:
    return held_by(revision, db.session.scalar(select(Post.unit_id).where(Post.id == revision.post_id)) or "")


def _unsaid(revision: Revision, held: Sequence[Held]) -> list[Problem]:
    """One for all pictures that the library knows to be made with AI, while the post says that none is."""
    made = [one for one in held if one.media.ai_made != NONE and one.media.is_image]
    if not made or revision.ai_images != NONE:
        return []
    named = "、".join(f"{one.place}“{one.media.title or one.media.name}”" for one in made[:3])
    message = (
        f"{named}{f'等 {len(made)} 张图片' if len(made) > 3 else ''}在素材库里登记为用 AI 制作，稿件却没有注明。"
        "AI 生成的图片公开时必须有标识。请在“使用 AI 的情况”里选好图片一项，由系统加上标识；确实不需要的，请写明理由。"
    )
    key = key_of("media.ai", "ai_images", "\0".join(one.media.sha256 for one in made), 0)
    return [Problem(rule="media.ai", severity="warn", field="ai_images", message=message, key=key)]


def licence_problems(revision: Revision, held: Sequence[Held] | None = None) -> list[Problem]:
    today = day_of(utcnow())
    return [
        Problem(
            rule="media.expired",
            severity="warn",
            field=one.field,
            message=f"{one.place}“{one.media.title or one.media.name}”已到期：只能用到 {one.media.expires_on}。继续使用可能侵权。"
            "请换一个素材，或续期后在素材库改到期日。",
        )
        for one in (_held(revision) if held is None else held)
        if one.media.expired(today)
    ]


def note_uses(post: Post, revision: Revision) -> None:
    """Tell the library what an unfrozen revision shows, the derived pictures of each account too. Inside atomic().

    Raises Conflict when somebody deleted a picture after the accounts' parts were made of it: they would name nothing.
    """
    uses: set[tuple[str, str, str]] = {(sha256, "", "body") for sha256 in _IN_BODY.findall(revision.body_html)}
    cover = cover_of(revision)
    if cover is not None:
        uses.add((cover.sha256, cover.id, "cover"))
    uses |= {(media.sha256, media.id, "attachment") for media in attachments_of(revision)}
    # A cover's own item is not enough: a payload may name a twin of another unit, which would not be held.
    shown = {sha256 for sha256, _media_id, place in uses if place == "body"}
    payloads = _hashes(variant.payload for variant in revision.variants)
    uses |= {(sha256, "", "variant") for sha256 in (payloads | _chosen(revision)) - shown}
    gone = record_uses(post.id, revision.id, uses)
    if lost := gone & pictures_in([variant.payload for variant in revision.variants]):
        raise Conflict(
            f"没有保存。稿件用到的 {len(lost)} 张图片刚刚被人从素材库删除，发出去会缺图。请去掉或换掉已看不到的图片，再保存一次。"
        )


def describe_in_library(actor: Actor, revision: Revision, now: datetime) -> None:
    """What a text says of its pictures to those who cannot see them, the unit's library knows from now on, too, of items
    that have no such words yet and that the actor may write about. Inside atomic()."""
    said: dict[str, str] = {}
    for node in lxml_html.fragment_fromstring(revision.body_html, create_parent="div").iter("img"):
        found, words = _IN_LIBRARY.match(node.get("src") or ""), " ".join((node.get("alt") or "").split())
        if found and words and not _FILE_NAME.search(words) and len(words) <= TEXTS["alt"]:
            said.setdefault(found.group(1), words)
    if not said or not actor.may("media.write", revision.post.unit):
        return
    own = select(Media).where(Media.unit_id == revision.post.unit_id, Media.sha256.in_(said), Media.alt == "")
    for media in db.session.scalars(own.order_by(Media.id)).all():
        edit(actor, media.id, {"alt": said[media.sha256]}, now)


def tell(actor: Actor, post_ids: Sequence[str]) -> Mapping[str, Told]:
    """media.tell_of_posts: title and state of those that the actor may read."""
    query = select(Post.id, Post.title, Post.status).where(
        Post.id.in_(post_ids), visible(actor, "post.read", Post.unit_id)
    )
    return {row.id: Told(title=row.title, status=row.status) for row in db.session.execute(query)}


def alt_problems(html: str, field: str) -> list[Problem]:
    """One for all pictures of a text that say nothing to those who cannot see them, and are not marked as decoration."""
    if "<img" not in html:
        return []
    images = list(lxml_html.fragment_fromstring(html, create_parent="div").iter("img"))
    own = field == "body"
    bare = [number for number, node in enumerate(images, 1) if not _described(node, ticked=own)]
    if not bare:
        return []
    which = "、".join(str(number) for number in bare[:10]) + ("等" if len(bare) > 10 else "")
    message = (
        f"{'正文' if own else '平台版本'}第 {which} 张图片没有替代文字。看不见图片的人不知道图里有什么。"
        + ("请双击图片写好替代文字；" if own else "请在代码里给图片写好 alt，或重置这一部分后在正文里双击图片写；")
        + ("只作装饰的，请在同一窗口勾选“只作装饰”。" if own else '只作装饰的，请写 alt=""。')
        + "确实写不了的，请说明理由。"
    )
    # On screen nothing is handed in before each is described or explained; what comes by API is told to the reviewers.
    key = key_of("media.alt", field, "\0".join(images[number - 1].get("src") or "" for number in bare), 0)
    return [Problem(rule="media.alt", severity="warn", field=field, message=message, key=key)]


def _described(node: HtmlElement, *, ticked: bool) -> bool:
    """By its words (the name of a file is none) or, in code written by hand, an alt that is there and empty; pasted pictures often have such a one, so
    that in a body the author must have `ticked` it."""
    alt = node.get("alt")
    said = (alt or "").strip()
    return (bool(said) and not _FILE_NAME.search(said)) or (
        node.get("data-decorative") is not None if ticked else alt == ""
    )


def _chosen(revision: Revision) -> set[str]:
    return _hashes(variant.overrides for variant in revision.variants)


def _hashes(parts: Iterable[object]) -> set[str]:
    return {sha256 for part in parts if part for sha256 in _HASH.findall(json.dumps(part))}


def _items(hashes: set[str], unit_id: str) -> list[Media]:
    if not hashes:
        return []
    best: dict[str, Media] = {}
    for media in db.session.scalars(select(Media).where(Media.sha256.in_(hashes)).order_by(Media.id)):
        if media.sha256 not in best or (media.unit_id == unit_id != best[media.sha256].unit_id):
            best[media.sha256] = media
    return [best[sha256] for sha256 in sorted(best)]
