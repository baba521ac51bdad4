"""Markdown to HTML, with the front matter that a file may begin with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from app.posts.markdown_rules import chinese_too, unused

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_KEYS = {
    "title": "title", "标题": "title", "summary": "summary", "摘要": "summary", "source": "source", "来源": "source",
    "author": "author", "作者": "author", "tags": "tags", "标签": "tags", "urgent": "urgent", "紧急": "urgent",
}  # fmt: skip
_TRUE = frozenset({"true", "yes", "1", "是"})


def to_html(markdown: str) -> str:
    """HTML of CommonMark with tables and strikethrough; raw HTML passes and is left to the cleaning."""
    parser = MarkdownIt("commonmark", {"html": True, "store_labels": True}).enable(["table", "strikethrough"])
    parser.add_render_rule("softbreak", _soft_break)
    chinese_too(parser)
    env: EnvType = {}
    tokens = parser.parse(markdown, env)
    # An address to which nothing leads would not be seen: its line stays.
    if words := unused(tokens, env):
        env = {"words": words}
        tokens = parser.parse(markdown, env)
    return str(parser.renderer.render(tokens, parser.options, env))


def read_markdown(text: str) -> tuple[dict[str, Any], list[str]]:
    """The fields of a file: front matter (title, summary, source, author, tags, urgent) and body_html; and notes."""
    text = text.replace("\r\n", "\n")
    found = _FRONT.match(text)
    fields, unknown = _front_matter(found.group(1)) if found else ({}, [])
    notes = [f"文首的“{name}”不是系统认识的栏目，没有导入。" for name in unknown]
    fields["body_html"] = to_html(text[found.end() :] if found else text)
    return fields, notes


def _front_matter(text: str) -> tuple[dict[str, Any], list[str]]:
    """`key: value` lines; lists as [a, b] or as indented "- a" lines."""
    fields: dict[str, Any] = {}
    unknown: list[str] = []
    key = ""
    for line in text.split("\n"):
        item = re.match(r"^\s*-\s+(.+)$", line)
        if item and key == "tags":
            fields["tags"] = [*_listed(fields.get("tags", "")), _bare(item.group(1))]
            continue
        pair = re.match(r"^([^\s:：][^:：]*)[:：]\s*(.*)$", line)
        if pair is None:
            continue
        name = pair.group(1).strip()
        key = _KEYS.get(name.lower(), "")
        if not key:
            unknown.append(name)
            continue
        fields[key] = _value(key, pair.group(2).strip())
    return fields, unknown


def _value(key: str, raw: str) -> Any:
    if key == "tags":
        return _listed(raw)
    if key == "urgent":
        return _bare(raw).lower() in _TRUE
    return _bare(raw)


def _listed(raw: Any) -> list[str]:
    if isinstance(raw, list):
        return raw
    return [part for item in re.split(r"[,，、]", str(raw).strip("[]")) if (part := _bare(item))]


def _bare(raw: str) -> str:
    raw = raw.strip()
    return raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'" else raw


def _soft_break(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A line break in the source is a space, between Chinese characters nothing."""
    before = tokens[index - 1].content[-1:] if index else ""
    after = tokens[index + 1].content[:1] if index + 1 < len(tokens) else ""
    return "" if _chinese(before) or _chinese(after) else "\n"


def _chinese(char: str) -> bool:
    return "\u2e80" <= char <= "\uffef"
