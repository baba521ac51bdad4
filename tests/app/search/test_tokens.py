"""How texts and questions are cut, and where hits stand in a text."""

from __future__ import annotations

import pytest

from app.errors import Invalid
from app.search.snippets import Piece, snippet
from app.search.tokens import query_of, tokens_of, words_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("公租房", "公租房"),
        ("ＡＢＣ　１２", "abc·12"),
        ("Straße", "strasse"),
        ("ﾃｽﾄ", "テスト"),
        ("e\u0301té", "été"),
        ("办\u200b事\ufeff指\u202e南", "办事指南"),
        ("❤️🧑‍🌾👍", "❤🧑🌾👍"),
        ("  ，。！", ""),
        ("第1.5条（试行）", "第1·5条·试行"),
        ("100%_'\"", "100"),
        ("𠮷野家", "𠮷野家"),
        ("مرحبا", "مرحبا"),
    ],
)
def test_texts_are_cut_into_characters(text: str, tokens: str) -> None:
    assert "".join(tokens_of(text)) == tokens


def test_texts_of_one_thing_do_not_run_into_each_other() -> None:
    assert words_of(["住房", "", "。", "租赁"]) == "住 房 · 租 赁"


@pytest.mark.parametrize(
    ("asked", "phrases"),
    [
        ("公租房 登记", ["公租房", "登记"]),
        ('"new york"　北京', ["new·york", "北京"]),
        ("“住房 租赁” 住房", ["住房·租赁", "住房"]),
        ('屏幕 27" 显示器', ["屏幕", "27", "显示器"]),
        ("房 房", ["房"]),
        ("，。 %", []),
        ("", []),
    ],
)
def test_questions_are_words_and_phrases(asked: str, phrases: list[str]) -> None:
    assert ["".join(phrase) for phrase in query_of(asked).phrases] == phrases


@pytest.mark.parametrize(("asked", "told"), [("长" * 101, "太长"), (" ".join("一二三四五六七八九十百"), "10 个词")])
def test_what_is_too_long_is_refused_in_words(asked: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as refused:
        query_of(asked)
    assert "q" in refused.value.errors


def test_hits_are_marked_in_the_text_as_it_was_written() -> None:
    pieces = snippet("ＡＢＣ公\u200b司：公司", query_of("abc 公司"), length=40)
    assert [piece.text for piece in pieces if piece.hit] == ["ＡＢＣ公", "司", "公司"]
    assert "".join(piece.text for piece in pieces) == "ＡＢＣ公\u200b司：公司"
    assert [piece.hit for piece in snippet("甲乙丙", query_of("丁 乙丙"))] == [False, True]
    assert snippet("甲乙丙", query_of("甲丙")) == [Piece(text="甲乙丙")]


def test_a_long_text_is_shown_where_the_hit_is() -> None:
    pieces = snippet("前" * 200 + "目标" + "后" * 200, query_of("目标"), length=60, before=10)
    assert pieces[0] == Piece(text="…")
    assert pieces[2] == Piece(text="目标", hit=True)
    assert len("".join(piece.text for piece in pieces)) == 62
    assert snippet("没有", query_of("别的")) == [Piece(text="没有")]
