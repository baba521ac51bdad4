"""CONTRACT: schedules, publications, evidence, what people may do with one, stops."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.journeys.contract.kit import (
    PUBLICATION,
    SECRETS,
    Place,
    approved,
    draft,
    has,
    is_time,
    publications,
    refused,
    until,
)
from tests.journeys.test_api_journey import approve, published

REASON = {"reason": "演练"}
ACTIONS = {"retry": REASON, "release": REASON, "recall": REASON, "cancel": REASON,
           "resolution": {"outcome": "published", **REASON}}  # fmt: skip


def later(hours: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def go(place: Place, post: dict[str, Any], **rules: str) -> dict[str, Any]:
    """The one publication of a Weibo post scheduled for now."""
    place.author.put(f"/posts/{post['id']}/schedule", {"publish_at": "now", **rules})
    return publications(place, post["id"])[0]


def unlawful(place: Place, publication_id: str, *names: str) -> None:
    for name in names:
        refused(place.publisher, "POST", f"/publications/{publication_id}/{name}", 409, json=ACTIONS[name])


def test_schedule_rules(place: Place) -> None:
    post = approved(place)
    path = f"/posts/{post['id']}/schedule"
    gone = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    refused(place.author, "PUT", path, 422, json={"publish_at": gone})
    refused(place.author, "PUT", path, 422, json={"publish_at": later(), "order": "later"})
    refused(place.author, "PUT", path, 422, json={"publish_at": later(), "on_partner_failure": "maybe"})
    refused(place.author, "PUT", path, 422, json={})
    plan = place.author.put(path, {"publish_at": later()})
    assert (plan["order"], plan["on_partner_failure"]) == ("together", "hold")
    for order in ("wechat_first", "weibo_first"):
        plan = place.author.put(path, {"publish_at": later(40), "order": order, "on_partner_failure": "proceed"})
        assert (plan["order"], plan["on_partner_failure"]) == (order, "proceed")
    assert place.author.get(f"/posts/{post['id']}")["status"] == "scheduled"
    row = publications(place, post["id"])[0]
    has(row, PUBLICATION)
    assert row["status"] == "scheduled"
    assert is_time(row["due_at"])
    assert is_time(row["next_attempt_at"])
    assert [row[name] for name in ("committed_at", "published_at", "live_at", "external_id", "url", "error")] == [
        None] * 6  # fmt: skip
    assert isinstance(row["why"], str)
    assert place.author.get("/publications?status=scheduled")["items"][0]["status"] == "scheduled"
    unlawful(place, row["id"], "retry", "release", "recall", "resolution")
    refused(place.publisher, "POST", f"/publications/{row['id']}/cancel", 422, json={"reason": " "})
    assert place.publisher.post(f"/publications/{row['id']}/cancel", REASON)["status"] == "cancelled"
    unlawful(place, row["id"], "retry", "release", "recall", "resolution", "cancel")
    again = approved(place)
    place.author.put(f"/posts/{again['id']}/schedule", {"publish_at": later()})
    place.author.delete(f"/posts/{again['id']}/schedule", expect=204)
    assert place.author.get(f"/posts/{again['id']}")["status"] == "approved"
    refused(place.author, "DELETE", f"/posts/{again['id']}/schedule", 409)


def test_quota_taken_names_by_what(place: Place) -> None:
    wechat = place.admin.post("/accounts", {
        "platform": "wechat", "unit_id": place.city.unit, "name": "青岚政务", "external_id": "gh_0000000000aa",
        "environment": "simulator", "mode": "mass", "credentials": {"app_id": "wx00000000000000aa",
        "app_secret": "wechat-secret-for-tests", "token": "callbacktoken",
        "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}})  # fmt: skip
    posts = [draft(place, account_ids=[wechat["id"]]) for _ in range(2)]
    for post in posts:
        approve(place.city, post)
    place.author.put(f"/posts/{posts[0]['id']}/schedule", {"publish_at": "2031-03-01T02:00:00Z"})
    body = refused(place.author, "PUT", f"/posts/{posts[1]['id']}/schedule", 409,
                   json={"publish_at": "2031-03-01T08:00:00Z"})  # fmt: skip
    assert posts[0]["title"] in body["message"]
    place.author.put(f"/posts/{posts[1]['id']}/schedule", {"publish_at": "2031-03-02T08:00:00Z"})


def test_published_with_evidence_and_public_page(place: Place) -> None:
    post = draft(place)
    link = next(v for v in post["variants"] if v["platform"] == "weibo")["payload"]["link"]
    assert requests.get(link, timeout=10).status_code == 404
    approve(place.city, post)
    assert requests.get(link, timeout=10).status_code == 404
    place.author.put(f"/posts/{post['id']}/schedule", {"publish_at": "now", "order": "wechat_first"})
    done = published(place.author, post["id"])
    assert done["status"] == "published"
    assert isinstance(done["skew_seconds"], int | float)
    rows = publications(place, post["id"])
    for row in rows:
        assert (row["status"], row["error"]) == ("published", None)
        assert all(is_time(row[name]) for name in ("committed_at", "published_at", "live_at"))
        assert row["external_id"]
        assert row["url"].startswith("http")
        unlawful(place, row["id"], "retry", "release", "resolution", "cancel")
        check_evidence(place, row, post)
    by_account = {row["account_id"]: row for row in rows}
    assert by_account[place.city.wechat]["live_at"] <= by_account[place.city.weibo]["committed_at"]
    refused(place.author, "PATCH", f"/posts/{post['id']}", 409, json={"title": "改", "version": done["version"]})
    refused(place.author, "DELETE", f"/posts/{post['id']}/schedule", 409)
    check_public(place, post, link)


def check_evidence(place: Place, row: dict[str, Any], post: dict[str, Any]) -> None:
    found = place.author.get(f"/publications/{row['id']}/evidence")
    variant = next(v for v in post["variants"] if v["account_id"] == row["account_id"])
    assert found["approved"]["payload"] == variant["payload"]
    assert found["approved"]["sha256"] == variant["sha256"]
    assert len(found["attempts"]) == 1
    exchange = found["attempts"][0]["exchanges"][-1]
    has(exchange, {"method", "url", "request", "status", "answer", "sent_at", "answered_at"})
    assert isinstance(found["readbacks"], list), "the first comes after some minutes"
    text = json.dumps(found, ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in text]
    if variant["platform"] == "wechat":
        assert variant["payload"]["cover"]["sha256"] in found["media_map"], found["media_map"]
        assert all(found["media_map"].values())


def check_public(place: Place, post: dict[str, Any], link: str) -> None:
    web, unit = place.city.stack.web, place.city.unit
    page = requests.get(link, timeout=10)
    assert page.status_code == 200
    assert post["title"] in page.text
    assert "不超过一个月租金" in page.text
    assert "Set-Cookie" not in page.headers
    address = link.split("?")[0]
    atom = requests.get(f"{web}/feeds/{unit}.atom", timeout=10)
    assert atom.headers["Content-Type"].startswith("application/atom+xml")
    assert address in atom.text
    feed = requests.get(f"{web}/feeds/{unit}.json", timeout=10).json()
    assert address in [item["url"] for item in feed["items"]]
    assert f"<loc>{address}</loc>" in requests.get(f"{web}/sitemap.xml", timeout=10).text
    for missing in ("/p/none", "/feeds/none.atom", "/feeds/none.json"):
        assert requests.get(f"{web}{missing}", timeout=10).status_code == 404


def test_the_page_is_exactly_the_approved_revision(place: Place) -> None:
    post = approved(place, body_markdown="办事大厅**周六**照常开放。")
    row = go(place, post)
    until(place, row["id"], "published")
    page = requests.get(post["variants"][0]["payload"]["link"], timeout=10).text
    assert place.author.get(f"/posts/{post['id']}")["body_html"] in page


def test_refused_then_retried(place: Place) -> None:
    post = approved(place)
    place.city.sim("POST", "/_sim/faults", {"kind": "refuse", "path": "statuses/share", "code": 20012, "times": 1})
    row = go(place, post)
    failed = until(place, row["id"], "failed")
    has(failed["error"], {"code", "cause", "remedy", "who"})
    assert failed["error"]["code"] == "20012"
    assert place.author.get(f"/posts/{post['id']}")["status"] == "failed"
    unlawful(place, row["id"], "release", "recall", "resolution")
    refused(place.author, "POST", f"/publications/{row['id']}/retry", 403, json=REASON)
    place.publisher.post(f"/publications/{row['id']}/retry", REASON)
    until(place, row["id"], "published")
    assert len(place.author.get(f"/publications/{row['id']}/evidence")["attempts"]) == 2


def test_unknown_is_never_sent_again_and_a_person_resolves(place: Place) -> None:
    post = approved(place)
    place.city.sim("POST", "/_sim/faults", {"kind": "reset", "path": "statuses/share", "times": 1})
    place.city.sim("POST", "/_sim/faults", {"kind": "http_502", "path": "statuses/user_timeline", "times": -1})
    place.city.sim("POST", "/_sim/faults", {"kind": "http_502", "path": "statuses/show", "times": -1})
    try:
        row = go(place, post)
        until(place, row["id"], "unknown")
        assert place.author.get(f"/posts/{post['id']}")["needs_attention"] is True
        path = f"/publications/{row['id']}/resolution"
        refused(place.publisher, "POST", path, 409, json={"outcome": "not_published", **REASON})
        refused(place.publisher, "POST", path, 422, json={"outcome": "perhaps", **REASON})
        refused(place.publisher, "POST", path, 422, json={"outcome": "published", "url": "javascript:1", **REASON})
        unlawful(place, row["id"], "retry", "release", "cancel")
        url = "https://weibo.com/1902538057/N1"
        said = place.publisher.post(path, {"outcome": "published", "url": url, **REASON})
        assert (said["status"], said["url"]) == ("published", url)
        found = place.author.get(f"/publications/{row['id']}/evidence")
        assert found["attempts"][0]["exchanges"], "what was sent is there, although nothing was answered"
        assert "stated_published" in [entry["finding"] for entry in found["readbacks"]]
    finally:
        place.city.sim("DELETE", "/_sim/faults")


def test_a_stop_holds_and_release_sends(place: Place) -> None:
    held = approved(place)
    before = len(place.city.accepted(platform="weibo"))
    scopes: list[dict[str, str]] = [
        {"scope": "site"}, {"scope": "unit", "id": place.city.unit}, {"scope": "account", "id": place.city.weibo},
    ]  # fmt: skip
    stops = [place.publisher.call("POST", "/stops", 201, json={**scope, **REASON}) for scope in scopes]
    for stop, scope in zip(stops, scopes, strict=True):
        assert (stop["scope"], stop["reason"]) == (scope["scope"], "演练")
    assert {stop["id"] for stop in place.author.get("/stops")["items"]} >= {stop["id"] for stop in stops}
    row = go(place, held)
    found = until(place, row["id"], "held")
    assert "演练" in found["why"] or "暂停" in found["why"]
    assert place.author.get(f"/posts/{held['id']}")["needs_attention"] is True
    for stop in stops:
        place.publisher.delete(f"/stops/{stop['id']}", expect=204)
        refused(place.publisher, "DELETE", f"/stops/{stop['id']}", 409)
    assert len(place.city.accepted(platform="weibo")) == before, "nothing went"
    assert until(place, row["id"], "held")["status"] == "held", "it waits for a person"
    place.publisher.post(f"/publications/{row['id']}/release", REASON)
    until(place, row["id"], "published")


def test_stops_are_checked(place: Place) -> None:
    refused(place.publisher, "POST", "/stops", 422, json={"scope": "planet", **REASON})
    refused(place.publisher, "POST", "/stops", 422, json={"scope": "site", "reason": ""})
    refused(place.publisher, "POST", "/stops", 404, json={"scope": "unit", "id": "none", **REASON})
    refused(place.publisher, "DELETE", "/stops/none", 404)
    refused(place.city.people["below"], "POST", "/stops", 403, json={"scope": "site", **REASON})
    own = place.city.people["below"].post("/stops", {"scope": "unit", "id": place.district, **REASON})
    assert own["id"] in {stop["id"] for stop in place.publisher.get("/stops")["items"]}
    refused(place.stranger, "DELETE", f"/stops/{own['id']}", 404)
    place.publisher.delete(f"/stops/{own['id']}", expect=204)


def test_recall_goes_as_far_as_the_platform_can(place: Place) -> None:
    post = approved(place)
    row = go(place, post)
    until(place, row["id"], "published")
    asked = place.publisher.post(f"/publications/{row['id']}/recall", REASON)
    assert asked["status"] in ("published", "recalled")
    last = until(place, row["id"], "recalled", "published")
    assert last["why"] or last["status"] == "recalled"
