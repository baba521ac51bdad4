"""Opening and closing the comments of a mass-sent article from its readers' conversation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import connections
from app.accounts.models import Account
from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict
from app.inbox import services
from app.inbox.models import Message
from app.publishing import services as publishing
from app.publishing.values import receipt_of
from tests.app.accounts.kit import GH, Sim, app_on_simulator, running_simulator, sim
from tests.app.publishing.kit import Clockwork, Desk, hurry, row

__all__ = ["app_on_simulator", "running_simulator", "sim"]
Say = Callable[[str], int]


@pytest.fixture
def desk(app_on_simulator: Flask) -> Desk:
    desk = Desk(utcnow(), wechat_mode="mass")
    with atomic():
        db.session.get_one(Account, desk.wechat.id).settings = {"comments": True}
    return desk


def test_comments_are_closed_and_opened_again(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.wechat).status == "processing")
    sim.call("POST", "/_sim/clock", {"offset_seconds": 60})
    hurry(row(post, desk.wechat))
    clock.until(lambda: row(post, desk.wechat).status == "published", reconcile=True)
    receipt = receipt_of(row(post, desk.wechat).receipt)
    assert receipt is not None
    comment = {"platform": "wechat", "external_id": GH, "post": receipt.details["msg_data_id"], "text": "好"}
    sim.call("POST", "/_sim/comments", comment)
    account = db.session.get_one(Account, desk.wechat.id)
    page = connections.connect(account, purpose="fetch").fetch_messages({}, (receipt,))
    services.ingest(account, page.items, now=utcnow())
    conversation = db.session.scalars(select(Message)).one().conversation
    responder = desk.person("responder", desk.city, "responder")
    services.switch_comments(responder, conversation.id, open_=False, now=utcnow())
    db.session.rollback()
    conversation = services.get_conversation(responder, conversation.id)
    found = services.commented(conversation)
    assert found is not None
    assert services.comments_closed(found)
    with pytest.raises(AssertionError):
        sim.call("POST", "/_sim/comments", comment)
    services.switch_comments(responder, conversation.id, open_=True, now=utcnow())
    db.session.rollback()
    assert not services.comments_closed(services.commented(services.get_conversation(responder, conversation.id)))
    sim.call("POST", "/_sim/comments", comment)
    told = list(db.session.scalars(select(Event).where(Event.action == "publication.comments")))
    assert [event.after["open"] for event in told] == [False, True]
    # Nothing closes or opens without a trace, known or not.
    sim.fault("drop_answer", path="comment/close")
    with pytest.raises(Conflict):
        services.switch_comments(responder, conversation.id, open_=False, now=utcnow())
    lost = list(db.session.scalars(select(Event).where(Event.action == "publication.comments")))[-1]
    assert (lost.after["open"], set(lost.after)) == (False, {"open", "unknown"})
    assert not services.comments_closed(services.commented(services.get_conversation(responder, conversation.id)))
    # Its other facts are still there.
    kept = receipt_of(row(post, desk.wechat).receipt)
    assert kept is not None
    assert kept.details["msg_data_id"] == receipt.details["msg_data_id"]
    with atomic():
        db.session.get_one(Account, desk.wechat.id).settings = {}
    with pytest.raises(Conflict):
        services.switch_comments(responder, conversation.id, open_=False, now=utcnow())
