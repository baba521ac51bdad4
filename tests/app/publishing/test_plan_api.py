"""Importing a plan by API: dry run, one confirmation, drafts in portions."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.db import utcnow
from app.posts.models import Post
from app.publishing import plan_import
from tests.app.publishing.kit import Desk
from tests.app.publishing.test_plan_import import book, count, row_of, saved
from tests.app.publishing.web import Api


def sent(api: Api, content: bytes) -> TestResponse:
    headers = {"Authorization": f"Bearer {api.token}"}
    data = {"file": (io.BytesIO(content), "七月.xlsx")}
    return api.client.post("/api/v1/plan-imports", data=data, headers=headers)


def body(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_from_file_to_drafts(app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_import, "AT_ONCE", 2)
    day = utcnow().astimezone(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=3)
    rows = [row_of(f"第{n}篇", day, f"{n + 8}:00", 账号="青岚发布weibo") for n in range(3)]
    content = saved(book([*rows, row_of("过去的", "2020-01-01")]))
    api = Api(app, desk.author)
    found = body(sent(api, content), 201)
    path = f"/plan-imports/{found['id']}"
    assert (found["rows"], found["made"], found["left"], found["confirmed_at"]) == (4, 0, 4, None)
    page = body(api("GET", f"{path}/rows?limit=3"))
    assert [row["outcome"] for row in page["items"]] == ["draft"] * 3
    assert page["items"][0]["account_ids"] == [desk.weibo.id]
    assert page["items"][0]["wished_at"] == f"{day}T00:00:00Z"
    rest = body(api("GET", f"{path}/rows?cursor={page['next_cursor']}"))
    assert [(row["outcome"], row["faults"][0]["field"]) for row in rest["items"]] == [("refused", "date")]
    assert rest["next_cursor"] is None
    assert [row["line"] for row in body(api("GET", f"{path}/rows?shown=bad"))["items"]] == [5]
    assert count(Post) == 0
    assert api("POST", f"{path}/drafts").status_code == 409
    assert body(api("POST", f"{path}/confirmation"))["skipped"] == 1
    again = api("POST", f"{path}/confirmation")
    assert "已经确认过" in body(again, 409)["message"]
    assert api("DELETE", path).status_code == 409
    assert [body(api("POST", f"{path}/drafts"))["left"] for _ in range(2)] == [1, 0]
    assert api("POST", f"{path}/drafts").status_code == 409
    assert count(Post) == 3
    done = body(api("GET", f"{path}/rows"))["items"]
    assert [row["outcome"] for row in done] == ["made"] * 3 + ["left_out"]
    assert "已经过去" in done[3]["faults"][0]["message"]
    # The same file once more.
    other = body(sent(api, content), 201)
    known = body(api("GET", f"/plan-imports/{other['id']}/rows?shown=known"))["items"]
    assert [(row["outcome"], row["post_id"]) for row in known] == [("imported", row["post_id"]) for row in done[:3]]
    assert api("DELETE", f"/plan-imports/{other['id']}").status_code == 204
    assert [item["id"] for item in body(api("GET", "/plan-imports"))["items"]] == [found["id"]]


def test_only_ones_own_and_only_writers(app: Flask, desk: Desk) -> None:
    author, publisher = Api(app, desk.author), Api(app, desk.publisher)
    found = body(sent(author, saved(book([row_of("一", "2199-01-01")]))), 201)
    assert sent(publisher, b"x").status_code == 403
    outsider = Api(app, desk.outsider)
    for method, path in (("GET", ""), ("GET", "/rows"), ("POST", "/confirmation"), ("POST", "/drafts"), ("DELETE", "")):
        assert outsider(method, f"/plan-imports/{found['id']}{path}").status_code == 404
    assert sent(author, b"x").status_code == 415
    nothing = author("POST", "/plan-imports")
    assert (nothing.status_code, "file" in body(nothing, 422)["errors"]) == (422, True)
