"""The approval form as a Word file, to be printed, signed and filed."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from docx.document import Document
from docx.shared import Mm, Pt

from app.accounts.connections import screen_url
from app.accounts.forms import PLATFORMS
from app.audit.services import record
from app.config import current
from app.db import atomic
from app.posts.wordstyles import BYLINE, CELL, HEAD_CELL, HEADINGS, TITLE, blank
from app.review.form import Form, Goal, Step, Voice, approval_form
from app.review.form_words import DECISIONS, OUTCOMES, RULES, SECRECY, SEVERITIES, STATES, outcome
from app.review.handling import FATES, Handled
from app.review.models import Review
from app.units.access import Actor

Say = Callable[[str], str]

_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
# What Word cannot hold.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def export_form(
    actor: Actor, post_id: str, now: datetime, word_of: Say, number: int | None = None
) -> tuple[str, bytes]:
    """(file name, .docx); `word_of` says a state of a publication in Chinese. Raises NotFound."""
    form = approval_form(actor, post_id, now, number)
    content = drawn(form, word_of)
    with atomic():
        record(
            actor,
            "review.export_form",
            now=now,
            object_type="post",
            object_id=form.post.id,
            unit_id=form.post.unit_id,
            summary=f"导出《{form.revision.title or '未命名'}》的发布审批单",
            after={"revision": form.revision.number},
        )
    title = _NO_FILE_NAME.sub("_", form.revision.title).strip(" ._")[:70] or "未命名稿件"
    return f"发布审批单-{title}.docx", content


def drawn(form: Form, word_of: Say) -> bytes:
    """The bytes of the file."""
    document = blank()
    section = document.sections[0]
    section.top_margin = section.bottom_margin = Mm(20)
    about = document.core_properties
    about.title, about.author, about.comments = (
        f"发布审批单：{form.revision.title}"[:255],
        form.post.unit.name[:255],
        "",
    )
    about.created = about.modified = form.made_at.replace(tzinfo=None)
    about.last_modified_by, about.language = "", "zh-CN"
    document.add_paragraph("发布审批单", style=TITLE)
    document.add_paragraph(f"{form.post.unit.name}　{clock(form.made_at)} 由 {form.made_by} 导出", style=BYLINE)
    _facts(document, form)
    _table(document, "审核", ("环节", "人员和时间", "意见", "保密审查"), (22, 44, 54, 36), _of_steps(form.steps))
    _table(
        document,
        "自动检查发现的问题与处理",
        ("程度", "问题", "处理"),
        (16, 76, 64),
        [_of_problem(one) for one in form.problems] or [("—", "自动检查没有发现问题。", "—")],
    )
    _table(
        document,
        "发布账号、内容指纹与去向",
        ("账号", "内容指纹（SHA-256）", "去向"),
        (36, 62, 58),
        [_of_goal(one, word_of) for one in form.goals],
    )
    if form.earlier:
        rows = [(f"版本 {run.revision.number}", clock(run.submitted_at), _of_run(run)) for run in form.earlier]
        _table(document, "此前的送审", ("版本", "送审时间", "结果"), (24, 44, 88), rows)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def clock(at: datetime | None) -> str:
    """2026年7月12日 09:00, in the installation's time zone."""
    if at is None:
        return "—"
    then = at.astimezone(ZoneInfo(current().timezone))
    return f"{then.year}年{then.month}月{then.day}日 {then:%H:%M}"


def _facts(document: Document, form: Form) -> None:
    revision, review = form.revision, form.review
    sent = f"{form.submitter}，{clock(review.submitted_at)}" if review is not None else "尚未送审"
    rows = [
        ("标题", revision.title or "未命名"),
        ("单位", form.post.unit.name),
        ("拟稿", "、".join(form.writers) or "—"),
        ("送审", sent),
        ("版本", f"版本 {revision.number}{'（紧急）' if form.post.urgent else ''}"),
        ("信息来源", revision.source or "—"),
        ("附件", "、".join(media.name for media in form.attachments) or "无"),
        ("审核结果", _result(form)),
    ]
    if review is not None and review.emergency:
        late = "，已逾期" if form.late else ""
        limit = f"；其余环节补审时限 {clock(review.after_due_at)}{late}" if review.after_due_at else ""
        rows.append(("紧急通道", f"{review.emergency.rstrip('。；')}{limit}"))
    _grid(document, (), (32, 124), rows)


def _result(form: Form) -> str:
    review = form.review
    if review is None:
        return "尚未送审"
    word = outcome(review)
    return f"{word}，{clock(review.closed_at)}" if review.closed_at is not None else word


def _of_steps(steps: Sequence[Step]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for step in steps:
        name = f"{step.name}（{RULES[step.rule]}）"
        for asked in step.escalations:
            words = f"请示：{asked.question}\n{OUTCOMES[asked.outcome]}{'：' + asked.answer if asked.answer else ''}"
            rows.append((name, f"{asked.asker.name} 请示 {asked.asked.name}\n{clock(asked.asked_at)}", words, "—"))
        rows += [(name, *_of_voice(voice)) for voice in step.voices]
        if not step.voices:
            rows.append((name, "—", STATES[step.state], "本环节负责" if step.secrecy else "—"))
    return rows or [("—", "—", "尚未送审", "—")]


def _of_voice(voice: Voice) -> tuple[str, str, str]:
    who = f"{voice.name}（代{voice.for_name}）" if voice.for_name else voice.name
    words = f"{DECISIONS[voice.decision]}{'：' + voice.comment if voice.comment else ''}"
    return f"{who}\n{clock(voice.at)}", words, SECRECY.get(voice.secrecy, "—")


def _of_problem(one: Handled) -> tuple[str, str, str]:
    said = f"：{one.reason}（{one.by_name}，{clock(one.at)}）" if one.fate == "explained" else ""
    return SEVERITIES.get(one.severity, one.severity), one.message, f"{FATES[one.fate]}{said}"


def _of_goal(goal: Goal, word_of: Say) -> tuple[str, str, str]:
    name = f"{PLATFORMS[goal.platform].label}·{goal.account}"
    row = goal.publication
    if row is None:
        return name, goal.sha256, "尚未排期"
    parts = [word_of(row.status), clock(row.published_at or row.due_at)]
    if row.url:
        parts.append(screen_url(row.url, row.account))
    return name, goal.sha256, "\n".join(parts)


def _of_run(run: Review) -> str:
    last = run.decisions[-1] if run.decisions else None
    word = outcome(run)
    return f"{word}：{last.user.name}，{last.comment}" if run.status == "returned" and last is not None else word


def _table(
    document: Document, heading: str, head: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]
) -> None:
    document.add_paragraph(heading, style=HEADINGS["h2"])
    _grid(document, head, widths, rows)


def _grid(document: Document, head: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
    """`widths` in millimetres, 156 together."""
    table = document.add_table(rows=0, cols=len(widths), style="Table Grid")
    table.autofit = False
    for number, row in enumerate([head, *rows] if head else rows):
        for cell, width, text in zip(table.add_row().cells, widths, row, strict=True):
            cell.width = Mm(width)
            paragraph = cell.paragraphs[0]
            paragraph.style = HEAD_CELL if head and number == 0 else CELL
            paragraph.paragraph_format.space_after = Pt(2)
            for at, line in enumerate(_NO_XML.sub("", text).split("\n")):
                if at:
                    paragraph.add_run().add_break()
                paragraph.add_run(line)
