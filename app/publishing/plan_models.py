"""What planning ahead keeps: an account's hours, the hour a draft is meant for, and imported plans."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UTCDateTime, new_id
from app.posts.models import Post

# Minutes between two posts of one account where nobody chose otherwise.
GAP = 30


class Timetable(Model):
    """When an account likes to publish. `slots`: [[weekday 1–7, "HH:MM"], …] of the installation's time zone, in order;
    `gap_minutes`: nearer than this two of its posts are told to be close, 0 for never."""

    __tablename__ = "timetables"
    __table_args__ = (CheckConstraint("gap_minutes BETWEEN 0 AND 1440", name="gap"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    slots: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)
    gap_minutes: Mapped[int] = mapped_column(Integer, default=GAP)
    updated_by: Mapped[str] = mapped_column(String(32))
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Plan(Model):
    """拟排: the hour that a post without a schedule is meant for. It binds nobody: what goes out is reviewed and scheduled."""

    __tablename__ = "plans"

    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    wished_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    post: Mapped[Post] = relationship()


class PlanImport(Model):
    """One plan file as it was read. Nothing is made of it before somebody confirms. `notes`: Chinese, about the file."""

    __tablename__ = "plan_imports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_by: Mapped[str] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    rows: Mapped[list[PlanRow]] = relationship(order_by="PlanRow.position", cascade="all, delete-orphan")


class PlanRow(Model):
    """One row of such a file. `read`: plan_sheet.Row as JSON; `post_id`: the draft made of it; `skipped`: why none was.

    `mark`: app.publishing.plan_marks.mark_of() its title and hour, "" until a draft is made."""

    __tablename__ = "plan_rows"
    __table_args__ = (UniqueConstraint("import_id", "position"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    import_id: Mapped[str] = mapped_column(ForeignKey("plan_imports.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    read: Mapped[dict[str, Any]] = mapped_column(JSON)
    post_id: Mapped[str | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"), index=True)
    skipped: Mapped[str] = mapped_column(Text, default="")
    mark: Mapped[str] = mapped_column(String(64), default="", index=True)
