"""Whom a mass send goes to: everybody or one tag's people, in payload, hash and call; the tag is looked at before the hour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import ContentRefused
from connectors.values import Adaptation
from tests.connectors.fakes import CountingMeter, SimulatorControl
from tests.connectors.wechat.conftest import GH, Clock, Make, post, prepared

Register = Callable[..., str]


def tagged(number: Any, name: str = "居民", **more: Any) -> dict[str, Any]:
    return {"delivery": {"audience": {"is_to_all": False, "tag_id": number, "tag_name": name, **more}}}


def words(adapted: Adaptation) -> list[str]:
    return [note.message for note in adapted.notes if note.kind == "audience"]


def test_whom_it_goes_to_is_said_and_part_of_what_is_approved(make: Make) -> None:
    everybody, some = make(mode="mass").adapt(post()), make(mode="mass").adapt(post(overrides=tagged(101)))
    assert words(everybody) == ["将群发给全部关注者。"]
    assert words(some) == ["只群发给标签“居民”的关注者，其他关注者收不到。"]
    assert some.payload["delivery"]["audience"] == {"is_to_all": False, "tag_id": 101, "tag_name": "居民"}
    assert some.payload != everybody.payload
    assert words(make().adapt(post())) == []


def test_a_tag_beside_everybody_is_not_shown_as_chosen(make: Make) -> None:
    adapted = make(mode="mass").adapt(post(overrides=tagged(101, is_to_all=True)))
    assert adapted.payload["delivery"]["audience"] == {"is_to_all": True}
    assert words(adapted) == ["将群发给全部关注者。"]


def test_settings_of_another_shape_block_and_break_nothing(make: Make) -> None:
    adapted = make(mode="mass", settings={"audience": "all", "send_ignore_reprint": "yes"}).adapt(post())
    assert "wechat.delivery" in {problem.rule for problem in adapted.problems if problem.severity == "block"}


@pytest.mark.parametrize(
    "audience", [tagged("101"), tagged(True), tagged(101, "长" * 31), tagged(101, 7), tagged(None)]
)  # type: ignore[arg-type]
def test_a_tag_that_is_none_blocks(make: Make, audience: dict[str, Any]) -> None:
    adapted = make(mode="mass").adapt(post(overrides=audience))
    assert "delivery" in {problem.field for problem in adapted.problems if problem.severity == "block"}


def test_only_who_sends_to_many_is_offered_the_choice(make: Make) -> None:
    offered = {mode: "audience" in make(mode=mode).capabilities().offers for mode in ("mass", "publish", "draft")}
    assert offered == {"mass": True, "publish": False, "draft": False}


def test_it_is_sent_to_the_tag_alone(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock, meter: CountingMeter
) -> None:
    connector = make(registered(), mode="mass")
    tag = connector.make_tag("居民")
    payload = connector.adapt(post(overrides=tagged(int(tag.id)))).payload
    done = prepared(connector, payload)
    assert done.steps["audience"] == tag.id
    connector.publish(payload, done, key="k", send_before=clock.soon)
    (sent,) = [item for item in simulator.accepted("wechat", GH) if item["kind"] == "mass"]
    assert sent["payload"]["filter"] == {"is_to_all": False, "tag_id": int(tag.id)}
    assert meter.calls.count("tags/get") == 1


@pytest.mark.parametrize(("name", "told"), [("企业", "现在叫“居民”"), ("没有", "已不存在")])
def test_a_tag_that_was_renamed_or_deleted_is_told_before_the_hour(
    make: Make, registered: Register, name: str, told: str
) -> None:
    connector = make(registered(), mode="mass")
    tag = connector.make_tag("居民")
    number = int(tag.id) if name == "企业" else 999
    payload = connector.adapt(post(overrides=tagged(number, name))).payload
    with pytest.raises(ContentRefused) as caught:
        prepared(connector, payload)
    assert told in caught.value.cause
    assert caught.value.field == "delivery"
