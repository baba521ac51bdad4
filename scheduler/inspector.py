"""The inspectors' rules, looked at again and again."""

from __future__ import annotations

from datetime import datetime

from app.inspection.services import evaluate, evaluate_late_reviews
from scheduler.runtime import Runtime


def tick(_runtime: Runtime, now: datetime) -> int:
    """Open, renew and close findings. Returns how many were opened."""
    return evaluate(now) + evaluate_late_reviews(now)
