"""Notices: told in the transaction of the fact, delivered afterwards; they can neither cause nor prevent anything."""

from __future__ import annotations

from app.notices.bell import mark_read, notices_of, unread
from app.notices.channels import add_channel, channels_of, remove_channel, renew_key, test_channel
from app.notices.delivery import deliver_due, forget_old, send_again
from app.notices.dying import warn_of, warn_of_dying_accounts, warn_of_lost_push, warn_of_refused_push
from app.notices.outbox import emit, listeners, settle, tell
from app.notices.reviewing import remind_of_reviews

__all__ = [
    "add_channel",
    "channels_of",
    "deliver_due",
    "emit",
    "forget_old",
    "listeners",
    "mark_read",
    "notices_of",
    "remind_of_reviews",
    "remove_channel",
    "renew_key",
    "send_again",
    "settle",
    "tell",
    "test_channel",
    "unread",
    "warn_of",
    "warn_of_dying_accounts",
    "warn_of_lost_push",
    "warn_of_refused_push",
]
