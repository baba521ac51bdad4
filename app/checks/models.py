"""WordPack with its terms and versions, a file of terms that waits for confirmation; what fetching links told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UTCDateTime, new_id
from app.units.models import Unit

SEVERITIES = ("block", "warn", "advise")


class WordPack(Model):
    """Terms that one unit maintains; they hold for it and every unit below. `version` counts the changes from 1.

    `looked_at_version` is the version with which the published posts were looked through last, `looked_after` the id
    of the post where the present look back has come to, `looked_posts` how many it has looked at. Of posts that go out later,
    `looked_until` (and the id of the last of that moment) tells up to when they were looked through, too.
    """

    __tablename__ = "word_packs"
    __table_args__ = (UniqueConstraint("unit_id", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(200), default="")
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    looked_at_version: Mapped[int] = mapped_column(Integer, default=0)
    looked_after: Mapped[str] = mapped_column(String(32), default="")
    looked_posts: Mapped[int] = mapped_column(Integer, default=0)
    looked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    looked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    looked_until_id: Mapped[str] = mapped_column(String(32), default="")

    unit: Mapped[Unit] = relationship()


class PackVersion(Model):
    """One change of a pack: who, when, and what in one Chinese sentence."""

    __tablename__ = "pack_versions"
    __table_args__ = (UniqueConstraint("pack_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    pack_id: Mapped[str] = mapped_column(ForeignKey("word_packs.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    summary: Mapped[str] = mapped_column(String(200), default="")
    author_id: Mapped[str] = mapped_column(String(32))
    author_name: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class PackTerm(Model):
    """What one term said from version `since` until before version `until` (None: still). Rows are never rewritten, so
    that every version can be shown as it was."""

    __tablename__ = "pack_terms"
    __table_args__ = (
        CheckConstraint("severity IN ('block','warn','advise')", name="severity"),
        CheckConstraint("until IS NULL OR until > since", name="span"),
        UniqueConstraint("pack_id", "wrong", "since"),
        Index("ix_pack_terms_standing", "pack_id", "until"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    pack_id: Mapped[str] = mapped_column(ForeignKey("word_packs.id", ondelete="CASCADE"))
    wrong: Mapped[str] = mapped_column(String(60))
    right: Mapped[str] = mapped_column(String(120), default="")
    severity: Mapped[str] = mapped_column(String(10), default="warn")
    reason: Mapped[str] = mapped_column(String(300), default="")
    exceptions: Mapped[list[str]] = mapped_column(JSON, default=list)
    since: Mapped[int] = mapped_column(Integer)
    until: Mapped[int | None] = mapped_column(Integer)


class PackImport(Model):
    """A file that was read but not taken over yet: `rows` as checks.importing.Row fields, for version `version`.

    A large one waits for the scheduler to read its `content` (gone once it is read): `done` rows so far, by the reader
    that took it at `taken_at`. `why`: what was wrong with one that failed, Chinese.
    """

    __tablename__ = "pack_imports"
    __table_args__ = (CheckConstraint("state IN ('ready','waiting','failed')", name="state"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    pack_id: Mapped[str] = mapped_column(ForeignKey("word_packs.id", ondelete="CASCADE"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(200))
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    # Chinese words about the file as a whole, e.g. sheets that were not read.
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)
    author_id: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(10), default="ready", index=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    done: Mapped[int] = mapped_column(Integer, default=0)
    why: Mapped[str] = mapped_column(Text, default="")
    taken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PackHit(Model):
    """A place in a published post where a term of the pack stands; found by looking back after the pack changed.

    `post_id` is an id as plain text: posts are a higher room. `quote` is the line with the place, `start` and `length`
    say where in it.
    """

    __tablename__ = "pack_hits"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    pack_id: Mapped[str] = mapped_column(ForeignKey("word_packs.id", ondelete="CASCADE"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    post_id: Mapped[str] = mapped_column(String(32), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    field: Mapped[str] = mapped_column(String(300))
    severity: Mapped[str] = mapped_column(String(10))
    wrong: Mapped[str] = mapped_column(String(60))
    right: Mapped[str] = mapped_column(String(120), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    quote: Mapped[str] = mapped_column(Text, default="")
    start: Mapped[int] = mapped_column(Integer, default=0)
    length: Mapped[int] = mapped_column(Integer, default=0)
    found_at: Mapped[datetime] = mapped_column(UTCDateTime)


class LinkVerdict(Model):
    """Whether an address that posts link to leads anywhere, as the scheduler found it last (app.checks.links.Seen).

    `url_hash` is the SHA-256 of `url`; `failures` counts the looks in a row that were not "alive". A look that is under
    way has `next_at` at the end of its time.
    """

    __tablename__ = "link_verdicts"
    __table_args__ = (CheckConstraint("verdict IN ('waiting','alive','dead','unsure')", name="verdict"),)

    url_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(String(255))
    verdict: Mapped[str] = mapped_column(String(10), default="waiting")
    status: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(20), default="")
    failures: Mapped[int] = mapped_column(Integer, default=0)
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
