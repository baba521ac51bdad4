"""The check for reprints as MASSSENDJOBFINISH tells it, and what it means for the publication."""

from __future__ import annotations

import pytest

from connectors.values import Found, PublishResult, Rejected
from connectors.wechat import events
from connectors.wechat.reprint import reprint_words
from tests.connectors.wechat.conftest import Clock, Make
from tests.connectors.wechat.test_callback import push, recorded


def result(make: Make, clock: Clock, xml: str) -> PublishResult:
    [found] = make().parse_callback(push(xml, clock))
    assert isinstance(found, PublishResult)
    return found


def test_a_stopped_reprint_says_which_article_and_what_of_it(make: Make, clock: Clock) -> None:
    finding = result(make, clock, recorded("cb_evt_masssendjobfinish_err30003_copyright.xml")).finding
    assert isinstance(finding, Rejected)
    assert finding.cause.startswith("群发没有成功：原创校验判为转载，已停止群发。")
    for words in ("判为转载，可以群发", "第 1 篇：", "第 2 篇：", "原文为原创", "正文会被替换成原文", "原文 Url_1"):
        assert words in finding.cause


def test_a_sent_reprint_keeps_the_verdict_and_the_number_of_people(make: Make, clock: Clock) -> None:
    xml = recorded("cb_evt_masssendjobfinish_err30003_copyright.xml").replace("err(30003)", "send success")
    finding = result(make, clock, xml.replace("<SentCount>0<", "<SentCount>75<")).finding
    assert isinstance(finding, Found)
    assert finding.receipt.details["sent_to"] == "75"
    assert "会显示转载来源" in finding.receipt.details["reprint"]
    assert finding.receipt.details["msg_id"] == "1000001625"


def test_what_was_seen_live_says_nothing(make: Make, clock: Clock) -> None:
    finding = result(make, clock, recorded("cb_evt_masssendjobfinish_success_real.xml")).finding
    assert isinstance(finding, Found)
    assert "reprint" not in finding.receipt.details


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({"CheckState": "1"}, "原创校验：未判为转载。"),
        ({"CheckState": "3"}, "原创校验：判为转载，不能群发。"),
        ({"CheckState": "0", "ResultList": None}, ""),
        ({"CheckState": "9", "ResultList": {"item": {"ArticleIdx": "1", "AuditState": "2"}}}, "审核未通过"),
        ({"ResultList": {"item": [{"ArticleIdx": "1", "CanReprint": "0"}]}}, "第 1 篇：原文不允许转载"),
        ("nonsense", ""),
        (None, ""),
    ],
)
def test_every_shape_of_it_can_be_read(check: object, words: str) -> None:
    told = reprint_words({"CopyrightCheckResult": check})
    assert told == words if not words or words.startswith("原创") else words in told


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ("verify_expired", "ExpiredTime", "1799942399"),
        ("annual_renew", "ExpiredTime", "1799942399"),
        ("qualification_verify_fail", "FailReason", "材料不清"),
    ],
)
def test_events_about_the_account_say_until_when_or_why(event: str, field: str, value: str) -> None:
    message = {"MsgType": "event", "FromUserName": "oX", "CreateTime": "1700000000", "Event": event, field: value}
    [told] = events.read(message)
    assert (told.kind, told.key) == (event, value)  # type: ignore[union-attr]
