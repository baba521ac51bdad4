"""Quotas come back at midnight in Beijing, a service account's mass sends on the first of the month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import RateLimited
from connectors.wechat.clocks import from_epoch, next_midnight, next_month, retry_at
from connectors.wechat.codes import CODES
from tests.connectors.fakes import Odd
from tests.connectors.wechat.conftest import Clock, Make


def test_midnight_is_beijings() -> None:
    assert next_midnight(datetime(2026, 7, 12, 15, 59, tzinfo=UTC)) == datetime(2026, 7, 12, 16, 0, tzinfo=UTC)
    assert next_midnight(datetime(2026, 7, 12, 16, 0, tzinfo=UTC)) == datetime(2026, 7, 13, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (datetime(2026, 1, 31, 12, 0, tzinfo=UTC), datetime(2026, 1, 31, 16, 0, tzinfo=UTC)),
        (datetime(2026, 12, 5, 0, 0, tzinfo=UTC), datetime(2026, 12, 31, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_months_quota_comes_back_on_the_first(now: datetime, first: datetime) -> None:
    assert next_month(now) == first
    assert retry_at(45028, now, monthly_mass=True) == first
    assert retry_at(48006, now, monthly_mass=False) == first


NOW = datetime(2026, 7, 12, 1, 0, tzinfo=UTC)
MIDNIGHT, FIRST = datetime(2026, 7, 12, 16, 0, tzinfo=UTC), datetime(2026, 7, 31, 16, 0, tzinfo=UTC)
# Every code that says "later", and when later is.
RESETS = {
    42010: NOW + timedelta(seconds=10),
    45009: MIDNIGHT,
    45011: NOW + timedelta(seconds=60),
    45028: MIDNIGHT,
    45066: NOW + timedelta(seconds=60),
    45169: NOW + timedelta(seconds=5),
    48006: FIRST,
    61503: NOW + timedelta(hours=2),
    89506: NOW + timedelta(hours=24),
    89507: NOW + timedelta(hours=1),
}


def test_every_code_that_says_later_has_its_true_hour() -> None:
    assert {code for code, row in CODES.items() if issubclass(row.error, RateLimited)} == set(RESETS)
    assert {code: retry_at(code, NOW, monthly_mass=False) for code in RESETS} == RESETS
    assert retry_at(45028, NOW, monthly_mass=True) == FIRST


@pytest.mark.parametrize("code", sorted(RESETS))
def test_the_error_carries_the_hour(make: Make, odd: Odd, clock: Clock, code: int) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"errcode": code, "errmsg": "later rid: 617682e0-09059ac5-34a8e2ea"})
    with pytest.raises(RateLimited) as caught:
        make(odd.url, settings={"kind": "service"}).api.post("/cgi-bin/draft/get", {"media_id": "m"})
    assert caught.value.until == retry_at(code, clock(), monthly_mass=True)
    assert caught.value.rid == "617682e0-09059ac5-34a8e2ea"


def test_times_are_read_from_numbers_and_text() -> None:
    assert from_epoch("1481013459") == from_epoch(1481013459) == datetime(2016, 12, 6, 8, 37, 39, tzinfo=UTC)
    for junk in ("", None, "soon", "9" * 30):
        with pytest.raises(ValueError):
            from_epoch(junk)
