"""What a keeper of accounts asks of the platform from the account's page: count anew, speed of mass sending, explanations.

Each is asked while the person waits, with no transaction open, and audited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import update

from app.accounts import changing, connections, quotas, readings
from app.accounts.asking import ask, outcome_facts, outcome_words
from app.accounts.models import Account, QuotaUse
from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Invalid, NotFound
from app.units.access import Actor
from connectors.base import Connector

T = TypeVar("T")


def clear_quota(actor: Actor, account_id: str, now: datetime) -> None:
    """All calls of today are counted anew; ten times a month. Raises Conflict with the platform's reason."""
    account = _own(actor, account_id, "clear_quota")
    words = f"清零接口额度：“{account.name}”"
    _ask_audited(actor, account, lambda connector: connector.clear_quota(), "清零接口额度", "clear_quota", words, now)
    start, _end = quotas.bounds("day", now)
    with atomic():
        account = db.session.get_one(Account, account_id)
        quotas.unblock(account_id)
        today = (QuotaUse.account_id == account_id, QuotaUse.period_start == start)
        db.session.execute(update(QuotaUse).where(*today).values(used=0).execution_options(synchronize_session=False))
        readings.request(account_id, now)
        _audit(actor, account, "account.clear_quota", words, now)


def set_speed(actor: Actor, account_id: str, level: int | None, now: datetime) -> tuple[int, int | None]:
    """Set (or with None only read) the speed of mass sending; the level that stands and the real speed."""
    account = _own(actor, account_id, "speed")
    speeds = connections.capabilities(account).speeds
    if level is not None and level not in speeds:
        raise Invalid("群发速度没有修改。没有这一档。请从列出的档位中选择。", errors={"level": ["请重新选择。"]})

    def act(connector: Connector) -> tuple[int, int | None]:
        if level is not None:
            connector.set_speed(level)
        return connector.speed()

    if level is None:
        told = ask(account, act, what="查看群发速度", purpose="history", now=now)
    else:
        words = f"群发速度设为每分钟 {speeds[level]} 万条：“{account.name}”"
        told = _ask_audited(actor, account, act, "设置群发速度", "speed", words, now)
    with atomic():
        account = changing.locked(account_id)
        known = {"level": told[0], "real": told[1], "read_at": now.isoformat()}
        account.settings = {**account.settings, "mass_speed": known}
        if level is not None:
            _audit(actor, account, "account.speed", words, now)
    return told


def explain(account: Account, rid: str, now: datetime) -> Mapping[str, Any]:
    """The platform's own record of one failed call. The caller has checked who asks and whose rid it is."""
    if "explain" not in connections.capabilities(account).offers:
        raise Conflict("查不到平台的解释。这个平台没有相应的接口。请凭错误码联系系统维护人员。")
    return ask(account, lambda connector: connector.explain(rid), what="查询平台解释", purpose="history", now=now)


def request_reading(actor: Actor, account_id: str, now: datetime) -> None:
    """Allowances and figures are read again at the scheduler's next turn."""
    with atomic():
        account = _own(actor, account_id, "quota")
        readings.request(account_id, now)
        _audit(actor, account, "account.read_again", f"立即读取账号“{account.name}”的额度和数据", now)


def _own(actor: Actor, account_id: str, offer: str) -> Account:
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    actor.require("account.manage", account.unit, see="account.read")
    if offer not in connections.capabilities(account).offers:
        raise Conflict("没有办成。这个账号没有相应的接口权限。请登录平台后台操作。")
    return account


def _ask_audited(
    actor: Actor, account: Account, act: Callable[[Connector], T], what: str, action: str, words: str, now: datetime
) -> T:
    """asking.ask, and a trace of what was refused or may have been done without our hearing of it."""
    account_id = account.id
    try:
        return ask(account, act, what=what, purpose="history", now=now)
    except Conflict as refused:
        with atomic():
            account = db.session.get_one(Account, account_id)
            said = f"{words}{outcome_words(refused)}"
            _audit(actor, account, f"account.{action}", said, now, outcome_facts(refused))
        raise


def _audit(
    actor: Actor, account: Account, action: str, words: str, now: datetime, fact: Mapping[str, str] | None = None
) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="account",
        object_id=account.id,
        unit_id=account.unit_id,
        summary=words,
        after=dict(fact or {}),
    )
