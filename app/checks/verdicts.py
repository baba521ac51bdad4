"""What fetching links told, kept: which are to be looked at, and when again. Which posts need it is theirs to say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import and_, delete, false, or_, select, update

from app.checks.links import Known
from app.checks.models import LinkVerdict
from app.db import atomic, db, insert_for
from connectors.visiting import Seen

# No address is looked at more often; one that did not answer well is looked at again after 1, 2, 4, … hours.
SPACING = timedelta(hours=1)
LONGEST = timedelta(hours=24)
# One look, with all its redirects.
LEASE = timedelta(minutes=2)


def hash_of(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def want(urls: Iterable[str], now: datetime, *, fresh: timedelta | None = None) -> None:
    """Somebody works on a text with these: new ones are due, and those that did not answer well; with `fresh`, also those
    that were looked at longer ago. Inside atomic()."""
    wanted = {hash_of(url): url for url in urls}
    if not wanted:
        return
    standing = set(db.session.scalars(select(LinkVerdict.url_hash).where(LinkVerdict.url_hash.in_(wanted))))
    for key in sorted(wanted.keys() - standing):
        host = (urlsplit(wanted[key]).hostname or "")[:255]
        row = insert_for(LinkVerdict).values(
            url_hash=key, url=wanted[key], host=host, verdict="waiting", reason="", failures=0, next_at=now
        )
        db.session.execute(row.on_conflict_do_nothing())
    again = (
        update(LinkVerdict)
        .where(
            LinkVerdict.url_hash.in_(standing),
            or_(
                and_(LinkVerdict.verdict.in_(("dead", "unsure")), LinkVerdict.checked_at < now - SPACING),
                LinkVerdict.checked_at < now - fresh if fresh is not None else false(),
            ),
            LinkVerdict.next_at > now + LEASE,
        )
        .values(next_at=now)
        .execution_options(synchronize_session=False)
    )
    if standing:
        db.session.execute(again)


def known(urls: Iterable[str]) -> dict[str, Known]:
    """By address; those that were never looked at are left out."""
    hashes = {hash_of(url) for url in urls}
    if not hashes:
        return {}
    rows = db.session.scalars(
        select(LinkVerdict).where(LinkVerdict.url_hash.in_(hashes), LinkVerdict.verdict != "waiting")
    )
    return {
        row.url: Known(verdict=row.verdict, reason=row.reason, status=row.status, failures=row.failures) for row in rows
    }


def record(url_hash: str, seen: Seen, now: datetime) -> bool:
    """What a look told, and when to look again; True when the address has just turned out to be dead."""
    with atomic():
        row = db.session.get(LinkVerdict, url_hash, with_for_update=True, populate_existing=True)
        if row is None:
            return False
        before = row.verdict
        row.failures = 0 if seen.verdict == "alive" else row.failures + 1
        row.verdict, row.reason, row.status = seen.verdict, seen.reason, seen.status
        if seen.reason == "unreachable" and row.failures > 1 and _outside(now):
            row.verdict = "dead"
        row.checked_at = now
        row.next_at = now + (min(LONGEST, SPACING * 2 ** min(row.failures - 1, 8)) if row.failures else LONGEST)
        return row.verdict == "dead" and before != "dead"


def forget(hashes: Iterable[str]) -> None:
    """Nobody needs these any more. Inside atomic()."""
    gone = delete(LinkVerdict).where(LinkVerdict.url_hash.in_(list(hashes)))
    db.session.execute(gone.execution_options(synchronize_session=False))


def _outside(now: datetime) -> bool:
    """Whether this machine reaches anything at all: else it is not the sites that are away."""
    alive = select(LinkVerdict.url_hash).where(LinkVerdict.verdict == "alive", LinkVerdict.checked_at > now - LONGEST)
    return db.session.scalar(alive.limit(1)) is not None
