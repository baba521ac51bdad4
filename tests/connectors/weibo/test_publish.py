"""Publishing at level share: what the platform got, and each refusal as what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.errors import (
    ConnectorError,
    ContentRefused,
    CredentialsRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from connectors.values import Attempted, CannotTell, Content, Exchange, Found, Image, Prepared, Receipt, Removed
from connectors.weibo.connector import WeiboConnector
from tests.connectors.contract import prepare_all
from tests.connectors.fakes import CountingMeter, Odd, SimulatorControl
from tests.connectors.weibo.conftest import LINK, UID, Clock, Make, register

Publish = Callable[..., Receipt]


@pytest.fixture
def publish(weibo: WeiboConnector, clock: Clock) -> Publish:
    def run(content: Content) -> Receipt:
        payload = weibo.adapt(content).payload
        return weibo.publish(payload, prepare_all(weibo, payload), key="key-1", send_before=clock.soon)

    return run


def attempt(weibo: WeiboConnector, content: Content, clock: Clock, receipt: Receipt | None = None) -> Attempted:
    payload = weibo.adapt(content).payload
    return Attempted(key="key-1", payload=payload, prepared=Prepared(ready=True), sent_at=clock.now, receipt=receipt)


def test_what_arrives_is_what_was_adapted(
    weibo: WeiboConnector, publish: Publish, content: Content, picture: Image, simulator: SimulatorControl
) -> None:
    receipt = publish(content)
    [item] = simulator.accepted("weibo", UID)
    assert item["payload"]["status"] == weibo.adapt(content).payload["text"]
    assert item["payload"]["rip"] == "211.156.0.1"
    assert item["images"] == [picture.sha256]
    assert set(item["payload"]) == {"status", "rip"}
    assert receipt.live
    assert receipt.external_id == item["id"]
    assert receipt.url.startswith(f"https://weibo.com/{UID}/")
    assert receipt.details == {"mid": item["id"]}


def test_text_without_a_picture_is_a_plain_form(
    publish: Publish, content: Content, simulator: SimulatorControl, meter: CountingMeter
) -> None:
    publish(replace(content, cover=None))
    assert simulator.accepted("weibo", UID)[0]["images"] == []
    assert meter.calls == ["statuses/share"]


def test_text_is_encoded_once(publish: Publish, content: Content, odd: Odd, make: Make, clock: Clock) -> None:
    odd.fixture("weibo", "share_response_doc.json")
    connector = make(odd.url)
    payload = connector.adapt(replace(content, title="100% 安全&甲+乙", cover=None)).payload
    connector.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)
    body = odd.seen[0][3]
    assert b"100%25+" in body
    assert b"%25E" not in body


def test_evidence_holds_no_token(publish: Publish, content: Content, exchanges: list[Exchange]) -> None:
    publish(content)
    assert exchanges
    assert "tok-1" not in repr(exchanges)
    assert exchanges[0].url == "https://api.weibo.com/2/statuses/share.json"


def test_the_operators_address_of_a_live_account(make: Make, odd: Odd, content: Content, clock: Clock) -> None:
    odd.fixture("weibo", "share_response_doc.json")
    connector = make(odd.url, environment="live", operator_ip="8.8.4.4")
    payload = connector.adapt(replace(content, cover=None)).payload
    connector.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert b"rip=8.8.4.4" in odd.seen[0][3]


def test_without_an_operators_address_nothing_is_sent(make: Make, odd: Odd, content: Content, clock: Clock) -> None:
    connector = make(odd.url, environment="live", operator_ip="192.168.0.9")
    payload = connector.adapt(content).payload
    with pytest.raises(NotEntitled, match="TANDEM_EGRESS_IP"):
        connector.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert odd.seen == []


def test_the_official_sample_gives_text_ids(make: Make, odd: Odd, content: Content, clock: Clock) -> None:
    odd.fixture("weibo", "share_response_doc.json")
    connector = make(odd.url)
    receipt = connector.publish(connector.adapt(content).payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert receipt.external_id == "3504803600502730"
    assert receipt.url == f"https://weibo.com/{UID}/z20XK26My"
    # The sample is visible to a group only.
    assert not receipt.live


def test_the_same_again_is_unknown_and_found(
    weibo: WeiboConnector, publish: Publish, content: Content, clock: Clock, simulator: SimulatorControl
) -> None:
    first = publish(content)
    with pytest.raises(OutcomeUnknown) as caught:
        publish(content)
    assert caught.value.code == "20019"
    finding = weibo.check(attempt(weibo, content, clock))
    assert isinstance(finding, Found)
    assert finding.receipt.external_id == first.external_id


def test_slow_success_is_found_later(
    weibo: WeiboConnector, publish: Publish, content: Content, clock: Clock, simulator: SimulatorControl
) -> None:
    simulator.fault("slow_success", path="statuses/share")
    receipt = publish(content)
    assert (receipt.external_id, receipt.live, receipt.details) == ("", False, {"slow": "1"})
    finding = weibo.check(attempt(weibo, content, clock, receipt))
    assert isinstance(finding, Found)
    assert finding.receipt.external_id == simulator.accepted("weibo", UID)[0]["id"]


def test_a_link_of_another_domain_is_refused_by_name(
    simulator: SimulatorControl, publish: Publish, content: Content
) -> None:
    register(simulator, safe_domain="other.example")
    with pytest.raises(ContentRefused) as caught:
        publish(content)
    assert (caught.value.code, caught.value.field) == ("10017", "link")


def test_an_app_without_a_domain_must_be_set_up(
    simulator: SimulatorControl, publish: Publish, content: Content
) -> None:
    register(simulator, safe_domain="")
    with pytest.raises(NotEntitled, match="安全域名"):
        publish(content)


def test_thirty_an_hour_is_a_limit_with_an_end(
    simulator: SimulatorControl, publish: Publish, content: Content, clock: Clock
) -> None:
    register(simulator, quotas={"publish_per_hour": 1})
    publish(content)
    with pytest.raises(RateLimited) as caught:
        publish(replace(content, title="另一条"))
    assert caught.value.until is not None
    assert timedelta(0) < caught.value.until - clock.now <= timedelta(hours=1)


def test_a_used_up_day_ends_at_midnight_of_beijing(
    simulator: SimulatorControl, publish: Publish, content: Content, clock: Clock
) -> None:
    simulator.fault("exhaust_quota", path="statuses/share")
    with pytest.raises(RateLimited) as caught:
        publish(content)
    assert caught.value.code == "10023"
    assert caught.value.until is not None
    assert clock.now < caught.value.until <= clock.now + timedelta(days=1)


def test_our_own_budget_stops_before_the_call(
    weibo: WeiboConnector, content: Content, clock: Clock, meter: CountingMeter, simulator: SimulatorControl
) -> None:
    meter.closed_until["statuses/share"] = clock.soon
    with pytest.raises(RateLimited):
        weibo.publish(weibo.adapt(content).payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert simulator.requests() == []


@pytest.mark.parametrize("code", [20017, 20111, 10001, 10011])
def test_maybe_done_is_never_called_failed(
    simulator: SimulatorControl, publish: Publish, content: Content, code: int
) -> None:
    simulator.fault("refuse", code=code, path="statuses/share")
    with pytest.raises(OutcomeUnknown):
        publish(content)


@pytest.mark.parametrize("kind", ["reset", "drop_answer"])
def test_a_broken_line_after_sending_is_unknown(
    simulator: SimulatorControl, publish: Publish, content: Content, kind: str
) -> None:
    simulator.fault(kind, path="statuses/share")
    with pytest.raises(OutcomeUnknown):
        publish(content)


def test_preparing_fails_on_a_lost_picture(weibo: WeiboConnector, content: Content, media: object) -> None:
    payload = {**weibo.adapt(content).payload, "images": [{"media_id": "x", "sha256": "0" * 64}]}
    with pytest.raises(ContentRefused) as caught:
        weibo.prepare(payload, Prepared())
    assert caught.value.field == "images"


def test_a_payload_of_another_level_is_refused_here(weibo: WeiboConnector, content: Content, clock: Clock) -> None:
    payload = {**weibo.adapt(content).payload, "delivery": {"mode": "statuses/update"}}
    with pytest.raises(NotEntitled):
        weibo.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)


# Looking again


def test_deleted_by_hand_is_removed(
    weibo: WeiboConnector, publish: Publish, content: Content, clock: Clock, simulator: SimulatorControl, make: Make
) -> None:
    receipt = publish(content)
    register(simulator, level="full")
    make(simulator.url, mode="full").recall(receipt)
    just_now = attempt(weibo, content, clock, receipt)
    assert isinstance(weibo.check(just_now), CannotTell)
    finding = weibo.check(replace(just_now, sent_at=clock.now - timedelta(hours=1)))
    assert isinstance(finding, Removed)


@pytest.mark.parametrize(
    "status",
    [
        {"id": 1, "idstr": "51", "text": "抱歉，此微博已被作者删除。查看帮助：http://t.cn/zWSudZc", "deleted": "1"},
        {"idstr": "51", "text": "抱歉，由于作者设置，你暂时没有这条微博的查看权限哦。"},
        {"idstr": "51", "text": "x", "user": {"idstr": UID}, "visible": {"type": 1, "list_id": 0}},
        {"idstr": "51", "text": "x", "user": {"idstr": UID}, "visible": {"type": "1"}},
    ],
)
def test_a_hidden_or_deleted_stub_is_removed(
    make: Make, odd: Odd, content: Content, clock: Clock, status: dict[str, object]
) -> None:
    odd.say(status)
    connector = make(odd.url)
    finding = connector.check(attempt(connector, content, clock, Receipt(external_id="51", live=True)))
    assert isinstance(finding, Removed)


def test_a_deleted_stub_in_the_list_breaks_nothing(make: Make, odd: Odd, content: Content, clock: Clock) -> None:
    stub = {"created_at": "Mon Oct 19 01:08:38 +0800 2015", "idstr": "51", "text": "抱歉，此微博", "deleted": "1"}
    odd.say({"statuses": [stub, "junk", {"idstr": "52"}, None]})
    connector = make(odd.url)
    assert isinstance(connector.check(attempt(connector, content, clock)), CannotTell)
    [item] = connector.history(clock.now - timedelta(days=9000)).items
    assert (item.external_id, item.deleted) == ("51", True)


def test_without_addresses_the_words_and_the_time_tell(make: Make, odd: Odd, content: Content, clock: Clock) -> None:
    connector = make(odd.url)
    text = str(connector.adapt(content).payload["text"]).replace(LINK, "http://t.cn/A6xyz")
    status = {
        "idstr": "5100000000000001",
        "text": text,
        "user": {"idstr": UID},
        "created_at": clock.now.strftime("%a %b %d %H:%M:%S +0000 %Y"),
    }
    odd.say({"statuses": [status]})
    assert isinstance(connector.check(attempt(connector, content, clock)), Found)
    earlier = {**status, "created_at": "Mon Oct 19 01:08:38 +0800 2015"}
    odd.answers.clear()
    odd.say({"statuses": [earlier]})
    assert isinstance(connector.check(attempt(connector, content, clock)), CannotTell)
    another = {**status, "url_objects": [{"url_ori": LINK + "x"}]}
    odd.answers.clear()
    odd.say({"statuses": [another]})
    assert isinstance(connector.check(attempt(connector, content, clock)), CannotTell)


def test_the_rhythm_of_asking(weibo: WeiboConnector, content: Content, clock: Clock) -> None:
    seconds = []
    for asked in range(7):
        finding = weibo.check(replace(attempt(weibo, content, clock), asked=asked))
        assert isinstance(finding, CannotTell)
        assert finding.next_at is not None
        seconds.append((finding.next_at - clock.now).total_seconds())
    assert seconds == [10, 30, 60, 180, 600, 1800, 1800]


def test_a_scope_that_was_not_agreed_to_says_nothing_of_the_account(
    weibo: WeiboConnector, content: Content, clock: Clock, simulator: SimulatorControl
) -> None:
    """10032 is about this call: others go on, so nobody is told to connect the account before anything works."""
    simulator.fault("refuse", code=10032, path="user_timeline", times=-1)
    finding = weibo.check(attempt(weibo, content, clock))
    assert isinstance(finding, CannotTell)
    assert finding.by_person
    assert "全部授权项" in finding.reason
    with pytest.raises(NotEntitled) as caught:
        weibo.history(clock.now)
    assert not caught.value.whole


def test_a_check_without_the_right_or_quota_says_why(
    weibo: WeiboConnector, content: Content, clock: Clock, simulator: SimulatorControl
) -> None:
    simulator.fault("refuse", code=10014, path="user_timeline")
    finding = weibo.check(attempt(weibo, content, clock))
    assert isinstance(finding, CannotTell)
    assert "核实" in finding.reason
    assert finding.next_at is not None
    # What is said of the account as a whole is for the ledger and the account's health.
    for kind, error in (("exhaust_quota", RateLimited), ("expire_token", CredentialsRefused)):
        simulator.clear_faults()
        simulator.fault(kind, path="user_timeline")
        with pytest.raises(error):
            weibo.check(attempt(weibo, content, clock))


def test_without_statuses_show_the_newest_are_looked_through(
    weibo: WeiboConnector, publish: Publish, content: Content, clock: Clock, simulator: SimulatorControl
) -> None:
    receipt = publish(content)
    register(simulator, denied=["statuses/show"])
    finding = weibo.check(attempt(weibo, content, clock, receipt))
    assert isinstance(finding, Found)
    assert finding.receipt.external_id == receipt.external_id


def test_level_share_cannot_delete(weibo: WeiboConnector, publish: Publish, content: Content) -> None:
    receipt = publish(content)
    assert weibo.capabilities().recall == "manual"
    with pytest.raises(NotEntitled, match="手动删除"):
        weibo.recall(receipt)


def test_history_is_newest_first_and_five(
    weibo: WeiboConnector, publish: Publish, content: Content, clock: Clock
) -> None:
    ids = [publish(replace(content, title=f"第{number}条", link=f"{LINK}{number}")).external_id for number in range(6)]
    page = weibo.history(clock.now - timedelta(hours=1))
    items = page.items
    assert page.complete_since == items[-1].published_at
    assert {item.external_id for item in items} == set(ids[1:])
    assert [item.published_at for item in items] == sorted((item.published_at for item in items), reverse=True)
    assert weibo.history(clock.now + timedelta(hours=1)).items == ()


def test_figures_are_numbers_although_weibo_sends_text(
    weibo: WeiboConnector, publish: Publish, content: Content, simulator: SimulatorControl
) -> None:
    receipt = publish(content)
    simulator.comment("weibo", UID, receipt.external_id, "好")
    [figures] = weibo.figures([receipt, Receipt(external_id="4999999999999999"), Receipt()])
    assert (figures.external_id, figures.comments, figures.reads) == (receipt.external_id, 1, None)


def test_a_platform_error_is_in_the_tree(weibo: WeiboConnector, simulator: SimulatorControl, clock: Clock) -> None:
    simulator.fault("http_502", times=-1)
    with pytest.raises(ConnectorError) as caught:
        weibo.history(clock.now)
    assert isinstance(caught.value, Unavailable)
