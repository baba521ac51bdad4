"""Whom a mass send may go to: the account's own tags of followers, asked of the platform when an author wants to choose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.accounts import connections
from app.accounts.asking import ask
from app.accounts.models import Account
from app.db import db
from app.errors import Conflict, NotFound
from app.units.access import Actor
from app.words import N_

AUDIENCE_OFFER = "audience"
EVERYBODY = N_("群发给全部关注者")
TAGGED = N_("只群发给标签“{tag}”的关注者")


def audiences_of(actor: Actor, account_id: str, now: datetime) -> list[dict[str, Any]]:
    """[{id, name, people}] of the tags that a mass send of this account may be limited to. Asks the platform.

    Raises NotFound, Conflict (the account offers none, or the platform did not tell).
    """
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    actor.require("post.write", account.unit, see="account.read")
    if AUDIENCE_OFFER not in connections.capabilities(account).offers:
        raise Conflict("没有标签可选。这个账号不按标签群发。请联系账号管理员核对发布方式。")
    found = ask(account, lambda connector: connector.tags(), what=N_("读取标签"), purpose="history", now=now)
    return [{"id": int(tag.id), "name": tag.name, "people": tag.people} for tag in found if not tag.system]


def audience_of(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """(sentence to be translated, the tag's name) for whom a mass send goes to; None for what is no mass send."""
    delivery = payload.get("delivery") or {}
    if delivery.get("mode") != "mass":
        return None
    audience = delivery.get("audience") or {}
    if audience.get("is_to_all"):
        return EVERYBODY, ""
    return TAGGED, str(audience.get("tag_name") or audience.get("tag_id") or "")
