"""People who sign in, and bearer tokens, for the pages and the API of accounts and media."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.db import utcnow
from app.units.access import SYSTEM, actor_for
from app.units.models import Unit, User
from app.units.services import create_unit, create_user, issue_token

PASSWORD = "correct horse 12"


@dataclass(frozen=True)
class People:
    app: Flask
    city: Unit
    admin: User
    author: User
    stranger: User

    def browser(self, user: User) -> FlaskClient:
        """Signed in, without CSRF (which has its own test)."""
        self.app.config["WTF_CSRF_ENABLED"] = False
        client = self.app.test_client()
        assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 302
        return client

    def bearer(self, user: User) -> dict[str, str]:
        token = issue_token(actor_for(user), user_id=user.id, name="t", days=1, scopes=[], now=utcnow())
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def people(app: Flask, now: datetime) -> People:
    def person(name: str, unit: Unit, *roles: str) -> User:
        email = f"{name}@example.gov.cn"
        return create_user(
            SYSTEM, email=email, name=name, unit_id=unit.id, roles=list(roles), password=PASSWORD, now=now
        )

    city = create_unit(SYSTEM, name="青岚市政府办", level="city", parent_id=None, now=now)
    other = create_unit(SYSTEM, name="别市", level="city", parent_id=None, now=now)
    return People(
        app=app,
        city=city,
        admin=person("admin", city, "administrator"),
        author=person("author", city, "author"),
        stranger=person("stranger", other, "administrator", "author"),
    )
