"""A browser's way to the identity platform and back, each used once. The platform is asked outside of any transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from threading import BoundedSemaphore

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.db import atomic, db, release
from app.errors import TandemError, TooMany
from app.units.models import AnsweredChallenge, Identity, IdentityProvider
from app.units.provider import registration
from app.words import N_
from connectors.errors import ConnectorError, Unavailable
from connectors.openid.client import ProviderClient
from connectors.openid.faults import answered, fault
from connectors.openid.values import Attempt, Vouched

# From leaving for the platform until coming back.
WITHIN = timedelta(minutes=10)
# So many ask the platform at once in a process: while it is slow, the server's other threads are everybody else's.
_places = BoundedSemaphore(3)
_WAIT = 0.5
_BUSY = N_("没有办理。现在经身份平台登录的人太多，轮不到这一次。请过几秒再试；一直如此请联系系统管理员。")


class NotVouched(TandemError):
    """The platform vouched for nobody. `code`: of connectors.openid.faults; the message says cause, remedy and who must act."""

    status = 401

    def __init__(self, error: ConnectorError) -> None:
        super().__init__(error.cause)
        self.code = error.code
        if isinstance(error, Unavailable):
            self.status = 503


def begin(row: IdentityProvider, *, fresh: bool, now: datetime) -> tuple[Attempt, str]:
    """What the browser keeps, and where it is sent. Raises NotVouched, TooMany, Conflict."""
    attempt = Attempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        begun_at=now,
        fresh=fresh,
    )
    with _asking(row) as client:
        return attempt, client.address(attempt)


def finish(row: IdentityProvider, attempt: Attempt, answer: Mapping[str, str], *, now: datetime) -> Vouched:
    """Whom the platform vouches for. `answer`: the query that the browser brought, its state that of the attempt.

    Raises NotVouched (also for an attempt that is too old or was used before), TooMany, Conflict.
    """
    _spend(attempt, now)
    if "error" in answer:
        raise NotVouched(fault(answered(answer["error"])))
    issuer = row.issuer
    # For somebody's first sign-in: the claim they are listed by, and the e-mail for the allow-list.
    first = frozenset({row.claim, *(["email"] if row.allowed else [])})

    def needed(subject: str) -> frozenset[str]:
        bound = select(Identity.id).where(Identity.issuer == issuer, Identity.subject == subject)
        known = db.session.scalar(bound) is not None
        release()
        return frozenset() if known else first

    with _asking(row) as client:
        return client.vouched(attempt, answer, needed=needed, now=now)


@contextmanager
def _asking(row: IdentityProvider) -> Iterator[ProviderClient]:
    client = ProviderClient(registration(row))
    release()
    if not _places.acquire(timeout=_WAIT):
        raise TooMany(_BUSY)
    try:
        yield client
    except ConnectorError as error:
        raise NotVouched(error) from None
    finally:
        _places.release()


def _spend(attempt: Attempt, now: datetime) -> None:
    """No second time, also not for a copy of the cookie."""
    if not timedelta(0) <= now - attempt.begun_at <= WITHIN:
        raise NotVouched(fault("state"))
    digest = sha256(f"provider {attempt.state}".encode()).hexdigest()
    with atomic():
        db.session.execute(delete(AnsweredChallenge).where(AnsweredChallenge.at < now - WITHIN))
        db.session.add(AnsweredChallenge(digest=digest, at=now))
        try:
            db.session.flush()
        except IntegrityError:
            raise NotVouched(fault("state")) from None
