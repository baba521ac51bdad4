"""The library. Bytes lie in files named by their SHA-256; rows say what they are and whose."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UTCDateTime, new_id
from app.units.models import Unit


class Blob(Model):
    """Bytes under their SHA-256 (hex). Width and height in pixels, 0 for files. `public` once a permalink shows it.

    `original`: as uploaded, with what the picture tells about place, device and people; nobody is shown it by its hash.
    """

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content_type: Mapped[str] = mapped_column(String(120))
    width: Mapped[int] = mapped_column(Integer, default=0)
    height: Mapped[int] = mapped_column(Integer, default=0)
    size: Mapped[int] = mapped_column(Integer)
    public: Mapped[bool] = mapped_column(default=False)
    original: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Media(Model):
    """An image or file that a unit uploaded. `text` is what the checks read in an attachment.

    `folder` is a path with slashes ("活动/2026"), "" for none. `expires_on` is the last day on which it may be used.
    `original_sha256` is what was uploaded where that had to be cleaned, "" where `sha256` is that itself. `origin_id`
    is the item that this one was cut from, `made` how: {crop: [left, top, width, height], width, quality}. `ai_made`:
    whether AI made it, a key of connectors.labels.MADE.
    """

    __tablename__ = "media"
    __table_args__ = (Index("ix_media_unit_id_folder", "unit_id", "folder"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    alt: Mapped[str] = mapped_column(String(400), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    folder: Mapped[str] = mapped_column(String(200), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(200), default="")
    holder: Mapped[str] = mapped_column(String(200), default="")
    licence: Mapped[str] = mapped_column(String(200), default="")
    expires_on: Mapped[date | None] = mapped_column(Date, index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    ai_made: Mapped[str] = mapped_column(String(10), default="none")
    # No foreign keys: SQLite adds none to a table that stands.
    original_sha256: Mapped[str] = mapped_column(String(64), default="", index=True)
    origin_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    made: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_by: Mapped[str] = mapped_column(String(32), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    blob: Mapped[Blob] = relationship()
    unit: Mapped[Unit] = relationship()
    tagged: Mapped[list[MediaTag]] = relationship(cascade="all, delete-orphan", order_by="MediaTag.position")

    @property
    def tags(self) -> list[str]:
        return [row.tag for row in self.tagged]

    @property
    def is_image(self) -> bool:
        return self.blob.content_type.startswith("image/")

    def expired(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today


class MediaTag(Model):
    """One word by which an item is found."""

    __tablename__ = "media_tags"

    media_id: Mapped[str] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(Integer, default=0)


class MediaBatch(Model):
    """One act of a person on many items: what came of it, to be told and taken back.

    `done`: [{id, name, before, after}], of a folder the path, of tags the list, of a removal None. `stayed`: [{id, name,
    why}], Chinese. `given`: the folder or the tags that were named. Once taken back, `stayed` is what was not.
    """

    __tablename__ = "media_batches"
    __table_args__ = (CheckConstraint("act IN ('move','out','tag','untag','remove')", name="act"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    act: Mapped[str] = mapped_column(String(10))
    given: Mapped[list[str]] = mapped_column(JSON, default=list)
    done: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    stayed: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    undone: Mapped[int] = mapped_column(Integer, default=0)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MediaUse(Model):
    """A revision of a post that shows these bytes; pushed down by posts with every edit, so the library need not ask.

    `media_id` is "" for pictures in the text and those that one account gets, which are known by their hash alone.
    While a row stands, the bytes and the item stay: what was reviewed or published must remain to be seen.
    """

    __tablename__ = "media_uses"
    __table_args__ = (
        CheckConstraint("place IN ('body','cover','attachment','variant')", name="place"),
        UniqueConstraint("revision_id", "sha256", "media_id", "place"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    media_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    post_id: Mapped[str] = mapped_column(String(32), index=True)
    revision_id: Mapped[str] = mapped_column(String(32))
    place: Mapped[str] = mapped_column(String(10))


class MediaHold(Model):
    """What beside the revisions of posts names bytes (`key` a SHA-256) or an item (`key` its id): a kept state of a post, a
    template. Pushed down by posts with every change of the holder; while a row stands, bytes and item stay."""

    __tablename__ = "media_holds"
    __table_args__ = (
        CheckConstraint("kind IN ('state','template')", name="kind"),
        UniqueConstraint("kind", "holder_id", "key"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(10))
    holder_id: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64), index=True)


class Derivative(Model):
    """What a recipe made of a blob: adapting the same picture twice gives the same bytes.

    `source_sha256` is "" for what was drawn from no picture at all (a cover with the title on it).
    """

    __tablename__ = "derivatives"
    __table_args__ = (UniqueConstraint("source_sha256", "recipe"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    source_sha256: Mapped[str] = mapped_column(String(64))
    recipe: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"))


class Upload(Model):
    """The platform's id or URL of bytes already uploaded for one account and use."""

    __tablename__ = "uploads"
    __table_args__ = (UniqueConstraint("sha256", "account_id", "use"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    sha256: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    use: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
