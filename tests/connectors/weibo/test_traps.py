"""Facts of Weibo's with which a client fails that takes the documentation's easy road; docs/traps.md lists all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.errors import ReplyWindowClosed
from connectors.values import Content, Exchange, Prepared
from connectors.weibo import api, levels, payloads
from tests.connectors.fakes import Odd
from tests.connectors.weibo.conftest import UID, Clock, Make

AT = "Wed Jun 01 00:50:25 +0800 2011"


def comment(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "created_at": AT, "text": f"第{number}条", "user": {"id": 7, "screen_name": "市民"}, **more}


def test_every_host_is_asked_by_https() -> None:
    hosts = [api.OPEN, api.UPLOAD, api.REMIND, api.FANS, api.BUSINESS, *levels.CALLS.values()]
    assert [host for host in hosts if not host.startswith("https://")] == []


def test_a_share_with_its_picture_goes_to_the_ordinary_host_in_parts_with_ascii_names(
    odd: Odd, make: Make, content: Content, clock: Clock, exchanges: list[Exchange]
) -> None:
    odd.fixture("weibo", "share_response_doc.json")
    connector = make(odd.url)
    payload = connector.adapt(content).payload
    connector.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert exchanges[-1].url == "https://api.weibo.com/2/statuses/share.json"
    _, _, headers, body = odd.seen[-1]
    assert headers["content-type"].startswith("multipart/form-data; boundary=")
    names = re.findall(rb'name="pic"; filename="([^"]*)"\r\nContent-Type: image/jpeg', body)
    assert [re.fullmatch(rb"[0-9a-f]+\.jpg", name) is not None for name in names] == [True]
    # Read as words by whoever takes the parts apart: neither percent-encoded nor escaped.
    assert b'name="status"\r\n\r\n' + str(payload["text"]).encode() in body


def test_how_long_a_token_lives_is_told_by_expires_in_alone(odd: Odd, make: Make, clock: Clock) -> None:
    """`remind_in` and the tables of lifetimes are not believed."""
    odd.say({"access_token": "new-token", "expires_in": 86400, "remind_in": "157679999", "uid": UID})
    odd.say({"uid": int(UID), "appkey": 100100, "expire_in": 5})
    grant = make(odd.url).exchange("code", redirect_uri="https://console.example/callbacks/weibo")
    assert grant.token.expires_at == clock.now + timedelta(days=1)


@pytest.mark.parametrize("told", [3600, "3600"])
def test_what_a_token_is_worth_is_asked_by_post_and_its_key_lacks_an_s(
    odd: Odd, make: Make, clock: Clock, told: object
) -> None:
    odd.say({"uid": UID, "appkey": "100100", "scope": None, "expire_in": told})
    odd.say({"statuses": [], "comments": []})
    health = make(odd.url).probe()
    assert health.token_expires_at == clock.now + timedelta(hours=1)
    method, path, _, body = odd.seen[0]
    assert (method, path, body) == ("POST", "/oauth2/get_token_info", b"access_token=tok-1")


def test_a_short_page_is_not_the_end_and_the_next_one_repeats_its_last(odd: Odd, make: Make, clock: Clock) -> None:
    odd.say({"cmt": 120, "mention_status": 0, "mention_cmt": 0})
    for numbers in ([300, 299], [299, 250], [250]):
        odd.say({"comments": [comment(number) for number in numbers], "total_number": 120})
    cursor = {
        "since_id": "100",
        **dict.fromkeys(("cmt", "mention_status", "mention_cmt"), "0"),
        "looked_at": clock.now.isoformat(),
    }
    page = make(odd.url).fetch_messages(cursor, [])
    assert sorted(message.external_id for message in page.items) == ["comment:250", "comment:299", "comment:300"]
    asked = [parse_qs(urlsplit(path).query) for _, path, _, _ in odd.seen[1:]]
    assert [query.get("max_id") for query in asked] == [None, ["299"], ["250"]]
    # The cursors of the envelope lead nowhere: only since_id and max_id do.
    assert {query["since_id"][0] for query in asked} == {"100"}


def test_entities_are_undone_once_and_not_twice(odd: Odd, make: Make) -> None:
    odd.say({"cmt": 1})
    odd.say({"comments": [comment(5, text="&lt;b&gt; &quot;甲&quot; &amp;lt;i&amp;gt;")]})
    odd.say({"statuses": [], "comments": []})
    [message] = make(odd.url).fetch_messages({}, []).items
    assert message.text == '<b> "甲" &lt;i&gt;'


def test_the_mark_up_of_source_is_taken_over_nowhere(odd: Odd, make: Make, clock: Clock) -> None:
    spoilt = '<a href="http://evil.example">新浪微博</a>'
    status = {"idstr": "51", "created_at": AT, "text": "通告", "user": {"idstr": UID}, "source": spoilt}
    odd.say({"cmt": 1})
    odd.say({"comments": [comment(5, source="新浪微博</a>", status=status)]})
    odd.say({"statuses": [], "comments": []})
    connector = make(odd.url)
    [message] = connector.fetch_messages({}, []).items
    odd.answers[:] = []
    odd.say({"statuses": [status]})
    [item] = connector.history(clock.now - timedelta(days=9000)).items
    assert message.text == "第5条"
    assert "新浪微博" not in repr(message) + repr(item)


@pytest.mark.parametrize(
    ("told", "deleted"),
    [("1", True), (1, True), (True, True), ("true", True), ("0", False), (0, False), ("false", False), (None, False)],
)
def test_switches_are_read_from_text_too(told: object, deleted: bool) -> None:
    status: Mapping[str, Any] = {"idstr": "51", "text": "x", "user": {"idstr": UID}, "deleted": told}
    assert payloads.is_deleted(status) is deleted


def test_the_host_of_private_messages_names_its_errors_otherwise(odd: Odd, make: Make, clock: Clock) -> None:
    odd.say({"request": "/2/messages/reply.json", "errcode": "20301", "errmsg": "not a follower"}, 200)
    with pytest.raises(ReplyWindowClosed) as caught:
        make(odd.url).reply({"kind": "private", "receiver_id": "5"}, "您好", key="r", send_before=clock.soon)
    assert caught.value.code == "20301"
