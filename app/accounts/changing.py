"""What changing an account means: values merged, what changed named, and what new credentials void."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.accounts import quotas, tokens, verdicts
from app.accounts.connections import given_token
from app.accounts.forms import PLATFORMS, Platform
from app.accounts.models import Account
from app.db import db
from app.words import N_


def locked(account_id: str) -> Account:
    """The account as it stands now, until the transaction ends changed by nobody else. Inside atomic()."""
    # FOR NO KEY UPDATE: rows that only refer to the account need not wait.
    return db.session.get_one(Account, account_id, with_for_update={"key_share": True}, populate_existing=True)


def kept(platform: Platform, external_id: str, credentials: Mapping[str, Any]) -> dict[str, str]:
    """The credentials as stored: known keys, no empty values. `uid` repeats the id where it was given."""
    names = {field.name for field in platform.fields}
    kept = {key: str(value) for key, value in credentials.items() if key in names and value not in (None, "")}
    return {**kept, "uid": external_id.strip()} if "access_token" in names else kept


def merged(old: Mapping[str, Any], new: Mapping[str, Any] | None) -> dict[str, Any]:
    merged = {**old, **(new or {})}
    return {key: value for key, value in merged.items() if value is not None}


def changed(
    account: Account, credentials: Mapping[str, Any], settings: Mapping[str, Any], changes: Mapping[str, Any]
) -> list[str]:
    """The names of what differs, as "credentials.access_token"; never a value."""
    found = [
        key
        for key in ("name", "mode", "responsible_id", "deputy_id", "active")
        if key in changes and (changes[key] or None) != (getattr(account, key) or None)
    ]
    # A form sends the first choice of what was never set: that changes nothing.
    choosing = [setting for setting in PLATFORMS[account.platform].settings if setting.choices]
    shown = {f"settings.{setting.name}": setting.choices[0][0] for setting in choosing}
    for part, old, new in (("credentials", account.known, credentials), ("settings", account.settings, settings)):
        found += [
            f"{part}.{key}"
            for key in sorted({*old, *new})
            if (old.get(key) or shown.get(f"{part}.{key}")) != (new.get(key) or shown.get(f"{part}.{key}"))
        ]
    return found


# Stands as an account's history_note until its posts are looked at again.
LOOK_AGAIN = N_("上次没有读到平台上的发布记录。原因可能已消除，系统马上重新读取。")

_PARTS = {
    "name": "账号名称",
    "mode": "发布方式",
    "responsible_id": "责任人",
    "deputy_id": "副责任人",
    "active": "启用或停用",
}


def words_of(platform: Platform, changed: list[str]) -> list[str]:
    """What changed as the form calls it, each once."""
    labels = {f"credentials.{field.name}": field.label for field in platform.fields}
    labels |= {f"settings.{setting.name.partition('.')[0]}": setting.label for setting in platform.settings}
    labels["settings.quotas"] = "额度"
    return list(dict.fromkeys(_PARTS.get(key) or labels.get(key, "其他设置") for key in changed))


def react(account: Account, changed: list[str], now: datetime) -> None:
    """New credentials: the old token is void, what the platform refused may work now, health is unknown (so it is with
    another way of publishing)."""
    if any(key.startswith("credentials.") for key in changed):
        settle_token(account)
        quotas.unblock(account.id)
        # What was refused to the old ones may be open to these.
        account.poll_cursor = {
            key: value for key, value in account.poll_cursor.items() if not key.startswith("denied:")
        }
        # What was said of the old ones; whether the new ones are better is asked at once.
        account.poll_note = ""
        account.next_poll_at = now
        if not _look_failed(account):
            account.history_note = ""
    if any(key in _signing(account) for key in changed):
        verdicts.forget_pushes(account)
    if "mode" in changed:
        # Another app sees other messages, older ones too: it looks anew.
        account.poll_cursor, account.next_poll_at = {}, now
    if any(key.startswith("credentials.") for key in changed) or ("mode" in changed and account.status != "refused"):
        # What was tried was tried with others, or in another way. Credentials that are refused are so in any way.
        account.status, account.rights = "unknown", []
        account.tried_at, account.probe_note = None, ""
    if any(key.startswith(("credentials.", "settings.", "mode")) for key in changed):
        verdicts.forget_denials(account)
        account.probe_requested_at = now
        look_again(account, now)
    if "active" in changed and account.active:
        account.next_poll_at = now


def look_again(account: Account, now: datetime) -> None:
    """What kept its posts from being listed may be mended: they are looked at with the next poll, which is now, and the old
    reason is said no longer. Nothing where the last look was answered. Inside atomic()."""
    if _look_failed(account):
        account.history_note, account.history_tried_at = LOOK_AGAIN, None
        account.next_poll_at = now


def _look_failed(account: Account) -> bool:
    tried, answered = account.history_tried_at, account.history_at
    return bool(account.history_note) and tried is not None and (answered is None or tried > answered)


def _signing(account: Account) -> set[str]:
    """What pushes are known by, as named in changed()."""
    return {f"credentials.{name}" for name in PLATFORMS[account.platform].signing} | {"settings.callback_mode"}


def settle_token(account: Account) -> None:
    token = given_token(account.credentials)
    tokens.store(account.id, token)
    account.token_expires_at, account.token_granted_at = token.expires_at if token else None, None
