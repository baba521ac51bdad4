"""Where CommonMark was made for other scripts, or lets words vanish: emphasis beside Chinese punctuation, and lines that look
like the address of a link but are words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.reference import reference
from markdown_it.rules_inline import StateInline, emphasis, strikethrough
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

_ADDRESS = re.compile(
    r"<[^<>]*>|#|[a-z][a-z0-9+.-]*:\S|(?:\.{0,2}/|www\.)\S|[\w.~%/-]+\.[a-z][a-z0-9]{1,4}(?:[?#]\S*)?$",
    re.IGNORECASE | re.ASCII,
)
_NOTE = re.compile(r"\[\^([^\s\[\]]+)\]")
# 。？！ and the like, and the marks of quotation, which Chinese shares with others.
_CHINESE_MARKS = re.compile(r"[\u2014\u2018\u2019\u201c\u201d\u2026\u3000-\u303f\u30fb\ufe10-\ufe6f\uff00-\uffef]")
_CHINESE = re.compile(r"[\u2e80-\u2fff\u3005-\u3007\u3040-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def chinese_too(parser: MarkdownIt) -> None:
    """Change the rules of `parser`: **注意：**请 is emphasis, [注]: 本表不含… is a line, [^1] and its note stay."""
    parser.inline.ruler.at("emphasis", _beside_chinese(emphasis.tokenize))
    parser.inline.ruler.at("strikethrough", _beside_chinese(strikethrough.tokenize))
    parser.inline.ruler.before("link", "note", _note)
    parser.block.ruler.at("reference", _reference)
    parser.block.ruler.before("reference", "note", _note_text, {"alt": ["paragraph"]})


def unused(tokens: Iterable[Token], env: EnvType) -> set[str]:
    """Names of addresses to which nothing in `tokens` leads; a comment, as [//]: # is written, is none."""
    names = {str(token.meta["label"]) for one in tokens for token in one.children or () if "label" in token.meta}
    given: dict[str, dict[str, str]] = env.get("references", {})
    return {name for name, one in given.items() if name not in names and one["href"] != "#"}


def _beside_chinese(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """`rule` with another reading of what may open and close: a Chinese character parts words as a blank does, and Chinese
    punctuation is a character like others."""

    def tokenize(state: StateInline, silent: bool) -> bool:
        if silent or state.src[state.pos] not in "*_~":
            return False
        state.scanDelims = lambda start, canSplitWord: _scanned(state, start, canSplitWord)  # type: ignore[method-assign]
        try:
            return rule(state, silent)
        finally:
            del state.scanDelims

    return tokenize


def _scanned(state: StateInline, start: int, split: bool) -> Scanned:
    plain = StateInline.scanDelims(state, start, split)
    end = start + plain.length
    last = state.src[start - 1] if start else " "
    following = state.src[end] if end < state.posMax else " "
    if plain.length == 1 and last.isdigit() and following.isdigit():
        # 2*3
        return Scanned(False, False, 1)
    if not split:
        # __注意：__请; what stands within a word is a part of its name.
        opens = plain.can_open or bool(plain.length > 1 and _CHINESE_MARKS.match(following) and _parts(last))
        closes = plain.can_close or bool(plain.length > 1 and _CHINESE_MARKS.match(last) and _parts(following))
        return Scanned(opens, closes, plain.length)
    opens = not isWhiteSpace(ord(following)) and (not _mark(following) or _parts(last))
    closes = not isWhiteSpace(ord(last)) and (not _mark(last) or _parts(following))
    return Scanned(opens, closes, plain.length)


def _mark(char: str) -> bool:
    """Punctuation, but none of Chinese."""
    return (isMdAsciiPunct(ord(char)) or isPunctChar(char)) and not _CHINESE_MARKS.match(char)


def _parts(char: str) -> bool:
    return isWhiteSpace(ord(char)) or _mark(char) or bool(_CHINESE_MARKS.match(char) or _CHINESE.match(char))


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A name for an address. What has words in the place of the address, what is given a second time, and what `env["words"]`
    names stays a line of the text."""
    if silent or state.src[state.bMarks[start] + state.tShift[start]] != "[":
        return False
    known, twice = dict(state.env.get("references", {})), len(state.env.get("duplicate_refs", []))
    if not reference(state, start, end, silent):
        return False
    given: dict[str, dict[str, str]] = state.env["references"]
    if len(state.env.get("duplicate_refs", [])) == twice:
        name = next(name for name in given if name not in known)
        if name not in state.env.get("words", ()) and _ADDRESS.match(unquote(given[name]["href"])):
            return True
    state.env["references"], state.line = known, start
    del state.env.setdefault("duplicate_refs", [])[twice:]
    return False


def _note_text(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """[^1]: the words of a note, which stay where they stand, as [1] and the words."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    found = _NOTE.match(line)
    if not found or line[found.end() : found.end() + 1] != ":" or state.is_code_block(start):
        return False
    if silent:
        return True
    at = start + 1
    while (
        at < end
        and not state.isEmpty(at)
        and not _NOTE.match(state.src[state.bMarks[at] + state.tShift[at] : state.eMarks[at]])
    ):
        at += 1
    words = state.getLines(start, at, state.blkIndent, False).strip()[found.end() + 1 :].strip()
    state.line = at
    state.env.setdefault("notes", set()).add(found.group(1))
    state.push("paragraph_open", "p", 1).map = [start, at]
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = f"[{found.group(1)}] {words}", [start, at], []
    state.push("paragraph_close", "p", -1)
    return True


def _note(state: StateInline, silent: bool) -> bool:
    """[^1] in the text, where there is such a note: raised, as its number."""
    found = _NOTE.match(state.src, state.pos)
    if not found or found.group(1) not in state.env.get("notes", ()):
        return False
    if not silent:
        state.push("sup_open", "sup", 1)
        state.push("text", "", 0).content = f"[{found.group(1)}]"
        state.push("sup_close", "sup", -1)
    state.pos = found.end()
    return True
