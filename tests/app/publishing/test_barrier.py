"""May it go now? The barrier alone, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.publishing.barrier import GRACE, Go, Hold, Rules, Wait, judge

AT = datetime(2026, 7, 12, 1, 0, tzinfo=UTC)


@dataclass
class Side:
    id: str = "b"
    status: str = "ready"
    released: bool = False
    due_at: datetime = AT
    live_at: datetime | None = None


ME = Side(id="a")


def rules(first: str = "", proceed: bool = False, prepare_from: datetime = AT - timedelta(seconds=600)) -> Rules:
    return Rules(
        first=frozenset({first} if first else ()),
        proceed=proceed,
        publish_at=AT,
        prepare_from=prepare_from,
        partner_wait=timedelta(seconds=2700),
    )


@pytest.mark.parametrize("status", ["ready", "committing", "processing", "published", "unknown", "handed_over"])
def test_together_goes_when_the_partner_is_ready_or_gone(status: str) -> None:
    assert judge(ME, [Side(status=status)], rules(), AT) == Go()


@pytest.mark.parametrize("status", ["failed", "held", "missed"])
def test_a_partner_that_cannot_go_holds_or_not(status: str) -> None:
    assert isinstance(judge(ME, [Side(status=status)], rules(), AT), Hold)
    assert judge(ME, [Side(status=status)], rules(proceed=True), AT) == Go()


@pytest.mark.parametrize("status", ["scheduled", "preparing"])
def test_a_partner_not_ready_at_the_hour(status: str) -> None:
    assert isinstance(judge(ME, [Side(status=status)], rules(), AT), Hold)
    assert judge(ME, [Side(status=status)], rules(proceed=True), AT) == Go()


@pytest.mark.parametrize("proceed", [True, False])
def test_a_late_start_gives_the_partner_time_to_get_ready(proceed: bool) -> None:
    late = rules(proceed=proceed, prepare_from=AT)
    assert judge(ME, [Side(status="preparing")], late, AT) == Wait(why="等待另一渠道准备完成。", until=AT + GRACE)
    assert not isinstance(judge(ME, [Side(status="preparing")], late, AT + GRACE), Wait)


def test_a_released_one_waits_for_nobody() -> None:
    assert judge(Side(id="a", released=True), [Side(status="failed")], rules(first="b"), AT) == Go()


def test_the_second_waits_until_the_first_is_live() -> None:
    ordered = rules(first="b")
    assert isinstance(judge(ME, [Side(status="processing")], ordered, AT), Wait)
    live = AT + timedelta(minutes=9)
    assert judge(ME, [Side(status="published", live_at=live)], ordered, live) == Go(late_from=live)


def test_the_first_does_not_wait_for_the_second() -> None:
    assert judge(Side(id="b"), [Side(id="a")], rules(first="b"), AT) == Go()


def test_the_second_gives_a_person_time_to_publish_the_first_by_hand() -> None:
    for proceed in (True, False):
        ordered = rules(first="b", proceed=proceed)
        assert isinstance(judge(ME, [Side(status="handed_over")], ordered, AT), Wait)
        end = AT + timedelta(seconds=2700)
        assert isinstance(judge(ME, [Side(status="handed_over")], ordered, end), Go if proceed else Hold)


@pytest.mark.parametrize("status", ["unknown", "removed"])
def test_a_first_that_is_not_sure_holds_the_second_or_not(status: str) -> None:
    assert isinstance(judge(ME, [Side(status=status)], rules(first="b"), AT), Hold)
    assert isinstance(judge(ME, [Side(status=status)], rules(first="b", proceed=True), AT), Go)


def test_the_second_does_not_wait_for_ever() -> None:
    end = AT + timedelta(seconds=2700)
    assert isinstance(judge(ME, [Side(status="processing")], rules(first="b"), end), Hold)
    assert judge(ME, [Side(status="processing")], rules(first="b", proceed=True), end) == Go(late_from=end)
