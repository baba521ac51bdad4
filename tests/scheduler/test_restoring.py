"""A draft changed by hand: held, and on release put back in its place; never a second draft beside it."""

from __future__ import annotations

from app.accounts import connections
from app.db import utcnow
from app.publishing import services as publishing
from app.publishing.values import prepared_of
from connectors.wechat.connector import WeChatConnector
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Clockwork, Desk, hurry, row


def change_by_hand(connector: WeChatConnector, draft: str) -> None:
    edited = dict(connector.api.post("/cgi-bin/draft/get", {"media_id": draft})["news_item"][0])
    body = {"media_id": draft, "index": 0, "articles": edited | {"title": "被人改过的标题"}}
    connector.api.post("/cgi-bin/draft/update", body)


def test_what_was_approved_goes_back_into_the_same_draft(desk: Desk, sim: Sim) -> None:
    sim.call("POST", "/_sim/clock", {"offset_seconds": 0})
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at=utcnow().replace(year=2099), now=utcnow())
    clock = Clockwork.make()
    hurry(row(post, desk.wechat))
    clock.until(lambda: row(post, desk.wechat).status == "ready")
    draft = prepared_of(row(post, desk.wechat).prepared).steps["draft"]
    connector = connections.connect(desk.wechat)
    assert isinstance(connector, WeChatConnector)
    change_by_hand(connector, draft)
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status == "held")
    held = row(post, desk.wechat)
    assert "人工改动" in held.why
    added = sim.asked("draft/add")
    publishing.release(desk.publisher, held.id, reason="已与改动的人核对，按审核通过的发", now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status == "processing")
    assert sim.asked("draft/add") == added
    assert sim.asked("draft/update") == 2
    accepted = [item for item in sim.call("GET", "/_sim/accepted")["items"] if item["kind"] == "publish"]
    assert len(accepted) == 1
    assert prepared_of(row(post, desk.wechat).prepared).steps["draft"] == draft
