"""The article of a page, and the line that names its source."""

from __future__ import annotations

import pytest

from app.posts.byline import Byline, read_byline
from app.posts.extracting import extract


def test_a_page_without_any_mark_is_weighed_by_its_text() -> None:
    text = "入汛以来，全市平均降雨量较常年偏多，请市民远离河道、水库和低洼地带。"
    links = "".join(f'<li><a href="/{n}">一条标题很长很长的旧新闻，点开才能看到它的全部内容</a></li>' for n in range(9))
    page = (
        f"<html><head><title>防汛提示_青岚市水务局</title></head><body><div><ul>{links}</ul></div>"
        f"<div><div><p>{text}</p><p>{text}</p><p>短句。</p></div></div><div>版权所有，未经授权不得转载本网站的任何内容</div></body></html>"
    )
    article = extract(page, "https://www.qinglan.gov.cn/a.html")
    assert article is not None
    assert article.title == "防汛提示"
    assert article.body_html == f"<p>{text}</p><p>{text}</p><p>短句。</p>"


def test_pages_of_lists_have_no_article() -> None:
    links = "".join(
        f'<li><a href="/{n}">一条标题很长很长的旧新闻，点开才能看到它的全部内容</a></li>' for n in range(30)
    )
    assert extract(f"<html><body><ul>{links}</ul></body></html>", "https://a.gov.cn/") is None
    assert extract("", "https://a.gov.cn/") is None
    assert (
        extract("<?xml version='1.0' encoding='gbk'?><html><body><p>短</p></body></html>", "https://a.gov.cn/") is None
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            "来源：市水务局 发布时间：2026-07-10 09:30 浏览次数：321次 字体：[大 中 小]",
            Byline(source="市水务局", date="2026-07-10 09:30"),
        ),
        ("来源：青岚市住建局（市房管局）　作者：王敏", Byline(source="青岚市住建局（市房管局）", author="王敏")),
        ("（信息来源：新华社　责任编辑：李静）", Byline(source="新华社", rest="责任编辑：李静")),
        ("2026年7月12日 10:00 来源：新华社 【打印】【关闭】", Byline(source="新华社", date="2026年7月12日 10:00")),
        ("2026年7月12日", Byline(date="2026年7月12日")),
        ("本次降雨的主要来源：南海暖湿气流。", None),
        ("据了解，来源：不明", None),
        ("时间就是生命", None),
        ("", None),
    ],
)
def test_a_byline(text: str, read: Byline | None) -> None:
    assert read_byline(text) == read
