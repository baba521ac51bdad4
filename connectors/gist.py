"""What a text says above all: its sentences by weight, chosen without a model. Pure, deterministic, whole numbers only.

A sentence weighs more the earlier it stands, the more words it shares with the title, and by what readers of public notices
look for: numbers, days and hours, places, what to do. Nothing is rewritten: whole sentences are taken, in their order, each
with the heading or lead-in that gives it its meaning.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from connectors import text as words
from connectors.cutting import cut, ends_a_sentence
from connectors.hearsay import QUOTED
from connectors.outline import outline
from connectors.pieces import Label, Piece, joined, left_out

TIME = re.compile(
    r"\d{4}年|\d{1,2}月\d{1,2}日|\d{1,2}[:：]\d{2}|\d{1,2}[时点](?!代|候)|[今明昨当次][天日晚晨早夜]|未来\s?\d+|\d+\s?小时"
    r"|即日起|[上下中]午|凌晨|傍晚|夜间|周[一二三四五六日末]|目前"
)
PLACE = re.compile(
    r"[\u4e00-\u9fff](?:省|市(?!民|场|政)|区(?!别|分)|县|镇|乡(?!村)|村(?!民)|街道|社区|路(?!况|线)|大道|隧道|桥|水库|站(?!点)|沿江|全境)"
    r"|全[省市区县]|我[省市区县]"
)
# Of what may only be taken together, as many sentences can be taken.
_MOST_NEEDED = 12
# A list so long is told whole where it fits.
_MOST_LISTED = 12
# Words without which what stands before them says something else.
_TURNS = re.compile(r"但|除|不|未|无|非|取消|停止|禁止|否则|如|若|仅|只|限|另|例外|方可|才")
ACTION = re.compile(
    r"(?<![申邀聘报])请(?!假|示|求|谅|柬)|勿|不要|务必|切莫|避免|远离|转移|撤离|绕行|拨打|不外出|不涉|防范|小心|服从|听从"
)
# "敬请谅解" asks for nothing one could do.
_POLITE = re.compile(r"谅解|感谢|敬请期待")
TELEPHONE = re.compile(
    r"(?<![\d.])(?:0\d{2,3}-?\d{7,8}|1\d{10}|[2-9]\d{6,7}|1\d{2,4}|9\d{4})(?![\d.年月日时分个万元%])"
)
_CALLED = re.compile(r"电话|热线|拨打|致电")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DANGLING = re.compile(r"^(?:但|而|此外|另外|其中|同时|因此|所以|然而|不过|该|其|上述|这|那|他|她|它|对此|据此|否则)")
_HAN = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z0-9]{2,}")
_FEW = 3
_SHORT, _LONG = 8, 90
# By place in the text: the first sentence of a notice tells what it is about.
_LEADING = (30, 18, 12, 6, 4)


@dataclass(frozen=True, kw_only=True)
class Sentence(Piece):
    """One sentence; `number` counts from 1 through the text.

    `asked`: what stands under "请…：" or "请勿：", so a thing to be done or not to be done. `denied`: what stands under words
    that say it is not so, or before what denies it. `needs`: what must be taken with it.
    """

    number: int
    asked: bool = False
    denied: bool = False
    needs: tuple[Sentence, ...] = ()

    @property
    def denying(self) -> bool:
        """Whether it denies what others tell."""
        return not self.repeated and any(one.repeated for one in self.needs)


def sentences_of(document: words.Document, title: str = "") -> list[Sentence]:
    """The running text: no headings, tables, captions, signatures and "如下：", no sentence twice, no links in them.

    The document's own title is left out, as an import leaves it above the text.
    """
    pieces = outline(document, title)
    found: list[Sentence] = []
    seen: set[tuple[str, tuple[Label, ...]]] = {(words.tidy(title), ())}
    for piece in pieces:
        told = ends_a_sentence(piece.text) or piece.kind == "item" or piece.since != piece.at
        key = (piece.text, piece.labels)
        if piece.whole and told and key not in seen:
            seen.add(key)
            found.append(_sentence(piece, len(found) + 1))
    broken = [piece.at for piece in pieces if not piece.whole]
    places = [one.at for one in found]
    told_with = (_with_needs(one, found, places, broken) for one in found)
    return [one for one in told_with if one is not None]


def _sentence(piece: Piece, number: int) -> Sentence:
    asking = any(one.asks for one in piece.labels)
    led = piece.kind == "item" or any(not one.heading for one in piece.labels)
    denied = piece.repeated or any(one.untrue for one in piece.labels)
    return Sentence(**vars(piece), number=number, asked=asking and led and not denied, denied=denied)


def _with_needs(
    one: Sentence, found: Sequence[Sentence], places: Sequence[int], broken: Sequence[int]
) -> Sentence | None:
    """`one` with what must be taken with it; None where that is too much, or hurt."""
    first, last = bisect_left(places, one.since), bisect_right(places, one.until)
    if last - first > _MOST_NEEDED or bisect_right(broken, one.until) > bisect_left(broken, one.since):
        return None
    return replace(one, needs=tuple(other for other in found[first:last] if other is not one))


def complete(chosen: Iterable[Sentence]) -> list[Sentence]:
    """The sentences in their order, with all that they need."""
    found = {one.number: one for each in chosen for one in (*each.needs, each)}
    return [found[number] for number in sorted(found)]


def list_of(one: Piece, found: Iterable[Sentence]) -> list[Sentence]:
    """The list in which it stands, in its order; [] for one that stands in none, or in one too long to be told."""
    listed = [each for each in found if each.kind == "item" and one.kind == "item" and each.labels == one.labels != ()]
    return listed if len(listed) <= _MOST_LISTED else []


def asks_for_something(text: str) -> bool:
    """Whether it tells what to do or not to do."""
    own = QUOTED.sub("", text)
    return ACTION.search(own) is not None and _POLITE.search(own) is None


def shortened(one: Sentence, fits: Callable[[Sentence], bool]) -> Sentence | None:
    """A sentence too long for what fits, up to a clause, with an ellipsis; None where that would say something else."""
    if one.labels or one.needs or one.denied or one.kind == "item":
        return None
    kept = cut(one.text, lambda part: fits(replace(one, text=part)))
    bare = kept.removesuffix("…")
    if not bare or len(bare) * 3 < len(one.text) or _TURNS.search(one.text[len(bare) :]):
        return None
    return replace(one, text=kept)


def weight(sentence: Sentence, title: str) -> int:
    """How much a sentence says; see the module."""
    text = sentence.text
    total = _LEADING[sentence.number - 1] if sentence.number <= len(_LEADING) else 0
    wanted = _pairs(title)
    if wanted:
        total += 40 * len(wanted & _pairs(text)) // len(wanted)
    total += 6 * min(3, len(_NUMBER.findall(text)))
    total += 8 * (TIME.search(text) is not None) + 6 * min(2, len(PLACE.findall(text)))
    total += 6 * (ACTION.search(text) is not None) - 12 * (_DANGLING.match(text) is not None)
    total -= 4 * (sentence.kind == "quote") + 10 * (len(text) < _SHORT) + max(0, len(text) - _LONG) // 3
    return total


def heaviest(found: Sequence[Sentence], title: str, fits: Callable[[str], bool]) -> list[Sentence]:
    """The weightiest sentences that fit together, in their order; [] where weighing tells nothing or nothing fits.

    It tells nothing of fewer than three sentences, and of those without a word of the title, a number, a time or a place.
    """
    if len(found) < _FEW or not any(_tells(one, title) for one in found):
        return []
    weights = {one.number: weight(one, title) for one in found}
    chosen: list[Sentence] = []
    for one in sorted(found, key=lambda one: (-weights[one.number], one.number)):
        # Once the weighty ones are in, room is better left empty than filled.
        if chosen and weights[one.number] * 4 < max(weights.values()):
            break
        for form in (one, replace(one, labels=one.labels[1:])) if one.optional else (one,):
            tried = complete([*chosen, form])
            if fits(joined(tried)):
                chosen = tried
                break
        if not chosen and (less := shortened(one, lambda tried: fits(joined([tried])))):
            chosen = [less]
    return _lists_completed(chosen, found, fits)


def _lists_completed(chosen: list[Sentence], found: Sequence[Sentence], fits: Callable[[str], bool]) -> list[Sentence]:
    """With the whole of a list of which some was chosen, where it fits."""
    for one, _mark in left_out(chosen):
        tried = complete([*chosen, *list_of(one, found)])
        if fits(joined(tried)):
            chosen = tried
    return chosen


def numbers(chosen: Sequence[Sentence]) -> str:
    """ "第 1、3 句", as notes name them."""
    return f"第 {'、'.join(str(one.number) for one in chosen)} 句"


def names_a_telephone(text: str) -> bool:
    return _CALLED.search(text) is not None and TELEPHONE.search(text) is not None


def _tells(one: Sentence, title: str) -> bool:
    if _pairs(title) & _pairs(one.text):
        return True
    return any(pattern.search(one.text) for pattern in (_NUMBER, TIME, PLACE))


def _pairs(text: str) -> set[str]:
    """Neighbouring pairs of Chinese characters, and Latin words: as near to words as one comes without a dictionary."""
    found: set[str] = set()
    for run in _HAN.findall(text):
        found |= {run} if run.isascii() else {run[at : at + 2] for at in range(len(run) - 1)}
    return found
