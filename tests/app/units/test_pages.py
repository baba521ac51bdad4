"""Units, people and the profile on screen."""

from __future__ import annotations

import re

from sqlalchemy import select

from app.audit.models import Event
from app.db import db
from app.units.models import Grant, Unit, User
from tests.app.units.conftest import PASSWORD, SignIn, Town


def test_an_administrator_makes_a_unit_and_a_person_and_gives_a_role(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.admin)
    made = browser.post("/settings/units", data={"name": "云溪镇", "level": "township", "parent_id": town.county.id})
    assert made.status_code == 302
    assert "云溪镇" in browser.get("/settings/units").get_data(as_text=True)
    unit = db.session.scalars(select(Unit).where(Unit.name == "云溪镇")).one()
    form = {
        "name": "新人",
        "email": "new@example.gov.cn",
        "unit_id": unit.id,
        "roles": ["author"],
        "password": PASSWORD,
    }
    made = browser.post("/settings/people", data=form)
    page = browser.get(made.headers["Location"]).get_data(as_text=True)
    assert "新人" in page
    user = db.session.scalars(select(User).where(User.email == "new@example.gov.cn")).one()
    browser.post(f"/settings/people/{user.id}/grants", data={"role": "responder", "unit_id": town.county.id})
    assert "回复人" in browser.get(f"/settings/people/{user.id}").get_data(as_text=True)
    held = db.session.scalars(select(Grant).where(Grant.user_id == user.id, Grant.role == "responder")).one()
    browser.post(f"/settings/people/{user.id}/grants/{held.id}/revocation")
    browser.post(f"/settings/people/{user.id}/password", data={"password": "a new passphrase"})
    assert sign_in(user, "a new passphrase").get("/settings/profile").status_code == 200
    browser.post(f"/settings/people/{user.id}/deactivation")
    assert "已停用" in browser.get(f"/settings/people/{user.id}").get_data(as_text=True)
    browser.post(f"/settings/people/{user.id}/reactivation")
    assert sign_in(user, "a new passphrase").get("/settings/profile").status_code == 200


def test_a_refused_form_says_why_beside_the_field_and_keeps_what_was_typed(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.admin)
    form = {"name": "新人", "email": "nonsense", "unit_id": town.bureau.id, "roles": ["author"], "password": "short"}
    answer = browser.post("/settings/people", data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "邮箱格式不对" in page
    assert "至少要 12 位" in page
    assert 'value="新人"' in page
    assert "short" not in page
    unit = browser.post("/settings/units", data={"name": "", "level": "city", "parent_id": town.city.id})
    assert unit.status_code == 422
    assert "请填写单位名称" in unit.get_data(as_text=True)
    reset = browser.post(f"/settings/people/{town.author.id}/password", data={"password": "short"})
    assert reset.status_code == 422
    again = browser.post("/settings/profile/password", data={"old": PASSWORD, "new": "a new passphrase", "again": "x"})
    assert "两次输入的新密码不一样" in again.get_data(as_text=True)


def test_without_the_role_there_is_no_form_and_no_way_round_it(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.author)
    assert 'id="new-person"' not in browser.get("/settings/people").get_data(as_text=True)
    assert browser.post("/settings/people", data={}).status_code == 403
    assert browser.post(f"/settings/people/{town.author.id}/deactivation").status_code == 403
    assert browser.get(f"/settings/people/{town.admin.id}").status_code == 404
    assert "操作记录" not in browser.get("/settings").get_data(as_text=True)


def test_a_token_is_shown_once_works_and_can_be_ended(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.author)
    data = {"name": "网站同步", "days": "30", "scopes": ["post.read"]}
    page = browser.post("/settings/profile/tokens", data=data).get_data(as_text=True)
    found = re.search(r"tdm_[\w-]+", page)
    assert found
    later = browser.get("/settings/profile").get_data(as_text=True)
    assert "网站同步" in later
    assert found[0] not in later
    headers = {"Authorization": f"Bearer {found[0]}"}
    assert browser.get("/api/v1/units", headers=headers).status_code == 403
    ending = re.search(r"/settings/profile/tokens/(\w+)/revocation", later)
    assert ending
    browser.post(ending[0])
    assert browser.get("/api/v1/units", headers=headers).status_code == 401
    bad = browser.post("/settings/profile/tokens", data={"name": "x", "days": "for ever"})
    assert bad.status_code == 422
    assert "有效期应为" in bad.get_data(as_text=True)


def test_the_language_is_remembered(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.author)
    browser.post("/language", data={"locale": "en", "next": "/settings"})
    assert '<html lang="en"' in browser.get("/settings").get_data(as_text=True)
    assert '<html lang="en"' in sign_in(town.author).get("/settings").get_data(as_text=True)
    assert browser.post("/language", data={"locale": "tlh"}).status_code == 422


def test_giving_a_role_preselects_none_asks_in_full_and_is_recorded_in_full(town: Town, sign_in: SignIn) -> None:
    browser, path = sign_in(town.admin), f"/settings/people/{town.author.id}"
    page = browser.get(path).get_data(as_text=True)
    select_role = page[page.index('<select class="form-select" id="role"') :]
    assert select_role[select_role.index("<option") :].startswith('<option value="" selected>')
    assert f"授予{town.author.name}“{{role}}”，在“{{unit_id}}”" in page
    nothing = browser.post(f"{path}/grants", data={"role": "", "unit_id": town.county.id})
    assert (nothing.status_code, "请选一个角色" in nothing.get_data(as_text=True)) == (422, True)
    browser.post(f"{path}/grants", data={"role": "responder", "unit_id": town.county.id})
    line = db.session.scalars(select(Event).where(Event.action == "user.grant")).one()
    assert line.summary == f"{town.author.name}：“回复人”，在“云溪县”"
