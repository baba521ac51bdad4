"""The digest of an article: the author's summary, else the first running paragraph; cut without hurting a sentence."""

from __future__ import annotations

import re

from connectors import urgent
from connectors.cutting import clip
from connectors.urgent import Brief
from connectors.values import Note

DIGEST, _FROM_BODY = 128, 120
_RUNNING = re.compile(r"[。！？；：!?]")


def digest_of(summary: str, paragraphs: list[str], title: str, brief: Brief | None) -> tuple[str, list[Note]]:
    """The digest and what was done for it. `brief`: of an emergency post in its short form."""
    if not summary and brief is not None and (told := _short(brief)):
        return told, [Note(kind="summary", message="摘要由应急短版生成：何事、何地、何时、先做什么。")]
    if not summary:
        first = opening_paragraph(paragraphs, title)
        if not first:
            return "", []
        return leading_sentences(first, _FROM_BODY), [Note(kind="summary", message="摘要由首段生成。")]
    if len(summary) <= DIGEST:
        return summary, []
    shortened = leading_sentences(summary, DIGEST)
    return shortened, [Note(kind="summary", message=f"摘要超过 {DIGEST} 字，按句截至 {len(shortened)} 字。")]


def opening_paragraph(paragraphs: list[str], title: str) -> str:
    """The first paragraph that is running text: a document's own heading and its "一、" lines have no full stop."""
    others = [text for text in paragraphs if text != title]
    return next((text for text in others if _RUNNING.search(text)), others[0] if others else "")


def leading_sentences(text: str, limit: int) -> str:
    """As many whole sentences of `text` as fit `limit` characters; else whole clauses; else words, with an ellipsis."""
    return clip(text, lambda part: len(part) <= limit)


def _short(brief: Brief) -> str:
    shown = urgent.one_screen(brief, lambda text: len(_line(text)) <= DIGEST)
    return _line(urgent.told(shown))


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
