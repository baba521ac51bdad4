"""Units and people: who may make and change whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound, TandemError
from app.units import second_factor
from app.units.access import SYSTEM, Actor
from app.units.factors import kinds_of, recovery_codes_left
from app.units.models import Passkey, RecoveryCode, SecondFactor, User
from app.units.people import grants_shown
from app.units.services import (
    authenticate,
    change_password,
    create_unit,
    create_user,
    deactivate_user,
    find_unit,
    get_user,
    grant,
    people_of,
    reset_password,
    revoke,
    unit_tree,
)
from tests.app.units.conftest import PASSWORD, SignIn, Town

Acts = Callable[[User], Actor]


def test_the_tree_lists_parents_first_and_only_what_one_may_see(town: Town, acts: Acts) -> None:
    assert [unit.name for unit in unit_tree(acts(town.admin))] == ["青岚市政府办", "青岚市住建局", "云溪县"]
    assert [unit.name for unit in unit_tree(acts(town.author))] == ["青岚市住建局"]
    assert town.bureau.path == f"/{town.city.id}/{town.bureau.id}/"


@pytest.mark.parametrize(
    ("name", "level", "field"),
    [("", "city", "name"), ("x" * 121, "city", "name"), ("新单位", "planet", "level"), ("新单位", "province", "level")],
)
def test_a_bad_unit_names_the_field(town: Town, acts: Acts, now: datetime, name: str, level: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_unit(acts(town.admin), name=name, level=level, parent_id=town.city.id, now=now)
    assert field in refusal.value.errors


def test_units_below_a_parent_have_different_names(town: Town, acts: Acts, now: datetime) -> None:
    with pytest.raises(Conflict):
        create_unit(acts(town.admin), name="云溪县", level="county", parent_id=town.city.id, now=now)
    with pytest.raises(Conflict):
        create_unit(SYSTEM, name="青岚市政府办", level="city", parent_id=None, now=now)
    twin = create_unit(acts(town.admin), name="云溪县", level="county", parent_id=town.bureau.id, now=now)
    with pytest.raises(Invalid, match="多个单位"):
        find_unit("云溪县")
    assert find_unit(twin.id) is twin
    with pytest.raises(NotFound):
        find_unit("不存在")


@pytest.mark.parametrize(("who", "parent", "kind"), [("author", "bureau", Forbidden), ("author", "county", NotFound)])
def test_only_an_administrator_makes_units(
    town: Town, acts: Acts, now: datetime, who: str, parent: str, kind: type[TandemError]
) -> None:
    with pytest.raises(kind):
        create_unit(acts(getattr(town, who)), name="科", level="county", parent_id=getattr(town, parent).id, now=now)


def test_nobody_makes_a_root_on_screen(town: Town, acts: Acts, now: datetime) -> None:
    with pytest.raises(Forbidden):
        create_unit(acts(town.admin), name="另一市", level="city", parent_id=None, now=now)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": "author@example.gov.cn"}, "email"),
        ({"name": " "}, "name"),
        ({"roles": []}, "roles"),
        ({"roles": ["emperor"]}, "roles"),
        ({"password": "short"}, "password"),
        ({"password": "a" * 12}, "password"),
        ({"password": "x1" * 100}, "password"),
        ({"password": "new.person@example.gov.cn"}, "password"),
    ],
)
def test_a_bad_person_names_the_field(
    town: Town, acts: Acts, now: datetime, changed: dict[str, object], field: str
) -> None:
    values: dict[str, object] = {
        "email": "new.person@example.gov.cn",
        "name": "新人",
        "unit_id": town.bureau.id,
        "roles": ["author"],
        "password": PASSWORD,
        **changed,
    }
    with pytest.raises(Invalid) as refusal:
        create_user(acts(town.admin), now=now, **values)  # type: ignore[arg-type]
    assert list(refusal.value.errors) == [field]


def test_a_person_sees_and_makes_people_only_in_their_subtree(town: Town, acts: Acts, now: datetime) -> None:
    assert {user.name for user in people_of(acts(town.bureau_admin)).items} == {"周岚", "李晓"}
    with pytest.raises(NotFound):
        get_user(acts(town.bureau_admin), town.admin.id)
    with pytest.raises(NotFound):
        create_user(
            acts(town.bureau_admin),
            email="x@example.gov.cn",
            name="新人",
            unit_id=town.county.id,
            roles=["author"],
            password=PASSWORD,
            now=now,
        )


def test_roles_are_given_and_taken_and_recorded(town: Town, acts: Acts, now: datetime) -> None:
    user = grant(acts(town.admin), user_id=town.author.id, role="reviewer", unit_id=town.county.id, now=now)
    grant(acts(town.admin), user_id=town.author.id, role="reviewer", unit_id=town.county.id, now=now)
    held = [item for item in user.grants if item.role == "reviewer"]
    assert len(held) == 1
    assert acts(user).may("review.decide", town.county)
    assert not acts(user).may("review.decide", town.bureau)
    revoke(acts(town.admin), user_id=user.id, grant_id=held[0].id, now=now)
    assert not acts(user).holds("review.decide")
    actions = db.session.scalars(select(Event.action).where(Event.object_id == user.id).order_by(Event.seq)).all()
    assert actions == ["user.create", "user.grant", "user.revoke"]


def test_a_lower_administrator_cannot_become_someone_higher(town: Town, acts: Acts, now: datetime) -> None:
    grant(acts(town.admin), user_id=town.author.id, role="administrator", unit_id=town.city.id, now=now)
    for act in (
        lambda: reset_password(acts(town.bureau_admin), user_id=town.author.id, password="a new passphrase", now=now),
        lambda: deactivate_user(acts(town.bureau_admin), town.author.id, now=now),
    ):
        with pytest.raises(Forbidden, match="此人在其他单位另有角色"):
            act()


def test_the_last_administrator_stays(town: Town, acts: Acts, now: datetime) -> None:
    """One of a unit below does not reach as far."""
    only = next(held for held in town.admin.grants if held.role == "administrator")
    with pytest.raises(Forbidden, match="青岚市政府办”的只剩"):
        revoke(acts(town.admin), user_id=town.admin.id, grant_id=only.id, now=now)
    with pytest.raises(Forbidden, match="自己"):
        deactivate_user(acts(town.admin), town.admin.id, now=now)
    below = next(held for held in town.bureau_admin.grants if held.role == "administrator")
    revoke(acts(town.admin), user_id=town.bureau_admin.id, grant_id=below.id, now=now)
    grant(acts(town.admin), user_id=town.bureau_admin.id, role="administrator", unit_id=town.city.id, now=now)
    revoke(acts(town.admin), user_id=town.admin.id, grant_id=only.id, now=now)


def test_a_reset_password_is_the_only_one_that_works(town: Town, acts: Acts, now: datetime) -> None:
    reset_password(acts(town.bureau_admin), user_id=town.author.id, password="a new passphrase", now=now)
    assert authenticate(town.author.email, "a new passphrase", origin="", now=now)
    with pytest.raises(TandemError):
        authenticate(town.author.email, PASSWORD, origin="", now=now)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("wrong", "a new passphrase", "old"), (PASSWORD, PASSWORD, "new"), (PASSWORD, "short", "new")],
)
def test_a_bad_new_password_names_the_field(
    town: Town, acts: Acts, now: datetime, old: str, new: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        change_password(acts(town.author), user_id=town.author.id, old=old, new=new, now=now)
    assert list(refusal.value.errors) == [field]


def test_nobody_changes_the_password_of_another(town: Town, acts: Acts, now: datetime) -> None:
    with pytest.raises(NotFound):
        change_password(acts(town.admin), user_id=town.author.id, old=PASSWORD, new="a new passphrase", now=now)


def test_a_tree_is_no_deeper_than_its_column(town: Town, now: datetime) -> None:
    """SQLite would take any path, PostgreSQL breaks off."""
    parent = town.city
    while len(parent.path) + 25 <= 400:
        parent = create_unit(SYSTEM, name="再下一层", level="city", parent_id=parent.id, now=now)
    with pytest.raises(Invalid) as refusal:
        create_unit(SYSTEM, name="太深", level="city", parent_id=parent.id, now=now)
    assert "parent_id" in refusal.value.errors


def test_nobody_resets_their_own_password_without_the_old_one(town: Town, acts: Acts, now: datetime) -> None:
    """Else an unattended screen of an administrator would be enough to take the account over."""
    with pytest.raises(Forbidden, match="个人设置"):
        reset_password(acts(town.admin), user_id=town.admin.id, password="another passphrase", now=now)
    assert authenticate(town.admin.email, PASSWORD, origin="", now=now).user.id == town.admin.id


def test_a_reset_names_the_passkeys_and_may_remove_them(town: Town, acts: Acts, now: datetime, sign_in: SignIn) -> None:
    """An intruder may have registered one, or begun an authenticator and copied its secret."""
    with atomic():
        for number, name in enumerate(("办公室电脑", "不认识的手机")):
            key = Passkey(
                id=f"key{number}", user_id=town.author.id, name=name, credential_id=name, public_key="k", created_at=now
            )
            db.session.add(key)
        db.session.add(RecoveryCode(user_id=town.author.id, digest="0" * 64))
    second_factor.begin(acts(town.author), now=now)
    client = sign_in(town.admin)
    assert (
        "办公室电脑（2026-07-12）、不认识的手机（2026-07-12）" in client.get(f"/settings/people/{town.author.id}").text
    )
    path = f"/settings/people/{town.author.id}/password"
    assert client.post(path, data={"password": "a new passphrase"}).status_code == 302
    db.session.rollback()
    assert kinds_of(town.author.id) == {"passkey"}
    assert db.session.get(SecondFactor, town.author.id) is None
    assert client.post(path, data={"password": "another passphrase", "remove_passkeys": "1"}).status_code == 302
    db.session.rollback()
    assert kinds_of(town.author.id) == frozenset()
    assert recovery_codes_left(town.author.id) == 0
    event = db.session.scalars(select(Event).where(Event.action == "user.reset_password").order_by(Event.seq)).all()[-1]
    assert event.after == {"passkeys_removed": ["办公室电脑", "不认识的手机"]}


def test_an_authenticator_that_was_begun_is_forgotten_with_a_new_password(
    town: Town, acts: Acts, now: datetime
) -> None:
    second_factor.begin(acts(town.author), now=now)
    change_password(acts(town.author), user_id=town.author.id, old=PASSWORD, new="a new passphrase", now=now)
    assert second_factor.pending(acts(town.author), now=now) is None


def test_roles_in_units_out_of_sight_are_not_told(
    town: Town, acts: Acts, now: datetime, sign_in: SignIn, bearer: Callable[..., dict[str, str]], app: Flask
) -> None:
    grant(acts(town.admin), user_id=town.author.id, role="inspector", unit_id=town.county.id, now=now)
    client = sign_in(town.bureau_admin)
    for path in ("/settings/people", f"/settings/people/{town.author.id}"):
        page = client.get(path).text
        assert "另在其他单位有角色" in page
        assert town.county.name not in page
    path = f"/api/v1/users/{town.author.id}"
    told = app.test_client().get(path, headers=bearer(town.bureau_admin)).json
    assert (told["roles"], told["roles_elsewhere"]) == ([{"role": "author", "unit_id": town.bureau.id}], True)
    listed = app.test_client().get("/api/v1/users", headers=bearer(town.bureau_admin)).json["items"]
    assert next(one for one in listed if one["id"] == town.author.id) == told
    told = app.test_client().get(path, headers=bearer(town.admin)).json
    assert (len(told["roles"]), told["roles_elsewhere"]) == (2, False)
    assert grants_shown(acts(town.author), db.session.get_one(User, town.author.id))[1] is False, (
        "one's own are all shown"
    )
    with pytest.raises(Forbidden, match="此人在其他单位另有角色"):
        deactivate_user(acts(town.bureau_admin), town.author.id, now=now)
