"""A post as a Word document, to be sent round, printed or filed outside of the console."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from app.audit.services import record
from app.config import current
from app.db import atomic
from app.errors import NotFound
from app.media.services import read_blob
from app.posts.choosing import visible_post
from app.posts.holdings import ai_label, attachments_of
from app.posts.models import Post, Revision
from app.posts.revising import current_revision
from app.posts.wordfile import WordFile
from app.posts.wordstyles import ABSTRACT, BODY, BYLINE, TITLE
from app.units.access import Actor

_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
# Office programs refuse longer properties.
_PROPERTY = 255


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The bytes of a .docx under a name for people; notes in Chinese of what could not be put into it."""

    name: str
    content: bytes
    notes: list[str] = field(default_factory=list)


def export_document(actor: Actor, post_id: str, now: datetime) -> Exported:
    """What the post says now (its newest revision), as .docx. Raises NotFound for what is not visible."""
    post = visible_post(actor, post_id)
    if post is None:
        raise NotFound
    revision = current_revision(post)
    file = WordFile(_bytes_of)
    _properties(file, post, revision)
    _head(file, post, revision)
    file.body(revision.body_html)
    if label := ai_label(revision):
        file.line(BODY, label)
    for number, media in enumerate(attachments_of(revision), 1):
        file.line(BODY, f"附件{number}：{media.name}")
    content = file.saved()
    with atomic():
        record(
            actor,
            "post.export",
            now=now,
            object_type="post",
            object_id=post.id,
            unit_id=post.unit_id,
            summary=f"导出《{post.title or '未命名'}》为 Word 文件",
            after={"revision": revision.number},
        )
    return Exported(name=_file_name(revision.title), content=content, notes=file.notes)


def _head(file: WordFile, post: Post, revision: Revision) -> None:
    file.line(TITLE, revision.title or "未命名")
    day = (post.public_at or post.publish_at or post.updated_at).astimezone(ZoneInfo(current().timezone))
    parts = {"来源": revision.source, "作者": revision.author, "日期": f"{day.year}年{day.month}月{day.day}日"}
    file.line(BYLINE, "　".join(f"{label}：{value}" for label, value in parts.items() if value))
    if revision.summary:
        file.line(ABSTRACT, f"摘要：{' '.join(revision.summary.split())}")


def _properties(file: WordFile, post: Post, revision: Revision) -> None:
    about = file.document.core_properties
    about.title, about.author = revision.title[:_PROPERTY], (revision.author or post.unit.name)[:_PROPERTY]
    about.keywords, about.comments = "、".join(revision.tags)[:_PROPERTY], ""
    about.created = about.modified = post.updated_at.replace(tzinfo=None)
    about.last_modified_by, about.language = "", "zh-CN"


def _bytes_of(sha256: str) -> bytes | None:
    try:
        return read_blob(sha256)
    except NotFound:
        return None


def _file_name(title: str) -> str:
    return f"{_NO_FILE_NAME.sub('_', title).strip(' ._')[:80] or '未命名稿件'}.docx"
