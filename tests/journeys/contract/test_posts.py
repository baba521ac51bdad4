"""CONTRACT: media, posts, variants, submission and decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.journeys.contract.kit import PROBLEM, VARIANT, Place, approved, draft, has, is_time, on_weibo, refused, title
from tests.journeys.test_api_journey import SAMPLES, canonical

PICTURE = SAMPLES / "images" / "cover-rain.jpg"


def later(hours: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def test_media(place: Place) -> None:
    sent = {"file": ("cover.jpg", PICTURE.read_bytes(), "image/jpeg")}
    media = place.author.call("POST", "/media", 201, files=sent)
    has(media, {"id", "url", "sha256", "content_type", "width", "height", "size"})
    assert media["url"] == f"/media/{media['sha256']}"
    assert [type(media[name]) for name in ("width", "height", "size")] == [int, int, int]
    # Only who uploads is told whether the unit had it already.
    assert media.pop("known") is False
    assert place.author.get(f"/media/{media['id']}") == media
    refused(place.author, "POST", "/media", 415, files={"file": ("run.exe", b"MZ" + bytes(90), "image/png")})
    refused(place.author, "POST", "/media", 422, files={"other": ("a.txt", b"x")})
    refused(place.author, "POST", "/media", 413, files={"file": ("big.jpg", bytes(21 * 1024 * 1024), "image/jpeg")})


def test_a_post_and_its_variants(place: Place) -> None:
    post = draft(place)
    has(post, {"id", "version", "status", "revision", "variants", "skew_seconds", "needs_attention", "title",
               "summary", "body_html", "source", "author", "cover_media_id", "tags", "account_ids", "urgent",
               "unit_id"})  # fmt: skip
    assert (type(post["id"]), type(post["version"]), post["status"]) == (str, int, "draft")
    has(post["revision"], {"id", "number"})
    assert post["revision"]["number"] == 1
    assert post["needs_attention"] is False
    assert post["skew_seconds"] is None
    assert "<script" not in post["body_html"]
    listed = place.author.get("/posts?limit=200")["items"]
    assert next(item for item in listed if item["id"] == post["id"])["status"] == "draft"
    by_platform = {variant["platform"]: variant for variant in post["variants"]}
    assert set(by_platform) == {"weibo", "wechat"}
    for variant in by_platform.values():
        has(variant, VARIANT)
        assert variant["sha256"] == canonical(variant["payload"])
        assert set(variant["length"]) == {"used", "limit", "unit"}
        assert all({"kind", "message"} <= set(note) for note in variant["notes"])
    weibo, wechat = by_platform["weibo"]["payload"], by_platform["wechat"]["payload"]
    assert set(weibo) == {"text", "images", "link", "delivery"}
    assert all(set(image) == {"media_id", "sha256"} for image in weibo["images"])
    assert set(wechat) == {
        "title", "author", "digest", "content_html", "cover", "source_url", "comments", "delivery",
    }  # fmt: skip
    assert set(wechat["cover"]) == {"media_id", "sha256", "crops"}
    assert set(wechat["delivery"]) == {"mode", "audience", "send_ignore_reprint"}
    revisions = place.author.get(f"/posts/{post['id']}/revisions")
    assert [item["number"] for item in revisions["items"]] == [1]


def test_problems_name_place_and_severity(place: Place) -> None:
    post = on_weibo(place, body_markdown="来电 13912345678 咨询。")
    found = [problem for problem in post["variants"][0]["problems"] if problem["severity"] == "block"]
    assert found
    for problem in found:
        has(problem, PROBLEM)
        assert problem["severity"] in ("block", "warn", "advise")
    mine = next(problem for problem in found if problem["start"] is not None)
    assert mine["end"] - mine["start"] == 11
    body = refused(place.author, "POST", f"/posts/{post['id']}/submission", 422)
    has(body["problems"][0], PROBLEM)
    assert place.author.get(f"/posts/{post['id']}")["status"] == "draft"


def test_patch_needs_the_version_that_stands(place: Place) -> None:
    post = on_weibo(place)
    path = f"/posts/{post['id']}"
    changed = place.author.patch(path, {"title": title(), "urgent": True, "version": post["version"]})
    assert changed["version"] > post["version"]
    assert changed["urgent"] is True
    refused(place.author, "PATCH", path, 409, json={"title": "旧", "version": post["version"]})
    refused(place.author, "PATCH", path, 422, json={"title": "没有版本"})
    refused(place.author, "PATCH", path, 422, json={"title": "x", "version": "1"})
    assert place.author.get(path)["title"] == changed["title"]


def test_overrides_and_null(place: Place) -> None:
    post = on_weibo(place)
    variant = post["variants"][0]
    text = f"手工写的一句。 {variant['payload']['link']}"
    path = f"/posts/{post['id']}/variants/"
    changed = place.author.patch(path + variant["id"], {"overrides": {"text": text}})
    has(changed, VARIANT)
    assert changed["overrides"] == {"text": text}
    assert changed["payload"]["text"] == text
    assert changed["sha256"] == canonical(changed["payload"]) != variant["sha256"]
    back = place.author.patch(path + changed["id"], {"overrides": {"text": None}})
    assert back["overrides"] == {}
    assert back["sha256"] == variant["sha256"]
    refused(place.author, "PATCH", path + changed["id"], 422, json={"overrides": {"colour": "red"}})
    refused(place.author, "PATCH", path + "none", 404, json={"overrides": {}})


def submit(place: Place, post: dict[str, Any]) -> str:
    handed = place.author.post(f"/posts/{post['id']}/submission")
    assert handed["status"] == "in_review"
    return f"/revisions/{handed['revision']['id']}/decisions"


def test_submission_and_its_withdrawal(place: Place) -> None:
    post = on_weibo(place)
    submit(place, post)
    refused(place.author, "POST", f"/posts/{post['id']}/submission", 409)
    place.author.delete(f"/posts/{post['id']}/submission")
    assert place.author.get(f"/posts/{post['id']}")["status"] == "draft"
    refused(place.author, "DELETE", f"/posts/{post['id']}/submission", 409)


def test_decisions(place: Place) -> None:
    people = place.city.people
    post = on_weibo(place)
    path = submit(place, post)
    yes = {"decision": "approved", "comment": "同意"}
    sha256s = {variant["id"]: variant["sha256"] for variant in post["variants"]}
    refused(people["first"], "POST", path, 409, json={**yes, "sha256s": dict.fromkeys(sha256s, "0" * 64)})
    refused(people["first"], "POST", path, 422, json={"decision": "maybe", "comment": ""})
    refused(people["first"], "POST", path, 422, json={"decision": "returned", "comment": " "})
    people["first"].post(path, {**yes, "sha256s": sha256s})
    refused(people["first"], "POST", path, 403, json=yes)
    people["second"].post(path, yes)
    people["third"].post(path, yes)
    assert place.author.get(f"/posts/{post['id']}")["status"] == "approved"
    refused(people["third"], "POST", path, 409, json=yes)
    other = on_weibo(place)
    path = submit(place, other)
    people["first"].post(path, {"decision": "returned", "comment": "改标题"})
    assert place.author.get(f"/posts/{other['id']}")["status"] == "returned"
    refused(people["second"], "POST", path, 409, json=yes)


def test_nobody_decides_on_their_own_text(place: Place) -> None:
    below = place.city.people["below"]
    body = {"unit_id": place.district, "title": title(), "body_markdown": "正文一句。", "account_ids": []}
    post = below.post("/posts", body)
    refused(below, "POST", f"/revisions/{post['revision']['id']}/decisions", 403,
            json={"decision": "approved", "comment": ""})  # fmt: skip


def test_twice_by_one_person_on_a_stage_of_all(place: Place) -> None:
    path = f"/units/{place.city.unit}/review-chain"
    place.admin.put(path, {"stages": [{"name": "会签", "role": "reviewer", "rule": "all"}]})
    try:
        decisions = submit(place, on_weibo(place))
        yes = {"decision": "approved", "comment": ""}
        place.city.people["first"].post(decisions, yes)
        refused(place.city.people["first"], "POST", decisions, 409, json=yes)
    finally:
        place.admin.put(path, {"stages": []})


def test_an_edit_starts_again_from_every_state(place: Place) -> None:
    in_review, is_approved, is_scheduled = on_weibo(place), approved(place), approved(place)
    decisions = submit(place, in_review)
    place.author.put(f"/posts/{is_scheduled['id']}/schedule", {"publish_at": later()})
    for post in (in_review, is_approved, is_scheduled):
        path = f"/posts/{post['id']}"
        before = place.author.get(path)
        changed = place.author.patch(path, {"summary": "改过。", "version": before["version"]})
        assert changed["status"] == "draft"
        assert changed["revision"]["number"] == before["revision"]["number"] + 1
        assert changed["revision"]["id"] != before["revision"]["id"]
        refused(place.author, "PUT", f"{path}/schedule", 409, json={"publish_at": later()})
    refused(place.city.people["first"], "POST", decisions, 409, json={"decision": "approved", "comment": ""})
    listed = place.author.get(f"/publications?post_id={is_scheduled['id']}")["items"]
    assert [item["status"] for item in listed] == ["cancelled"]
    assert place.author.get(f"/posts/{is_scheduled['id']}/revisions")["items"][0]["number"] == 2


def test_times_are_iso_with_offset(place: Place) -> None:
    post = on_weibo(place)
    assert is_time(post["created_at"])
    assert is_time(post["updated_at"])
    ready = approved(place)
    plan = place.author.put(f"/posts/{ready['id']}/schedule", {"publish_at": "2031-01-01T08:00:00+08:00"})
    assert plan["publish_at"] == "2031-01-01T00:00:00Z"
    place.author.delete(f"/posts/{ready['id']}/schedule", expect=204)
