"""How the installation is: what /healthz, /readyz, /metrics, the status page and `flask system check` tell."""

from __future__ import annotations

from app.system.connections import Tie, ties
from app.system.figures import (
    PEOPLE,
    WAITING,
    conversations_waiting,
    lag_seconds,
    live_workers,
    oldest_due,
    publications_by_status,
    recent_workers,
    replies_by_status,
)
from app.system.findings import Finding
from app.system.metrics import Collector
from app.system.selftest import database_answers, is_stuck, self_test

__all__ = [
    "PEOPLE",
    "WAITING",
    "Collector",
    "Finding",
    "Tie",
    "conversations_waiting",
    "database_answers",
    "is_stuck",
    "lag_seconds",
    "live_workers",
    "oldest_due",
    "publications_by_status",
    "recent_workers",
    "replies_by_status",
    "self_test",
    "ties",
]
