"""Writing the audit log: one row per changing act, chained with SM3 in the transaction of the act itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from cryptography.hazmat.primitives.hashes import SM3, Hash
from sqlalchemy import func, select

from app import logs
from app.audit.models import ChainHead, Event
from app.db import atomic, db, new_id

# No event's hash: what follows fits to nothing.
_LOST = "lost"
# Objects whose ids a log is searched for.
_LOGGED = ("post", "publication", "account", "conversation", "stop")


class Who(Protocol):
    """As much of an Actor as an event needs."""

    @property
    def user_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def origin(self) -> str: ...


def record(
    actor: Who,
    action: str,
    *,
    now: datetime,
    object_type: str = "",
    object_id: str = "",
    unit_id: str = "",
    summary: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Event:
    """Append one event; `action` as "post.submit". Secrets and citizens' words never go in (digests do)."""
    with atomic():
        head = _head()
        event = Event(
            id=new_id(),
            seq=head.seq + 1,
            at=now,
            actor_id=actor.user_id,
            actor_name=actor.name,
            unit_id=unit_id,
            action=action,
            object_type=object_type,
            object_id=object_id,
            summary=summary,
            before=dict(before or {}),
            after=dict(after or {}),
            origin=actor.origin,
            prev_hash=head.hash,
        )
        event.hash = digest(event)
        db.session.add(event)
        head.seq, head.hash = event.seq, event.hash
        # The summary has names in it: ids only.
        named = {object_type: object_id} if object_type in _LOGGED else {}
        logs.milestone(action, actor=actor.user_id, seq=event.seq, **named)
        return event


def _head() -> ChainHead:
    head = db.session.scalars(select(ChainHead).where(ChainHead.id == 1).with_for_update()).one_or_none()
    if head is None:
        # The first event; else somebody removed it: work goes on, and the broken chain tells of it for good.
        last = db.session.scalar(select(func.max(Event.seq))) or 0
        head = ChainHead(id=1, seq=last, hash=_LOST if last else "", ids_from=last + 1)
        db.session.add(head)
        db.session.flush()
    return head


def digest(event: Event, *, named: bool = True) -> str:
    """SM3 (hex) over the previous hash and the canonical JSON of the row; those of old are not `named` by their ids."""
    row = {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "unit_id": event.unit_id,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "summary": event.summary,
        "before": event.before,
        "after": event.after,
        "origin": event.origin,
    }
    if named:
        row["id"] = event.id
    sm3 = Hash(SM3())
    sm3.update((event.prev_hash + json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))).encode())
    return sm3.finalize().hex()


def verify(newest: int | None = None) -> list[str]:
    """Walk the chain, or its `newest` entries; Chinese words for every altered, removed or reordered row (empty: intact)."""
    faults: list[str] = []
    previous, expected = "", 1
    head = db.session.get(ChainHead, 1, populate_existing=True)
    if head is None and _in_use():
        faults.append("链头被删除，末尾缺了多少条已无从得知。")
    ids_from = head.ids_from if head is not None else 1
    if newest is not None:
        last = head.seq if head is not None else db.session.scalar(select(func.max(Event.seq))) or 0
        expected = max(1, last - newest + 1)
        previous = db.session.scalar(select(Event.hash).where(Event.seq == expected - 1)) or ""
    for event in db.session.scalars(select(Event).where(Event.seq >= expected).order_by(Event.seq)).yield_per(500):
        if event.seq != expected:
            faults.append(f"第 {expected} 条至第 {event.seq - 1} 条缺失。")
        sound = digest(event) == event.hash or (event.seq < ids_from and digest(event, named=False) == event.hash)
        if event.prev_hash != previous or not sound:
            faults.append(f"第 {event.seq} 条（{event.action}）被改动或换序。")
        previous, expected = event.hash, event.seq + 1
    if head is not None and (head.seq != expected - 1 or head.hash != previous):
        faults.append("末尾的记录被删除，或链头被改动。")
    return faults


def _in_use() -> bool:
    """Whether anything was ever done here: the first unit leaves the first event."""
    units = db.metadata.tables["units"]
    return (
        db.session.scalar(select(units.c.id).limit(1)) is not None
        or db.session.scalar(select(Event.seq).limit(1)) is not None
    )
