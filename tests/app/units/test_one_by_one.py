"""Changes of who holds what that meet: each lawful by itself, together not. On PostgreSQL, which has more than one writer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from app.errors import Forbidden, Invalid, TandemError
from app.units import granting, people, provider
from app.units.access import SYSTEM, Actor, actor_for
from app.units.models import Grant, IdentityProvider, Unit, User
from app.units.offices import separated
from app.units.provider import save_provider
from app.units.roles import create_role, edit_role, retire_role
from app.units.separation import administrators, separate
from app.units.services import create_user, grant
from tests.app.units.conftest import PASSWORD, Town
from tests.app.units.identity_platform import IdentityPlatform
from tests.app.units.vouched import settings_of
from tests.app.waiting import until_somebody_waits
from tests.patience import PATIENCE

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def person(name: str, unit: Unit, now: datetime, *roles: str) -> User:
    email = f"{name}@example.gov.cn"
    return create_user(SYSTEM, email=email, name=name, unit_id=unit.id, roles=[*roles], password=PASSWORD, now=now)


Meet = Callable[[Any, str, Callable[[], object], Callable[[], object]], Exception | None]


@pytest.fixture
def meet(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Meet:
    """The first act, and in the midst of it (where it calls this function of a module) the second one, which waits or is done
    before the first goes on. How the second ended."""

    def act(module: Any, name: str, first: Callable[[], object], second: Callable[[], object]) -> Exception | None:
        ended: list[Exception | None] = []

        def run() -> None:
            with app.app_context():
                try:
                    second()
                    ended.append(None)
                except (TandemError, SQLAlchemyError) as error:
                    ended.append(error)
                finally:
                    db.session.remove()

        other, old = threading.Thread(target=run), getattr(module, name)

        def between(*args: Any, **kwargs: Any) -> Any:
            if other.ident is None:
                other.start()
                until_somebody_waits()
            return old(*args, **kwargs)

        monkeypatch.setattr(module, name, between)
        try:
            first()
        finally:
            other.join(PATIENCE)
        db.session.rollback()
        db.session.expire_all()
        return ended[0]

    return act


def acting(user_id: str) -> Actor:
    return actor_for(db.session.get_one(User, user_id))


def test_nobody_becomes_administrator_while_the_three_are_set_apart(town: Town, now: datetime, meet: Meet) -> None:
    person("security", town.city, now, "security_administrator")
    admin, other, city = town.admin.id, person("other", town.city, now, "author").id, town.city.id
    becomes = {held.id: "system_administrator" for held in administrators()}
    apart = meet(
        granting,
        "note",
        lambda: grant(acting(admin), user_id=other, role="administrator", unit_id=city, now=now),
        lambda: separate(acting(admin), becomes, now=now),
    )
    assert isinstance(apart, TandemError)
    assert "名单有变化" in apart.message
    assert not separated()
    assert db.session.query(Grant).filter_by(user_id=other, role="administrator").count() == 1


def test_a_role_does_not_grow_under_who_is_just_given_it(town: Town, now: datetime, meet: Meet) -> None:
    made = create_role(SYSTEM, unit_id=town.city.id, name="统计", about="", permissions=["post.read"], now=now).id
    other, city = person("other", town.city, now, "system_administrator").id, town.city.id
    edited = meet(
        granting,
        "note",
        lambda: grant(SYSTEM, user_id=other, role=made, unit_id=city, now=now),
        lambda: edit_role(SYSTEM, made, name="统计", about="", permissions=["event.read"], version=1, now=now),
    )
    assert isinstance(edited, Forbidden)
    assert not acting(other).holds("event.read")


def test_two_set_the_first_platform_up(town: Town, platform: IdentityPlatform, now: datetime, meet: Meet) -> None:
    act = partial(save_provider, SYSTEM, settings_of(platform), now=now)
    assert meet(provider, "_record", act, act) is None
    assert db.session.query(IdentityProvider).count() == 1


def test_a_role_that_is_retired_meanwhile_is_refused_in_words(
    town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = town.city.id
    made = create_role(SYSTEM, unit_id=city, name="统计", about="", permissions=["post.read"], now=now).id

    def hashed(_password: str) -> str:
        retire_role(SYSTEM, made, now=now)
        return "x"

    monkeypatch.setattr(people, "hash_password", hashed)
    with pytest.raises(Invalid) as refusal:
        person("other", town.city, now, made)
    assert "roles" in refusal.value.errors
    with pytest.raises(Invalid, match="不能用在这个单位"):
        grant(SYSTEM, user_id=town.author.id, role=made, unit_id=city, now=now)
