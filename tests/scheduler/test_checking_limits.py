"""What the platform says of the account while a publication is verified reaches the ledger and the account's health."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from app.accounts import connections, quotas
from app.accounts.models import Account
from app.db import db, utcnow
from connectors.values import Attempted, CannotTell, Prepared
from scheduler import reconciler
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Desk


def ask(desk: Desk) -> CannotTell:
    now = utcnow()
    connector = connections.connect(desk.weibo, clock=utcnow)
    payload = {"text": "x", "link": "http://127.0.0.1:8000/p/x?w=1", "images": [], "delivery": {}}
    attempted = Attempted(key="k", payload=payload, prepared=Prepared(ready=True), sent_at=now)
    question = cast(Any, SimpleNamespace(account_id=desk.weibo.id, attempted=attempted))
    finding = reconciler._ask(question, connector, now)
    db.session.rollback()
    assert isinstance(finding, CannotTell)
    return finding


def test_used_up_calls_are_remembered(desk: Desk, sim: Sim) -> None:
    sim.fault("exhaust_quota", times=-1)
    finding = ask(desk)
    until = quotas.blocked_until(desk.weibo.id, "statuses/share", utcnow())
    assert until is not None
    assert finding.next_at == until
    assert not finding.by_person


def test_a_dead_authorisation_is_for_a_person(desk: Desk, sim: Sim) -> None:
    sim.fault("expire_token", times=-1)
    assert ask(desk).by_person
    account = db.session.get_one(Account, desk.weibo.id, populate_existing=True)
    assert account.probe_requested_at is not None
