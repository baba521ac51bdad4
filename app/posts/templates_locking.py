"""Parts of a post that its template fixed: found again in the body by their words, links and pictures, in their order.

The rule is simple enough to be repeated in the browser (frontend/src/composer/locked.ts): a block of the body is a
fixed part when its text without any blanks is the part's and it shows the same pictures; the parts must all be there, in
order, whatever stands between them. The composer does not let them be changed; what comes in by other ways is told here, and keeps the post from review.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import html as lxml_html

from app.checks.plaintext import plain_text
from app.media.store import forms_of
from app.posts.comparing import parts_of
from app.posts.models import Revision
from app.posts.templates_filling import BLANK
from connectors.values import Problem

# Numbers of references that a platform's version puts behind links.
_REFERENCE = re.compile(r"\[\d+\]")
_PICTURE = re.compile(r'\ssrc="/media/([0-9a-f]{64})"')
_SHORT = 24


def locked_part(html: str) -> dict[str, Any]:
    """What is remembered of one fixed block: {"text": without blanks, "links": [...], "pictures": [sha256, ...], "words":
    as people read it}. Posts made before pictures were remembered have none of these."""
    words = plain_text(html)
    return {"text": _bare(words), "links": _links(html), "pictures": _PICTURE.findall(html), "words": words}


def template_problems(revision: Revision) -> list[Problem]:
    """What of the template's fixed parts is changed or missing, and blanks that nobody filled in. All of it blocks."""
    made_from = revision.post.template if revision.post is not None else None
    if not made_from:
        return []
    problems = [_changed(made_from, part) for part in _missing(revision.body_html, made_from.get("locked") or [])]
    texts = {"title": revision.title, "summary": revision.summary, "body": plain_text(revision.body_html)}
    return problems + [
        Problem(
            rule="template.blank",
            severity="block",
            field=name,
            start=found.start(),
            end=found.end(),
            message=f"“{found[1]}”还没有填写。模板留的空不能原样发出。请填上内容，或删去这一处。",
        )
        for name, text in texts.items()
        for found in BLANK.finditer(text)
    ]


def lost_in(html: str, made_from: Mapping[str, Any] | None, field: str) -> list[Problem]:
    """Fixed parts that a version written by hand (`html`) for one account does not contain."""
    bare = _REFERENCE.sub("", _bare(plain_text(html)))
    shown = set(_PICTURE.findall(html))
    parts = (made_from or {}).get("locked") or []
    lost = [
        part
        for part in parts
        if (part["text"] and _REFERENCE.sub("", part["text"]) not in bare)
        # A platform's version shows what was made of a picture to fit it.
        or any(shown.isdisjoint(forms_of(sha256)) for sha256 in part.get("pictures") or ())
    ]
    return [_changed(made_from or {}, part, field) for part in lost]


def _missing(body_html: str, locked: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The parts that are not found in order; one that is missing does not make the following ones so."""
    blocks = [
        {"text": _bare(plain_text(part.html)), "links": _links(part.html), "pictures": _PICTURE.findall(part.html)}
        for part in parts_of(body_html)
    ]
    missing, at = [], 0
    for part in locked:
        wanted = {name: part[name] for name in ("text", "links", "pictures") if name in part}
        found = next((n for n in range(at, len(blocks)) if wanted.items() <= blocks[n].items()), None)
        if found is None:
            missing.append(part)
        else:
            at = found + 1
    return missing


def _changed(made_from: Mapping[str, Any], part: Mapping[str, Any], field: str = "body") -> Problem:
    words = str(part["words"])
    start = words if len(words) <= _SHORT else words[:_SHORT] + "…"
    start = start or "图片"
    return Problem(
        rule="template.locked",
        severity="block",
        field=field,
        message=f"模板“{made_from.get('name', '')}”的固定内容“{start}”被改动、删除或挪动了。这部分不由拟稿人改。请恢复原文；确需改动，请模板管理员改模板后重新写稿。",
        suggestion=f"原文：{words or '图片'}",
    )


def _bare(text: str) -> str:
    return "".join(text.split())


def _links(html: str) -> list[str]:
    if "<a" not in html:
        return []
    return [str(node.get("href") or "") for node in lxml_html.fragment_fromstring(html, create_parent="div").iter("a")]
