"""Nothing that is taken from a text says something else than it said there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors import cutting, gist, raised
from connectors.outline import outline
from connectors.pieces import joined
from connectors.text import read
from connectors.values import Adaptation, Content
from connectors.wechat.article import adapt_content
from connectors.weibo.adapt import adapt
from tests.connectors import texts
from tests.connectors.wechat.conftest import account as wechat_account
from tests.connectors.weibo.conftest import LINK
from tests.connectors.weibo.conftest import account as weibo_account

FILLER = f"<p>{'各单位要加强宣传引导，营造良好氛围。' * 8}</p>"


@pytest.fixture(autouse=True)
def _a_machine_with_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.wechat.pictures.has_cjk_font", lambda: True)


def weibo(body: str, title: str = "通告", **changes: object) -> Adaptation:
    content = replace(Content(title=title, body_html=body, link=LINK), **changes)  # type: ignore[arg-type]
    return adapt(weibo_account(), texts.media(), content)


def wechat(body: str, title: str = "通告") -> Adaptation:
    return adapt_content(wechat_account(), texts.media(), Content(title=title, body_html=body, link=LINK))


def text(body: str, title: str = "通告") -> str:
    return str(weibo(body, title).payload["text"]).removesuffix(f" {LINK}").removeprefix(f"【{title}】")


def digest(body: str) -> str:
    return str(wechat(body).payload["digest"])


def notes(adapted: Adaptation) -> list[str]:
    return [note.message for note in adapted.notes]


@pytest.mark.parametrize(
    ("body", "whole", "short"),
    [
        (
            "<h2>不实信息：</h2><p>全市明天停水三天。</p><h2>事实：</h2><p>全市供水正常。</p>",
            "不实信息：\n全市明天停水三天。\n事实：\n全市供水正常。",
            "不实信息：全市明天停水三天。事实：全市供水正常。",
        ),
        (
            "<p>不实信息：</p><p>全市明天停水三天。</p><p>事实：</p><p>全市供水正常。</p>",
            "不实信息：\n全市明天停水三天。\n事实：\n全市供水正常。",
            "不实信息：全市明天停水三天。事实：全市供水正常。",
        ),
        (
            "<h2>以下说法均为谣言</h2><ul><li>全市停水三天。</li><li>自来水有毒。</li></ul>",
            "以下说法均为谣言\n• 全市停水三天。\n• 自来水有毒。",
            "以下说法均为谣言：全市停水三天；自来水有毒。",
        ),
        (
            "<p>有下列情形之一的，不予补贴：</p><ol start='2'><li>已经享受的；</li><li>拥有两套住房的。</li></ol>",
            "有下列情形之一的，不予补贴：\n2、已经享受的；\n3、拥有两套住房的。",
            "有下列情形之一的，不予补贴：已经享受的；拥有两套住房的。",
        ),
    ],
)
def test_what_gives_the_meaning_goes_along(body: str, whole: str, short: str) -> None:
    assert text(body) == whole
    assert "没有摘要，取正文全文。" in notes(weibo(body))
    assert digest(body) == short


def test_an_item_is_only_taken_with_its_lead_in() -> None:
    body = (
        "<p>7月12日起，全市禁止下列行为：</p><ul><li>在云溪区公共场所燃放烟花爆竹；</li>"
        f"<li>在白鹭县河道内游泳、捕鱼；</li></ul>{FILLER}"
    )
    told = "7月12日起，全市禁止下列行为：在云溪区公共场所燃放烟花爆竹；在白鹭县河道内游泳、捕鱼。"
    assert text(body).startswith(f"{told}\n各单位")
    assert digest(body) == told


@pytest.mark.parametrize(
    ("body", "taken", "told"),
    [
        # The second sentence of what is untrue, and of an item that is.
        ("<h2>谣言</h2><p>停水三天。请储水。</p><h2>真相</h2><p>正常。</p>", "请储水。", "谣言：停水三天。请储水。"),
        ("<p>以下不实：</p><ul><li>停水。其实是检修。</li></ul>", "其实是检修。", "以下不实：停水。其实是检修。"),
        ("<p>谣言：停水三天。明天开始。</p>", "明天开始。", "谣言：停水三天。明天开始。"),
        # Where nobody can tell where the prohibition ends.
        ("<p>请勿：</p><p>涉水。</p><p>七点暴雨。</p>", "七点暴雨。", "请勿：涉水。\n七点暴雨。"),
        ("<p>请不要：一是涉水。二是触电。</p>", "二是触电。", "请不要：一是涉水。二是触电。"),
        (
            "<p>须同时符合下列条件：</p><ul><li>本市户籍；</li><li>无房。</li></ul>",
            "无房。",
            "须同时符合下列条件：本市户籍；无房。",
        ),
        # Yes and no.
        ("<p>问：能申请吗？</p><p>答：不能。须有户籍。</p>", "须有户籍。", "问：能申请吗？\n答：不能。须有户籍。"),
        ("<p>问：能申请吗？</p><p>答：不能。须有户籍。</p>", "问：能申请吗？", "问：能申请吗？\n答：不能。"),
        ("<h2>能申请吗？</h2><p>不能。须有户籍。</p>", "须有户籍。", "能申请吗？不能。须有户籍。"),
        # Lists in lists, and what follows a list.
        (
            "<p>禁止：</p><ul><li>车辆：<ul><li>大货车；</li></ul></li><li>燃放烟花。</li></ul>",
            "大货车；",
            "禁止：车辆：大货车…（未列全）。",
        ),
        (
            "<p>禁止：</p><ul><li>车辆：<ul><li>大货车；</li></ul></li><li>燃放烟花。</li></ul>",
            "燃放烟花。",
            "禁止：燃放烟花…（未列全）。",
        ),
        ("<p>禁止：</p><ul><li>大货车；</li></ul><p>请绕行。</p>", "请绕行。", "请绕行。"),
        ("<p>一、请勿：</p><p>1.涉水；</p><p>二、请做到：</p><p>1.绕行；</p>", "1.绕行；", "二、请做到：1.绕行。"),
        (
            "<h2>一、停水时间</h2><p>7月12日8时至18时。</p><p>请储水。</p>",
            "7月12日8时至18时。",
            "停水时间：7月12日8时至18时。",
        ),
        ("<p>以下行为是禁止的。</p><ul><li>涉水；</li></ul>", "涉水；", "以下行为是禁止的。涉水。"),
    ],
)
def test_what_a_sentence_needs(body: str, taken: str, told: str) -> None:
    one = next(one for one in gist.sentences_of(read(body)) if one.text == taken)
    assert joined(gist.complete([one])) == told


def test_what_stays_behind_is_told() -> None:
    body = (
        f'<p>价格<s>100元</s>80元。</p><figure><img src="/media/{"0" * 64}"><figcaption>图为现场</figcaption></figure>'
    )
    adapted = weibo(body)
    assert "价格80元。" in str(adapted.payload["text"])
    assert "没有摘要，取正文全部文字，除图注 1 条、加了删除线的文字 1 处外。" in notes(adapted)
    assert digest(body) == "价格80元。"
    assert "加了删除线的文字没有写入摘要。" in notes(wechat(body))
    # The article itself shows it struck out.
    assert "<s>100元</s>" in str(wechat(body).payload["content_html"])


def test_superscripts_keep_their_value() -> None:
    body = "<p>面积1.2×10<sup>4</sup>平方米，检出H<sub>2</sub>O，x<sup>n+1</sup>与a<sub>ij</sub>，PM<sub>2.5</sub>，注<sup>[1]</sup>。</p>"
    told = "面积1.2×10⁴平方米，检出H₂O，xⁿ⁺¹与a_(ij)，PM2.5，注[1]。"
    assert text(body) == told
    assert digest(body) == told
    assert any("上标" in note for note in notes(weibo(body)))
    assert any("上标" in note for note in notes(wechat(body)))
    assert raised.note(("⁴",), "没有它", "微博") == ""
    adapted = weibo("<p>10<sup>4</sup>。</p>", "题")
    # 【题】 3, 10 half a character each, ⁴ and 。 whole ones, the blank and the link 10.
    assert adapted.length.used == 17


def test_lines_are_no_one_word() -> None:
    assert digest("<p>咨询请拨打12345<br>12315投诉举报。</p>") == "咨询请拨打12345 12315投诉举报。"
    body = "<p>时间：7月12日<br>地点：云溪区<br>电话：12345<br>12319</p>"
    assert digest(body) == "时间：7月12日 地点：云溪区 电话：12345 12319。"


@pytest.mark.parametrize("between", ["</p><p>", "<br>"])
def test_a_pair_over_lines_is_one(between: str) -> None:
    held = f"<p>市长强调：“7月15日前完成云溪区排查。{between}7月16日起在白鹭县布防。”会议还研究了其他事项。</p>"
    document = read(f"{held}{FILLER}")
    assert outline(document)[0].text == "市长强调：“7月15日前完成云溪区排查。\n7月16日起在白鹭县布防。”"
    assert text(f"{held}{FILLER}").startswith("市长强调：“7月15日前完成云溪区排查。\n7月16日起在白鹭县布防。”")
    # Short lines are no headings when they open one, and no lead-ins.
    [one] = gist.sentences_of(read("<p>会议强调（全市</p><p>要做好准备。）</p>"))
    assert one.text == "会议强调（全市\n要做好准备。）"
    assert gist.sentences_of(read("<p>请勿（夜间：</p><ul><li>涉水；）</li></ul>")) == []
    # One that nothing closes is not taken out of its text.
    assert [one.text for one in gist.sentences_of(read("<p>他说：“好。</p><p>天晴了。</p>"))] == ["天晴了。"]


def test_a_sentence_is_not_cut_before_it_is_taken_back() -> None:
    words = "网传明天起全市停水三天，请市民储水，经市水务局核实，该信息不属实，请市民放心。后面还有很长很长的话要说。"
    for most in range(1, 40):
        for kept in (cutting.cut(words, lambda part, most=most: len(part) <= most),):  # type: ignore[misc]
            assert not kept or "不属实" in kept


@pytest.mark.parametrize(
    "whole",
    [
        "zwfw.qinglan.gov.cn/item/detail?id=350105",
        "zwfw.qinglan.gov.cn/info!show.action?id=12,3;type=3",
        "www.qinglan.gov.cn/portal?sid=12&id=34!ok",
        "abc.d@qinglan.gov.cn",
        "1，234户",
        "1,234,567元",
        "１２．５％",
        "50毫升",
        "3.2万千瓦时",
        "三千二百万千瓦时",
        "3×10⁴吨",
        "百分之三十五点六二",
        "三千五百六十七处",
        "3.5元/立方米",
        "0599 1234 5678",
        "〔2026〕123号",
        "闽A·12345",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "葛\U000e0100",
        "བོད",
        "🇨🇳",
    ],
)
def test_what_is_never_cut_in_two(whole: str) -> None:
    words = f"请登录{whole}查询办理进度和其他"
    for most in range(1, len(words)):
        kept = cutting.clip(words, lambda part, most=most: len(part) <= most)  # type: ignore[misc]
        rest = kept.removesuffix("…").removeprefix("请登录")
        assert not rest or whole in rest or rest in "请登录", kept
    assert cutting.sentences(f"{words}。完。") == [f"{words}。", "完。"]


def test_a_pair_longer_than_what_fits_is_closed() -> None:
    kept = cutting.clip("“要做好防汛工作和值守工作以及会商研判工作”", lambda part: len(part) <= 12)
    assert kept.startswith("“要做好")
    assert kept.endswith("…”")


@pytest.mark.parametrize(
    "hostile",
    ["a.", "a", "1", "一", "1,234", "a@", "（1", "“", "（https://a", "甲；", "请勿：", "不实，", "www.a.cn/!"],
)
def test_hostile_length_takes_no_more_than_its_length(hostile: str) -> None:
    """Time squared would be minutes."""
    long = hostile * (60_000 // len(hostile))
    assert cutting.clip(long, lambda part: len(part) < 10) is not None
    assert gist.sentences_of(read(f"<p>谣言：</p><p>{long}</p>")) is not None


SCHOOLS = "".join(f"<li>云溪区第{one}小学；</li>" for one in "一二三四五六七八九")


def test_a_list_is_told_whole_or_says_that_it_is_not() -> None:
    body = f"<p>7月13日起，下列学校停课：</p><ol>{SCHOOLS}</ol>{FILLER}"
    assert "云溪区第九小学。" in text(body)
    assert "云溪区第九小学。" in digest(body)
    found = gist.sentences_of(read(body))
    assert joined(found[:2]) == "7月13日起，下列学校停课：云溪区第一小学；云溪区第二小学…（共9项）。"
    urgent = str(weibo(body, urgent=True).payload["text"])
    assert "云溪区第九小学。" in urgent
    assert cutting.cut("1.甲。2.乙。", lambda part: len(part) < 6) == "1.甲…"
    typed = gist.sentences_of(read("<p>下列学校停课：1.一小。2.二小。</p>"))
    assert joined(gist.complete(typed[:1])) == "下列学校停课：1.一小。2.二小。"


@pytest.mark.parametrize(
    ("told", "denied"),
    [
        ("7月12日，有网民发布“云溪区停水三天，请储水”的信息。", "经核实，上述信息不属实。"),
        ("网传截图称：“7月12日起云溪区停水三天，请大家储水。”", "该截图系伪造。"),
        ("谣言一：7月15日青岚市将发生6.8级地震，请大家撤离。", "真相：地震部门没有发布过任何预报。"),
        ("针对网上流传的“7月12日起云溪区停水三天”一事，市水务局高度重视。", "经核查，该说法与实际不符。"),
    ],
)
@pytest.mark.parametrize("between", ["", "</p><p>"])
def test_a_rumour_goes_with_its_denial_or_not_at_all(told: str, denied: str, between: str) -> None:
    body = f"<p>{told}{between}{denied}</p>{FILLER}"
    urgent = weibo(body, urgent=True)
    box = str(
        adapt_content(wechat_account(), texts.media(), Content(title="说明", body_html=body, link=LINK, urgent=True))
    )
    for said in (text(body), digest(body), str(urgent.payload["text"])):
        assert told not in said or denied in said
    assert "请先做到：</strong>" + told not in box
    whole = f"{told}{denied}还有其他内容。"
    for most in range(1, len(whole)):
        kept = cutting.cut(whole, lambda part, most=most: len(part) <= most)  # type: ignore[misc]
        assert not kept or denied in kept


def test_a_lead_in_stands_before_the_paragraph_behind_it() -> None:
    body = f"<p>以下做法十分危险：</p><p>7月汛期在云溪区河道游泳。</p>{FILLER}"
    assert digest(body) == "以下做法十分危险：7月汛期在云溪区河道游泳。"
    greeted = gist.sentences_of(read("<p>尊敬的用户：</p><p>7月12日停水。</p>"))
    assert joined(greeted) == "7月12日停水。"


def test_numbers_of_items_end_no_sentence() -> None:
    assert digest("<p>1. 7月12日起限行。2. 2026年8月1日起解除。</p>") == "1. 7月12日起限行。2. 2026年8月1日起解除。"
    assert cutting.sentences("No. 5 bus runs. Call 12345.") == ["No. 5 bus runs.", "Call 12345."]
    assert digest("<p>Store water. Call 12345;请储水。</p>").startswith("Store water. Call 12345")
