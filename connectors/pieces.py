"""Pieces of a text with the words that give them their meaning, and how they are told as one text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from connectors import text as words
from connectors.cutting import MARKS, ends_a_sentence

# What is told under these words is not so; what is told under FORBIDS is not to be done or not granted.
FALSE = re.compile(r"不实|谣言|传言|流言|误区|错误|假的|虚假|失实|不属实|误传|误解|网传|假消息|伪造")
FORBIDS = re.compile(
    r"禁止|严禁|不得|不予|不能|不可|不准|不许|不应|不宜|不要|不含|不包括|不适用|无需|不需|不用|勿|切莫|避免|远离|杜绝|谨防|拒绝"
    r"|除外|取消|停止|停运|暂停|废止|失效|原来|以前|原规定|旧"
)
_ASKS = re.compile(
    r"(?:防御|防范|避险|自救|防护|应急|应对)(?:指南|措施|建议|要点|要求|提示)|(?:温馨|安全|出行|防范)提[示醒]"
    r"|禁止|严禁|不得|不准|不许|杜绝|谨防|请|勿|不要|务必|切莫|避免|远离|注意|防范|做到|小心"
)
# Whom or what a rule is for is nothing to be done.
_CONDITION = re.compile(r"情形|条件|人员(?!不得)|对象|不予|之一的")
_ALL = re.compile(r"同时(?:具备|满足|符合|达到)|缺一不可|均须|全部(?:条件|满足)|依次|步骤|流程|程序")
YES_OR_NO = re.compile(r"(?:吗|是否|能否|可否|是不是|能不能|可不可以).*[？?]$|吗$")
# The number of a heading, as typed.
CHAPTER = re.compile(r"^(?:[（(]?[一二三四五六七八九十]{1,3}[)）、]|第.{1,3}[章节条]\s?|\d{1,2}[.．、](?!\d))\s?")


def denies(text: str) -> bool:
    return FALSE.search(text) is not None or FORBIDS.search(text) is not None


@dataclass(frozen=True, kw_only=True)
class Label:
    """A heading or lead-in in its own words; `at` is its place among the pieces of the text.

    `line`, `block`: of a lead-in, its line and paragraph of the text. `level`: what its items must not share: the depth of its list, or the kind of its typed number. `marked`: a heading by
    its tag or number, not only by its shape.
    `listed`: how many pieces of a list stand under it; `single`: whether each of them is an item of its own.
    """

    text: str
    at: int
    heading: bool = False
    line: int = -1
    level: int | str = 0
    marked: bool = False
    listed: int = 0
    block: int = -1
    single: bool = False

    @property
    def written(self) -> str:
        """Without the number of a heading, with a colon where nothing ends it."""
        bare = (CHAPTER.sub("", self.text) if self.heading else self.text).rstrip()
        return bare if ends_a_sentence(bare) or bare.endswith(("：", ":")) else f"{bare}："

    # Read once each: thousands of items may stand under one.
    @cached_property
    def denies(self) -> bool:
        return denies(self.text)

    @cached_property
    def untrue(self) -> bool:
        return FALSE.search(self.text) is not None

    @cached_property
    def asks(self) -> bool:
        """Whether what stands under it is to be done or not to be done, and no condition for something else."""
        return _ASKS.search(self.text) is not None and _CONDITION.search(self.text) is None

    @cached_property
    def wants_all(self) -> bool:
        """Whether what stands under it only holds together."""
        return _ALL.search(self.text) is not None

    @cached_property
    def is_yes_or_no(self) -> bool:
        return YES_OR_NO.search(self.text) is not None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A sentence, or a line that ends none, at place `at`; `block` is its paragraph or item, `line` its line of the text.

    `labels`: what must stand before it, the outermost first; `optional` when a heading is among them without which it says
    less but nothing else. `since` and `until`: places of the pieces that must be taken
    with it. `whole` is False for one with an opener that no closer answers. `repeated`: it tells what others say, which the
    text then denies.
    """

    text: str
    at: int
    block: int
    line: int
    kind: words.BlockKind
    labels: tuple[Label, ...] = ()
    since: int
    until: int
    optional: bool = False
    whole: bool = True
    repeated: bool = False


def left_out(chosen: Sequence[Piece]) -> list[tuple[Piece, str]]:
    """Of each list of which only some is `chosen`: its last chosen piece, and the words that say so."""
    told: dict[Label, dict[str, Piece]] = {}
    for one in chosen:
        for label in lists_of(one):
            told.setdefault(label, {})[one.text] = one
    marks: dict[int, tuple[Piece, str]] = {}
    for label, pieces in told.items():
        if len(pieces) < label.listed:
            last = list(pieces.values())[-1]
            known = label.single and last.at not in marks
            marks[last.at] = (last, f"…（共{label.listed}项）" if known else "…（未列全）")
    return list(marks.values())


def lists_of(one: Piece) -> tuple[Label, ...]:
    """The words that lead in the lists in which a piece stands; a heading only does where nothing stands between."""
    if one.kind != "item":
        return ()
    return tuple(label for label in one.labels if not label.heading or label is one.labels[-1])


def marked(text: str, mark: str) -> str:
    """`text` with the words that say that more of the list there is."""
    return f"{text.rstrip(MARKS + '、 ')}{mark}。" if mark else text


def joined(chosen: Sequence[Piece]) -> str:
    """The pieces as one text behind the words they stand under: each paragraph on a line, the items of a lead-in on its
    line, ended properly; a list that is not told whole says so."""
    marks = {one.at: mark for one, mark in left_out(chosen)}
    cut: dict[int, str] = {}
    lists: set[int] = set()
    lines: list[list[str]] = []
    before: Piece | None = None
    for one in chosen:
        new = [label for label in one.labels if before is None or label not in before.labels]
        # A lead-in that is itself among what was taken is not said twice.
        new = [label for label in new if before is None or label.at != before.at]
        listed = one.kind == "item" and bool(one.labels)
        if before is not None and not new and one.block == before.block and one.line == before.line:
            lines[-1][-1] = glued(lines[-1][-1], one.text)
        elif before is not None and not new and listed and before.kind == "item" and before.labels == one.labels:
            lines[-1].append(one.text)
        elif before is not None and new and new[0].at == before.at + 1 and new[0].line == before.line:
            lines[-1][-1] += "".join(label.written for label in new) + one.text
        else:
            lines.append(["".join(label.written for label in new) + one.text])
        if listed:
            lists.add(len(lines) - 1)
        if one.at in marks:
            cut[len(lines) - 1] = marks[one.at]
        before = one
    told = (ended(_line(parts)) if at in lists else _line(parts) for at, parts in enumerate(lines))
    return ended("\n".join(marked(line, cut.get(at, "")) for at, line in enumerate(told)))


def glued(text: str, more: str) -> str:
    """Two sentences of one line behind each other: Latin ones with a blank between."""
    latin = text[-1:] in tuple(".!?;") and more[:1].isascii() and more[:1].isalnum()
    return f"{text}{' ' if latin else ''}{more}"


def _line(parts: Sequence[str]) -> str:
    """The items of one list behind each other; as a sentence, where there are several."""
    if len(parts) == 1:
        return parts[0]
    bare = "；".join(part if part.endswith(("！", "？", "!", "?", "…")) else part.rstrip("；;。，, ") for part in parts)
    return ended(bare)


def ended(text: str) -> str:
    """`text` with a full stop in place of the semicolon or nothing that a list's item ends with."""
    return text if not text or ends_a_sentence(text) else f"{text.rstrip('；;，,、 ')}。"
