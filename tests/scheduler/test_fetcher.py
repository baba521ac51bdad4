"""A picture that a citizen sent, fetched over real HTTP as soon as its message is known."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from app.accounts import readings
from app.accounts.models import Account
from app.db import db, utcnow
from app.inbox import media, polling
from app.inbox.ingesting import ingest
from app.inbox.models import MessageMedia
from connectors.values import InboundMedia, InboundMessage
from scheduler import fetcher, poller, reader
from tests.app.accounts.kit import UID, Sim
from tests.app.publishing.kit import Clockwork, Desk
from tests.connectors.fakes import odd_server

PICTURE = (Path(__file__).parents[1] / "samples" / "images" / "cover-rain.jpg").read_bytes()


def write(desk: Desk, sim: Sim, fid: str = "") -> None:
    """A citizen's picture, known to the simulator and, as pushed, to us; `fid`: another than the one pushed."""
    picture = base64.b64encode(PICTURE).decode()
    sent = {"platform": "weibo", "external_id": UID, "from": "citizen-1", "image": picture}
    with odd_server() as listener:
        listener.say(b"")
        sim.register({"weibo": listener.url})
        sim.call("POST", "/_sim/messages", sent)
        fid = fid or str(json.loads(listener.seen[-1][3])["data"]["tovfid"])
    message = InboundMessage(
        external_id="wb:777:1:image:x",
        kind="private",
        thread="777",
        sender_id="777",
        text="发了一张图片",
        sent_at=utcnow(),
        media=(InboundMedia(kind="image", media_id=fid),),
        target={"kind": "private", "receiver_id": "777"},
    )
    ingest(db.session.get_one(Account, desk.weibo.id), [message], now=utcnow())


def fetched(clock: Clockwork) -> MessageMedia:
    clock.aside(lambda: fetcher.tick(clock.runtime, clock.runtime.clock()))
    db.session.rollback()
    return db.session.scalars(select(MessageMedia)).one()


def test_the_picture_is_kept_and_asked_for_once(desk: Desk, sim: Sim) -> None:
    write(desk, sim)
    clock = Clockwork.make()
    assert fetched(clock).content == PICTURE
    assert (fetched(clock).status, fetched(clock).content_type) == ("kept", "image/jpeg")
    assert sim.asked("/mss/msget") == 1


def test_a_bad_moment_of_the_platform_is_waited_out(desk: Desk, sim: Sim) -> None:
    write(desk, sim)
    sim.fault("refuse", platform="weibo", path="mss/msget", code=10001, times=1)
    clock = Clockwork.make()
    waiting = fetched(clock)
    assert (waiting.status, waiting.tries, waiting.claim_until) == ("waiting", 1, None)
    assert waiting.next_try_at > utcnow()
    assert waiting.why


def test_what_the_platform_has_no_more_is_lost(desk: Desk, sim: Sim) -> None:
    write(desk, sim, fid="1")
    assert fetched(Clockwork.make()).status == "lost"


def test_a_slow_platform_takes_few_threads_however_many_rounds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishing needs the rest of the pool."""
    gate = threading.Event()
    runtime = Clockwork.make().runtime
    monkeypatch.setattr(fetcher, "ask", lambda runtime, fetch: gate.wait(30))
    monkeypatch.setattr(readings, "read", lambda account_id, now: gate.wait(30))
    reference = InboundMedia(kind="image", media_id="1")
    one = media.Fetch(id="1", account_id=desk.weibo.id, reference=reference, tries=1)
    monkeypatch.setattr(media, "claim", lambda limit, now: [one] * limit)
    monkeypatch.setattr(readings, "claim", lambda now, limit: [desk.weibo.id] * limit)
    monkeypatch.setattr(poller, "ask", lambda runtime, poll: gate.wait(30))
    monkeypatch.setattr(polling, "claim_polls", lambda limit, now: [None] * limit)
    monkeypatch.setattr(poller, "claim_probes", lambda now, limit: [])
    try:
        for _ in range(12):
            fetcher.tick(runtime, utcnow())
        assert runtime.threads - runtime.free() == fetcher.AT_ONCE
        for _ in range(12):
            reader.tick(runtime, utcnow())
        for _ in range(12):
            poller.tick(runtime, utcnow())
        assert runtime.free() == runtime.threads // 4
    finally:
        gate.set()
    assert runtime.wait_idle(30)
    assert runtime.room("media", fetcher.AT_ONCE) == fetcher.AT_ONCE
