"""Inspection's services, under one name."""

from __future__ import annotations

from app.inspection.dormancy import Dormancy, dormancy
from app.inspection.findings import evaluate, findings_of, open_findings
from app.inspection.history import posts_by_day, record_history

__all__ = ["Dormancy", "dormancy", "evaluate", "findings_of", "open_findings", "posts_by_day", "record_history"]
