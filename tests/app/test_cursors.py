"""Cursors that no list gave: every list refuses them in words, or begins anew, and none breaks."""

from __future__ import annotations

import base64
from datetime import datetime
from urllib.parse import quote

import pytest
from flask import Flask

from app.db import atomic, db
from app.inbox.models import Contact, Conversation
from app.posts import services as posts
from app.publishing.plan_models import PlanImport
from app.units.access import Actor
from tests.app.posts.helpers import World
from tests.app.publishing.web import Api, browser


def _place(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BAD = (
    "9" * 20,
    "9" * 5000,
    "-1",
    "٣",
    "\x00",
    _place("0001-01-01T00:00:00+14:00|a"),
    "w." + _place("2026-07-12T00:00:00+00:00|\x00"),
)
PAGES = (
    "/posts", "/posts/{post_id}/history", "/settings/events", "/settings/people", "/library", "/library/choices",
    "/publications", "/inbox", "/inbox/list", "/notices", "/accounts",
)  # fmt: skip


@pytest.fixture
def world(app: Flask, now: datetime) -> World:
    return World(now)


@pytest.fixture
def everybody(world: World) -> Actor:
    roles = ("administrator", "author", "responder", "auditor", "inspector", "publisher")
    return world.person("everybody", world.city, *roles)


@pytest.fixture
def ids(world: World, everybody: Actor, now: datetime) -> dict[str, str]:
    """Something of each kind whose parts are listed."""
    post = posts.create_post(world.author, world.fields(), now)
    with atomic():
        plan = PlanImport(name="七月.xlsx", sha256="0" * 64, created_by=everybody.user_id, created_at=now)
        plan.confirmed_at = now
        contact = Contact(account_id=world.wechat.id, external_id="o1", name="市民", created_at=now)
        db.session.add_all([plan, contact])
        db.session.flush()
        talk = Conversation(account_id=world.wechat.id, unit_id=world.city.id, kind="private", thread="o1")
        talk.contact_id, talk.last_message_at, talk.created_at = contact.id, now, now
        db.session.add(talk)
    found = {"post_id": post.id, "import_id": plan.id, "conversation_id": talk.id, "unit_id": world.city.id}
    return {**found, "account_id": world.weibo.id}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_list_breaks_over_a_cursor(app: Flask, everybody: Actor, ids: dict[str, str]) -> None:
    api, client = Api(app, everybody), browser(app, everybody)
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    lists = sorted(
        path.removeprefix("/api/v1")
        for path, calls in paths.items()
        if any(one.get("name") == "cursor" for one in (calls.get("get") or {}).get("parameters", ()))
    )
    assert len(lists) > 10, lists
    for path in lists:
        path = path.format(**ids)
        assert api("GET", path).status_code == 200, path
        for bad in BAD:
            answer = api("GET", f"{path}?cursor={quote(bad, errors='surrogatepass')}")
            assert answer.status_code in (200, 422), (path, bad[:40], answer.status_code)
    for path in PAGES:
        path = path.format(**ids)
        assert client.get(path).status_code == 200, path
        for bad in BAD:
            answer = client.get(f"{path}?cursor={quote(bad, errors='surrogatepass')}")
            assert answer.status_code in (200, 422), (path, bad[:40], answer.status_code)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/templates", "/plan-imports/{import_id}/rows", "/posts/{post_id}/history"])
def test_a_number_beyond_all_lists_is_refused(app: Flask, everybody: Actor, ids: dict[str, str], path: str) -> None:
    api = Api(app, everybody)
    for bad in ("9" * 20, "9" * 5000, "-1", "٣"):
        answer = api("GET", f"{path.format(**ids)}?cursor={quote(bad)}")
        assert (answer.status_code, list((answer.json or {})["errors"])) == (422, ["cursor"]), bad[:40]
