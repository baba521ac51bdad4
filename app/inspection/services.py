"""Inspection's services, under one name."""

from __future__ import annotations

from app.inspection.dormancy import Dormancy, dormancy
from app.inspection.figures import Gap, longest_gaps, published_per_day
from app.inspection.findings import count_open, evaluate, findings_of, open_findings
from app.inspection.history import count_days, moments, posts_by_day, record_history
from app.inspection.late_reviews import evaluate_late_reviews

__all__ = [
    "Dormancy",
    "Gap",
    "count_days",
    "count_open",
    "dormancy",
    "evaluate",
    "evaluate_late_reviews",
    "findings_of",
    "longest_gaps",
    "moments",
    "open_findings",
    "posts_by_day",
    "published_per_day",
    "record_history",
]
