"""The code table is complete, and every row tells a person what happened and what to do."""

from __future__ import annotations

import re

import pytest

from connectors.errors import ContentRefused, NotEntitled, OutcomeUnknown
from connectors.weibo import codes
from tests.connectors.fakes import FIXTURES

LINES = [line for line in (FIXTURES / "weibo-codes.txt").read_text().splitlines() if line and not line.startswith("#")]
ORDINARY = [line for line in LINES if not line.startswith("article ")]
ARTICLE = [line.removeprefix("article ") for line in LINES if line.startswith("article ")]


@pytest.mark.parametrize("code", [code for code in ORDINARY if code != codes.SLOW_SUCCESS])
def test_every_documented_code_has_a_row(code: str) -> None:
    row = codes.look_up(code.replace("xx", "01"))
    assert row is not None
    for words in (row.cause, row.remedy, row.who):
        assert re.search(r"[\u4e00-\u9fff]", words), (code, words)


@pytest.mark.parametrize("code", [code for code in ARTICLE if code != codes.ARTICLE_SUCCESS])
def test_every_article_code_has_a_row(code: str) -> None:
    assert code in codes.ARTICLE_CODES


def test_20032_is_no_error() -> None:
    assert codes.look_up("20032") is None


def test_no_row_is_unknown_to_the_document() -> None:
    assert set(codes.CODES) <= set(ORDINARY)


@pytest.mark.parametrize("code", ["20017", "20019", "20111", "20306"])
def test_a_twin_is_unknown_not_failed(code: str) -> None:
    row = codes.look_up(code)
    assert row is not None
    assert row.error is OutcomeUnknown


def test_10017_has_two_causes() -> None:
    unfound = codes.look_up("10017", "text not find domain!")
    unbound = codes.look_up("10017", "Appkey NOT bind domain")
    assert unfound is not None
    assert (unfound.error, unfound.field) == (ContentRefused, "link")
    assert unbound is not None
    assert (unbound.error, unbound.right) == (NotEntitled, "safe_domain")


def test_a_number_of_nobody() -> None:
    assert codes.look_up("29999") is None
    assert codes.look_up("2061") is None
