"""How texts and questions are cut for searching: one token per character, so that a single Chinese character is found.

Full-width forms, case and compatibility forms are one (NFKC, case folded, character by character: a place in the folded
text is a place in the text). Invisible characters are nothing; blanks and punctuation part, whatever they are; emoji and
other symbols are characters like any other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from app.errors import Invalid
from app.words import N_

# Stands for a run of blanks and punctuation; is punctuation itself, so that no text has it as a token of its own.
BREAK = "·"
MOST_CHARACTERS = 100
MOST_WORDS = 10
_QUOTES = frozenset('"“”„‟＂「」『』«»')
_TOO_LONG = N_("没有查找。输入的内容太长，一次最多 100 字。请只留最要紧的几个字再查。")
_TOO_MANY = N_("没有查找。一次最多查 10 个词。请去掉几个词再查。")


class _Folds(dict[str, str]):
    """The folded form of each character seen so far."""

    def __missing__(self, character: str) -> str:
        folded = "".join(map(_kept, unicodedata.normalize("NFKC", character).casefold()))
        self[character] = folded
        return folded


def _kept(character: str) -> str:
    kind = unicodedata.category(character)
    # Signs that nobody sees: controls that are no blanks, joiners, marks of direction, selectors of a variant's look.
    if (kind in ("Cc", "Cf", "Cs") and not character.isspace()) or "\ufe00" <= character <= "\ufe0f":
        return ""
    if character.isspace() or kind[0] in "PZ" or (character.isascii() and not character.isalnum()):
        return BREAK
    return character


_folds = _Folds()


def composed(text: str) -> str:
    """The form of a text in which places are counted: accents are part of their letter."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def tokens_of(text: str) -> list[str]:
    return [token for token, _place in places_of(composed(text))]


def places_of(text: str) -> list[tuple[str, int]]:
    """(token, index in `text` of the character it comes from) of a composed text; no break at either end or after
    another one."""
    found: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        for token in _folds[character]:
            if token != BREAK or (found and found[-1][0] != BREAK):
                found.append((token, place))
    if found and found[-1][0] == BREAK:
        found.pop()
    return found


def words_of(texts: Iterable[str]) -> str:
    """What the index keeps of a thing: the tokens of its texts, parted by single blanks; "" for nothing to find."""
    parts = (" ".join(tokens_of(text)) for text in texts)
    return f" {BREAK} ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is looked for: each phrase a run of tokens; all of them must occur. Without phrases nothing is found."""

    phrases: tuple[tuple[str, ...], ...]

    def __bool__(self) -> bool:
        return bool(self.phrases)


def query_of(text: str) -> Query:
    """Words parted by blanks, what stands in quotation marks as one. Raises Invalid for what is too long."""
    text = composed(text.strip())
    if len(text) > MOST_CHARACTERS:
        raise Invalid(_TOO_LONG, errors={"q": ["最多 100 字。"]})
    phrases = dict.fromkeys(tuple(tokens) for part in _parts(text) if (tokens := tokens_of(part)))
    if len(phrases) > MOST_WORDS:
        raise Invalid(_TOO_MANY, errors={"q": ["最多 10 个词。"]})
    return Query(phrases=tuple(phrases))


def _parts(text: str) -> Iterable[str]:
    part, quoted = "", False
    for character in text:
        if character in _QUOTES or (character.isspace() and not quoted):
            yield part
            part = ""
            quoted = quoted != (character in _QUOTES)
        else:
            part += character
    if quoted:
        # The mark that was to end it was forgotten, or is an inch: what follows are words.
        yield from part.split()
    else:
        yield part
