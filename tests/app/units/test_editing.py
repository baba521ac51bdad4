"""Changing what is said of a person; renaming and closing units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.db import db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.notices.models import Notice
from app.units.access import SYSTEM, Actor
from app.units.closing import close_unit, rename_unit, reopen_unit
from app.units.editing import edit_user
from app.units.models import Unit, User
from app.units.services import create_unit, create_user, deactivate_user, reactivate_user, unit_tree
from tests.app.units.conftest import PASSWORD, SignIn, Town

Acts = Callable[[User], Actor]


def test_a_person_is_renamed_moved_and_told_and_keeps_their_roles(town: Town, sign_in: SignIn) -> None:
    browser, path = sign_in(town.admin), f"/settings/people/{town.author.id}"
    sent = {"name": "李小晓", "email": "New@Example.gov.cn", "unit_id": town.county.id}
    done = browser.post(f"{path}/details", data=sent)
    assert done.status_code == 302, done.text
    db.session.rollback()
    user = db.session.get_one(User, town.author.id)
    assert (user.name, user.email, user.unit_id) == ("李小晓", "new@example.gov.cn", town.county.id)
    assert [(held.role, held.unit_id) for held in user.grants] == [("author", town.bureau.id)]
    line = db.session.scalars(select(Event).where(Event.action == "user.edit")).one()
    assert line.before == {"name": "李晓", "email": "author@example.gov.cn", "unit_id": town.bureau.id}
    assert line.after == {"name": "李小晓", "email": "new@example.gov.cn", "unit_id": town.county.id}
    told = db.session.scalars(select(Notice).where(Notice.user_id == user.id)).one()
    assert "author@example.gov.cn" in told.body
    taken = browser.post(f"{path}/details", data={**sent, "name": "再改", "email": town.admin.email})
    assert (taken.status_code, "已有人使用" in taken.text, 'value="再改"' in taken.text) == (422, True, True)


def test_rights_in_both_units_are_needed_and_a_whole_administrator_is_for_another_one(
    town: Town, acts: Acts, now: datetime
) -> None:
    with pytest.raises(Forbidden):
        edit_user(acts(town.author), town.author.id, unit_id=town.bureau.id, now=now, name="李晓", email="a@example.cn")
    outside = create_unit(SYSTEM, name="邻市", level="city", parent_id=None, now=now)
    with pytest.raises(NotFound):
        edit_user(
            acts(town.bureau_admin), town.author.id, unit_id=outside.id, now=now, name="李晓", email="a@example.cn"
        )
    helper = create_user(
        SYSTEM,
        email="sys@example.gov.cn",
        name="系统员",
        unit_id=town.city.id,
        roles=["system_administrator"],
        password=PASSWORD,
        now=now,
    )
    with pytest.raises(Forbidden):
        edit_user(acts(helper), town.admin.id, name="王敏", email="mine@example.cn", unit_id=town.city.id, now=now)


def test_a_unit_is_renamed_and_its_name_is_its_alone_among_siblings(town: Town, acts: Acts, now: datetime) -> None:
    rename_unit(acts(town.admin), town.bureau.id, "青岚市住房和城乡建设局", now=now)
    line = db.session.scalars(select(Event).where(Event.action == "unit.rename")).one()
    assert (line.before, line.after) == ({"name": "青岚市住建局"}, {"name": "青岚市住房和城乡建设局"})
    with pytest.raises(Conflict):
        rename_unit(acts(town.admin), town.bureau.id, "云溪县", now=now)
    with pytest.raises(Invalid):
        rename_unit(acts(town.admin), town.bureau.id, " ", now=now)
    with pytest.raises(Forbidden):
        rename_unit(acts(town.author), town.bureau.id, "别名", now=now)


def test_a_unit_is_closed_when_nothing_is_left_in_it_and_then_takes_nothing_new(
    town: Town, acts: Acts, now: datetime, sign_in: SignIn
) -> None:
    admin = acts(town.admin)
    browser, path = sign_in(town.admin), f"/settings/units/{town.bureau.id}"
    refused = browser.post(f"{path}/closing")
    assert (refused.status_code, "2 名成员" in refused.text, "李晓" in refused.text) == (409, True, True)
    with pytest.raises(Conflict, match="2 个下级单位"):
        close_unit(admin, create_city_with_two(town, now).id, now=now)
    with pytest.raises(Conflict, match="最上级"):
        close_unit(admin, town.city.id, now=now)
    for person in (town.author, town.bureau_admin):
        deactivate_user(admin, person.id, now=now)
    assert browser.post(f"{path}/closing").status_code == 302
    db.session.rollback()
    bureau = db.session.get_one(Unit, town.bureau.id)
    assert bureau not in unit_tree(admin)
    assert "已关闭" in browser.get("/settings/units").text
    with pytest.raises(Conflict, match="已关闭"):
        create_unit(admin, name="科", level="county", parent_id=bureau.id, now=now)
    with pytest.raises(Conflict, match="已关闭"):
        reactivate_user(admin, town.author.id, now=now)
    reopen_unit(admin, bureau.id, now=now)
    assert bureau in unit_tree(admin)


def create_city_with_two(town: Town, now: datetime) -> Unit:
    above = create_unit(SYSTEM, name="集团", level="city", parent_id=town.city.id, now=now)
    for name in ("一部", "二部"):
        create_unit(SYSTEM, name=name, level="county", parent_id=above.id, now=now)
    return above


def test_who_signs_in_by_an_initial_password_chooses_their_own_first(town: Town, sign_in: SignIn) -> None:
    path = f"/settings/people/{town.author.id}"
    assert sign_in(town.admin).post(f"{path}/password", data={"password": "a new passphrase"}).status_code == 302
    theirs = sign_in(town.author, "a new passphrase")
    away = theirs.get("/posts")
    assert (away.status_code, away.headers["Location"]) == (302, "/settings/profile")
    assert "初始密码" in theirs.get("/settings/profile").text
    own = {"old": "a new passphrase", "new": "my own passphrase", "again": "my own passphrase"}
    assert theirs.post("/settings/profile/password", data=own).status_code == 302
    assert theirs.get("/posts").status_code == 200
    assert sign_in(town.author, "my own passphrase").get("/posts").status_code == 200
