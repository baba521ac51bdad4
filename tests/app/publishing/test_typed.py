"""A refused form comes back with what was typed, once; the page that refreshes itself meanwhile does not take it away."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.db import utcnow
from app.publishing import blackouts
from app.publishing import services as publishing
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.web import browser, sound

TYPED = "2099-05-04T09:41"


@pytest.fixture
def now() -> datetime:
    """Pages read the real clock."""
    return utcnow()


def test_a_time_in_a_black_out_is_still_there(app: Flask, desk: Desk, now: datetime) -> None:
    at = datetime.fromisoformat(f"{TYPED}+08:00")
    hours = {"starts_at": at - timedelta(hours=1), "ends_at": at + timedelta(hours=1)}
    blackouts.announce(desk.admin, scope="site", scope_id=None, reason="考试", now=now, **hours)
    post, author = desk.approved(), browser(app, desk.author)
    form = {"publish_at": TYPED, "order": "wechat_first", "on_partner_failure": "proceed", "when": "at"}
    assert author.post(f"/posts/{post.id}/schedule", data=form).status_code == 303
    polled = author.get(f"/posts/{post.id}/publications-panel", headers={"HX-Request": "true"})
    assert TYPED not in polled.text
    page = sound(author, f"/posts/{post.id}")
    assert "静默期" in page
    assert f'value="{TYPED}"' in page
    assert '<option value="wechat_first" selected>' in page
    assert '<option value="proceed" selected>' in page
    assert TYPED not in sound(author, f"/posts/{post.id}")


def test_moving_it_opens_the_form_again(app: Flask, desk: Desk, now: datetime) -> None:
    post, author = desk.approved(), browser(app, desk.author)
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(days=1), now=now)
    past = "2001-01-01T08:00"
    author.post(f"/posts/{post.id}/schedule", data={"publish_at": past, "when": "at"})
    page = sound(author, f"/posts/{post.id}")
    assert f'value="{past}"' in page
    form = page[page.index('<details id="schedule-') :]
    assert " open" in form[: form.index(">")]


def test_a_reason_and_a_link_are_still_there(app: Flask, desk: Desk, now: datetime) -> None:
    post, publisher = desk.approved(accounts=[desk.weibo]), browser(app, desk.publisher)
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    found = row(post, desk.weibo)
    force(found, "unknown", now)
    form = {"order": "published", "url": "https://elsewhere.example/1", "reason": "主页上看到了"}
    assert publisher.post(f"/publications/{found.id}/act", data=form).status_code == 303
    page = sound(publisher, f"/publications/{found.id}")
    assert 'value="https://elsewhere.example/1"' in page
    assert page.count('value="主页上看到了"') == 1
    assert "主页上看到了" not in sound(publisher, f"/publications/{found.id}")


def test_hours_and_reasons_of_a_black_out_are_still_there(app: Flask, desk: Desk) -> None:
    admin = browser(app, desk.admin)
    form = {"scope": f"account:{desk.weibo.id}", "starts_at": TYPED, "ends_at": "2099-05-04T08:00", "reason": "考试"}
    admin.post("/blackouts", data={**form, "urgent_too": "1"})
    page = sound(admin, "/stops")
    for name in ("starts_at", "ends_at", "reason"):
        assert page.count(f'value="{form[name]}"') == 1
    assert page.count(f'<option value="account:{desk.weibo.id}" selected>') == 1
