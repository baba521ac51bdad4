"""Lines of an imported text that belong in fields of their own: source and author under the title, a summary, the source
at the end. What a line says beside that stays, and a note tells it."""

from __future__ import annotations

import re
from typing import Any

from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.posts.byline import read_byline
from app.posts.titles import inner_html

_SOURCE_LINE = re.compile(r"^[（(]?\s*(?:信息)?来源\s*[：:]\s*([^\s　）)]{2,60})([^。）)]{0,60})[）)]?$")
_DATED = re.compile(r"^(?:日期|发布日期|发布时间)\s*[：:]")
_SUMMARY = re.compile(r"^(?:内容)?(?:摘要|提要)\s*[：:]\s*(.{2,2000})$", re.DOTALL)


def take_lines(fields: dict[str, Any], notes: list[str]) -> None:
    """Fill source, author and summary of `fields` from the cleaned body_html, where they are not given."""
    root = lxml_html.fragment_fromstring(str(fields["body_html"]), "div")
    _take_byline(root, fields, notes)
    _take_summary(root, fields, notes)
    _take_source(root, fields, notes)
    fields["body_html"] = inner_html(root)


def _first(root: HtmlElement) -> HtmlElement | None:
    first = next(iter(root), None)
    return first if first is not None and first.tag == "p" and next(first.iter("img"), None) is None else None


def _take_byline(root: HtmlElement, fields: dict[str, Any], notes: list[str]) -> None:
    line = _first(root)
    found = read_byline(line.text_content()) if line is not None else None
    if line is None or found is None:
        return
    if not (found.source or found.author or _DATED.match(line.text_content().strip())):
        return
    for name, value in (("source", found.source), ("author", found.author)):
        if value and not fields.get(name):
            fields[name] = value
    said = " ".join(line.text_content().split())
    moved = "已移到“信息来源”“作者”两栏" if found.source or found.author else "不再放在正文里"
    notes.append(f"标题下的“{said}”{moved}。" + (f"日期“{found.date}”没有对应的栏目，未保留。" if found.date else ""))
    if found.rest:
        for child in list(line):
            line.remove(child)
        line.text = f"（{found.rest}）"
        line.attrib.clear()
        root.append(line)
        notes.append(f"“{found.rest}”没有对应的栏目，已移到文末。")
    else:
        line.drop_tree()


def _take_summary(root: HtmlElement, fields: dict[str, Any], notes: list[str]) -> None:
    line = _first(root)
    found = _SUMMARY.match(line.text_content().strip()) if line is not None else None
    if line is None or found is None or fields.get("summary"):
        return
    fields["summary"] = " ".join(found.group(1).split())
    notes.append("正文开头的摘要已移到“摘要”一栏。")
    line.drop_tree()


def _take_source(root: HtmlElement, fields: dict[str, Any], notes: list[str]) -> None:
    """A last line "（来源：某局　责任编辑：…）" names the source of the information; what else it says stays there."""
    last = next((p for p in reversed(list(root)) if p.tag == "p" and p.text_content().strip()), None)
    line = last.text_content().strip() if last is not None else ""
    found = _SOURCE_LINE.match(line)
    if last is None or found is None or fields.get("source"):
        return
    fields["source"] = found.group(1)
    rest = found.group(2).strip(" \t\n\xa0　,，;；、|｜/·")
    if rest:
        for child in list(last):
            last.remove(child)
        last.text = f"（{rest}）" if line[0] in "（(" else rest
        notes.append(f"文末的来源“{found.group(1)}”已移到“信息来源”一栏；“{rest}”没有对应的栏目，仍留在文末。")
    else:
        last.drop_tree()
        notes.append(f"文末的“{line}”已移到“信息来源”一栏，原行不再重复。")
