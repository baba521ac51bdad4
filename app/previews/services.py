"""What previews on phones offer: ask for one, look at what became of it, remember where one's own go."""

from __future__ import annotations

from sqlalchemy import select

from app.db import Page, db, page_of
from app.errors import NotFound
from app.previews.asking import UNFINISHED, Channel, channels, masked, may_preview, previewable, send_preview
from app.previews.models import PreviewSend
from app.previews.recipients import kinds, remember
from app.previews.sending import forget_old
from app.units.access import Actor

__all__ = [
    "UNFINISHED",
    "Channel",
    "channels",
    "forget_old",
    "get_send",
    "kinds",
    "may_preview",
    "previewable",
    "recipient_for",
    "remember",
    "send_preview",
    "sends_of",
]


def sends_of(actor: Actor, post_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[PreviewSend]:
    """The post's previews, newest first. Raises NotFound or Forbidden."""
    post = previewable(actor, post_id)
    return page_of(select(PreviewSend).where(PreviewSend.post_id == post.id), PreviewSend.id, cursor, limit)


def get_send(actor: Actor, post_id: str, preview_id: str) -> PreviewSend:
    """One preview as it stands. Raises NotFound or Forbidden."""
    post = previewable(actor, post_id)
    row = db.session.get(PreviewSend, preview_id)
    if row is None or row.post_id != post.id:
        raise NotFound
    return row


def recipient_for(actor: Actor, row: PreviewSend) -> str:
    """To whom it went: in full for who sent it, masked for anybody else."""
    return row.recipient if row.user_id == actor.user_id else masked(row.recipient)
