"""Terms in a text: the right places whatever characters stand before them, exceptions, and our own small packs."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import mammoth
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checks.builtin import builtin_matcher, builtin_packs
from app.checks.plaintext import plain_text
from app.checks.services import Attachment, check, check_content, check_html
from app.checks.sourcing import maps, reposts
from app.checks.terms import term_from
from app.checks.words import Found, Matcher, Spans, Term, apart, find_all
from app.media.attachments import attachment_text
from app.media.kinds import XLSX
from app.media.places import unmarked
from app.posts.markdown import read_markdown

SAMPLES = Path(__file__).parents[2] / "samples"
DEMO = Path(__file__).parents[3] / "app" / "system" / "demo"
OTHERS = Term(wrong="其它", right="其他")


def places(text: str, *terms: Term) -> list[str]:
    return [f"{text[found.start : found.end]}@{found.start}" for found in Matcher(terms).find(text)]


def test_offsets_count_characters_whatever_stands_before() -> None:
    assert places("😱𠮷👨‍👩‍👧其它é其它", OTHERS) == ["其它@7", "其它@10"]
    assert places("𠮷祥如意", Term(wrong="𠮷祥", right="吉祥")) == ["𠮷祥@0"]
    assert places("乎乎😱乎", Term(wrong="乎")) == ["乎@0", "乎@1", "乎@3"]
    assert places("\ud83d其它", OTHERS) == ["其它@1"], "half a character, as some clipboards leave it"


class Counted(int):
    """An offset that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) < int(other)

    def __gt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) > int(other)

    def __le__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) <= int(other)

    def __ge__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) >= int(other)


def test_what_repeats_throughout_a_text_costs_in_proportion() -> None:
    """Each of 3,000 places is compared with a few others, not with all."""
    many, severe = 3_000, Term(wrong="人名政府", severity="block")
    Counted.compared = 0
    found = [
        Found(start=Counted(10 * number + shift), end=Counted(10 * number + shift + 4), term=term)
        for number in range(many)
        for shift, term in ((0, severe), (2, OTHERS), (5, OTHERS))
    ]
    kept = apart(found)
    assert [(one.start, one.term.severity) for one in kept[:3]] == [(0, "block"), (5, "warn"), (10, "block")]
    assert len(kept) == 2 * many
    spans = Spans((Counted(10 * number), Counted(10 * number + 4)) for number in range(many))
    held = [
        spans.hold(Counted(10 * number + shift), 10 * number + shift + 1) for number in range(many) for shift in (1, 5)
    ]
    assert held == [True, False] * many
    assert Counted.compared < many * 200


def test_of_longer_words_that_overlap_any_may_hold_the_term() -> None:
    spans = Spans([(4, 6), (0, 9), (5, 7)])
    asked = [(0, 9), (4, 9), (5, 7), (8, 9), (8, 10), (9, 10)]
    assert [spans.hold(*span) for span in asked] == [True, True, True, True, False, False]
    assert not Spans([(2, 4)]).hold(1, 3)


def test_a_term_inside_a_longer_allowed_word_is_none() -> None:
    term = Term(wrong="报导", right="报道", exceptions=("举报导致", "报导向"))
    assert places("据报导，举报导致停产，报导向社会公开，再报导。", term) == ["报导@1", "报导@20"]


def test_an_exception_holds_for_its_own_term_alone() -> None:
    one, other = Term(wrong="甲乙", exceptions=("甲乙丙",)), Term(wrong="乙丙")
    assert places("甲乙丙", one, other) == ["乙丙@1"]


def test_corrected_text_is_not_found_again() -> None:
    assert places("市委办公室主任办公室主任", Term(wrong="办公室主任", right="市委办公室主任")) == ["办公室主任@7"]


def test_of_overlapping_places_the_longer_counts_and_of_two_packs_the_first() -> None:
    short, long = Term(wrong="截止", right="截至"), Term(wrong="截止目前", right="截至目前")
    assert places("截止目前", short, long) == ["截止目前@0"]
    mine, theirs = Matcher([Term(wrong="其它", right="我们的")]), Matcher([Term(wrong="其它", right="他们的")])
    assert [found.term.right for found in find_all([mine, theirs], "其它")] == ["我们的"]
    grave = Matcher([Term(wrong="其它", right="严重", severity="block")])
    assert [found.term.right for found in find_all([mine, grave], "其它")] == ["严重"]


def test_what_blocks_is_hidden_by_nothing_that_is_longer() -> None:
    severe = Matcher([Term(wrong="甲乙", severity="block")])
    mild = Matcher([Term(wrong="甲乙丙丁", severity="advise"), Term(wrong="零零零甲")])
    for matchers in ([severe, mild], [mild, severe]):
        found = find_all(matchers, "零零零甲乙丙丁")
        assert [(one.start, one.end, one.term.severity) for one in found] == [(3, 5, "block")]
    assert [one.term.severity for one in find_all([severe, mild], "甲乙，零零零甲")] == ["block", "warn"]
    one = Matcher([Term(wrong="甲乙", severity="block"), Term(wrong="零甲乙丙", severity="advise")])
    assert [found.term.severity for found in one.find("零甲乙丙")] == ["block"]


def test_an_explanation_holds_for_what_was_explained_alone() -> None:
    def keys(*terms: Term) -> set[str]:
        return {problem.key for problem in check("其它材料", "body", [Matcher(terms)])}

    assert keys(Term(wrong="其它", right="其他")) != keys(Term(wrong="其它", right="别的"))
    assert keys(Term(wrong="其它", right="其他")) != keys(Term(wrong="其它材料", right="其他材料"))

    def unread(sha256: str) -> str:
        scan = Attachment(name="名单.pdf", text="", sha256=sha256)
        (problem,) = check_content(title="题", summary="", body_html="", attachments=[scan])
        return problem.key

    assert unread("1") != unread("2")
    (few,), (more,) = maps("", ["简单地图"]), maps("", ["简单地图", "行政区划图"])
    assert few.key != more.key


def test_nothing_to_look_for_and_nothing_to_look_in() -> None:
    assert Matcher([]).find("其它") == []
    assert Matcher([OTHERS]).find("") == []


# 乎 is U+4E4E: the same bytes across the border of two as in one.
_TEXT = st.text("甲乙丙乎𠮷", max_size=40)
_WORD = st.text("甲乙丙乎𠮷", min_size=1, max_size=3)


@given(text=_TEXT, words=st.lists(_WORD, max_size=5), longer=_WORD)
def test_it_finds_what_looking_everywhere_finds(text: str, words: list[str], longer: str) -> None:
    terms = [Term(wrong=word, exceptions=(longer,) if word in longer and word != longer else ()) for word in set(words)]
    everywhere = {
        (at, at + len(term.wrong))
        for term in terms
        for at in range(len(text))
        if text.startswith(term.wrong, at) and not _allowed(text, at, term)
    }
    found = [(one.start, one.end) for one in Matcher(terms).find(text)]
    assert set(found) <= everywhere
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(found))
    assert all(any(start < last and first < end for start, end in found) for first, last in everywhere)


def _allowed(text: str, at: int, term: Term) -> bool:
    return any(
        text.startswith(word, begin) and begin <= at and at + len(term.wrong) <= begin + len(word)
        for word in term.exceptions
        for begin in range(len(text))
    )


SAMPLE_TEXTS = {
    "traffic-control-from-word.html": lambda path: plain_text(path.read_text()),
    "weather-warning.md": lambda path: plain_text(read_markdown(path.read_text())[0]["body_html"]),
    "rumor-rebuttal.md": lambda path: plain_text(read_markdown(path.read_text())[0]["body_html"]),
    "policy-interpretation.docx": lambda path: plain_text(mammoth.convert_to_html(io.BytesIO(path.read_bytes())).value),
    "recruitment-publicity.docx": lambda path: plain_text(mammoth.convert_to_html(io.BytesIO(path.read_bytes())).value),
    "recruitment-publicity-attachment.xlsx": lambda path: unmarked(attachment_text(path.read_bytes(), XLSX)).text,
}


@pytest.mark.parametrize("name", SAMPLE_TEXTS)
def test_our_packs_say_nothing_of_ordinary_notices(name: str) -> None:
    text = SAMPLE_TEXTS[name](SAMPLES / name)
    assert len(text) > 100
    found = find_all([builtin_matcher(pack.key) for pack in builtin_packs()], text)
    assert [one.term.wrong for one in found] == []


def test_our_packs_say_nothing_of_the_demo() -> None:
    text = "\n".join(path.read_text() for path in DEMO.glob("*.py"))
    assert "青岚" in text
    assert find_all([builtin_matcher(pack.key) for pack in builtin_packs()], text) == []


def test_our_packs_are_what_a_person_could_have_typed_and_correct_themselves() -> None:
    terms = [term for pack in builtin_packs() for term in pack.terms]
    assert 60 < len(terms) < 150
    assert len({term.wrong for term in terms}) == len(terms)
    matchers = [builtin_matcher(pack.key) for pack in builtin_packs()]
    for term in terms:
        fields = {name: getattr(term, name) for name in ("wrong", "right", "severity", "reason")}
        assert term_from({**fields, "exceptions": "、".join(term.exceptions)}) == term
        assert term.reason
        assert [found.term for found in find_all(matchers, f"（{term.wrong}）")] == [term]
        for word in (term.right, *term.exceptions):
            assert [found.term.wrong for found in find_all(matchers, word)] == [], word


@pytest.mark.parametrize(
    "text",
    [
        "有人举报导致停工",
        "公布署名文章",
        "购买全部份额",
        "积极品质",
        "改革开发区管理体制",
        "既使用又维护",
        "思想像灯塔",
    ],
)
def test_words_that_only_look_like_errors(text: str) -> None:
    assert find_all([builtin_matcher(pack.key) for pack in builtin_packs()], text) == []


def test_a_problem_says_what_why_and_what_instead() -> None:
    words = [Matcher([Term(wrong="截止目前", right="截至目前", reason="后面不带时间")])]
    (problem,) = check("😱截止目前已通车", "title", words)
    assert (problem.rule, problem.severity, problem.start, problem.end) == ("wording.error", "warn", 1, 5)
    assert problem.suggestion == "截至目前"
    assert problem.message == "标题中“截止目前”应为“截至目前”。后面不带时间。请改正；确需保留的，请写明理由。"
    assert problem.key


def test_severe_words_block_and_nobody_can_explain_them() -> None:
    words = [Matcher([Term(wrong="人名政府", right="人民政府", severity="block")])]
    (problem,) = check("市人名政府", "summary", words)
    assert (problem.rule, problem.severity, problem.key) == ("wording.severe", "block", "")
    assert "必须改正后才能送审" in problem.message


def test_the_key_lasts_as_long_as_the_line() -> None:
    words = [Matcher([OTHERS])]

    def keys(html: str) -> list[str]:
        return [problem.key for problem in check_html(html, "body", words)]

    (before,) = keys("<p>第一段</p><p>其它事项</p>")
    assert keys("<p>第一段改了</p><p>又一段</p><p>其它事项</p>") == [before]
    assert before not in keys("<p>第一段</p><p>其它事项。</p>")
    one, other = keys("<p>其它和其它</p>")
    assert one != other


def test_words_in_the_code_alone_have_no_place() -> None:
    (problem,) = check_html('<p>图</p><img src="/media/x" alt="其它材料">', "body", [Matcher([OTHERS])])
    assert (problem.start, problem.suggestion) == (None, "")
    assert "图片说明“其它材料”" in problem.message


def test_a_file_that_is_wrong_throughout_is_told_as_a_whole() -> None:
    terms = [OTHERS, Term(wrong="人名政府", severity="block")]
    found = check("其它" * 150 + "人名政府", "attachment:表.xlsx", [Matcher(terms)])
    assert len(found) == 101
    assert (found[-1].rule, found[-1].severity) == ("wording.severe", "block")
    assert "还有 51 处" in found[-1].message
    milder = check("其它" * 150, "attachment:表.xlsx", [Matcher([OTHERS])])
    assert milder[-1].key == "", "what was not shown cannot be explained"


@pytest.mark.parametrize(
    ("body", "source", "count"),
    [
        ("本报讯。\n转载自《青岚日报》", "", 1),
        ("正文\n来源：新华社", "", 1),
        ("正文\n（来源：新华社）", "", 1),
        ("本文转自市水务局", "", 1),
        ("转载自《青岚日报》", "青岚日报", 0),
        ("资金来源：财政拨款", "", 0),
        ("欢迎转载，转载请注明出处", "", 0),
        ("未经授权不得转载", "", 0),
        ("人员转自收自支单位", "", 0),
    ],
)
def test_a_repost_names_its_source(body: str, source: str, count: int) -> None:
    assert len(reposts(body, source)) == count


@pytest.mark.parametrize(
    ("alt", "body", "count"),
    [("青岚市行政区划图", "见图", 1), ("青岚市行政区划图", "审图号：青S（2026）012号", 0), ("会议现场", "见图", 0)],
)
def test_a_map_bears_its_number(alt: str, body: str, count: int) -> None:
    html = f'<p>{body}</p><img src="/media/x" alt="{alt}">'
    found = [p for p in check_content(title="题", summary="", body_html=html) if p.rule == "map.number"]
    assert len(found) == count
    assert len(maps(body, [alt])) == count


def test_what_the_author_ticked_as_a_map_is_one_whatever_it_is_called() -> None:
    def found(html: str) -> list[str]:
        return [p.message for p in check_content(title="题", summary="", body_html=html) if p.rule == "map.number"]

    ticked = '<img src="/media/x" alt="青岚市全貌" data-map="1">'
    assert found(f"<p>见图</p>{ticked}")[0].startswith("配图“青岚市全貌”标为地图")
    assert found('<img src="/media/x" alt="" data-map="1">')[0].startswith("有一张配图标为地图")
    assert found(f"<figure>{ticked}<figcaption>审图号：青S（2026）012号</figcaption></figure>") == []
    assert found(ticked.replace(' data-map="1"', "")) == []
