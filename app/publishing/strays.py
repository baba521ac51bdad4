"""Publications that nobody believes to be out, found among what the platform lists of the account: by the unique parameter of
their link, which no other post bears.

A lost call may arrive late, or a person may have pressed the button at the platform. What was cancelled is for people to
decide; what failed is looked up; what was taken for not sent and waits to be sent again is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import and_, exists, or_, select

from app.db import atomic, db
from app.publishing import appearing, outcomes, permalink, pushdown, states
from app.publishing.attempts import last_attempt
from app.publishing.doubting import ABSENT
from app.publishing.models import Attempt, Publication
from app.publishing.values import receipt_json
from app.words import N_
from connectors.values import PublishedItem, Receipt

LISTED = N_("平台的已发布列表里出现了这一条，带着它独有的链接。")
# Whose own entry in the list may have the same parameter: the same variant, scheduled anew.
_MAY_BE_OUT = ("committing", "processing", "published", "unknown", "recalled", "removed")
_NOT_BELIEVED = ("cancelled", "failed")
# In the entry of one that was held: it waited to be sent again.
_QUEUED = "queued"


def note_listed(account_id: str, items: Iterable[PublishedItem], now: datetime) -> int:
    """Hold the list against what was cancelled, failed or is to be sent again; how many turned up."""
    listed: dict[str, list[PublishedItem]] = {}
    for item in items:
        for mark in marks_of(item) if not item.deleted else ():
            listed.setdefault(mark, []).append(item)
    suspects = _suspects(account_id, listed)
    found = 0
    # Asked at every look at an account: no transaction unless there is somebody to hold it against.
    for publication_id in suspects:
        with atomic():
            found += _turned_up(publication_id, listed, now)
    return found


def marks_of(item: PublishedItem) -> set[str]:
    """The unique parameters (w=…) in the addresses that it carries."""
    found: set[str] = set()
    for address in item.addresses:
        try:
            found.update(parse_qs(urlsplit(address).query).get("w", ()))
        except ValueError:
            continue
    return found


def _suspects(account_id: str, listed: Mapping[str, list[PublishedItem]]) -> list[str]:
    if not listed:
        return []
    taken_for_not_sent = exists().where(Attempt.publication_id == Publication.id, Attempt.outcome == ABSENT)
    query = select(Publication.id).where(
        Publication.account_id == account_id,
        or_(
            Publication.status.in_(_NOT_BELIEVED),
            and_(Publication.status.in_(appearing.WAITING), taken_for_not_sent),
        ),
        Publication.mark.in_(listed),
        Publication.mark != "",
    )
    return list(db.session.scalars(query.order_by(Publication.id)))


def _turned_up(publication_id: str, listed: Mapping[str, list[PublishedItem]], now: datetime) -> bool:
    permalink.lock_post_of(publication_id)
    row = db.session.get_one(Publication, publication_id, with_for_update=True, populate_existing=True)
    attempt = last_attempt(row.id)
    queued = row.status in appearing.WAITING and attempt is not None and attempt.outcome == ABSENT
    item = _unclaimed(row, listed.get(row.mark, [])) if queued or row.status in _NOT_BELIEVED else None
    if item is None:
        return False
    if row.status == "failed" and attempt is None:
        # Nothing was ever sent: what stands there was put there by hand, and may go out by hand.
        return False
    receipt = Receipt(external_id=item.external_id, url=item.url, live=True, published_at=item.published_at)
    entry: dict[str, Any] = {
        "at": now.isoformat(),
        "finding": appearing.APPEARED,
        "reason": LISTED,
        "receipt": receipt_json(receipt),
    }
    if queued:
        # Sent once, taken for not sent, and queued again.
        appearing.hold(row, {**entry, _QUEUED: True}, now, LISTED)
    else:
        _correct(row, attempt, entry, receipt, now)
    pushdown.push([row.post_id], now)
    return True


def _correct(
    row: Publication, attempt: Attempt | None, entry: Mapping[str, Any], receipt: Receipt, now: datetime
) -> None:
    """failed, cancelled -> unknown."""
    if attempt is not None:
        attempt.outcome = "unknown"
    states.touch(row, now=now, readbacks=[*(row.readbacks or []), dict(entry)][-40:])
    if row.status == "cancelled":
        appearing.reappear(row, entry, now, cause=LISTED, receipt=receipt)
        return
    outcomes.become_unknown(row, now, {"cause": LISTED})
    states.touch(row, now=now, next_attempt_at=now)
    for other in appearing.queued_again(row):
        appearing.hold(other, entry, now, LISTED)


def _unclaimed(row: Publication, items: Iterable[PublishedItem]) -> PublishedItem | None:
    """The first of `items` that is nobody else's, and of which no person decided before."""
    siblings = db.session.execute(
        select(Publication.external_id, Publication.status).where(
            Publication.account_id == row.account_id,
            Publication.mark == row.mark,
            Publication.id != row.id,
            Publication.status.in_(_MAY_BE_OUT),
        )
    ).all()
    if any(not sibling.external_id for sibling in siblings):
        # It may be the one whose number is not known yet: a later look tells.
        return None
    known = {sibling.external_id for sibling in siblings} | _decided(row)
    return next((item for item in items if item.external_id not in known), None)


def _decided(row: Publication) -> set[str]:
    """The numbers under which it turned up before. Who was told while it was queued and did not let it go may have found it:
    once it is off the schedule, it is asked about."""
    entries = [entry for entry in row.readbacks or [] if entry.get("finding") == appearing.APPEARED]
    told = [entry for entry in entries if row.status in appearing.WAITING or not entry.get(_QUEUED)]
    return {str((entry.get("receipt") or {}).get("external_id") or "") for entry in told}
