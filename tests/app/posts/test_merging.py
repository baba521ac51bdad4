"""What two people made of one text, laid beside what it was: each proposal taken as it stands gives the text both meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.posts.merging import Choice, merged


def paragraphs(*lines: str) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def taken(theirs: str, mine: str, base: str | None) -> str:
    """As the page does it, with nothing decided otherwise."""
    found = merged(theirs, mine, base)
    return "".join(block.old if choice == "theirs" else block.new for block, choice in found)


def choices(theirs: str, mine: str, base: str | None) -> list[tuple[str, Choice]]:
    return [(block.kind, choice) for block, choice in merged(theirs, mine, base)]


BASE = ("7月12日停水。", "7月13日停水。", "7月14日停水。")


@pytest.mark.parametrize(
    ("theirs", "mine", "expected"),
    [
        # Paragraphs that resemble one another are not taken for their neighbours.
        (
            ("7月12日停水，8时起。", BASE[1], BASE[2]),
            (BASE[0], "7月13日停水，9时起。", BASE[2]),
            ("7月12日停水，8时起。", "7月13日停水，9时起。", BASE[2]),
        ),
        # What one took out and the other left alone is gone; what either added stays, theirs first.
        ((BASE[1], BASE[2]), (*BASE, "我加的。"), (BASE[1], BASE[2], "我加的。")),
        (("对方加的说明。", *BASE), (BASE[0], "我加的一段。", *BASE[1:]), ("对方加的说明。", BASE[0], "我加的一段。", *BASE[1:])),
        ((*BASE, "对方末尾。"), (*BASE, "另外的结语与联系办法。"), (*BASE, "对方末尾。", "另外的结语与联系办法。")),
        # The same from both stands once.
        ((*BASE, "咨询电话12345。"), (*BASE, "咨询电话12345。"), (*BASE, "咨询电话12345。")),
        ((BASE[0], BASE[2]), (BASE[0], BASE[2]), (BASE[0], BASE[2])),
    ],
)  # fmt: skip
def test_what_only_one_changed_is_taken_from_that_one(
    theirs: tuple[str, ...], mine: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    given_ = paragraphs(*theirs), paragraphs(*mine), paragraphs(*BASE)
    assert taken(*given_) == paragraphs(*expected)
    assert "both" not in {choice for _kind, choice in choices(*given_)}


def test_what_both_changed_is_asked() -> None:
    base = paragraphs(*BASE)
    both = choices(base.replace("13日停水", "13日全天停水"), base.replace("13日停水", "13日局部停水"), base)
    assert both[1] == ("changed", "both")
    # Taken out by one, changed by the other: neither goes by itself.
    assert choices(paragraphs(BASE[0], BASE[2]), base.replace("13日停水", "13日局部停水"), base)[1] == ("ins", "both")
    assert choices(base.replace("13日停水", "13日局部停水"), paragraphs(BASE[0], BASE[2]), base)[1] == ("del", "both")


LINES = st.lists(st.sampled_from([*BASE, "供水恢复后另行通知。", "请提前储水。", "重复。"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(base=LINES, other=LINES)
def test_where_one_did_nothing_the_others_text_stands(base: list[str], other: list[str]) -> None:
    was, now = paragraphs(*base), paragraphs(*other)
    assert taken(was, now, was) == now
    assert taken(now, was, was) == now
    assert taken(now, now, was) == now
