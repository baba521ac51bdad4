"""The report on screen, as a file and by API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.inspection.services import evaluate, record_history
from app.units.access import Actor
from connectors.values import Page, PublishedItem
from tests.app.inbox.conftest import City
from tests.architecture.pages import faults

Browse = Callable[[Actor], FlaskClient]


def silent(account: Account, days: int) -> None:
    now = utcnow()
    item = PublishedItem(external_id="1", title="旧文", published_at=now - timedelta(days=days, hours=1))
    record_history(account, Page(items=(item,)), now)
    evaluate(now)


def test_the_report(city: City, browse: Browse) -> None:
    silent(city.weibo, 20)
    html = browse(city.reader).get("/reports").get_data(as_text=True)
    assert faults(html) == []
    for words in ("已否决（20 天）", "未知", "监测时间点前2周内无更新", "依据等级 B", "平台上的发布记录还没有读取过"):
        assert words in html, words
    assert html.index("已否决") < html.index("未知")
    bureau = browse(city.reader).get(f"/reports?unit_id={city.bureau.id}").get_data(as_text=True)
    assert "还没有账号" in bureau
    assert faults(browse(city.stranger).get("/reports").get_data(as_text=True)) == []


def test_the_report_as_a_file(city: City, browse: Browse) -> None:
    silent(city.weibo, 20)
    with atomic():
        db.session.get_one(Account, city.weibo.id).name = '=HYPERLINK("http://x")'
    answer = browse(city.reader).get("/reports/export")
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    sheet = load_workbook(BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:5] == ("单位", "平台", "账号", "情况", "距上次发布（天）")
    assert rows[1][3:5] == ("已否决（20 天）", 20)
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
