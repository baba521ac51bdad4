"""An authorisation taken back at the platform shows at once: by the next poll, and by a publication that is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import allowances, quotas
from app.accounts.models import Account
from app.accounts.services import note_refused
from app.db import atomic, db, utcnow
from app.errors import Conflict
from app.inbox import services as inbox
from app.inbox.models import Message
from app.notices.models import Notice
from app.publishing import services as publishing
from connectors.errors import CredentialsRefused, NotEntitled
from connectors.values import InboundMedia, InboundMessage
from scheduler import fetcher, poller, previewer, reader
from tests.app.accounts.kit import UID, Sim
from tests.app.previews.kit import ask, draft
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


def _in_the_inbox(desk: Desk, clock: Clockwork) -> None:
    message = _letter(desk)
    with pytest.raises(Conflict):
        inbox.look_up(desk.person("responder", desk.city, "responder"), message.conversation_id, now=utcnow())


def _on_the_accounts_page(desk: Desk, clock: Clockwork) -> None:
    with pytest.raises(Conflict):
        allowances.set_speed(desk.admin, desk.wechat.id, None, utcnow())


def _by_a_picture(desk: Desk, clock: Clockwork) -> None:
    _letter(desk, media=(InboundMedia(kind="image", media_id="m1"),))
    clock.aside(lambda: fetcher.tick(clock.runtime, clock.runtime.clock()))


def _by_a_preview(desk: Desk, clock: Clockwork) -> None:
    ask(desk, draft(desk))
    clock.aside(lambda: previewer.tick(clock.runtime, clock.runtime.clock()))


def _by_the_mornings_reading(desk: Desk, clock: Clockwork) -> None:
    with atomic():
        db.session.get_one(Account, desk.wechat.id).next_reading_at = utcnow()
    clock.aside(lambda: reader.tick(clock.runtime, clock.runtime.clock()))


def _letter(desk: Desk, **more: Any) -> Message:
    message = InboundMessage(
        external_id="msg:1", kind="private", thread="o1", sender_id="o1", sent_at=utcnow(),
        target={"kind": "private", "openid": "o1"}, **more,
    )  # fmt: skip
    return inbox.ingest(db.session.get_one(Account, desk.wechat.id), [message], now=utcnow())[0]


@pytest.mark.parametrize(
    "call",
    [_in_the_inbox, _on_the_accounts_page, _by_a_picture, _by_a_preview, _by_the_mornings_reading],
    ids=lambda call: str(call.__name__),
)
def test_whoever_hears_it_first_has_the_rights_looked_at(
    desk: Desk, clock: Clockwork, call: Callable[[Desk, Clockwork], None]
) -> None:
    with atomic():
        account = db.session.get_one(Account, desk.wechat.id)
        account.credentials = {**account.credentials, "app_secret": "reset-at-the-platform"}
    call(desk, clock)
    assert fresh(desk.wechat).probe_requested_at is not None
