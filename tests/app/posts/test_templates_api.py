"""Templates by API: kept by those who may, used by those who write."""

from __future__ import annotations

from flask import Flask

from app.units.access import Actor
from tests.app.posts.helpers import World
from tests.app.posts.test_templates import BODY, given
from tests.app.publishing.web import Api


def test_kept_by_those_who_may(app: Flask, world: World) -> None:
    admin, author = Api(app, world.admin), Api(app, world.author)
    assert author("POST", "/templates", given(world)).status_code == 403
    made = admin("POST", "/templates", given(world, about="窗口用"))
    assert made.status_code == 201, made.text
    template = made.json
    assert template is not None
    assert (template["unit_id"], template["name"], template["about"]) == (world.city.id, "办事须知", "窗口用")
    assert template["body_html"].count("data-locked") == BODY.count("data-locked") == 1
    assert [field["name"] for field in template["fields"]] == ["事项", "时间", "电话"]
    path = f"/templates/{template['id']}"
    assert author("GET", path).json == template
    changed = admin("PATCH", path, {"name": "办事须知（新）", "tags": ["办事"]})
    assert changed.json == {**template, "name": "办事须知（新）", "tags": ["办事"]}
    wrong = admin("PATCH", path, {"fields": []})
    assert (wrong.status_code, list((wrong.json or {})["errors"])) == (422, ["fields"])
    assert admin("PATCH", path, {"colour": "red"}).status_code == 422
    assert author("PATCH", path, {"name": "我的"}).status_code == 403
    assert author("DELETE", path).status_code == 403
    assert Api(app, world.outsider)("GET", path).status_code == 404
    assert admin("DELETE", path).status_code == 204
    assert admin("GET", path).status_code == 404


def test_listed_by_pages_with_the_products_own(app: Flask, world: World) -> None:
    admin = Api(app, world.admin)
    for name in ("乙", "甲"):
        assert admin("POST", "/templates", given(world, name=name)).status_code == 201
    every = admin("GET", "/templates").json
    assert every is not None
    assert every["next_cursor"] is None
    assert {item["name"] for item in every["items"][:2]} == {"甲", "乙"}
    assert len(every["items"]) > 5
    first = admin("GET", "/templates?limit=2").json or {}
    rest = admin("GET", f"/templates?cursor={first['next_cursor']}").json or {}
    assert [*first["items"], *rest["items"]] == every["items"]
    shipped = next(item for item in every["items"] if item["unit_id"] is None)
    refused = admin("PATCH", f"/templates/{shipped['id']}", {"name": "改"})
    assert (refused.status_code, "复制" in (refused.json or {})["message"]) == (403, True)
    assert admin("DELETE", f"/templates/{shipped['id']}").status_code == 403


def test_a_draft_from_one(app: Flask, world: World) -> None:
    admin, author = Api(app, world.admin), Api(app, world.author)
    template = admin("POST", "/templates", given(world)).json
    assert template is not None
    path = f"/templates/{template['id']}/posts"
    values = {"事项": "换证", "时间": "8月1日", "电话": "0512-1"}
    made = author("POST", path, {"unit_id": world.city.id, "values": values, "account_ids": [world.weibo.id]})
    assert made.status_code == 201, made.text
    post = made.json
    assert post is not None
    assert (post["title"], post["account_ids"]) == ("换证须知", [world.weibo.id])
    assert author("POST", path, {"unit_id": world.city.id, "values": {}}).status_code == 422
    reader: Actor = world.person("reader", world.city, "reviewer")
    assert Api(app, reader)("POST", path, {"unit_id": world.city.id}).status_code == 403
