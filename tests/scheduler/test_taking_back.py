"""撤回回复: an answer of ours under a Weibo comment is deleted at the platform, from the thread, with a trace."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.db import db, utcnow
from app.errors import Conflict
from app.inbox.models import Conversation, Message
from app.inbox.services import acts_of, moderate, reply
from app.publishing import services as publishing
from app.units.access import Actor
from scheduler import poller, sender
from tests.app.accounts.kit import UID, Sim
from tests.app.publishing.kit import Clockwork, Desk, row

TEXT = "您好，合同终止后十个工作日内退还。"


@pytest.fixture
def sent(desk: Desk, sim: Sim, answerer: Actor) -> str:
    """An answer under a citizen's comment; its id."""
    clock = Clockwork.make()
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "published")
    comment = {"platform": "weibo", "external_id": UID, "post": row(post, desk.weibo).external_id, "text": "怎么退？"}
    sim.call("POST", "/_sim/comments", comment)
    clock.aside(lambda: poller.tick(clock.runtime, utcnow()))
    db.session.rollback()
    conversation = db.session.scalars(select(Conversation)).one()
    answer = reply(answerer, conversation.id, text=TEXT, now=utcnow()).id
    clock.aside(lambda: sender.tick(clock.runtime, clock.runtime.clock()))
    return answer


@pytest.fixture
def answerer(desk: Desk) -> Actor:
    return desk.person("responder", desk.city, "responder")


def state(message_id: str) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, message_id, populate_existing=True)


def test_it_is_gone_there_marked_here_and_the_citizen_waits_again(sent: str, answerer: Actor, sim: Sim) -> None:
    before = state(sent)
    assert acts_of(before.conversation, [before]) == {sent: ("delete_reply",)}
    moderate(answerer, sent, "delete_reply", now=utcnow())
    gone = state(sent)
    assert gone.removed_at is not None
    assert gone.conversation.waiting_since is not None
    assert sim.asked("/2/comments/destroy.json") == 1
    assert "message.delete_reply" in db.session.scalars(select(Event.action)).all()
    with pytest.raises(Conflict, match="刚刚已经处理过"):
        moderate(answerer, sent, "delete_reply", now=utcnow())


def test_a_refusal_leaves_it_as_it_was(sent: str, answerer: Actor, sim: Sim) -> None:
    sim.fault("refuse", platform="weibo", path="comments/destroy", code=20203, times=1)
    with pytest.raises(Conflict, match="没有办成"):
        moderate(answerer, sent, "delete_reply", now=utcnow())
    assert state(sent).removed_at is None
