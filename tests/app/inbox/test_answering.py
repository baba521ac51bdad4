"""An answer is stored once, inside the platform's window, and not over a colleague's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.audit.models import Event
from app.audit.services import verify
from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound
from app.inbox.models import Conversation, Message
from app.inbox.services import (
    account_event,
    assign,
    ingest,
    reply,
    retry_reply,
    set_labels,
    set_status,
    settle_reply,
    wake_snoozed,
    window_of,
)
from app.notices.models import Notice
from connectors.values import AccountEvent, InboundMessage
from tests.app.inbox.conftest import City

Make = Callable[..., InboundMessage]
TEXT = "您好，请带身份证到政务大厅办理。"


def opened(account: object, message: InboundMessage, now: datetime) -> str:
    return ingest(account, [message], now=now)[0].conversation_id  # type: ignore[arg-type]


def test_an_answer_is_queued_for_the_newest_message(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    newest = ingest(city.weibo, [comment(2)], now=now)[0]
    answer = reply(city.wang, conversation_id, text=f"  {TEXT}\r\n", now=now)
    assert (answer.status, answer.text, answer.in_reply_to) == ("queued", TEXT, newest.id)
    assert answer.target == comment(2).target
    assert answer.operator_ip == "211.156.0.1"


def test_a_double_click_is_one_answer(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    first = reply(city.wang, conversation_id, text=TEXT, key="form-1", now=now)
    assert reply(city.wang, conversation_id, text=TEXT, key="form-1", now=now).id == first.id
    with pytest.raises(Conflict):
        reply(city.wang, conversation_id, text="别的话", key="form-1", now=now)
    assert reply(city.li, conversation_id, text=TEXT, key="form-1", now=now).id != first.id


def test_a_colleagues_answer_is_shown_instead(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    seen = db.session.scalars(select(Message)).one().id
    reply(city.wang, conversation_id, text=TEXT, seen_message_id=seen, now=now)
    with pytest.raises(Conflict, match="12 秒前 王敏 已回复") as caught:
        reply(city.li, conversation_id, text="我也答", seen_message_id=seen, now=now + timedelta(seconds=12))
    assert caught.value.extra["collision"]["text"] == TEXT
    reply(
        city.li,
        conversation_id,
        text="我也答",
        seen_message_id=caught.value.extra["collision"]["id"],
        now=now + timedelta(seconds=30),
    )
    assert db.session.scalar(select(func.count()).where(Message.direction == "out")) == 2


def test_five_answers_in_forty_eight_hours(city: City, letter: Make, now: datetime) -> None:
    conversation_id = opened(city.wechat, letter(1), now)
    for number in range(5):
        assert window(conversation_id, now).remaining == 5 - number
        reply(city.wang, conversation_id, text=f"{TEXT}{number}", now=now)
    with pytest.raises(Conflict, match="最多回复 5 条"):
        reply(city.wang, conversation_id, text=TEXT, now=now)
    ingest(city.wechat, [letter(2, sent_at=now + timedelta(minutes=1))], now=now + timedelta(minutes=1))
    assert window(conversation_id, now).remaining == 5


def test_after_forty_eight_hours_it_is_closed(city: City, letter: Make, now: datetime) -> None:
    conversation_id = opened(city.wechat, letter(1), now)
    closes = letter(1).sent_at + timedelta(hours=48)
    assert window(conversation_id, now).closes_at == closes
    assert window(conversation_id, closes - timedelta(seconds=1)).open
    with pytest.raises(Conflict, match="48 小时"):
        reply(city.wang, conversation_id, text=TEXT, now=closes)


ACTS = ("subscribe", "scan", "click", "scancode_push", "scancode_waitmsg")


def acted(city: City, message: InboundMessage, kind: str, at: datetime) -> None:
    account_event(city.wechat, AccountEvent(external_id=f"e{at}", kind=kind, sender_id=message.sender_id, at=at), at)


@pytest.mark.parametrize("kind", ACTS)
def test_an_act_allows_three_answers_within_a_minute_when_the_messages_window_is_closed(
    city: City, letter: Make, now: datetime, kind: str
) -> None:
    conversation_id = opened(city.wechat, letter(1), now)
    later = now + timedelta(hours=50)
    acted(city, letter(1), kind, later)
    assert not window(conversation_id, later - timedelta(seconds=1)).open
    for number in range(3):
        found = window(conversation_id, later)
        assert (found.remaining, found.closes_at) == (3 - number, later + timedelta(minutes=1))
        reply(city.wang, conversation_id, text=f"{TEXT}{number}", now=later)
    assert not window(conversation_id, later).open
    acted(city, letter(1), kind, later + timedelta(seconds=30))
    assert window(conversation_id, later + timedelta(seconds=40)).remaining == 3
    assert not window(conversation_id, later + timedelta(seconds=90)).open


def test_an_act_allows_more_when_the_five_are_used_but_is_not_added_to_them(
    city: City, letter: Make, now: datetime
) -> None:
    conversation_id = opened(city.wechat, letter(1), now)
    acted(city, letter(1), "click", now)
    assert window(conversation_id, now).remaining == 5
    for number in range(5):
        reply(city.wang, conversation_id, text=f"{TEXT}{number}", now=now)
    assert not window(conversation_id, now).open
    acted(city, letter(1), "click", now + timedelta(minutes=5))
    assert window(conversation_id, now + timedelta(minutes=5)).remaining == 3


def test_what_leads_elsewhere_and_what_the_platform_shut_allows_nothing(
    city: City, letter: Make, now: datetime
) -> None:
    conversation_id = opened(city.wechat, letter(1), now)
    later = now + timedelta(hours=50)
    acted(city, letter(1), "view", later)
    assert not window(conversation_id, later).open
    acted(city, letter(1), "click", later)
    with atomic():
        db.session.get_one(Conversation, conversation_id).window_shut_at = later
    assert not window(conversation_id, later).open


def test_one_answer_per_article_comment(city: City, remark: Make, now: datetime) -> None:
    conversation_id = opened(city.wechat, remark(1), now)
    older = db.session.scalars(select(Message)).one().id
    ingest(city.wechat, [remark(2)], now=now)
    reply(city.wang, conversation_id, text=TEXT, now=now)
    with pytest.raises(Conflict, match="已经回复过"):
        reply(city.wang, conversation_id, text=TEXT, now=now)
    reply(city.wang, conversation_id, text=TEXT, in_reply_to=older, now=now)
    with pytest.raises(Conflict, match="已经回复过"):
        reply(city.wang, conversation_id, text=TEXT, in_reply_to=older, now=now)


def test_where_comments_are_closed_the_reason_is_told(city: City, remark: Make, now: datetime) -> None:
    conversation_id = opened(city.wechat, remark(1), now)
    with atomic():
        city.wechat.settings = {"comments": False}
    with pytest.raises(Conflict, match="留言功能"):
        reply(city.wang, conversation_id, text=TEXT, now=now)


@pytest.mark.parametrize("text", ["", "   \n", "字" * 141])
def test_empty_and_too_long_answers(city: City, comment: Make, now: datetime, text: str) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    with pytest.raises(Invalid) as caught:
        reply(city.wang, conversation_id, text=text, now=now)
    assert "text" in caught.value.errors
    assert reply(city.wang, conversation_id, text="a" * 280, now=now).status == "queued"


def test_who_may(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    with pytest.raises(NotFound):
        reply(city.stranger, conversation_id, text=TEXT, now=now)
    with pytest.raises(NotFound):
        reply(city.chen, conversation_id, text=TEXT, now=now)
    with pytest.raises(Forbidden):
        reply(city.reader, conversation_id, text=TEXT, now=now)
    assign(city.wang, conversation_id, unit_id=city.bureau.id, note="请住建局答复", now=now)
    assert reply(city.chen, conversation_id, text=TEXT, now=now).status == "queued"
    assert reply(city.wang, conversation_id, text="补充一句", now=now).status == "queued"


def test_handing_over(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    due = now + timedelta(days=3)
    conversation = assign(city.wang, conversation_id, user_id=city.li.user_id, due_at=due, now=now)
    assert (conversation.assignee_id, conversation.due_at) == (city.li.user_id, due)
    conversation = assign(city.wang, conversation_id, unit_id=city.bureau.id, note="请办", now=now)
    assert (conversation.unit_id, conversation.assignee_id) == (city.bureau.id, None)
    assert db.session.scalars(select(Message).where(Message.direction == "note")).one().text == "请办"
    for wrong in ({"user_id": city.stranger.user_id}, {"user_id": "nobody"}, {"unit_id": city.elsewhere.id}):
        with pytest.raises(Invalid):
            assign(city.wang, conversation_id, now=now, **wrong)
    with pytest.raises(Invalid):
        assign(city.wang, conversation_id, user_id=city.li.user_id, due_at=now, now=now)


def test_status_and_snoozing(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    with pytest.raises(Invalid):
        set_status(city.wang, conversation_id, "snoozed", now=now)
    with pytest.raises(Invalid):
        set_status(city.wang, conversation_id, "done", now=now)
    set_status(city.wang, conversation_id, "snoozed", until=now + timedelta(hours=1), now=now)
    assert wake_snoozed(now) == 0
    assert wake_snoozed(now + timedelta(hours=1)) == 1
    assert db.session.get_one(Conversation, conversation_id).status == "open"
    assert set_labels(city.wang, conversation_id, ["咨询", " 咨询 ", "住房"], now).labels == ["咨询", "住房"]


def test_retry_of_an_unknown_answer_needs_a_word(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    answer_id = reply(city.wang, conversation_id, text=TEXT, now=now).id
    with pytest.raises(Conflict):
        retry_reply(city.wang, answer_id, now=now)
    with atomic():
        db.session.get_one(Message, answer_id).status = "unknown"
    with pytest.raises(Conflict, match="可能已经发出") as caught:
        retry_reply(city.wang, answer_id, now=now)
    assert caught.value.extra["confirm"] is True
    with pytest.raises(Conflict, match="待核实"):
        set_status(city.wang, conversation_id, "resolved", now=now)
    assert retry_reply(city.wang, answer_id, confirmed=True, now=now).status == "queued"
    with atomic():
        db.session.get_one(Message, answer_id).status = "unknown"
    assert settle_reply(city.wang, answer_id, sent=True, now=now).status == "sent"
    assert db.session.get_one(Conversation, conversation_id).waiting_since is None


def test_the_log_holds_digests_only(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    reply(city.wang, conversation_id, text=TEXT, now=now)
    assign(city.wang, conversation_id, user_id=city.li.user_id, note="市民电话另附", now=now)
    log = str([(event.summary, event.before, event.after) for event in db.session.scalars(select(Event))])
    assert "reply.queue" in set(db.session.scalars(select(Event.action)))
    for words in (TEXT, "公租房", "青岚小张", "市民电话另附"):
        assert words not in log
    assert verify() == []


def window(conversation_id: str, now: datetime):  # type: ignore[no-untyped-def]
    return window_of(db.session.get_one(Conversation, conversation_id), now)


def test_a_public_answer_names_no_ones_number(city: City, comment: Make, letter: Make, now: datetime) -> None:
    public, private = opened(city.weibo, comment(1), now), opened(city.wechat, letter(1), now)
    words = "您登记的手机号 13912345678 已更新。"
    with pytest.raises(ContentBlocked) as caught:
        reply(city.wang, public, text=words, now=now)
    assert caught.value.extra["problems"]
    assert reply(city.wang, private, text=words, now=now).status == "queued"


def test_who_gets_it_is_told(city: City, comment: Make, now: datetime) -> None:
    conversation_id = opened(city.weibo, comment(1), now)
    assign(city.wang, conversation_id, user_id=city.wang.user_id, now=now)
    assert db.session.scalars(select(Notice)).all() == []
    assign(city.wang, conversation_id, user_id=city.li.user_id, now=now)
    assign(city.wang, conversation_id, unit_id=city.bureau.id, now=now + timedelta(seconds=1))
    told = db.session.scalars(select(Notice).order_by(Notice.id)).all()
    assert [(notice.user_id, notice.unit_id) for notice in told] == [
        (city.li.user_id, city.office.id),
        (None, city.bureau.id),
    ]
    assert "公租房" not in str([(notice.title, notice.body) for notice in told])
