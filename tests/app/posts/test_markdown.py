"""Markdown as Chinese writers type it: emphasis beside their punctuation, and lines that only look like addresses."""

from __future__ import annotations

import pytest

from app.posts.markdown import to_html


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**注意：**请市民避雨。", "<strong>注意：</strong>请市民避雨。"),
        ("各地要做到**“应转尽转”**落实到位。", "各地要做到<strong>“应转尽转”</strong>落实到位。"),
        ("请拨打**（0599）12345**咨询", "请拨打<strong>（0599）12345</strong>咨询"),
        ("*强调。*后", "<em>强调。</em>后"),
        ("__注意：__请", "<strong>注意：</strong>请"),
        ("~~价格：~~后", "<s>价格：</s>后"),
        ("**甲**、**乙**和a**b**c", "<strong>甲</strong>、<strong>乙</strong>和a<strong>b</strong>c"),
        ("下划_线_词 snake_case_x __init__", "下划_线_词 snake_case_x <strong>init</strong>"),
        ("2*3=6，4*5=20，x ** y ** z", "2*3=6，4*5=20，x ** y ** z"),
        ("**abc.**def", "**abc.**def"),
    ],
)
def test_emphasis_beside_chinese(written: str, shown: str) -> None:
    assert to_html(written) == f"<p>{shown}</p>\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[注]: 本表数据不含中央单位", "<p>[注]: 本表数据不含中央单位</p>\n"),
        ("[来源]:\n市政府网站", "<p>[来源]:市政府网站</p>\n"),
        ("见[来源]\n\n[来源]: 市政府网站", "<p>见[来源]</p>\n<p>[来源]: 市政府网站</p>\n"),
        ("[时间]: 2026.7.12", "<p>[时间]: 2026.7.12</p>\n"),
        ("[未用]: https://b.cn", "<p>[未用]: https://b.cn</p>\n"),
        ("见[官网]\n\n[官网]: https://a.cn\n\n[//]: # (给编辑看的)", '<p>见<a href="https://a.cn">官网</a></p>\n'),
        ("见[表]\n\n[表]: files/b.docx", '<p>见<a href="files/b.docx">表</a></p>\n'),
        (
            "正文[^1]和[^二]。\n\n[^1]: 数据来源：市统计局\n[^二]: 来源 年鉴",
            "<p>正文<sup>[1]</sup>和<sup>[二]</sup>。</p>\n<p>[1] 数据来源：市统计局</p>\n<p>[二] 来源 年鉴</p>\n",
        ),
        ("没有注的[^9]", "<p>没有注的[^9]</p>\n"),
    ],
)
def test_lines_that_look_like_addresses_stay(written: str, shown: str) -> None:
    assert to_html(written) == shown
