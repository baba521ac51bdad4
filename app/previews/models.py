"""PreviewSend: one preview of a post on one phone. PreviewRecipient: where a person's own previews go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Account
from app.db import Model, UTCDateTime, new_id
from app.posts.models import Post
from app.units.models import User


class PreviewSend(Model):
    """queued → preparing → sending → sent | failed | unknown (it may have arrived).

    `payload` is the variant's as it stood when asked for; `prepared` the finished steps at the platform. What was made
    there is deleted from `discard_at` on (None: nothing to delete any more). `key` is the client's own id of the order:
    the same key is the same preview. Rows are forgotten after some weeks; the event stays.
    """

    __tablename__ = "preview_sends"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        CheckConstraint("status IN ('queued','preparing','sending','sent','failed','unknown')", name="status"),
        CheckConstraint("status IN ('queued','preparing','sending') OR finished_at IS NOT NULL", name="finished"),
        Index("ix_preview_sends_queue", "status", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    revision_number: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # How many seconds the phone shows it: what was made at the platform is kept that long.
    lives_seconds: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(10), default="queued")
    prepared: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    exchanges: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    discard_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    discard_tries: Mapped[int] = mapped_column(Integer, default=0)
    # Why something may still stand at the platform, in Chinese; "" when nothing does.
    left_behind: Mapped[str] = mapped_column(Text, default="")
    claim_owner: Mapped[str] = mapped_column(String(80), default="", index=True)
    claim_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    error_code: Mapped[str] = mapped_column(String(40), default="")
    error_cause: Mapped[str] = mapped_column(Text, default="")
    error_remedy: Mapped[str] = mapped_column(Text, default="")
    error_who: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    post: Mapped[Post] = relationship()
    account: Mapped[Account] = relationship()
    user: Mapped[User] = relationship()

    @property
    def losses(self) -> list[str]:
        """What the platform dropped of the content, in Chinese."""
        return [str(one) for one in (self.prepared.get("steps") or {}).get("losses") or []]


class PreviewRecipient(Model):
    """To which id on a platform a person's previews went last (微信号): personal, theirs to change and to delete."""

    __tablename__ = "preview_recipients"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    platform: Mapped[str] = mapped_column(String(20), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
