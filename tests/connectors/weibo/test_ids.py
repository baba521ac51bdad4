"""Ids stay text; mids become addresses."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from connectors.weibo import ids, times
from tests.connectors.fakes import FIXTURES


def test_idstr_wins_over_the_rounded_id_of_the_official_sample() -> None:
    status = json.loads((FIXTURES / "weibo" / "share_response_doc.json").read_text())
    assert ids.id_of(status) == "3504803600502730"


def test_an_18_digit_mid_survives() -> None:
    status = json.loads((FIXTURES / "weibo" / "user_timeline_doc.json").read_text())["statuses"][0]
    assert (ids.id_of(status), ids.mid_of(status)) == ("11488058246", "5612814510546515491")


@pytest.mark.parametrize(("mid", "text"), [("3504803600502730", "z20XK26My"), ("3501756485200075", "z0JH2lOMb")])
def test_base62(mid: str, text: str) -> None:
    assert ids.to_base62(mid) == text
    assert ids.from_base62(text) == mid


def test_zeros_inside_are_kept() -> None:
    assert ids.from_base62(ids.to_base62("3500000000000001")) == "3500000000000001"


def test_what_is_no_mid_makes_no_address() -> None:
    assert ids.status_url("1", "abc") == ""


def test_the_second_of_creation() -> None:
    assert ids.created_second("3504803600502730") == datetime(2012, 10, 24, 15, 49, 17, tzinfo=UTC)


def test_created_at_is_read_in_any_locale() -> None:
    assert times.parse("Tue May 31 17:46:55 +0800 2011") == datetime(2011, 5, 31, 9, 46, 55, tzinfo=UTC)
    assert times.parse("昨天") is None
