"""datacube/getarticletotaldetail: the only place that lists mass-sent articles, one Beijing day per call.

A day's figures are there from eight o'clock next morning on. msgid is {msg_data_id}_{index, 1-based}; people are counted,
not reads. The older article statistics answer 47009 and are not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from connectors.values import Figures, Receipt
from connectors.wechat import payloads
from connectors.wechat.api import Api
from connectors.wechat.clocks import BEIJING, beijing_day

READY_HOUR = 8
# A mass send may wait half an hour for the administrator, and then takes its time.
NEAR_MIDNIGHT = timedelta(hours=1)


def last_ready_day(now: datetime) -> date:
    """The newest day whose statistics can be asked."""
    back = 1 if now.astimezone(BEIJING).hour >= READY_HOUR else 2
    return beijing_day(now) - timedelta(days=back)


def articles_published_on(api: Api, day: date) -> list[dict[str, Any]]:
    """What the account published on `day`, notified (publish_type 0) or not (1)."""
    body = {"begin_date": day.isoformat(), "end_date": day.isoformat()}
    return payloads.rows_of(api.post("/datacube/getarticletotaldetail", body), "list")


def split_msgid(msgid: str) -> tuple[str, str]:
    """ "2247490098_1" -> msg_data_id and the index as comments want it (0-based)."""
    head, _, index = msgid.partition("_")
    return head, str(int(index) - 1) if payloads.number_of(index).strip("0") else "0"


def article_of_day(api: Api, sent_at: datetime, *, now: datetime, msg_data_id: str, title: str) -> Receipt | None:
    """Our article among those of its day or of the next: by msg_data_id where known, else by title.

    By title only when exactly one notified article has it: two may be somebody else's. And by title the next day is
    asked only when it was sent near midnight: tomorrow's 早间天气 is another article of the same name.
    """
    day = beijing_day(sent_at)
    following = day + timedelta(days=1) if msg_data_id else beijing_day(sent_at + NEAR_MIDNIGHT)
    for asked in dict.fromkeys((day, following)):
        if asked > last_ready_day(now):
            return None
        rows = [row for row in articles_published_on(api, asked) if _is_ours(row, msg_data_id, title)]
        if len(rows) == 1:
            mid, index = split_msgid(payloads.text_of(rows[0].get("msgid")))
            url = payloads.text_of(rows[0].get("content_url"))
            # Comments are asked by it as a number: what is none would break every look to come.
            details = {"msg_data_id": mid, "index": index} if payloads.number_of(mid) else {}
            return Receipt(
                external_id=payloads.mass_id({"msg_data_id": mid, "index": index}), url=url, live=True, details=details
            )
    return None


def _is_ours(row: dict[str, Any], msg_data_id: str, title: str) -> bool:
    if msg_data_id:
        return split_msgid(payloads.text_of(row.get("msgid")))[0] == msg_data_id
    return _notified(row) and payloads.text_of(row.get("title")) == title


def _notified(row: dict[str, Any]) -> bool:
    return payloads.text_of(row.get("publish_type")) in ("0", "")


def figures(api: Api, receipts: Sequence[Receipt], now: datetime) -> tuple[Figures, ...]:
    """Reads, likes, comments and shares of each receipt (numbers of people); None where the platform does not tell."""
    days: dict[date, list[dict[str, Any]]] = {}
    out = []
    for receipt in receipts:
        day = beijing_day(receipt.published_at) if receipt.published_at else None
        if day is not None and day not in days and day <= last_ready_day(now):
            days[day] = articles_published_on(api, day)
        row = _row_of(receipt, days.get(day, []) if day else [])
        out.append(_figures(receipt.external_id, row))
    return tuple(out)


def _row_of(receipt: Receipt, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    mid = receipt.details.get("msg_data_id", "")
    for row in rows:
        if mid and split_msgid(payloads.text_of(row.get("msgid")))[0] == mid:
            return row
        if receipt.url and payloads.text_of(row.get("content_url")) == receipt.url:
            return row
    return None


def _figures(external_id: str, row: dict[str, Any] | None) -> Figures:
    latest = max(payloads.rows_of(row, "detail_list"), key=lambda d: str(d.get("stat_date")), default=None)
    if latest is None:
        return Figures(external_id=external_id)
    return Figures(
        external_id=external_id,
        reads=_count(latest, "read_user"),
        likes=_count(latest, "like_user"),
        comments=_count(latest, "comment_count"),
        reposts=_count(latest, "share_user"),
    )


def _count(row: dict[str, Any], name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
