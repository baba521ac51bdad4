"""The library: taking in files by their content, and giving them out. Its face to the connectors is in store.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.audit.services import record
from app.config import current
from app.db import atomic, db
from app.errors import NotFound, TooLarge, WrongKind
from app.media.attachments import attachment_text
from app.media.blobs import path_of, read_blob, write_blob
from app.media.fields import checked
from app.media.finding import day_of, folders_of, media_of, tags_in_use, used_ids
from app.media.kinds import Kind, kind_of, picture_of
from app.media.models import Blob, Media, MediaTag
from app.media.store import GlancingStore, LibraryStore, thumb_of
from app.media.sweeping import sweep
from app.media.uses import hold, needed_for, record_uses, tell_of_posts, uses_of
from app.units.access import Actor, unit_for
from connectors import images, labels
from connectors.values import Image

__all__ = [
    "GlancingStore",
    "LibraryStore",
    "Taken",
    "add_media",
    "attachment_text",
    "day_of",
    "describe",
    "edit",
    "folders_of",
    "get_media",
    "hold",
    "image_value",
    "made_from",
    "make_public",
    "media_of",
    "needed_for",
    "open_original",
    "read_blob",
    "record_uses",
    "sweep",
    "tags_in_use",
    "take_in",
    "tell_of_posts",
    "thumb_of",
    "used_ids",
    "uses_of",
]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An item, and whether it was in the unit's library before."""

    media: Media
    known: bool


def add_media(actor: Actor, *, unit_id: str, name: str, content: bytes, now: datetime, picture: bool = False) -> Media:
    """As take_in(), where it does not matter whether the item is new."""
    return take_in(actor, unit_id=unit_id, name=name, content=content, now=now, picture=picture).media


def take_in(
    actor: Actor,
    *,
    unit_id: str,
    name: str,
    content: bytes,
    now: datetime,
    picture: bool = False,
    about: Mapping[str, Any] | None = None,
) -> Taken:
    """Take a file into the unit's library; the same picture again gives the same item, so does the same document under
    the same name (its name is public where it is attached). `about`: what people say of a new item, as in edit().

    Pictures in whose file there is more than the picture (place, device, …) are re-encoded without; the file as it came
    is kept beside. Raises TooLarge (413), WrongKind (415; with `picture` also for whatever is none), Invalid.
    """
    # Templates have pictures, too: whoever keeps them may bring these along.
    unit = unit_for(actor, "media.write", unit_id, see="unit.read", instead="template.manage" if picture else "")
    told = checked(about or {})
    most = current().max_upload_bytes
    if len(content) > most:
        raise TooLarge(f"文件太大，没有收下。上限为 {most // 1024 // 1024} MB。请压缩后重新上传。")
    name = _tidy(name)
    kind = picture_of(content, name) if picture else kind_of(content, name)
    original = content if kind.metadata else b""
    if original:
        # The implicit label goes with the rest of what the file tells: what it says is kept with the item.
        if (how := labels.told_by_file(content)) != labels.NONE:
            told = {"ai_made": how, **told}
        content, kind = _cleaned(content)
    came = _Came(unit_id=unit.id, name=name, kind=kind, content=content, original=original)
    try:
        return _keep(actor, came, told, now)
    except IntegrityError:
        # Somebody removed the same bytes at this very moment: now they are new.
        return _keep(actor, came, told, now)


def _cleaned(content: bytes) -> tuple[bytes, Kind]:
    """The picture alone. Raises WrongKind when it cannot be had: then it is not taken at all."""
    try:
        bare = images.without_metadata(content)
    except ValueError:
        raise WrongKind(
            "图片没有收下。文件里有拍摄地点、设备等附加信息，这种写法清除不了。请用看图软件另存为 JPEG 或 PNG 后重新上传。"
        ) from None
    return bare, kind_of(bare, "")


@dataclass(frozen=True, kw_only=True)
class _Came:
    """A file that was looked at: `content` as it is shown, `original` as it came where that differs, else b""."""

    unit_id: str
    name: str
    kind: Kind
    content: bytes
    original: bytes


def _keep(actor: Actor, came: _Came, told: Mapping[str, Any], now: datetime) -> Taken:
    kind, name = came.kind, came.name
    text = attachment_text(came.content, kind.content_type)
    with atomic():
        sha256 = write_blob(came.content, kind.content_type, width=kind.width, height=kind.height, now=now)
        media = same_item(came.unit_id, sha256, name=None if kind.is_image else name)
        known = media is not None
        # An item has one original: another one would be bytes that nothing names and nobody could ever remove.
        wanted = came.original and (media is None or not media.original_sha256)
        kept = write_blob(came.original, kind.content_type, original=True, now=now) if wanted else ""
        if media is None:
            media = Media(unit_id=came.unit_id, sha256=sha256, name=name, text=text, original_sha256=kept)
            add_item(actor, media, kind, told, now, "media.add", f"上传素材“{name}”")
        elif kept:
            media.original_sha256 = kept
    return Taken(media=media, known=known)


def add_item(
    actor: Actor, media: Media, kind: Kind, about: Mapping[str, Any], now: datetime, action: str, summary: str
) -> None:
    """Put a new row into the library, with what is said of it (checked fields). Inside atomic()."""
    media.created_by, media.created_at = actor.user_id, now
    _set(media, about)
    db.session.add(media)
    db.session.flush()
    record(
        actor,
        action,
        now=now,
        object_type="media",
        object_id=media.id,
        unit_id=media.unit_id,
        summary=summary,
        after={"sha256": media.sha256, "content_type": kind.content_type, **_told(media, about)},
    )


def same_item(unit_id: str, sha256: str, name: str | None = None) -> Media | None:
    """The unit's item with these bytes (and this name, if one is given), the oldest."""
    same = select(Media).where(Media.unit_id == unit_id, Media.sha256 == sha256)
    if name is not None:
        same = same.where(Media.name == name)
    return db.session.scalars(same.order_by(Media.id)).first()


def get_media(actor: Actor, media_id: str) -> Media:
    """The item by id. Raises NotFound."""
    media = db.session.get(Media, media_id)
    if media is None:
        raise NotFound
    actor.require("media.read", media.unit, see="media.read")
    return media


def made_from(actor: Actor, media: Media) -> list[Media]:
    """What was cut from this item, newest first, as far as the actor may see it."""
    found = db.session.scalars(select(Media).where(Media.origin_id == media.id).order_by(Media.id.desc()).limit(50))
    return [item for item in found if actor.may("media.read", item.unit)]


def edit(actor: Actor, media_id: str, given: Mapping[str, Any], now: datetime) -> Media:
    """Set what people say of an item: title, alt, folder, tags, source, holder, licence, expires_on, note, ai_made; what
    is not given stays. Raises NotFound, Forbidden, Invalid."""
    fields = checked(given)
    with atomic():
        media = get_media(actor, media_id)
        actor.require("media.write", media.unit, see="media.read")
        changed = {name: value for name, value in fields.items() if getattr(media, name) != value}
        if changed:
            before = _told(media, changed)
            _set(media, changed)
            db.session.flush()
            record(
                actor,
                "media.edit",
                now=now,
                object_type="media",
                object_id=media.id,
                unit_id=media.unit_id,
                summary=f"修改素材“{media.name}”的信息",
                before=before,
                after=_told(media, changed),
            )
    return media


def describe(actor: Actor, media_id: str, *, alt: str, now: datetime) -> Media:
    """Set the words for those who cannot see the picture (at most 400 characters)."""
    return edit(actor, media_id, {"alt": alt}, now)


def open_original(actor: Actor, media_id: str, now: datetime) -> tuple[Media, str]:
    """The item and the SHA-256 of the file as it was uploaded, for those who may write there; it is recorded, since the
    file may tell where and by whom a picture was taken. Raises NotFound, Forbidden."""
    with atomic():
        media = get_media(actor, media_id)
        actor.require("media.write", media.unit, see="media.read")
        sha256 = media.original_sha256 or media.sha256
        if not path_of(sha256).is_file():
            raise NotFound
        record(
            actor,
            "media.original",
            now=now,
            object_type="media",
            object_id=media.id,
            unit_id=media.unit_id,
            summary=f"下载素材“{media.name}”的原件",
            after={"sha256": sha256},
        )
    return media, sha256


def image_value(media: Media) -> Image:
    """The picture as the connectors know it."""
    blob = media.blob
    return Image(
        sha256=media.sha256,
        content_type=blob.content_type,
        width=blob.width,
        height=blob.height,
        size=blob.size,
        media_id=media.id,
        alt=media.alt,
    )


def make_public(sha256s: Iterable[str]) -> None:
    """Let everybody load these pictures: a permalink shows them now."""
    wanted = sorted(set(sha256s))
    if wanted:
        with atomic():
            db.session.execute(
                update(Blob)
                .where(Blob.sha256.in_(wanted))
                .values(public=True)
                .execution_options(synchronize_session=False)
            )


def _set(media: Media, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name == "tags":
            standing = {row.tag: row for row in media.tagged}
            media.tagged = [standing.get(tag) or MediaTag(tag=tag) for tag in value]
            for position, row in enumerate(media.tagged):
                row.position = position
        else:
            setattr(media, name, value)


def _told(media: Media, names: Iterable[str]) -> dict[str, Any]:
    """These fields as the log keeps them."""
    values = {name: getattr(media, name) for name in names}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _tidy(name: str) -> str:
    """A file name without path and control characters, at most 200 characters, its ending kept."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    # The joiner holds the parts of an emoji together.
    clean = "".join(char for char in base if char.isprintable() or char == "\u200d").strip()
    if len(clean) <= 200:
        return clean
    stem, dot, ending = clean.rpartition(".")
    return f"{stem[: 199 - len(ending)]}{dot}{ending}" if dot and len(ending) <= 12 else clean[:200]
