"""/api/v1/accounts."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.accounts import granting, readings, services
from app.accounts.models import Account
from app.accounts.schemas import (
    AccountIn,
    AccountOut,
    AccountPage,
    AccountPatch,
    AccountQuery,
    AuthorizationOut,
    DaysOut,
    HealthOut,
    account_json,
    day_json,
    health_json,
)
from app.db import utcnow
from app.units.permissions import current_actor, requires

blp = Blueprint("accounts_api", __name__, url_prefix="/api/v1", description="账号")


def _json(account: Account) -> dict[str, Any]:
    return account_json(account, manages=current_actor().may("account.manage", account.unit), now=utcnow())


@blp.get("/accounts")
@requires("account.read")
@blp.arguments(AccountQuery, location="query")
@blp.response(200, AccountPage)
def list_accounts(query: dict[str, Any]) -> dict[str, Any]:
    page = services.accounts_of(current_actor(), **query)
    return {"items": [_json(account) for account in page.items], "next_cursor": page.next_cursor}


@blp.post("/accounts")
@requires("account.manage")
@blp.arguments(AccountIn)
@blp.response(201, AccountOut)
def create_account(body: dict[str, Any]) -> dict[str, Any]:
    return _json(services.create_account(current_actor(), **body, now=utcnow()))


@blp.get("/accounts/<account_id>")
@requires("account.read")
@blp.response(200, AccountOut)
def get_account(account_id: str) -> dict[str, Any]:
    return _json(services.get_account(current_actor(), account_id))


@blp.patch("/accounts/<account_id>")
@requires("account.manage")
@blp.arguments(AccountPatch)
@blp.response(200, AccountOut)
def update_account(body: dict[str, Any], account_id: str) -> dict[str, Any]:
    return _json(services.update_account(current_actor(), account_id, **body, now=utcnow()))


@blp.get("/accounts/<account_id>/health")
@requires("account.read")
@blp.response(200, HealthOut)
def get_health(account_id: str) -> dict[str, Any]:
    return health_json(services.get_account(current_actor(), account_id), utcnow())


@blp.post("/accounts/<account_id>/probe")
@requires("account.manage")
@blp.response(202, HealthOut)
def request_probe(account_id: str) -> dict[str, Any]:
    """Asked of the scheduler; read the result under /health."""
    return health_json(services.request_probe(current_actor(), account_id, utcnow()), utcnow())


@blp.post("/accounts/<account_id>/poll")
@requires("account.manage")
@blp.response(202, HealthOut)
def request_poll(account_id: str) -> dict[str, Any]:
    """Asked of the scheduler: comments and mentions are fetched at its next turn, within quota."""
    return health_json(services.request_poll(current_actor(), account_id, utcnow()), utcnow())


@blp.post("/accounts/<account_id>/authorization")
@requires("account.manage")
@blp.response(201, AuthorizationOut)
def begin_authorization(account_id: str) -> dict[str, Any]:
    """用平台账号授权：十分钟内由同一成员在浏览器打开 url 并同意，令牌随即存下。409：该平台不用登录授权。"""
    url = granting.begin(current_actor(), account_id, utcnow())
    account = services.get_account(current_actor(), account_id)
    return {"url": url, "redirect_uri": granting.redirect_uri(), "revocation_url": granting.revocation_url(account)}


@blp.get("/accounts/<account_id>/days")
@requires("account.read")
@blp.response(200, DaysOut)
def list_days(account_id: str) -> dict[str, Any]:
    """最近几天的阅读、分享、关注人数，以平台给出的为准；没有给出的为 null。"""
    account = services.get_account(current_actor(), account_id)
    return {"items": [day_json(day) for day in readings.days_of(account.id, limit=31)]}
