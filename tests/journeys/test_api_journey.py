"""The whole journey by API, over real processes: written, reviewed, out on both in step, answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import fresh_database
from tests.journeys.stack import City, Client, found_city, running
from tests.patience import wait_for

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One city on each kind of database for all tests of this file."""
    home = tmp_path_factory.mktemp("city")
    with fresh_database(request, home) as url, running(home, url) as stack:
        yield found_city(stack)


def write(city: City, **fields: Any) -> dict[str, Any]:
    """A post of the author for both accounts, with a cover."""
    author = city.people["author"]
    picture = (SAMPLES / "images" / "cover-rain.jpg").read_bytes()
    media = author.call("POST", "/media", files={"file": ("cover-rain.jpg", picture, "image/jpeg")})
    body = {
        "unit_id": city.unit,
        "title": "住房租赁新政解读",
        "summary": "租金押金有了上限，备案网上办。",
        "body_html": f'<h2>一、为什么</h2><p>为规范住房租赁市场，制定本办法。</p><p><img src="{media["url"]}" alt="封面"></p>'
        "<table><tr><th>项目</th><th>标准</th></tr><tr><td>押金</td><td>不超过一个月租金</td></tr></table>"
        "<script>alert(1)</script>",
        "source": "青岚市住建局",
        "author": "王敏",
        "cover_media_id": media["id"],
        "tags": ["政策解读"],
        "account_ids": [city.weibo, city.wechat],
        **fields,
    }
    post: dict[str, Any] = author.post("/posts", body)
    return post


def approve(city: City, post: dict[str, Any]) -> None:
    city.people["author"].post(f"/posts/{post['id']}/submission")
    current = city.people["author"].get(f"/posts/{post['id']}")
    sha256s = {variant["id"]: variant["sha256"] for variant in current["variants"]}
    for name in ("first", "second", "third"):
        city.people[name].post(
            f"/revisions/{current['revision']['id']}/decisions",
            {"decision": "approved", "comment": "同意", "sha256s": sha256s},
        )


def published(client: Client, post_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        post: dict[str, Any] = client.get(f"/posts/{post_id}")
        return (
            post if post["status"] in ("published", "failed", "partly_published") or post["needs_attention"] else None
        )

    return wait_for("published on both", look)


def canonical(payload: dict[str, Any]) -> str:
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_from_writing_to_the_answered_citizen(city: City) -> None:
    author, responder = city.people["author"], city.people["responder"]
    post = write(city)
    assert post["status"] == "draft"
    assert len(post["variants"]) == 2
    for variant in post["variants"]:
        assert variant["sha256"] == canonical(variant["payload"])
        assert not [problem for problem in variant["problems"] if problem["severity"] == "block"], variant["problems"]
    weibo = next(v for v in post["variants"] if v["account_id"] == city.weibo)
    link = weibo["payload"]["link"]
    assert requests.get(link, timeout=10).status_code == 404, "the permalink is closed until the barrier"

    author.put(f"/posts/{post['id']}/schedule", {"publish_at": "now"}, expect=409)
    approve(city, post)
    author.put(f"/posts/{post['id']}/schedule", {"publish_at": "now"})
    done = published(author, post["id"])
    assert done["status"] == "published", author.get(f"/publications?post_id={post['id']}")
    assert done["skew_seconds"] is not None
    assert done["skew_seconds"] < 30
    page = requests.get(link, timeout=10)
    assert page.status_code == 200
    assert "住房租赁新政解读" in page.text
    assert "<script>alert(1)" not in page.text

    kinds = [item["kind"] for item in city.accepted()]
    assert kinds.count("status") == 1, kinds
    assert kinds.count("mass") == 1, kinds
    publications = author.get(f"/publications?post_id={post['id']}")["items"]
    assert {item["status"] for item in publications} == {"published"}
    assert all(item["published_at"] and item["external_id"] for item in publications)
    for item in publications:
        evidence = json.dumps(author.get(f"/publications/{item['id']}/evidence"), ensure_ascii=False)
        assert "weibo-token-for-tests" not in evidence
        assert "住房租赁新政解读" in evidence

    answer_a_comment(city, publications)
    answer_a_private_message(city)
    assert responder.get("/conversations?status=open")["items"] == []
    for secret in ("weibo-secret-for-tests", "weibo-token-for-tests", "wechat-secret-for-tests"):
        assert secret not in city.stack.logs()


def open_conversation(responder: Client, kind: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        items = responder.get("/conversations?status=open")["items"]
        found = [item for item in items if item["kind"] == kind]
        return found[0] if found else None

    return wait_for(f"a conversation of kind {kind}", look)


def answer(responder: Client, conversation: dict[str, Any], text: str) -> None:
    message = responder.post(f"/conversations/{conversation['id']}/replies", {"text": text}, expect=202)

    def sent() -> bool:
        messages = responder.get(f"/conversations/{conversation['id']}/messages")["items"]
        mine = next(item for item in messages if item["id"] == message["id"])
        assert mine["status"] not in ("failed", "unknown"), mine
        return bool(mine["status"] == "sent")

    wait_for("the reply to be sent", sent)
    responder.put(f"/conversations/{conversation['id']}/status", {"status": "resolved"})


def answer_a_comment(city: City, publications: list[dict[str, Any]]) -> None:
    """A citizen comments on the mass-sent article; the responder answers once, and only once."""
    responder = city.people["responder"]
    article = next(item for item in city.accepted(platform="wechat") if item["kind"] == "mass")
    city.sim(
        "POST",
        "/_sim/comments",
        {
            "platform": "wechat",
            "external_id": city.wechat_id,
            "post": str(article["msg_data_id"]),
            "author": "市民甲",
            "text": "押金什么时候退？",
        },
    )
    conversation = open_conversation(responder, "article_comment")
    assert conversation["post_id"] == publications[0]["post_id"]
    answer(responder, conversation, "合同终止后十个工作日内退还。")
    replies = [item for item in city.accepted(platform="wechat") if item["kind"] == "comment_reply"]
    assert len(replies) == 1
    responder.post(f"/conversations/{conversation['id']}/replies", {"text": "再补充一句"}, expect=409)


def answer_a_private_message(city: City) -> None:
    responder = city.people["responder"]
    sent = city.sim(
        "POST",
        "/_sim/messages",
        {"platform": "wechat", "external_id": city.wechat_id, "from": "citizen-1", "text": "备案在哪里办？"},
    )
    assert sent["delivered"], sent
    conversation = open_conversation(responder, "private")
    assert conversation["window"]["remaining"] == 5
    answer(responder, conversation, "在政务服务网“住房租赁备案”办理。")
    messages = [item for item in city.accepted(platform="wechat") if item["kind"] == "custom_message"]
    assert len(messages) == 1


def test_nobody_approves_their_own_or_twice_or_something_else(city: City) -> None:
    post = write(city)
    author = city.people["author"]
    author.post(f"/posts/{post['id']}/submission")
    revision = author.get(f"/posts/{post['id']}")["revision"]["id"]
    path = f"/revisions/{revision}/decisions"
    author.post(path, {"decision": "approved", "comment": ""}, expect=403)
    first = city.people["first"]
    wrong = {variant["id"]: "0" * 64 for variant in post["variants"]}
    first.post(path, {"decision": "approved", "comment": "", "sha256s": wrong}, expect=409)
    first.post(path, {"decision": "approved", "comment": "同意"})
    first.post(path, {"decision": "approved", "comment": "同意"}, expect=(403, 409))
    city.people["second"].post(path, {"decision": "returned", "comment": "标题再斟酌"})
    assert author.get(f"/posts/{post['id']}")["status"] == "returned"
    city.people["third"].post(path, {"decision": "approved", "comment": ""}, expect=409)


def test_idempotency_key_replays_and_refuses_another_body(city: City) -> None:
    author = city.people["author"]
    body = {"unit_id": city.unit, "title": "通知", "body_markdown": "正文。", "account_ids": [city.weibo]}
    headers = {"Idempotency-Key": "one"}
    first = author.post("/posts", body, headers=headers)
    again = author.post("/posts", body, headers=headers)
    assert first["id"] == again["id"]
    author.post("/posts", {**body, "title": "另一条"}, headers=headers, expect=422)
    assert [post["title"] for post in author.get("/posts")["items"]].count("另一条") == 0


def test_leaks_are_stopped_with_every_one_named(city: City) -> None:
    author = city.people["author"]
    post = write(city, body_html="<p>张某，身份证号11010519491231002X，手机13912345678，卡号6222021234567890128。</p>")
    refused = author.post(f"/posts/{post['id']}/submission", expect=422)
    rules = {problem["rule"] for problem in refused["problems"] if problem["severity"] == "block"}
    assert len(rules) == 3, refused["problems"]
    assert author.get(f"/posts/{post['id']}")["status"] == "draft"


def test_openapi_describes_what_is_served(city: City) -> None:
    spec = requests.get(f"{city.stack.web}/api/v1/openapi.json", timeout=10).json()
    for path in (
        "/api/v1/accounts",
        "/api/v1/media",
        "/api/v1/posts",
        "/api/v1/posts/{post_id}/submission",
        "/api/v1/posts/{post_id}/schedule",
        "/api/v1/revisions/{revision_id}/decisions",
        "/api/v1/publications/{publication_id}/evidence",
        "/api/v1/conversations/{conversation_id}/replies",
        "/api/v1/stops",
        "/api/v1/findings",
        "/api/v1/events",
    ):
        assert path in spec["paths"], path
    assert requests.get(f"{city.stack.web}/api/v1/posts", timeout=10).status_code == 401
    docs = requests.get(f"{city.stack.web}/api/v1/docs", timeout=10)
    assert "/api/v1/posts" in docs.text
