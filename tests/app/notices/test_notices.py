"""Told once, in the transaction of the fact; delivered afterwards, with growing delay; read by those it concerns."""

from __future__ import annotations

import ast
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import atomic, db
from app.errors import Invalid, NotFound
from app.notices import services as notices
from app.notices.delivery import DELAYS
from app.notices.groups import GROUPS
from app.notices.models import AlertChannel, Delivery, Notice
from app.units.access import Actor
from tests.app.notices.mailbox import Mailbox
from tests.app.publishing.kit import Desk
from tests.app.publishing.web import browser, sound
from tests.architecture.test_repository import ROOT


class Receiver:
    """A webhook's receiver that answers with `status`."""

    def __init__(self) -> None:
        self.status, self.bodies = 200, list[dict[str, Any]]()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?key=secret-key"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


def tell(desk: Desk, now: datetime, key: str = "k", level: str = "alarm", user_id: str | None = None) -> Notice | None:
    return notices.tell(
        key=key, kind="test", level=level, unit_id=desk.city.id, title="发布待核实", body="请核实。", path="/x", now=now,
        user_id=user_id,
    )  # fmt: skip


def test_the_same_fact_is_told_once(desk: Desk, now: datetime) -> None:
    assert tell(desk, now) is not None
    assert tell(desk, now) is None
    assert db.session.query(Notice).count() == 1


def test_it_is_told_in_the_transaction_of_the_fact(desk: Desk, now: datetime) -> None:
    def fails() -> None:
        with atomic():
            tell(desk, now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert db.session.query(Notice).count() == 0


def test_an_alarm_reaches_the_units_and_the_installations_channels(
    app: Flask, desk: Desk, now: datetime, receiver: Receiver, mailbox: Mailbox
) -> None:
    known = app.extensions["tandem_config"]
    app.extensions["tandem_config"] = replace(known, smtp_url=mailbox.url, alert_email="duty@example.cn")
    notices.add_channel(desk.admin, unit_id=desk.city.id, kind="webhook", target=receiver.url, now=now)
    tell(desk, now, key="quiet", level="info")
    tell(desk, now)
    assert notices.deliver_due(now) == 2
    assert notices.deliver_due(now) == 0
    (body,) = receiver.bodies
    assert body["title"] == "发布待核实"
    assert body["url"] == "http://127.0.0.1:8000/x"
    (mail,) = mailbox.mails
    assert mail["To"] == "duty@example.cn"
    deliveries = db.session.scalars(select(Delivery)).all()
    assert {d.status for d in deliveries} == {"sent"}
    assert body["event_id"] in {d.id for d in deliveries}


def test_what_cannot_be_delivered_is_tried_again_ever_later_then_given_up(
    desk: Desk, now: datetime, receiver: Receiver
) -> None:
    notices.add_channel(desk.admin, unit_id=desk.city.id, kind="webhook", target=receiver.url, now=now)
    tell(desk, now)
    receiver.status, at = 503, now
    for seconds in DELAYS:
        assert notices.deliver_due(at) == 1
        delivery = db.session.scalars(select(Delivery)).one()
        assert delivery.next_at - at == timedelta(seconds=seconds)
        assert "503" in delivery.error
        at = delivery.next_at
    assert notices.deliver_due(at) == 1
    assert db.session.scalars(select(Delivery)).one().status == "failed"
    assert notices.deliver_due(at + timedelta(days=1)) == 0
    assert len({body["event_id"] for body in receiver.bodies}) == 1


def test_a_notice_goes_to_those_who_can_open_what_it_leads_to(desk: Desk, now: datetime) -> None:
    for kind in ("dormant", "conversation", "publication.failed"):
        with atomic():
            notices.tell(
                key=kind, kind=kind, level="info", unit_id=desk.city.id, title="t", body="b", path="/", now=now
            )
    reviewer, responder = desk.person("r", desk.city, "reviewer"), desk.person("a", desk.city, "responder")
    seen = [{one.kind for one in notices.notices_of(actor).items} for actor in (desk.author, reviewer, responder)]
    assert seen == [
        {"dormant", "publication.failed"},
        {"publication.failed"},
        {"conversation", "publication.failed"},
    ]


def test_who_looks_after_accounts_hears_of_them_without_reading_posts(desk: Desk, now: datetime) -> None:
    """Where the three administrators are apart, they are who renews an authorisation."""
    keeper = desk.person("keeper", desk.city, "system_administrator")
    with atomic():
        notices.tell(
            key="a", kind="account", level="info", unit_id=desk.city.id, title="t", body="b", path="/", now=now
        )
    assert [one.kind for one in notices.notices_of(keeper).items] == ["account"]
    assert [one.kind for one in notices.notices_of(desk.author).items] == ["account"]


def test_the_bell_rings_for_those_it_concerns_until_read(desk: Desk, now: datetime) -> None:
    tell(desk, now, key="unit")
    tell(desk, now, key="mine", user_id=desk.author.user_id)
    counts = {actor.name: notices.unread(actor) for actor in (desk.author, desk.publisher, desk.outsider)}
    assert counts == {"author": 2, "publisher": 1, "outsider": 0}
    notices.mark_read(desk.author, None, now)
    assert notices.unread(desk.author) == 0
    assert notices.unread(desk.publisher) == 1


@pytest.mark.parametrize(
    ("kind", "target"),
    [("email", "nobody"), ("webhook", "ftp://x/y"), ("webhook", "http://169.254.169.254/latest"), ("fax", "1")],
)
def test_a_useless_target_is_refused(desk: Desk, now: datetime, kind: str, target: str) -> None:
    with pytest.raises(Invalid):
        notices.add_channel(desk.admin, unit_id=desk.city.id, kind=kind, target=target, now=now)


def test_channels_belong_to_those_who_manage_the_unit(desk: Desk, now: datetime) -> None:
    made = notices.add_channel(desk.admin, unit_id=desk.city.id, kind="email", target="a@example.cn", now=now)
    stranger: Actor = desk.person("stranger", desk.other, "administrator")
    assert notices.channels_of(stranger) == []
    with pytest.raises(NotFound):
        notices.remove_channel(stranger, made.id, now=now)
    notices.remove_channel(desk.admin, made.id, now=now)
    assert db.session.query(AlertChannel).count() == 0


def test_the_pages(app: Flask, desk: Desk, now: datetime, receiver: Receiver) -> None:
    admin, author = browser(app, desk.admin), browser(app, desk.author)
    assert "没有通知" in sound(author, "/notices")
    tell(desk, now)
    assert "发布待核实" in sound(author, "/notices")
    (notice,) = notices.notices_of(desk.author).items
    assert author.get(f"/notices/{notice.id}").headers["Location"] == "/x"
    assert notices.unread(desk.author) == 0
    empty = sound(admin, "/settings/alerts")
    assert "还没有告警渠道" in empty
    assert "X-Tandem-Signature" in empty, "what a receiver needs, where no file of ours is at hand"
    assert author.get("/settings/alerts").status_code == 403
    form = {"unit_id": desk.city.id, "kind": "webhook", "target": "nonsense", "topics": ["alarm"]}
    assert admin.post("/settings/alerts", data=form).status_code == 422
    assert admin.post("/settings/alerts", data={**form, "target": receiver.url}).status_code == 303
    page = sound(admin, "/settings/alerts")
    assert "secret-key" not in page
    (channel,) = notices.channels_of(desk.admin)
    assert "已送出" in admin.post(f"/settings/alerts/{channel.id}/test", follow_redirects=True).text
    assert receiver.bodies[-1]["kind"] == "test"
    receiver.status = 500
    assert "没有送达" in admin.post(f"/settings/alerts/{channel.id}/test", follow_redirects=True).text
    admin.post(f"/settings/alerts/{channel.id}/remove")
    assert notices.channels_of(desk.admin) == []


def test_of_every_kind_that_is_told_people_can_choose_whether_it_comes_by_mail() -> None:
    told = set()
    for path in ROOT.glob("app/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("tell", "notices.tell")):
                continue
            kind = next((word.value for word in node.keywords if word.arg == "kind"), None)
            if kind is None:
                # Another tell(): what concerns one's own sign-in.
                continue
            first = kind.values[0] if isinstance(kind, ast.JoinedStr) else kind
            assert isinstance(first, ast.Constant), ast.unparse(node)
            told.add(str(first.value).partition(".")[0])
    assert told == {kind for group in GROUPS for kind in group.kinds}
