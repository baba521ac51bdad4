"""The digest of an article: the author's summary, else the first running paragraph; cut without hurting a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors import urgent
from connectors.cutting import clip
from connectors.outline import outline
from connectors.pieces import Piece, joined
from connectors.text import Document, drop_links, tidy
from connectors.urgent import Brief
from connectors.values import Note

DIGEST, _FROM_BODY = 128, 120
_RUNNING = re.compile(r"[。！？；：!?]")


def digest_of(summary: str, document: Document, title: str, brief: Brief | None) -> tuple[str, list[Note]]:
    """The digest and what was done for it. `brief`: of an emergency post in its short form."""
    if not summary and brief is not None and (told := _short(brief)):
        return told, [Note(kind="summary", message="摘要由应急短版生成：何事、何地、何时、先做什么。")]
    if not summary:
        first, more = opening_of(document, title)
        if not first:
            return "", []
        said = "摘要由正文开头生成，连同各部分的标题。" if more else "摘要由首段生成。"
        return leading_sentences(first, _FROM_BODY), [Note(kind="summary", message=said)]
    if len(summary) <= DIGEST:
        return summary, []
    shortened = leading_sentences(summary, DIGEST)
    return shortened, [Note(kind="summary", message=f"摘要超过 {DIGEST} 字，按句截至 {len(shortened)} 字。")]


def opening_of(document: Document, title: str) -> tuple[str, bool]:
    """The first paragraph that is running text, on one line, and whether it is told with more: what stands under a heading
    or lead-in comes with it and with what follows, since a part of it alone may say the opposite."""
    pieces = [one for one in outline(document, title) if one.whole]
    running = [one for one in pieces if _RUNNING.search(document.blocks[one.block].text)]
    # What is repeated only to be denied is told with the denial; where that is too long, what follows is told.
    first = next((one for one in running if not one.repeated or len(_with(one, pieces)) <= _FROM_BODY), None)
    first = first or next((one for one in running if not one.repeated), None)
    if first is None:
        texts = (
            one.text for one in document.blocks if one.kind not in ("table", "caption") and one.text != tidy(title)
        )
        return _line(drop_links(next(texts, ""))[0]), False
    behind = pieces[pieces.index(first) :]
    taken: list[Piece] = []
    until = first.until
    for one in behind:
        if one.block == first.block or one.at <= until:
            until = max(until, one.until)
            taken.append(one)
    more = bool(first.labels)
    for one in behind[len(taken) :] if more else ():
        if not one.labels or len(joined(taken)) > _FROM_BODY:
            break
        taken.append(one)
    return _line(joined(_fitting(taken) if more else taken)), more


def _with(one: Piece, pieces: Sequence[Piece]) -> str:
    return _line(joined([each for each in pieces if one.since <= each.at <= one.until]))


def _fitting(taken: list[Piece]) -> list[Piece]:
    """As many from the first on as fit, none without what it needs; all of them where not even the first does."""
    for end in range(len(taken), 0, -1):
        some = taken[:end]
        closed = end == len(taken) or max(one.until for one in some) < taken[end].at
        if closed and len(_line(joined(some))) <= _FROM_BODY:
            return some
    return taken


def leading_sentences(text: str, limit: int) -> str:
    """As many whole sentences of `text` as fit `limit` characters; else whole clauses; else words, with an ellipsis."""
    return clip(text, lambda part: len(part) <= limit)


def _short(brief: Brief) -> str:
    shown = urgent.one_screen(brief, lambda text: len(_line(text)) <= DIGEST)
    return _line(urgent.told(shown))


def _line(text: str) -> str:
    """On one line; where a sentence ended the line nothing more need divide them."""
    return re.sub(r"\s+", " ", re.sub(r"(?<=[。！？；])\s+", "", text)).strip()
