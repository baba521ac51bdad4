"""What to do after a call ended: pure, and total over the tree of connector errors."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.publishing.values import Outcome, error_json
from connectors.errors import (
    AlreadyDone,
    AwaitingPlatformAdmin,
    ConnectorError,
    Forged,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from connectors.values import Receipt

# Seconds until the next try after the first, second, … failure that certainly did nothing.
DELAYS = (2, 5, 15, 30, 60, 120, 300)


def decide(error: ConnectorError, attempts: int, now: datetime) -> Outcome:
    """`attempts` counts the tries made so far, this one included.

    refused: never again by itself · not_sent: again at retry_at · awaiting, receipt: it was accepted ·
    unknown: it may have happened; everything unrecognised is that.
    """
    words = error_json(error)
    if isinstance(error, Refused):
        return Outcome(kind="refused", error=words)
    if isinstance(error, RateLimited):
        return Outcome(kind="not_sent", error=words, retry_at=max(error.until or delay(attempts, now), now))
    if isinstance(error, Unavailable):
        return Outcome(kind="not_sent", error=words, retry_at=delay(attempts, now))
    if isinstance(error, AwaitingPlatformAdmin):
        return Outcome(kind="awaiting", receipt=error.receipt, error=words)
    if isinstance(error, AlreadyDone):
        return Outcome(kind="receipt", receipt=error.receipt or Receipt())
    if isinstance(error, OutcomeUnknown | Forged):
        return Outcome(kind="unknown", error=words)
    return Outcome(kind="unknown", error=words)


def delay(attempts: int, now: datetime) -> datetime:
    """Growing, five minutes at most."""
    return now + timedelta(seconds=DELAYS[min(max(attempts, 1), len(DELAYS)) - 1])
