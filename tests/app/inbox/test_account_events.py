"""Every event the platforms document: what it does here, or that it does nothing on purpose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.db import atomic, db
from app.inbox import account_events
from app.inbox.models import Contact, Message
from app.inbox.services import account_event, ingest
from app.notices.models import Notice
from connectors.values import AccountEvent, InboundMessage
from connectors.wechat import events
from tests.app.inbox.conftest import City

Make = Callable[..., InboundMessage]
# The names of 消息与事件推送, as the platform spells them; the ends of publications go to publishing.
DOCUMENTED = (
    "subscribe", "unsubscribe", "SCAN", "LOCATION", "CLICK", "VIEW", "view_miniprogram", "scancode_push",
    "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select", "TEMPLATESENDJOBFINISH",
    "kf_create_session", "kf_close_session", "kf_switch_session", "subscribe_msg_popup_event",
    "subscribe_msg_change_event", "subscribe_msg_sent_event", "user_authorization_revoke",
    "qualification_verify_success", "qualification_verify_fail", "naming_verify_success", "naming_verify_fail",
    "annual_renew", "verify_expired",
)  # fmt: skip
GROUPS = (
    account_events.ERASES, account_events.LEAVES, account_events.COMES, frozenset(account_events.TELLS),
    account_events.IGNORED, account_events.ACTS,
)  # fmt: skip


def event(kind: str, now: datetime, key: str = "", sender: str = "oCitizen0001") -> AccountEvent:
    return AccountEvent(external_id=f"ev:{sender}:1:{kind}:{key}", kind=kind, sender_id=sender, key=key, at=now)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_event_has_its_place(name: str) -> None:
    message = {"MsgType": "event", "FromUserName": "oX", "CreateTime": "1700000000", "Event": name}
    [told] = events.read(message)
    assert isinstance(told, AccountEvent)
    assert sum(told.kind in group for group in GROUPS) == 1, told.kind


@pytest.mark.parametrize("kind", [*sorted(account_events.IGNORED), "something_new"])
def test_what_is_left_alone_changes_nothing(city: City, letter: Make, now: datetime, kind: str) -> None:
    ingest(city.wechat, [letter(1)], now=now)
    account_event(city.wechat, event(kind, now), now)
    assert db.session.scalars(select(Message)).one().text
    assert list(db.session.scalars(select(Notice))) == []
    assert db.session.get_one(Account, city.wechat.id).probe_requested_at is None


def test_a_withdrawn_authorisation_erases_like_leaving(city: City, letter: Make, now: datetime) -> None:
    ingest(city.wechat, [letter(1)], now=now)
    account_event(city.wechat, event("user_authorization_revoke", now), now)
    assert db.session.scalars(select(Message)).one().text == ""
    assert db.session.scalars(select(Contact)).one().erased_at is not None


@pytest.mark.parametrize("kind", sorted(account_events.TELLS))
def test_what_becomes_of_the_account_is_told_once_and_looked_at(city: City, now: datetime, kind: str) -> None:
    for _ in range(2):
        account_event(city.wechat, event(kind, now, key="1799942399"), now)
    [notice] = db.session.scalars(select(Notice))
    assert notice.path == f"/accounts/{city.wechat.id}"
    assert city.wechat.name in notice.title
    assert "2027年01月14日 23:59" in notice.body
    assert notice.level == ("alarm" if kind.endswith(("expired", "fail")) else "info")
    assert db.session.get_one(Account, city.wechat.id).probe_requested_at == now


def test_why_not_is_told_in_the_platforms_words(city: City, now: datetime) -> None:
    account_event(city.wechat, event("naming_verify_fail", now, key="名称与机构不符"), now)
    assert "平台告知的原因：名称与机构不符。" in db.session.scalars(select(Notice)).one().body


def test_who_comes_back_can_be_answered_again(city: City, letter: Make, now: datetime) -> None:
    ingest(city.wechat, [letter(1)], now=now)
    with atomic():
        db.session.scalars(select(Contact)).one().left_at = now
    account_event(city.wechat, event("subscribe", now), now)
    assert db.session.scalars(select(Contact)).one().left_at is None
