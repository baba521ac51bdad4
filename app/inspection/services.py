"""Inspection's services, under one name."""

from __future__ import annotations

from app.inspection.dormancy import Dormancy, dormancy
from app.inspection.findings import count_open, evaluate, findings_of, open_findings
from app.inspection.history import posts_by_day, record_history

__all__ = [
    "Dormancy",
    "count_open",
    "dormancy",
    "evaluate",
    "findings_of",
    "open_findings",
    "posts_by_day",
    "record_history",
]
