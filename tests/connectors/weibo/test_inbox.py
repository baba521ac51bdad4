"""Comments and mentions: found once, within the budget, and what cannot be had is said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.errors import NotEntitled, RateLimited, Unavailable
from connectors.values import Content, Prepared, Receipt
from connectors.weibo.connector import WeiboConnector
from tests.connectors.contract import chinese
from tests.connectors.fakes import CountingMeter, Odd, SimulatorControl
from tests.connectors.weibo.conftest import UID, Clock, Make, register


@pytest.fixture
def post(weibo: WeiboConnector, content: Content, clock: Clock, meter: CountingMeter) -> Receipt:
    receipt = weibo.publish(weibo.adapt(content).payload, Prepared(ready=True), key="key-1", send_before=clock.soon)
    meter.calls.clear()
    return receipt


def test_a_comment_comes_once_with_what_answering_needs(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl
) -> None:
    cid = simulator.comment("weibo", UID, post.external_id, "请问<b>几点</b>恢复 & 供水？", author="市民甲")
    page = weibo.fetch_messages({}, [post])
    [message] = page.items
    assert message.external_id == f"comment:{cid}"
    assert message.kind == "comment"
    assert message.text == "请问<b>几点</b>恢复 & 供水？"
    assert message.sender_name == "市民甲"
    assert message.thread == f"{message.sender_id}:{post.external_id}"
    assert message.post_external_id == post.external_id
    assert message.target == {"kind": "comment", "cid": cid, "id": post.external_id}
    assert message.sent_at.tzinfo is not None
    assert page.unavailable == ""
    assert weibo.fetch_messages(page.cursor, [post]).items == ()


def test_only_the_counter_is_asked_when_nothing_moved(
    weibo: WeiboConnector, post: Receipt, meter: CountingMeter, simulator: SimulatorControl
) -> None:
    cursor = weibo.fetch_messages({}, [post]).cursor
    meter.calls.clear()
    for _ in range(5):
        cursor = weibo.fetch_messages(cursor, [post]).cursor
    assert meter.calls == ["remind/unread_count"] * 5
    simulator.comment("weibo", UID, post.external_id, "新的")
    meter.calls.clear()
    assert [message.text for message in weibo.fetch_messages(cursor, [post]).items] == ["新的"]
    assert meter.calls == ["remind/unread_count", "comments/to_me"]


def test_now_and_then_it_looks_although_the_counter_stands_still(
    weibo: WeiboConnector, post: Receipt, meter: CountingMeter, clock: Clock
) -> None:
    cursor = weibo.fetch_messages({}, [post]).cursor
    meter.calls.clear()
    clock.now += timedelta(hours=12)
    weibo.fetch_messages(cursor, [post])
    assert "comments/to_me" in meter.calls


def test_a_counter_that_fell_is_a_change(make: Make, odd: Odd, meter: CountingMeter, clock: Clock) -> None:
    odd.say({"cmt": 1})
    odd.say({"comments": []})
    cursor = {"cmt": "5", "mention_status": "0", "mention_cmt": "0", "looked_at": clock.now.isoformat()}
    make(odd.url).fetch_messages(cursor, [])
    assert meter.calls == ["remind/unread_count", "comments/to_me"]


def test_comments_of_people_who_did_not_authorise_are_said_to_be_missing(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl, meter: CountingMeter
) -> None:
    cursor = weibo.fetch_messages({}, [post]).cursor
    simulator.comment("weibo", UID, post.external_id, "看不见我", authorised=False)
    page = weibo.fetch_messages(cursor, [post])
    assert page.items == ()
    assert "授权" in page.unavailable
    again = weibo.fetch_messages(page.cursor, [post])
    assert "授权" in again.unavailable
    # comments/show brought nothing: it is left alone for a day.
    meter.calls.clear()
    simulator.comment("weibo", UID, post.external_id, "我也是", authorised=False)
    weibo.fetch_messages(again.cursor, [post])
    assert meter.calls == ["remind/unread_count", "comments/to_me"]


def test_what_is_missing_is_listed_with_the_capabilities(weibo: WeiboConnector) -> None:
    missing = {one.key: one.why for one in weibo.capabilities().missing}
    assert "授权" in missing["comments"]
    assert "5 条" in missing["history"]


def test_without_the_right_the_page_says_so_and_does_not_ask_again(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl, meter: CountingMeter, clock: Clock
) -> None:
    register(simulator, denied=["comments/to_me", "comments/show"])
    simulator.comment("weibo", UID, post.external_id, "有人吗")
    page = weibo.fetch_messages({}, [post])
    assert page.items == ()
    assert "评论收件箱需商业接口" in page.unavailable
    meter.calls.clear()
    simulator.comment("weibo", UID, post.external_id, "还有人吗")
    again = weibo.fetch_messages(page.cursor, [post])
    assert "评论收件箱需商业接口" in again.unavailable
    assert meter.calls == ["remind/unread_count"]
    quiet = weibo.fetch_messages(again.cursor, [post])
    assert "评论收件箱需商业接口" in quiet.unavailable
    register(simulator, denied=[])
    clock.now += timedelta(hours=25)
    assert len(weibo.fetch_messages(quiet.cursor, [post]).items) == 2


def test_comments_under_posts_where_only_those_may_be_read(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl
) -> None:
    register(simulator, denied=["comments/to_me"])
    simulator.comment("weibo", UID, post.external_id, "在这里")
    page = weibo.fetch_messages({}, [post])
    assert [message.text for message in page.items] == ["在这里"]


def test_without_counters_it_looks_every_six_hours(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl, meter: CountingMeter, clock: Clock
) -> None:
    register(simulator, denied=["unread_count"])
    simulator.comment("weibo", UID, post.external_id, "一")
    page = weibo.fetch_messages({}, [post])
    assert [message.text for message in page.items] == ["一"]
    meter.calls.clear()
    again = weibo.fetch_messages(page.cursor, [post])
    assert meter.calls == []
    clock.now += timedelta(hours=6)
    weibo.fetch_messages(again.cursor, [post])
    assert "comments/to_me" in meter.calls


def test_a_used_up_quota_moves_no_cursor(weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl) -> None:
    cursor = weibo.fetch_messages({}, [post]).cursor
    simulator.comment("weibo", UID, post.external_id, "别丢了我")
    simulator.fault("exhaust_quota", path="comments/to_me")
    with pytest.raises(RateLimited):
        weibo.fetch_messages(cursor, [post])
    assert len(weibo.fetch_messages(cursor, [post]).items) == 1


def test_more_than_a_page_loses_none(weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl) -> None:
    simulator.comment("weibo", UID, post.external_id, "第一条")
    cursor = weibo.fetch_messages({}, [post]).cursor
    for number in range(120):
        simulator.comment("weibo", UID, post.external_id, f"第{number}条")
    page = weibo.fetch_messages(cursor, [post])
    assert len(page.items) == 120
    assert page.unavailable == ""


@pytest.mark.parametrize("new", [50, 99, 100, 150])
def test_pages_overlap_by_one_and_lose_none(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl, new: int
) -> None:
    simulator.comment("weibo", UID, post.external_id, "第一条")
    cursor = weibo.fetch_messages({}, [post]).cursor
    for number in range(new):
        simulator.comment("weibo", UID, post.external_id, f"第{number}条")
    page = weibo.fetch_messages(cursor, [post])
    assert (len(page.items), page.unavailable) == (new, "")


def test_a_counter_that_somebody_cleared_meanwhile_loses_none(make: Make, odd: Odd, clock: Clock) -> None:
    def listed(numbers: range) -> dict[str, object]:
        at = "Wed Jun 01 00:50:25 +0800 2011"
        return {"comments": [{"id": n, "created_at": at, "text": f"第{n}条", "user": {"id": 7}} for n in numbers]}

    # 40 were told before; somebody read them, and sixty came: the counter says 60, its rise 20.
    odd.say({"cmt": 60, "mention_status": 0, "mention_cmt": 0})
    odd.say(listed(range(160, 110, -1)))
    odd.say(listed(range(111, 100, -1)))
    seen = {"cmt": "40", "mention_status": "0", "mention_cmt": "0", "since_id": "100"}
    page = make(odd.url).fetch_messages({**seen, "looked_at": clock.now.isoformat()}, [])
    assert len(page.items) == 60


def test_more_than_can_be_fetched_is_said(weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl) -> None:
    simulator.comment("weibo", UID, post.external_id, "第一条")
    cursor = weibo.fetch_messages({}, [post]).cursor
    for number in range(210):
        simulator.comment("weibo", UID, post.external_id, f"第{number}条")
    page = weibo.fetch_messages(cursor, [post])
    assert len(page.items) == 197
    assert "只取了最近 197 条" in page.unavailable


def test_a_burst_at_a_business_account_is_taken_whole(
    make: Make, simulator: SimulatorControl, content: Content, clock: Clock
) -> None:
    register(simulator, level="business")
    connector = make(simulator.url, mode="business")
    payload = connector.adapt(replace_cover(content)).payload
    post = connector.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)
    simulator.comment("weibo", UID, post.external_id, "第一条")
    cursor = connector.fetch_messages({}, [post]).cursor
    for number in range(230):
        simulator.comment("weibo", UID, post.external_id, f"第{number}条")
    page = connector.fetch_messages(cursor, [post])
    assert (len(page.items), page.unavailable) == (230, "")


def test_a_deleted_post_does_not_hide_the_comments_of_the_others(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl, meter: CountingMeter, make: Make
) -> None:
    cursor = weibo.fetch_messages({}, [post]).cursor
    register(simulator, denied=["comments/to_me"])
    gone = Receipt(external_id="4999999999999999")
    simulator.comment("weibo", UID, post.external_id, "几点恢复？")
    page = weibo.fetch_messages(cursor, [gone, post])
    assert [message.text for message in page.items] == ["几点恢复？"]
    # The one that is gone costs no second call.
    meter.calls.clear()
    simulator.comment("weibo", UID, post.external_id, "还有人吗？")
    page = weibo.fetch_messages(page.cursor, [gone, post])
    assert [message.text for message in page.items] == ["还有人吗？"]
    assert meter.calls.count("comments/show") == 1


def test_another_level_is_looked_at_anew(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl, make: Make
) -> None:
    cursor = weibo.fetch_messages({}, [post]).cursor
    simulator.comment("weibo", UID, post.external_id, "市民甲", authorised=False)
    simulator.comment("weibo", UID, post.external_id, "授权过的市民乙")
    cursor = weibo.fetch_messages(cursor, [post]).cursor
    register(simulator, denied=["comments/to_me", "comments/show"])
    simulator.comment("weibo", UID, post.external_id, "市民丙", authorised=False)
    cursor = weibo.fetch_messages(cursor, [post]).cursor
    register(simulator, level="business", denied=[])
    page = make(simulator.url, mode="business").fetch_messages(cursor, [post])
    assert {message.text for message in page.items} == {"市民甲", "授权过的市民乙", "市民丙"}
    assert page.unavailable == ""


def test_the_official_sample(make: Make, odd: Odd) -> None:
    odd.say({"cmt": 1, "mention_status": 0, "mention_cmt": 0})
    odd.fixture("weibo", "comments_to_me_doc.json")
    odd.say({"statuses": []})
    [message] = make(odd.url).fetch_messages({}, []).items
    assert (message.external_id, message.post_external_id) == ("comment:12438492184", "11488058246")


def test_our_own_nobodys_and_broken_comments_are_left_out(make: Make, odd: Odd) -> None:
    at = "Wed Jun 01 00:50:25 +0800 2011"
    comments = [
        {"id": 1, "created_at": at, "text": "我们自己", "user": {"id": int(UID)}},
        {"id": 2, "created_at": at, "text": "作者已注销"},
        {"id": 3, "created_at": "?", "text": "没有时间", "user": {"id": 7}},
        "junk",
        {"id": 4, "created_at": at, "text": "留下", "user": {"id": 7}, "reply_comment": {"id": 9}},
    ]
    odd.say({"cmt": "5"})
    odd.say({"comments": comments})
    odd.say({"statuses": None})
    odd.answers[2] = (200, "text/html", b"[]")
    page = make(odd.url).fetch_messages({}, [])
    assert [(message.text, message.in_reply_to) for message in page.items] == [("留下", "comment:9")]
    assert page.cursor["since_id"] == "4"


def test_a_mention_can_be_answered_under_it(make: Make, odd: Odd) -> None:
    status = {
        "idstr": "5100000000000009",
        "created_at": "Wed Jun 01 00:50:25 +0800 2011",
        "text": "@青岚发布 路灯坏了",
        "user": {"idstr": "77", "screen_name": "市民乙"},
    }
    odd.say({"cmt": 0, "mention_status": 1})
    odd.say({"comments": []})
    odd.say({"statuses": [status]})
    [message] = make(odd.url).fetch_messages({}, []).items
    assert (message.kind, message.external_id) == ("mention", "mention:5100000000000009")
    assert message.target == {"kind": "mention", "id": "5100000000000009"}


def test_a_business_app_sees_everybody_without_the_counter(
    simulator: SimulatorControl, make: Make, content: Content, clock: Clock, meter: CountingMeter
) -> None:
    register(simulator, level="business")
    connector = make(simulator.url, mode="business")
    payload = connector.adapt(replace_cover(content)).payload
    post = connector.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)
    simulator.comment("weibo", UID, post.external_id, "没有授权的市民", authorised=False)
    meter.calls.clear()
    page = connector.fetch_messages({}, [post])
    assert [message.text for message in page.items] == ["没有授权的市民"]
    assert meter.calls == ["comments/to_me/biz", "statuses/mentions/biz", "comments/mentions/biz"]
    assert page.unavailable == ""


def replace_cover(content: Content) -> Content:
    from dataclasses import replace

    return replace(content, cover=None)


def test_what_is_said_is_chinese(weibo: WeiboConnector) -> None:
    assert all(chinese(one.why) for one in weibo.capabilities().missing)


def test_mentions_that_cannot_be_had_do_not_hide_comments(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl
) -> None:
    simulator.comment("weibo", UID, post.external_id, "几点恢复？")
    simulator.fault("http_502", path="statuses/mentions", times=-1)
    page = weibo.fetch_messages({}, [post])
    assert [message.text for message in page.items] == ["几点恢复？"]
    assert "暂时取不到" in page.unavailable
    # Nothing new: now the poller hears of it, and the comment does not come again.
    with pytest.raises(Unavailable):
        weibo.fetch_messages(page.cursor, [post])
    simulator.clear_faults()
    again = weibo.fetch_messages(page.cursor, [post])
    assert (again.items, again.unavailable) == ((), "")


def name_in_a_comment(simulator: SimulatorControl, text: str, **more: object) -> None:
    asked = {"from": "市民甲", "event": "mention", "subtype": "comment", "text": text, **more}
    simulator.message("weibo", UID, **asked)


def test_a_comment_elsewhere_that_names_the_account_is_a_mention(
    weibo: WeiboConnector, simulator: SimulatorControl, meter: CountingMeter, clock: Clock
) -> None:
    cursor = weibo.fetch_messages({}, []).cursor
    name_in_a_comment(simulator, "@青岚发布 路灯坏了")
    meter.calls.clear()
    page = weibo.fetch_messages(cursor, [])
    assert meter.calls == ["remind/unread_count", "comments/mentions"]
    [message] = page.items
    assert (message.kind, message.text) == ("mention", "@青岚发布 路灯坏了")
    assert message.external_id == f"comment:{message.target['cid']}"
    assert message.target["kind"] == "comment"
    assert weibo.fetch_messages(page.cursor, []).items == ()
    receipt = weibo.reply(message.target, "已转市政部门。", key="r", send_before=clock.soon)
    assert receipt.external_id


def test_one_under_our_own_status_comes_as_a_comment_alone(
    weibo: WeiboConnector, post: Receipt, simulator: SimulatorControl
) -> None:
    simulator.comment("weibo", UID, post.external_id, "@青岚发布 几点恢复？")
    [message] = weibo.fetch_messages({}, [post]).items
    assert message.kind == "comment"


@pytest.mark.parametrize("path", ["comments/to_me", "statuses/mentions", "unread_count"])
@pytest.mark.parametrize("code", [10004, 10006, 21321, 21337])
def test_what_bars_the_app_or_this_server_closes_no_list(
    weibo: WeiboConnector, simulator: SimulatorControl, code: int, path: str
) -> None:
    """They said for a day that the app had no right to the list, with the wrong remedy."""
    simulator.fault("refuse", platform="weibo", path=path, code=code, times=1)
    with pytest.raises(NotEntitled) as caught:
        weibo.fetch_messages({}, [])
    assert caught.value.code == str(code)


@pytest.mark.parametrize("code", [10014, 10032], ids=["closed to the app", "not agreed to"])
def test_what_may_not_be_asked_is_said_and_left_alone_for_a_day(
    weibo: WeiboConnector, simulator: SimulatorControl, meter: CountingMeter, code: int
) -> None:
    simulator.fault("refuse", platform="weibo", path="comments/mentions", code=code, times=-1)
    first = weibo.fetch_messages({}, [])
    assert "评论中 @ 提及" in first.unavailable
    meter.calls.clear()
    name_in_a_comment(simulator, "@青岚发布 在吗")
    second = weibo.fetch_messages(first.cursor, [])
    assert "评论中 @ 提及" in second.unavailable
    assert "comments/mentions" not in meter.calls
