"""Content checks over a text and over a whole post. Pure: no database, no clock, no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.checks.exposure import exposure, linked_exposure, named_exposure, unseen_exposure
from app.checks.plaintext import link_addresses, plain_text, rows_of, ticked_maps, unseen_texts
from app.checks.sourcing import maps, reposts
from app.checks.wording import key_of, unseen_wording, wording
from app.checks.words import Matcher
from app.media.places import unmarked
from connectors.values import Problem

FIELDS = {"title": "标题", "summary": "摘要", "body": "正文", "source": "信息来源", "author": "作者", "tags": "标签"}


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with the post: its name and the text in it, with marks of places ("" when none could be read);
    `sha256` of its bytes. Of a `picture` nobody expects text."""

    name: str
    text: str
    sha256: str = ""
    picture: bool = False


def check(text: str, field: str, words: Sequence[Matcher] = (), *, rows: str = "") -> list[Problem]:
    """The problems of one plain text; `field` names it: title, summary, body, attachment:{name}; `words` are the packs
    that hold for its unit (packs.words_for); `rows`: see exposure().

    Offsets are those of the bare text; a place that the file's reader marked (sheet and cell, page) is in the message.
    """
    place = FIELDS.get(field) or (f"附件“{field.split(':', 1)[1]}”" if field.startswith("attachment:") else "文字")
    placed = unmarked(text)
    return exposure(placed.text, field, place, placed.at, rows) + wording(placed.text, field, words, place, placed.at)


def check_html(html: str, field: str, words: Sequence[Matcher] = ()) -> list[Problem]:
    """As check(), on the plain text of `html` (offsets: see plaintext); what stands only in its code has no place."""
    found = check(plain_text(html), field, words, rows=rows_of(html) if "<tr" in html.lower() else "")
    known = {problem.suggestion for problem in found}
    for text in unseen_texts(html):
        found += unseen_exposure(text, field, known)
        found += unseen_wording(text, field, words)
    return found + linked_exposure(link_addresses(html), field, known)


def check_content(
    *,
    title: str,
    summary: str,
    body_html: str,
    source: str = "",
    author: str = "",
    tags: Iterable[str] = (),
    attachments: Iterable[Attachment] = (),
    words: Sequence[Matcher] = (),
) -> list[Problem]:
    """The problems of a post's text and attachments, every single one."""
    found = check(title, "title", words) + check(summary, "summary", words) + check_html(body_html, "body", words)
    found += check(source, "source", words) + check(author, "author", words) + check(" ".join(tags), "tags", words)
    body = plain_text(body_html)
    found += reposts(body, source) + maps(body, unseen_texts(body_html), ticked_maps(body_html))
    for attachment in attachments:
        found += check(attachment.text, f"attachment:{attachment.name}", words)
        found += named_exposure(attachment.name)
        found += _unread(attachment)
    return found


def _unread(attachment: Attachment) -> list[Problem]:
    """What nobody but a person can check: the whole, or parts of it."""
    name, placed = attachment.name, unmarked(attachment.text)
    if attachment.picture or (placed.text.strip() and not placed.unread):
        return []
    message = f"附件“{name}”中读不出文字。它可能是扫描件或图片。请人工核对其中没有个人信息。"
    if placed.text.strip():
        message = f"附件“{name}”有一部分读不出文字：{'、'.join(placed.unread)}。可能是扫描件或图片。请人工核对其中没有个人信息。"
    field = f"attachment:{name}"
    # Somebody looked at this very file: another one of the same name is another matter.
    key = key_of("privacy.unread", field, name, 0, attachment.sha256)
    return [Problem(rule="privacy.unread", severity="warn", field=field, message=message, key=key)]
