"""The contract of /api/v1 for posts and review, by bearer token."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.posts import services as posts
from app.units.access import Actor
from app.units.services import issue_token
from tests.app.posts.helpers import World

Call = Callable[..., TestResponse]


@pytest.fixture
def call(app: Flask, world: World) -> Call:
    """call(actor, "POST", "/posts", json) -> answer."""
    client: FlaskClient = app.test_client()
    tokens: dict[str, str] = {}

    def ask(actor: Actor, method: str, path: str, body: object = None) -> TestResponse:
        if actor.user_id not in tokens:
            from app.db import utcnow

            tokens[actor.user_id] = issue_token(
                actor, user_id=actor.user_id, name="test", days=1, scopes=[], now=utcnow()
            )
        headers = {"Authorization": f"Bearer {tokens[actor.user_id]}"}
        content = None if body is None else json.dumps(body)
        return client.open(
            f"/api/v1{path}", method=method, data=content, content_type="application/json", headers=headers
        )

    return ask


def test_from_draft_to_approved(call: Call, world: World) -> None:
    answer = call(world.author, "POST", "/posts", world.fields(source="市气象台", tags=["预警"], urgent=True))
    assert answer.status_code == 201, answer.json
    post = answer.json
    assert post["status"] == "draft"
    assert post["skew_seconds"] is None
    assert post["revision"]["number"] == 1
    for variant in post["variants"]:
        assert set(variant) >= {
            "id",
            "account_id",
            "platform",
            "payload",
            "sha256",
            "overrides",
            "notes",
            "problems",
            "length",
        }
    answer = call(world.author, "PATCH", f"/posts/{post['id']}", {"version": 1, "body_markdown": "**甲**\n\n- 乙"})
    assert answer.json["body_html"].replace("\n", "") == "<p><strong>甲</strong></p><ul><li>乙</li></ul>"
    assert call(world.author, "PATCH", f"/posts/{post['id']}", {"version": 1, "title": "旧"}).status_code == 409
    wechat = answer.json["variants"][1]
    changed = call(
        world.author, "PATCH", f"/posts/{post['id']}/variants/{wechat['id']}", {"overrides": {"digest": "手写"}}
    )
    assert (changed.status_code, changed.json["payload"]["digest"]) == (200, "手写")
    assert call(world.author, "POST", f"/posts/{post['id']}/submission").json["status"] == "in_review"
    shown = call(world.reviewers[0], "GET", f"/posts/{post['id']}").json
    revision, hashes = shown["revision"]["id"], {v["id"]: v["sha256"] for v in shown["variants"]}
    path = f"/revisions/{revision}/decisions"
    wrong = dict.fromkeys(hashes, "0" * 64)
    assert call(world.author, "POST", path, {"decision": "approved", "comment": ""}).status_code == 403
    assert call(world.outsider, "POST", path, {"decision": "approved", "comment": ""}).status_code == 404
    body = {"decision": "approved", "comment": "同意", "sha256s": wrong}
    assert call(world.reviewers[0], "POST", path, body).status_code == 409
    for number, reviewer in enumerate(world.reviewers[:3]):
        answer = call(reviewer, "POST", path, {"decision": "approved", "comment": "同意", "sha256s": hashes})
        assert answer.status_code == 200, answer.json
        assert answer.json["stages"][number]["decisions"][0]["decision"] == "approved"
        if number == 0:
            assert call(reviewer, "POST", path, {"decision": "approved"}).status_code == 403
    assert call(world.reviewers[2], "POST", path, {"decision": "approved"}).status_code == 409
    assert call(world.author, "GET", f"/posts/{post['id']}").json["status"] == "approved"


def test_blocked_content_names_its_problems(call: Call, world: World) -> None:
    post = call(world.author, "POST", "/posts", world.fields(body_html="<p>电话13800138000</p>")).json
    answer = call(world.author, "POST", f"/posts/{post['id']}/submission")
    assert answer.status_code == 422
    (problem,) = [p for p in answer.json["problems"] if p["severity"] == "block"]
    assert {**problem, "message": ""} == {
        "rule": "privacy.mobile", "severity": "block", "field": "body", "start": 2, "end": 13, "message": "",
        "suggestion": "138****8000", "key": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x"}, "unit_id"),
        ({"unit_id": "U"}, "title"),
        ({"unit_id": "U", "title": "x", "colour": "red"}, "colour"),
        ({"unit_id": "U", "title": "x", "tags": "a"}, "tags"),
        ({"unit_id": "U", "title": "x" * 201}, "title"),
    ],
)
def test_bad_input_names_the_field(call: Call, world: World, body: dict[str, object], field: str) -> None:
    if "unit_id" in body:
        body = {**body, "unit_id": world.city.id}
    answer = call(world.author, "POST", "/posts", body)
    assert answer.status_code == 422
    assert field in str(answer.json["errors"])


def test_lists_and_revisions(call: Call, world: World) -> None:
    ids = [call(world.author, "POST", "/posts", world.fields(title=f"第{n}篇")).json["id"] for n in range(3)]
    first = call(world.author, "GET", "/posts?limit=2&status=draft").json
    second = call(world.author, "GET", f"/posts?limit=2&cursor={first['next_cursor']}").json
    assert [p["id"] for p in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert call(world.outsider, "GET", "/posts").json["items"] == []
    assert call(world.outsider, "GET", f"/posts/{ids[0]}").status_code == 404
    call(world.author, "POST", f"/posts/{ids[0]}/submission")
    assert call(world.author, "DELETE", f"/posts/{ids[0]}/submission").json["status"] == "draft"
    revisions = call(world.author, "GET", f"/posts/{ids[0]}/revisions").json["items"]
    assert [r["number"] for r in revisions] == [2, 1]
    assert revisions[1]["frozen_at"] is not None


def test_the_chain_of_a_unit(call: Call, world: World, now: datetime) -> None:
    path = f"/units/{world.bureau.id}/review-chain"
    shown = call(world.admin, "GET", path).json
    assert [s["name"] for s in shown["stages"]] == ["初审", "复审", "终审"]
    assert shown["inherited_from"] == ""
    stages = [
        {"name": "审定", "role": "reviewer", "rule": "any", "hours": 8, "working": True, "secrecy": True},
    ]
    assert call(world.author, "PUT", path, {"stages": stages}).status_code == 403
    assert call(world.outsider, "GET", path).status_code == 404
    answer = call(world.admin, "PUT", path, {"stages": stages})
    assert answer.json == {
        "unit_id": world.bureau.id,
        # Said at the last stage, it is demanded on every path.
        "stages": stages,
        "inherited_from": None,
        "after_hours": 24,
    }
    bad = call(world.admin, "PUT", path, {"stages": [{"name": "甲", "role": "author", "rule": "any"}]})
    assert bad.status_code == 422
    assert "stages.0.role" in bad.json["errors"]


@pytest.mark.parametrize("junk", ["\x00", "\ud800"])
def test_characters_that_no_database_keeps_are_no_breakdown(call: Call, world: World, app: Flask, junk: str) -> None:
    """PostgreSQL refuses NUL, nobody writes half a character: the same words on both databases."""
    post = call(world.author, "POST", "/posts", world.fields()).json
    for name in ("cover_media_id", "corrects_id", "unit_id"):
        answer = call(world.author, "PATCH", f"/posts/{post['id']}", {"version": post["version"], name: f"x{junk}"})
        assert answer.status_code in (404, 422), name
    answer = call(world.author, "PATCH", f"/posts/{post['id']}", {"version": post["version"], "title": f"甲{junk}乙"})
    assert (answer.status_code, answer.json["title"]) == (200, "甲乙")


@pytest.mark.parametrize(
    ("path", "status"), [("/posts?q=%00", 422), ("/posts?cursor=%00", 422), ("/posts/%00", 404), ("/media/%00", 404)]
)
def test_nor_are_they_in_addresses(call: Call, world: World, path: str, status: int) -> None:
    answer = call(world.author, "GET", path)
    assert answer.status_code == status
    assert answer.json["message"].count("。") == 3


def test_search_takes_capitals_and_small_letters_for_the_same(call: Call, world: World) -> None:
    call(world.author, "POST", "/posts", world.fields(title="Vaccine 接种安排"))
    found = call(world.author, "GET", "/posts?q=vACCINE").json
    assert [post["title"] for post in found["items"]] == ["Vaccine 接种安排"]


def test_the_history_of_a_post(call: Call, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    posts.revise_post(world.colleague, post.id, {"title": "新"}, 1, now)
    path = f"/posts/{post.id}/history"
    listed = call(world.author, "GET", path).json
    assert [(item["number"], item["kind"], item["actor"]["name"], item["changed"]) for item in listed["items"]] == [
        (2, "edited", "colleague", ["title"]),
        (1, "created", "author", []),
    ]
    page = call(world.author, "GET", f"{path}?limit=1").json
    rest = call(world.author, "GET", f"{path}?limit=1&cursor={page['next_cursor']}").json
    assert ([item["number"] for item in rest["items"]], rest["next_cursor"]) == ([1], None)
    state_id = listed["items"][1]["id"]
    shown = call(world.author, "GET", f"{path}/{state_id}").json
    assert shown["content"]["title"] == "暴雨橙色预警"
    assert [channel["platform"] for channel in shown["channels"]] == ["weibo", "wechat"]
    assert call(world.author, "POST", f"{path}/{state_id}/restoration", {"version": 1}).status_code == 409
    restored = call(world.author, "POST", f"{path}/{state_id}/restoration", {"version": 2}).json
    assert (restored["title"], restored["version"]) == ("暴雨橙色预警", 3)
    one = {"version": 3, "account_id": world.weibo.id}
    assert call(world.author, "POST", f"{path}/{state_id}/restoration", one).status_code == 409
    variant = restored["variants"][0]
    by_hand = {"overrides": {"text": "手写"}, "version": 3}
    assert call(world.author, "PATCH", f"/posts/{post.id}/variants/{variant['id']}", by_hand).status_code == 200
    back = call(world.author, "POST", f"{path}/{state_id}/restoration", {**one, "version": 4}).json
    assert (back["version"], back["variants"][0]["overrides"]) == (5, {})
    assert call(world.outsider, "GET", path).status_code == 404
    assert call(world.author, "GET", f"{path}?cursor={'9' * 20}").status_code == 422
    assert call(world.reviewers[0], "POST", f"{path}/{state_id}/restoration", {"version": 3}).status_code == 403
