"""Without a summary: the sentences that say most, and the pictures that matter most."""

from __future__ import annotations

from dataclasses import replace

from connectors.values import Content
from tests.connectors.fakes import MemoryMedia
from tests.connectors.weibo.conftest import LINK, Make
from tests.connectors.weibo.test_adapt import by_name, img, kinds, rules, text

LEAD = "近日，市政府召开常务会议，对近期重点工作作出部署。"
FILLER = (
    "会议强调，要提高认识，加强组织领导，压实各方责任，形成工作合力，细化任务清单，强化督促检查，坚持问题导向，注重工作实效，"
    "确保各项任务落到实处。"
)
FACT = "7月15日23:00至次日5:00，白鹭县人民路停水检修，影响约320户。"
BODY = f"<p>{LEAD}</p><p>{FILLER}</p><p>大家普遍表示满意。{FACT}</p><p>同时，有关单位做好准备工作。</p>"


def post(content: Content, **changes: object) -> Content:
    fields = {"title": "人民路夜间停水检修通知", "summary": "", "body_html": BODY, **changes}
    return replace(content, **fields)  # type: ignore[arg-type]


def test_the_sentence_that_says_most_is_kept_and_empty_ones_are_not(make: Make, content: Content) -> None:
    adapted = make().adapt(post(content))
    assert FACT in text(adapted)
    assert "提高认识" not in text(adapted)
    assert text(adapted).index(LEAD) < text(adapted).index(FACT)
    told = next(note.message for note in adapted.notes if note.kind == "summary")
    assert told == "没有摘要，按分量从正文 5 句中取第 1、4 句。"
    assert rules(adapted) == []


def test_sentences_keep_their_order_and_paragraphs_their_lines(make: Make, content: Content) -> None:
    assert f"】{LEAD}\n{FACT} {LINK}" in text(make().adapt(post(content)))


def test_a_summary_of_the_authors_goes_before_any_weighing(make: Make, content: Content) -> None:
    adapted = make().adapt(post(content, summary="今晚停水。"))
    assert text(adapted) == f"【人民路夜间停水检修通知】今晚停水。 {LINK}"


def test_where_all_fits_nothing_is_weighed(make: Make, content: Content) -> None:
    adapted = make(mode="business").adapt(post(content))
    assert FILLER in text(adapted)
    assert "cut" not in kinds(adapted)


def test_where_weighing_tells_nothing_the_first_sentences_lead(make: Make, content: Content) -> None:
    plain = "".join(f"{word}说得很好也很多很多很多很多很多很多很多很多很多很多。" for word in "甲乙丙丁戊己庚辛")
    adapted = make().adapt(post(content, title="通知", body_html=f"<p>{plain}</p>"))
    assert text(adapted).startswith("【通知】甲说得很好")
    assert "取正文开头的句子" in next(note.message for note in adapted.notes if note.kind == "summary")


def test_a_cover_goes_before_all_and_icons_stay_behind(make: Make, content: Content, media: MemoryMedia) -> None:
    body = f"<p>{img(media, 'tiny.gif')}{img(media, 'housing.png')}</p>"
    one = make().adapt(post(content, cover=None, body_html=body))
    assert [image["media_id"] for image in one.payload["images"]] == ["housing.png"]
    [note] = [note.message for note in one.notes if note.kind == "images"]
    assert note == "保留 1 图（正文第 2 图），其余 1 图见正文链接：正文第 1 图。"
    covered = make().adapt(post(content, body_html=body))
    assert [image["media_id"] for image in covered.payload["images"]] == ["cover-rain.jpg"]


def test_a_poster_is_the_picture_where_there_is_one_only_and_stays_whole(
    make: Make, content: Content, media: MemoryMedia
) -> None:
    body = f"<p>{img(media, 'housing.png')}{img(media, 'long-poster.png')}</p>"
    adapted = make().adapt(post(content, cover=None, body_html=body))
    assert adapted.payload["images"] == [
        {"media_id": "long-poster.png", "sha256": by_name(media, "long-poster.png")},
    ]
    assert media.derived == 0


def test_foreign_pictures_are_named(make: Make, content: Content) -> None:
    adapted = make().adapt(post(content, body_html=BODY + '<img src="https://elsewhere.example/x.png">'))
    assert "1 张图片不在素材库中" in next(note.message for note in adapted.notes if note.kind == "foreign_images")
