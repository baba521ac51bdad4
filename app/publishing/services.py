"""The orders and questions that other rooms, pages and the API may give to publishing."""

from __future__ import annotations

from app.publishing.evidence import evidence
from app.publishing.heartbeats import HeartbeatState, beat, heartbeat_state
from app.publishing.outlook import attention, get_publication, today
from app.publishing.outlook import publications_of as publications_of
from app.publishing.planning import schedule, unschedule
from app.publishing.resolving import cancel, check_now, note_deleted, recall, release, resolve, retry
from app.publishing.restarting import hold_what_was_due
from app.publishing.stops import end_stop, start_stop, stops_of
from app.publishing.together import recall_all, release_all
from app.publishing.verifying import record_result
from app.publishing.withdrawing import on_revised

__all__ = [
    "HeartbeatState",
    "attention",
    "beat",
    "cancel",
    "check_now",
    "end_stop",
    "evidence",
    "get_publication",
    "heartbeat_state",
    "hold_what_was_due",
    "note_deleted",
    "on_revised",
    "publications_of",
    "recall",
    "recall_all",
    "record_result",
    "release",
    "release_all",
    "resolve",
    "retry",
    "schedule",
    "start_stop",
    "stops_of",
    "today",
    "unschedule",
]
