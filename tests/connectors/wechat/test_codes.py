"""Every code of the platform's documentation is in the table, in Chinese, with somebody who must act."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.errors import OutcomeUnknown, RateLimited, Unavailable
from connectors.values import Json
from connectors.wechat.codes import CODES
from tests.connectors.fakes import FIXTURES
from tests.connectors.wechat.conftest import Make

LISTED = [int(line) for line in (Path(FIXTURES) / "wechat-codes.txt").read_text(encoding="utf-8").split()]


@pytest.mark.parametrize("code", LISTED)
def test_every_documented_code_has_a_row(code: int) -> None:
    row = CODES[code]
    for text in (row.cause, row.remedy, row.who):
        assert any("\u4e00" <= char <= "\u9fff" for char in text)


@pytest.mark.parametrize("code", [-1, 9500001, 9500002, 268487001, 268487002, 268488001, 45066, 45065, 88005])
def test_codes_that_may_hide_a_success_are_unknown_on_a_write(make: Make, code: int) -> None:
    assert isinstance(make().api.error_for(code, "system error", write=True), OutcomeUnknown)


def test_busy_on_a_read_is_unavailable(make: Make) -> None:
    assert isinstance(make().api.error_for(-1, "system error", write=False), Unavailable)


@pytest.mark.parametrize("code", [None, 0x7FFFFFFF, 12345])
def test_an_unknown_code_is_unknown_on_a_write_and_unavailable_on_a_read(make: Make, code: int | None) -> None:
    written = make().api.error_for(code, "something new rid: 1234-abcd", write=True)
    assert isinstance(written, OutcomeUnknown)
    assert (written.code, written.rid) == (str(code), "1234-abcd")
    assert isinstance(make().api.error_for(code, "", write=False), Unavailable)


@pytest.mark.parametrize(
    ("code", "settings", "hours"),
    [
        (45009, {}, (0, 24)),
        (45011, {}, (0, 0.02)),
        (45028, {"kind": "subscription"}, (0, 24)),
        (89506, {}, (24, 24.01)),
        (89507, {}, (1, 1.01)),
    ],
)
def test_limits_say_until_when(make: Make, code: int, settings: Json, hours: tuple[float, float]) -> None:
    connector = make(settings=settings)
    error = connector.api.error_for(code, "limit", write=True)
    assert isinstance(error, RateLimited)
    assert error.until is not None
    waits = (error.until - connector.clock()).total_seconds() / 3600
    assert hours[0] <= waits <= hours[1]
