"""Testing an account's real rights: by the scheduler, by a person, never twice at once.

A test that could ask nothing changes nothing of what is known: it says so beside it, and is tried again later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from app.accounts import changing, connections, tokens, verdicts
from app.accounts.advice import confirming, unauthorised, untested
from app.accounts.allotment import quota_summary, remaining
from app.accounts.health import note_limit
from app.accounts.judging import own_settings
from app.accounts.models import Account
from app.audit.services import record
from app.db import Moment, atomic, db, release
from app.errors import NotFound
from app.units.access import Actor
from connectors.base import Purpose
from connectors.errors import ConnectorError, RateLimited, Refused
from connectors.values import Health, Right

# Without being asked, an account is probed again after this time.
PROBE_AGAIN = timedelta(hours=24)
# A person who presses the button again within this time sees the same result, where calls are rationed.
AGAIN_BY_HAND = timedelta(minutes=1)
# The rights without which the platform lists none of its posts.
_LISTED_BY = ("timeline", "publish")
# What probes are paid from.
BUDGET: Purpose = "history"
# So often it is tried whether credentials that no key opened can be opened again.
SEALED_AGAIN = timedelta(minutes=30)
# So long a process that has taken a probe in hand may be at it; if it dies, somebody else gets it then.
IN_HAND = timedelta(minutes=10)
# A platform that cannot be reached is asked again after as long as it has been so, within these bounds.
_SOONEST, _LATEST = timedelta(minutes=30), timedelta(hours=6)

# asked: the platform was; unreached: it did not answer, or not all; the others say why nobody tried.
Came = Literal["asked", "partly", "unreached", "recent", "spent", "busy", "unauthorised"]


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What came of a test. `until`: when the calls come back, where they are spent; `left`: calls left for tests today, None
    without a limit."""

    account: Account
    came: Came
    until: datetime | None = None
    left: int | None = None


def probe(account_id: str, now: datetime) -> Account:
    """Exercise the account's real rights and remember the result, for whoever has it in hand (claim_probes)."""
    return _test(account_id, now).account


def check_now(account_id: str, now: datetime) -> Tested:
    """A person's probe, unless somebody is at it. Where calls are rationed, one of the last minute is shown again, unless
    something was corrected."""
    account = _found(account_id)
    left = remaining(account, BUDGET, now)
    recent = account.checked_at is not None and now - account.checked_at < AGAIN_BY_HAND
    if left is not None and recent and account.probe_requested_at is None:
        return Tested(account=account, came="recent", left=left)
    if not _take_in_hand(account_id, now):
        return Tested(account=account, came="busy", left=left)
    try:
        return _test(account_id, now)
    except Exception:
        release()
        with atomic():
            changing.locked(account_id).probe_claim_until = None
        raise


def _found(account_id: str) -> Account:
    account = db.session.get(Account, account_id, populate_existing=True)
    if account is None:
        raise NotFound
    return account


def _test(account_id: str, now: datetime) -> Tested:
    """No transaction is open while the platform is asked."""
    account = _found(account_id)
    if unauthorised(account):
        # Nobody need be asked: until a person signs in at the platform nothing works.
        return _left_alone(account, "unauthorised", now + PROBE_AGAIN, now)
    if not untested(account) and _too_few_calls(account, now):
        # Not all could be asked today: what is known is worth more than "not asked".
        return _left_alone(account, "spent", _budget_returns(account, now), now)
    asked_with, requested = _asked_with(account), account.probe_requested_at
    health = _asked(account)
    with atomic():
        account = changing.locked(account_id)
        account.probe_claim_until = None
        if asked_with != _asked_with(account):
            # Corrected meanwhile: what was found is about the old ones, and the new ones' probe is still due.
            return Tested(account=account, came="busy", left=remaining(account, BUDGET, now))
        for met in health.limits:
            note_limit(account_id, met.call, met.error, now)
        reached = health.rights[0].ok is not None or health.rights[0].asked
        _remember(account, health, reached, now)
        if account.probe_requested_at == requested:
            account.probe_requested_at = _again_at(account, health, reached, now)
        whole = all(right.asked for right in health.rights)
        came: Came = "unreached" if not reached else "asked" if whole else "partly"
        return Tested(account=account, came=came, until=_until(health), left=remaining(account, BUDGET, now))


def _asked(account: Account) -> Health:
    try:
        connector = connections.connect(account, purpose=BUDGET)
        release()
        return connector.probe()
    except ConnectorError as error:
        until = error.until if isinstance(error, RateLimited) else None
        return Health(rights=(not_asked(error),), again_at=until)


def _remember(account: Account, health: Health, reached: bool, now: datetime) -> None:
    account.keep_open()
    account.rights = verdicts.merged(account.rights, health.rights)
    verdicts.judge(account)
    account.tried_at, account.probe_note = now, "" if reached else health.rights[0].detail
    if not reached:
        if health.limits and account.status == "unknown" and not confirming(account):
            # Pressing the button again would help nobody.
            account.rights = [{**account.rights[0], "limited": True}, *account.rights[1:]]
        return
    account.poll_cursor = {
        key: value
        for key, value in account.poll_cursor.items()
        if key not in {f"denied:{call}" for call in health.opened}
    }
    # An address that the platform does not tell may be another than the one it told before.
    account.egress_ip = health.egress_ip or ("" if health.rights[0].unlisted else account.egress_ip)
    if health.token_expires_at is not None:
        account.token_expires_at = health.token_expires_at
        account.token_granted_at = health.token_granted_at or account.token_granted_at
        _correct_expiry(account, health.token_expires_at)
    account.checked_at = now
    if account.status in ("ok", "limited") and not any(
        right["key"] in _LISTED_BY and right["ok"] is False for right in account.rights
    ):
        changing.look_again(account, now)


def _again_at(account: Account, health: Health, reached: bool, now: datetime) -> datetime | None:
    """When it goes on by itself; None: with the next daily test."""
    if health.again_at is not None:
        return max(health.again_at, now)
    if account.sealed:
        return now + SEALED_AGAIN
    if not reached:
        since = now - (account.checked_at or account.created_at)
        return now + min(max(since, _SOONEST), _LATEST)
    return None if all(right.asked for right in health.rights) else _until(health) or now + _SOONEST


def _until(health: Health) -> datetime | None:
    return max((met.error.until for met in health.limits if met.error.until is not None), default=None)


def _left_alone(account: Account, came: Came, until: datetime | None, now: datetime) -> Tested:
    seen_with, requested = _asked_with(account), account.probe_requested_at
    with atomic():
        account = changing.locked(account.id)
        account.probe_claim_until = None
        # Corrected or asked for meanwhile, it is due as it was asked for.
        if (seen_with, requested) == (_asked_with(account), account.probe_requested_at):
            account.probe_requested_at = until
    return Tested(account=account, came=came, until=until, left=remaining(account, BUDGET, now))


def _too_few_calls(account: Account, now: datetime) -> bool:
    left = remaining(account, BUDGET, now)
    whole = next((row["limit"] for row in quota_summary(account, now) if row["key"] == BUDGET), 0)
    # An account whose whole budget is smaller than a probe still gets one.
    return left is not None and left < min(connections.capabilities(account).probe_calls, max(1, whole))


def _budget_returns(account: Account, now: datetime) -> datetime:
    ends: list[datetime] = [
        row["resets_at"] if row["used"] >= row["limit"] else row["blocked_until"] or row["resets_at"]
        for row in quota_summary(account, now)
        if row["key"] == BUDGET
    ]
    return max(ends)


def _correct_expiry(account: Account, told: datetime) -> None:
    """The end that a person typed gives way to the platform's own word: else a living token would be held for dead."""
    if connections.given_token(account.credentials) is not None:
        account.credentials = {**account.credentials, "expires_at": told.isoformat()}
        tokens.set_expiry(account.id, told)


def _asked_with(account: Account) -> tuple[dict[str, str], dict[str, Any], str]:
    return dict(account.known), own_settings(account.settings), account.mode


def not_asked(error: ConnectorError) -> Right:
    """What is known of an account whose token was refused, or could not even be asked about; where the platform said so of the
    account as a whole, it waits for a person there."""
    ok = False if isinstance(error, Refused) else None
    waits = ok is None and error.whole
    said = Right(key="token", ok=ok, detail=error.cause, remedy=error.remedy, who=error.who)
    until = error.until if isinstance(error, RateLimited) and waits else None
    return replace(said, asked=waits or ok is not None, confirming=waits, until=until)


def request_probe(actor: Actor, account_id: str, now: datetime) -> Account:
    """Let the scheduler probe the account soon. Raises NotFound, Forbidden."""
    with atomic():
        account = db.session.get(Account, account_id)
        if account is None:
            raise NotFound
        actor.require("account.manage", account.unit, see="account.read")
        account.probe_requested_at = now
        record(
            actor,
            "account.probe",
            now=now,
            object_type="account",
            object_id=account.id,
            unit_id=account.unit_id,
            summary=f"要求重新体检：“{account.name}”",
        )
    return account


def claim_probes(now: datetime, limit: int = 5) -> list[str]:
    """Ids of active accounts whose probe is due, each given to one caller only; those that somebody asked for first."""
    due = _due(now, now - PROBE_AGAIN)
    # No transaction unless there is one.
    if db.session.scalar(select(Account.id).where(due).limit(1)) is None:
        return []
    with atomic():
        ids = db.session.scalars(
            select(Account.id)
            .where(due)
            .order_by(Account.probe_requested_at.nulls_last(), Account.id)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        ).all()
        return [account_id for account_id in ids if _take(account_id, due, now)]


def probes_due(now: Moment, long_ago: Moment) -> ColumnElement[bool]:
    """SQL: some account's probe is due. `long_ago`: PROBE_AGAIN before now."""
    return exists().where(_due(now, long_ago))


def _due(now: Moment, long_ago: Moment) -> ColumnElement[bool]:
    daily = and_(Account.probe_requested_at.is_(None), Account.checked_at <= long_ago)
    return and_(Account.active, or_(Account.probe_requested_at <= now, daily), _free(now))


def _take_in_hand(account_id: str, now: datetime) -> bool:
    with atomic():
        return _take(account_id, _free(now), now)


def _free(now: Moment) -> ColumnElement[bool]:
    return or_(Account.probe_claim_until.is_(None), Account.probe_claim_until <= now)


def _take(account_id: str, condition: ColumnElement[bool], now: datetime) -> bool:
    taken = db.session.execute(
        update(Account)
        .where(Account.id == account_id, condition)
        .values(probe_claim_until=now + IN_HAND)
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(taken) == 1


def note_refused(account_id: str, error: ConnectorError, now: datetime) -> None:
    """A call heard that the account's authorisation is dead, or that nobody may call for it from here: its rights are probed at
    the scheduler's next turn, which tells people. Where no call is left for a probe today, the platform's word is taken as it
    is."""
    if not error.whole:
        return
    account = db.session.get(Account, account_id, populate_existing=True)
    if account is None or account.status == "refused":
        return
    if confirming(account) and not isinstance(error, RateLimited):
        # Known; and each question anew may send the platform's administrator another message. A no is news.
        return
    with atomic():
        account = changing.locked(account_id)
        account.probe_requested_at = now
        if isinstance(error, RateLimited):
            # Until then no test could ask: the platform's word stands as it is.
            account.rights, account.tried_at = verdicts.merged(account.rights, [not_asked(error)]), now
            account.probe_requested_at = error.until or now + PROBE_AGAIN
            verdicts.judge(account)
        elif isinstance(error, Refused) and _too_few_calls(account, now):
            account.rights, account.checked_at = verdicts.merged(account.rights, [not_asked(error)]), now
            verdicts.judge(account)
