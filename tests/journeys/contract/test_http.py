"""CONTRACT: HTTP API, what holds for every call: who is let in, the form of refusals, lists, times, Idempotency-Key."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
from PIL import Image

from tests.journeys.contract.kit import SECRETS, Place, has, is_time, on_weibo, refused, title
from tests.journeys.stack import PASSWORD, Client


def test_nobody_without_a_token(place: Place) -> None:
    web = place.city.stack.web
    for header in ({}, {"Authorization": "Bearer tdm_wrong"}, {"Authorization": "Basic eDp5"}):
        answer = requests.get(f"{web}/api/v1/posts", headers=header, timeout=10)
        assert answer.status_code == 401
        has(answer.json(), {"code", "status", "message", "errors"})
    answer = requests.get(f"{web}/api/v1/posts", headers={"Accept-Language": "en"}, timeout=10)
    assert answer.json()["message"].isascii(), answer.json()
    assert requests.get(f"{web}/api/v1/nothing", timeout=10).json()["code"] == 404


def test_refusals_have_one_form_and_speak_english_when_asked(place: Place) -> None:
    chinese = refused(place.author, "GET", "/posts/none", 404)
    english = place.author.get("/posts/none", expect=404, headers={"Accept-Language": "en"})
    assert english["message"] != chinese["message"]
    assert english["message"].isascii()
    assert english["status"] == "Not Found"
    wrong = refused(place.author, "POST", "/posts", 422, json={"title": 7, "colour": "red"})
    assert {"unit_id", "title", "colour"} <= set(wrong["errors"].get("json", wrong["errors"])), wrong
    refused(place.author, "POST", "/posts", 400, data="{", headers={"Content-Type": "application/json"})
    refused(place.author, "DELETE", "/posts", 405)


def test_naive_times_are_refused(place: Place) -> None:
    post = on_weibo(place)
    path = f"/posts/{post['id']}/schedule"
    for bad in ("2030-01-01T10:00:00", "tomorrow", 7):
        refused(place.author, "PUT", path, 422, json={"publish_at": bad})
    refused(place.admin, "GET", "/events?since=2030-01-01T10:00:00", 422)


@pytest.mark.parametrize("path", ["/posts", "/accounts", "/media", "/units", "/users", "/publications", "/stops"])
def test_lists_have_items_and_a_cursor(place: Place, path: str) -> None:
    for colour in ("red", "blue") if path == "/media" else ():
        place.author.call("POST", "/media", files={"file": ("a.png", _png(colour), "image/png")})
    for _ in range(2) if path == "/posts" else ():
        on_weibo(place)
    standing = [
        place.publisher.post("/stops", {"scope": "unit", "id": place.district, "reason": "演练"})["id"]
        for _ in range(2 if path == "/stops" else 0)
    ]
    reader = place.city.people["inspector"]
    whole = reader.get(f"{path}?limit=200")
    assert set(whole) == {"items", "next_cursor"}
    seen, cursor = [], ""
    for _ in range(300):
        page = reader.get(f"{path}?limit=1{cursor}")
        seen += [item["id"] for item in page["items"]]
        assert len(page["items"]) <= 1
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [item["id"] for item in whole["items"]]
    assert all(isinstance(one, str) for one in seen)
    reader.get(f"{path}?limit=9999")
    refused(reader, "GET", f"{path}?limit=many", 422)
    for stop in standing:
        place.publisher.delete(f"/stops/{stop}", expect=204)


def test_events_and_findings_are_lists(place: Place) -> None:
    on_weibo(place)
    page = place.city.people["auditor"].get("/events?limit=1")
    assert set(page) == {"items", "next_cursor"}
    assert is_time(page["items"][0]["at"])
    following = place.city.people["auditor"].get(f"/events?limit=1&cursor={page['next_cursor']}")
    assert following["items"][0]["id"] != page["items"][0]["id"]
    found = place.city.people["inspector"].get(f"/findings?rule=dormant&unit_id={place.city.unit}")
    assert set(found) == {"items", "next_cursor"}
    refused(place.author, "GET", "/events", 403)
    refused(place.author, "GET", "/findings", 403)


def test_idempotency_key(place: Place) -> None:
    body = {"unit_id": place.city.unit, "title": title(), "body_markdown": "正文。", "account_ids": [place.city.weibo]}
    key = {"Idempotency-Key": title().encode().hex()}
    web = place.city.stack.web
    headers = {"Authorization": f"Bearer {place.author.token}", **key}
    first = requests.post(f"{web}/api/v1/posts", json=body, headers=headers, timeout=30)
    again = requests.post(f"{web}/api/v1/posts", json=body, headers=headers, timeout=30)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    refused(place.author, "POST", "/posts", 422, json={**body, "title": "另一条"}, headers=key)
    # Per user: the same key of another person is another request.
    place.city.people["below"].call(
        "POST", "/posts", 201, json={**body, "unit_id": place.district, "account_ids": []}, headers=key
    )
    # Refusals are replayed too.
    bad = {"Idempotency-Key": title().encode().hex()}
    one = place.author.post("/posts", {**body, "unit_id": "none"}, expect=404, headers=bad)
    assert place.author.post("/posts", {**body, "unit_id": "none"}, expect=404, headers=bad) == one


def test_another_units_things_are_not_there(place: Place) -> None:
    post = on_weibo(place)
    variant, revision = post["variants"][0]["id"], post["revision"]["id"]
    media = place.author.call("POST", "/media", files={"file": ("a.txt.png", _png("red"), "image/png")})
    reason = {"reason": "试"}
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", f"/posts/{post['id']}", None),
        ("GET", f"/posts/{post['id']}/revisions", None),
        ("PATCH", f"/posts/{post['id']}", {"title": "别人的", "version": post["version"]}),
        ("PATCH", f"/posts/{post['id']}/variants/{variant}", {"overrides": {}}),
        ("POST", f"/posts/{post['id']}/submission", None),
        ("DELETE", f"/posts/{post['id']}/submission", None),
        ("POST", f"/revisions/{revision}/decisions", {"decision": "approved", "comment": ""}),
        ("PUT", f"/posts/{post['id']}/schedule", {"publish_at": "now"}),
        ("DELETE", f"/posts/{post['id']}/schedule", None),
        ("GET", f"/media/{media['id']}", None),
        ("GET", f"/accounts/{place.city.weibo}", None),
        ("GET", f"/accounts/{place.city.weibo}/health", None),
        ("POST", f"/accounts/{place.city.weibo}/probe", None),
        ("POST", f"/accounts/{place.city.weibo}/poll", None),
        ("GET", f"/units/{place.city.unit}", None),
        ("GET", f"/units/{place.city.unit}/review-chain", None),
        ("PUT", f"/units/{place.city.unit}/review-chain", {"stages": []}),
        ("POST", "/stops", {"scope": "unit", "id": place.city.unit, **reason}),
        ("POST", "/stops", {"scope": "account", "id": place.city.weibo, **reason}),
        ("POST", "/posts", {"unit_id": place.city.unit, "title": "别人的", "account_ids": []}),
    ]
    for method, path, body in calls:
        refused(place.stranger, method, path, 404, **({"json": body} if body is not None else {}))
    for path in ("/posts", "/accounts", "/media", "/publications", "/conversations", "/findings"):
        assert place.stranger.get(path)["items"] == [], path
    assert {unit["id"] for unit in place.stranger.get("/units")["items"]} == {place.other}
    assert {user["unit_id"] for user in place.stranger.get("/users")["items"]} == {place.other}
    # A higher unit's things are not one's own either; those of lower ones are.
    refused(place.city.people["below"], "GET", f"/posts/{post['id']}", 404)
    own = place.city.people["below"].post(
        "/posts", {"unit_id": place.district, "title": title(), "body_markdown": "正文。", "account_ids": []}
    )
    assert place.author.get(f"/posts/{own['id']}")["id"] == own["id"]


def test_seen_but_not_allowed_is_forbidden(place: Place) -> None:
    post = on_weibo(place)
    inspector = place.city.people["inspector"]
    assert inspector.get(f"/posts/{post['id']}")["id"] == post["id"]
    refused(inspector, "PATCH", f"/posts/{post['id']}", 403, json={"title": "x", "version": post["version"]})
    refused(inspector, "PUT", f"/posts/{post['id']}/schedule", 403, json={"publish_at": "now"})
    refused(inspector, "POST", "/stops", 403, json={"scope": "site", "reason": "试"})
    refused(place.author, "POST", f"/accounts/{place.city.weibo}/probe", 403)
    refused(place.author, "POST", f"/revisions/{post['revision']['id']}/decisions", 403,
            json={"decision": "approved", "comment": ""})  # fmt: skip


def test_units_users_and_chains(place: Place) -> None:
    unit = place.admin.get(f"/units/{place.district}")
    has(unit, {"id", "name", "level", "parent_id"})
    assert (unit["level"], unit["parent_id"]) == ("county", place.city.unit)
    user = place.admin.get("/users")["items"][0]
    has(user, {"id", "email", "name", "unit_id", "roles"})
    assert place.admin.get(f"/users/{user['id']}") == user
    assert "password" not in str(user)
    path = f"/units/{place.district}/review-chain"
    inherited = place.city.people["below"].get(path)
    assert len(inherited["stages"]) == 3
    chain = {"stages": [{"name": "一审", "role": "reviewer", "rule": "any"}]}
    assert place.admin.put(path, chain)["stages"] == chain["stages"]
    assert place.admin.get(path)["stages"] == chain["stages"]
    refused(place.admin, "PUT", path, 422, json={"stages": chain["stages"] * 6})
    refused(place.admin, "PUT", path, 422, json={"stages": [{"name": "x", "role": "king", "rule": "any"}]})
    assert place.admin.put(path, {"stages": []})["stages"] == inherited["stages"]
    refused(place.author, "PUT", path, 403, json=chain)


def test_tokens_with_scopes_may_less(place: Place) -> None:
    stack = place.city.stack
    stack.asked("users", "create", "--email", "narrow@journey.test", "--name", "窄", "--unit", place.city.unit,
                "--role", "author", given=f"{PASSWORD}\n")  # fmt: skip
    token = stack.last_line("tokens", "create", "--email", "narrow@journey.test", "--days", "1", "--scope", "post.read")
    reader = Client(stack.web, token)
    assert set(reader.get("/posts")) == {"items", "next_cursor"}
    body = {"unit_id": place.city.unit, "title": title(), "body_markdown": "正文。", "account_ids": []}
    refused(reader, "POST", "/posts", 403, json=body)
    refused(reader, "GET", "/accounts", 403)


def test_secrets_are_never_returned(place: Place) -> None:
    pages = [place.admin.get(path) for path in ("/accounts", f"/accounts/{place.city.weibo}", "/events", "/users")]
    assert not [secret for secret in SECRETS if secret in str(pages)]
    assert not [secret for secret in SECRETS[:3] if secret in place.city.stack.logs()]


def test_the_description_is_served(place: Place) -> None:
    web = place.city.stack.web
    spec = requests.get(f"{web}/api/v1/openapi.json", timeout=10).json()
    paths = {path.removeprefix("/api/v1") for path in spec["paths"]}
    wanted = {"/accounts", "/accounts/{account_id}/health", "/media", "/posts", "/posts/{post_id}/submission",
              "/revisions/{revision_id}/decisions", "/posts/{post_id}/schedule", "/publications",
              "/publications/{publication_id}/evidence", "/publications/{publication_id}/resolution",
              "/publications/{publication_id}/retry", "/publications/{publication_id}/release",
              "/publications/{publication_id}/cancel", "/publications/{publication_id}/recall", "/conversations",
              "/conversations/{conversation_id}/messages", "/conversations/{conversation_id}/replies",
              "/conversations/{conversation_id}/assignment", "/conversations/{conversation_id}/status", "/findings",
              "/events", "/stops", "/stops/{stop_id}", "/units/{unit_id}/review-chain", "/users"}  # fmt: skip
    assert wanted <= paths, wanted - paths
    docs = requests.get(f"{web}/api/v1/docs", timeout=10)
    assert docs.ok
    assert 'src="http' not in docs.text


def _png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()
