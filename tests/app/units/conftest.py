"""One city with a bureau and a county below it, and people in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.db import utcnow
from app.units.access import SYSTEM, Actor, actor_for
from app.units.models import Unit, User
from app.units.services import create_unit, create_user, issue_token
from tests.app.units.identity_platform import IdentityPlatform, Platforms

PASSWORD = "correct horse 12"

SignIn = Callable[..., FlaskClient]


@dataclass(frozen=True)
class Town:
    city: Unit
    bureau: Unit
    county: Unit
    admin: User
    bureau_admin: User
    author: User
    auditor: User


@pytest.fixture
def town(app: Flask, now: datetime) -> Town:
    def person(email: str, name: str, unit: Unit, *roles: str) -> User:
        return create_user(
            SYSTEM, email=email, name=name, unit_id=unit.id, roles=list(roles), password=PASSWORD, now=now
        )

    city = create_unit(SYSTEM, name="青岚市政府办", level="city", parent_id=None, now=now)
    bureau = create_unit(SYSTEM, name="青岚市住建局", level="city", parent_id=city.id, now=now)
    county = create_unit(SYSTEM, name="云溪县", level="county", parent_id=city.id, now=now)
    return Town(
        city=city,
        bureau=bureau,
        county=county,
        admin=person("admin@example.gov.cn", "王敏", city, "administrator"),
        bureau_admin=person("bureau@example.gov.cn", "周岚", bureau, "administrator"),
        author=person("author@example.gov.cn", "李晓", bureau, "author"),
        auditor=person("auditor@example.gov.cn", "赵越", city, "auditor"),
    )


@pytest.fixture
def acts() -> Callable[[User], Actor]:
    return lambda user: actor_for(user, origin="203.0.113.7")


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """A browser signed in as this person (CSRF off: its own test switches it on)."""
    app.config["WTF_CSRF_ENABLED"] = False

    def enter(user: User, password: str = PASSWORD) -> FlaskClient:
        client = app.test_client()
        answer = client.post("/sign-in", data={"email": user.email, "password": password})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return client

    return enter


@pytest.fixture
def bearer(town: Town) -> Callable[..., dict[str, str]]:
    """Authorization headers with a fresh token of this person."""

    def headers(user: User, *scopes: str, **more: str) -> dict[str, str]:
        token = issue_token(actor_for(user), user_id=user.id, name="test", days=1, scopes=list(scopes), now=utcnow())
        return {"Authorization": f"Bearer {token}", **more}

    return headers


@pytest.fixture(scope="session")
def platforms() -> Iterator[Platforms]:
    with Platforms().running() as running:
        yield running


@pytest.fixture
def platform(platforms: Platforms) -> IdentityPlatform:
    """An identity platform that nobody has asked before."""
    return platforms.new()
