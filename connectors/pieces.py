"""Pieces of a text with the words that give them their meaning, and how they are told as one text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from connectors import text as words
from connectors.cutting import ends_a_sentence

# What is told under these words is not so; what is told under FORBIDS is not to be done or not granted.
FALSE = re.compile(r"不实|谣言|传言|流言|误区|错误|假的|虚假|失实|不属实|误传|误解|网传|假消息|伪造")
FORBIDS = re.compile(
    r"禁止|严禁|不得|不予|不能|不可|不准|不许|不应|不宜|不要|不含|不包括|不适用|无需|不需|不用|勿|切莫|避免|远离|杜绝|谨防|拒绝"
    r"|除外|取消|停止|停运|暂停|废止|失效|原来|以前|原规定|旧"
)
_ASKS = re.compile(r"禁止|严禁|不得|不准|不许|杜绝|谨防|请|勿|不要|务必|切莫|避免|远离|注意|防范|做到|小心")
# Whom or what a rule is for is nothing to be done.
_CONDITION = re.compile(r"情形|条件|人员(?!不得)|对象|不予|之一的")
_ALL = re.compile(r"同时(?:具备|满足|符合|达到)|缺一不可|均须|全部(?:条件|满足)|依次|步骤|流程|程序")
_YES_OR_NO = re.compile(r"(?:吗|是否|能否|可否|是不是|能不能|可不可以).*[？?]$|吗$")
# The number of a heading, as typed.
CHAPTER = re.compile(r"^(?:[（(]?[一二三四五六七八九十]{1,3}[)）、]|第.{1,3}[章节条]\s?|\d{1,2}[.．、](?!\d))\s?")


def denies(text: str) -> bool:
    return FALSE.search(text) is not None or FORBIDS.search(text) is not None


@dataclass(frozen=True, kw_only=True)
class Label:
    """A heading or lead-in in its own words; `at` is its place among the pieces of the text.

    `line`: of a lead-in, its line of the text. `level`: what its items must not share: the depth of its list, or the kind of its typed number. `marked`: a heading by
    its tag or number, not only by its shape.
    """

    text: str
    at: int
    heading: bool = False
    line: int = -1
    level: int | str = 0
    marked: bool = False

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
        return _YES_OR_NO.search(self.text) is not None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A sentence, or a line that ends none, at place `at`; `block` is its paragraph or item, `line` its line of the text.

    `labels`: what must stand before it, the outermost first; `optional` when a heading is among them without which it says
    less but nothing else. `since` and `until`: places of the pieces that must be taken
    with it. `whole` is False for one with an opener that no closer answers.
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


def joined(chosen: Sequence[Piece]) -> str:
    """The pieces as one text behind the words they stand under: each paragraph on a line, the items of a lead-in on its
    line, ended properly."""
    lines: list[list[str]] = []
    before: Piece | None = None
    for one in chosen:
        new = [label for label in one.labels if before is None or label not in before.labels]
        # A lead-in that is itself among what was taken is not said twice.
        new = [label for label in new if before is None or label.at != before.at]
        listed = one.kind == "item" and bool(one.labels)
        if before is not None and not new and one.block == before.block and one.line == before.line:
            lines[-1][-1] += one.text
        elif before is not None and not new and listed and before.kind == "item" and before.labels == one.labels:
            lines[-1].append(one.text)
        elif before is not None and new and new[0].at == before.at + 1 and new[0].line == before.line:
            lines[-1][-1] += "".join(label.written for label in new) + one.text
        else:
            lines.append(["".join(label.written for label in new) + one.text])
        before = one
    return ended("\n".join(_line(parts) for parts in lines))


def _line(parts: Sequence[str]) -> str:
    """The items of one list behind each other; as a sentence, where there are several."""
    if len(parts) == 1:
        return parts[0]
    bare = "；".join(part if part.endswith(("！", "？", "!", "?", "…")) else part.rstrip("；;。，, ") for part in parts)
    return ended(bare)


def ended(text: str) -> str:
    """`text` with a full stop in place of the semicolon or nothing that a list's item ends with."""
    return text if not text or ends_a_sentence(text) else f"{text.rstrip('；;，,、 ')}。"
