"""What gives a sentence its meaning: the heading and the lead-in it stands under, and what a pair of quotes holds with it. Pure.

"全市停水三天。" under 不实信息, or an item under 请勿：, says the opposite when it stands alone. So each piece of a text knows
the words that must stand before it wherever it is taken to, and whether it may be taken without what stands before it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from connectors import hearsay
from connectors import text as words
from connectors.cutting import ends_a_sentence, sentences, unpaired
from connectors.pieces import CHAPTER, FALSE, YES_OR_NO, Label, Piece, denies, glued, lists_of

_LEADS = re.compile(r"以下|下列|如下|下述|这些")
# Items that were typed, by the kind of their numbers.
_TYPED = re.compile(
    r"(?P<bracketed>[（(][一二三四五六七八九十\d]{1,3}[)）])|(?P<han>[一二三四五六七八九十]{1,3}、)|(?P<said>[一二三四五六七八九十]{1,3}是"
    r"|其[一二三四五六七八九]|第[一二三四五六七八九][，,、：]|首先|其次|再次|最后)|(?P<ring>[①-⑳])|(?P<digit>\d{1,2}(?:[.．、)）](?!\d)))"
    r"|(?P<dot>[•·●■▪◆○※-]\s?)"
)
# "谣言：" at the head of a paragraph speaks of all its sentences.
_UNTRUE = re.compile(rf"[^：:。]{{0,12}}(?:{FALSE.pattern})[^：:。]{{0,6}}[：:]")
# "请不要：一是……。二是……。": the lead-in and its first item are one sentence.
_LED = re.compile(rf"([^：:。]{{0,40}}[：:])(?:{_TYPED.pattern})")
# Yes and no are said of the question: 问：……吗？ 答：不能。……
_QUESTION = re.compile(r"(?:\d{1,2}[.、])?\s?(?:问|Q)\d{0,2}\s?[：:.、]")
_ASKED = re.compile(r"[？?]$")
_ANSWER = re.compile(r"(?:答|A)\d{0,2}\s?[：:.、]")
# Whom a letter greets, at its head; nothing is told of them.
_GREETING = re.compile(
    r"^(?!.*(?:以下|下列|如下|请|将|已|是|为|被))(?:尊敬|亲爱|各|全[市县区体省镇]|广大|有关).*[：:]$"
    r"|^(?!.*(?:以下|下列|如下|请|将|已|是|为|被))[^，。]*(?:公司|单位|部门|政府|用户|朋友|市民|居民|业主|家长|同学|同志|考生|先生|女士|[局委办院校厂店]|中心|们)[：:]$"
)
_LINE_HEAD = 30
_FRAGMENT = 40
# Sentences that one pair of quotes may hold together.
_MOST = 12


@lru_cache(maxsize=16)
def outline(document: words.Document, title: str = "") -> tuple[Piece, ...]:
    """The running text in pieces, without headings, lead-ins, tables, captions, links and the document's own title.

    Those that a pair of brackets or quotes holds together are one. Remembered, as text.read().
    """
    found = _answered(_whole_lists(_led(_Outliner(document, words.tidy(title)).run())))
    return tuple(_closed(_counted(list(_joined_pairs(_denied(found))))))


class _Outliner:
    def __init__(self, document: words.Document, title: str) -> None:
        self.blocks = document.blocks
        self.title = title
        self.found: list[Piece] = []
        self.heading: Label | None = None
        self.leads: tuple[Label, ...] = ()
        # Whether an item of the lead has been seen; where the section and what follows the lead began.
        self.listing = self.after_heading = False
        self.section = self.began = self.question = self.answer = -1
        self.at = self.line = 0
        self.careful = any(denies(each.text) for each in self.blocks if each.kind == "heading" or _heads(each))

    def run(self) -> list[Piece]:
        for number, block in enumerate(self.blocks):
            self.at += 1
            if block.kind == "caption":
                continue
            if block.kind == "table":
                self._end_list()
            elif block.text == self.title and not self.leads:
                continue
            elif block.kind == "heading" or _heads(block) or (self._untrue() and _is_line(block, "：:")):
                self._head(block)
            else:
                self._read(number, block)
        return self.found

    def _untrue(self) -> bool:
        return self.heading is not None and self.heading.untrue

    def _head(self, block: words.Block) -> None:
        marked = block.kind == "heading" or CHAPTER.match(block.text) is not None
        self.heading = Label(text=words.drop_links(block.text)[0], at=self.at, heading=True, marked=marked)
        self._end_list()
        self.section = self.question = -1
        self.after_heading = True

    def _end_list(self) -> None:
        self.leads, self.listing, self.began = (), False, -1

    def _read(self, number: int, block: words.Block) -> None:
        if _QUESTION.match(block.text):
            self.question = self.at + 1
        self.answer = number if _ANSWER.match(block.text) else -1
        if block.kind == "item":
            self._lead_by_the_sentence_before(number)
            self._rise(block.depth if block.mark else block.depth + 1)
        for line in words.drop_links(block.text)[0].split("\n"):
            self.line += 1
            parts = sentences(line)
            for part in parts:
                self.at += 1
                typed = _TYPED.match(part)
                if typed and typed.lastgroup and block.kind != "item":
                    self._rise(typed.lastgroup)
                item = block.kind == "item" or (bool(self.leads) and self._is_item(part, number, typed is not None))
                if part.endswith(("：", ":")):
                    level = block.depth or (typed.lastgroup if typed and typed.lastgroup else 0)
                    self._lead(part, number, item, level)
                else:
                    self._take(part, number, "item" if item else block.kind, alone=len(parts) == 1)
        self.after_heading = False

    def _rise(self, level: int | str) -> None:
        """An item stands under the leads of lists around it, not under one of its own level."""
        for at, one in enumerate(self.leads):
            own = one.level == level if isinstance(level, str) else isinstance(one.level, int) and one.level >= level
            if own:
                self.leads = self.leads[:at]
                return

    def _lead(self, part: str, number: int, item: bool, level: int | str) -> None:
        """A lead-in; one that is itself an item keeps what it stands under."""
        self.leads = (
            *(self.leads if item else ()),
            Label(text=part, at=self.at, line=self.line, level=level, block=number),
        )
        self.listing, self.began = False, -1

    def _lead_by_the_sentence_before(self, number: int) -> None:
        """ "以下行为是禁止的。" leads in without a colon."""
        last = self.found[-1] if self.found else None
        if self.leads or last is None or last.kind == "item" or last.block != number - 1:
            return
        if _LEADS.search(last.text) or denies(last.text) or not ends_a_sentence(last.text):
            self.leads = (Label(text=last.text, at=last.at, block=last.block),)

    def _is_item(self, part: str, number: int, typed: bool) -> bool:
        """Items that were typed: numbered, or each ended with a semicolon; and what follows within one."""
        last = self.found[-1] if self.listing and self.blocks[self.found[-1].block].kind != "item" else None
        if last is not None and (last.block == number or last.text.endswith(("；", ";"))):
            return True
        return typed or part.endswith(("；", ";"))

    def _take(self, part: str, number: int, kind: words.BlockKind, *, alone: bool) -> None:
        item = kind == "item"
        kept = self.careful or any(one.denies for one in self.leads)
        if self.leads and not item and (self.listing or (not kept and not self._led_here(number))):
            self._end_list()
        under = self.leads
        optional = False
        if self.heading is not None and (why := self._wants(self.heading, part, item, alone)):
            under, optional = (self.heading, *under), why == "fragment"
        piece = Piece(
            text=part,
            at=self.at,
            block=number,
            line=self.line,
            kind=kind,
            labels=under,
            since=self.at,
            until=self.at,
            optional=optional,
        )
        self.found.append(replace(piece, since=self._since(piece)))
        self.listing = self.listing or item

    def _led_here(self, number: int) -> bool:
        """Whether a paragraph follows a lead-in right away; whom a letter greets is none."""
        if len(self.leads) != 1 or _GREETING.search(self.leads[0].text):
            return False
        before = self.found[-1] if self.found else None
        if before is not None and before.labels[-1:] == self.leads:
            return before.block == number
        return number - self.leads[0].block <= 1

    def _since(self, piece: Piece) -> int:
        """Where that begins without which the piece says something else."""
        if self._untrue() or (self.heading is not None and self.heading.is_yes_or_no):
            self.section = self.section if self.section >= 0 else piece.at
            return self.section
        denied = any(one.denies for one in self.leads)
        if denied and piece.kind != "item":
            self.began = self.began if self.began >= 0 else piece.at
            return self.began
        if self.answer == piece.block and self.question >= 0:
            return self.question
        before = self.found[-1] if self.found else None
        if before is None or before.block != piece.block:
            return piece.at
        # The second sentence of an item: what the first has said may be what it speaks of.
        if (denied and before.labels == piece.labels) or before.since < before.at or _UNTRUE.match(before.text):
            return before.since
        led = _LED.match(before.text)
        return before.since if led and denies(led[1]) else piece.at

    def _wants(self, heading: Label, part: str, item: bool, alone: bool) -> Literal["meaning", "fragment", ""]:
        """Why a piece needs its heading: it would say the wrong thing without, or too little; "" where it does not."""
        if (
            self.careful
            or heading.is_yes_or_no
            or (item and not self.leads and (self.after_heading or self._goes_on(heading)))
        ):
            return "meaning"
        return "fragment" if heading.marked and self.after_heading and alone and len(part) <= _FRAGMENT else ""

    def _goes_on(self, heading: Label) -> bool:
        """Whether the list began right under the heading."""
        return bool(self.found) and self.found[-1].kind == "item" and self.found[-1].labels[:1] == (heading,)


def _is_line(block: words.Block, ending: str) -> bool:
    """Whether a paragraph is one short line with one of these signs at its end."""
    text = block.text
    return block.kind == "paragraph" and "\n" not in text and len(text) <= _LINE_HEAD and text.endswith(tuple(ending))


def _heads(block: words.Block) -> bool:
    """A paragraph that stands for a heading: one short line that ends nothing and has no colon within."""
    text = block.text
    if block.kind != "paragraph" or "\n" in text or len(text) > _LINE_HEAD or ends_a_sentence(text):
        return False
    if unpaired([text])[1]:
        return False
    bare = text.rstrip("：:")
    if bare != text:
        return FALSE.search(bare) is not None
    return re.search(r"[；;，,、]$|[：:]", text) is None


def _answered(found: Sequence[Piece]) -> list[Piece]:
    """A question with the first sentence of its answer, and the answer with its question."""
    told = list(found)
    for index, (one, following) in enumerate(pairwise(found)):
        if not _QUESTION.match(one.text) and not (_ASKED.search(one.text) and following.block != one.block):
            continue
        told[index] = replace(told[index], until=max(one.until, following.at))
        for at in range(index + 1, len(found)):
            if at > index + 1 and (found[at].block != following.block or not YES_OR_NO.search(one.text)):
                break
            told[at] = replace(found[at], since=min(found[at].since, one.at))
    return told


def _whole_lists(found: Sequence[Piece]) -> list[Piece]:
    """What must be met together (同时符合下列条件：) is told together."""
    ends: dict[tuple[Label, ...], tuple[int, int]] = {}
    for one in found:
        if one.kind == "item" and any(label.wants_all for label in one.labels):
            ends[one.labels] = (ends.get(one.labels, (one.at, 0))[0], one.at)
    return [
        replace(one, since=ends[one.labels][0], until=ends[one.labels][1])
        if one.kind == "item" and one.labels in ends
        else one
        for one in found
    ]


def _led(found: Sequence[Piece]) -> list[Piece]:
    """ "下列学校停课：1.一小。2.二小。": the items that follow within a paragraph, or each in its own, go with the first."""
    told = list(found)
    at = 0
    while at < len(told):
        first, last = told[at], at
        if first.kind != "item" and _LED.match(first.text):
            for following in told[at + 1 :]:
                if following.labels != first.labels or not _TYPED.match(following.text):
                    break
                last += 1
        for index in range(at, last + 1) if last > at else ():
            one = told[index]
            told[index] = replace(one, since=min(one.since, first.at), until=max(one.until, told[last].at))
        at = last + 1
    return told


def _denied(found: Sequence[Piece]) -> list[Piece]:
    """What is repeated only to be denied goes with the denial, and the denial with it."""
    told = list(found)
    for first, last in hearsay.groups([one.text for one in found]):
        for index in range(first, last + 1):
            one = told[index]
            since, until = min(one.since, told[first].at), max(one.until, told[last].at)
            told[index] = replace(one, since=since, until=until, repeated=index < last)
    return told


def _counted(found: list[Piece]) -> list[Piece]:
    """With each lead-in how much of a list it leads in."""
    texts: dict[Label, set[str]] = {}
    blocks: dict[Label, set[int]] = {}
    typed: dict[Label, int] = {}
    for one in found:
        for label in lists_of(one):
            texts.setdefault(label, set()).add(one.text)
            blocks.setdefault(label, set()).add(one.block)
            typed[label] = typed.get(label, 0) + (_TYPED.match(one.text) is not None)
    counted: dict[Label, Label] = {}
    for label, those in texts.items():
        single = len(those) in (len(blocks[label]), typed[label])
        counted[label] = replace(label, listed=len(those), single=single)
    # An inner lead-in is one item of the outer list, however many stand under it.
    for one in found:
        for outer, _inner in pairwise(lists_of(one)):
            counted[outer] = replace(counted[outer], single=False)
    known = {labels: tuple(counted.get(label, label) for label in labels) for labels in {one.labels for one in found}}
    return [replace(one, labels=known[one.labels]) if one.labels else one for one in found]


def _closed(found: list[Piece]) -> list[Piece]:
    """What a piece needs brings with it what that needs in turn."""
    places = [one.at for one in found]
    for index, one in enumerate(found):
        since, until = one.since, one.until
        while since != until:
            held = found[bisect_left(places, since) : bisect_right(places, until)]
            if len(held) > _MOST:
                break
            grown = min(since, *(each.since for each in held)), max(until, *(each.until for each in held))
            if grown == (since, until):
                break
            since, until = grown
        if (since, until) != (one.since, one.until):
            found[index] = replace(one, since=since, until=until)
    return found


def _joined_pairs(found: Sequence[Piece]) -> Iterator[Piece]:
    held, opened = unpaired([one.text for one in found])
    # A lead-in whose pair closes among its items cannot stand before some of them.
    torn = {label for label in {each for one in found for each in one.labels} if unpaired([label.text])[1]}
    opened |= {index for index, one in enumerate(found) if torn & set(one.labels)}
    at = 0
    for first, last in [*_merged(held), (len(found), len(found))]:
        for index in range(at, first):
            yield replace(found[index], whole=index not in opened)
        if first == len(found):
            return
        group = found[first : last + 1]
        one = group[0]
        if any(other.labels != one.labels for other in group) or last - first > _MOST:
            yield from (replace(other, whole=False) for other in group)
        else:
            whole = not opened & set(range(first, last + 1))
            yield replace(one, text=_one_text(group), until=max(other.until for other in group), whole=whole)
        at = last + 1


def _one_text(group: Sequence[Piece]) -> str:
    told = group[0].text
    for before, one in pairwise(group):
        told = glued(told, one.text) if one.line == before.line else f"{told}\n{one.text}"
    return told


def _merged(held: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping (first, last) as one, rising."""
    found: list[tuple[int, int]] = []
    for first, last in held:
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found
