"""Browsers in which a person has fully signed in before: what strangers guess at the sign-in page does not shut them out there.

The cookie holds a secret, the row its digest. It opens nothing: it only says whose wrong answers are counted apart.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType

from sqlalchemy import delete, select

from app.db import atomic, db
from app.units.models import KnownDevice, User

# The name begins so; people who share a browser have a cookie each.
COOKIE = "tandem_device_"
KEPT_FOR = timedelta(days=180)
# Of a browser that says nothing.
NOWHERE: Mapping[str, str] = MappingProxyType({})
# Of one person; the one that was longest not used goes first.
_MOST = 20


def cookie_of(user_id: str) -> str:
    return COOKIE + sha256(user_id.encode()).hexdigest()[:12]


def find(user_id: str, given: Mapping[str, str], now: datetime) -> KnownDevice | None:
    """The person's device, by their own cookie among `given`, name -> secret: however many people share the browser."""
    secret = given.get(cookie_of(user_id), "")
    if not secret:
        return None
    query = select(KnownDevice).where(
        KnownDevice.user_id == user_id, KnownDevice.digest == _digest(secret), KnownDevice.last_used_at > now - KEPT_FOR
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def is_known(given: Mapping[str, str], now: datetime) -> bool:
    """Whether anybody has signed in there, by their cookies among `given`."""
    digests = [_digest(secret) for name, secret in given.items() if name.startswith(COOKIE)][:_MOST]
    query = select(KnownDevice.digest).where(KnownDevice.digest.in_(digests), KnownDevice.last_used_at > now - KEPT_FOR)
    return db.session.scalar(query.limit(1)) is not None


def remember(user_id: str, given: Mapping[str, str], now: datetime) -> str:
    """The person has signed in there: the secret for the browser's cookie, a new one unless it is known already."""
    with atomic():
        # One at a time: their number is bounded.
        db.session.get(User, user_id, with_for_update=True)
        known = find(user_id, given, now)
        if known is not None:
            known.last_used_at = now
            return given[cookie_of(user_id)]
        mine = KnownDevice.user_id == user_id
        kept = select(KnownDevice.digest).where(mine).order_by(KnownDevice.last_used_at.desc()).limit(_MOST - 1)
        newest = list(db.session.scalars(kept))
        db.session.execute(delete(KnownDevice).where(mine, KnownDevice.digest.not_in(newest)))
        db.session.execute(delete(KnownDevice).where(mine, KnownDevice.last_used_at <= now - KEPT_FOR))
        secret = secrets.token_urlsafe(32)
        db.session.add(KnownDevice(digest=_digest(secret), user_id=user_id, created_at=now, last_used_at=now))
    return secret


def _digest(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
