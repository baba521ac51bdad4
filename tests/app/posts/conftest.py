from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.db import atomic, db
from app.units.access import Actor
from app.units.models import User
from app.units.passwords import hash_password
from tests.app.posts.helpers import World

PASSWORD = "correct horse 12"
Enter = Callable[[Actor], FlaskClient]


@pytest.fixture
def world(app: Flask, now: datetime) -> World:
    return World(now)


@pytest.fixture
def enter(app: Flask, world: World) -> Enter:
    """A client signed in as the actor."""
    app.config["WTF_CSRF_ENABLED"] = False
    with atomic():
        hashed = hash_password(PASSWORD)
        for user in db.session.query(User):
            user.password_hash = hashed

    def sign_in(actor: Actor) -> FlaskClient:
        client = app.test_client()
        user = db.session.get(User, actor.user_id)
        assert user is not None
        answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return sign_in
