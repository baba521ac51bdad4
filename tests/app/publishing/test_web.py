"""The contract's calls and the pages of publishing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.db import utcnow
from app.publishing import services as publishing
from app.publishing import strays
from app.publishing.models import STATUSES
from connectors.values import PublishedItem
from tests.app.publishing.kit import Desk, force, fresh_post, row
from tests.app.publishing.web import Api, browser, sound
from tests.architecture.pages import faults


@pytest.fixture
def now() -> datetime:
    """Pages and the API read the real clock."""
    return utcnow()


def test_schedule_by_api(app: Flask, desk: Desk, now: datetime) -> None:
    post, author = desk.approved(), Api(app, desk.author)
    at = (now + timedelta(hours=2)).isoformat()
    path = f"/posts/{post.id}/schedule"
    naive = author("PUT", path, {"publish_at": "2030-01-01T10:00:00"})
    assert naive.status_code == 422
    assert "publish_at" in str(naive.json)
    past = author("PUT", path, {"publish_at": (now - timedelta(hours=1)).isoformat()})
    assert past.status_code == 422
    assert past.json is not None
    assert "publish_at" in past.json["errors"]
    assert author("PUT", path, {"publish_at": at, "order": "sideways"}).status_code == 422
    assert author("PUT", path, {"publish_at": at, "extra": 1}).status_code == 422
    done = author("PUT", path, {"publish_at": at})
    assert done.status_code == 200
    assert done.json is not None
    assert (done.json["order"], done.json["on_partner_failure"]) == ("together", "hold")
    assert {p["status"] for p in done.json["publications"]} == {"scheduled"}
    assert author("GET", f"/posts/{post.id}").json["status"] == "scheduled"  # type: ignore[index]
    assert author("DELETE", path).status_code == 204
    assert author("DELETE", path).status_code == 409
    assert author("GET", f"/posts/{post.id}").json["status"] == "approved"  # type: ignore[index]
    assert Api(app, desk.outsider)("PUT", path, {"publish_at": "now"}).status_code == 404
    assert Api(app, desk.publisher)("PUT", path, {"publish_at": "now"}).status_code == 403


def test_a_publication_and_its_ways_out_by_api(app: Flask, desk: Desk, now: datetime) -> None:
    post, publisher = desk.approved(), Api(app, desk.publisher)
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    found = publisher("GET", f"/publications?post_id={post.id}&status=scheduled").json
    assert found is not None
    assert len(found["items"]) == 2
    assert found["next_cursor"] is None
    assert set(found["items"][0]) == {
        "id", "post_id", "account_id", "status", "due_at", "committed_at", "published_at", "live_at", "external_id",
        "url", "error", "why", "next_attempt_at", "figures",
    }  # fmt: skip
    publication = row(post, desk.weibo)
    path = f"/publications/{publication.id}"
    assert publisher("GET", path).json["why"]  # type: ignore[index]
    for order in ("retry", "release", "recall"):
        assert publisher("POST", f"{path}/{order}", {"reason": "x"}).status_code == 409
        assert publisher("POST", f"{path}/{order}", {"reason": ""}).status_code == 422
    assert publisher("POST", f"{path}/resolution", {"outcome": "published", "reason": "x"}).status_code == 409
    force(publication, "failed", now)
    error = publisher("GET", path).json["error"]  # type: ignore[index]
    assert set(error) == {"code", "cause", "remedy", "who"}
    assert publisher("POST", f"{path}/retry", {"reason": "已修复"}).json["status"] == "scheduled"  # type: ignore[index]
    assert publisher("POST", f"{path}/cancel", {"reason": "不发了"}).json["status"] == "cancelled"  # type: ignore[index]
    evidence = publisher("GET", f"{path}/evidence").json
    assert evidence is not None
    assert evidence["approved"]["sha256"] == publication.sha256
    assert [change["to"] for change in evidence["changes"]] == ["scheduled", "cancelled"]
    outsider = Api(app, desk.outsider)
    assert outsider("GET", path).status_code == 404
    assert outsider("GET", f"{path}/evidence").status_code == 404
    assert outsider("GET", "/publications").json["items"] == []  # type: ignore[index]
    reader = Api(app, desk.person("reader", desk.city, "reviewer"))
    assert reader("POST", f"{path}/release", {"reason": "x"}).status_code == 403


def test_stops_by_api(app: Flask, desk: Desk, now: datetime) -> None:
    admin = Api(app, desk.admin)
    assert admin("POST", "/stops", {"scope": "site", "reason": " "}).status_code == 422
    assert admin("POST", "/stops", {"scope": "unit", "id": desk.other.id, "reason": "x"}).status_code == 404
    made = admin("POST", "/stops", {"scope": "account", "id": desk.weibo.id, "reason": "突发"})
    assert made.status_code == 201
    assert made.json is not None
    assert [s["id"] for s in admin("GET", "/stops").json["items"]] == [made.json["id"]]  # type: ignore[index]
    assert Api(app, desk.outsider)("GET", "/stops").json["items"] == []  # type: ignore[index]
    assert Api(app, desk.author)("DELETE", f"/stops/{made.json['id']}").status_code == 403
    assert admin("DELETE", f"/stops/{made.json['id']}").status_code == 204
    assert admin("DELETE", f"/stops/{made.json['id']}").status_code == 409


def test_the_panel_in_every_state(app: Flask, desk: Desk, now: datetime) -> None:
    post, author = desk.approved(), browser(app, desk.author)
    path = f"/posts/{post.id}/publications-panel"
    assert "立即发布" in author.get(path).text
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=2), now=now)
    for status in STATUSES:
        force(row(post, desk.weibo), status, now)
        answer = author.get(path)
        assert answer.status_code == 200, status
        assert f'data-status="{status}"' in answer.text
    assert browser(app, desk.outsider).get(path).status_code == 404


def test_scheduling_and_withdrawing_by_form(app: Flask, desk: Desk, now: datetime) -> None:
    post, author = desk.approved(), browser(app, desk.author)
    bad = author.post(f"/posts/{post.id}/schedule", data={"when": "at", "publish_at": ""}, follow_redirects=True)
    assert "发布时间没有填写" in bad.text
    good = {"when": "at", "publish_at": "2031-05-06T09:30", "order": "weibo_first", "on_partner_failure": "proceed"}
    assert author.post(f"/posts/{post.id}/schedule", data=good).status_code == 303
    found = row(post, desk.weibo)
    assert found.due_at.isoformat() == "2031-05-06T01:30:00+00:00"
    assert found.schedule.order == "weibo_first"
    assert author.post(f"/posts/{post.id}/schedule/withdraw").status_code == 303
    assert fresh_post(post).status == "approved"
    assert author.post(f"/posts/{post.id}/schedule", data={"when": "now"}).status_code == 303
    assert row(post, desk.weibo).status == "scheduled"


def test_the_publications_page_and_its_buttons(app: Flask, desk: Desk, now: datetime) -> None:
    post, publisher = desk.approved(), browser(app, desk.publisher)
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    publication = row(post, desk.weibo)
    path = f"/publications/{publication.id}"
    exchange = {
        "method": "POST",
        "url": "https://api.weibo.com/2/statuses/share.json",
        "request": {"form": {"status": "<b>文字</b>"}},
        "status": 200,
        "answer": "{}",
        "sent_at": now.isoformat(),
        "answered_at": None,
        "error": "",
    }
    note = {"at": now.isoformat(), "finding": "cannot_tell", "reason": "没找到", "exchanges": [exchange]}
    for status in STATUSES:
        force(publication, status, now, exchanges=[exchange], readbacks=[note])
        page = sound(publisher, path)
        assert f'data-status="{status}"' in page
        assert "<b>文字</b>" not in page
    force(publication, "held", now)
    assert "放行" in sound(publisher, path)
    publisher.post(f"{path}/act", data={"order": "release", "reason": "已核对"})
    assert row(post, desk.weibo).status == "scheduled"
    refused = publisher.post(f"{path}/act", data={"order": "recall", "reason": "x"}, follow_redirects=True)
    assert "不能撤回" in refused.text
    force(publication, "unknown", now)
    publisher.post(
        f"{path}/act", data={"order": "published", "url": "https://weibo.com/1902538057/a", "reason": "看到了"}
    )
    assert row(post, desk.weibo).status == "published"
    assert browser(app, desk.outsider).get(path).status_code == 404


def test_the_stop_switch_on_screen(app: Flask, desk: Desk, now: datetime) -> None:
    admin, author = browser(app, desk.admin), browser(app, desk.author)
    assert "现在全部可发" in sound(author, "/stops")
    # What is to be stopped is chosen, and named when asked.
    switch = sound(browser(app, desk.admin), "/stops").split('id="scope"')[1]
    assert switch[switch.index("<option") :].startswith('<option value="" selected>')
    assert "暂停“{scope}”的发布" in switch
    admin.post("/stops", data={"scope": f"unit:{desk.city.id}", "reason": "演习暂停"})
    assert "演习暂停" in sound(author, "/stops")
    assert "已暂停发布" in author.get("/").text
    (stop,) = publishing.stops_of(desk.admin)
    assert author.post(f"/stops/{stop.id}/end").status_code == 403
    admin.post(f"/stops/{stop.id}/end")
    assert publishing.stops_of(desk.admin) == []


def test_fragments_are_sound_inside_a_page(app: Flask, desk: Desk, now: datetime) -> None:
    post, author = desk.approved(), browser(app, desk.author)
    text = author.get(f"/posts/{post.id}/publications-panel").text
    whole = f'<!doctype html><html lang="zh-CN"><head><title>t</title></head><body><main><h1>t</h1>{text}</main></body></html>'
    assert faults(whole) == []


def test_the_page_of_one_that_turned_up_offers_no_way_to_send_it_again(app: Flask, desk: Desk, now: datetime) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    gone = row(post, desk.weibo)
    publishing.cancel(desk.publisher, gone.id, reason="不发了", now=now)
    address = f"https://gov.example/p/x?w={gone.mark}"
    item = PublishedItem(external_id="a1", url="https://weibo.com/1/a1", published_at=now, addresses=(address,))
    strays.note_listed(desk.weibo.id, [item], now)
    page = sound(browser(app, desk.publisher), f"/publications/{gone.id}")
    assert "认定后这一条仍为“已取消”" in page
    assert "可以重试" not in page
    assert "平台上出现了" in page
    answer = Api(app, desk.publisher)(
        "POST", f"/publications/{gone.id}/resolution", {"outcome": "not_published", "reason": "是转发的"}
    )
    assert answer.json["status"] == "cancelled"  # type: ignore[index]
    page = sound(browser(app, desk.publisher), f"/publications/{gone.id}")
    assert 'name="order"' not in page
