"""An authorisation taken back at the platform shows at once: by the next poll, and by a publication that is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts import quotas
from app.accounts.models import Account
from app.accounts.services import note_refused
from app.db import atomic, db, utcnow
from app.notices.models import Notice
from app.publishing import services as publishing
from connectors.errors import CredentialsRefused, NotEntitled
from scheduler import poller
from tests.app.accounts.kit import UID, Sim
from tests.app.publishing.kit import Clockwork, Desk, row
from tests.scheduler.test_poller import fresh, poll


def told() -> list[str]:
    return list(db.session.scalars(select(Notice.title).where(Notice.kind == "account")))


@pytest.fixture
def clock(desk: Desk) -> Clockwork:
    """Every account was found well today."""
    with atomic():
        for account in db.session.scalars(select(Account)):
            account.status, account.checked_at = "ok", utcnow()
    return Clockwork.make()


def test_the_next_poll_tells(desk: Desk, sim: Sim, clock: Clockwork) -> None:
    poll(clock)
    assert fresh(desk.weibo).status == "ok"
    sim.call("POST", "/_sim/revocations", {"external_id": UID})
    poll(clock)
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))
    assert fresh(desk.weibo).status == "refused"
    assert told() == [f"账号连不上了：微博 {desk.weibo.name}"]
    assert fresh(desk.wechat).status == "ok"


def test_a_refused_publication_tells(desk: Desk, sim: Sim, clock: Clockwork) -> None:
    sim.call("POST", "/_sim/revocations", {"external_id": UID})
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "failed")
    with atomic():
        db.session.get_one(Account, desk.weibo.id).next_poll_at = utcnow() + timedelta(hours=1)
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))
    assert fresh(desk.weibo).status == "refused"


def test_without_a_call_left_the_platforms_word_is_taken(desk: Desk, clock: Clockwork) -> None:
    now = utcnow()
    account = fresh(desk.weibo)
    note_refused(account.id, NotEntitled("没有权限。"), now)
    assert fresh(desk.weibo).probe_requested_at is None, "a missing right is not a dead authorisation"
    quotas.block(account.id, quotas.DAILY, now + timedelta(hours=3))
    note_refused(account.id, CredentialsRefused("授权已被撤销。", remedy="请重新授权。"), now)
    found = fresh(desk.weibo)
    assert found.status == "refused"
    assert found.rights[0]["detail"] == "授权已被撤销。"
