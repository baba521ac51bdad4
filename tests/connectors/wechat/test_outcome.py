"""What became of it: by id, by the permalink's parameter, by the draft; absence is hard to prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import NotEntitled, OutcomeUnknown, RateLimited
from connectors.values import CannotTell, Found, Prepared, Receipt, Rejected, Removed
from connectors.wechat import payloads
from connectors.wechat.clocks import beijing_day, day_start
from connectors.wechat.connector import WeChatConnector
from connectors.wechat.statistics import article_of_day
from tests.connectors.fakes import CountingMeter, Odd, SimulatorControl
from tests.connectors.wechat.conftest import LINK, Clock, Make, attempted, post, prepared

Register = Callable[..., str]


def sent(connector: WeChatConnector, clock: Clock) -> Any:
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    at = clock()
    receipt = connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    return lambda **changes: attempted(
        **({"payload": payload, "done": done, "sent_at": at, "receipt": receipt} | changes)
    )


def lost(connector: WeChatConnector, clock: Clock, simulator: SimulatorControl, kind: str, path: str) -> Any:
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    at = clock()
    simulator.fault(kind, path=path)
    with pytest.raises(OutcomeUnknown):
        connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    return attempted(payload, done, at, None)


def test_a_publication_is_found_live_with_its_address(make: Make, registered: Register, clock: Clock) -> None:
    connector = make(registered())
    attempt = sent(connector, clock)
    clock.later(seconds=3)
    found = connector.check(attempt())
    assert isinstance(found, Found)
    assert found.receipt.live
    assert found.receipt.url.startswith("http://mp.weixin.qq.com/s/")
    assert found.receipt.external_id == found.receipt.details["article_id"]
    assert found.receipt.details["publish_id"]
    assert found.receipt.published_at is not None


def test_a_published_article_is_found_though_its_time_cannot_be_read(
    make: Make, registered: Register, clock: Clock, simulator: SimulatorControl
) -> None:
    connector = make(registered())
    attempt = sent(connector, clock)
    clock.later(seconds=3)
    simulator.fault("http_502", path="freepublish/batchget")
    found = connector.check(attempt())
    assert isinstance(found, Found)
    assert (found.receipt.live, found.receipt.published_at) == (True, None)


def test_a_review_in_progress_is_asked_again_by_the_rhythm(make: Make, registered: Register, clock: Clock) -> None:
    connector = make(registered(review_seconds=3600))
    attempt = sent(connector, clock)
    waits = []
    for seconds in (1, 10, 40, 180, 600, 2000):
        clock.later(seconds=seconds - (clock() - clock.start).total_seconds())
        answer = connector.check(attempt())
        assert isinstance(answer, CannotTell)
        assert answer.next_at is not None
        waits.append((answer.next_at - clock.start).total_seconds())
    assert waits == [10, 30, 60, 600, 600 + 1800, 2000 + 1800]


def test_after_twelve_questions_it_is_a_persons_turn(make: Make, registered: Register, clock: Clock) -> None:
    connector = make(registered(review_seconds=3600))
    answer = connector.check(sent(connector, clock)(asked=12))
    assert isinstance(answer, CannotTell)
    assert answer.next_at is None


@pytest.mark.parametrize("result", [2, 3, 4])
def test_a_refused_review_is_rejected_with_cause_and_remedy(
    make: Make, registered: Register, clock: Clock, result: int
) -> None:
    connector = make(registered(review_result=result))
    attempt = sent(connector, clock)
    clock.later(seconds=3)
    answer = connector.check(attempt())
    assert isinstance(answer, Rejected)
    assert answer.remedy
    assert answer.code == f"publish_status={result}"


def test_a_lost_answer_is_found_again_by_the_permalink(
    make: Make, registered: Register, clock: Clock, simulator: SimulatorControl, meter: CountingMeter
) -> None:
    connector = make(registered())
    attempt = lost(connector, clock, simulator, "drop_answer", "freepublish/submit")
    clock.later(seconds=3)
    answer = connector.check(attempt)
    assert isinstance(answer, Found)
    assert answer.receipt.live
    assert answer.receipt.published_at is not None
    assert meter.calls.count("freepublish/submit") == 1


@pytest.mark.parametrize("kind", ["http_502", "drop_answer"])
@pytest.mark.parametrize(("mode", "path"), [("publish", "freepublish/submit"), ("mass", "mass/sendall")])
def test_a_standing_draft_proves_nothing_however_late(
    make: Make, registered: Register, clock: Clock, simulator: SimulatorControl, kind: str, mode: str, path: str
) -> None:
    """Taken or not, the platform shows the same: the evidence is told, and a person decides."""
    connector = make(registered(review_seconds=9 * 86400), mode=mode)
    attempt = lost(connector, clock, simulator, kind, path)
    early = connector.check(attempt)
    assert isinstance(early, CannotTell)
    assert early.next_at == attempt.sent_at + timedelta(seconds=10)
    for hours in (1, 3, 24, 60):
        clock.later(hours=hours)
        late = connector.check(replace(attempt, asked=11))
        assert isinstance(late, CannotTell), late
        assert "不能证明没有发出" in late.reason
        assert late.next_at is not None
    last = connector.check(replace(attempt, asked=12))
    assert isinstance(last, CannotTell)
    assert last.next_at is None


@pytest.mark.parametrize(("mode", "path"), [("publish", "freepublish/submit"), ("mass", "mass/sendall")])
def test_a_slow_review_behind_a_lost_answer_is_never_called_absent(
    make: Make, registered: Register, clock: Clock, simulator: SimulatorControl, mode: str, path: str
) -> None:
    """The draft stands until the article is out: at three minutes it stands though the platform accepted."""
    connector = make(registered(review_seconds=1500), mode=mode)
    attempt = lost(connector, clock, simulator, "drop_answer", path)
    for _ in range(6):
        clock.later(minutes=4)
        assert isinstance(connector.check(attempt), CannotTell)


def test_a_vanished_draft_that_is_not_listed_proves_nothing(
    make: Make, registered: Register, clock: Clock, simulator: SimulatorControl
) -> None:
    connector = make(registered())
    attempt = lost(connector, clock, simulator, "http_502", "freepublish/submit")
    connector.discard(attempt.prepared)
    clock.later(hours=2)
    answer = connector.check(attempt)
    assert isinstance(answer, CannotTell)
    assert "多半已经发出" in answer.reason


def test_the_read_back_finds_a_deleted_article(make: Make, registered: Register, clock: Clock) -> None:
    connector = make(registered())
    attempt = sent(connector, clock)
    clock.later(seconds=3)
    found = connector.check(attempt())
    assert isinstance(found, Found)
    assert isinstance(connector.check(attempt(receipt=found.receipt)), Found)
    connector.recall(found.receipt)
    assert isinstance(connector.check(attempt(receipt=found.receipt)), Removed)


def test_a_mass_send_is_found_and_its_address_comes_next_morning(
    make: Make, registered: Register, clock: Clock
) -> None:
    connector = make(registered(), mode="mass")
    attempt = sent(connector, clock)
    clock.later(seconds=5)
    found = connector.check(attempt())
    assert isinstance(found, Found)
    assert (found.receipt.live, found.receipt.url) == (True, "")
    clock.later(hours=36)
    found = connector.check(attempt())
    assert isinstance(found, Found)
    assert "mp.weixin.qq.com" in found.receipt.url
    # Under one id, so that nobody counts it twice.
    listed = connector.history(clock() - timedelta(days=3)).items
    assert [item.external_id for item in listed] == [found.receipt.external_id] == [attempt().receipt.external_id]


def test_after_45065_the_address_and_the_comments_id_come_from_the_statistics(
    make: Make, registered: Register, clock: Clock
) -> None:
    connector = make(registered(), mode="mass")
    attempt = sent(connector, clock)
    msg_id = attempt().receipt.details["msg_id"]
    clock.later(seconds=5)
    assert isinstance(connector.check(attempt()), Found)
    told = Receipt(external_id=msg_id, url="http://mp.weixin.qq.com/s/x", live=True, details={"msg_id": msg_id})
    clock.later(hours=36)
    found = connector.check(attempt(receipt=told))
    assert isinstance(found, Found)
    assert found.receipt.url == told.url
    assert found.receipt.details["msg_data_id"] == attempt().receipt.details["msg_data_id"]
    assert found.receipt.external_id == attempt().receipt.external_id


def test_a_lost_mass_send_that_happened_is_found_in_the_statistics_next_day(
    make: Make, registered: Register, clock: Clock, simulator: SimulatorControl
) -> None:
    connector = make(registered(), mode="mass")
    attempt = lost(connector, clock, simulator, "drop_answer", "mass/sendall")
    clock.later(minutes=40)
    assert isinstance(connector.check(attempt), CannotTell)
    clock.later(hours=36)
    answer = connector.check(attempt)
    assert isinstance(answer, Found)
    assert answer.receipt.details["msg_data_id"]


def test_what_cannot_be_asked_now_cannot_be_told(
    make: Make, registered: Register, clock: Clock, simulator: SimulatorControl, meter: CountingMeter
) -> None:
    connector = make(registered())
    attempt = sent(connector, clock)
    simulator.fault("http_502", path="freepublish/get")
    assert isinstance(connector.check(attempt()), CannotTell)
    simulator.fault("refuse", path="freepublish/get", code=48001, times=1)
    assert isinstance(connector.check(attempt()), CannotTell)
    # What bars the account as a whole, and a limit, are for whoever asked to know.
    simulator.fault("refuse", path="freepublish/get", code=50007, times=1)
    with pytest.raises(NotEntitled):
        connector.check(attempt())
    meter.closed_until["freepublish/get"] = clock.soon
    with pytest.raises(RateLimited) as limited:
        connector.check(attempt())
    assert limited.value.until == clock.soon


@pytest.mark.parametrize(
    ("status", "kind"),
    [("SEND_SUCCESS", Found), ("SENDING", CannotTell), ("SEND_FAIL", Rejected), ("DELETE", Removed), ("?", CannotTell)],
)
def test_the_states_of_a_mass_send(make: Make, odd: Odd, clock: Clock, status: str, kind: type[object]) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"msg_id": 201053012, "msg_status": status})
    connector = make(odd.url, mode="mass")
    payload = connector.adapt(post()).payload
    receipt = Receipt(external_id="201053012", details={"msg_id": "201053012"})
    assert isinstance(connector.check(attempted(payload, Prepared(), clock(), receipt)), kind)


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        ({"publish_status": 0, "article_id": "A"}, Found),
        # The official example of "publishing" has a filled fail_idx.
        ({"publish_status": 1, "fail_idx": [1]}, CannotTell),
        ({"publish_status": "2", "fail_idx": "1"}, Rejected),
        ({"publish_status": 5}, Removed),
        ({"publish_status": 6}, Removed),
        ({"publish_status": 77}, CannotTell),
        ({}, CannotTell),
    ],
)
def test_the_states_of_a_publication(info: dict[str, object], kind: type[object]) -> None:
    assert isinstance(payloads.publish_finding(info), kind)


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        (LINK, True),
        (LINK.replace("https", "http"), True),
        (LINK + "&amp;chksm=1", True),
        ("https://www.qinglan.gov.cn/p/k3v9x2", False),
        ("https://www.qinglan.gov.cn/p/k3v9x2?w=other", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_our_permalink_is_known_by_its_parameter(seen: str, same: bool) -> None:
    assert payloads.same_link(LINK, seen) is same


DAYS = [
    # Sent at 23:59 in Beijing, listed under the next day.
    ([[], [("206227730_1", "通告")]], "206227730"),
    ([[("206227730_1", "通告")], []], "206227730"),
    # Two of the same title: nobody knows which is ours.
    ([[("206227730_1", "通告"), ("206227731_1", "通告")], []], None),
    ([[("206227730_1", "别的")], []], None),
]


@pytest.mark.parametrize(("days", "mid"), DAYS)
def test_an_article_in_the_statistics_is_ours_only_beyond_doubt(
    make: Make, odd: Odd, clock: Clock, days: list[list[tuple[str, str]]], mid: str | None
) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    for rows in days:
        odd.say({"list": [{"msgid": msgid, "title": title, "publish_type": 0} for msgid, title in rows]})
    sent_at = day_start(beijing_day(clock()) - timedelta(days=5)) - timedelta(minutes=1)
    found = article_of_day(make(odd.url).api, sent_at, now=clock(), msg_data_id="", title="通告")
    assert (found.details["msg_data_id"] if found else None) == mid


def test_statistics_of_a_day_that_is_not_ready_are_not_asked(make: Make, odd: Odd, clock: Clock) -> None:
    assert article_of_day(make(odd.url).api, clock(), now=clock(), msg_data_id="1", title="") is None
    assert odd.seen == []


def test_tomorrows_article_of_the_same_title_is_not_ours(make: Make, odd: Odd, clock: Clock) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"list": []})
    odd.say({"list": [{"msgid": "m2_1", "title": "早间天气", "publish_type": 0}]})
    morning = day_start(beijing_day(clock()) - timedelta(days=5)) + timedelta(hours=8)
    assert article_of_day(make(odd.url).api, morning, now=clock(), msg_data_id="", title="早间天气") is None


def test_a_finished_mass_send_is_found_although_the_statistics_fail(make: Make, odd: Odd, clock: Clock) -> None:
    connector = make(odd.url, mode="mass")
    attempt = attempted(
        connector.adapt(post()).payload,
        Prepared(steps={"draft": "d"}, ready=True),
        clock() - timedelta(days=3),
        Receipt(details={"msg_id": "5"}),
    )
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"msg_id": 5, "msg_status": "SEND_SUCCESS"})
    odd.say({"errcode": 48001, "errmsg": "api unauthorized rid: x"})
    answer = connector.check(attempt)
    assert isinstance(answer, Found)
    assert answer.receipt.live


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("send success", Found),
        ("send fail", Rejected),
        ("err(20431)", Rejected),
        ("sending", CannotTell),
        ("", CannotTell),
    ],
)
def test_only_a_known_failure_of_a_mass_send_is_called_one(clock: Clock, status: str, kind: type[object]) -> None:
    assert isinstance(payloads.mass_finding({"MsgID": "5", "Status": status}, clock()), kind)
