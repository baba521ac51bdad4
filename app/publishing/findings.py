"""What was found at the platform about a publication, as the evidence keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.publishing.values import receipt_json, receipt_of
from connectors.values import CannotTell, Finding, Found, ProvenAbsent, Rejected, Removed


def describe(finding: Finding) -> dict[str, Any]:
    """For the evidence: {"finding": kind, "reason": words}."""
    if isinstance(finding, Found):
        return {"finding": "found", "receipt": receipt_json(finding.receipt), "reason": ""}
    if isinstance(finding, Rejected):
        words = {"code": finding.code, "remedy": finding.remedy, "who": finding.who}
        return {"finding": "rejected", "reason": finding.cause, **words}
    if isinstance(finding, CannotTell):
        return {"finding": "cannot_tell", "reason": finding.reason, "by_person": finding.by_person}
    kinds = {ProvenAbsent: "absent", Removed: "removed"}
    return {"finding": kinds[type(finding)], "reason": finding.reason}


def finding_of(entry: Mapping[str, Any]) -> Finding | None:
    """As describe() wrote it; None for what decides nothing."""
    kind, reason = entry.get("finding"), str(entry.get("reason") or "")
    receipt = receipt_of(entry.get("receipt"))
    if kind == "found" and receipt is not None:
        return Found(receipt=receipt)
    if kind == "rejected":
        words = {name: str(entry.get(name) or "") for name in ("code", "remedy", "who")}
        return Rejected(cause=reason, **words)
    return Removed(reason=reason) if kind == "removed" else None
