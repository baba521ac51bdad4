"""Publications that nobody believes to be out, found among what the platform lists of the account: by the unique parameter of
their link, which no other post bears.

A lost call may arrive late, or a person may have pressed the button at the platform. What was cancelled is for people to
decide; what failed is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict
from app.publishing import doubting, outcomes, permalink, pushdown, states
from app.publishing.attempts import last_attempt
from app.publishing.models import Publication
from app.publishing.values import receipt_json
from app.words import N_
from connectors.values import PublishedItem, Receipt

LISTED = N_("平台的已发布列表里出现了这一条，带着它独有的链接。")
# Whose own entry in the list may have the same parameter: the same variant, scheduled anew.
_MAY_BE_OUT = ("committing", "processing", "published", "unknown", "recalled", "removed")
_NOT_BELIEVED = ("cancelled", "failed")


def note_listed(account_id: str, items: Iterable[PublishedItem], now: datetime) -> int:
    """Hold the list against what was cancelled or failed; how many turned up."""
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


def refuse_if_appeared(post_id: str, account_id: str) -> None:
    """Raises Conflict while one of the post's is out on the account that was taken for cancelled, and nobody decided."""
    found = db.session.scalar(
        select(Publication.id).where(
            Publication.post_id == post_id,
            Publication.account_id == account_id,
            Publication.status == "unknown",
            Publication.error_code == outcomes.APPEARED,
        )
    )
    if found is not None:
        raise Conflict(
            N_("没有排期。这篇稿件已撤销的一次发送在平台上出现了，再发会造成重复。请先打开那条发布记录，认定结果。")
        )


def _suspects(account_id: str, listed: Mapping[str, list[PublishedItem]]) -> list[str]:
    if not listed:
        return []
    query = select(Publication.id).where(
        Publication.account_id == account_id,
        Publication.status.in_(_NOT_BELIEVED),
        Publication.mark.in_(listed),
        Publication.mark != "",
    )
    return list(db.session.scalars(query.order_by(Publication.id)))


def _turned_up(publication_id: str, listed: Mapping[str, list[PublishedItem]], now: datetime) -> bool:
    permalink.lock_post_of(publication_id)
    row = db.session.get_one(Publication, publication_id, with_for_update=True, populate_existing=True)
    item = _unclaimed(row, listed.get(row.mark, [])) if row.status in _NOT_BELIEVED else None
    if item is None:
        return False
    attempt = last_attempt(row.id)
    receipt = Receipt(external_id=item.external_id, url=item.url, live=True, published_at=item.published_at)
    entry: dict[str, Any] = {
        "at": now.isoformat(),
        "finding": outcomes.APPEARED,
        "reason": LISTED,
        "receipt": receipt_json(receipt),
    }
    if row.status == "failed" and attempt is None:
        # Nothing was ever sent: what stands there was put there by hand, and may go out by hand.
        return False
    if attempt is not None:
        attempt.outcome = "unknown"
    states.touch(row, now=now, readbacks=[*(row.readbacks or []), entry][-40:])
    if row.status == "cancelled":
        outcomes.reappear(row, now, cause=LISTED, receipt=receipt)
    else:
        outcomes.become_unknown(row, now, {"cause": LISTED})
        states.touch(row, now=now, next_attempt_at=now)
    for queued in doubting.queued_again(row):
        doubting.hold(queued, entry, now, LISTED)
    pushdown.push([row.post_id], now)
    return True


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
    """The numbers under which it turned up before."""
    told = (entry.get("receipt") or {} for entry in row.readbacks or [] if entry.get("finding") == outcomes.APPEARED)
    return {str(receipt.get("external_id") or "") for receipt in told}
