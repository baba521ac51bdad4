from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import db, utcnow
from app.units.access import Actor
from app.units.models import User
from app.units.open_sessions import open_session
from app.units.services import issue_token
from tests.app.posts.helpers import World

Enter = Callable[[Actor], FlaskClient]
Call = Callable[..., TestResponse]


@pytest.fixture
def world(app: Flask, now: datetime) -> World:
    return World(now)


@pytest.fixture
def enter(app: Flask, world: World) -> Enter:
    """A browser in which this person is signed in."""
    app.config["WTF_CSRF_ENABLED"] = False

    def sign_in(actor: Actor) -> FlaskClient:
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = db.session.get_one(User, actor.user_id).get_id()
            session["sid"] = open_session(
                actor.user_id, epoch=0, how="password", user_agent="", address="127.0.0.1", now=utcnow()
            )
            session["seen"] = int(time.time())
        return client

    return sign_in


@pytest.fixture
def call(app: Flask, world: World) -> Call:
    """call(actor, "POST", "/reviews", json, scopes=[…]) -> answer of /api/v1."""

    def ask(actor: Actor, method: str, path: str, body: object = None, scopes: tuple[str, ...] = ()) -> TestResponse:
        token = issue_token(actor, user_id=actor.user_id, name="test", days=1, scopes=list(scopes), now=utcnow())
        content = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {token}"}
        return app.test_client().open(
            f"/api/v1{path}", method=method, data=content, content_type="application/json", headers=headers
        )

    return ask
