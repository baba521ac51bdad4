"""Access tokens in the database: one renewal across processes and machines, under a lease with an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.models import Account, AccountToken
from app.db import InTransaction, atomic, db, in_atomic, new_id, release
from app.sealing import closed
from connectors.errors import Unavailable
from connectors.values import Token

# Longer than the longest token call (connecting and reading time out together after 18 s).
LEASE = timedelta(seconds=30)
# How long somebody waits for another's renewal, and between two looks, in seconds.
PATIENCE = 20.0
LOOK = 0.05


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What an account's row says now; `token` None when none was ever stored."""

    token: Token | None = None
    generation: int = 0
    lease_until: datetime | None = None


class DatabaseTokens:
    """The TokenStore of one account. `given` is the token of the credentials, used until one is stored. `lately`: what was
    read of the row a moment ago, enough for the first look. `known`: the credentials that fetch() speaks with."""

    def __init__(
        self,
        account_id: str,
        *,
        clock: Callable[[], datetime],
        given: Token | None = None,
        lately: Standing | None = None,
        known: Mapping[str, str] | None = None,
    ) -> None:
        self._account_id = account_id
        self._clock = clock
        self._given = given
        self._lately = lately
        self._known = known

    def current(self) -> Token | None:
        row, self._lately = self._lately or self._read(), None
        return row.token or self._given

    def renew(self, stale: str | None, fetch: Callable[[], Token]) -> Token:
        """A token other than `stale`, fetched by exactly one of all who ask at once; no transaction is open then.

        Raises what fetch() raises, to the one who fetched; Unavailable to those who waited for it in vain, and to whoever
        speaks with credentials that were replaced meanwhile.
        """
        if in_atomic():
            raise InTransaction("a token is renewed outside transactions only")
        first = self._read()
        if self._fresh(first, stale):
            return _told(first)
        give_up = time.monotonic() + PATIENCE
        waited = False
        while True:
            row = self._read()
            if row.generation != first.generation:
                return _told(row)
            if waited and row.lease_until is None:
                raise Unavailable(
                    "换取访问令牌没有成功。",
                    remedy="另一任务刚刚试过，系统稍后会自动再试；着急时可用“逐项测试”查明原因。",
                    who="系统",
                )
            owner = new_id()
            if not self._leased(row) and self._take(owner, row.generation):
                return self._fetch(owner, fetch)
            if time.monotonic() > give_up:
                raise Unavailable("等待访问令牌超时。", remedy="另一任务正在换取，系统稍后会自动重试。", who="系统")
            waited = True
            time.sleep(LOOK)

    def _fetch(self, owner: str, fetch: Callable[[], Token]) -> Token:
        try:
            token = fetch()
        except BaseException:
            self._write(owner, None)
            raise
        self._write(owner, token)
        return token

    def _fresh(self, row: Standing, stale: str | None) -> bool:
        token = row.token
        if token is None or token.value == stale:
            return False
        return token.expires_at is None or token.expires_at > self._clock()

    def _leased(self, row: Standing) -> bool:
        return row.lease_until is not None and row.lease_until > self._clock()

    def _read(self) -> Standing:
        found = standing([self._account_id])[self._account_id]
        if not in_atomic():
            release()
        return found

    def _take(self, owner: str, generation: int) -> bool:
        """Whether the lease is ours now: the conditional UPDATE changed exactly one row. Raises Unavailable when what fetch()
        would show the platform is not what the account has now."""
        now = self._clock()
        free = or_(AccountToken.lease_until.is_(None), AccountToken.lease_until <= now)
        with atomic():
            ensure_row(self._account_id)
            taken = db.session.execute(
                update(AccountToken)
                .where(AccountToken.account_id == self._account_id, AccountToken.generation == generation, free)
                .values(lease_owner=owner, lease_until=now + LEASE)
                .returning(AccountToken.account_id)
                .execution_options(synchronize_session=False)
            ).all()
            # Asked once the row is ours: from here on whoever replaces the credentials takes the lease away (store).
            if taken and self._replaced():
                raise _outdated()
        return len(taken) == 1

    def _replaced(self) -> bool:
        if self._known is None:
            return False
        now = db.session.scalar(select(Account.credentials).where(Account.id == self._account_id))
        return now is None or closed(now) or dict(now) != dict(self._known)

    def _write(self, owner: str, token: Token | None) -> None:
        """Give the lease back, with the new token if there is one; nothing when the lease went to somebody else."""
        mine = (AccountToken.account_id == self._account_id, AccountToken.lease_owner == owner)
        change = update(AccountToken).where(*mine).values(lease_owner="", lease_until=None)
        if token is not None:
            change = change.values(
                value={"value": token.value}, expires_at=token.expires_at, generation=AccountToken.generation + 1
            )
        with atomic():
            db.session.execute(change.execution_options(synchronize_session=False))


def standing(account_ids: Iterable[str]) -> dict[str, Standing]:
    """What the rows of these accounts say now; an empty one for an account without a row. A token that no key opens is none:
    another is fetched."""
    found = {account_id: Standing() for account_id in account_ids}
    for account_id, value, expires_at, generation, lease_until in db.session.execute(
        select(
            AccountToken.account_id,
            AccountToken.value,
            AccountToken.expires_at,
            AccountToken.generation,
            AccountToken.lease_until,
        ).where(AccountToken.account_id.in_(found))
    ):
        known = {} if value is None or closed(value) else value
        token = Token(value=known["value"], expires_at=expires_at) if known.get("value") else None
        found[account_id] = Standing(token=token, generation=generation, lease_until=lease_until)
    return found


def _told(row: Standing) -> Token:
    if row.token is None:
        raise _outdated()
    return row.token


def _outdated() -> Unavailable:
    return Unavailable("账号的凭据刚刚更换，旧凭据不再使用。", remedy="系统会用新凭据自动重试。", who="系统")


def ensure_row(account_id: str) -> None:
    """Make the account's token row if it is missing. Inside atomic()."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    values = {"account_id": account_id, "generation": 0, "lease_owner": ""}
    db.session.execute(insert(AccountToken).values(values).on_conflict_do_nothing())


def store(account_id: str, token: Token | None) -> None:
    """Set the token by hand (a person connected the account again) or forget it (None). Inside atomic().

    Whoever is renewing it with what was valid until now loses the lease, and so keeps nothing.
    """
    ensure_row(account_id)
    db.session.execute(
        update(AccountToken)
        .where(AccountToken.account_id == account_id)
        .values(
            value={"value": token.value} if token else None,
            expires_at=token.expires_at if token else None,
            generation=AccountToken.generation + 1,
            lease_owner="",
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )


def set_expiry(account_id: str, expires_at: datetime) -> None:
    """What the platform itself tells about the end of the stored token. Inside atomic()."""
    db.session.execute(
        update(AccountToken)
        .where(AccountToken.account_id == account_id, AccountToken.value.is_not(None))
        .values(expires_at=expires_at)
        .execution_options(synchronize_session=False)
    )
