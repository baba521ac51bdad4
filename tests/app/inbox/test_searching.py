"""Finding what the public wrote: every word, for those who may read it, and nothing that was erased."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update

from app.db import atomic, db
from app.errors import Invalid
from app.inbox.models import Contact, Message
from app.inbox.searching import found_contacts, found_messages
from app.inbox.services import Filter, account_event, add_note, assign, conversations_of, ingest
from app.search import commonness, lookup
from app.search.models import SQLITE_GONE, SearchDoc
from app.search.places import MESSAGE
from app.search.rebuilding import missing, rebuild, unindexed
from app.search.tokens import query_of
from app.units.access import Actor
from connectors.values import AccountEvent, InboundMessage
from tests.app.inbox.conftest import City

Make = Callable[..., InboundMessage]


def texts(actor: Actor, asked: str, **more: object) -> list[str]:
    return [one.text for one in found_messages(actor, query_of(asked), limit=50, **more).items]  # type: ignore[arg-type]


@pytest.fixture
def talk(city: City, comment: Make, letter: Make, now: datetime) -> City:
    comments = ("公租房什么时候开始登记？", "社保卡丢了", "ＡＢＣ１２ 号线几点停运 👍", "100%_满意")
    with atomic():
        ingest(city.weibo, [comment(n, text=words) for n, words in enumerate(comments, 1)], now=now)
        ingest(city.wechat, [letter(1, text="登记要带哪些材料"), letter(2, text="谢谢，公租房已经登记。")], now=now)
    return city


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("房", 2),
        ("登记", 3),
        ("登记 公租", 2),
        ("公租房什么", 1),
        ("租公", 0),
        ("“登记 公租”", 0),
        ("abc12", 1),
        ("Ｂｃ", 1),
        ("👍", 1),
        ("%", 0),
        ("100%", 1),
        ("0%_满", 1),
        ("*", 0),
        ("AND", 0),
        ("words:房", 0),
    ],
)
def test_words_of_any_length_are_found(talk: City, asked: str, found: int) -> None:
    assert len(texts(talk.wang, asked)) == found


def test_the_newest_come_first_and_pages_go_on(talk: City, now: datetime) -> None:
    everything = texts(talk.wang, "登记")
    first = found_messages(talk.wang, query_of("登记"), limit=2)
    rest = found_messages(talk.wang, query_of("登记"), limit=2, cursor=first.next_cursor)
    assert [one.text for one in (*first.items, *rest.items)] == everything
    assert rest.next_cursor is None
    sent = [one.sent_at for one in first.items]
    assert sent == sorted(sent, reverse=True)
    assert len(texts(talk.wang, "登记", account_id=talk.wechat.id)) == 2
    assert texts(talk.wang, "登记", until=now - timedelta(hours=1)) == []
    assert len(texts(talk.wang, "登记", since=now - timedelta(hours=1), until=now)) == 3
    with pytest.raises(Invalid):
        found_messages(talk.wang, query_of("登记"), limit=2, cursor="x")


def test_only_who_may_read_it_finds_it(talk: City, now: datetime) -> None:
    assert texts(talk.stranger, "登记") == texts(talk.chen, "登记") == []
    thread = db.session.scalars(select(Message).where(Message.text.startswith("社保卡"))).one().conversation_id
    assign(talk.wang, thread, user_id=None, unit_id=talk.bureau.id, due_at=None, note="", now=now)
    assert texts(talk.chen, "社保") == ["社保卡丢了"]
    assert texts(talk.reader, "社保") == ["社保卡丢了"]
    assert [one.contact.name for one in found_contacts(talk.chen, query_of("小张"), limit=5).items] == ["青岚小张"]
    assert found_contacts(talk.stranger, query_of("小张"), limit=5).items == []


def test_notes_and_new_names_are_found_at_once(talk: City, now: datetime) -> None:
    contact = db.session.scalars(select(Contact).where(Contact.name == "青岚小张")).one()
    thread = found_contacts(talk.wang, query_of("岚小"), limit=5).items[0].conversation
    add_note(talk.wang, thread.id, text="已电话联系", now=now)
    assert texts(talk.wang, "电话") == ["已电话联系"]
    with atomic():
        db.session.get_one(Contact, contact.id).remark = "张先生"
    assert [one.contact.id for one in found_contacts(talk.wang, query_of("先生"), limit=5).items] == [contact.id]


def test_what_is_erased_is_found_no_more(talk: City, now: datetime) -> None:
    left = AccountEvent(external_id="ev:1", kind="unsubscribe", sender_id="oCitizen0001", at=now)
    account_event(talk.wechat, left, now)
    assert texts(talk.wang, "登记") == ["公租房什么时候开始登记？"]
    assert [one.contact.name for one in found_contacts(talk.wang, query_of("市民"), limit=5).items] == []
    stay = {row.ref_id for row in db.session.scalars(select(SearchDoc).where(SearchDoc.kind == MESSAGE))}
    assert stay == set(db.session.scalars(select(Message.id).where(Message.erased_at.is_(None))))
    assert unindexed() == 0


def test_a_rolled_back_message_is_not_found(talk: City, letter: Make, now: datetime) -> None:
    with contextlib.suppress(ZeroDivisionError), atomic():
        ingest(talk.wechat, [letter(7, text="撤回的话")], now=now)
        assert texts(talk.wang, "撤回") == ["撤回的话"]
        raise ZeroDivisionError
    assert texts(talk.wang, "撤回") == []


def test_the_lists_filter_takes_words_of_messages_and_names(
    talk: City, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(q: str) -> int:
        return len(conversations_of(talk.wang, Filter(q=q)).items)

    for most in (500, 0):
        # Few hits are taken from the index; where there are many, each conversation is looked at.
        monkeypatch.setattr("app.inbox.searching._FEW", most)
        assert (listed("登记"), listed("公租房 登记"), listed("小张"), listed("租公"), listed("，")) == (2, 2, 1, 0, 0)
    assert conversations_of(talk.stranger, Filter(q="登记")).items == []


@pytest.mark.parametrize(("sample", "dearer"), [(1, 0), (1, 10**9), (40, 10**9), (2, 10)])
def test_every_way_finds_the_same(
    talk: City, letter: Make, now: datetime, monkeypatch: pytest.MonkeyPatch, sample: int, dearer: int
) -> None:
    """By the index, by looking through the newest, and by both; with PostgreSQL's statistics and without."""
    many = [letter(100 + n, "oOther", text=f"第{n}次问停水", sent_at=now - timedelta(minutes=n)) for n in range(30)]
    ingest(talk.wechat, many, now=now)
    monkeypatch.setattr(lookup, "_SAMPLE", sample)
    monkeypatch.setattr(lookup, "_DEARER", dearer)
    for told in (False, True):
        if told:
            with atomic():
                db.session.execute(text("ANALYZE"))
        commonness._kept.clear()
        found, cursor = [], None
        while True:
            page = found_messages(talk.wang, query_of("问停水 第"), limit=7, cursor=cursor)
            found += [one.text for one in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert found == [message.text for message in many]
    if db.engine.dialect.name == "postgresql":
        known = commonness.known_grams()
        assert known.share(["停水"]) == pytest.approx(30 / known.rows, rel=0.2)
        assert 0 < known.share(["停水", "无此"]) <= known.share(["停水"])


def test_who_sees_little_of_much_is_told_that_more_may_come(
    talk: City, letter: Make, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(talk.wechat, [letter(100 + n, "oOther", text="停水") for n in range(30)], now=now)
    monkeypatch.setattr(lookup, "MOST_TRIED", 5)
    page = found_messages(talk.stranger, query_of("停水"), limit=3)
    assert (page.items, page.cut) == ([], True)
    for _turn in range(9):
        if page.next_cursor is None:
            break
        page = found_messages(talk.stranger, query_of("停水"), limit=3, cursor=page.next_cursor)
    assert (page.items, page.next_cursor, page.cut) == ([], None, False)


def test_rebuilding_mends_whatever_is_wrong(talk: City, app: Flask) -> None:
    sqlite = db.engine.dialect.name == "sqlite"
    with atomic():
        gone, stale = db.session.scalars(select(SearchDoc).where(SearchDoc.kind == MESSAGE).limit(2))
        db.session.execute(delete(SearchDoc).where(SearchDoc.place == gone.place))
        db.session.execute(update(SearchDoc).where(SearchDoc.place == stale.place).values(words="别 的"))
        db.session.add(SearchDoc(place=1, kind=MESSAGE, ref_id="nobody", words="无 主"))
        for statement in SQLITE_GONE if sqlite else ["DROP INDEX ix_search_docs_grams"]:
            db.session.execute(text(statement))
    assert unindexed() == 2
    assert missing()
    told = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert told.exit_code == 0, told.output
    assert "补上 1 条，改正 1 条，去掉 1 条" in told.output
    assert (unindexed(), missing()) == (0, [])
    assert len(texts(talk.wang, "登记")) == 3
    assert (
        rebuild().added,
        db.session.scalar(select(func.count()).select_from(SearchDoc).where(SearchDoc.words == "别 的")),
    ) == (0, 0)
