"""Titles and captions hold no format: what was raised or lowered stays what it says."""

from __future__ import annotations

import pytest
from lxml import html as lxml_html

from app.posts.figures import settle_captions
from app.posts.plainwords import words_of
from app.posts.titles import title_of


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("表1 面积（10<sup>4</sup>m<sup>2</sup>）", "表1 面积（10⁴m²）"),
        ("H<sub>2</sub>O 与  <b>CO<sub>2</sub></b>", "H₂O 与 CO₂"),
        ("说明<sup>[1]</sup>", "说明[1]"),
        ("甲<sup><b>2</b></sup>乙", "甲²乙"),
        ("平常", "平常"),
    ],
)
def test_what_is_raised_stays_what_it_says(given: str, said: str) -> None:
    assert words_of(lxml_html.fragment_fromstring(given, create_parent="p")) == said


def test_the_title_of_a_document_keeps_its_powers() -> None:
    title, body = title_of("<h1>全市完成造林5×10<sup>4</sup>亩</h1><p>正文第一段。</p>")
    assert title == "全市完成造林5×10⁴亩"
    assert "正文第一段" in body


def test_the_caption_of_a_table_keeps_its_powers() -> None:
    table = (
        "<table><caption>表1 面积（10<sup>4</sup>m<sup>2</sup>）</caption><tbody><tr><td>1</td></tr></tbody></table>"
    )
    root = lxml_html.fragment_fromstring(table, create_parent="div")
    settle_captions(root)
    assert [caption.text for caption in root.iter("caption")] == ["表1 面积（10⁴m²）"]
