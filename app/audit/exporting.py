"""What leaves the audit log, and the looking over of its chain: both are entries of their own."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement

from app.audit.reading import Filter, found
from app.audit.services import Who, record, verify
from app.db import atomic
from app.errors import Invalid

MOST_ROWS = 50_000
# On screen the newest so many; the command walks them all.
MOST_VERIFIED = 100_000
_HEAD = ("序号", "时间", "操作人", "操作", "对象", "说明", "之前", "之后", "来自", "前一条 SM3", "SM3")
# A spreadsheet takes what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(actor: Who, wanted: Filter, *, visible: ColumnElement[bool], unit_id: str, now: datetime) -> bytes:
    """A table (CSV, UTF-8 with mark) in the order of the chain. Raises Invalid when there are too many."""
    rows = found(wanted, visible=visible, most=MOST_ROWS)
    if len(rows) > MOST_ROWS:
        raise Invalid(f"没有导出。符合条件的记录超过 {MOST_ROWS} 条。请用日期或操作缩小范围，分几次导出。")
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_HEAD)
    for event in rows:
        about = f"{event.object_type}:{event.object_id}" if event.object_type else ""
        table.writerow(
            [
                event.seq,
                event.at.isoformat(),
                *map(_safe, (event.actor_name, event.action, about, event.summary)),
                *map(_told, (event.before, event.after)),
                _safe(event.origin),
                event.prev_hash,
                event.hash,
            ]
        )
    given = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(wanted).items()
    }
    with atomic():
        _record(
            actor,
            "audit.export",
            unit_id,
            now,
            {"rows": len(rows), "wanted": {key: value for key, value in given.items() if value}},
        )
    return out.getvalue().encode("utf-8-sig")


def look_over(actor: Who, *, unit_id: str, now: datetime) -> list[str]:
    """verify() of the newest; recorded with what came of it."""
    faults = verify(MOST_VERIFIED)
    with atomic():
        _record(actor, "audit.verify", unit_id, now, {"faults": len(faults)})
    return faults


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _told(what: dict[str, Any]) -> str:
    return json.dumps(what, ensure_ascii=False, sort_keys=True) if what else ""


def _record(actor: Who, action: str, unit_id: str, now: datetime, after: dict[str, Any]) -> None:
    record(actor, action, now=now, object_type="audit", unit_id=unit_id, after=after)
