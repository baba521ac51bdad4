"""Weibo's own way of counting, against the recorded vectors of its client."""

from __future__ import annotations

import json

import pytest

from connectors.weibo.length import count, half_units, literal_units
from tests.connectors.fakes import FIXTURES

VECTORS = json.loads((FIXTURES / "weibo" / "length_vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["text"][:12] or "empty" for vector in VECTORS])
def test_vector(vector: dict[str, object]) -> None:
    words = str(vector["text"])
    assert (half_units(words), count(words)) == (vector["half_units_https"], vector["count_https_regex"])


@pytest.mark.parametrize(
    ("words", "units"),
    [
        ("a\r\nb", 3),
        ("é", 1),
        ("👨‍👩‍👧‍👦", 22),
        ("❤️", 4),
        ("𠮷野家", 8),
        ("[微笑]", 6),
        ("http://t.cn/8kdKSdH", 19),
        ("http://a.gov.cn/1，请看", 26),
        ("www.example.gov.cn", 18),
        ("好" * 139 + "ab", 280),
        ("https://www.example.gov.cn/" + "x" * 200, 107),
    ],
)
def test_units(words: str, units: int) -> None:
    assert half_units(words) == units


def test_the_literal_count_discounts_nothing() -> None:
    assert literal_units("https://example.gov.cn/a") == 24
    assert half_units("https://example.gov.cn/a") == 20


def test_the_same_link_twice_counts_twice() -> None:
    assert half_units("http://a.gov.cn/1 http://a.gov.cn/1") == 41
