"""Outgoing webhooks: told after the fact, signed, tried again, logged; deaf or dead, they change nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict, Invalid, NotFound
from app.notices import services as notices
from app.notices.channels import key_of
from app.notices.delivery import DELAYS, KEPT_DAYS
from app.notices.models import Delivery, OutgoingEvent
from app.publishing import services as publishing
from app.publishing import telling
from app.publishing.models import StateChange
from app.units.access import Actor
from tests.app.publishing.kit import Desk, row
from tests.app.publishing.web import browser, sound


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


class Listener:
    """A webhook's receiver; `status` is what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on the test's screen."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook?secret=s3cret"


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.server.shutdown()
    found.server.server_close()


def hook(desk: Desk, listener: Listener, now: datetime, **values: Any) -> str:
    made = notices.add_channel(
        desk.admin,
        **{
            "unit_id": desk.city.id,
            "kind": "webhook",
            "target": listener.url,
            "topics": ["publication"],
            "now": now,
            **values,
        },
    )
    return made.id


def planned(desk: Desk, now: datetime) -> str:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    publishing.unschedule(desk.author, post.id, now=now)
    return post.id


def is_ours(key: str, headers: dict[str, str], body: bytes) -> bool:
    stamp, given = (part.partition("=")[2] for part in headers["X-Tandem-Signature"].split(","))
    wanted = hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, given)


def test_a_change_of_state_is_told_once_signed_and_without_the_text(
    desk: Desk, now: datetime, listener: Listener
) -> None:
    hook(desk, listener, now)
    post_id = planned(desk, now)
    assert telling.tell_others(now) == 1
    assert telling.tell_others(now) == 0
    assert notices.deliver_due(now) == 1
    ((headers, body),) = listener.got
    (channel,) = notices.channels_of(desk.admin)
    assert is_ours(key_of(channel), headers, body)
    assert not is_ours(key_of(channel), headers, body + b" ")
    told = json.loads(body)
    assert told["kind"] == "publication.cancelled"
    assert told["event_id"] == headers["X-Tandem-Event"]
    assert told["facts"] | {"before": "scheduled", "after": "cancelled", "platform": "weibo"} == told["facts"]
    assert told["facts"]["publication_id"] == row(post_id, desk.weibo).id
    assert "为规范住房租赁市场" not in body.decode()


def test_only_who_asked_is_told(desk: Desk, now: datetime, listener: Listener) -> None:
    hook(desk, listener, now, topics=["alarm"])
    stranger: Actor = desk.person("stranger", desk.other, "administrator")
    notices.add_channel(
        stranger, unit_id=desk.other.id, kind="webhook", target=listener.url, topics=["publication"], now=now
    )
    planned(desk, now)
    assert telling.tell_others(now) == 1
    assert notices.deliver_due(now) == 0
    assert db.session.query(OutgoingEvent).count() == 0
    assert not db.session.scalars(select(StateChange).where(~StateChange.told)).all()


def test_a_dead_receiver_prevents_nothing_and_is_sent_to_again_by_hand(
    desk: Desk, now: datetime, listener: Listener
) -> None:
    hook(desk, listener, now)
    planned(desk, now)
    telling.tell_others(now)
    listener.status, at = 500, now
    for seconds in (*DELAYS, 0):
        assert notices.deliver_due(at) == 1
        at += timedelta(seconds=seconds)
    delivery = db.session.scalars(select(Delivery)).one()
    assert (delivery.status, delivery.attempts) == ("failed", len(DELAYS) + 1)
    with pytest.raises(NotFound):
        notices.send_again(desk.outsider, delivery.id, now=at)
    listener.status = 200
    notices.send_again(desk.admin, delivery.id, now=at)
    assert notices.deliver_due(at) == 1
    assert db.session.scalars(select(Delivery)).one().status == "sent"
    with pytest.raises(Conflict):
        notices.send_again(desk.admin, delivery.id, now=at)
    assert len({headers["X-Tandem-Event"] for headers, _body in listener.got}) == 1


def test_a_renewed_key_signs_from_then_on(desk: Desk, now: datetime, listener: Listener) -> None:
    channel_id = hook(desk, listener, now)
    (channel,) = notices.channels_of(desk.admin)
    old = key_of(channel)
    new = key_of(notices.renew_key(desk.admin, channel_id, now=now))
    assert notices.test_channel(desk.admin, channel_id, now=now) == ""
    ((headers, body),) = listener.got
    assert is_ours(new, headers, body)
    assert not is_ours(old, headers, body)


def test_mail_is_for_alarms_only(desk: Desk, now: datetime) -> None:
    for kind, target, topics in (("email", "a@example.cn", ["publication"]), ("webhook", "http://x.example/", [])):
        with pytest.raises(Invalid):
            notices.add_channel(desk.admin, unit_id=desk.city.id, kind=kind, target=target, topics=topics, now=now)


def test_old_events_are_forgotten_with_their_deliveries(desk: Desk, now: datetime, listener: Listener) -> None:
    hook(desk, listener, now)
    planned(desk, now)
    telling.tell_others(now)
    notices.forget_old(now + timedelta(days=KEPT_DAYS - 1))
    assert db.session.query(Delivery).count() == 1
    notices.forget_old(now + timedelta(days=KEPT_DAYS + 1))
    assert (db.session.query(OutgoingEvent).count(), db.session.query(Delivery).count()) == (0, 0)


def test_telling_never_stands_in_the_way_of_the_fact(desk: Desk, now: datetime, listener: Listener) -> None:
    """A transition that is rolled back was never told; one that is saved is told though telling failed before."""
    hook(desk, listener, now)
    post_id = planned(desk, now)
    changed = row(post_id, desk.weibo).changes[-1]

    def fails() -> None:
        with atomic():
            telling.tell_others(now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not db.session.get_one(StateChange, changed.id).told
    assert telling.tell_others(now) == 1


def test_on_screen(app: Flask, desk: Desk, now: datetime, listener: Listener) -> None:
    admin = browser(app, desk.admin)
    form = {"unit_id": desk.city.id, "kind": "webhook", "target": listener.url, "topics": ["alarm", "publication"]}
    page = admin.post("/settings/alerts", data=form, follow_redirects=True).text
    (channel,) = notices.channels_of(desk.admin)
    assert key_of(channel) in page
    again = sound(admin, "/settings/alerts")
    assert key_of(channel) not in again
    assert "s3cret" not in again
    assert "发布状态变化" in again
    assert "已签名" in again
    planned(desk, now)
    telling.tell_others(now)
    assert "已取消" in sound(admin, "/settings/alerts")
    renewed = admin.post(f"/settings/alerts/{channel.id}/key", follow_redirects=True).text
    db.session.rollback()
    (channel,) = notices.channels_of(desk.admin)
    assert key_of(channel) in renewed
