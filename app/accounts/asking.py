"""Asking a platform while a person waits, with no transaction open; and what any call's refusal says of the account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from app.accounts import connections
from app.accounts.health import note_limit
from app.accounts.models import Account
from app.accounts.probing import note_refused
from app.db import release
from app.errors import Conflict
from connectors.base import Connector, Purpose
from connectors.errors import ConnectorError, OutcomeUnknown, RateLimited, Unavailable

T = TypeVar("T")


def ask(
    account: Account,
    act: Callable[[Connector], T],
    *,
    what: str,
    purpose: Purpose,
    again: str = "",
    now: datetime,
) -> T:
    """`act` on the account's connector. Raises Conflict in three sentences, with the `platform_code` and whether it is `unknown`;
    `again`: what to do then, in place of the platform's own advice."""
    connector = connections.connect(account, purpose=purpose)
    account_id = account.id
    release()
    try:
        return act(connector)
    except ConnectorError as error:
        heed(account_id, connector, error, now)
        raise refusal(what, error, again) from error


def heed(account_id: str, connector: Connector | None, error: ConnectorError, now: datetime) -> None:
    """What concerns the account as a whole: a limit that was met, an authorisation that is dead."""
    note_refused(account_id, error, now)
    if isinstance(error, RateLimited) and connector is not None:
        note_limit(account_id, getattr(connector.meter, "last_call", ""), error, now)


def refusal(what: str, error: ConnectorError, again: str = "") -> Conflict:
    """What did not work, why, what to do and who."""
    who = f"（{error.who}）" if error.who else ""
    if isinstance(error, Unavailable | OutcomeUnknown):
        advice = again or f"{error.remedy}{who}"
        return Conflict(f"“{what}”没有得到平台的确认。{error.cause}{advice}", platform_code=error.code, unknown=True)
    return Conflict(f"“{what}”没有办成。{error.cause}{error.remedy}{who}", platform_code=error.code)


def outcome_words(refused: Conflict | None) -> str:
    """What came of an act, for the audit log's summary; "" when it was done."""
    if refused is None:
        return ""
    return "（没有得到平台确认）" if refused.extra.get("unknown") else "（平台没有办成）"


def outcome_facts(refused: Conflict | None) -> dict[str, str]:
    if refused is None:
        return {}
    return {"unknown" if refused.extra.get("unknown") else "refused": str(refused.extra.get("platform_code", ""))}
