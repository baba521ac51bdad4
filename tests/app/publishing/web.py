"""Browsers and API clients signed in as somebody."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import atomic, db, utcnow
from app.units.access import Actor
from app.units.models import User
from app.units.passwords import hash_password
from app.units.services import issue_token
from tests.architecture.pages import faults

PASSWORD = "correct horse 12"


def browser(app: Flask, actor: Actor) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    with atomic():
        user = db.session.get_one(User, actor.user_id)
        user.password_hash = hash_password(PASSWORD)
        email = user.email
    client = app.test_client()
    assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 302
    return client


def sound(client: FlaskClient, path: str) -> str:
    """The page, which must be sound HTML."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.text[:500])
    assert faults(answer.text) == [], path
    return answer.text


class Api:
    """/api/v1 as one person, by bearer token."""

    def __init__(self, app: Flask, actor: Actor) -> None:
        self.client = app.test_client()
        self.token = issue_token(actor, user_id=actor.user_id, name="t", days=1, scopes=[], now=utcnow())

    def __call__(self, method: str, path: str, body: object = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)
