"""自定义角色: nobody gives what they do not hold, no role unites two offices, changes hold at once and are on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import Event
from app.db import db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.review import services as review
from app.units.access import SYSTEM, Actor
from app.units.models import Role, Unit, User
from app.units.roles import create_role, edit_role, get_role, holders_of, retire_role
from app.units.services import create_user, grant, revoke
from tests.app.units.conftest import PASSWORD, SignIn, Town

Acts = Callable[[User], Actor]


def made(actor: Actor, unit: Unit, now: datetime, name: str = "拟稿兼回复", *keys: str) -> Role:
    wanted = list(keys) or ["post.write", "inbox.reply"]
    return create_role(actor, unit_id=unit.id, name=name, about="", permissions=wanted, now=now)


def edit(actor: Actor, role: Role, now: datetime, *keys: str, version: int = 0) -> Role:
    return edit_role(
        actor,
        role.id,
        name=role.name,
        about="",
        permissions=list(keys),
        version=version or role.version,
        now=now,
    )


def test_a_role_is_valid_in_its_unit_and_below(town: Town, acts: Acts, now: datetime) -> None:
    role = made(acts(town.bureau_admin), town.bureau, now)
    # With what the keys are no use without.
    assert role.permissions == sorted(
        ["post.write", "inbox.reply", "unit.read", "account.read", "media.read", "post.read", "inbox.read"]
    )
    grant(acts(town.admin), user_id=town.author.id, role=role.id, unit_id=town.bureau.id, now=now)
    assert acts(town.author).may("inbox.reply", town.bureau)
    for elsewhere in (town.city, town.county):
        with pytest.raises(Invalid, match="不能用在这个单位"):
            grant(acts(town.admin), user_id=town.author.id, role=role.id, unit_id=elsewhere.id, now=now)
    with pytest.raises(NotFound):
        made(acts(town.bureau_admin), town.county, now)
    assert [held.user.name for held in holders_of(role.id)] == [town.author.name]


def test_changes_hold_at_once_for_open_sessions_and_tokens(
    town: Town,
    acts: Acts,
    now: datetime,
    sign_in: SignIn,
    bearer: Callable[..., dict[str, str]],
    app: Flask,
) -> None:
    role = made(acts(town.admin), town.city, now, "只看检查", "finding.read")
    user = create_user(
        SYSTEM, email="x@example.gov.cn", name="甲", unit_id=town.city.id, roles=[role.id], password=PASSWORD, now=now
    )
    client, token = sign_in(user), bearer(user)
    assert client.get("/posts").status_code == 403
    assert app.test_client().get("/api/v1/posts", headers=token).status_code == 403
    edit(acts(town.admin), role, now, "finding.read", "post.read")
    db.session.rollback()
    assert client.get("/posts").status_code == 200
    assert app.test_client().get("/api/v1/posts", headers=token).status_code == 200
    edit(acts(town.admin), role, now, "finding.read")
    db.session.rollback()
    assert client.get("/posts").status_code == 403
    told = db.session.scalars(select(Event).where(Event.action == "role.edit").order_by(Event.seq)).first()
    assert told is not None
    assert "post.read" not in told.before["permissions"]
    assert "post.read" in told.after["permissions"]


def test_nobody_gives_what_they_do_not_hold(town: Town, acts: Acts, now: datetime) -> None:
    """A role that gives roles gives no more than its holder has; the administrators' office is to give."""
    giver = made(acts(town.admin), town.city, now, "科室授权员", "role.manage", "post.read", "media.write")
    user = create_user(
        SYSTEM,
        email="g@example.gov.cn",
        name="授权员",
        unit_id=town.bureau.id,
        roles=[giver.id],
        password=PASSWORD,
        now=now,
    )
    with pytest.raises(Forbidden, match="审核稿件"):
        made(acts(user), town.bureau, now, "审核助理", "review.decide")
    with pytest.raises(Forbidden, match="处置发布"):
        grant(acts(user), user_id=town.author.id, role="publisher", unit_id=town.bureau.id, now=now)
    small = made(acts(user), town.bureau, now, "素材员", "media.write")
    grant(acts(user), user_id=town.author.id, role=small.id, unit_id=town.bureau.id, now=now)
    with pytest.raises(Forbidden, match="给自己"):
        grant(acts(user), user_id=user.id, role=small.id, unit_id=town.bureau.id, now=now)
    with pytest.raises(Forbidden, match="授予角色"):
        edit(acts(town.author), small, now, "media.write")


def test_keys_of_two_offices_are_in_no_role_and_no_person(town: Town, acts: Acts, now: datetime) -> None:
    for keys in (("user.manage", "role.manage"), ("event.read", "unit.manage"), ("security.manage", "event.read")):
        with pytest.raises(Forbidden, match="不能合在一个角色里"):
            made(acts(town.admin), town.city, now, "全权", *keys)
    role = made(acts(town.admin), town.city, now, "资料员", "media.write")
    grant(acts(town.admin), user_id=town.auditor.id, role=role.id, unit_id=town.city.id, now=now)
    with pytest.raises(Forbidden, match="兼任"):
        edit(acts(town.admin), role, now, "media.write", "user.manage")


def test_whoever_holds_a_role_does_not_change_it(town: Town, acts: Acts, now: datetime) -> None:
    security = create_user(
        SYSTEM,
        email="s@example.gov.cn",
        name="安全员",
        unit_id=town.city.id,
        roles=["security_administrator"],
        password=PASSWORD,
        now=now,
    )
    role = made(acts(town.admin), town.city, now, "资料员", "media.write")
    grant(acts(town.admin), user_id=security.id, role=role.id, unit_id=town.city.id, now=now)
    with pytest.raises(Forbidden, match="自己的权限"):
        edit(acts(security), role, now, "media.write", "post.write")


def test_a_role_in_use_does_not_vanish(town: Town, acts: Acts, now: datetime) -> None:
    role = made(acts(town.admin), town.city, now, "办公室主任", "review.decide")
    grant(acts(town.admin), user_id=town.author.id, role=role.id, unit_id=town.bureau.id, now=now)
    with pytest.raises(Conflict, match=town.author.name):
        retire_role(acts(town.admin), role.id, now=now)
    held = next(one for one in town.author.grants if one.role == role.id)
    revoke(acts(town.admin), user_id=town.author.id, grant_id=held.id, now=now)
    review.set_chain(acts(town.admin), town.city.id, [{"name": "审定", "role": role.id, "rule": "any"}], now)
    with pytest.raises(Conflict, match="审核流程"):
        retire_role(acts(town.admin), role.id, now=now)
    with pytest.raises(Conflict, match="审核流程"):
        edit(acts(town.admin), role, now, "post.read")
    review.set_chain(acts(town.admin), town.city.id, [], now)
    retire_role(acts(town.admin), role.id, now=now)
    with pytest.raises(Invalid, match="没有角色"):
        grant(acts(town.admin), user_id=town.author.id, role=role.id, unit_id=town.bureau.id, now=now)
    with pytest.raises(Conflict, match="已停用"):
        edit(acts(town.admin), role, now, "post.read")
    made(acts(town.admin), town.city, now, "办公室主任", "review.decide")


@pytest.mark.parametrize(
    ("name", "keys", "field"),
    [
        ("", ["post.read"], "name"),
        ("拟稿人", ["post.read"], "name"),
        ("新", [], "permissions"),
        ("新", ["fly"], "permissions"),
    ],
)
def test_a_bad_role_names_the_field(
    town: Town, acts: Acts, now: datetime, name: str, keys: list[str], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        create_role(acts(town.admin), unit_id=town.city.id, name=name, about="", permissions=keys, now=now)
    assert list(refusal.value.errors) == [field]


def test_the_pages_make_copy_change_and_retire(town: Town, acts: Acts, sign_in: SignIn) -> None:
    client = sign_in(town.admin)
    page = client.get("/settings/roles/new?copy=author").text
    assert "从“拟稿人”复制" in page
    assert 'name="copy" value="author"' in page
    assert 'name="copy" value=""' in client.get("/settings/roles/new").text
    sent = {
        "name": "拟稿兼回复",
        "unit_id": town.city.id,
        "permissions": ["post.write", "inbox.reply"],
        "copy": "author",
    }
    done = client.post("/settings/roles", data=sent)
    assert done.status_code == 302, done.text
    assert client.post("/settings/roles", data=sent).status_code == 409
    unknown = client.post("/settings/roles", data={**sent, "name": "另一个", "copy": "<built-in method>"})
    assert (unknown.status_code, "找不到要复制的角色" in unknown.text) == (422, True)
    assert "built-in" not in unknown.text
    db.session.rollback()
    role = db.session.scalars(select(Role)).one()
    assert "拟稿兼回复" in client.get("/settings/roles").text
    path = f"/settings/roles/{role.id}"
    grant(acts(town.admin), user_id=town.author.id, role=role.id, unit_id=town.bureau.id, now=utcnow())
    assert town.author.name in client.get(path).text
    assert "拟稿兼回复" in client.get(f"/settings/people/{town.author.id}").text
    stale = client.post(path, data={"name": "改名", "permissions": ["post.write"], "version": "9"})
    assert stale.status_code == 409
    assert client.post(path, data={"name": "改名", "permissions": ["post.write"], "version": "1"}).status_code == 302
    refused = client.post(f"{path}/retirement")
    assert refused.status_code == 409
    assert town.author.name in refused.text
    assert client.get("/settings/roles/author").status_code == 200
    assert client.get("/settings/separation").status_code == 200
    assert sign_in(town.bureau_admin).get(path).status_code == 200, "valid there, so it may be looked at"
    with pytest.raises(NotFound):
        get_role(Actor(user_id="x", name="x"), role.id)


def test_the_name_of_a_role_of_another_subtree_is_not_told(town: Town, now: datetime, sign_in: SignIn) -> None:
    role = create_role(SYSTEM, unit_id=town.county.id, name="云溪机密", about="", permissions=["post.read"], now=now)
    client = sign_in(town.bureau_admin)
    told = client.post(
        f"/settings/people/{town.author.id}/grants",
        data={"role": role.id, "unit_id": town.bureau.id},
        follow_redirects=True,
    )
    copied = client.post("/settings/roles", data={"copy": role.id, "name": "", "unit_id": town.bureau.id})
    assert "没有角色" in told.text
    assert "云溪机密" not in told.text + copied.text
