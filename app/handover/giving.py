"""What every gift of a hand-over has in common: who receives it, and its line in the record."""

from __future__ import annotations

from app.audit.services import record
from app.handover.kinds import Gift
from app.units.models import User


def receiver_of(gift: Gift) -> User:
    """Raises RuntimeError where nobody was chosen: kinds that need somebody are refused before."""
    if gift.receiver is None:
        raise RuntimeError("nobody receives")
    return gift.receiver


def record_gift(gift: Gift, kind: str, object_id: str, unit_id: str, words: str) -> None:
    """The Event of one thing that was handed over; `words` name it (Chinese)."""
    to = receiver_of(gift)
    record(
        gift.actor,
        "handover.give",
        now=gift.now,
        object_type=kind,
        object_id=object_id,
        unit_id=unit_id,
        summary=f"{gift.leaver.name}离任，{words}移交{to.name}",
        before={"user_id": gift.leaver.id},
        after={"user_id": to.id},
    )
