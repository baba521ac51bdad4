"""Where links stand in a text, and what is told of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.checks.links import Known, Link, link_problems, links_in_html, links_in_text, tidy
from app.checks.plaintext import anchors, plain_text

GONE = Known(verdict="dead", reason="gone", status=404, failures=1)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<p>见<a href="http://a.cn/x">办法全文</a>。</p>', ["办法全文"]),
        ('<p>  一 \n 二 <a href="http://a.cn/x"> 办法\n全文 </a> 三</p>', ["办法 全文 "]),
        ('<h2>题</h2><p> </p><ul><li><p>见 <a href="http://a.cn/x"><strong>甲</strong>乙</a></p></li></ul>', ["甲乙"]),
        ('<p>😀<a href="http://a.cn/x">甲</a>，<a href="http://b.cn/">乙</a></p>', ["甲", "乙"]),
        ("<p>网址 https://www.gov.cn/zhengce/1.htm。请看</p>", ["https://www.gov.cn/zhengce/1.htm"]),
        ("<p>（https://a.cn/b?c=d&amp;e=1）</p>", ["https://a.cn/b?c=d&e=1"]),
        ('<p><a href="http://a.cn/x">http://a.cn/x</a></p>', ["http://a.cn/x"]),
    ],
)
def test_places_are_those_of_the_plain_text(html: str, words: list[str]) -> None:
    text = plain_text(html)
    assert [text[link.start : link.end] for link in links_in_html(html)] == words


_PIECES = [
    "甲",
    " ",
    "\n",
    " \t",
    "<p>",
    "</p>",
    "<br>",
    '<a href="http://a.cn/">',
    "</a>",
    "<b>",
    "</b>",
    "乙 丙",
    "<img>",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
@example('甲<p><a href="http://a.cn/">')
def test_a_link_begins_and_ends_where_its_words_do(html: str) -> None:
    """Private-use letters set in their place of the tags stand, in the plain text, where the link says."""
    marked = plain_text(html.replace('<a href="http://a.cn/">', "\ue000").replace("</a>", "\ue001"))
    text = plain_text(html)
    assert marked.translate({0xE000: None, 0xE001: None}).split() == text.split()
    for anchor in anchors(html):
        assert 0 <= anchor.start <= anchor.end <= len(text)
        assert "\n" not in text[anchor.start : anchor.end]


def test_very_many_links_are_placed_in_one_walk() -> None:
    count = 20_000
    one_line = anchors("<p>" + '见 <a href="http://a.cn/">甲 乙</a>，\n' * count + "</p>")
    assert [(a.start, a.end) for a in one_line[:2]] == [(2, 5), (9, 12)]
    assert (one_line[-1].start, len(one_line)) == (7 * (count - 1) + 2, count)
    many = anchors('<p>见 <a href="http://a.cn/">甲</a></p>' * count)
    assert (many[-1].start, many[-1].end) == (4 * (count - 1) + 2, 4 * (count - 1) + 3)


def test_a_picture_that_leads_somewhere_has_no_place() -> None:
    assert links_in_html('<p><a href="https://a.cn/x#y"><img src="/media/1"></a></p>') == [
        Link(url="https://a.cn/x", start=None, end=None)
    ]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        (" https://A.cn/x#part ", "https://A.cn/x"), ("mailto:a@b.cn", ""), ("tel:110", ""), ("/media/1", ""), ("#a", ""),
        ("http://[::1", ""), ("https://a.cn/政策", "https://a.cn/政策"), (f"http://a.cn/{'x' * 2000}", ""),
    ],
)  # fmt: skip
def test_only_the_web_is_looked_at(address: str, kept: str) -> None:
    assert tidy(address) == kept


def test_marks_behind_an_address_are_not_its_own() -> None:
    assert [link.url for link in links_in_text("see https://a.cn/b, (http://c.cn/d).")] == [
        "https://a.cn/b",
        "http://c.cn/d",
    ]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (GONE, ("link.dead", "warn", "404，网页不存在")),
        (Known(verdict="dead", reason="gone", status=410), ("link.dead", "warn", "410，网页已撤下")),
        (Known(verdict="dead", reason="unreachable", failures=2), ("link.dead", "warn", "连接不上")),
        (Known(verdict="unsure", reason="unreachable", failures=9), None),
        (Known(verdict="unsure", reason="refused", status=403, failures=9), None),
        (Known(verdict="unsure", reason="timeout", failures=1), None),
        (Known(verdict="unsure", reason="timeout", failures=2), ("link.unsure", "advise", "迟迟没有答复")),
        (
            Known(verdict="unsure", reason="failing", status=503, failures=2),
            ("link.unsure", "advise", "网站出错（503）"),
        ),
        (Known(verdict="unsure", reason="untrusted", failures=1), ("link.unsure", "advise", "证书")),
        (Known(verdict="unsure", reason="inside", failures=1), ("link.unsure", "advise", "内部网络")),
        (Known(verdict="alive", status=200), None),
    ],
)
def test_what_is_told(known: Known, told: tuple[str, str, str] | None) -> None:
    html = '<p>见<a href="http://a.cn/x">办法全文</a></p>'
    found = link_problems(links_in_html(html), {"http://a.cn/x": known}, "body", plain_text(html))
    assert len(found) == (told is not None)
    if told is not None:
        (one,) = found
        assert (one.rule, one.severity, one.field, one.start, one.end) == (*told[:2], "body", 1, 5)
        assert told[2] in one.message
        assert "http://a.cn/x" in one.message


def test_an_explanation_holds_for_this_address_in_this_line() -> None:
    def key(html: str) -> str:
        known = dict.fromkeys(("http://a.cn/x", "http://a.cn/y"), GONE)
        return link_problems(links_in_html(html), known, "body", plain_text(html))[0].key

    first = key('<p>见<a href="http://a.cn/x">办法</a></p>')
    assert first
    assert first == key('<p>另一段</p><p>见<a href="http://a.cn/x">办法</a></p>')
    assert first != key('<p>见<a href="http://a.cn/y">办法</a></p>')
    assert first != key('<p>请见<a href="http://a.cn/x">办法</a></p>')


def test_what_nobody_looked_at_yet_is_no_problem() -> None:
    assert link_problems(links_in_html('<p><a href="http://a.cn/x">甲</a></p>'), {}, "body", "甲") == []
