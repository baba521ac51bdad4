"""The library: taking in files by their content, and giving them out. Its face to the connectors is in store.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from app.audit.services import record
from app.config import current
from app.db import Page, atomic, db, page_of
from app.errors import Invalid, NotFound, TooLarge
from app.media.attachments import attachment_text
from app.media.blobs import read_blob, write_blob
from app.media.kinds import Kind, kind_of, picture_of
from app.media.models import Blob, Media
from app.media.store import LibraryStore
from app.units.access import Actor, unit_for, visible
from connectors import images
from connectors.values import Image

__all__ = [
    "LibraryStore",
    "add_media",
    "attachment_text",
    "describe",
    "get_media",
    "image_value",
    "make_public",
    "media_of",
    "read_blob",
]


def add_media(actor: Actor, *, unit_id: str, name: str, content: bytes, now: datetime, picture: bool = False) -> Media:
    """Take a file into the unit's library; the same picture again gives the same item, so does the same document under
    the same name (its name is public where it is attached).

    Pictures with EXIF or XMP are re-encoded without. Raises TooLarge (413), WrongKind (415; with `picture` also for
    whatever is none).
    """
    unit = unit_for(actor, "media.write", unit_id, see="unit.read")
    most = current().max_upload_bytes
    if len(content) > most:
        raise TooLarge(f"文件太大，没有收下。上限为 {most // 1024 // 1024} MB。请压缩后重新上传。")
    name = _tidy(name)
    kind = picture_of(content, name) if picture else kind_of(content, name)
    if kind.metadata:
        content = images.without_metadata(content)
        kind = kind_of(content, "")
    text = attachment_text(content, kind.content_type)
    with atomic():
        sha256 = write_blob(content, kind.content_type, width=kind.width, height=kind.height, now=now)
        same = select(Media).where(Media.unit_id == unit.id, Media.sha256 == sha256).order_by(Media.id)
        media = db.session.scalars(same if kind.is_image else same.where(Media.name == name)).first()
        if media is None:
            media = _new(actor, unit.id, sha256, name, text, kind, now)
    return media


def _new(actor: Actor, unit_id: str, sha256: str, name: str, text: str, kind: Kind, now: datetime) -> Media:
    media = Media(unit_id=unit_id, sha256=sha256, name=name, text=text, created_by=actor.user_id, created_at=now)
    db.session.add(media)
    db.session.flush()
    record(
        actor,
        "media.add",
        now=now,
        object_type="media",
        object_id=media.id,
        unit_id=unit_id,
        summary=f"上传素材“{name}”",
        after={"sha256": sha256, "content_type": kind.content_type},
    )
    return media


def get_media(actor: Actor, media_id: str) -> Media:
    """The item by id. Raises NotFound."""
    media = db.session.get(Media, media_id)
    if media is None:
        raise NotFound
    actor.require("media.read", media.unit, see="media.read")
    return media


def media_of(actor: Actor, *, kind: str = "", q: str = "", cursor: str | None = None, limit: int = 50) -> Page[Media]:
    """What the actor may see, newest first; `kind` "image" or "file", `q` in the name or the alt text."""
    query = select(Media).where(visible(actor, "media.read", Media.unit_id))
    if kind in ("image", "file"):
        is_image = Blob.content_type.startswith("image/")
        query = query.join(Blob).where(is_image if kind == "image" else ~is_image)
    if q:
        query = query.where(Media.name.icontains(q, autoescape=True) | Media.alt.icontains(q, autoescape=True))
    return page_of(query, Media.id, cursor, limit)


def describe(actor: Actor, media_id: str, *, alt: str, now: datetime) -> Media:
    """Set the words for those who cannot see the picture (at most 400 characters)."""
    alt = " ".join(alt.split())
    if len(alt) > 400:
        raise Invalid("替代文字没有保存。太长了，上限 400 字。请缩短后重试。", errors={"alt": ["不超过 400 字。"]})
    with atomic():
        media = get_media(actor, media_id)
        actor.require("media.write", media.unit, see="media.read")
        before, media.alt = media.alt, alt
        record(
            actor,
            "media.describe",
            now=now,
            object_type="media",
            object_id=media.id,
            unit_id=media.unit_id,
            summary=f"修改素材“{media.name}”的替代文字",
            before={"alt": before},
            after={"alt": alt},
        )
    return media


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


def _tidy(name: str) -> str:
    """A file name without path and control characters, at most 200 characters, its ending kept."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(char for char in base if char.isprintable()).strip()
    if len(clean) <= 200:
        return clean
    stem, dot, ending = clean.rpartition(".")
    return f"{stem[: 199 - len(ending)]}{dot}{ending}" if dot and len(ending) <= 12 else clean[:200]
