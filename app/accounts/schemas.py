"""Accounts as JSON. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from marshmallow import fields

from app.accounts import connections, services
from app.accounts.judging import own_settings
from app.accounts.models import Account, AccountDay
from app.schemas import BaseSchema
from app.web import iso
from connectors.values import Capabilities


class AccountIn(BaseSchema):
    platform = fields.String(required=True)
    unit_id = fields.String(required=True)
    name = fields.String(required=True)
    external_id = fields.String(required=True)
    environment = fields.String(load_default="live")
    mode = fields.String(required=True)
    credentials = fields.Dict(keys=fields.String(), required=True, load_only=True)
    settings = fields.Dict(keys=fields.String(), load_default=dict)
    responsible_id = fields.String(load_default=None, allow_none=True)
    deputy_id = fields.String(load_default=None, allow_none=True)


class AccountPatch(BaseSchema):
    name = fields.String()
    mode = fields.String()
    credentials = fields.Dict(keys=fields.String(), load_only=True)
    settings = fields.Dict(keys=fields.String())
    responsible_id = fields.String(allow_none=True)
    deputy_id = fields.String(allow_none=True)
    active = fields.Boolean()


class AccountQuery(BaseSchema):
    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=50)
    unit_id = fields.String(load_default=None)
    platform = fields.String(load_default=None)
    active = fields.Boolean(load_default=None, allow_none=True)


class DayOut(BaseSchema):
    """One day of the account: numbers of people; null where the platform does not tell."""

    day = fields.Date()
    readers = fields.Integer(allow_none=True)
    sharers = fields.Integer(allow_none=True)
    likes = fields.Integer(allow_none=True)
    comments = fields.Integer(allow_none=True)
    collected = fields.Integer(allow_none=True)
    new_followers = fields.Integer(allow_none=True)
    lost_followers = fields.Integer(allow_none=True)
    followers = fields.Integer(allow_none=True)


class DaysOut(BaseSchema):
    items = fields.List(fields.Nested(DayOut))


class AuthorizationOut(BaseSchema):
    """Where to go, and what must be registered at the platform for it."""

    url = fields.String()
    redirect_uri = fields.String()
    revocation_url = fields.String()


class RightOut(BaseSchema):
    key = fields.String()
    ok = fields.Boolean(allow_none=True, metadata={"description": "null: not known yet"})
    detail = fields.String()
    remedy = fields.String()


class HealthOut(BaseSchema):
    status = fields.String(metadata={"description": "unknown, ok, limited, refused"})
    rights = fields.List(fields.Nested(RightOut))
    checked_at = fields.String(allow_none=True)
    egress_ip = fields.String()
    token_expires_at = fields.String(allow_none=True)
    quotas = fields.List(fields.Dict())


class AccountOut(BaseSchema):
    id = fields.String()
    platform = fields.String()
    unit_id = fields.String()
    name = fields.String()
    external_id = fields.String()
    environment = fields.String()
    mode = fields.String()
    settings = fields.Dict()
    active = fields.Boolean()
    responsible_id = fields.String(allow_none=True)
    deputy_id = fields.String(allow_none=True)
    callback_url = fields.String(allow_none=True, metadata={"description": "only for those who manage the account"})
    last_callback_at = fields.String(allow_none=True)
    last_published_at = fields.String(allow_none=True)
    created_at = fields.String()
    capabilities = fields.Dict()
    health = fields.Nested(HealthOut)


class AccountPage(BaseSchema):
    items = fields.List(fields.Nested(AccountOut))
    next_cursor = fields.String(allow_none=True)


def account_json(account: Account, *, manages: bool, now: datetime) -> dict[str, Any]:
    """The account as the API shows it. The callback URL is half a secret: only for those who manage the account."""
    return {
        "id": account.id,
        "platform": account.platform,
        "unit_id": account.unit_id,
        "name": account.name,
        "external_id": account.external_id,
        "environment": account.environment,
        "mode": account.mode,
        "settings": own_settings(account.settings),
        "active": account.active,
        "responsible_id": account.responsible_id,
        "deputy_id": account.deputy_id,
        "callback_url": services.callback_url(account) if manages else None,
        "last_callback_at": iso(account.last_callback_at),
        "last_published_at": iso(account.last_published_at),
        "created_at": iso(account.created_at),
        "capabilities": capabilities_json(connections.capabilities(account)),
        "health": health_json(account, now),
    }


def day_json(day: AccountDay) -> dict[str, Any]:
    return {name: getattr(day, name) for name in DayOut().fields}


def health_json(account: Account, now: datetime) -> dict[str, Any]:
    health = services.health_of(account, now)
    times = ("resets_at", "blocked_until")
    return {
        **health,
        "checked_at": iso(health["checked_at"]),
        "token_expires_at": iso(health["token_expires_at"]),
        "quotas": [{**row, **{key: iso(row[key]) for key in times}} for row in health["quotas"]],
    }


def capabilities_json(capabilities: Capabilities) -> dict[str, Any]:
    """Every field of Capabilities; windows in seconds."""
    found: dict[str, Any] = plain(capabilities)
    return found


def plain(value: Any) -> Any:
    """A value of the connectors as JSON-able data; time spans in seconds, times in ISO 8601."""
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
