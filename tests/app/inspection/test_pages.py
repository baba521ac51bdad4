"""The report on screen, as a file and by API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from app.accounts.models import Account
from app.days import local_day
from app.db import atomic, db, utcnow
from app.inbox.services import ingest
from app.inspection.services import evaluate, record_history
from app.units.access import Actor
from connectors.values import InboundMessage, Page, PublishedItem
from tests.app.inbox.conftest import City
from tests.app.published import published
from tests.app.workbench.test_workbench import person
from tests.architecture.pages import faults

Browse = Callable[[Actor], FlaskClient]
Make = Callable[..., InboundMessage]


def silent(account: Account, days: int) -> None:
    now = utcnow()
    item = PublishedItem(external_id="1", title="旧文", published_at=now - timedelta(days=days, hours=1))
    record_history(account, Page(items=(item,)), now)
    evaluate(now)


def test_the_report(city: City, browse: Browse) -> None:
    silent(city.weibo, 20)
    html = browse(city.reader).get("/reports").get_data(as_text=True)
    assert faults(html) == []
    for words in (
        "触及单项否决（20 天）",
        "未知",
        "监测时间点前2周内无更新",
        "依据等级 B",
        "平台上的发布记录还没有读取过",
    ):
        assert words in html, words
    assert html.index("触及单项否决") < html.index("未知")
    bureau = browse(city.reader).get(f"/reports?unit_id={city.bureau.id}").get_data(as_text=True)
    assert "还没有账号" in bureau
    assert faults(browse(city.stranger).get("/reports").get_data(as_text=True)) == []


def cells(html: str, figure: str) -> list[list[str]]:
    """The rows of a chart's table, as they are read."""
    root: Element = html5lib.HTMLParser(namespaceHTMLElements=False).parse(html)
    [found] = [each for each in root.iter("figure") if each.get("id") == figure]
    rows = [row for body in found.iter("tbody") for row in body.iter("tr")]
    return [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in rows]


def test_charts_are_tables_of_true_figures(city: City, letter: Make, browse: Browse) -> None:
    now = utcnow()
    published(
        "住房新政", (city.weibo, now - timedelta(days=1), "a"), (city.wechat, now - timedelta(days=1, seconds=-90), "b")
    )
    silent(city.weibo, 20)
    ingest(city.wechat, [letter(1, sent_at=now - timedelta(days=3))], now=now)
    html = browse(person(city, "managing", "responder", "inspector")).get("/reports").get_data(as_text=True)
    assert faults(html) == []
    per_day = cells(html, "chart-published")
    assert len(per_day) == 30
    assert [sum(int(row[column]) for row in per_day) for column in (1, 2)] == [2, 1]
    gaps = {row[0]: row[1] for row in cells(html, "chart-gaps")}
    assert gaps["微博·青岚发布 weibo"] == "19 天"
    assert gaps["微信·青岚发布 wechat"].startswith("未知，至多")
    assert sum(int(row[2]) for row in cells(html, "chart-inbox")) == 1
    assert cells(html, "chart-first")[-1] == ["尚未答复", "1"]
    [step] = cells(html, "chart-steps")
    assert step[0].startswith("住房新政")
    assert step[1:] == ["先发", "+1 分 30 秒", "1 分 30 秒"]


def test_who_has_no_inbox_sees_none_of_its_figures(city: City, browse: Browse) -> None:
    html = browse(person(city, "writing", "author")).get("/reports").get_data(as_text=True)
    assert "chart-published" in html
    assert "chart-inbox" not in html
    assert "chart-first" not in html


def test_earlier_days(city: City, browse: Browse) -> None:
    silent(city.weibo, 40)
    client, today = browse(city.reader), local_day(utcnow())
    last = today - timedelta(days=30)
    html = client.get(f"/reports?to={last}").get_data(as_text=True)
    assert faults(html) == []
    rows = cells(html, "chart-published")
    assert [row[1] for row in rows].count("1") == 1
    assert rows[-1][0] == f"{last.month}月{last.day}日"
    assert f"to={today}" in html
    for odd in ("9999-12-31", "0001-01-01", "morgen", ""):
        answer = client.get(f"/reports?to={odd}")
        assert answer.status_code == 200, odd
        assert faults(answer.get_data(as_text=True)) == []


def test_the_report_as_a_file(city: City, browse: Browse) -> None:
    silent(city.weibo, 20)
    with atomic():
        db.session.get_one(Account, city.weibo.id).name = '=HYPERLINK("http://x")'
    answer = browse(city.reader).get("/reports/export")
    assert str(answer.mimetype).endswith("spreadsheetml.sheet")
    sheet = load_workbook(BytesIO(answer.data)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:5] == ("单位", "平台", "账号", "情况", "距上次发布（天）")
    assert rows[1][3:5] == ("触及单项否决（20 天）", 20)
    assert not str(rows[1][2]).startswith("=")


def test_findings_by_api(app: Flask, city: City, bearer: Callable[[Actor], dict[str, str]]) -> None:
    silent(city.weibo, 20)
    client, headers = app.test_client(), bearer(city.reader)
    [finding] = client.get("/api/v1/findings?rule=UPD-14", headers=headers).get_json()["items"]
    assert finding["severity"] == "veto"
    assert finding["evidence"]["days"] == 20
    assert finding["account_id"] == city.weibo.id
    assert client.get(f"/api/v1/findings?unit_id={city.elsewhere.id}", headers=headers).status_code == 404
    assert client.get("/api/v1/findings", headers=bearer(city.wang)).status_code == 403
