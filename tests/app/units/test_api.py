"""The door of the API: tokens, Idempotency-Key, lists and items."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, jsonify, request
from flask_smorest import Blueprint

from app.accounts.services import tidy
from app.config import Config
from app.db import db, utcnow
from app.units import idempotency
from app.units.access import actor_for
from app.units.models import IdempotentAnswer
from app.units.permissions import SIGNED_IN, requires
from app.units.services import deactivate_user, issue_token
from app.web import register_api
from tests.app.units.conftest import SignIn, Town
from tests.kept import KeptApp

Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """One of its own: calls are added to it, which the kept one would not give back."""
    application = KeptApp(config).for_test(config)
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def calls(app: Flask) -> list[str]:
    """A call that changes something each time it is carried out; "fail" breaks down."""
    made: list[str] = []
    blp = Blueprint("counter_api", __name__, url_prefix="/api/v1")

    @blp.post("/counter")
    @requires(SIGNED_IN)
    def count() -> object:
        made.append(request.get_data(as_text=True))
        if request.args.get("fail"):
            raise RuntimeError("broken")
        return jsonify({"n": len(made), "文字": "中文"}), 201

    @blp.post("/counter/file")
    @requires(SIGNED_IN)
    def upload() -> object:
        made.append(request.files["file"].read().decode())
        return jsonify({"n": len(made)}), 201

    register_api(app, blp)
    return made


def test_without_a_token_and_with_a_wrong_one(town: Town, app: Flask, sign_in: SignIn) -> None:
    client = app.test_client()
    for headers in (
        {},
        {"Authorization": "Bearer tdm_nonsense"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer "},
    ):
        answer = client.get("/api/v1/units", headers=headers)
        assert answer.status_code == 401
        body = answer.get_json()
        assert body["code"] == 401
        assert body["message"].endswith("。")
    assert sign_in(town.admin).get("/api/v1/units").status_code == 401, "a browser session must count for nothing"


def test_an_expired_token_says_when(town: Town, app: Flask) -> None:
    past = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    token = issue_token(actor_for(town.admin), user_id=town.admin.id, name="", days=1, scopes=[], now=past)
    answer = app.test_client().get("/api/v1/units", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert "2026-01-03T03:04:05Z 过期" in answer.get_json()["message"]


def test_a_token_ends_with_its_person(town: Town, app: Flask, bearer: Bearer, now: datetime) -> None:
    headers = bearer(town.author)
    assert app.test_client().get("/api/v1/units", headers=headers).status_code == 200
    deactivate_user(actor_for(town.admin), town.author.id, now=now)
    assert app.test_client().get("/api/v1/units", headers=headers).status_code == 401


def test_lists_and_items_show_only_what_is_theirs(town: Town, app: Flask, bearer: Bearer) -> None:
    client, headers = app.test_client(), bearer(town.author)
    assert [unit["name"] for unit in client.get("/api/v1/units", headers=headers).get_json()["items"]] == [
        "青岚市住建局"
    ]
    assert client.get(f"/api/v1/units/{town.bureau.id}", headers=headers).get_json()["level"] == "city"
    assert client.get(f"/api/v1/units/{town.city.id}", headers=headers).status_code == 404
    body = client.get(f"/api/v1/users/{town.author.id}", headers=headers).get_json()
    assert body["roles"] == [{"role": "author", "unit_id": town.bureau.id}]
    assert "password_hash" not in body
    assert client.get(f"/api/v1/users/{town.admin.id}", headers=headers).status_code == 404


def test_lists_are_read_page_by_page(town: Town, app: Flask, bearer: Bearer) -> None:
    client, headers, seen, cursor = app.test_client(), bearer(town.admin), [], ""
    for _ in range(4):
        page = client.get(f"/api/v1/users?limit=1&cursor={cursor}", headers=headers).get_json()
        seen += [user["id"] for user in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert len(set(seen)) == 4


def test_a_scoped_token_may_no_more_than_its_scope(town: Town, app: Flask, bearer: Bearer) -> None:
    client = app.test_client()
    assert client.get("/api/v1/units", headers=bearer(town.admin, "unit.read")).status_code == 200
    answer = client.get("/api/v1/units", headers=bearer(town.admin, "event.read"))
    assert answer.status_code == 403
    assert "查看单位" in answer.get_json()["message"]


def test_same_key_and_body_replays_the_first_answer(town: Town, app: Flask, bearer: Bearer, calls: list[str]) -> None:
    client, headers = app.test_client(), bearer(town.author, **{"Idempotency-Key": "k1"})
    first = client.post("/api/v1/counter", json={"a": 1}, headers=headers)
    again = client.post("/api/v1/counter", json={"a": 1}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json() == {"n": 1, "文字": "中文"}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(calls) == 1
    assert client.post("/api/v1/counter", json={"a": 2}, headers=headers).status_code == 422
    other = bearer(town.admin, **{"Idempotency-Key": "k1"})
    assert client.post("/api/v1/counter", json={"a": 2}, headers=other).get_json()["n"] == 2
    assert client.post("/api/v1/counter", json={"a": 1}, headers=bearer(town.author)).get_json()["n"] == 3


def test_a_file_sent_twice_is_one_request(town: Town, app: Flask, bearer: Bearer, calls: list[str]) -> None:
    client, headers = app.test_client(), bearer(town.author, **{"Idempotency-Key": "f1"})

    def send(content: bytes) -> int:
        data = {"file": (io.BytesIO(content), "a.txt")}
        return client.post("/api/v1/counter/file", data=data, headers=headers).status_code

    assert [send(b"one"), send(b"one"), send(b"two")] == [201, 201, 422]
    assert calls == ["one"]


def test_a_breakdown_is_not_kept(town: Town, app: Flask, bearer: Bearer, calls: list[str]) -> None:
    client, headers = app.test_client(), bearer(town.author, **{"Idempotency-Key": "k2"})
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.post("/api/v1/counter?fail=1", headers=headers).status_code == 500
    assert client.post("/api/v1/counter?fail=1", headers=headers).status_code == 500
    assert len(calls) == 2


def test_a_key_is_forgotten_after_a_day_and_must_be_short(town: Town, now: datetime) -> None:
    row = idempotency.begin(town.author.id, "k", "digest", now=now)
    assert isinstance(row, str)
    idempotency.finish(row, status=201, body="{}")
    again = idempotency.begin(town.author.id, "k", "digest", now=now + timedelta(hours=23))
    assert again == idempotency.Kept(status=201, body="{}")
    assert isinstance(idempotency.begin(town.author.id, "k", "other", now=now + timedelta(hours=25)), str)


def test_answers_of_people_who_never_ask_again_are_forgotten_too(town: Town, now: datetime) -> None:
    """They hold citizens' names and words."""
    idempotency.begin(town.author.id, "k", "digest", now=now)
    tidy(now + timedelta(hours=23))
    assert db.session.query(IdempotentAnswer).count() == 1
    tidy(now + timedelta(hours=25))
    assert db.session.query(IdempotentAnswer).count() == 0


def test_two_at_once_are_carried_out_once(town: Town, app: Flask, bearer: Bearer) -> None:
    gate, made, headers = threading.Barrier(2), [], bearer(town.author, **{"Idempotency-Key": "race"})
    answers: list[int] = []
    blp = Blueprint("slow_api", __name__, url_prefix="/api/v1")

    @blp.post("/slow")
    @requires(SIGNED_IN)
    def slow() -> object:
        made.append(1)
        second.join(timeout=10)
        return jsonify({}), 201

    register_api(app, blp)

    def post(first: bool) -> None:
        if first:
            gate.wait(10)
        answers.append(app.test_client().post("/api/v1/slow", headers=headers).status_code)

    def follow() -> None:
        gate.wait(10)
        while not made:
            threading.Event().wait(0.01)
        post(first=False)

    leader, second = threading.Thread(target=post, args=(True,)), threading.Thread(target=follow)
    db.session.rollback()
    second.start()
    leader.start()
    leader.join(20)
    assert sorted(answers) == [201, 409]
    assert made == [1]
    assert db.session.query(IdempotentAnswer).one().status == 201


def test_the_description_names_the_bearer_scheme(app: Flask) -> None:
    described = app.extensions["tandem_api"].spec.to_dict()
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert described["security"] == [{"bearer": []}]
    assert {"/api/v1/units", "/api/v1/users", "/api/v1/events"} <= set(described["paths"])
    assert utcnow().tzinfo is UTC


def test_refusals_are_english_for_those_who_ask(town: Town, app: Flask, bearer: Bearer) -> None:
    client, english = app.test_client(), {"Accept-Language": "en"}
    assert client.get("/api/v1/units", headers=english).get_json()["message"].startswith("You are not signed in")
    headers = bearer(town.author, **english)
    assert client.get("/api/v1/units/none", headers=headers).get_json()["message"].startswith("This was not found")
    refused = client.get("/api/v1/events", headers=headers).get_json()["message"]
    assert refused.startswith("Not done (Forbidden). In Chinese: 您没有")
    assert client.get("/api/v1/units", headers={"Accept-Language": "zh"}).get_json()["message"].startswith("尚未登录")
