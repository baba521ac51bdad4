"""Posts that hypothesis makes up: all that may be hurt by cutting, in every kind of block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from connectors.values import Content
from tests.connectors.goldens import GoldenMedia
from tests.connectors.weibo.conftest import LINK

EMOJI = (
    "👨‍👩‍👧‍👦",
    "👍🏽",
    "🇨🇳",
    "1️⃣",
    "❤️",
    "😱",
    "🧑🏻‍🚒",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "葛\U000e0100",
)
WORDS = (
    *(
        "全市",
        "供水",
        "停水",
        "通知",
        "暴雨",
        "市民",
        "云溪区",
        "人民路",
        "白鹭县",
        "值班",
        "发布",
        "预警",
        "请",
        "避雨",
    ),
    *(
        "46.8万立方米",
        "1,234户",
        "2026年7月12日",
        "16时40分",
        "0599-12345670",
        "v1.2",
        "3.5%",
        "5:00",
        "12319",
        "50毫米",
        "80毫升",
        "3平方公里",
        "8‰",
        "1，567户",
        "１２．５％",
        "0599 7654 3210",
        "三千五百六十七处",
        "百分之三十五点六",
        "一亿二千万元",
    ),
    *("Tandem", "e-mail", "wb@qinglan.gov.cn", "ＡＢＣ", "COVID-19"),
    *("www.qinglan.gov.cn/a?id=3", "zwfw.qinglan.gov.cn/info!show.action?x=1&y=2,3;z"),
)
# Every one of these stands whole in what is shown, or not at all.
WHOLES = (*WORDS[14:], "1.2×10⁴平方米", "H₂O", "12345", "12315", "八元")
# What is said under these words stands under them wherever it is taken to.
LEADS = {
    "请勿：": ("触碰电线；", "攀爬围栏；"),
    "严禁下列行为：": ("下河游泳；", "燃放烟花。"),
    "以下说法均为谣言：": ("全城断电；", "自来水有毒。"),
    "下列情形不予补贴：": ("已经领取的；", "提供假材料的。"),
}
HEADS = {"不实信息": "学校明天停课。", "事实": "学校正常上课。"}
STRUCK = "九十九元"
PAIRS = ("（）", "“”", "《》", "【】", "()", "‘’")
PICTURES: dict[str, dict[str, Any]] = {
    "photo": {"content_type": "image/jpeg", "width": 1600, "height": 900, "size": 300_000},
    "poster": {"content_type": "image/png", "width": 750, "height": 4200, "size": 46_000},
    "icon": {"content_type": "image/gif", "width": 60, "height": 60, "size": 1_300},
    "map": {"content_type": "image/bmp", "width": 900, "height": 600, "size": 1_620_000},
    "heavy": {"content_type": "image/jpeg", "width": 4000, "height": 3000, "size": 6_000_000},
    **{f"more-{at}": {"content_type": "image/jpeg", "width": 800, "height": 600, "size": 90_000} for at in range(8)},
}
ELSEWHERE = "https://www.example.gov.cn/a/b?x=1&y=2"


def media() -> GoldenMedia:
    store = GoldenMedia()
    for name, about in PICTURES.items():
        store.add(name, **about)
    return store


def sha(store: GoldenMedia, name: str) -> str:
    return next(sha256 for sha256, known in store.names.items() if known == name)


_token = st.sampled_from(WORDS) | st.sampled_from(EMOJI)
_run = st.lists(_token, min_size=1, max_size=5).map("".join)
_inside = st.lists(_run, min_size=1, max_size=2).map("。".join)
_pair = st.tuples(st.sampled_from(PAIRS), _inside).map(lambda made: f"{made[0][0]}{made[1]}{made[0][1]}")
_clause = st.lists(_run | _pair, min_size=1, max_size=4).map("".join)
sentence = st.tuples(
    st.lists(_clause, min_size=1, max_size=4).map("，".join), st.sampled_from("。！？；") | st.just("")
).map("".join)
paragraph = st.lists(sentence, min_size=1, max_size=5).map("".join)
title = st.lists(st.sampled_from(WORDS[:14]), min_size=1, max_size=8).map("".join)


def _rows(made: tuple[int, bool, list[str]]) -> str:
    width, headed, cells = made
    head = "".join(f"<th>栏目{at}</th>" for at in range(width)) if headed else ""
    filled = [cells[at : at + width] for at in range(0, len(cells) - len(cells) % width, width)]
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in filled)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>" if body or head else ""


table = st.tuples(st.integers(1, 9), st.booleans(), st.lists(_run, min_size=1, max_size=24)).map(_rows)
block = st.one_of(
    paragraph.map(lambda text: f"<p>{text}</p>"),
    paragraph.map(lambda text: f"<blockquote><p>{text}</p></blockquote>"),
    title.map(lambda text: f"<h2>{text}</h2>"),
    st.lists(sentence, min_size=1, max_size=4).map(lambda items: f"<ol>{''.join(f'<li>{i}</li>' for i in items)}</ol>"),
    st.just("<p>请市民朋友注意：</p>"),
    st.sampled_from(sorted(LEADS)).map(
        lambda lead: f"<p>{lead}</p><ul>{''.join(f'<li>{one}</li>' for one in LEADS[lead])}</ul>"
    ),
    st.sampled_from(sorted(LEADS)).map(lambda lead: f"<p>{lead}<br>{'<br>'.join(LEADS[lead])}</p>"),
    st.just("".join(f"<h2>{head}</h2><p>{said}</p>" for head, said in HEADS.items())),
    st.sampled_from(
        [
            "<p>面积1.2×10<sup>4</sup>平方米，检出H<sub>2</sub>O。</p>",
            "<p>咨询请拨打12345<br>12315投诉举报。</p>",
            f"<p>票价<s>{STRUCK}</s>八元。</p>",
        ]
    ),
    st.tuples(st.sampled_from(PAIRS), sentence, sentence, st.sampled_from(["</p><p>", "<br>"])).map(
        lambda made: f"<p>会议强调{made[0][0]}{made[1]}{made[3]}{made[2]}{made[0][1]}会议结束。</p>"
    ),
    st.tuples(_run, st.sampled_from([ELSEWHERE, "https://mp.weixin.qq.com/s/abc", "mailto:wb@qinglan.gov.cn"])).map(
        lambda made: f'<p>详见<a href="{made[1].replace("&", "&amp;")}">{made[0]}</a>。</p>'
    ),
    st.just('<p><img src="https://elsewhere.example/x.png"></p>'),
    st.sampled_from(sorted(PICTURES)).map(
        lambda name: f'<figure><img src="{name}"><figcaption>图</figcaption></figure>'
    ),
    table,
)


def placed(html: str, store: GoldenMedia) -> str:
    """`html` with the addresses of the pictures in place of their names."""
    for name in PICTURES:
        html = html.replace(f'src="{name}"', f'src="/media/{sha(store, name)}"')
    return html


def content(title: str, summary: str, blocks: Sequence[str], urgent: bool, store: GoldenMedia, **more: Any) -> Content:
    html = placed("".join(blocks), store)
    return Content(title=title, summary=summary, body_html=html, urgent=urgent, link=LINK, **more)


made_up = st.tuples(title, st.just("") | paragraph, st.lists(block, max_size=12), st.booleans())
