"""The library. Bytes lie in files named by their SHA-256; rows say what they are and whose."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UTCDateTime, new_id
from app.units.models import Unit


class Blob(Model):
    """Bytes under their SHA-256 (hex). Width and height in pixels, 0 for files. `public` once a permalink shows it."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content_type: Mapped[str] = mapped_column(String(120))
    width: Mapped[int] = mapped_column(Integer, default=0)
    height: Mapped[int] = mapped_column(Integer, default=0)
    size: Mapped[int] = mapped_column(Integer)
    public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Media(Model):
    """An image or file that a unit uploaded. `text` is what the checks read in an attachment."""

    __tablename__ = "media"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    alt: Mapped[str] = mapped_column(String(400), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[str] = mapped_column(String(32), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    blob: Mapped[Blob] = relationship()
    unit: Mapped[Unit] = relationship()


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
