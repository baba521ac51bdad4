"""How an account stands, and what the platform's limits say of it. Tests are in probing.py, calls in allotment.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_

from app.accounts import connections, quotas, readings, sharing
from app.accounts.allotment import quota_summary
from app.accounts.models import Account, CallbackSeen, QuotaUse, SharedUse
from app.audit.services import record
from app.db import atomic, db
from app.errors import NotFound
from app.units import idempotency
from app.units.access import Actor
from connectors.errors import RateLimited

# What is over sooner was a limit by the minute or hour, of which the platform tells nothing.
_DAILY_LIMIT = timedelta(hours=1)


def request_poll(actor: Actor, account_id: str, now: datetime) -> Account:
    """Let the scheduler fetch the account's messages now. Raises NotFound, Forbidden."""
    with atomic():
        account = db.session.get(Account, account_id)
        if account is None:
            raise NotFound
        actor.require("account.manage", account.unit, see="account.read")
        account.next_poll_at = now
        record(
            actor,
            "account.poll",
            now=now,
            object_type="account",
            object_id=account.id,
            unit_id=account.unit_id,
            summary=f"要求立即拉取互动：“{account.name}”",
        )
    return account


def tidy(now: datetime) -> None:
    """Forget counters of past periods, callbacks that cannot come again and old answers of the API; the scheduler calls it
    once a day."""
    idempotency.forget_old(now)
    with atomic():
        for table in (QuotaUse, SharedUse):
            past = and_(table.period_start < now - timedelta(days=62), table.blocked_until.is_(None))
            over = table.blocked_until < now - timedelta(days=1)
            db.session.execute(delete(table).where(or_(past, over)).execution_options(synchronize_session=False))
        old = CallbackSeen.at < now - timedelta(days=7)
        db.session.execute(delete(CallbackSeen).where(old).execution_options(synchronize_session=False))


def note_limit(account_id: str, key: str, error: RateLimited, now: datetime) -> None:
    """Remember the platform's own "not before" at the call `key`; our ledger's refusals need no remembering."""
    if error.until is not None and error.code != "quota":
        _block(account_id, _refused_as_one(account_id, key) if error.code in quotas.ALL_CALLS else key, error)
        if error.until - now >= _DAILY_LIMIT:
            _ask_what_is_left(account_id, now)


def _block(account_id: str, key: str, error: RateLimited) -> None:
    """For this account; for all that speak in the name of its app from here, where the limit is theirs."""
    if error.until is None:
        return
    scope = connections.scopes_of([account_id])[account_id] if error.shared else ""
    if scope:
        sharing.block(scope, "" if key == quotas.DAILY else key, error.until)
    else:
        quotas.block(account_id, key, error.until)


def _refused_as_one(account_id: str, call: str) -> str:
    """What a refusal of the user or the address is about: the family of calls, where the account has such; else all."""
    account = db.session.get_one(Account, account_id)
    families = [quota.key for quota in connections.quotas_of(account) if quota.family and quota.covers(call)]
    return families[0] if families else quotas.DAILY


def _ask_what_is_left(account_id: str, now: datetime) -> None:
    """A day's limit was met: where the platform tells its allowances they are read at the scheduler's next turn."""
    account = db.session.get(Account, account_id)
    if account is not None and "quota" in connections.capabilities(account).offers:
        with atomic():
            readings.request(account_id, now)


def health_of(account: Account, now: datetime) -> dict[str, Any]:
    """{status, rights, checked_at, egress_ip, token_expires_at, quotas}; times are aware UTC."""
    return {
        "status": account.status,
        "rights": account.rights,
        "checked_at": account.checked_at,
        "egress_ip": account.egress_ip,
        "token_expires_at": account.token_expires_at,
        "quotas": quota_summary(account, now),
    }
