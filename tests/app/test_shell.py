"""The frame: built assets, icons, states, what the top bar says, what every page has, both languages complete."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import fields, validate
from sqlalchemy import select
from werkzeug.exceptions import HTTPException, default_exceptions

from app import web
from app.db import db, utcnow
from app.posts.models import STATUSES as POST_STATUSES
from app.publishing.models import STATUSES as PUBLICATION_STATUSES
from app.schemas import BaseSchema
from app.states import POST_STATES, PUBLICATION_STATES, STATES, state_of
from app.units.access import SYSTEM, actor_for
from app.units.models import User
from app.units.services import create_unit, create_user, issue_token

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.html"))
PASSWORD = "correct horse 12"


@pytest.fixture
def browser(app: Flask, now: datetime) -> FlaskClient:
    """An administrator and author, signed in."""
    app.config["WTF_CSRF_ENABLED"] = False
    unit = create_unit(SYSTEM, name="青岚市政府办", level="city", parent_id=None, now=now)
    roles = ["administrator", "author"]
    create_user(SYSTEM, email="a@example.gov.cn", name="王敏", unit_id=unit.id, roles=roles, password=PASSWORD, now=now)
    client = app.test_client()
    client.post("/sign-in", data={"email": "a@example.gov.cn", "password": PASSWORD})
    return client


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Replaces what higher capabilities tell the frame."""
    told: dict[str, object] = {}
    monkeypatch.setattr("app.units.shell.shell_providers", _Lookup(told))
    return told


class _Lookup(dict):  # type: ignore[type-arg]
    def __init__(self, told: dict[str, object]) -> None:
        super().__init__()
        self.told = told

    def __contains__(self, key: object) -> bool:
        return key in self.told

    def __getitem__(self, key: str) -> object:
        return lambda actor: self.told[key]


def page(browser: FlaskClient, path: str = "/settings") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_frame_loads_only_built_files_that_exist(browser: FlaskClient) -> None:
    html = page(browser)
    loaded = re.findall(r'(?:src|href)="(/static/[^"#]+)', html)
    assert any(path.endswith(".js") for path in loaded)
    assert any(path.endswith(".css") for path in loaded)
    for path in set(loaded):
        assert browser.get(path, buffered=True).status_code == 200, path
    hashed = next(path for path in loaded if "/dist/assets/" in path)
    assert "immutable" in browser.get(hashed, buffered=True).headers["Cache-Control"]


def test_no_page_fetches_from_elsewhere_or_has_inline_script() -> None:
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/json\"))", text), template
        assert not re.search(r"\son(click|change|submit|load|input|keydown)=", text), template
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), template
        assert "hx-on" not in text, template


def test_every_entry_named_in_a_template_is_built() -> None:
    manifest = json.loads((ROOT / "app" / "static" / "dist" / "manifest.json").read_text())
    named = {entry for template in TEMPLATES for entry in re.findall(r'vite\("([^"]+)"\)', template.read_text())}
    assert "src/main.ts" in named
    assert named <= set(manifest)


def test_every_icon_named_anywhere_is_in_the_sprite() -> None:
    sprite = set((ROOT / "frontend" / "icons.txt").read_text().split())
    named = {state.icon for state in STATES.values()} | {"point"}
    for template in TEMPLATES:
        named |= set(re.findall(r'\bicon\("([a-z0-9-]+)"', template.read_text(encoding="utf-8")))
    for module in (ROOT / "app").rglob("*.py"):
        named |= set(re.findall(r'\bicon="([a-z0-9-]+)"', module.read_text(encoding="utf-8")))
    assert named - sprite == set()


def test_every_state_has_its_badge() -> None:
    assert set(POST_STATUSES) | {"needs_attention"} == set(POST_STATES)
    assert set(PUBLICATION_STATUSES) == set(PUBLICATION_STATES)
    style = (ROOT / "frontend" / "src" / "style.css").read_text()
    for state in STATES.values():
        assert f".state-{state.colour} " in style
    for shared in set(POST_STATES) & set(PUBLICATION_STATES):
        assert POST_STATES[shared] is PUBLICATION_STATES[shared]


def test_states_are_told_by_word_and_icon_not_by_colour_alone(app: Flask) -> None:
    with app.test_request_context("/"):
        looks = {(str(state.word), state.icon) for state in {**POST_STATES, **PUBLICATION_STATES}.values()}
        assert len(looks) == len({str(state.word) for state in {**POST_STATES, **PUBLICATION_STATES}.values()})
        assert str(state_of("unknown").word) == "待核实"
        assert state_of("never heard of").word == "never heard of"


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_their_ground(theme: str) -> None:
    style = (ROOT / "frontend" / "src" / "style.css").read_text()
    block = re.search(rf'\[data-bs-theme="{theme}"\] \{{(.*?)\n\}}', style, re.S)
    assert block
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[1]))
    for state in STATES.values():
        name = "green" if state.colour == "green-amber" else state.colour
        assert _contrast(tokens[name], tokens[f"{name}-bg"]) >= 4.5, name
    for ground in ("ground", "surface"):
        for name in ("ink", "muted", "tblr-link-color"):
            assert _contrast(tokens[name], tokens[ground]) >= 4.5, (name, ground)
    assert _contrast(tokens["green"], tokens["amber-bg"]) >= 4.5
    assert _contrast("#ffffff", tokens["tblr-primary"]) >= 4.5


def test_a_stopped_scheduler_leads_only_those_to_its_page_who_may_see_it(
    app: Flask, browser: FlaskClient, providers: dict[str, object], now: datetime
) -> None:
    providers["heartbeat"] = {"alive": False, "beat_at": None}
    assert 'href="/status" title=' in page(browser)
    unit_id = db.session.scalars(select(User)).one().unit_id
    create_user(
        SYSTEM, email="r@example.gov.cn", name="李静", unit_id=unit_id, roles=["responder"], password=PASSWORD, now=now
    )
    other = app.test_client()
    other.post("/sign-in", data={"email": "r@example.gov.cn", "password": PASSWORD})
    assert "调度停止" in page(other)
    assert "/status" not in page(other)


def test_the_top_bar_tells_the_truth(browser: FlaskClient, providers: dict[str, object]) -> None:
    assert "调度未知" in page(browser)
    providers["heartbeat"] = {"alive": True, "beat_at": datetime(2026, 7, 12, 4, 4, 31, tzinfo=UTC)}
    html = page(browser)
    assert "调度正常</span>" in html
    assert ">12:04:31</span>" in html
    providers["heartbeat"] = {"alive": False, "beat_at": utcnow() - timedelta(minutes=3)}
    assert "调度停止" in page(browser)
    providers["heartbeat"] = {"alive": False, "beat_at": None}
    assert "调度停止" in page(browser, "/machine")
    providers["stops"] = []
    assert "全部可发" in page(browser)
    providers["stops"] = ["one", "two"]
    assert "已暂停发布 2 处" in page(browser)
    providers["notices"] = 3
    assert "通知，3 条未读" in page(browser)
    assert "演练" not in page(browser)
    providers["drill"] = True
    assert "演练" in page(browser)


def test_navigation_shows_what_one_may_and_real_counts(
    app: Flask, browser: FlaskClient, providers: dict[str, object], now: datetime
) -> None:
    providers["counts"] = {"posts": 12, "review": 3}
    html = page(browser)
    assert 'aria-current="page"' in html
    assert ">稿件</span>" in html
    assert "12 项待处理" in html
    assert ">审核</span>" not in html
    assert "3 项待处理" not in html


def test_a_broken_database_still_gives_a_page(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    def broken(_actor: object) -> object:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setitem(web.shell_providers, "heartbeat", broken)
    assert "调度未知" in page(browser)


def test_the_error_page_fits_who_sees_it(app: Flask, browser: FlaskClient) -> None:
    inside, outside = browser.get("/nowhere"), app.test_client().get("/nowhere")
    assert (inside.status_code, outside.status_code) == (404, 404)
    assert "主导航" in inside.get_data(as_text=True)
    assert "主导航" not in outside.get_data(as_text=True)
    for answer in (inside, outside):
        html = answer.get_data(as_text=True)
        assert "没有找到这个页面" in html
        assert html.count("<h1") == 1


def test_a_list_leads_on_and_keeps_its_filters(app: Flask) -> None:
    with app.test_request_context("/settings/events?action=post&cursor=abc"):
        assert web.page_url("def") == "/settings/events?action=post&cursor=def"
        assert web.page_url(None) == "/settings/events?action=post"


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    npmrc = (ROOT / "frontend" / ".npmrc").read_text().split()
    assert "omit-lockfile-registry-resolved=true" in npmrc
    wanted = json.loads((ROOT / "frontend" / "package.json").read_text())
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert len({version for name, version in versions.items() if name.startswith("@tiptap/")}) == 1


def test_english_is_complete() -> None:
    """Each string of the screens has its English, with the same placeholders."""
    checked = subprocess.run([str(ROOT / "bin" / "i18n"), "--check"], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_sign_of_the_house_is_there_for_who_asks_by_habit(app: Flask) -> None:
    with app.test_client().get("/favicon.ico") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 422, 429, 431, 500, 501, 502, 503]
)
def test_what_the_web_framework_refuses_is_said_in_chinese(app: Flask, status: int) -> None:
    error = default_exceptions.get(status, HTTPException)()
    error.code = status
    error.data = {"messages": {"json": ["Invalid JSON body."]}}  # type: ignore[attr-defined]
    with app.test_request_context("/api/v1/posts"):
        answer = app.make_response(web._http_error(error))
    said, answered = answer.get_json(), answer.status_code
    assert answered == status
    assert not re.search("[a-z]{4,}", said["message"])
    assert said["message"].count("。") >= 2
    assert said["errors"] == {"json": ["请求体不是有效的 JSON。"]}


def test_a_broken_body_is_refused_in_chinese(app: Flask, browser: FlaskClient) -> None:
    user = db.session.scalars(select(User)).one()
    token = issue_token(actor_for(user), user_id=user.id, name="测试", days=1, scopes=[], now=utcnow())
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().post("/api/v1/posts", data="{", content_type="application/json", headers=headers)
    assert (answer.status_code, answer.get_json()["errors"]) == (400, {"json": ["请求体不是有效的 JSON。"]})


class _Everything(BaseSchema):
    short = fields.String(validate=validate.Length(max=3))
    few = fields.List(fields.String(), validate=validate.Length(min=2))
    small = fields.Integer(validate=validate.Range(min=1, max=9))
    one = fields.String(validate=validate.OneOf(["甲", "乙"]))
    url = fields.Url()
    mail = fields.Email()
    day = fields.Date()
    yes = fields.Boolean()
    inner = fields.Dict()


def test_what_the_schemas_refuse_is_said_in_chinese() -> None:
    wrong = {"short": "四个字符", "few": ["一"], "small": 10, "one": "丙", "url": "x", "mail": "x", "day": "x"}
    found = _Everything().validate({**wrong, "yes": "x", "inner": "x", "more": 1})
    assert set(found) == {*wrong, "yes", "inner", "more"}
    assert not [said for said in found.values() if re.search("[A-Za-z]{2,}", str(said).replace("UTF", ""))], found
    assert found["small"] == ["应不小于 1，且不大于 9。"]
    assert found["short"] == ["太长，最多 3 个。"]
