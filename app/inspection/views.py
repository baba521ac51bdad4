"""/reports: which accounts fall dormant, day by day, and what stands against them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, send_file
from flask.typing import ResponseReturnValue
from openpyxl import Workbook

from app.days import days_until, local_day
from app.db import utcnow
from app.inspection import services
from app.inspection.dormancy import Dormancy
from app.inspection.figures_views import charts
from app.inspection.rules import RULES, VETO_AT
from app.units.access import Actor
from app.units.permissions import current_actor, requires
from app.units.services import unit_tree
from app.web import _, settings

bp = Blueprint("inspection", __name__)

DAYS = 30
# Before it neither platform had accounts of public bodies.
_EARLIEST = date(2010, 1, 1)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/reports")
@requires("account.read")
def index() -> str:
    actor, now = current_actor(), utcnow()
    unit_id = request.args.get("unit_id", "")
    today = local_day(now)
    days = days_until(_chosen_day(request.args.get("to", ""), today), DAYS)
    states = services.dormancy(actor, now, unit_id=unit_id)
    moments = services.moments([state.account.id for state in states], days)
    findings = services.open_findings([state.account.id for state in states]) if actor.holds("finding.read") else []
    return render_template(
        "inspection/index.html",
        states=states,
        days=days,
        today=today,
        day=timedelta(days=1),
        counts=services.count_days(moments),
        veto_day=today - timedelta(days=VETO_AT - 1),
        findings=findings,
        rules=RULES,
        units=unit_tree(actor),
        unit_id=unit_id,
        now=now,
        **charts(actor, states, moments, days, now, unit_id),
    )


def _chosen_day(raw: str, today: date) -> date:
    """The last of the days to show: today unless an earlier day is named."""
    try:
        return max(_EARLIEST, min(date.fromisoformat(raw), today))
    except ValueError:
        return today


@bp.get("/reports/export")
@requires("account.read")
def export() -> ResponseReturnValue:
    """The same table as an xlsx file."""
    actor, now = current_actor(), utcnow()
    states = services.dormancy(actor, now, unit_id=request.args.get("unit_id", ""))
    name = f"更新情况-{last_days(now)[-1].isoformat()}.xlsx"
    return send_file(_workbook(actor, states, now), mimetype=_XLSX, as_attachment=True, download_name=name)


def last_days(now: datetime) -> list[date]:
    """The last thirty days of the installation's time zone, today last."""
    return days_until(local_day(now), DAYS)


def level_words(state: Dormancy) -> str:
    """The state in words: colour is never alone."""
    if state.level == "unknown":
        return _("未知")
    if state.level == "zombie":
        return _("僵尸（%(n)d 天）", n=state.days)
    if state.level == "veto":
        return _("触及单项否决（%(n)d 天）", n=state.days)
    if state.level == "warn":
        return _("预警（%(n)d 天）", n=state.days)
    return _("正常")


def _workbook(actor: Actor, states: list[Dormancy], now: datetime) -> BytesIO:
    days = last_days(now)
    counts = services.posts_by_day([state.account.id for state in states], days[-1], DAYS)
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "更新情况"
    heads = ["单位", "平台", "账号", "情况", "距上次发布（天）", "上次发布", "说明"]
    sheet.append([*heads, *(f"{day.month}/{day.day}" for day in days)])
    zone = ZoneInfo(settings().timezone)
    for state in states:
        last = state.last_published_at
        sheet.append(
            [
                _plain(state.account.unit.name),
                {"weibo": "微博", "wechat": "微信"}.get(state.account.platform, state.account.platform),
                _plain(state.account.name),
                level_words(state),
                state.days,
                f"{last.astimezone(zone):%Y-%m-%d %H:%M}" if last else "",
                state.why,
                *(counts[state.account.id].get(day, 0) for day in days),
            ]
        )
    sheet.append([])
    sheet.append([f"导出人：{_plain(actor.name)}", "", "", "", "", f"{now.astimezone(zone):%Y-%m-%d %H:%M}"])
    sheet.freeze_panes = "D2"
    content = BytesIO()
    book.save(content)
    content.seek(0)
    return content


def _plain(text: str) -> str:
    """A name as text: a spreadsheet must not take it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
