"""Times that no calendar reaches in some time zone, and numbers longer than any list, are refused in words."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from marshmallow import ValidationError

from app.accounts.forms import _expiry
from app.accounts.reading import local_time
from app.audit.views import _midnight
from app.errors import Invalid
from app.inbox.desk_views import _moment as desk_moment
from app.publishing.calendar_views import instant
from app.publishing.views import local_time as schedule_time
from app.review.chain_views import _edited
from app.review.deputy_views import _moment as deputy_moment
from app.schemas import AwareTime
from app.storable import moment

SHANGHAI = ZoneInfo("Asia/Shanghai")
FARTHEST = ("0001-01-01T00:00:00+08:00", "9999-12-31T23:00:00-08:00")


def test_a_moment_has_an_hour_everywhere() -> None:
    assert moment("2026-07-12T16:40:00+08:00") == datetime(2026, 7, 12, 8, 40, tzinfo=UTC)
    assert moment("2026-07-12T16:40", SHANGHAI) == datetime(2026, 7, 12, 8, 40, tzinfo=UTC)
    assert moment("2026-07-12T16:40").tzinfo is None
    for text in (*FARTHEST, "0001-01-01", "9999-12-31", "x"):
        with pytest.raises(ValueError):
            moment(text, SHANGHAI)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", FARTHEST)
def test_every_door_refuses_it(app: Flask, text: str) -> None:
    with pytest.raises(ValidationError, match="时间格式不对"):
        AwareTime().deserialize(text)
    assert "时间格式不对" in _expiry(text)
    assert local_time(text, "America/New_York" if text.startswith("0") else "Asia/Shanghai") == ""
    assert instant(text) is None
    with app.test_request_context("/", method="POST", data={"starts_at": text}):
        for door in (
            lambda: deputy_moment("starts_at"),
            lambda: desk_moment(text, "due_at"),
            lambda: schedule_time(text),
        ):
            with pytest.raises(Invalid):
                door()
        for day in ("0001-01-01", "9999-12-31"):
            with pytest.raises(Invalid):
                _midnight(day, days=1)


def test_a_place_of_five_thousand_digits_is_no_place() -> None:
    rows = [{"name": "初审"}, {"name": "终审"}]
    for edit in ("remove:", "up:", "down:"):
        assert _edited(list(rows), edit + "9" * 5000) == rows
