"""Facts of WeChat's with which a client fails that takes the documentation's easy road; docs/traps.md lists all."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.errors import RateLimited
from connectors.http import File, Http
from connectors.values import AccountEvent, Found, Prepared, PublishResult, Receipt, Rejected, Removed
from connectors.wechat.payloads import publish_finding
from tests.connectors.fakes import MemoryTokens, Odd
from tests.connectors.wechat.conftest import Clock, Make, attempted, post
from tests.connectors.wechat.test_callback import TEXT, push, recorded

BEYOND_A_DOUBLE = 9007199254740993


@pytest.fixture
def tokens(clock: Clock) -> MemoryTokens:
    return MemoryTokens("TOKEN", clock() + timedelta(hours=2))


def test_a_file_name_in_chinese_is_never_sent(odd: Odd) -> None:
    for name in ("封面.jpg", "cover"):
        file = File(field="media", name=name, content=b"x", content_type="image/jpeg")
        with pytest.raises(ValueError, match="ASCII with an extension"):
            Http(base_url=odd.url).call("POST", "https://api.weixin.qq.com/x", write=False, files=(file,))
    assert odd.seen == []


def test_the_cover_is_a_permanent_picture_and_a_new_draft_is_a_list(make: Make, odd: Odd) -> None:
    odd.say({"media_id": "COVER", "url": "http://mmbiz.qpic.cn/x"})
    connector = make(odd.url)
    payload = connector.adapt(post()).payload
    done = connector.prepare(payload, Prepared(steps={"token": "ok"}))
    assert odd.seen[0][1].startswith("/cgi-bin/material/add_material?type=image&")
    while "draft" not in done.steps:
        done = connector.prepare(payload, done)
    [article] = json.loads(odd.seen[-1][3])["articles"]
    assert odd.seen[-1][1].startswith("/cgi-bin/draft/add?")
    assert article["thumb_media_id"] == "COVER"


def test_a_changed_draft_is_an_object_and_counted_from_zero(make: Make, odd: Odd) -> None:
    odd.say({"news_item": [{"title": "甲"}]})
    odd.say({"errcode": 0, "errmsg": "ok"})
    connector = make(odd.url)
    payload = connector.adapt(post()).payload
    steps = {"token": "ok", "cover": "COVER", "draft_begun": "1", "draft": "D", "restore": "1"}
    connector.prepare(payload, Prepared(steps=steps))
    _, path, _, body = odd.seen[-1]
    sent = json.loads(body)
    assert path.startswith("/cgi-bin/draft/update?")
    assert (sent["index"], sent["articles"]["title"]) == (0, payload["title"])


SECOND = "<item><idx>2</idx><article_url><![CDATA[SECOND]]></article_url></item>"


@pytest.mark.parametrize("more", ["", SECOND])
def test_one_article_is_told_as_a_thing_and_several_as_a_list(make: Make, clock: Clock, more: str) -> None:
    xml = recorded("cb_evt_publishjobfinish_ok.xml").replace("</article_detail>", f"{more}</article_detail>")
    (result,) = make().parse_callback(push(xml, clock))
    assert isinstance(result, PublishResult)
    assert isinstance(result.finding, Found)
    assert result.finding.receipt.url == "ARTICLE_URL"


@pytest.mark.parametrize("fail_idx", ["<fail_idx>1</fail_idx>", "<fail_idx>1</fail_idx><fail_idx>2</fail_idx>", ""])
@pytest.mark.parametrize(("status", "kind"), [("0", Found), ("2", Rejected), ("5", Removed)])
def test_the_articles_that_failed_say_nothing_about_how_it_ended(
    make: Make, clock: Clock, fail_idx: str, status: str, kind: type[object]
) -> None:
    xml = recorded("cb_evt_publishjobfinish_ok.xml").replace(
        "<publish_status>0</publish_status>", f"<publish_status>{status}</publish_status>{fail_idx}"
    )
    (result,) = make().parse_callback(push(xml, clock))
    assert isinstance(result, PublishResult)
    assert isinstance(result.finding, kind)


@pytest.mark.parametrize("spelling", ["MASSSENDJOBFINISH", "masssendjobfinish", "MassSendJobFinish"])
@pytest.mark.parametrize("tag", ["MsgID", "MsgId"])
def test_names_of_events_and_of_their_number_come_in_any_case(
    make: Make, clock: Clock, spelling: str, tag: str
) -> None:
    xml = recorded("cb_evt_masssendjobfinish_success_real.xml")
    for old in ("MsgID", "MsgId"):
        xml = xml.replace(f"<{old}>", f"<{tag}>").replace(f"</{old}>", f"</{tag}>")
    (result,) = make().parse_callback(push(xml.replace("MASSSENDJOBFINISH", spelling), clock))
    assert isinstance(result, PublishResult)
    assert (result.ref_name, result.ref) == ("msg_id", "1000000003")


def test_of_two_events_without_number_only_the_same_one_is_a_repeat(make: Make, clock: Clock) -> None:
    """A client that reads the missing number as 0 takes the second event for the first."""
    xml = recorded("cb_evt_click.xml")
    first, again, other, later = (
        make().parse_callback(push(text, clock))[0]
        for text in (
            xml,
            xml,
            xml.replace("EVENTKEY", "ANOTHER"),
            xml.replace("<CreateTime>", "<CreateTime>1"),
        )
    )
    assert isinstance(first, AccountEvent)
    assert first.external_id == again.external_id  # type: ignore[union-attr]
    assert len({one.external_id for one in (first, other, later)}) == 3  # type: ignore[union-attr]


def test_numbers_beyond_what_a_double_holds_stay_whole(make: Make, odd: Odd, clock: Clock) -> None:
    odd.say({"errcode": 0, "msg_id": BEYOND_A_DOUBLE, "msg_data_id": BEYOND_A_DOUBLE + 2})
    connector = make(odd.url, mode="mass")
    steps = {"token": "ok", "cover": "c", "draft": "d", "fingerprint": "f"}
    receipt = connector.publish(
        connector.adapt(post()).payload, Prepared(steps=steps, ready=True), key="k", send_before=clock.soon
    )
    assert receipt.details == {"msg_id": "9007199254740993", "msg_data_id": "9007199254740995"}
    (message,) = make().parse_callback(push(TEXT.replace("1234567890123456789", str(BEYOND_A_DOUBLE)), clock))
    assert message.external_id == "msg:9007199254740993"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("told", "kind"),
    [(True, Removed), (1, Removed), ("1", Removed), (False, Found), (0, Found), ("0", Found), (None, Found)],
)
def test_a_switch_that_comes_as_text_removes_nothing(
    make: Make, odd: Odd, clock: Clock, told: object, kind: type[object]
) -> None:
    odd.say({"news_item": [{"title": "甲", "url": "https://mp.weixin.qq.com/s/x", "is_deleted": told}]})
    connector = make(odd.url)
    receipt = Receipt(external_id="A", live=True, details={"article_id": "A"})
    attempt = attempted(connector.adapt(post()).payload, Prepared(), clock(), receipt)
    assert isinstance(connector.check(attempt), kind)


@pytest.mark.parametrize(("told", "final"), [(True, False), (1, False), ("true", False), (False, True), (None, True)])
def test_figures_that_may_still_change_are_not_kept(make: Make, odd: Odd, told: object, final: bool) -> None:
    odd.say({"list": [], "is_delay": told})
    odd.say({"list": []})
    connector = make(odd.url)
    day = date(2026, 8, 1)
    if final:
        assert len(connector.day_figures(day, day)) == 1
        return
    with pytest.raises(RateLimited):
        connector.day_figures(day, day)


def test_ways_by_which_followers_came_are_added_up(make: Make, odd: Odd) -> None:
    """One row for each way, not one for each day."""
    rows = [{"ref_date": "2026-08-01", "user_source": source, "new_user": 3, "cancel_user": 1} for source in (0, 1, 17)]
    odd.say({"list": []})
    odd.say({"list": rows})
    odd.say({"list": []})
    [day] = make(odd.url).day_figures(date(2026, 8, 1), date(2026, 8, 1))
    assert (day.new_followers, day.lost_followers) == (9, 3)


def test_the_total_of_comments_is_not_believed(make: Make, odd: Odd) -> None:
    told: dict[str, Any] = {"user_comment_id": 1, "openid": "o1", "create_time": 1700000000, "content": "好"}
    odd.say({"errcode": 0, "errmsg": "ok", "total": 0, "comment_cnt": 1, "comment": [told]})
    place = Receipt(external_id="1", details={"msg_id": "1", "msg_data_id": "2247483657"})
    assert len(make(odd.url, mode="mass").fetch_messages({}, [place]).items) == 1


@pytest.mark.parametrize("status", [2, 3, 4])
def test_a_refused_publication_has_a_cause_although_the_platform_gives_none(status: int) -> None:
    finding = publish_finding({"publish_id": "1", "publish_status": status, "fail_idx": []})
    assert isinstance(finding, Rejected)
    assert finding.cause
    assert finding.remedy
