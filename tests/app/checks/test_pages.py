"""The pages of the packs on a signed-in browser: sound HTML, and the whole way by forms."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from app.audit.models import Event
from app.checks import importing, keeping
from app.checks.models import PackImport, WordPack
from app.checks.packs import terms_of
from app.checks.words import Term
from app.db import atomic, db
from app.units.access import Actor
from app.units.models import User
from app.units.passwords import hash_password
from tests.app.checks.test_importing import book
from tests.app.posts.helpers import World
from tests.architecture.pages import faults

PASSWORD = "correct horse 12"


@pytest.fixture
def admin(app: Flask, world: World) -> FlaskClient:
    return enter(app, world.admin)


def enter(app: Flask, actor: Actor) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    with atomic():
        user = db.session.get_one(User, actor.user_id)
        user.password_hash = hash_password(PASSWORD)
    client = app.test_client()
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 302
    return client


def sound(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert faults(answer.text) == [], path
    return answer.text


def test_the_whole_way_by_forms(admin: FlaskClient, world: World) -> None:
    assert "还没有单位自己的词库" in sound(admin, "/settings/packs")
    assert "/settings/packs" in sound(admin, "/settings")
    made = admin.post("/settings/packs", data={"name": "地名", "unit_id": world.city.id, "source": "市政府办"})
    assert made.status_code == 303
    page = made.location
    assert "还没有词条" in sound(admin, page)
    admin.post(f"{page}/terms", data={"wrong": "青兰市", "right": "青岚市", "severity": "warn", "reason": "地名"})
    assert "青岚市" in sound(admin, page)
    pack = db.session.query(WordPack).one()
    row = keeping.find_term(pack.id, "青兰市")
    assert row is not None
    assert "修改词条" in sound(admin, f"{page}?edit={row.id}")
    refused = admin.post(f"{page}/terms/{row.id}", data={"wrong": "青", "severity": "warn"})
    assert refused.status_code == 422
    assert faults(refused.text) == []
    assert "至少两个字" in refused.text
    admin.post(f"{page}/terms/{row.id}", data={"wrong": "青兰市", "right": "青岚", "severity": "block"})
    assert [(term.right, term.severity) for term in terms_of(pack)] == [("青岚", "block")]
    assert "这是第 2 版当时的内容" in sound(admin, f"{page}?version=2")
    assert "没有符合条件" in sound(admin, f"{page}?q=别的&severity=warn")
    admin.post(page, data={"name": "地名表", "source": ""})
    admin.post(f"{page}/switch", data={"active": "0"})
    assert "停用" in sound(admin, "/settings/packs")
    row = keeping.find_term(pack.id, "青兰市")
    assert row is not None
    admin.post(f"{page}/terms/{row.id}/removal")
    assert terms_of(pack) == []


def test_a_file_is_looked_at_before_it_counts(admin: FlaskClient, world: World) -> None:
    pack = keeping.create_pack(world.admin, unit_id=world.city.id, name="地名", source="", now=world.now)
    page = f"/settings/packs/{pack.id}"
    rows = [[f"词语{number}", "甲"] for number in range(205)]
    given = {"file": (io.BytesIO(book(*rows, ["好", "甲"])), "表.xlsx")}
    read = admin.post(f"{page}/imports", data=given)
    assert read.status_code == 303
    report = sound(admin, read.location)
    assert "有 1 行不会导入" in report
    assert "至少两个字" in report
    assert "1/2" in sound(admin, f"{read.location}?outcome=add")
    assert "词语204" in sound(admin, f"{read.location}?outcome=add&page=2")
    assert terms_of(pack) == []
    assert admin.post(f"{read.location}/confirmation", data={"replace": "0"}).location == page
    assert len(terms_of(pack)) == 205
    assert "205" in sound(admin, page)
    exported = admin.get(f"{page}/export")
    sheet = load_workbook(io.BytesIO(exported.data)).active
    assert sheet is not None
    assert sheet.max_row == 206
    assert db.session.query(Event).filter_by(action="pack.export").count() == 1


def test_a_large_file_shows_how_far_it_is(admin: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 0)
    pack = keeping.create_pack(world.admin, unit_id=world.city.id, name="地名", source="", now=world.now)
    given = {"file": (io.BytesIO(book(["其它", "其他"])), "表.xlsx")}
    read = admin.post(f"/settings/packs/{pack.id}/imports", data=given).location
    assert "排队等待读取" in sound(admin, read)
    asked = admin.get(f"{read}/progress")
    assert "every 1s" in asked.text
    assert "HX-Refresh" not in asked.headers
    importing.read_waiting(world.now)
    assert admin.get(f"{read}/progress").headers["HX-Refresh"] == "true"
    assert "新增 1 条" in sound(admin, read)
    bad = {"file": (io.BytesIO(b"x"), "表.xlsx")}
    read = admin.post(f"/settings/packs/{pack.id}/imports", data=bad).location
    importing.read_waiting(world.now)
    page = sound(admin, read)
    assert "文件读不出来" in page
    assert "every 1s" not in page
    admin.post(f"{read}/removal")
    assert db.session.query(PackImport).count() == 0


def test_a_bad_file_and_a_second_thought_change_nothing(admin: FlaskClient, world: World) -> None:
    pack = keeping.create_pack(world.admin, unit_id=world.city.id, name="地名", source="", now=world.now)
    page = f"/settings/packs/{pack.id}"
    admin.post(f"{page}/imports", data={"file": (io.BytesIO(b"x"), "表.xlsx")})
    assert "文件读不出来" in sound(admin, page)
    admin.post(f"{page}/imports", data={})
    assert "没有选择文件" in sound(admin, page)
    read = admin.post(f"{page}/imports", data={"file": (io.BytesIO(book(["其它", "其他"])), "表.xlsx")})
    admin.post(f"{read.location}/removal")
    assert db.session.query(PackImport).count() == 0
    assert admin.get(read.location).status_code == 404


def test_the_bench_marks_the_places(admin: FlaskClient, world: World) -> None:
    sound(admin, "/settings/packs/bench")
    given = {"unit_id": world.city.id, "text": "😱截止目前已通车\r\n市人名政府，电话13800138000。"}
    answer = admin.post("/settings/packs/bench", data=given)
    assert faults(answer.text) == []
    marks = re.findall(r'<mark class="found found-(\w+)"[^>]*>([^<]+)<', answer.text)
    assert marks == [("warn", "截止目前"), ("block", "人名政府"), ("block", "13800138000")]
    assert admin.post("/settings/packs/bench", data={**given, "text": " "}).status_code == 422
    assert admin.post("/settings/packs/bench", data={**given, "text": "长" * 50_001}).status_code == 422
    assert admin.post("/settings/packs/bench", data={**given, "unit_id": world.other.id}).status_code == 404


def test_the_products_packs_are_shown_switched_and_copied(admin: FlaskClient, world: World) -> None:
    shown = sound(admin, "/settings/packs")
    key = re.findall(r"/settings/packs/builtin/([\w-]+)\"", shown)[0]
    assert "截止目前" in sound(admin, f"/settings/packs/builtin/{key}")
    assert admin.get("/settings/packs/builtin/none").status_code == 404
    admin.post(f"/settings/packs/builtin/{key}/switch", data={"unit_id": world.bureau.id, "active": "0"})
    assert "由“青岚市水务局”设定" in sound(admin, f"/settings/packs?unit_id={world.bureau.id}")
    assert admin.post(f"/settings/packs/builtin/{key}/copy", data={"unit_id": world.bureau.id}).status_code == 303
    assert admin.post(f"/settings/packs/builtin/{key}/copy", data={"unit_id": world.bureau.id}).status_code == 422


def test_who_may_see_and_who_may_change(app: Flask, world: World) -> None:
    terms = [Term(wrong="青兰市", right="青岚市")]
    pack = keeping.create_pack(world.admin, unit_id=world.city.id, name="地名", source="", now=world.now, terms=terms)
    page = f"/settings/packs/{pack.id}"
    author, outsider = enter(app, world.author), enter(app, world.outsider)
    assert "新增词条" not in sound(author, page)
    assert author.post(f"{page}/terms", data={"wrong": "其它"}).status_code == 403
    assert author.post(f"{page}/imports", data={}).status_code == 403
    assert outsider.get(page).status_code == 404
    assert outsider.get(f"{page}/export").status_code == 404
