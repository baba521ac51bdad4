"""Accounts: connecting, changing, deactivating. Health is in health.py, quotas in allotment.py."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts import answering, changing
from app.accounts.allotment import main_quotas, quota_summary, remaining
from app.accounts.answering import may_answer_for, people_for
from app.accounts.asking import heed
from app.accounts.callbacks import note_callback
from app.accounts.connections import given_token
from app.accounts.forms import PLATFORMS, Platform
from app.accounts.health import health_of, note_limit, request_poll, tidy
from app.accounts.judging import Errors, check_credentials, check_settings, check_told
from app.accounts.models import Account
from app.accounts.probing import Tested, check_now, claim_probes, note_refused, probe, request_probe
from app.accounts.verdicts import note_answered
from app.audit.services import record
from app.config import current
from app.db import Page, atomic, db, page_of
from app.errors import Conflict, Invalid, NotFound
from app.units.access import Actor, unit_for, visible
from app.units.models import Unit

__all__ = [
    "Tested",
    "accounts_of",
    "callback_url",
    "check_now",
    "claim_probes",
    "create_account",
    "get_account",
    "has_drill_accounts",
    "health_of",
    "heed",
    "main_quotas",
    "manageable_units",
    "may_answer_for",
    "note_answered",
    "note_callback",
    "note_limit",
    "note_refused",
    "people_for",
    "probe",
    "quota_summary",
    "remaining",
    "request_poll",
    "request_probe",
    "tidy",
    "twins",
    "update_account",
]

_WRONG = "账号没有保存。有内容不符合要求。请按各字段的提示改正后重新提交。"
_TAKEN = "这个账号已经接入过。同一平台的同一账号只能接入一次。请在账号列表中找到它，或联系其所属单位。"
UPDATABLE = ("name", "mode", "credentials", "settings", "responsible_id", "deputy_id", "active")


def create_account(
    actor: Actor,
    *,
    unit_id: str,
    platform: str,
    name: str,
    external_id: str,
    mode: str,
    credentials: Mapping[str, Any],
    environment: str = "live",
    settings: Mapping[str, Any] | None = None,
    responsible_id: str | None = None,
    deputy_id: str | None = None,
    waiting: bool = False,
    now: datetime,
) -> Account:
    """A new account, not yet probed. Raises Invalid with the fields, Conflict when it is connected already.

    `waiting`: its token is to come by signing in at the platform.
    """
    settings = dict(settings or {})
    unit = unit_for(actor, "account.manage", unit_id)
    found = PLATFORMS.get(platform)
    if found is None:
        raise Invalid(_WRONG, errors={"platform": [f"只能是 {' 或 '.join(PLATFORMS)}。"]})
    errors = _check(found, name, external_id, environment, mode, credentials, settings, waiting) | check_told(settings)
    if errors:
        raise Invalid(_WRONG, errors=errors)
    with atomic():
        if _taken(platform, external_id, environment):
            raise Conflict(_TAKEN)
        account = Account(
            unit_id=unit.id,
            platform=platform,
            external_id=external_id.strip(),
            name=name.strip(),
            environment=environment,
            mode=mode,
            credentials=changing.kept(found, external_id, credentials),
            settings=settings,
            callback_key=secrets.token_urlsafe(24),
            probe_requested_at=now,
            created_at=now,
        )
        answering.choose(account, unit, {"responsible_id": responsible_id, "deputy_id": deputy_id})
        db.session.add(account)
        db.session.flush()
        changing.settle_token(account)
        record(
            actor,
            "account.create",
            now=now,
            object_type="account",
            object_id=account.id,
            unit_id=unit.id,
            summary=f"接入{found.label}账号“{account.name}”",
            after={"platform": platform, "external_id": external_id, "environment": environment, "mode": mode},
        )
    return account


def update_account(actor: Actor, account_id: str, *, now: datetime, **changes: Any) -> Account:
    """Change some of UPDATABLE; `credentials` and `settings` are merged key by key, None removes a key.

    The event names what changed, never a secret. New credentials void the stored token and ask for a probe.
    """
    with atomic():
        account = changing.locked(get_account(actor, account_id, key="account.manage").id)
        platform = PLATFORMS[account.platform]
        if unknown := set(changes) - set(UPDATABLE):
            raise Invalid(_WRONG, errors={key: ["这一项不能修改。"] for key in sorted(unknown)})
        if told := check_told(changes.get("settings") or {}):
            raise Invalid(_WRONG, errors=told)
        credentials = changing.merged(account.known, changes.get("credentials"))
        settings = changing.merged(account.settings, changes.get("settings"))
        name, mode = changes.get("name", account.name), changes.get("mode", account.mode)
        waiting = given_token(account.known) is None
        errors = _check(platform, name, account.external_id, account.environment, mode, credentials, settings, waiting)
        # Secrets that no key opens stay as they are until somebody types new ones.
        shut = account.sealed and not changes.get("credentials")
        if shut:
            errors = {key: words for key, words in errors.items() if not key.startswith("credentials.")}
        if errors:
            raise Invalid(_WRONG, errors=errors)
        changed = changing.changed(account, credentials, settings, changes)
        account.name, account.mode, account.settings = name.strip(), mode, settings
        if not shut:
            account.credentials = changing.kept(platform, account.external_id, credentials)
        answering.choose(account, account.unit, changes)
        if "active" in changes:
            if changes["active"] and account.unit.closed_at is not None:
                raise Conflict(
                    f"账号没有启用。它的单位“{account.unit.name}”已关闭。请先重新启用单位，或变更账号的所属单位。"
                )
            account.active = bool(changes["active"])
        if changed:
            changing.react(account, changed, now)
            record(
                actor,
                "account.update",
                now=now,
                object_type="account",
                object_id=account.id,
                unit_id=account.unit_id,
                summary=f"修改账号“{account.name}”：{'、'.join(changing.words_of(platform, changed))}",
                after={"changed": changed},
            )
    return account


def get_account(actor: Actor, account_id: str, *, key: str = "account.read") -> Account:
    """The account by id. Raises NotFound, or Forbidden when it may be seen but not `key`."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    actor.require(key, account.unit, see="account.read")
    return account


def accounts_of(
    actor: Actor,
    *,
    unit_id: str | None = None,
    platform: str | None = None,
    active: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Account]:
    """Accounts the actor may see, newest first."""
    query = select(Account).where(visible(actor, "account.read", Account.unit_id))
    if unit_id:
        query = query.where(Account.unit_id == unit_id)
    if platform:
        query = query.where(Account.platform == platform)
    if active is not None:
        query = query.where(Account.active == active)
    query = query.options(joinedload(Account.unit), joinedload(Account.responsible), joinedload(Account.deputy))
    return page_of(query, Account.id, cursor, limit)


def manageable_units(actor: Actor) -> list[Unit]:
    """Where the actor may connect accounts, higher units first."""
    query = select(Unit).where(visible(actor, "account.manage", Unit.id)).order_by(Unit.path)
    return list(db.session.scalars(query))


def has_drill_accounts(actor: Actor) -> bool:
    """Whether the actor sees accounts on the simulator: the pages then carry the ribbon 演练."""
    seen = visible(actor, "account.read", Account.unit_id)
    query = select(Account.id).where(seen, Account.environment == "simulator", Account.active).limit(1)
    return db.session.scalar(query) is not None


def only_drills() -> bool:
    """Whether every account so far lives on the simulator: a further one most likely will."""
    kinds = set(db.session.scalars(select(Account.environment).distinct()))
    return kinds == {"simulator"}


def twins(actor: Actor, account: Account) -> list[Account]:
    """Other accounts, of those that the actor may see, that bear a credential which the platform gives to one only: the same account twice, most likely."""
    single = [field.name for field in PLATFORMS[account.platform].fields if field.single]
    mine = {name: account.known[name] for name in single if account.known.get(name)}
    if not mine:
        return []
    others = select(Account).where(
        visible(actor, "account.read", Account.unit_id),
        Account.platform == account.platform,
        Account.environment == account.environment,
        Account.id != account.id,
        Account.active,
    )
    return [
        other
        for other in db.session.scalars(others.order_by(Account.created_at))
        if any(other.known.get(name) == value for name, value in mine.items())
    ]


def callback_url(account: Account) -> str:
    return f"{current().public_url}/callbacks/{account.platform}/{account.callback_key}"


def _check(
    platform: Platform,
    name: Any,
    external_id: Any,
    environment: str,
    mode: str,
    credentials: Mapping[str, Any],
    settings: Mapping[str, Any],
    waiting: bool = False,
) -> Errors:
    errors: Errors = {}
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 120:
        errors["name"] = ["请填写账号名称，不超过 120 字。"]
    if not isinstance(external_id, str) or (wrong := platform.external_check(external_id.strip())):
        errors["external_id"] = [wrong if isinstance(external_id, str) else "应为文字。"]
    if environment not in ("live", "simulator"):
        errors["environment"] = ["只能是 live（正式）或 simulator（演练）。"]
    if platform.mode(mode) is None:
        errors["mode"] = [f"只能是 {'、'.join(known.key for known in platform.modes)} 之一。"]
    errors |= check_credentials(platform, mode, credentials, settings, waiting=waiting)
    errors |= check_settings(settings, environment)
    uid = credentials.get("uid")
    if uid and uid != external_id:
        errors["credentials.uid"] = ["与账号的 UID 不一致，请核对。"]
    return errors


def _taken(platform: str, external_id: str, environment: str) -> bool:
    query = select(Account.id).where(
        Account.platform == platform,
        Account.external_id == external_id.strip(),
        Account.environment == environment,
    )
    return db.session.scalar(query) is not None
