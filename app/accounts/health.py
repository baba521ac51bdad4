"""What an account can really do: probing its rights, noting what the platform refused. Its calls are in allotment.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from app.accounts import connections, quotas, readings, sharing, tokens, verdicts
from app.accounts.advice import IN_HAND
from app.accounts.allotment import quota_summary, remaining
from app.accounts.judging import own_settings
from app.accounts.models import Account, CallbackSeen, QuotaUse, SharedUse
from app.audit.services import record
from app.db import Moment, atomic, db, release
from app.errors import NotFound
from app.units import idempotency
from app.units.access import Actor
from connectors.base import Purpose
from connectors.errors import ConnectorError, CredentialsRefused, RateLimited, Refused
from connectors.values import Health, Right

# Without being asked, an account is probed again after this time.
PROBE_AGAIN = timedelta(hours=24)
# So often it is tried whether credentials that no key opened can be opened again.
SEALED_AGAIN = timedelta(minutes=30)
# A person who presses the button again within this time sees the same result, where calls are rationed.
AGAIN_BY_HAND = timedelta(minutes=1)
# What probes are paid from.
BUDGET: Purpose = "history"
# What is over sooner was a limit by the minute or hour, of which the platform tells nothing.
_DAILY_LIMIT = timedelta(hours=1)


def probe(account_id: str, now: datetime) -> Account:
    """Exercise the account's real rights and remember the result. No transaction is open while the platform is asked."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    if account.rights and _too_few_calls(account, now):
        # Not all could be asked today: what is known is worth more than "not asked".
        return _put_off(account, now)
    asked_with, sealed = _asked_with(account), account.sealed
    try:
        connector = connections.connect(account, purpose=BUDGET)
        release()
        health = connector.probe()
    except RateLimited as error:
        if error.code != "quota":
            _block(account_id, quotas.DAILY, error)
        health = Health(rights=(_not_asked(error),))
    except ConnectorError as error:
        health = Health(rights=(_not_asked(error),))
    with atomic():
        account = db.session.get_one(Account, account_id, populate_existing=True)
        if asked_with != _asked_with(account):
            # Corrected meanwhile: what was found is about the old ones, and the new ones' probe is still due.
            return account
        account.rights = verdicts.merged(account.rights, health.rights)
        verdicts.judge(account)
        account.egress_ip = health.egress_ip or account.egress_ip
        if health.token_expires_at is not None:
            account.token_expires_at = health.token_expires_at
            account.token_granted_at = health.token_granted_at or account.token_granted_at
            _correct_expiry(account, health.token_expires_at)
        account.checked_at = now
        # Where no call was left, nobody need press the button: it goes on as soon as there are some.
        unasked = account.status == "unknown" and remaining(account, BUDGET, now) == 0
        account.probe_requested_at = (
            _budget_returns(account, now) if unasked else now + SEALED_AGAIN if sealed else None
        )
    return account


def _too_few_calls(account: Account, now: datetime) -> bool:
    left = remaining(account, BUDGET, now)
    whole = next((row["limit"] for row in quota_summary(account, now) if row["key"] == BUDGET), 0)
    # An account whose whole budget is smaller than a probe still gets one.
    return left is not None and left < min(connections.capabilities(account).probe_calls, max(1, whole))


def _put_off(account: Account, now: datetime) -> Account:
    with atomic():
        account.probe_requested_at = _budget_returns(account, now)
    return account


def _budget_returns(account: Account, now: datetime) -> datetime:
    ends: list[datetime] = [
        row["resets_at"] if row["used"] >= row["limit"] else row["blocked_until"] or row["resets_at"]
        for row in quota_summary(account, now)
        if row["key"] == BUDGET
    ]
    return max(ends)


@dataclass(frozen=True, kw_only=True)
class Tested:
    """`fresh`: the platform was asked just now; `left`: calls left for probes today, None without a limit."""

    account: Account
    fresh: bool
    left: int | None


def check_now(account_id: str, now: datetime) -> Tested:
    """A person's probe. Where calls are rationed, one of the last minute is shown again, unless something was corrected."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    rationed = remaining(account, BUDGET, now) is not None
    recent = account.checked_at is not None and now - account.checked_at < AGAIN_BY_HAND
    if rationed and recent and account.probe_requested_at is None:
        return Tested(account=account, fresh=False, left=remaining(account, BUDGET, now))
    checked_at = account.checked_at
    account = probe(account_id, now)
    return Tested(account=account, fresh=account.checked_at != checked_at, left=remaining(account, BUDGET, now))


def _correct_expiry(account: Account, told: datetime) -> None:
    """The end that a person typed gives way to the platform's own word: else a living token would be held for dead."""
    if connections.given_token(account.credentials) is not None:
        account.credentials = {**account.credentials, "expires_at": told.isoformat()}
        tokens.set_expiry(account.id, told)


def _asked_with(account: Account) -> tuple[dict[str, str], dict[str, Any], str]:
    return dict(account.known), own_settings(account.settings), account.mode


def _not_asked(error: ConnectorError) -> Right:
    ok = False if isinstance(error, Refused) else None
    return Right(key="token", ok=ok, detail=error.cause, remedy=error.remedy, who=error.who)


def request_probe(actor: Actor, account_id: str, now: datetime) -> Account:
    """Let the scheduler probe the account soon."""
    return _request(actor, account_id, "account.probe", "要求重新体检", now, probe_requested_at=now)


def request_poll(actor: Actor, account_id: str, now: datetime) -> Account:
    """Let the scheduler fetch the account's messages now."""
    return _request(actor, account_id, "account.poll", "要求立即拉取互动", now, next_poll_at=now)


def _request(actor: Actor, account_id: str, action: str, words: str, now: datetime, **values: datetime) -> Account:
    with atomic():
        account = db.session.get(Account, account_id)
        if account is None:
            raise NotFound
        actor.require("account.manage", account.unit, see="account.read")
        for key, value in values.items():
            setattr(account, key, value)
        record(
            actor,
            action,
            now=now,
            object_type="account",
            object_id=account.id,
            unit_id=account.unit_id,
            summary=f"{words}：“{account.name}”",
        )
    return account


def _probe_due(now: Moment, long_ago: Moment) -> ColumnElement[bool]:
    daily = and_(Account.probe_requested_at.is_(None), Account.checked_at <= long_ago)
    return or_(Account.probe_requested_at <= now, daily)


def probes_due(now: Moment, long_ago: Moment) -> ColumnElement[bool]:
    """SQL: some account's probe is due. `long_ago`: PROBE_AGAIN before now."""
    return exists().where(Account.active, _probe_due(now, long_ago))


def claim_probes(now: datetime, limit: int = 5) -> list[str]:
    """Ids of active accounts whose probe is due, each given to one caller only.

    The claim is the request put off by IN_HAND: if its holder dies, somebody else gets it then.
    """
    due = _probe_due(now, now - PROBE_AGAIN)
    mine: list[str] = []
    # No transaction unless there is one.
    if db.session.scalar(select(Account.id).where(Account.active, due).limit(1)) is None:
        return mine
    with atomic():
        ids = db.session.scalars(
            select(Account.id).where(Account.active, due).order_by(Account.probe_requested_at, Account.id).limit(limit)
        ).all()
        for account_id in ids:
            taken = db.session.execute(
                update(Account)
                .where(Account.id == account_id, due)
                .values(probe_requested_at=now + IN_HAND)
                .returning(Account.id)
                .execution_options(synchronize_session=False)
            ).all()
            mine += [row.id for row in taken]
    return mine


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


def note_refused(account_id: str, error: ConnectorError, now: datetime) -> None:
    """A call heard that the account's authorisation is dead: its rights are probed at the scheduler's next turn, which
    tells people. Where no call is left for a probe today, the platform's word is taken as it is."""
    account = db.session.get(Account, account_id, populate_existing=True)
    if not isinstance(error, CredentialsRefused) or account is None or account.status == "refused":
        return
    with atomic():
        account = db.session.get_one(Account, account_id)
        account.probe_requested_at = now
        if _too_few_calls(account, now):
            account.status, account.rights, account.checked_at = "refused", [verdicts.row(_not_asked(error))], now


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
