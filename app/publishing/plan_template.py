"""The plan's empty file to fill in: heads, two example rows, and a sheet that says how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill

from app.accounts.forms import PLATFORMS
from app.config import current
from app.posts import services as posts
from app.publishing.plan_sheet import MOST_ROWS
from app.units.access import Actor

_COLUMNS = (
    ("日期", 14, "必填。2026-07-13、2026年7月13日、7月13日 都可以。"),
    ("时间", 10, "必填。08:30、上午8点半 都可以。"),
    ("标题", 40, "必填。最多 200 字。"),
    ("摘要", 36, "可空。"),
    ("正文", 60, "可空。换行即分段，之后可在稿件里继续写。"),
    ("账号", 32, "可空。几个账号用顿号隔开；同名的写成“微博·名称”。"),
    ("单位", 20, "可空。不写就是您自己的单位。"),
    ("备注", 24, "可空。只给同事看。"),
)
# Example rows are recognised by nobody: their dates lie in the past, so that they are never imported by mistake.
_PAST = timedelta(days=365)


def template(actor: Actor, now: datetime) -> BytesIO:
    """An .xlsx with the accounts and units that this person may name."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "排期表"
    sheet.append([name for name, _width, _hint in _COLUMNS])
    for number, (_name, width, hint) in enumerate(_COLUMNS, 1):
        cell = sheet.cell(row=1, column=number)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E3E7ED")
        cell.comment = Comment(hint, "Tandem")
        sheet.column_dimensions[cell.column_letter].width = width
    accounts = posts.writable_accounts(actor)
    units = posts.writable_units(actor)
    day = (now.astimezone(ZoneInfo(current().timezone)) - _PAST).date()
    named = "、".join(f"{PLATFORMS[one.platform].label}·{one.name}" for one in accounts[:2])
    unit = plain(units[0].name) if units else ""
    sheet.append([day, time(8, 30), "（示例，导入前请删去）便民服务热线调整公告", "一句话说清。", "", named, unit, ""])
    for row in sheet.iter_rows(min_row=2, max_row=200):
        row[0].number_format, row[1].number_format = "yyyy-mm-dd", "hh:mm"
        row[4].alignment = row[3].alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    _explain(book.create_sheet("填写说明"), [f"{PLATFORMS[one.platform].label}·{one.name}" for one in accounts], units)
    content = BytesIO()
    book.save(content)
    content.seek(0)
    return content


def _explain(sheet: Any, accounts: Sequence[str], units: Sequence[Any]) -> None:
    sheet.append(["怎么填"])
    for name, _width, hint in _COLUMNS:
        sheet.append([f"{name}：{hint}"])
    sheet.append([f"一个文件最多 {MOST_ROWS:,} 行；上传后先看逐行报告，确认后才建草稿。"])
    sheet.append(["草稿不会自己发出：写好、通过审核、排期后才发。"])
    sheet.append([])
    sheet.append(["可写的账号"])
    for name in accounts[:500]:
        sheet.append([plain(name)])
    sheet.append([])
    sheet.append(["可写的单位"])
    for unit in units[:500]:
        sheet.append([plain(unit.name)])
    sheet.column_dimensions["A"].width = 70


def plain(text: str) -> str:
    """A name as text: a spreadsheet must not take it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
