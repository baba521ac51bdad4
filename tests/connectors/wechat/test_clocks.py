"""Quotas come back at midnight in Beijing, a service account's mass sends on the first of the month."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.wechat.clocks import from_epoch, next_midnight, next_month, retry_at


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


def test_times_are_read_from_numbers_and_text() -> None:
    assert from_epoch("1481013459") == from_epoch(1481013459) == datetime(2016, 12, 6, 8, 37, 39, tzinfo=UTC)
    for junk in ("", None, "soon", "9" * 30):
        with pytest.raises(ValueError):
            from_epoch(junk)
