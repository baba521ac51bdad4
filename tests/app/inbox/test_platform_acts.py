"""Comments, followers and 正在输入 at the platform, from the inbox, over the simulator's real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import asking, connections
from app.accounts.models import Account
from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.inbox import acting, contacts, services
from app.inbox.models import Contact, Conversation, Message, MessageMedia
from app.inbox.polling import Poll
from app.units.access import Actor
from connectors.errors import OutcomeUnknown, RateLimited, Refused
from connectors.values import Content, InboundMessage, Prepared
from connectors.wechat.connector import WeChatConnector
from scheduler import poller
from tests.app.accounts.kit import GH, WECHAT, Sim, app_on_simulator, running_simulator, sim
from tests.app.inbox.conftest import City
from tests.app.publishing.kit import Clockwork
from tests.architecture.pages import faults

__all__ = ["app_on_simulator", "running_simulator", "sim"]
Browse = Callable[[Actor], FlaskClient]


class Talk:
    """The city's WeChat account on the simulator, with one mass-sent article that people comment on."""

    def __init__(self, city: City, sim: Sim) -> None:
        self.city, self.sim = city, sim
        with atomic():
            account = db.session.get_one(Account, city.wechat.id)
            account.external_id, account.credentials = GH, dict(WECHAT)
            account.settings = {"comments": True, "typing": True}
        self.account = account

    @property
    def connector(self) -> WeChatConnector:
        found = connections.connect(db.session.get_one(Account, self.account.id), purpose="fetch")
        assert isinstance(found, WeChatConnector)
        return found

    def article(self) -> Any:
        """A mass-sent article; its receipt."""
        connector = self.connector
        content = Content(title="预警", body_html="<p>今晚有雨。</p>", link="https://q.gov.cn/p/a?w=1")
        payload = connector.adapt(content).payload
        done = Prepared()
        while not done.ready:
            done = connector.prepare(payload, done)
        later = utcnow() + timedelta(minutes=1)
        receipt = connector.publish(payload, done, key="k1", send_before=later)
        self.sim.call("POST", "/_sim/clock", {"offset_seconds": 60})
        return receipt

    def commented(self, text: str) -> Message:
        """A comment under a fresh article, polled into the inbox."""
        receipt = self.article()
        post = receipt.details["msg_data_id"]
        body = {"platform": "wechat", "external_id": GH, "post": post, "text": text}
        self.sim.call("POST", "/_sim/comments", body)
        self.receipt = receipt
        return self.poll()[0]

    def poll(self) -> list[Message]:
        page = self.connector.fetch_messages({}, (self.receipt,))
        services.ingest(self.account, page.items, now=utcnow())
        return list(db.session.scalars(select(Message).where(Message.direction == "in").order_by(Message.id)))

    def letter(self, text: str = "您好") -> str:
        """A private message that a citizen of the simulator wrote; its conversation."""
        self.sim.call("POST", "/_sim/messages", {"platform": "wechat", "external_id": GH, "from": "李", "text": text})
        openid = self.connector.api.get("/cgi-bin/user/get")["data"]["openid"][0]
        message = InboundMessage(
            external_id=f"msg:{text}", kind="private", thread=openid, sender_id=openid, text=text, sent_at=utcnow(),
            target={"kind": "private", "openid": openid},
        )  # fmt: skip
        return services.ingest(self.account, [message], now=utcnow())[0].conversation_id


@pytest.fixture
def talk(app_on_simulator: Flask, city: City, sim: Sim) -> Talk:
    return Talk(city, sim)


def fresh(message: Message) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, message.id, populate_existing=True)


def events(action: str) -> list[Event]:
    return list(db.session.scalars(select(Event).where(Event.action == action)))


def answer(talk: Talk, message: Message, text: str, by: Actor | None = None) -> Message:
    """Our answer, as the sender would have recorded it."""
    reply = services.reply(by or talk.city.wang, message.conversation_id, text=text, now=utcnow())
    talk.connector.reply(dict(message.target), text, key="k", send_before=utcnow() + timedelta(minutes=1))
    with atomic():
        row = db.session.get_one(Message, reply.id)
        row.status, row.external_id = "sent", f"reply:{message.external_id}"
        seen = db.session.get_one(Message, message.id)
        seen.answered, seen.conversation.waiting_since = True, None
    return row


# Comments


def test_a_comment_is_picked_out_on_the_platform_and_recorded(talk: Talk) -> None:
    message = talk.commented("写得好")
    assert message.elected is False
    assert services.acts_of(message.conversation, [message]) == {message.id: ("elect", "delete")}
    services.moderate(talk.city.wang, message.id, "elect", now=utcnow())
    assert fresh(message).elected is True
    assert talk.poll()[0].elected is True
    [event] = events("message.elect")
    assert (event.summary, event.actor_name) == ("精选", "王敏")
    with pytest.raises(Conflict):
        services.moderate(talk.city.wang, message.id, "elect", now=utcnow())
    services.moderate(talk.city.wang, message.id, "unelect", now=utcnow())
    assert fresh(message).elected is False


def test_what_is_picked_out_at_the_platform_shows_here(talk: Talk) -> None:
    message = talk.commented("写得好")
    talk.connector.moderate(dict(message.target), "elect")
    assert talk.poll()[0].elected is True


def test_a_deleted_comment_waits_for_nobody_and_bears_no_act(talk: Talk) -> None:
    message = talk.commented("广告")
    services.moderate(talk.city.wang, message.id, "delete", now=utcnow())
    found = fresh(message)
    assert found.removed_at is not None
    assert found.conversation.waiting_since is None
    # Nobody answered: it is settled, not answered.
    assert found.conversation.standing == "resolved"
    assert services.acts_of(found.conversation, [found]) == {}
    assert not services.window_of(found.conversation, utcnow()).open
    assert talk.connector.fetch_messages({}, (talk.receipt,)).items == ()


def test_a_deleted_comment_leaves_the_earlier_question_waiting(talk: Talk) -> None:
    first = talk.commented("几点开门？")
    with atomic():
        later = Message(
            conversation_id=first.conversation_id, account_id=first.account_id, direction="in", external_id="later",
            text="广告", target=dict(first.target), sent_at=first.sent_at + timedelta(minutes=1), created_at=utcnow(),
        )  # fmt: skip
        db.session.add(later)
        db.session.flush()
        talk_row = db.session.get_one(Message, first.id).conversation
        talk_row.last_inbound_id, talk_row.last_inbound_at = later.id, later.sent_at
    services.moderate(talk.city.wang, later.id, "delete", now=utcnow())
    conversation = fresh(first).conversation
    assert (conversation.last_inbound_id, conversation.waiting_since) == (first.id, first.sent_at)
    assert conversation.standing == "open"
    assert services.waiting(talk.city.wang) == [conversation]


def test_our_answer_is_deleted_and_another_may_follow(talk: Talk) -> None:
    message = talk.commented("几点？")
    reply = answer(talk, message, "九点")
    assert not services.window_of(fresh(message).conversation, utcnow()).open
    services.moderate(talk.city.wang, reply.id, "delete_reply", now=utcnow())
    assert fresh(reply).removed_at is not None
    conversation = fresh(message).conversation
    assert conversation.waiting_since == message.sent_at
    assert services.window_of(conversation, utcnow()).open
    again = services.reply(talk.city.wang, conversation.id, text="十点", now=utcnow())
    assert again.status == "queued"
    assert talk.poll()[0].answered is False


def test_a_page_that_was_on_its_way_does_not_bring_a_deleted_answer_back(talk: Talk) -> None:
    message = talk.commented("几点？")
    reply = answer(talk, message, "九点")
    begun = utcnow()
    page = talk.connector.fetch_messages({}, (talk.receipt,))
    assert page.items[0].answered
    services.moderate(talk.city.wang, reply.id, "delete_reply", now=utcnow())
    services.ingest(talk.account, page.items, cursor={}, begun=begun, now=utcnow())
    conversation = fresh(message).conversation
    assert (conversation.waiting_since, fresh(message).answered) == (message.sent_at, False)
    assert services.reply(talk.city.wang, conversation.id, text="十点", now=utcnow()).status == "queued"


def test_what_is_deleted_while_the_poller_asks_stays_deleted(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page was made before the deletion and comes after it."""
    message = talk.commented("几点？")
    reply = answer(talk, message, "九点")
    fetch = WeChatConnector.fetch_messages

    def while_asking(connector: WeChatConnector, *args: Any) -> Any:
        page = fetch(connector, *args)
        services.moderate(talk.city.wang, reply.id, "delete_reply", now=utcnow())
        return page

    monkeypatch.setattr(WeChatConnector, "fetch_messages", while_asking)
    turn = Poll(account_id=talk.account.id, cursor={}, posts=(talk.receipt,), history_due=False)
    poller.ask(Clockwork.make().runtime, turn)
    conversation = fresh(message).conversation
    assert (conversation.waiting_since, fresh(message).answered) == (message.sent_at, False)


def test_the_word_of_the_platform_stands_both_ways(talk: Talk) -> None:
    """Somebody answers at the platform itself and takes it back there: the comment waits again."""
    message = talk.commented("几点？")
    talk.connector.reply(dict(message.target), "九点", key="k", send_before=utcnow() + timedelta(minutes=1))
    talk.poll()
    assert (fresh(message).answered, fresh(message).conversation.waiting_since) == (True, None)
    talk.connector.moderate(dict(message.target), "delete_reply")
    talk.poll()
    assert (fresh(message).answered, fresh(message).conversation.waiting_since) == (False, message.sent_at)
    assert services.window_of(fresh(message).conversation, utcnow()).open


def test_a_late_page_does_not_make_a_deleted_comment_answerable(talk: Talk) -> None:
    message = talk.commented("广告")
    page = talk.connector.fetch_messages({}, (talk.receipt,))
    services.moderate(talk.city.wang, message.id, "delete", now=utcnow())
    services.ingest(talk.account, page.items, cursor={}, now=utcnow())
    assert fresh(message).target == {}
    assert not services.window_of(fresh(message).conversation, utcnow()).open


@pytest.mark.parametrize("gone", ["first", "later"])
def test_of_several_questions_the_oldest_that_stands_waits(talk: Talk, gone: str) -> None:
    first = talk.commented("公租房什么时候登记？")
    later = services.ingest(
        talk.account,
        [
            InboundMessage(
                external_id="comment:later", kind="article_comment", thread=first.conversation.thread,
                sender_id=first.conversation.contact.external_id, text="在吗？",
                sent_at=first.sent_at + timedelta(minutes=10), target=dict(first.target), elected=False,
            )
        ],
        now=utcnow(),
    )[0]  # fmt: skip
    deleted, stands = (first, later) if gone == "first" else (later, first)
    services.moderate(talk.city.wang, deleted.id, "delete", now=utcnow())
    conversation = fresh(stands).conversation
    assert (conversation.last_inbound_id, conversation.waiting_since) == (stands.id, stands.sent_at)
    assert services.reply(talk.city.wang, conversation.id, text="下周一。", now=utcnow()).in_reply_to == stands.id


@pytest.mark.parametrize(
    ("code", "words"), [(88003, "精选留言数量已达上限"), (88008, "留言已不存在"), (88001, "文章不存在")]
)
def test_a_refusal_is_told_and_audited(talk: Talk, sim: Sim, code: int, words: str) -> None:
    message = talk.commented("好")
    sim.fault("refuse", path="comment/markelect", code=code)
    with pytest.raises(Conflict) as caught:
        services.moderate(talk.city.wang, message.id, "elect", now=utcnow())
    assert words in caught.value.message
    assert "（回复人）" in caught.value.message
    assert fresh(message).elected is False
    [event] = events("message.elect")
    assert event.after["refused"] == str(code)


@pytest.mark.parametrize(
    ("act", "path"), [("elect", "comment/markelect"), ("unelect", "comment/unmarkelect"), ("delete", "comment/delete")]
)
def test_a_lost_answer_may_be_asked_again(talk: Talk, sim: Sim, act: str, path: str) -> None:
    message = talk.commented("好")
    if act == "unelect":
        services.moderate(talk.city.wang, message.id, "elect", now=utcnow())
    sim.fault("drop_answer", path=path)
    with pytest.raises(Conflict) as caught:
        services.moderate(talk.city.wang, message.id, act, now=utcnow())
    assert "再点一次" in caught.value.message
    services.moderate(talk.city.wang, message.id, act, now=utcnow())
    assert (fresh(message).elected, fresh(message).removed_at is not None) == (act == "elect", act == "delete")
    assert ["unknown" in event.after for event in events(f"message.{act}")] == [True, False]


def test_who_may_not_reply_may_not_act(talk: Talk) -> None:
    message = talk.commented("好")
    for actor, error in ((talk.city.reader, Forbidden), (talk.city.stranger, NotFound)):
        with pytest.raises(error):
            services.moderate(actor, message.id, "elect", now=utcnow())
        with pytest.raises(error):
            services.set_blocked(actor, message.conversation_id, blocked=True, now=utcnow())
    with pytest.raises(NotFound):
        services.moderate(talk.city.wang, "0" * 32, "elect", now=utcnow())


def transferred(talk: Talk, conversation_id: str) -> None:
    """To the bureau's desk; the account stays the office's."""
    services.assign(talk.city.wang, conversation_id, unit_id=talk.city.bureau.id, now=utcnow())


def test_a_desk_that_got_a_conversation_answers_and_does_nothing_else_to_the_account(
    talk: Talk, browse: Browse
) -> None:
    message = talk.commented("监督性留言")
    letter = talk.letter()
    for conversation_id in (message.conversation_id, letter):
        transferred(talk, conversation_id)
    chen, now = talk.city.chen, utcnow()
    attempts: list[Callable[[], object]] = [
        lambda: services.moderate(chen, message.id, "delete", now=now),
        lambda: services.moderate(chen, message.id, "elect", now=now),
        lambda: services.switch_comments(chen, message.conversation_id, open_=False, now=now),
        lambda: services.set_blocked(chen, letter, blocked=True, now=now),
        lambda: services.set_tags(chen, letter, ["热心市民"], now=now),
        lambda: services.look_up(chen, letter, now=now),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden) as caught:
            attempt()
        assert "账号所属单位" in caught.value.message
    page = browse(chen).get(f"/inbox/{message.conversation_id}").get_data(as_text=True)
    assert 'value="delete"' not in page
    assert "article-comments" not in page
    assert "/contact/block" not in browse(chen).get(f"/inbox/{letter}").get_data(as_text=True)
    # What they answered themselves they may take back; the account's unit reads of it.
    reply = answer(talk, message, "九点", by=chen)
    page = browse(chen).get(f"/inbox/{message.conversation_id}").get_data(as_text=True)
    assert 'value="delete_reply"' in page
    services.moderate(chen, reply.id, "delete_reply", now=utcnow())
    assert [event.unit_id for event in events("message.delete_reply")] == [talk.city.office.id]


def test_a_transferred_remark_stays_here(talk: Talk, browse: Browse) -> None:
    letter = talk.letter()
    transferred(talk, letter)
    for actor, said in ((talk.city.wang, True), (talk.city.chen, False)):
        assert ("一并写到平台" in browse(actor).get(f"/inbox/{letter}").get_data(as_text=True)) is said
    services.rename(talk.city.chen, letter, "王阿姨", now=utcnow())
    contact = services.get_conversation(talk.city.chen, letter).contact
    assert (contact.remark, talk.connector.person(contact.external_id).remark) == ("王阿姨", "")


def test_two_who_delete_an_answer_do_not_delete_the_next_one(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """WeChat deletes whatever answer stands under the comment: of two who ask, only one may."""
    message = talk.commented("几点？")
    reply = answer(talk, message, "九点")
    ask = acting.ask

    def while_asking(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(acting, "ask", ask)
        with pytest.raises(Conflict, match="同事"):
            services.moderate(talk.city.wang, reply.id, "delete_reply", now=utcnow())
        with pytest.raises(Conflict, match="已经回复过"):
            services.reply(talk.city.wang, message.conversation_id, text="十点", now=utcnow())
        return ask(db.session.get_one(Account, talk.account.id), *args[1:], **options)

    monkeypatch.setattr(acting, "ask", while_asking)
    services.moderate(talk.city.li, reply.id, "delete_reply", now=utcnow())
    assert len(events("message.delete_reply")) == 1
    assert fresh(reply).claim_until is None
    assert services.reply(talk.city.wang, message.conversation_id, text="十点", now=utcnow()).status == "queued"


def test_an_answer_that_may_be_deleted_keeps_the_place_until_that_is_known(talk: Talk, sim: Sim) -> None:
    message = talk.commented("几点？")
    reply = answer(talk, message, "九点")
    sim.fault("drop_answer", path="comment/reply/delete")
    with pytest.raises(Conflict) as caught:
        services.moderate(talk.city.wang, reply.id, "delete_reply", now=utcnow())
    assert "重复操作没有影响" not in caught.value.message
    assert "不能另行回复" in caught.value.message
    talk.poll()
    with pytest.raises(Conflict, match="已经回复过"):
        services.reply(talk.city.wang, message.conversation_id, text="十点", now=utcnow())
    services.moderate(talk.city.wang, reply.id, "delete_reply", now=utcnow())
    assert services.reply(talk.city.wang, message.conversation_id, text="十点", now=utcnow()).status == "queued"
    assert [set(event.after) - {"message_id"} for event in events("message.delete_reply")] == [{"unknown"}, set()]


@pytest.mark.parametrize("fault", ["drop_answer", "refuse"])
def test_nobody_is_put_on_the_blacklist_without_a_trace(talk: Talk, sim: Sim, fault: str) -> None:
    conversation_id = talk.letter()
    more = {"code": 50005} if fault == "refuse" else {}
    sim.fault(fault, path="tags/members/batchblacklist", **more)
    sim.fault("http_502", path="tags/members/getblacklist")
    with pytest.raises(Conflict):
        services.set_blocked(talk.city.wang, conversation_id, blocked=True, now=utcnow())
    [event] = events("contact.block")
    assert event.after["blocked"] is True
    assert ("unknown" if fault == "drop_answer" else "refused") in event.after
    assert "平台" in event.summary


# Followers


def test_remark_goes_to_the_platform_and_is_read_back(talk: Talk) -> None:
    conversation_id = talk.letter()
    services.rename(talk.city.wang, conversation_id, "王阿姨", now=utcnow())
    contact = services.get_conversation(talk.city.wang, conversation_id).contact
    assert (contact.remark, contact.told_at is not None) == ("王阿姨", True)
    assert talk.connector.person(contact.external_id).remark == "王阿姨"


def test_a_long_remark_stays_here_and_says_so(talk: Talk) -> None:
    conversation_id = talk.letter()
    with pytest.raises(Conflict) as caught:
        services.rename(talk.city.wang, conversation_id, "东河街道热心反映问题的王阿姨", now=utcnow())
    assert "已保存在本系统" in caught.value.message
    contact = services.get_conversation(talk.city.wang, conversation_id).contact
    assert contact.remark == "东河街道热心反映问题的王阿姨"
    assert talk.connector.person(contact.external_id).remark == ""


def test_tags_become_exactly_what_was_written(talk: Talk) -> None:
    conversation_id = talk.letter()
    services.set_tags(talk.city.wang, conversation_id, ["热心市民", "老年人", "热心市民", " "], now=utcnow())
    contact = services.get_conversation(talk.city.wang, conversation_id).contact
    assert [tag["name"] for tag in contact.tags] == ["热心市民", "老年人"]
    services.set_tags(talk.city.wang, conversation_id, ["老年人", "已回访"], now=utcnow())
    assert [tag.name for tag in talk.connector.person(contact.external_id).tags] == ["老年人", "已回访"]
    assert len(events("contact.tags")) == 2
    assert contact.external_id not in repr([event.after for event in events("contact.tags")])


@pytest.mark.parametrize("names", [["标" * 31], [f"标签{n}" for n in range(21)]])
def test_too_many_or_too_long_tags_are_refused_before_asking(talk: Talk, sim: Sim, names: list[str]) -> None:
    conversation_id = talk.letter()
    with pytest.raises(Invalid):
        services.set_tags(talk.city.wang, conversation_id, names, now=utcnow())
    assert sim.asked("tags/get") == 0


def test_the_blacklist_and_back(talk: Talk) -> None:
    conversation_id = talk.letter()
    contact = services.set_blocked(talk.city.wang, conversation_id, blocked=True, now=utcnow())
    assert contact.blocked_at is not None
    listed = talk.connector.api.post("/cgi-bin/tags/members/getblacklist", {"begin_openid": ""})
    assert listed["data"]["openid"] == [contact.external_id]
    contact = services.set_blocked(talk.city.wang, conversation_id, blocked=False, now=utcnow())
    assert contact.blocked_at is None
    assert [event.after["blocked"] for event in events("contact.block")] == [True, False]


def test_a_lost_answer_about_the_blacklist_is_read_back(talk: Talk, sim: Sim) -> None:
    conversation_id = talk.letter()
    for blocked in (True, False):
        sim.fault("drop_answer", path=f"tags/members/batch{'' if blocked else 'un'}blacklist")
        contact = services.set_blocked(talk.city.wang, conversation_id, blocked=blocked, now=utcnow())
        assert (contact.blocked_at is not None) is blocked
    assert [set(event.after) for event in events("contact.block")] == [{"blocked", "person_sha256"}] * 2
    # What never arrived is not done.
    sim.fault("http_502", path="tags/members/batchblacklist")
    with pytest.raises(Conflict, match="没有得到平台的确认"):
        services.set_blocked(talk.city.wang, conversation_id, blocked=True, now=utcnow())
    assert services.get_conversation(talk.city.wang, conversation_id).contact.blocked_at is None


def test_an_erased_person_has_no_tags_and_cannot_be_tagged(talk: Talk) -> None:
    conversation_id = talk.letter()
    services.set_tags(talk.city.wang, conversation_id, ["热心市民"], now=utcnow())
    with atomic():
        contact = db.session.scalars(select(Contact)).one()
        contacts.erase(db.session.get_one(Account, talk.account.id), contact.external_id, at=utcnow(), now=utcnow())
    contact = db.session.scalars(select(Contact)).one()
    assert (contact.tags, contact.told_at) == ([], None)
    with pytest.raises(Conflict):
        services.set_tags(talk.city.wang, conversation_id, ["热心市民"], now=utcnow())


@pytest.mark.parametrize("kind", ["private", "article_comment"])
def test_who_is_found_to_have_left_is_erased_as_if_they_had_told(talk: Talk, kind: str) -> None:
    """Only followers write privately; a commenter need never have been one."""
    conversation_id = talk.letter("我的社保卡丢了")
    contact = services.get_conversation(talk.city.wang, conversation_id).contact
    with atomic():
        db.session.get_one(Contact, contact.id).blocked_at = utcnow()
    sent = {"platform": "wechat", "external_id": GH, "from": "李", "event": "unsubscribe"}
    talk.sim.call("POST", "/_sim/messages", sent)
    with atomic():
        db.session.get_one(Conversation, conversation_id).kind = kind
    found = services.look_up(talk.city.wang, conversation_id, now=utcnow())
    db.session.refresh(found)
    assert found.id == contact.id
    assert found.left_at is not None
    texts = list(db.session.scalars(select(Message.text).where(Message.conversation_id == conversation_id)))
    if kind == "private":
        assert (found.erased_at is not None, found.blocked_at, texts) == (True, None, [""])
    else:
        assert (found.erased_at, texts) == (None, ["我的社保卡丢了"])


def test_accounts_without_the_interface_keep_the_remark_to_themselves(talk: Talk) -> None:
    conversation_id = talk.letter()
    with atomic():
        db.session.get_one(Account, talk.account.id).mode = "draft"
    services.rename(talk.city.wang, conversation_id, "王阿姨", now=utcnow())
    contact = services.get_conversation(talk.city.wang, conversation_id).contact
    assert (contact.remark, contact.told_at) == ("王阿姨", None)
    with pytest.raises(Conflict):
        services.look_up(talk.city.wang, conversation_id, now=utcnow())


# 正在输入


def test_typing_is_shown_once_and_asks_nobody_later(talk: Talk, sim: Sim) -> None:
    conversation_id = talk.letter()
    now = utcnow()
    assert services.typing(talk.city.wang, conversation_id, now=now)
    assert not services.typing(talk.city.wang, conversation_id, now=now)
    asked = sim.asked("message/custom/typing")
    assert not services.typing(talk.city.wang, conversation_id, now=now + timedelta(seconds=40))
    assert sim.asked("message/custom/typing") == asked == 2


def test_typing_is_off_unless_the_account_wants_it(talk: Talk, sim: Sim) -> None:
    conversation_id = talk.letter()
    with atomic():
        db.session.get_one(Account, talk.account.id).settings = {}
    assert not services.typing(talk.city.wang, conversation_id, now=utcnow())
    assert sim.asked("message/custom/typing") == 0


# On screen and by API


def test_the_buttons_do_what_they_say(talk: Talk, browse: Browse) -> None:
    message = talk.commented("写得好")
    client = browse(talk.city.wang)
    page = client.get(f"/inbox/{message.conversation_id}").get_data(as_text=True)
    assert faults(page) == []
    assert 'value="elect"' in page
    path = f"/inbox/{message.conversation_id}/messages/{message.id}/act"
    after = client.post(path, data={"act": "elect"}, follow_redirects=True).get_data(as_text=True)
    assert "已精选，所有读者都能看到。" in after
    assert 'value="unelect"' in after
    assert client.post(path, data={"act": "burn"}).status_code == 422
    again = client.post(path, data={"act": "elect"}, follow_redirects=True).get_data(as_text=True)
    assert "没有办成" in again


def test_the_person_on_screen(talk: Talk, browse: Browse) -> None:
    conversation_id = talk.letter()
    client = browse(talk.city.wang)
    page = client.get(f"/inbox/{conversation_id}").get_data(as_text=True)
    assert faults(page) == []
    assert "还没有从平台读取过。" in page
    assert f"/inbox/{conversation_id}/typing" in page
    base = f"/inbox/{conversation_id}"
    for path, form, words in (
        ("contact/tags", {"tags": "热心市民，老年人"}, "已读回核对"),
        ("remark", {"remark": "王阿姨"}, "备注名已保存"),
        ("contact/block", {"blocked": "1"}, "已拉黑"),
        ("contact/refresh", {}, "已从平台读取"),
    ):
        assert words in client.post(f"{base}/{path}", data=form, follow_redirects=True).get_data(as_text=True)
    shown = client.get(base).get_data(as_text=True)
    assert 'value="热心市民，老年人"' in shown
    assert "移出黑名单" in shown
    assert client.post(f"{base}/typing").status_code == 204


def test_the_api_does_the_same(talk: Talk, app: Flask, bearer: Callable[[Actor], dict[str, str]]) -> None:
    message = talk.commented("写得好")
    client, headers = app.test_client(), bearer(talk.city.wang)
    base = f"/api/v1/conversations/{message.conversation_id}"
    done = client.post(f"{base}/messages/{message.id}/acts", json={"act": "elect"}, headers=headers)
    assert done.status_code == 200
    assert fresh(message).elected is True
    elsewhere = f"/api/v1/conversations/{talk.letter()}/messages/{message.id}/acts"
    assert client.post(elsewhere, json={"act": "unelect"}, headers=headers).status_code == 404
    with atomic():
        db.session.add(
            MessageMedia(
                message_id=message.id, account_id=message.account_id, position=0, kind="image", media_id="m",
                status="waiting", next_try_at=utcnow(), created_at=utcnow(),
            )
        )  # fmt: skip
    done = client.post(f"{base}/messages/{message.id}/acts", json={"act": "unelect"}, headers=headers)
    assert [file["status"] for file in done.get_json()["media"]] == ["waiting"]
    assert client.post(f"{base}/messages/{message.id}/acts", json={"act": "x"}, headers=headers).status_code == 422
    changed = client.patch(f"{base}/contact", json={"tags": ["读者"], "blocked": True}, headers=headers)
    told = changed.get_json()
    assert (told["tags"], told["blocked"]) == (["读者"], True)
    assert client.get(f"{base}/contact", headers=headers).get_json()["tags"] == ["读者"]
    refused = client.put(f"{base}/article-comments", json={"open": False}, headers=headers)
    assert refused.status_code == 409
    assert client.patch(f"{base}/contact", json={}, headers=bearer(talk.city.reader)).status_code == 403


def test_refusals_say_three_things() -> None:
    for error, words in (
        (
            Refused("留言已不存在。", remedy="无需再处理。", who="回复人"),
            "“精选”没有办成。留言已不存在。无需再处理。（回复人）",
        ),
        (OutcomeUnknown("没有收到答复。"), "再点一次"),
        (RateLimited("今天的次数已用完。", remedy="零点后恢复。"), "零点后恢复。"),
    ):
        assert words in asking.refusal("精选", error, acting._AGAIN).message
