"""HTML to text, and cuts that hurt nothing."""

from __future__ import annotations

import pytest

from connectors import cutting, text


def cut(words: str, most: int, mark: str = "…") -> str:
    return cutting.cut(words, lambda part: len(part) <= most, mark=mark)


def test_blocks_images_and_links_come_in_order() -> None:
    first, second = "a" * 64, "b" * 64
    found = text.read(
        f'<h2>要点</h2><p>甲&amp;乙\n丙<img src="/media/{first}"></p><ul><li><p>一</p></li></ul>'
        f'<table><tr><td>左</td><td>右</td></tr></table><img src="/media/{second}">'
        '<p>见<a href="https://a.example/x">这里</a><script>alert(1)</script></p>'
    )
    assert [(block.kind, block.text) for block in found.blocks] == [
        ("heading", "要点"),
        ("paragraph", "甲&乙丙"),
        ("item", "一"),
        ("table", "左 右"),
        ("paragraph", "见这里"),
    ]
    assert found.images == (first, second)
    assert [(link.href, link.text) for link in found.links] == [("https://a.example/x", "这里")]


def test_items_keep_the_marks_of_their_lists() -> None:
    found = text.read(
        "<ol start='3'><li>甲<ul><li>乙</li></ul></li><li><p>丙</p><p>丁</p></li><li value='9'>戊</li></ol><p>己</p>"
    )
    assert [block.written for block in found.blocks] == ["3、甲", "• 乙", "4、丙", "丁", "9、戊", "己"]


def test_what_is_struck_out_is_left_out_where_it_is_asked_for() -> None:
    html = "<p>价格<s>100<del>元</del></s>80元<sup>①</sup></p>"
    assert text.to_text(html) == "价格100元80元①"
    assert (text.read(html, struck=False).text, text.read(html, struck=False).struck) == ("价格80元①", 1)


def test_an_outside_image_is_no_library_image() -> None:
    assert text.read('<img src="https://evil.example/media/x.png">').images == ()


def test_what_fits_is_whole() -> None:
    assert cut("没有句号也行", 6) == "没有句号也行"


def test_cut_at_the_last_sentence_that_fits() -> None:
    assert cut("第一句话在这里。第二句话在这里！第三句很长很长很长。", 17) == "第一句话在这里。第二句话在这里！"


def test_cut_at_a_clause_when_no_sentence_fits_and_says_so() -> None:
    assert cut("前半句说了很多，后半句还要说更多更多更多。", 12) == "前半句说了很多…"


def test_no_boundary_leaves_nothing() -> None:
    assert cut("一句没有任何标点的话不能从中间切开", 8) == ""


def test_never_inside_brackets_or_quotes() -> None:
    words = "他说“今天停水。明天也停。”请放心（详见公告。另见网站）。后面还有很多内容很多内容。"
    for most in range(len(words)):
        kept = cut(words, most).removesuffix("…")
        for opener, closer in ("“”", "（）"):
            assert kept.count(opener) == kept.count(closer), kept


def test_a_closing_quote_belongs_to_its_sentence() -> None:
    assert cut("他说“今天停水。”后面还有很长很长的话要说。", 10) == "他说“今天停水。”"


def test_an_opener_that_never_closes_hurts_nothing() -> None:
    assert cut("（一第一句话说完。第二句话很长很长很长。", 12) == "（一第一句话说完。"


def test_never_inside_a_number_or_version() -> None:
    words = "日供水46.8万立方米,共1,234户,其中v1.2系统正常.后面还有很长很长的话"
    for most in range(1, len(words)):
        kept = cut(words, most).removesuffix("…")
        assert not kept.endswith(("46.", "46", "1", "v1.", "v1")), kept
    assert cut(words, 35) == "日供水46.8万立方米,共1,234户,其中v1.2系统正常."


def test_never_inside_a_link() -> None:
    words = "详情见 https://a.example/x?a=1;b=2,c!d 页面。后面还有很长很长的话要说"
    for most in range(1, len(words)):
        kept = cut(words, most)
        assert "https" not in kept or "c!d" in kept, kept


def test_never_inside_an_emoji() -> None:
    family, heart = "👨‍👩‍👧‍👦", "❤️"
    words = f"谢谢大家！{family}{heart}，请放心！️再见。还有很长很长很长的话要说"
    for most in range(1, len(words)):
        kept = cut(words, most).removesuffix("…")
        assert not kept.endswith("\u200d"), kept
        assert kept.count("👨") == kept.count("👦"), kept
        assert not words[len(kept) :].startswith(("\u200d", "\ufe0f")), kept


def test_does_not_stop_at_a_colon() -> None:
    assert cut("情况已查明。请市民注意：\n不要外出不要外出不要外出。", 14) == "情况已查明。"


def test_does_not_stop_at_a_heading_or_inside_a_list() -> None:
    assert cut("现通告如下。\n一、管制时间\n七月十二日七时至十二时三十分。", 15) == "现通告如下。"
    assert cut("经核实：\n甲是旧闻；\n全市供水正常；\n请放心请放心请放心。", 12) == "经核实：\n甲是旧闻…"


def test_lines_without_any_punctuation_are_the_last_resort() -> None:
    assert cut("第一行\n第二行\n第三行很长很长", 9) == "第一行\n第二行…"


def test_full_stops_in_place_of_all_punctuation() -> None:
    assert cut("解决办事难问题.1月9日.某省发布.旨在规范", 13) == "解决办事难问题.1月9日."


def test_links_are_taken_out_and_counted() -> None:
    assert text.drop_links("登录政务网（https://a.example/x）办理") == ("登录政务网办理", 1)
    assert text.drop_links("见 https://a.example/x?y=1，或http://b.example。") == ("见 ，或。", 2)


def test_unseen_characters_go_and_joiners_stay() -> None:
    assert text.tidy("甲\u200b乙\x00\ufeff  丙\r\n👨\u200d👩") == "甲乙 丙\n👨\u200d👩"


@pytest.mark.parametrize(
    ("hostile", "kept", "sentences"),
    [
        ("（" * 100_000, "", 1),
        ("（" * 100_000 + "字" * 100_000, "", 1),
        ("甲。" + "）" * 100_000 + "字", "甲。）））））））", 100_002),
    ],
)
def test_hostile_length_takes_no_more_than_its_length(hostile: str, kept: str, sentences: int) -> None:
    """Time squared would be minutes."""
    assert cutting.cut(hostile, lambda part: len(part) < 10) == kept
    assert len(cutting.sentences(hostile)) == sentences
