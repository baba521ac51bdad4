"""用平台账号授权: sending a person to the platform to agree, and taking the token that comes back, once.

The state that travels along is signed, names account and person, lives ten minutes and works once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from app.accounts import callbacks, changing, verdicts
from app.accounts.connections import capabilities, connect
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.accounts.services import get_account
from app.audit.services import record
from app.config import current
from app.db import atomic, release
from app.errors import Conflict, Forbidden
from app.units.access import Actor
from connectors.errors import ConnectorError, NotEntitled, OutcomeUnknown
from connectors.granting import Grant

LIFETIME = timedelta(minutes=10)
# The least time between two looks after somebody said that an authorisation was taken back: nobody signs that.
_LOOK_AGAIN = timedelta(minutes=10)


def can_authorize(account: Account) -> bool:
    """Whether this account is connected by signing in at the platform; without its app's secret nobody can."""
    return not account.sealed and "authorize" in capabilities(account).offers


def redirect_uri() -> str:
    """Where the platform sends people back to: to be registered there, to the letter (授权回调页)."""
    return f"{current().public_url}/accounts/authorization"


def revocation_url(account: Account) -> str:
    """Where the platform tells of a revoked authorisation (取消授权回调页)."""
    return f"{current().public_url}/callbacks/{account.platform}/{account.callback_key}/revocation"


def begin(actor: Actor, account_id: str, now: datetime, *, switch: bool = False) -> str:
    """The address at the platform to go to. Raises NotFound, Forbidden, Conflict (not by this way)."""
    account = get_account(actor, account_id, key="account.manage")
    if not can_authorize(account):
        raise Conflict("不能这样授权。这个平台不用登录授权。请在账号页填写凭据。")
    state = _sealed({"a": account.id, "u": actor.user_id, "n": secrets.token_urlsafe(12), "t": now.timestamp()})
    return connect(account).authorize_url(redirect_uri=redirect_uri(), state=state, switch=switch)


def account_of(actor: Actor, state: str, now: datetime) -> str:
    """The account that a returning person went out for. Raises Forbidden for a state that is not theirs, or too old."""
    given = _opened(state)
    if given is None or given.get("u") != actor.user_id:
        raise Forbidden("授权没有完成。带回的校验信息不是发给您的，或已被改动。请回到账号页重新点“用微博账号授权”。")
    age = now.timestamp() - float(given["t"])
    if not -60 <= age <= LIFETIME.total_seconds():
        raise Forbidden("授权没有完成。离开的时间超过了十分钟。请回到账号页重新点“用微博账号授权”。")
    return str(given["a"])


def finish(actor: Actor, *, state: str, code: str, now: datetime) -> Account:
    """Exchange the code for a token, exactly once, and connect the account with it.

    Raises Forbidden (state), Conflict (state used, nothing granted, another account's token); the old token then stays.
    No transaction is open while the platform is asked.
    """
    account = get_account(actor, account_of(actor, state, now), key="account.manage")
    _use_up(account, state, now)
    if not code:
        raise Conflict("没有授权。微博页面上没有点“同意”。需要时请重新点“用微博账号授权”。")
    connector = connect(account, clock=lambda: now)
    account_id, uri = account.id, redirect_uri()
    release()
    try:
        grant = connector.exchange(code, redirect_uri=uri)
    except OutcomeUnknown:
        raise Conflict("授权没有完成。微博没有给出完整的答复，这次的授权码已作废。请重新点“用微博账号授权”。") from None
    except ConnectorError as error:
        if isinstance(error, NotEntitled) and error.right == verdicts.SECRET:
            verdicts.note_secret(account_id, error)
        raise Conflict(f"授权没有完成。{error.cause}{error.remedy or '请重新授权。'}") from None
    return _take(actor, account_id, grant, now)


def _take(actor: Actor, account_id: str, grant: Grant, now: datetime) -> Account:
    ends = grant.token.expires_at
    given = {"access_token": grant.token.value, "expires_at": ends.isoformat() if ends else None}
    with atomic():
        # The credentials alone: what is wrong with other settings must not cost the token that was just granted.
        account = changing.locked(get_account(actor, account_id, key="account.manage").id)
        merged = changing.merged(account.credentials, given)
        credentials = changing.kept(PLATFORMS[account.platform], account.external_id, merged)
        changed = changing.changed(account, credentials, account.settings, {})
        account.credentials = credentials
        changing.react(account, changed, now)
        account.token_granted_at = now
        record(
            actor,
            "account.authorize",
            now=now,
            object_type="account",
            object_id=account.id,
            unit_id=account.unit_id,
            summary=f"用微博账号授权：“{account.name}”",
            after={"expires_at": given["expires_at"], "changed": changed},
        )
    return account


def _use_up(account: Account, state: str, now: datetime) -> None:
    """A state works once, also when two tabs come back at the same moment."""
    nonce = callbacks.NO_PUSH + hashlib.sha256(state.encode()).hexdigest()
    with atomic():
        if not callbacks.is_first(account.id, nonce, "", b"", now):
            raise Conflict("这次授权已经处理过。同一个授权码只能用一次。如果没有成功，请重新点“用微博账号授权”。")


def note_revocation(account_id: str, now: datetime) -> None:
    """Somebody says the authorisation was taken back: the scheduler asks the platform. Until it has, neither is believed,
    and the account's page says so.

    Where no call is left today for a probe, the next look for messages, paid from elsewhere, meets the refusal.
    """
    with atomic():
        account = changing.locked(account_id)
        verdicts.note_doubt(account, now)
        asked = account.probe_requested_at
        if asked is None:
            account.probe_requested_at = _not_again(account.checked_at, now)
            _look_for_messages(account, _not_again(account.polled_at, now))
        elif asked > now + _LOOK_AGAIN:
            # However often it is said, one look in that time: polls that fail would lose their distance else.
            _look_for_messages(account, now + _LOOK_AGAIN)


def _not_again(before: datetime | None, now: datetime) -> datetime:
    return max(now, before + _LOOK_AGAIN) if before else now


def _look_for_messages(account: Account, at: datetime) -> None:
    if account.next_poll_at is not None:
        account.next_poll_at = min(account.next_poll_at, at)


def _sealed(given: dict[str, Any]) -> str:
    body = base64.urlsafe_b64encode(json.dumps(given, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{body}.{_signature(body)}"


def _opened(state: str) -> dict[str, Any] | None:
    body, _, signature = state.partition(".")
    if not hmac.compare_digest(_signature(body).encode(), signature.encode("utf-8", "replace")):
        return None
    try:
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, binascii.Error):
        return None
    return found


def _signature(body: str) -> str:
    key = f"authorization:{current().secret_key}".encode()
    return hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
