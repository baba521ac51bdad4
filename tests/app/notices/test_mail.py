"""Notices to a person's own mailbox: proved before it is used, title and link alone, at once or once a day, tried again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db
from app.errors import Conflict, Invalid, TooMany
from app.notices import addressing, delivery, mailing
from app.notices import services as notices
from app.notices.delivery import DELAYS, KEPT_DAYS
from app.notices.models import Delivery, MailAddress
from app.units.access import Actor
from app.units.models import Grant, Unit, User
from tests.app.notices.mailbox import Mailbox
from tests.app.publishing.kit import Desk
from tests.app.publishing.web import browser, sound

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def box(app: Flask) -> Iterator[Mailbox]:
    """The installation's mail server."""
    made = Mailbox()
    app.extensions["tandem_config"] = replace(app.extensions["tandem_config"], smtp_url=made.url)
    yield made
    made.close()


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


def address_of(actor: Actor) -> str:
    return f"{actor.name}@mail.example.cn"


def subscribe(actor: Actor, now: datetime, **choices: str) -> str:
    """An address that was proved."""
    with atomic():
        row = MailAddress(user_id=actor.user_id, address=address_of(actor), verified_at=now, choices=choices)
        db.session.add(row)
    return address_of(actor)


def tell(unit: Unit, now: datetime, kind: str, key: str = "k", **more: object) -> None:
    given = {"level": "info", "title": f"标题 {key}", "body": "正文里的话", "path": "/x", **more}
    notices.tell(key=key, kind=kind, unit_id=unit.id, now=now, **given)  # type: ignore[arg-type]


def mails(box: Mailbox, *people: Actor) -> list[int]:
    return [len(box.texts(address_of(person))) for person in people]


def test_nothing_goes_to_an_address_before_its_code_came_back(desk: Desk, now: datetime, box: Mailbox) -> None:
    address = address_of(desk.author)
    assert mailing.ask_address(desk.author, address, now=now) == ""
    (text,) = box.texts(address)
    code = re.search(r"验证码：(\d{8})", text)
    assert code
    tell(desk.city, now, "review", "before", user_id=desk.author.user_id)
    assert notices.deliver_due(now) == 0
    wrong = "0" * 8 if code[1] != "0" * 8 else "1" * 8
    with pytest.raises(Invalid, match="验证码不对"):
        mailing.confirm_address(desk.author, wrong, now=now)
    with pytest.raises(Conflict, match="已过期"):
        mailing.confirm_address(desk.author, code[1], now=now + mailing.CODE_LIVES)
    with pytest.raises(Conflict):
        mailing.confirm_address(desk.publisher, code[1], now=now)
    assert mailing.confirm_address(desk.author, f" {code[1][:4]} {code[1][4:]}", now=now).address == address
    with pytest.raises(Conflict):
        mailing.confirm_address(desk.author, code[1], now=now)
    tell(desk.city, now, "review", "after", user_id=desk.author.user_id)
    assert notices.deliver_due(now) == 2, "the notice, and that the address changed"
    assert [text for text in box.texts(address) if "标题 after" in text]
    events = db.session.scalars(select(Event).where(Event.action.like("mail.%")).order_by(Event.seq)).all()
    assert [event.action for event in events] == ["mail.ask", "mail.confirm"]
    assert all("a***@mail.example.cn" in event.summary and code[1] not in event.summary for event in events)


def test_a_code_is_not_guessed_and_no_mailbox_is_flooded(desk: Desk, now: datetime, box: Mailbox) -> None:
    ask = mailing.ask_address
    ask(desk.author, "a@example.cn", now=now)
    code = re.search(r"\d{8}", box.texts("a@example.cn")[0])
    assert code
    for _try in range(mailing.MOST_WRONG):
        with pytest.raises(Invalid):
            mailing.confirm_address(desk.author, "x", now=now)
    with pytest.raises(Conflict, match="已作废"):
        mailing.confirm_address(desk.author, code[0], now=now)
    with pytest.raises(TooMany):
        ask(desk.author, "b@example.cn", now=now + timedelta(seconds=59))
    for number in range(1, mailing.MOST_A_DAY):
        ask(desk.author, "c@example.cn", now=now + timedelta(minutes=number))
    with pytest.raises(TooMany):
        ask(desk.author, "d@example.cn", now=now + timedelta(hours=23))
    ask(desk.author, "d@example.cn", now=now + timedelta(hours=24))
    assert len(box.raw) == mailing.MOST_A_DAY + 1


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a@example.cn, b@example.cn", "a@example.cn\nBcc: b@c.cn", "张@例.cn"]
)
def test_a_useless_address_is_refused(desk: Desk, now: datetime, box: Mailbox, address: str) -> None:
    with pytest.raises(Invalid):
        mailing.ask_address(desk.author, address, now=now)
    assert box.raw == []


def test_title_and_link_and_nothing_else(desk: Desk, now: datetime, box: Mailbox) -> None:
    address = subscribe(desk.author, now)
    tell(desk.city, now, "review", user_id=desk.author.user_id)
    assert notices.deliver_due(now) == 1
    assert notices.deliver_due(now) == 0
    (text,) = box.texts(address)
    (notice,) = notices.notices_of(desk.author).items
    assert text.startswith("[Tandem] 标题 k\n")
    assert f"http://127.0.0.1:8000/notices/{notice.id}" in text
    assert "正文里的话" not in text


def test_a_unit_is_told_by_those_who_must_act(desk: Desk, now: datetime, box: Mailbox) -> None:
    """The nearest ones alone: a city hears of its counties only where nobody there can do anything."""
    county = below(desk, "云溪区")
    near = desk.person("near", county, "publisher")
    for person in (desk.author, desk.publisher, desk.admin, desk.outsider, near):
        subscribe(person, now)
    tell(desk.city, now, "publication.unknown", "city", level="alarm")
    tell(county, now, "publication.failed", "county", level="alarm")
    tell(county, now, "account", "token", waits_for=[near.user_id])
    notices.deliver_due(now)
    people = (desk.author, desk.publisher, desk.admin, desk.outsider, near)
    assert mails(box, *people) == [0, 1, 1, 0, 2]
    assert "标题 city" in box.texts(address_of(desk.publisher))[0]
    assert "标题 token" in box.texts(address_of(desk.admin))[0]


def test_the_days_notices_come_in_one_mail(desk: Desk, now: datetime, box: Mailbox) -> None:
    address = subscribe(desk.author, now, review="daily", inbox="never")
    for key in ("one", "two", "read"):
        tell(desk.city, now, "review", key, user_id=desk.author.user_id)
    tell(desk.city, now, "reply", "unwanted", user_id=desk.author.user_id)
    read = next(one for one in notices.notices_of(desk.author).items if one.key == "read")
    assert notices.deliver_due(now) == 0
    notices.mark_read(desk.author, read.id, now)
    morning = addressing.next_digest(now)
    assert morning - now <= timedelta(days=1)
    assert f"{morning:%H:%M %z}" == "08:30 +0800"
    assert notices.deliver_due(morning - timedelta(seconds=1)) == 0
    assert notices.deliver_due(morning) == 1
    (text,) = box.texts(address)
    assert "今天的通知 2 条" in text
    assert "标题 one" in text
    assert "标题 two" in text
    assert "标题 read" not in text
    assert notices.deliver_due(morning + timedelta(days=1)) == 0
    assert {row.status for row in db.session.scalars(select(Delivery))} == {"sent"}


def test_a_dead_server_is_seen_and_tried_again_ever_later(desk: Desk, now: datetime, box: Mailbox, app: Flask) -> None:
    subscribe(desk.author, now)
    tell(desk.city, now, "review", "first", user_id=desk.author.user_id)
    tell(desk.city, now, "review", "second", user_id=desk.author.user_id)
    box.refuses = True
    # The first refusal ends the round: the server may be dead, and many may wait.
    assert notices.deliver_due(now) == 1
    assert notices.deliver_due(now) == 1
    rows = list(db.session.scalars(select(Delivery)))
    assert [row.next_at - now for row in rows] == [timedelta(seconds=DELAYS[0])] * 2
    assert all("不收这个收件地址" in row.error for row in rows)
    assert "最近一封没有送达" in sound_fragment(app, desk.author)
    # Whoever looks after the unit's alarms sees whose mail fails, not where it goes.
    page = sound(browser(app, desk.admin), "/settings/alerts")
    assert "author的通知邮箱" in page
    assert address_of(desk.author) not in page
    box.refuses = False
    assert notices.deliver_due(now + timedelta(seconds=DELAYS[0])) == 2
    assert mails(box, desk.author) == [2]
    assert "最近一封送出于" in sound_fragment(app, desk.author)
    assert "author的通知邮箱" not in sound(browser(app, desk.admin), "/settings/alerts")


def test_alarms_of_the_unit_go_before(desk: Desk, now: datetime, box: Mailbox) -> None:
    subscribe(desk.publisher, now)
    tell(desk.city, now, "review", "earlier", user_id=desk.publisher.user_id)
    notices.add_channel(desk.admin, unit_id=desk.city.id, kind="email", target="duty@example.cn", now=now)
    tell(desk.city, now + timedelta(seconds=1), "publication.unknown", "alarm", level="alarm")
    assert notices.deliver_due(now + timedelta(seconds=1)) == 3
    assert box.mails[0]["To"] == "duty@example.cn"


def test_what_is_not_the_persons_any_more_is_not_mailed(desk: Desk, now: datetime, box: Mailbox) -> None:
    """Read in the console, the role gone, the person gone, the address gone: each leaves the outbox without a mail."""
    people = [desk.person(name, desk.city, "publisher") for name in ("reads", "loses", "leaves", "ends", "stays")]
    for person in people:
        subscribe(person, now)
    tell(desk.city, now, "publication.unknown", level="alarm")
    reads, loses, leaves, ends, stays = people
    notices.mark_read(reads, None, now)
    with atomic():
        db.session.query(Grant).filter(Grant.user_id == loses.user_id).delete()
        db.session.get_one(User, leaves.user_id).active = False
    mailing.remove_address(ends, now=now)
    notices.deliver_due(now)
    assert mails(box, reads, loses, leaves, ends, stays) == [0, 0, 0, 0, 1]
    assert [row.user_id for row in db.session.scalars(select(Delivery).where(Delivery.status == "sent"))] == [
        stays.user_id
    ]
    assert db.session.query(Delivery).filter(Delivery.status == "pending").count() == 0


def test_who_reads_anothers_bell_does_not_hide_a_change_of_the_sign_in(desk: Desk, now: datetime, box: Mailbox) -> None:
    subscribe(desk.author, now)
    tell(desk.city, now, "trust", user_id=desk.author.user_id)
    notices.mark_read(desk.author, None, now)
    assert notices.deliver_due(now) == 1
    assert mails(box, desk.author) == [1]


def test_without_a_mail_server_nothing_is_put_by(desk: Desk, now: datetime, app: Flask) -> None:
    subscribe(desk.author, now)
    tell(desk.city, now, "review", user_id=desk.author.user_id)
    assert db.session.query(Delivery).count() == 0
    assert "没有配置发信服务器" in sound_fragment(app, desk.author)
    with pytest.raises(Conflict, match="系统管理员"):
        mailing.ask_address(desk.author, "a@example.cn", now=now)


def test_old_ones_are_forgotten(desk: Desk, now: datetime, box: Mailbox) -> None:
    subscribe(desk.author, now)
    tell(desk.city, now, "review", user_id=desk.author.user_id)
    notices.deliver_due(now)
    delivery.forget_old(now + timedelta(days=KEPT_DAYS - 1))
    assert db.session.query(Delivery).count() == 1
    delivery.forget_old(now + timedelta(days=KEPT_DAYS + 1))
    assert db.session.query(Delivery).count() == 0
    assert notices.unread(desk.author) == 1


def test_on_screen(desk: Desk, box: Mailbox, app: Flask) -> None:
    client = browser(app, desk.author)
    assert 'hx-get="/settings/mail"' in client.get("/settings/profile").text
    assert "通知邮箱" in client.get("/settings/mail").text
    told = client.post("/settings/mail/address", data={"address": "nobody"}, follow_redirects=True).text
    assert "邮箱格式不对" in told
    told = client.post("/settings/mail/address", data={"address": "w@example.cn"}, follow_redirects=True).text
    assert "验证码已发出" in told
    code = re.search(r"\d{8}", box.texts("w@example.cn")[0])
    assert code
    assert "验证码不对" in client.post("/settings/mail/code", data={"code": "1"}, follow_redirects=True).text
    assert "通知邮箱已启用" in client.post("/settings/mail/code", data={"code": code[0]}, follow_redirects=True).text
    wanted = {"review": "daily", "publication": "never"}
    assert "已保存" in client.post("/settings/mail/choices", data=wanted, follow_redirects=True).text
    assert "没有这种选择" in client.post("/settings/mail/choices", data={"review": "x"}, follow_redirects=True).text
    page = sound_fragment(app, desk.author)
    assert "w@example.cn" in page
    assert mailing.chosen(mailing.mail_of(desk.author)) | wanted == mailing.chosen(mailing.mail_of(desk.author))
    assert "已停用" in client.post("/settings/mail/removal", follow_redirects=True).text
    assert "w@example.cn" not in client.get("/settings/mail").text


def below(desk: Desk, name: str) -> Unit:
    with atomic():
        unit = Unit(name=name, level="county", parent_id=desk.city.id, created_at=desk.now)
        db.session.add(unit)
        db.session.flush()
        unit.path = f"{db.session.get_one(Unit, desk.city.id).path}{unit.id}/"
    return unit


def sound_fragment(app: Flask, actor: Actor) -> str:
    answer = browser(app, actor).get("/settings/mail")
    assert answer.status_code == 200
    return str(answer.text)
