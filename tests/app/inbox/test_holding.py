"""Answers that somebody else approves before they go out (回复须经审核)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import Account
from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.inbox.contacts import erase
from app.inbox.holding import held_of, tell_of_closed
from app.inbox.models import Conversation, HeldReply, Message
from app.inbox.services import (
    approve_reply,
    begin_attempt,
    change_reply,
    claim_replies,
    decidable,
    ingest,
    record_reply_sent,
    reply,
    retry_reply,
    return_reply,
    withdraw_reply,
)
from app.notices.models import Notice
from app.notices.services import unread
from app.units.access import Actor, actor_for
from app.units.models import Grant, User
from connectors.values import InboundMessage, Receipt
from tests.app.inbox.conftest import City, add_user
from tests.architecture.pages import faults

Make = Callable[..., InboundMessage]
SOON = timedelta(minutes=5)


@pytest.fixture
def zhao(city: City, now: datetime) -> Actor:
    """Reviews, and sees nothing of the inbox otherwise."""
    with atomic():
        user = add_user("赵审", city.office, ("reviewer",), now)
        _tick(city.wechat, on=True)
        _tick(city.weibo, on=True)
    return actor_for(db.session.get_one(User, user.id), origin="211.156.0.2")


def _tick(account: Account, *, on: bool) -> None:
    row = db.session.get_one(Account, account.id)
    row.settings = {**row.settings, "reply_approval": on}


def held(city: City, letter: InboundMessage, text: str, now: datetime, **more: Any) -> HeldReply:
    account = city.weibo if letter.kind in ("comment", "mention") else city.wechat
    asked = ingest(account, [letter], now=now)[0]
    found = reply(city.wang, asked.conversation_id, text=text, now=now, **more)
    assert isinstance(found, HeldReply)
    return found


def events(conversation_id: str) -> list[str]:
    rows = db.session.scalars(select(Event).where(Event.object_id == conversation_id).order_by(Event.id))
    return [row.action for row in rows if row.action.startswith("reply.")]


def out() -> int:
    return db.session.scalar(select(func.count(Message.id)).where(Message.direction == "out")) or 0


@pytest.mark.parametrize("kind", ["letter", "comment", "remark"])
def test_goes_out_once_and_only_when_somebody_else_approved(
    city: City, zhao: Actor, kind: str, request: pytest.FixtureRequest, now: datetime
) -> None:
    waits = held(city, request.getfixturevalue(kind)(1), "请到大厅办理。", now, key="k")
    conversation = db.session.get_one(Conversation, waits.conversation_id)
    assert (waits.status, out(), claim_replies("w", 9, now + SOON)) == ("awaiting_approval", 0, [])
    assert conversation.waiting_since is not None
    again = reply(city.wang, conversation.id, text="请到大厅办理。", key="k", now=now)
    assert again.id == waits.id
    assert [row.id for row in decidable(zhao)] == [waits.id]
    assert decidable(city.wang) == decidable(city.li) == decidable(city.reader) == []
    with pytest.raises(Forbidden):
        approve_reply(city.li, waits.id, sha256=waits.sha256, now=now)
    with pytest.raises(NotFound):
        approve_reply(city.stranger, waits.id, sha256=waits.sha256, now=now)
    assert unread(zhao) == 1
    sent = approve_reply(zhao, waits.id, sha256=waits.sha256, now=now + SOON)
    assert (sent.status, sent.text, sent.author_id) == ("queued", "请到大厅办理。", city.wang.user_id)
    assert sent.operator_ip == "211.156.0.1"
    assert (unread(zhao), out()) == (0, 1)
    assert reply(city.wang, conversation.id, text="请到大厅办理。", key="k", now=now + SOON).id == sent.id
    with pytest.raises(Conflict, match="已由赵审通过"):
        approve_reply(zhao, waits.id, sha256=waits.sha256, now=now + SOON)
    claim = claim_replies("w", 9, now + SOON)[0]
    attempted = begin_attempt(claim, now + SOON)
    assert attempted is not None
    record_reply_sent(attempted, Receipt(external_id="x"), exchanges=[], now=now + 2 * SOON)
    db.session.expire_all()
    conversation = db.session.get_one(Conversation, waits.conversation_id)
    assert (conversation.waiting_since, conversation.first_answer_at) == (None, now + 2 * SOON)
    assert events(conversation.id) == ["reply.submit", "reply.approve", "reply.queue"]


def test_nobody_approves_their_own_words(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    with atomic():
        user = db.session.get_one(User, city.wang.user_id)
        user.grants.append(Grant(role="reviewer", unit_id=city.office.id))
    both = actor_for(db.session.get_one(User, city.wang.user_id))
    waits = held(city, letter(1), "请到大厅办理。", now)
    assert decidable(both) == []
    with pytest.raises(Forbidden, match="不能审核自己写的"):
        approve_reply(both, waits.id, sha256=waits.sha256, now=now)
    with pytest.raises(Forbidden, match="不能审核自己写的"):
        return_reply(both, waits.id, reason="不妥", now=now)


def test_what_was_changed_meanwhile_is_not_approved(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    waits = held(city, letter(1), "请到大厅办理。", now)
    shown = waits.sha256
    with pytest.raises(Forbidden):
        change_reply(city.li, waits.id, text="不必来了。", now=now)
    changed = change_reply(city.wang, waits.id, text="请到三楼大厅办理。", now=now)
    with pytest.raises(Conflict, match="改过这条回复"):
        approve_reply(zhao, waits.id, sha256=shown, now=now)
    assert out() == 0
    assert approve_reply(zhao, waits.id, sha256=changed.sha256, now=now).text == "请到三楼大厅办理。"
    with pytest.raises(Conflict, match="已由赵审通过"):
        change_reply(city.wang, waits.id, text="不必来了。", now=now)


def test_returned_with_a_reason_changed_and_taken_back(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    waits = held(city, letter(1), "请到大厅办理。", now)
    with pytest.raises(Invalid):
        return_reply(zhao, waits.id, reason="  ", now=now)
    return_reply(zhao, waits.id, reason="写明楼层。", now=now)
    assert decidable(zhao) == []
    notice = db.session.scalars(select(Notice).where(Notice.user_id == city.wang.user_id)).one()
    assert "写明楼层。" in notice.body
    changed = change_reply(city.wang, waits.id, text="请到三楼。", now=now + SOON)
    assert (changed.status, changed.reason) == ("awaiting_approval", "")
    assert unread(zhao) == 1
    with pytest.raises(Forbidden):
        withdraw_reply(city.li, waits.id, now=now)
    withdraw_reply(city.wang, waits.id, now=now + SOON)
    assert (unread(zhao), held_of(city.wang, waits.conversation_id), out()) == (0, [], 0)
    with pytest.raises(Conflict, match="收回"):
        approve_reply(zhao, waits.id, sha256=changed.sha256, now=now)
    assert events(waits.conversation_id) == ["reply.submit", "reply.return", "reply.change", "reply.withdraw"]


def test_switched_off_what_waits_still_waits(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    waits = held(city, letter(1), "请到大厅办理。", now)
    with atomic():
        _tick(city.wechat, on=False)
    assert claim_replies("w", 9, now + SOON) == []
    direct = reply(city.li, waits.conversation_id, text="补充一句。", now=now)
    assert isinstance(direct, Message)
    assert change_reply(city.wang, waits.id, text="请到三楼。", now=now).status == "awaiting_approval"
    approve_reply(zhao, waits.id, sha256=waits.sha256, now=now)
    assert out() == 2


def test_an_answer_of_before_is_not_sent_again_unapproved(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    with atomic():
        _tick(city.wechat, on=False)
    asked = ingest(city.wechat, [letter(1)], now=now)[0]
    old = reply(city.wang, asked.conversation_id, text="旧的", now=now)
    with atomic():
        db.session.get_one(Message, old.id).status = "failed"
        _tick(city.wechat, on=True)
    with pytest.raises(Conflict, match="没有审核过"):
        retry_reply(city.wang, old.id, now=now)


def test_a_window_that_closes_meanwhile_is_told(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    waits = held(city, letter(1), "请到大厅办理。", now)
    assert tell_of_closed(now) == 0
    late = now + timedelta(hours=49)
    with pytest.raises(Conflict, match="回复时限已过"):
        approve_reply(zhao, waits.id, sha256=waits.sha256, now=late)
    assert (tell_of_closed(late), tell_of_closed(late)) == (1, 0)
    notice = db.session.scalars(select(Notice).where(Notice.key.like(f"held:{waits.id}:closed%"))).one()
    assert notice.user_id == city.wang.user_id
    assert "再发一条消息" in notice.body


def test_a_question_that_came_after_it_was_written_still_waits(
    city: City, zhao: Actor, letter: Make, now: datetime
) -> None:
    waits = held(city, letter(1), "请到大厅办理。", now)
    ingest(city.wechat, [letter(2, sent_at=now + SOON, text="那周末呢？")], now=now + SOON)
    approve_reply(zhao, waits.id, sha256=waits.sha256, now=now + 2 * SOON)
    attempted = begin_attempt(claim_replies("w", 9, now + 2 * SOON)[0], now + 2 * SOON)
    assert attempted is not None
    record_reply_sent(attempted, Receipt(external_id="x"), exchanges=[], now=now + 2 * SOON)
    db.session.expire_all()
    assert db.session.get_one(Conversation, waits.conversation_id).waiting_since is not None


def test_two_write_at_once(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    waits = held(city, letter(1), "请到大厅办理。", now)
    with pytest.raises(Conflict, match="正在等审核"):
        reply(city.li, waits.conversation_id, text="我也来答", seen_message_id=waits.in_reply_to, now=now)


def test_erased_with_the_person(city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    waits = held(city, letter(1), "请到大厅办理。", now)
    with atomic():
        erase(db.session.get_one(Account, city.wechat.id), "oCitizen0001", at=now, now=now)
    db.session.refresh(waits)
    assert (waits.text, waits.status) == ("", "withdrawn")


def test_two_approvers_at_once(app: Flask, city: City, zhao: Actor, letter: Make, now: datetime) -> None:
    """One sends, the other is told."""
    waits = held(city, letter(1), "请到大厅办理。", now)
    with atomic():
        qian = add_user("钱审", city.office, ("reviewer",), now)
    second = actor_for(db.session.get_one(User, qian.id))
    held_id, sha256, barrier = waits.id, waits.sha256, Barrier(2)
    said: list[str] = []
    db.session.remove()

    def decide(actor: Actor) -> None:
        with app.app_context():
            barrier.wait()
            try:
                said.append(approve_reply(actor, held_id, sha256=sha256, now=now).status or "")
            except Conflict as refusal:
                said.append(refusal.message)

    threads = [Thread(target=decide, args=(actor,)) for actor in (zhao, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(word == "queued" for word in said) == [False, True], said
    assert any("通过，已排队发送" in word for word in said)
    assert out() == 1


@pytest.fixture
def real(city: City, zhao: Actor, letter: Make) -> str:
    """A conversation of a minute ago."""
    now = utcnow()
    return ingest(city.wechat, [letter(1, sent_at=now - timedelta(minutes=1))], now=now)[0].conversation_id


def test_on_screen(city: City, zhao: Actor, real: str, browse: Callable[[Actor], FlaskClient]) -> None:
    writer, approver = browse(city.wang), browse(zhao)
    assert "提交审核" in writer.get(f"/inbox/{real}").get_data(as_text=True)
    writer.post(f"/inbox/{real}/replies", data={"text": "请到大厅办理。", "key": "k"})
    row = db.session.scalars(select(HeldReply)).one()
    html = writer.get(f"/inbox/{real}").get_data(as_text=True)
    assert faults(html) == []
    for words in ("待审核", "可由赵审审核", "收回", "王敏"):
        assert words in html, words
    assert "去审核" not in html
    change = writer.get(f"/inbox/{real}?change={row.id}").get_data(as_text=True)
    assert faults(change) == []
    assert "保存并重新送审" in change
    writer.post(f"/inbox/{real}/held/{row.id}", data={"text": "请到三楼办理。"})
    assert real in writer.get("/inbox?tab=approval&status=all").get_data(as_text=True)
    page = approver.get("/review/replies").get_data(as_text=True)
    assert faults(page) == []
    for words in ("我的社保卡丢了", "请到三楼办理。", "王敏", "还剩 47 小时"):
        assert words in page, words
    assert "回复审核" in approver.get("/review").get_data(as_text=True)
    db.session.refresh(row)
    approver.post(f"/review/replies/{row.id}", data={"decision": "return", "reason": "写明时间。"})
    assert "赵审退回：写明时间。" in writer.get(f"/inbox/{real}").get_data(as_text=True)
    writer.post(f"/inbox/{real}/held/{row.id}", data={"text": "三楼，九点起。"})
    db.session.refresh(row)
    approver.post(f"/review/replies/{row.id}", data={"decision": "approve", "sha256": row.sha256})
    assert out() == 1
    assert "排队中" in writer.get(f"/inbox/{real}").get_data(as_text=True)
    assert faults(approver.get("/review/replies").get_data(as_text=True)) == []


def test_by_api(city: City, zhao: Actor, real: str, app: Flask, bearer: Callable[[Actor], dict[str, str]]) -> None:
    client, path = app.test_client(), f"/api/v1/conversations/{real}"
    mine, theirs = bearer(city.wang), bearer(zhao)
    answer = client.post(f"{path}/replies", json={"text": "请到大厅办理。"}, headers=mine)
    said = answer.get_json()
    assert (answer.status_code, said["status"]) == (202, "awaiting_approval")
    # The contract's list holds the contract's statuses alone.
    assert [one["direction"] for one in client.get(f"{path}/messages", headers=mine).get_json()["items"]] == ["in"]
    one = f"/api/v1/awaiting-replies/{said['id']}"
    assert client.post(f"{one}/approval", json={"sha256": said["sha256"]}, headers=mine).status_code == 403
    assert client.get("/api/v1/awaiting-replies", headers=theirs).get_json()["items"][0]["id"] == said["id"]
    changed = client.put(one, json={"text": "请到三楼。"}, headers=mine).get_json()
    assert client.post(f"{one}/approval", json={"sha256": said["sha256"]}, headers=theirs).status_code == 409
    sent = client.post(f"{one}/approval", json={"sha256": changed["sha256"]}, headers=theirs)
    assert (sent.status_code, sent.get_json()["status"]) == (202, "queued")
    held_now = client.get(f"{path}/awaiting-replies", headers=mine).get_json()["items"][0]
    assert (held_now["status"], held_now["message_id"]) == ("approved", sent.get_json()["id"])
    assert client.delete(one, headers=mine).status_code == 409
