"""Apps with more rights: update and upload, and the business interfaces."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.errors import NotEntitled, OutcomeUnknown, Unavailable
from connectors.values import Attempted, CannotTell, Content, Found, Prepared, Receipt, Removed
from tests.connectors.contract import prepare_all
from tests.connectors.fakes import CountingMeter, MemoryMedia, Odd, SimulatorControl
from tests.connectors.weibo.conftest import UID, Clock, Make, register


@pytest.mark.parametrize(("pictured", "call"), [(True, "statuses/upload"), (False, "statuses/update")])
def test_full_publishes_with_its_own_key(
    simulator: SimulatorControl,
    make: Make,
    content: Content,
    clock: Clock,
    meter: CountingMeter,
    pictured: bool,
    call: str,
) -> None:
    register(simulator, level="full")
    connector = make(simulator.url, mode="full")
    payload = connector.adapt(content if pictured else replace(content, cover=None)).payload
    assert payload["delivery"] == {"mode": call}
    connector.publish(payload, prepare_all(connector, payload), key="key-7", send_before=clock.soon)
    [item] = simulator.accepted("weibo", UID)
    assert json.loads(item["payload"]["annotations"]) == [{"client_mblogid": "key-7"}]
    assert len(item["images"]) == int(pictured)
    assert meter.calls == [call]


def test_our_key_finds_it_again_without_a_link(
    simulator: SimulatorControl, make: Make, content: Content, clock: Clock
) -> None:
    register(simulator, level="full")
    connector = make(simulator.url, mode="full")
    payload = connector.adapt(replace(content, link="")).payload
    simulator.fault("drop_answer", path="statuses/upload")
    with pytest.raises(OutcomeUnknown):
        connector.publish(payload, Prepared(ready=True), key="key-7", send_before=clock.soon)
    attempted = Attempted(key="key-7", payload=payload, prepared=Prepared(), sent_at=clock.now)
    assert isinstance(connector.check(attempted), Found)


def test_business_uploads_nine_and_publishes_once(
    simulator: SimulatorControl, make: Make, content: Content, clock: Clock, media: MemoryMedia
) -> None:
    register(simulator, level="business")
    connector = make(simulator.url, mode="business")
    body = "".join(f'<img src="/media/{sha256}">' for sha256 in media.images)
    payload = connector.adapt(replace(content, body_html=body)).payload
    assert len(payload["images"]) == 7
    prepared = prepare_all(connector, payload)
    assert simulator.accepted("weibo", UID) == []
    receipt = connector.publish(payload, prepared, key="k", send_before=clock.soon)
    [item] = simulator.accepted("weibo", UID)
    assert item["images"] == [image["sha256"] for image in payload["images"]]
    assert item["payload"]["is_longtext"] == "0"
    assert receipt.live


def test_a_failed_upload_repeats_only_itself(
    simulator: SimulatorControl, make: Make, content: Content, media: MemoryMedia, meter: CountingMeter
) -> None:
    register(simulator, level="business")
    connector = make(simulator.url, mode="business")
    body = "".join(f'<img src="/media/{sha256}">' for sha256 in list(media.images)[:3])
    payload = connector.adapt(replace(content, cover=None, body_html=body)).payload
    first = connector.prepare(payload, Prepared())
    assert not first.ready
    simulator.fault("http_502", path="upload_pic")
    with pytest.raises(Unavailable):
        connector.prepare(payload, first)
    prepare_all(connector, payload, first)
    assert meter.calls.count("statuses/upload_pic/biz") == 4


def test_business_long_text(simulator: SimulatorControl, make: Make, content: Content, clock: Clock) -> None:
    register(simulator, level="business")
    connector = make(simulator.url, mode="business")
    summary = "市水务局今天通报供水情况。" * 40
    adaptation = connector.adapt(replace(content, cover=None, summary=summary))
    assert summary in str(adaptation.payload["text"])
    assert (adaptation.notes, adaptation.problems) == ((), ())
    receipt = connector.publish(adaptation.payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert simulator.accepted("weibo", UID)[0]["payload"]["is_longtext"] == "1"
    attempted = Attempted(
        key="other", payload=adaptation.payload, prepared=Prepared(), sent_at=clock.now, receipt=receipt
    )
    assert isinstance(connector.check(attempted), Found)
    assert isinstance(connector.check(replace(attempted, receipt=None)), Found)


def test_a_level_that_the_app_has_not_is_named(
    simulator: SimulatorControl, make: Make, content: Content, clock: Clock
) -> None:
    register(simulator, level="share")
    connector = make(simulator.url, mode="full")
    with pytest.raises(NotEntitled) as caught:
        connector.publish(connector.adapt(content).payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert caught.value.code == "10014"


def test_full_can_delete(simulator: SimulatorControl, make: Make, content: Content, clock: Clock) -> None:
    register(simulator, level="full")
    connector = make(simulator.url, mode="full")
    receipt = connector.publish(connector.adapt(content).payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert connector.capabilities().recall == "api"
    connector.recall(receipt)
    connector.recall(receipt)
    assert connector.history(clock.now.replace(year=2020)).items == ()


@pytest.mark.parametrize(("mode", "images", "limit"), [("share", 1, 140), ("full", 1, 140), ("business", 9, 1999)])
def test_capabilities_by_level(make: Make, mode: str, images: int, limit: int) -> None:
    found = make(mode=mode).capabilities()
    assert (found.max_images, found.limits[0].limit, found.needs_link) == (images, limit, mode == "share")
    assert found.publish_quota in {quota.key for quota in found.quotas}


def test_quotas_are_settings(make: Make) -> None:
    found = make(settings={"quotas": {"daily_calls": 150}}).capabilities()
    assert {quota.key: quota.limit for quota in found.quotas} == {"daily_calls": 150, "statuses/share": 30}


def test_the_article_right(make: Make) -> None:
    assert "article" in {one.key for one in make().capabilities().missing}
    assert "article" not in {one.key for one in make(settings={"rights": ["article"]}).capabilities().missing}


def test_business_reads_back_by_its_own_interface(
    simulator: SimulatorControl, make: Make, content: Content, clock: Clock, meter: CountingMeter
) -> None:
    register(simulator, level="business")
    connector = make(simulator.url, mode="business")
    long = "".join(f"第{number}条，按时办结并公开结果。" for number in range(60))
    payload = connector.adapt(replace(content, overrides={"text": long})).payload
    prepared = prepare_all(connector, payload)
    receipt = connector.publish(payload, prepared, key="k", send_before=clock.soon)
    attempted = Attempted(key="k", payload=payload, prepared=prepared, sent_at=clock.now, receipt=receipt)
    meter.calls.clear()
    assert isinstance(connector.check(attempted), Found)
    assert meter.calls == ["statuses/show_batch/biz"]
    # Unknown to the batch, and to statuses/show by its code: at first it may only be late, then it is gone.
    gone = replace(attempted, receipt=replace(receipt, external_id="1"))
    meter.calls.clear()
    assert isinstance(connector.check(gone), CannotTell)
    assert meter.calls == ["statuses/show_batch/biz", "statuses/show"]
    clock.now += timedelta(minutes=4)
    assert isinstance(connector.check(gone), Removed)


@pytest.mark.parametrize("mode", ["share", "full", "business"])
@pytest.mark.parametrize(
    "answer",
    [{}, [], {"states": [], "total_number": 0}, {"total_number": 1, "result": []}, {"statuses": None}],
)
def test_an_odd_answer_removes_nothing(make: Make, odd: Odd, clock: Clock, mode: str, answer: object) -> None:
    odd.say(answer)
    connector = make(odd.url, mode=mode)
    assert isinstance(connector.check(_published_an_hour_ago(clock)), CannotTell)


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ({"idstr": "51", "text": "x", "user": {"idstr": UID}}, Found),
        ({"error": "target weibo does not exist!", "error_code": 20101}, Removed),
        ({"error": "no permission", "error_code": 10014}, CannotTell),
        ({}, CannotTell),
    ],
)
def test_what_the_batch_lacks_is_looked_at_again(
    make: Make, odd: Odd, clock: Clock, second: object, found: type[object]
) -> None:
    odd.say({"statuses": [], "total_number": 0})
    odd.say(second)
    connector = make(odd.url, mode="business")
    assert isinstance(connector.check(_published_an_hour_ago(clock)), found)


def _published_an_hour_ago(clock: Clock) -> Attempted:
    payload = {"text": "x", "link": "", "images": [], "delivery": {}}
    receipt = Receipt(external_id="51", live=True)
    sent_at = clock.now - timedelta(hours=1)
    return Attempted(key="k", payload=payload, prepared=Prepared(), sent_at=sent_at, receipt=receipt)


def test_a_full_app_with_the_further_interfaces_publishes_nine(
    simulator: SimulatorControl, make: Make, content: Content, clock: Clock, media: MemoryMedia, meter: CountingMeter
) -> None:
    register(simulator, level="full")
    connector = make(simulator.url, mode="full", settings={"upload_pic": True})
    body = "".join(f'<img src="/media/{sha256}">' for sha256 in media.images)
    payload = connector.adapt(replace(content, body_html=body)).payload
    assert payload["delivery"] == {"mode": "statuses/upload_url_text"}
    assert "images" not in {missing.key for missing in connector.capabilities().missing}
    prepared = prepare_all(connector, payload)
    assert simulator.accepted("weibo", UID) == []
    connector.publish(payload, prepared, key="key-9", send_before=clock.soon)
    [item] = simulator.accepted("weibo", UID)
    assert len(item["images"]) == len(payload["images"]) == 7
    assert json.loads(item["payload"]["annotations"]) == [{"client_mblogid": "key-9"}]
    assert meter.calls == ["statuses/upload_pic"] * 7 + ["statuses/upload_url_text"]


def test_a_full_app_without_them_says_so_at_preparing(
    simulator: SimulatorControl, make: Make, content: Content
) -> None:
    register(simulator)
    connector = make(simulator.url, mode="full", settings={"upload_pic": True})
    payload = connector.adapt(content).payload
    with pytest.raises(NotEntitled) as caught:
        prepare_all(connector, payload)
    assert caught.value.code == "10014"
