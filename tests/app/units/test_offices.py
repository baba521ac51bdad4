"""三员: nobody unites two of the three, nobody grants themselves, none of them publishes or approves, the last one stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import Event
from app.db import db
from app.errors import Conflict, Forbidden, Invalid
from app.units.access import ROLES, SYSTEM, Actor
from app.units.models import Unit, User
from app.units.offices import ROLE_OF, separated
from app.units.roles import create_role
from app.units.securing import end_sessions_of, revoke_token_of, tokens_of_person, unlock_person
from app.units.separation import administrators, separate, unite
from app.units.services import create_user, deactivate_user, grant, issue_token, reset_password, revoke
from tests.app.units.conftest import PASSWORD, SignIn, Town

Acts = Callable[[User], Actor]

SYSTEM_ROLE, SECURITY_ROLE, AUDIT_ROLE = ROLE_OF.values()


def person(name: str, unit: Unit, now: datetime, *roles: str) -> User:
    return create_user(
        SYSTEM, email=f"{name}@example.gov.cn", name=name, unit_id=unit.id, roles=[*roles], password=PASSWORD, now=now
    )


def apart(town: Town, acts: Acts, now: datetime) -> tuple[User, User, User]:
    """三员分立 switched on: (system, security, audit) of the city; the bureau's administrator looks after its systems."""
    security = person("security", town.city, now, SECURITY_ROLE)
    becomes = {held.id: SYSTEM_ROLE for held in administrators()}
    separate(acts(town.admin), becomes, now=now)
    return town.admin, security, town.auditor


def test_none_of_the_three_publishes_or_approves() -> None:
    for role in ROLE_OF.values():
        keys = ROLES[role][1]
        assert not keys & {"review.decide", "post.schedule", "publication.manage", "post.write", "inbox.reply"}
    assert ROLES[SYSTEM_ROLE][1] & ROLES[SECURITY_ROLE][1] == {"unit.read"}


@pytest.mark.parametrize(
    ("first", "second"),
    [(SYSTEM_ROLE, SECURITY_ROLE), (SECURITY_ROLE, AUDIT_ROLE), (AUDIT_ROLE, SYSTEM_ROLE)],
)
def test_nobody_holds_two_of_the_three_wherever(town: Town, acts: Acts, now: datetime, first: str, second: str) -> None:
    user = person("one", town.bureau, now, first)
    with pytest.raises(Forbidden, match="不能让one兼任"):
        grant(acts(town.admin), user_id=user.id, role=second, unit_id=town.county.id, now=now)
    with pytest.raises(Forbidden, match="兼任"):
        person("both", town.city, now, first, second)


def test_the_security_administrator_grants_others_and_not_themselves(town: Town, acts: Acts, now: datetime) -> None:
    security = person("security", town.city, now, SECURITY_ROLE)
    grant(acts(security), user_id=town.author.id, role="reviewer", unit_id=town.bureau.id, now=now)
    with pytest.raises(Forbidden, match="给自己"):
        grant(acts(security), user_id=security.id, role="reviewer", unit_id=town.city.id, now=now)
    with pytest.raises(Forbidden, match="全权角色"):
        grant(acts(security), user_id=town.author.id, role="administrator", unit_id=town.bureau.id, now=now)
    with pytest.raises(Forbidden, match="全权管理员"):
        reset_password(acts(security), user_id=town.admin.id, password="a new passphrase", now=now)
    with pytest.raises(Forbidden, match="管理成员"):
        deactivate_user(acts(security), town.author.id, now=now)


def test_the_system_administrator_makes_people_and_gives_no_role(town: Town, acts: Acts, now: datetime) -> None:
    system = person("system", town.city, now, SYSTEM_ROLE)
    values = {
        "email": "new@example.gov.cn",
        "name": "新人",
        "unit_id": town.bureau.id,
        "password": PASSWORD,
        "now": now,
    }
    with pytest.raises(Invalid, match="没有建立") as refusal:
        create_user(acts(system), roles=["reviewer"], **values)  # type: ignore[arg-type]
    assert "安全管理员" in refusal.value.errors["roles"][0]
    user = create_user(acts(system), roles=[], **values)  # type: ignore[arg-type]
    assert user.grants == []
    for act in (
        lambda: grant(acts(system), user_id=user.id, role="author", unit_id=town.bureau.id, now=now),
        lambda: reset_password(acts(system), user_id=town.author.id, password="a new passphrase", now=now),
    ):
        with pytest.raises(Forbidden):
            act()
    deactivate_user(acts(system), user.id, now=now)


def test_an_old_administrator_is_split_or_stays_as_before(town: Town, acts: Acts, now: datetime) -> None:
    assert not separated()
    city, bureau = administrators()
    with pytest.raises(Forbidden, match="所有顶级单位"):
        separate(acts(town.bureau_admin), {city.id: "", bureau.id: ""}, now=now)
    with pytest.raises(Invalid) as refusal:
        separate(acts(town.admin), {city.id: SYSTEM_ROLE, bureau.id: ""}, now=now)
    assert "安全管理员" in refusal.value.errors["separation"][0]
    person("security", town.city, now, SECURITY_ROLE)
    with pytest.raises(Conflict, match="名单有变化"):
        separate(acts(town.admin), {city.id: SYSTEM_ROLE}, now=now)
    separate(acts(town.admin), {city.id: SYSTEM_ROLE, bureau.id: ""}, now=now)
    assert separated()
    assert [held.role for held in town.admin.grants] == [SYSTEM_ROLE]
    assert town.bureau_admin.grants == []
    with pytest.raises(Forbidden, match="不设全权管理员"):
        grant(SYSTEM, user_id=town.author.id, role="administrator", unit_id=town.city.id, now=now)
    with pytest.raises(Forbidden, match="在服务器上"):
        unite(acts(town.admin), now=now)
    unite(SYSTEM, now=now)
    grant(SYSTEM, user_id=town.author.id, role="administrator", unit_id=town.city.id, now=now)
    told = db.session.scalars(select(Event).where(Event.action == "site.separation").order_by(Event.seq)).all()
    assert [event.after for event in told] == [{"on": True}, {"on": False}]


def test_whoever_was_two_of_the_three_must_choose(town: Town, acts: Acts, now: datetime) -> None:
    security = person("security", town.city, now, SECURITY_ROLE)
    grant(SYSTEM, user_id=town.admin.id, role=AUDIT_ROLE, unit_id=town.city.id, now=now)
    city, bureau = administrators()
    with pytest.raises(Invalid) as refusal:
        separate(acts(town.admin), {city.id: SYSTEM_ROLE, bureau.id: SYSTEM_ROLE}, now=now)
    assert "兼任" in refusal.value.errors[city.id][0]
    assert security.active


def test_a_role_that_people_made_counts_when_they_are_separated(town: Town, acts: Acts, now: datetime) -> None:
    reader = create_role(
        acts(town.admin),
        unit_id=town.city.id,
        name="查阅员",
        about="",
        permissions=["event.read", "post.write"],
        now=now,
    )
    grant(acts(town.admin), user_id=town.author.id, role=reader.id, unit_id=town.bureau.id, now=now)
    person("security", town.city, now, SECURITY_ROLE)
    with pytest.raises(Invalid) as refusal:
        separate(acts(town.admin), {held.id: SYSTEM_ROLE for held in administrators()}, now=now)
    assert "李晓兼任" in refusal.value.errors["separation"][0]


def test_apart_the_auditor_does_nothing_else_and_the_last_of_each_stays(town: Town, acts: Acts, now: datetime) -> None:
    system, security, auditor = apart(town, acts, now)
    with pytest.raises(Forbidden, match="不做别的事"):
        grant(acts(security), user_id=auditor.id, role="author", unit_id=town.city.id, now=now)
    for user in (system, auditor):
        mine = next(held for held in user.grants if held.unit_id == town.city.id)
        with pytest.raises(Forbidden, match="只剩"):
            revoke(acts(security), user_id=user.id, grant_id=mine.id, now=now)
    with pytest.raises(Forbidden, match="只剩"):
        deactivate_user(acts(system), security.id, now=now)
    # The bureau's reaches less far; a second one of the city does.
    second = person("second", town.city, now, SECURITY_ROLE)
    deactivate_user(acts(system), security.id, now=now)
    with pytest.raises(Forbidden, match="只剩"):
        deactivate_user(acts(system), second.id, now=now)


def test_security_and_audit_see_each_others_acts(
    town: Town, acts: Acts, now: datetime, sign_in: SignIn, app: Flask
) -> None:
    _system, security, auditor = apart(town, acts, now)
    grant(acts(security), user_id=town.author.id, role="reviewer", unit_id=town.bureau.id, now=now)
    reads = sign_in(auditor)
    page = reads.get("/settings/events").text
    assert "授予角色" in page
    table = reads.post("/settings/events/export", data={"action": "user.grant"})
    assert table.mimetype == "text/csv"
    assert "user.grant" in table.get_data(as_text=True)
    assert "user.create" not in table.get_data(as_text=True)
    assert reads.post("/settings/events/verification").status_code == 302
    assert "没有被改动" in reads.get("/settings/events").text
    assert reads.get("/posts").status_code == 403
    watches = sign_in(security).get("/settings/events").text
    assert "导出操作记录" in watches
    assert "核验操作记录" in watches
    assert 'href="/settings/events/export' not in watches
    assert town.author.name not in watches, "only what the auditors did"
    assert sign_in(security).post("/settings/events/export").status_code in (302, 403)
    assert len(db.session.scalars(select(Event).where(Event.action == "audit.export")).all()) == 1


def test_menus_fit_the_keys(town: Town, acts: Acts, now: datetime, sign_in: SignIn) -> None:
    system, security, auditor = apart(town, acts, now)
    rooms = {
        user.name: [path for path in PATHS if f'href="{path}"' in sign_in(user).get("/settings").text]
        for user in (system, security, auditor)
    }
    common = ["/settings/people", "/settings/units", "/settings/roles"]
    assert rooms[system.name] == [*common, "/settings/alerts"]
    assert rooms[security.name] == [*common, "/settings/review-chain", "/settings/deputies", "/settings/events"]
    assert rooms[auditor.name] == [*common, "/settings/events"]
    for user, paths in ((system, rooms[system.name]), (security, rooms[security.name])):
        assert {sign_in(user).get(path).status_code for path in paths} == {200}


PATHS = (
    "/settings/people",
    "/settings/units",
    "/settings/roles",
    "/settings/review-chain",
    "/settings/deputies",
    "/settings/packs",
    "/posts/templates",
    "/settings/alerts",
    "/settings/events",
)


def test_security_ends_lockouts_sessions_and_tokens(
    town: Town, acts: Acts, now: datetime, sign_in: SignIn, app: Flask
) -> None:
    security = person("security", town.city, now, SECURITY_ROLE)
    issue_token(acts(town.author), user_id=town.author.id, name="程序", days=1, scopes=[], now=now)
    client = sign_in(town.author)
    assert client.get("/settings").status_code == 200
    end_sessions_of(acts(security), town.author.id, now=now)
    assert client.get("/settings").status_code == 302
    [token] = tokens_of_person(town.author, now)
    revoke_token_of(acts(security), town.author.id, token.id, now=now)
    assert tokens_of_person(town.author, now) == []
    with pytest.raises(Conflict, match="没有被锁定"):
        unlock_person(acts(security), town.author.id, now=now)
    stranger = app.test_client()
    for _try in range(6):
        stranger.post("/sign-in", data={"email": town.author.email, "password": "wrong"})
    db.session.expire_all()
    assert town.author.locked_until is not None
    unlock_person(acts(security), town.author.id, now=now)
    assert town.author.locked_until is None
    with pytest.raises(Forbidden, match="别人的登录"):
        end_sessions_of(acts(security), security.id, now=now)
