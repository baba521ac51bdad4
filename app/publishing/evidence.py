"""The evidence of one publication: what was approved, what was sent, what was answered, what was read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.accounts import allowances, connections
from app.audit import services as audit
from app.db import atomic
from app.errors import NotFound
from app.publishing.models import Attempt, Publication
from app.publishing.outlook import get_publication
from app.publishing.resolving import MANAGE
from app.units.access import Actor
from connectors.desk import EXPLAINED_FOR, rid_in

__all__ = ["evidence", "explain", "explainable", "media_map", "rid_in"]


def evidence(actor: Actor, publication_id: str) -> dict[str, Any]:
    """As JSON-able data. Secrets were masked when the exchanges were recorded."""
    row = get_publication(actor, publication_id)
    steps = dict((row.prepared or {}).get("steps") or {})
    return {
        "publication_id": row.id,
        "approved": {"payload": row.payload, "sha256": row.sha256, "revision_id": row.schedule.revision_id},
        "prepared": steps,
        # From our media's SHA-256 to the platform's ids, wherever preparing noted them.
        "media_map": media_map(steps),
        "preparing": list(row.exchanges or []),
        "attempts": [_attempt(attempt) for attempt in row.attempts],
        "readbacks": list(row.readbacks or []),
        "changes": [
            {"at": c.at.isoformat(), "from": c.before, "to": c.after, "reason": c.reason, "actor": c.actor}
            for c in row.changes
        ],
    }


def apart(row: Publication) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The calls made while preparing it, and those made to take it back, which come after it was live."""
    both: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for exchange in row.exchanges or []:
        after = row.live_at is not None and datetime.fromisoformat(exchange["sent_at"]) > row.live_at
        both[after].append(exchange)
    return both


def explain(actor: Actor, publication_id: str, rid: str, *, now: datetime) -> Mapping[str, Any]:
    """The platform's own record of one failed call of this publication: {asked_at, milliseconds, url, request, answer,
    client_ip}. Network; it spends the account's calls: for those who manage publications, and audited, refused or not.
    Raises NotFound for a number that is not in its evidence, Forbidden, Conflict with the platform's reason."""
    row = get_publication(actor, publication_id)
    actor.require(MANAGE, row.post.unit, see="post.read")
    if not rid or rid not in {rid_in(str(exchange.get("answer") or "")) for exchange in _exchanges(row)}:
        raise NotFound
    with atomic():
        audit.record(
            actor,
            "publication.explain",
            now=now,
            object_type="publication",
            object_id=row.id,
            unit_id=row.unit_id,
            summary=f"查询平台解释：{row.post.title}（{row.account.name}）",
            after={"rid": rid},
        )
    return allowances.explain(row.account, rid, now)


def explainable(actor: Actor, row: Publication, now: datetime) -> set[str]:
    """The numbers of failed calls that the platform still explains, for this account, to this person."""
    if not actor.may(MANAGE, row.post.unit) or "explain" not in connections.capabilities(row.account).offers:
        return set()
    found = set()
    for exchange in _exchanges(row):
        rid = rid_in(str(exchange.get("answer") or ""))
        if rid and now - datetime.fromisoformat(str(exchange["sent_at"])) < EXPLAINED_FOR:
            found.add(rid)
    return found


def _exchanges(row: Publication) -> list[Mapping[str, Any]]:
    """Every call kept for this publication."""
    found: list[Mapping[str, Any]] = [*(row.exchanges or [])]
    for attempt in row.attempts:
        found += attempt.exchanges or []
    for one in row.readbacks or []:
        found += one.get("exchanges") or []
    return found


def media_map(value: Any) -> dict[str, str]:
    """Every {sha256: text} pair found in the finished steps."""
    found: dict[str, str] = {}
    if isinstance(value, dict):
        for key, inner in value.items():
            name = str(key).split(":")[-1].removeprefix("/media/")
            if isinstance(inner, str) and len(name) == 64 and all(c in "0123456789abcdef" for c in name):
                found[name] = inner
            else:
                found.update(media_map(inner))
    return found


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "key": attempt.key,
        "started_at": attempt.started_at.isoformat(),
        "send_before": attempt.send_before.isoformat(),
        "answered_at": attempt.answered_at.isoformat() if attempt.answered_at else None,
        "outcome": attempt.outcome or "pending",
        "receipt": attempt.receipt or None,
        "error": attempt.error or None,
        "exchanges": list(attempt.exchanges or []),
    }
