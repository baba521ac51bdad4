"""What citizens see: 404 until the barrier, then exactly the approved revision; feeds and sitemap of open pages only."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from lxml import etree

from app.db import atomic, db
from app.posts.models import Post, Revision
from app.publishing import claims
from app.publishing import services as publishing
from tests.app.publishing.kit import Desk, force, fresh_post, row
from tests.architecture.pages import faults

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


def opened(desk: Desk, now: datetime) -> Post:
    post = desk.approved("租房<新政>解读")
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    for account in (desk.weibo, desk.wechat):
        force(row(post, account), "ready", now, next_attempt_at=now, prepared={"steps": {}, "ready": True})
    claims.claim_commits("w", 8, now)
    return fresh_post(post)


def test_closed_until_the_barrier_then_the_approved_revision(app: Flask, desk: Desk, now: datetime) -> None:
    client, post = app.test_client(), desk.approved()
    assert client.get(f"/p/{post.slug}").status_code == 404
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    assert client.get(f"/p/{post.slug}?w=abc").status_code == 404
    post = opened(desk, now)
    answer = client.get(f"/p/{post.slug}?w=abc")
    assert answer.status_code == 200
    assert faults(answer.text) == []
    assert "租房&lt;新政&gt;解读" in answer.text
    assert "来源：青岚市住建局" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in answer.text


def test_a_later_edit_does_not_change_the_page(app: Flask, desk: Desk, now: datetime) -> None:
    post = opened(desk, now)
    with atomic():
        fresh = db.session.get_one(Post, post.id)
        fresh.title = "改过的标题"
        fresh.revision = Revision(post_id=post.id, number=2, title="改过的标题", body_html="<p>新</p>", created_at=now)
    page = app.test_client().get(f"/p/{post.slug}").text
    assert "改过的标题" not in page
    assert "租房&lt;新政&gt;解读" in page


def test_the_partners_links_are_shown_once_known(app: Flask, desk: Desk, now: datetime) -> None:
    post = opened(desk, now)
    force(row(post, desk.weibo), "published", now, url="https://weibo.com/1/abc")
    page = app.test_client().get(f"/p/{post.slug}").text
    assert f'href="{app.extensions["tandem_config"].simulator_url}/1/abc"' in page
    assert "https://weibo.com/" not in page, "a drill's link must not lead to the real platform"
    with atomic():
        desk.weibo.environment = "live"
    assert 'href="https://weibo.com/1/abc"' in app.test_client().get(f"/p/{post.slug}").text


def test_feeds_and_sitemap_name_open_pages_only(app: Flask, desk: Desk, now: datetime) -> None:
    client = app.test_client()
    closed, post = desk.approved("还没发的"), opened(desk, now)
    atom = client.get(f"/feeds/{desk.city.id}.atom")
    assert atom.content_type.startswith("application/atom+xml")
    entries = etree.fromstring(atom.data).findall("a:entry", ATOM)
    assert [entry.findtext("a:title", namespaces=ATOM) for entry in entries] == ["租房<新政>解读"]
    feed = client.get(f"/feeds/{desk.city.id}.json").json
    assert feed is not None
    assert [item["url"] for item in feed["items"]] == [f"http://127.0.0.1:8000/p/{post.slug}"]
    assert client.get(f"/feeds/{desk.other.id}.json").json["items"] == []  # type: ignore[index]
    assert client.get("/feeds/none.atom").status_code == 404
    sitemap = client.get("/sitemap.xml").text
    etree.fromstring(sitemap.encode())
    assert post.slug in sitemap
    assert closed.slug not in sitemap
