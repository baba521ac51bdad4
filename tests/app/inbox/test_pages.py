"""The inbox on screen and by API, on the real clock."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.inbox.models import Conversation, Message
from app.inbox.services import (
    Filter,
    begin_attempt,
    claim_replies,
    conversations_of,
    count,
    get_conversation,
    ingest,
    record_reply_sent,
    reply,
    set_status,
    thread_of,
    waiting,
    waiting_times,
    wake_snoozed,
)
from app.units.access import Actor
from connectors.values import InboundMessage, Receipt
from tests.app.inbox.conftest import City
from tests.architecture.pages import faults

Make = Callable[..., InboundMessage]
Browse = Callable[[Actor], FlaskClient]
Bearer = Callable[[Actor], dict[str, str]]


def arrived(city: City, letter: Make, number: int = 1, **more: object) -> str:
    """A private message of a minute ago; its conversation."""
    now = utcnow()
    sent_at = now - timedelta(minutes=1)
    return ingest(city.wechat, [letter(number, sent_at=sent_at, **more)], now=now)[0].conversation_id


def test_pages_are_sound(city: City, letter: Make, browse: Browse) -> None:
    client = browse(city.wang)
    assert faults(client.get("/inbox").get_data(as_text=True)) == []
    conversation_id = arrived(city, letter)
    reply(city.li, conversation_id, text="请到大厅。", now=utcnow())
    html = client.get(f"/inbox/{conversation_id}").get_data(as_text=True)
    assert faults(html) == []
    for words in ("我的社保卡丢了", "请到大厅。", "李强", "剩 4 条 · 47 小时", "排队中", "平台不再提供用户的昵称"):
        assert words in html, words
    assert client.get("/inbox/nothing").status_code == 404
    assert browse(city.stranger).get(f"/inbox/{conversation_id}").status_code == 404
    assert 'name="text"' not in browse(city.reader).get(f"/inbox/{conversation_id}").get_data(as_text=True)


def test_what_citizens_write_is_text(city: City, letter: Make, browse: Browse) -> None:
    conversation_id = arrived(city, letter, text="<script>alert(1)</script><img src=x onerror=1>")
    html = browse(city.wang).get(f"/inbox/{conversation_id}").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_answering_on_screen(city: City, letter: Make, browse: Browse) -> None:
    conversation_id = arrived(city, letter)
    client = browse(city.wang)
    html = client.get(f"/inbox/{conversation_id}").get_data(as_text=True)
    form = {name: _hidden(html, name) for name in ("key", "seen_message_id")}
    for _click in range(2):
        answer = client.post(f"/inbox/{conversation_id}/replies", data={**form, "text": "请到大厅办理。"})
        assert answer.status_code == 303
    assert len(db.session.scalars(select(Message).where(Message.direction == "out")).all()) == 1


def test_a_colleague_was_faster(city: City, letter: Make, browse: Browse) -> None:
    conversation_id = arrived(city, letter)
    client = browse(city.li)
    html = client.get(f"/inbox/{conversation_id}").get_data(as_text=True)
    reply(city.wang, conversation_id, text="王敏的答复", now=utcnow())
    form = {name: _hidden(html, name) for name in ("key", "seen_message_id")}
    answer = client.post(f"/inbox/{conversation_id}/replies", data={**form, "text": "我写了很久的话"})
    again = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "王敏 已回复：“王敏的答复”" in again
    assert "我写了很久的话" in again
    assert faults(again) == []
    form = {name: _hidden(again, name) for name in ("key", "seen_message_id")}
    assert client.post(f"/inbox/{conversation_id}/replies", data={**form, "text": "补充一句"}).status_code == 303


def test_a_refused_answer_keeps_its_words(city: City, letter: Make, browse: Browse) -> None:
    conversation_id = arrived(city, letter)
    answer = browse(city.wang).post(f"/inbox/{conversation_id}/replies", data={"text": "字" * 601})
    assert answer.status_code == 422
    assert "字" * 601 in answer.get_data(as_text=True)
    assert "601 字，超过平台 600 字的上限" in answer.get_data(as_text=True)


def test_working_on_screen(city: City, letter: Make, browse: Browse) -> None:
    conversation_id = arrived(city, letter)
    client = browse(city.wang)
    where = f"/inbox/{conversation_id}"

    def do(path: str, **form: str) -> str:
        answer = client.post(f"{where}/{path}", data=form, follow_redirects=True)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    assert "李强" in do("assignment", user_id=city.li.user_id)
    assert "市住建局" in client.get(where).get_data(as_text=True)
    assert "已转办" in do("assignment", unit_id=city.bureau.id, due_at="2099-01-01T09:00", note="请住建局答复")
    assert "message-note" in client.get(where).get_data(as_text=True)
    assert "办理期限已经过去" in do("assignment", user_id=city.li.user_id, due_at="2001-01-01T09:00")
    assert "社保卡" in do("labels", labels="社保卡，咨询")
    assert "老李" in do("remark", remark="老李")
    assert "只有同事能看到" in do("notes", text="已电话联系")
    assert "稍后处理" in do("status", status="snoozed", until="tomorrow")
    assert "已办结" in do("status", status="resolved")
    assert "没有符合条件的会话" not in client.get("/inbox?status=resolved").get_data(as_text=True)


def listed(client: FlaskClient, query: str = "") -> bool:
    """Whether the one citizen's conversation is on the list."""
    return "data-talk" in client.get(f"/inbox{query}").get_data(as_text=True)


def test_an_answered_conversation_leaves_what_waits_and_comes_back(city: City, letter: Make, browse: Browse) -> None:
    conversation_id, client = arrived(city, letter), browse(city.wang)
    waits = Filter(status="unresolved", waiting=True)
    assert listed(client, "?status=open")
    assert not listed(client, "?status=answered")
    reply(city.wang, conversation_id, text="请到大厅。", now=utcnow())
    [claim] = claim_replies("a", 10, utcnow())
    attempted = begin_attempt(claim, utcnow())
    assert attempted is not None
    assert listed(client, "?status=open"), "not yet out"
    record_reply_sent(attempted, Receipt(external_id="r1", live=True), exchanges=[], now=utcnow())
    assert not listed(client, "?status=open")
    assert listed(client, "?status=answered")
    assert "已答复" in client.get("/inbox").get_data(as_text=True)
    assert count(city.wang, waits, mine=True) == 0
    ingest(city.wechat, [letter(2, sent_at=utcnow() + timedelta(seconds=1))], now=utcnow())
    assert listed(client, "?status=open")
    assert not listed(client, "?status=answered")
    assert count(city.wang, waits, mine=True) == 1


def test_a_conversation_put_off_is_on_its_own_list_until_its_hour(city: City, letter: Make, browse: Browse) -> None:
    conversation_id, client, now = arrived(city, letter), browse(city.wang), utcnow()
    waits = Filter(status="unresolved", waiting=True)
    set_status(city.wang, conversation_id, "snoozed", until=now + timedelta(hours=1), now=now)
    assert [listed(client, query) for query in ("", "?status=open", "?status=snoozed", "?status=all")] == [
        False,
        False,
        True,
        True,
    ]
    assert (count(city.wang, waits, mine=True), waiting(city.wang), waiting_times(city.wang)) == (0, [], [])
    wake_snoozed(now + timedelta(hours=1))
    assert [listed(client, query) for query in ("", "?status=open", "?status=snoozed")] == [True, True, False]
    assert count(city.wang, waits, mine=True) == 1


def test_an_unknown_answer_is_settled_on_screen(city: City, letter: Make, browse: Browse) -> None:
    conversation_id = arrived(city, letter)
    message_id = reply(city.wang, conversation_id, text="请到大厅。", now=utcnow()).id
    with atomic():
        message = db.session.get_one(Message, message_id)
        message.status, message.error_cause = "unknown", "平台没有答复。"
    client = browse(city.wang)
    html = client.get(f"/inbox/{conversation_id}").get_data(as_text=True)
    assert "确认已发出" in html
    assert "平台没有答复。" in html
    page = client.post(
        f"/inbox/{conversation_id}/messages/{message_id}/settlement", data={"outcome": "sent"}, follow_redirects=True
    )
    assert "已记为发出" in page.get_data(as_text=True)


def test_polling_answers_nothing_when_nothing_changed(city: City, letter: Make, browse: Browse) -> None:
    conversation_id = arrived(city, letter)
    client = browse(city.wang)
    html = client.get(f"/inbox/{conversation_id}").get_data(as_text=True)
    addresses = [found.replace("&amp;", "&") for found in re.findall(r'hx-get="(/inbox/[^"]+)"', html)]
    assert len(addresses) == 2
    for address in addresses:
        assert client.get(address).status_code == 204, address
    arrived(city, letter, 2, text="还有一个问题")
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "还有一个问题" in answer.get_data(as_text=True)


def test_search_finds_two_characters(city: City, letter: Make, browse: Browse) -> None:
    arrived(city, letter)
    arrived(city, letter, 2, openid="oCitizen0002", text="公积金提取")
    client = browse(city.wang)
    found = client.get("/inbox?q=社保").get_data(as_text=True)
    assert "我的社保卡丢了" in found
    assert "公积金提取" not in found
    assert "没有符合条件的会话" in client.get("/inbox?q=%25").get_data(as_text=True)


def test_the_api(app: Flask, city: City, letter: Make, bearer: Bearer) -> None:
    conversation_id = arrived(city, letter)
    client, headers = app.test_client(), bearer(city.wang)
    found = client.get("/api/v1/conversations?status=open", headers=headers).get_json()
    [item] = found["items"]
    assert set(item) == {
        "id", "account_id", "platform", "kind", "contact", "post_id", "status", "assignee_id", "labels", "due_at",
        "last_message_at", "window",
    }  # fmt: skip
    assert item["window"]["remaining"] == 5
    assert item["window"]["closes_at"].endswith("Z")
    path = f"/api/v1/conversations/{conversation_id}"
    sent = client.post(f"{path}/replies", json={"text": "请到大厅。"}, headers=headers)
    assert (sent.status_code, sent.get_json()["status"]) == (202, "queued")
    messages = client.get(f"{path}/messages", headers=headers).get_json()["items"]
    assert [message["direction"] for message in messages] == ["in", "out"]
    assert "status" not in messages[0]
    given = client.put(f"{path}/assignment", json={"user_id": city.li.user_id}, headers=headers)
    assert given.get_json()["assignee_id"] == city.li.user_id
    assert client.put(f"{path}/assignment", json={}, headers=headers).status_code == 422
    assert client.put(f"{path}/status", json={"status": "resolved"}, headers=headers).get_json()["status"] == "resolved"
    naive = {"status": "snoozed", "until": "2099-01-01T00:00:00"}
    assert client.put(f"{path}/status", json=naive, headers=headers).status_code == 422
    assert client.get(path, headers=bearer(city.stranger)).status_code == 404
    assert client.get("/api/v1/conversations?status=nonsense", headers=headers).status_code == 422
    assert client.get("/api/v1/conversations?cursor=nonsense", headers=headers).status_code == 422
    assert client.get("/api/v1/conversations").status_code == 401


def test_pages_of_the_api(app: Flask, city: City, letter: Make, bearer: Bearer) -> None:
    ids = {arrived(city, letter, number, openid=f"o{number}") for number in range(1, 6)}
    client, headers, seen, cursor = app.test_client(), bearer(city.wang), [], ""
    while True:
        page = client.get(f"/api/v1/conversations?limit=2{cursor}", headers=headers).get_json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == 5
    assert set(seen) == ids


def test_a_closed_window_by_api(app: Flask, city: City, letter: Make, bearer: Bearer) -> None:
    now = utcnow()
    old = ingest(city.wechat, [letter(1, sent_at=now - timedelta(hours=49))], now=now)[0].conversation_id
    answer = app.test_client().post(
        f"/api/v1/conversations/{old}/replies", json={"text": "迟到的答复"}, headers=bearer(city.wang)
    )
    assert answer.status_code == 409
    assert "48 小时" in answer.get_json()["message"]


def _hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found.group(1)


def test_who_has_waited_longest_stands_on_top(city: City, letter: Make, now: datetime) -> None:
    def talk(number: int, hours: int) -> str:
        sent_at = now - timedelta(hours=hours)
        found = ingest(city.wechat, [letter(number, openid=f"oCitizen{number:04}", sent_at=sent_at)], now=now)
        return found[0].conversation_id

    fresh, old, answered, newest_answered = talk(1, 1), talk(2, 31), talk(3, 40), talk(4, 30)
    with atomic():
        for conversation_id in (answered, newest_answered):
            db.session.get_one(Conversation, conversation_id).waiting_since = None
    expected = [old, fresh, newest_answered, answered]
    wanted = Filter(status="unresolved")
    assert [row.id for row in conversations_of(city.wang, wanted, waiting_first=True).items] == expected
    assert [row.id for row in conversations_of(city.wang, wanted).items] == [fresh, newest_answered, old, answered]
    seen: list[str] = []
    cursor = None
    for _page in range(4):
        found = conversations_of(city.wang, wanted, cursor=cursor, limit=1, waiting_first=True)
        seen += [row.id for row in found.items]
        cursor = found.next_cursor
    assert (seen, cursor) == (expected, None)


def test_a_comment_that_cannot_be_deleted_here_says_where(
    city: City, comment: Make, letter: Make, browse: Browse
) -> None:
    now = utcnow()
    conversation_id = ingest(city.weibo, [comment()], now=now)[0].conversation_id
    html = browse(city.wang).get(f"/inbox/{conversation_id}").get_data(as_text=True)
    assert "微博没有精选、删除他人评论的接口" in html
    assert "到平台查看" in html
    private = browse(city.wang).get(f"/inbox/{arrived(city, letter)}").get_data(as_text=True)
    assert "到平台查看" not in private


def test_what_a_platform_says_of_itself_is_shown_as_it_is(city: City, browse: Browse) -> None:
    with atomic():
        db.session.get_one(Account, city.weibo.id).poll_note = "丢失 100% 的包，%(n)s。"
    assert "丢失 100% 的包，%(n)s。" in browse(city.wang).get("/inbox").get_data(as_text=True)


def moved(city: City, comment: Make) -> tuple[str, str]:
    """The address of a mention that a colleague has open, and of the comments that it went into since."""
    now = utcnow()
    [first] = ingest(city.weibo, [comment(1)], cursor={}, now=now)
    pushed = comment(2, kind="mention", thread="777:2", target={"kind": "private", "receiver_id": "777"})
    [mention] = ingest(city.weibo, [pushed], now=now)
    old = mention.conversation_id
    ingest(city.weibo, [comment(2)], cursor={}, now=now)
    return old, first.conversation_id


def test_the_address_of_a_conversation_that_went_into_another_stays_good(
    city: City, comment: Make, browse: Browse
) -> None:
    old, home = moved(city, comment)
    client = browse(city.wang)
    answer = client.get(f"/inbox/{old}?tab=mine")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/inbox/{home}?tab=mine")
    # An open page goes on with the thread of the other one.
    thread = client.get(f"/inbox/{old}/thread?v=0")
    assert thread.status_code == 200
    assert f'hx-get="/inbox/{home}/thread?' in thread.get_data(as_text=True)
    assert browse(city.stranger).get(f"/inbox/{old}").status_code == 404


def test_nothing_that_was_typed_there_is_lost(city: City, comment: Make, browse: Browse) -> None:
    old, home = moved(city, comment)
    client = browse(city.wang)
    refused = client.post(f"/inbox/{old}/replies", data={"text": "请到窗口登记。", "key": "k1"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 409
    assert "已并入" in page
    assert ">请到窗口登记。</textarea>" in page
    assert f'action="/inbox/{home}/replies"' in page
    assert faults(page) == []
    assert client.post(f"/inbox/{home}/replies", data={"text": "请到窗口登记。", "key": "k1"}).status_code == 303
    # The double click at the old address is that answer.
    assert client.post(f"/inbox/{old}/replies", data={"text": "请到窗口登记。", "key": "k1"}).status_code == 303
    assert client.post(f"/inbox/{old}/notes", data={"text": "已请示。"}).status_code == 303
    assert client.post(f"/inbox/{old}/assignment", data={"user_id": city.li.user_id, "note": "急"}).status_code == 303
    said = [row.text for row in thread_of(city.wang, home) if row.direction != "in"]
    assert sorted(said) == sorted(["请到窗口登记。", "已请示。", "急"])
    answer = client.post(f"/inbox/{old}/status", data={"status": "resolved"}, follow_redirects=True)
    assert "已并入" in answer.get_data(as_text=True)
    assert get_conversation(city.wang, home).status == "open"


def test_the_api_names_the_new_address(app: Flask, city: City, comment: Make, bearer: Bearer) -> None:
    old, home = moved(city, comment)
    client, headers = app.test_client(), bearer(city.wang)
    for answer in (
        client.get(f"/api/v1/conversations/{old}", headers=headers),
        client.post(f"/api/v1/conversations/{old}/replies", json={"text": "好"}, headers=headers),
    ):
        assert answer.status_code == 409
        assert (answer.json["moved_to"], answer.json["url"]) == (home, f"/inbox/{home}")


def test_the_polled_thread_keeps_the_filters(city: City, letter: Make, browse: Browse) -> None:
    """Its forms lead back to the list as it was chosen."""
    [message] = ingest(city.wechat, [letter(1)], now=utcnow())
    client = browse(city.wang)
    page = client.get(f"/inbox/{message.conversation_id}?tab=mine&q={'社保' * 40}").get_data(as_text=True)
    address = html.unescape(page.split('id="inbox-thread" hx-get="')[1].split('"')[0])
    assert "tab=mine" in address
    assert client.get(address).status_code == 204


def test_what_cannot_be_had_names_the_platform_with_the_account(city: City, browse: Browse) -> None:
    """Both platforms' accounts mostly have one name."""
    with atomic():
        db.session.get_one(Account, city.weibo.id).poll_note = "应用没有这个接口的权限。"
    html = browse(city.wang).get("/inbox").get_data(as_text=True)
    assert f"微博 {city.weibo.name}</strong>" in html
