"""A draft changed by hand: held, and on release put back in its place; never a second draft beside it."""

from __future__ import annotations

from datetime import timedelta

from app.accounts import connections
from app.db import utcnow
from app.posts.models import Post
from app.publishing import services as publishing
from app.publishing.values import prepared_of
from connectors.wechat.connector import WeChatConnector
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Clockwork, Desk, hurry, row


def change_by_hand(connector: WeChatConnector, draft: str) -> None:
    edited = dict(connector.api.post("/cgi-bin/draft/get", {"media_id": draft})["news_item"][0])
    body = {"media_id": draft, "index": 0, "articles": edited | {"title": "被人改过的标题"}}
    connector.api.post("/cgi-bin/draft/update", body)


def held_after_a_change(desk: Desk, sim: Sim) -> tuple[Clockwork, Post, WeChatConnector]:
    """Prepared, changed by hand at the platform, due: held."""
    sim.call("POST", "/_sim/clock", {"offset_seconds": 0})
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at=utcnow().replace(year=2099), now=utcnow())
    clock = Clockwork.make()
    hurry(row(post, desk.wechat))
    clock.until(lambda: row(post, desk.wechat).status == "ready")
    connector = connections.connect(desk.wechat)
    assert isinstance(connector, WeChatConnector)
    change_by_hand(connector, prepared_of(row(post, desk.wechat).prepared).steps["draft"])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status == "held")
    return clock, post, connector


def test_cancelled_instead_the_changed_draft_is_left_to_people(desk: Desk, sim: Sim) -> None:
    _clock, post, connector = held_after_a_change(desk, sim)
    publishing.cancel(desk.publisher, row(post, desk.wechat).id, reason="另有安排", now=utcnow())
    Clockwork.make(clock=lambda: utcnow() + timedelta(seconds=6)).reconcile()
    cancelled = row(post, desk.wechat)
    assert (cancelled.status, cancelled.discard_at) == ("cancelled", None)
    assert "被人改动过" in cancelled.why
    assert "草稿箱" in cancelled.why
    assert sim.asked("draft/delete") == 0
    assert connector.api.get("/cgi-bin/draft/count")["total_count"] == 1


def test_what_was_approved_goes_back_into_the_same_draft(desk: Desk, sim: Sim) -> None:
    clock, post, _connector = held_after_a_change(desk, sim)
    held = row(post, desk.wechat)
    assert "人工改动" in held.why
    draft = prepared_of(held.prepared).steps["draft"]
    added = sim.asked("draft/add")
    publishing.release(desk.publisher, held.id, reason="已与改动的人核对，按审核通过的发", now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status == "processing")
    assert sim.asked("draft/add") == added
    assert sim.asked("draft/update") == 2
    accepted = [item for item in sim.call("GET", "/_sim/accepted")["items"] if item["kind"] == "publish"]
    assert len(accepted) == 1
    assert prepared_of(row(post, desk.wechat).prepared).steps["draft"] == draft
