"""Emergency posts: what, where and when, and what to do first, on both platforms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors import gist
from connectors.pieces import joined
from connectors.text import read
from connectors.values import Adaptation, Content
from connectors.wechat.article import adapt_content
from connectors.weibo.adapt import adapt
from connectors.weibo.article import chosen
from connectors.weibo.length import half_units
from connectors.weibo.levels import level_of
from tests.connectors import texts
from tests.connectors.wechat.conftest import account as wechat_account
from tests.connectors.weibo.conftest import LINK
from tests.connectors.weibo.conftest import account as weibo_account

BODY = (
    "<p>青岚市气象台2026年7月12日16时40分将暴雨黄色预警信号升级为<strong>暴雨橙色预警信号</strong>。</p>"
    "<p>预计未来3小时，云溪区、白鹭县和沿江各乡镇降雨量将达50毫米以上，局地可达90毫米，并伴有8级以上雷暴大风。"
    "城区低洼路段、下穿隧道、地下车库可能出现积水，山区发生山洪和地质灾害的气象风险较高。</p>"
    "<p>请市民朋友注意：</p><ol><li>非必要不外出，不在桥下、广告牌下避雨；</li><li>驾车不涉水，遇积水绕行；</li>"
    "<li>地下车库、沿街商铺提前准备沙袋和挡水板；</li><li>山区居民听从村（社区）干部安排，及时转移。</li></ol>"
    "<p>市防汛办24小时值班电话：0599-12345670。最新信息以本账号和市政府网站发布为准。</p>"
)
LEAD = "请市民朋友注意："
WARNING = Content(title="暴雨橙色预警", body_html=BODY, link=LINK, urgent=True)


def weibo(content: Content, mode: str = "share") -> Adaptation:
    return adapt(weibo_account(mode=mode), texts.media(), content)


def wechat(content: Content) -> Adaptation:
    return adapt_content(wechat_account(), texts.media(), content)


@pytest.fixture(autouse=True)
def _a_machine_with_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.wechat.pictures.has_cjk_font", lambda: True)


@pytest.mark.parametrize("mode", ["share", "full", "business"])
def test_weibo_gets_one_screen_with_what_to_do_first(mode: str) -> None:
    adapted = weibo(WARNING, mode)
    text = str(adapted.payload["text"])
    assert half_units(text) <= 280
    assert "2026年7月12日16时40分" in text or "未来3小时" in text
    assert f"\n{LEAD}非必要不外出，不在桥下、广告牌下避雨" in text
    assert "应急短版" in next(note.message for note in adapted.notes if note.kind == "urgent")
    assert adapted.problems == ()


def test_the_summary_is_kept_and_what_it_lacks_is_added() -> None:
    adapted = weibo(replace(WARNING, summary="预计未来3小时我市北部将有50毫米以上降雨，请注意防范。"))
    text = str(adapted.payload["text"])
    assert "预计未来3小时我市北部将有50毫米以上降雨，请注意防范。\n请市民朋友注意：非必要不外出" in text
    assert "驾车不涉水，遇积水绕行" in text


def test_a_summary_without_time_or_place_is_completed_from_the_text() -> None:
    text = str(weibo(replace(WARNING, summary="暴雨预警升级。")).payload["text"])
    assert "暴雨预警升级。\n青岚市气象台2026年7月12日16时40分" in text
    assert LEAD in text


def test_it_can_be_made_ordinary_again_and_any_post_short() -> None:
    ordinary = weibo(replace(WARNING, overrides={"brevity": "full"}))
    assert LEAD not in str(ordinary.payload["text"])
    assert ordinary.payload == weibo(replace(WARNING, urgent=False)).payload
    chosen = weibo(replace(WARNING, urgent=False, overrides={"brevity": "short"}))
    assert chosen.payload == weibo(WARNING).payload
    assert (
        wechat(replace(WARNING, overrides={"brevity": "full"})).payload
        == wechat(replace(WARNING, urgent=False)).payload
    )


def test_an_urgent_post_becomes_no_article_of_weibos_by_itself() -> None:
    account = weibo_account(settings={"article": True, "article_long": True})
    assert chosen(account, level_of(account), replace(WARNING, urgent=False))
    assert not chosen(account, level_of(account), WARNING)
    assert chosen(account, level_of(account), replace(WARNING, overrides={"form": "article"}))


def test_wechat_begins_with_a_box_and_its_digest_says_the_same() -> None:
    adapted = wechat(WARNING)
    html = str(adapted.payload["content_html"])
    box = html[: html.index("</section>")]
    assert "速览：" in box
    assert LEAD in box
    assert "1. 非必要不外出，不在桥下、广告牌下避雨。" in box
    assert "0599-12345670" in box
    # The text itself stays whole.
    assert html.count("驾车不涉水，遇积水绕行") == 2
    digest = str(adapted.payload["digest"])
    assert len(digest) <= 128
    assert "非必要不外出" in digest
    assert {"urgent", "summary"} <= {note.kind for note in adapted.notes}


@pytest.mark.parametrize(
    "lead",
    [
        "请勿：",
        "请不要有以下行为：",
        "请避免：",
        "切莫：",
        "严禁：",
        "全市禁止下列行为：",
        "请远离以下区域：",
        "不得：",
        "请不要相信：",
    ],
)
@pytest.mark.parametrize("typed", [False, True])
def test_a_prohibition_stays_one(lead: str, typed: bool) -> None:
    items = ("桥下、广告牌下避雨；", "驾车通过积水路段。")
    listed = "".join(f"<p>（{at}）{one}</p>" for at, one in zip("一二", items, strict=True))
    if not typed:
        listed = f"<ul>{''.join(f'<li>{one}</li>' for one in items)}</ul>"
    body = f"<p>7月12日16时云溪区暴雨。</p><p>{lead}</p>{listed}<p>{'我们将持续发布权威信息。' * 14}</p>"
    post = replace(WARNING, body_html=body)
    marks = ("（一）", "（二）") if typed else ("", "")
    told = f"{lead}{marks[0]}桥下、广告牌下避雨；{marks[1]}驾车通过积水路段。"
    text, adapted = str(weibo(post).payload["text"]), wechat(post)
    assert f"7月12日16时云溪区暴雨。\n{told} " in text
    assert told in str(adapted.payload["digest"])
    html = str(adapted.payload["content_html"])
    box = html[: html.index("</section>")]
    assert f">{lead}<" in box
    assert "请先做到" not in f"{text}{box}{adapted.payload['digest']}"


def test_several_lead_ins_keep_apart() -> None:
    body = (
        "<p>7月12日16时云溪区暴雨。</p><p>请做到：</p><ul><li>关闭电源；</li><li>转移到高处。</li></ul>"
        f"<p>请勿：</p><ul><li>涉水；</li><li>触碰电线。</li></ul><p>{'我们将持续发布权威信息。' * 14}</p>"
    )
    text = str(weibo(replace(WARNING, body_html=body)).payload["text"])
    assert "\n请做到：关闭电源；转移到高处。\n请勿：涉水；触碰电线。" in text


def test_what_is_told_as_untrue_is_nothing_to_do_and_no_news() -> None:
    body = (
        "<h2>谣言</h2><p>7月12日起云溪区停水三天，请市民储水，详询12319。</p><h2>真相</h2><p>7月12日云溪区供水正常。</p>"
        f"<p>{'我们将持续发布权威信息。' * 14}</p>"
    )
    post = replace(WARNING, title="停水三天？", body_html=body)
    text = str(weibo(post).payload["text"])
    assert "真相：7月12日云溪区供水正常。" in text
    assert "储水" not in text
    assert "储水" not in str(wechat(post).payload["digest"])


def test_what_an_urgent_post_does_not_say_is_told_as_advice() -> None:
    vague = Content(title="紧急通知", body_html="<p>情况已经发生变化。</p>", link=LINK, urgent=True)
    for adapted in (weibo(vague), wechat(vague)):
        [problem] = [one for one in adapted.problems if one.rule == "urgent.lacks"]
        assert problem.severity == "advise"
        assert "时间、地点、该怎么做" in problem.message


def test_a_text_by_hand_is_left_alone() -> None:
    own = f"作者自己写的。 {LINK}"
    assert weibo(replace(WARNING, overrides={"text": own})).payload["text"] == own


def test_what_fits_whole_is_not_shortened() -> None:
    short = Content(title="停水", body_html="<p>今晚八点人民路停水，请储水。</p>", link=LINK, urgent=True)
    assert weibo(short).payload["text"] == f"【停水】今晚八点人民路停水，请储水。 {LINK}"


def test_sentences_are_numbered_and_titles_heads_and_signatures_are_none() -> None:
    document = read(
        "<p>标题</p><h2>一、背景</h2><p>第一句。第二句！如下：</p><ul><li>甲项；</li></ul><p>青岚市政府</p><p>第一句。</p>"
        "<table><tr><td>表中。</td></tr></table>"
    )
    found = gist.sentences_of(document, "标题")
    assert [(one.number, one.text) for one in found] == [(1, "第一句。"), (2, "第二句！"), (3, "甲项；")]
    assert joined(found[1:]) == "第二句！如下：甲项。"


def test_a_warning_that_ends_in_advice_is_the_news() -> None:
    news = (
        "青岚市气象台2026年7月12日16时25分发布暴雨红色预警信号：过去3小时，云溪区、白鹭县降雨量已达100毫米以上，"
        "预计未来3小时上述地区仍将持续强降雨，累计雨量可达150毫米，请特别注意防范可能引发的山洪、滑坡、城市内涝等灾害。"
    )
    body = f"<p>{news}</p><p>防御指南：</p><p>1.停止集会、停课；</p><p>2.不要在桥下停留；</p><p>3.切勿涉水。</p>"
    post = replace(WARNING, title="青岚市气象台发布暴雨红色预警信号", body_html=body)
    text, html = str(weibo(post).payload["text"]), str(wechat(post).payload["content_html"])
    assert "】青岚市气象台2026年7月12日16时25分发布暴雨红色预警信号：过去3小时" in text
    box = html[: html.index("</section>")]
    assert news in box[: box.index("防御指南：")]
    assert "1. 停止集会、停课。" in box
    assert "2. 不要在桥下停留。" in box


def test_applying_is_no_request() -> None:
    assert not gist.asks_for_something("经学生申请，现予公示。")
    assert not gist.asks_for_something("给您带来不便，敬请谅解。")
