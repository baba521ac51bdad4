"""The first page: each person's own work, and kind words when there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.inbox.models import Message
from app.inbox.services import ingest, reply
from app.inspection.services import record_history
from app.inspection.views import last_days
from app.posts.models import Post
from app.posts.services import create_post
from app.publishing.models import Publication, Schedule
from app.units.access import Actor, actor_for
from app.units.models import User
from app.workbench.figures_views import Thirty, thirty_days
from app.workbench.gathering_views import counts, errands, inbox_ages
from connectors.values import InboundMessage, Page, PublishedItem
from tests.app.inbox.conftest import City, add_user
from tests.architecture.pages import faults

Make = Callable[..., InboundMessage]
Browse = Callable[[Actor], FlaskClient]


def person(city: City, name: str, *roles: str) -> Actor:
    with atomic():
        user_id = add_user(name, city.office, roles, utcnow()).id
    return actor_for(db.session.get_one(User, user_id))


def test_nothing_to_do_is_said_kindly(city: City, browse: Browse) -> None:
    for actor in (city.wang, city.reader, person(city, "拟稿", "author")):
        html = browse(actor).get("/").get_data(as_text=True)
        assert faults(html) == []
        assert "都处理完了" in html


def test_who_only_audits_is_shown_the_way_there(city: City, browse: Browse) -> None:
    html = browse(person(city, "审计", "auditor")).get("/").get_data(as_text=True)
    assert faults(html) == []
    assert 'href="/settings/events"' in html
    assert "今日发布" not in html
    assert "账号健康" not in html


def test_the_answerer_sees_who_waits(app: Flask, city: City, letter: Make, browse: Browse) -> None:
    now = utcnow()
    first = ingest(city.wechat, [letter(1, sent_at=now - timedelta(hours=40))], now=now)[0].conversation_id
    ingest(city.wechat, [letter(2, openid="o2", sent_at=now - timedelta(hours=1))], now=now)
    html = browse(city.wang).get("/").get_data(as_text=True)
    assert faults(html) == []
    assert html.count("等待答复") == 2
    assert f'href="/inbox/{first}"' in html
    with app.test_request_context():
        assert [one.rank for one in errands(city.wang, now)] == [1, 3]
        assert [bar.number for bar in inbox_ages(city.wang, now)] == [1, 0, 1, 0]
        assert counts(city.wang)["inbox"] == 2
        assert errands(city.reader, now) == []


@pytest.mark.usefixtures("asking")
def test_an_unknown_answer_comes_first(city: City, letter: Make) -> None:
    now = utcnow()
    conversation_id = ingest(city.wechat, [letter(1, sent_at=now)], now=now)[0].conversation_id
    message_id = reply(city.wang, conversation_id, text="请到大厅。", now=now).id
    with atomic():
        db.session.get_one(Message, message_id).status = "unknown"
    [first, *_rest] = errands(city.wang, now)
    assert (first.kind, first.action) == ("reply", "立即核实")


@pytest.mark.usefixtures("asking")
def test_an_expiring_authorisation(city: City) -> None:
    now = utcnow()
    admin = person(city, "管理", "administrator")
    with atomic():
        account = db.session.get_one(Account, city.weibo.id)
        account.token_expires_at = now + timedelta(days=5)
        account.credentials = {**account.credentials, "expires_at": (now + timedelta(days=5)).isoformat()}
    [errand] = errands(admin, now)
    assert "到期" in errand.detail
    # The other platform's account may have the same name.
    assert errand.account == account
    with atomic():
        db.session.get_one(Account, city.weibo.id).status = "refused"
    assert "失效" in errands(admin, now)[0].detail
    assert errands(city.wang, now) == []


def test_dormant_accounts_on_top_with_a_way_out(city: City, browse: Browse) -> None:
    now = utcnow()
    item = PublishedItem(external_id="1", published_at=now - timedelta(days=20))
    record_history(city.weibo, Page(items=(item,)), now)
    html = browse(person(city, "拟稿", "author")).get("/").get_data(as_text=True)
    assert "触及单项否决（20 天）" in html
    assert f"/posts/new?account={city.weibo.id}" in html


def test_a_publication_that_needs_a_person(city: City, browse: Browse) -> None:
    now = utcnow()
    author = person(city, "拟稿", "author", "publisher")
    post = create_post(
        author,
        {"unit_id": city.office.id, "title": "住房新政", "body_html": "<p>正文。</p>", "account_ids": [city.weibo.id]},
        now,
    )
    _missed(post.id)
    html = browse(author).get("/").get_data(as_text=True)
    assert faults(html) == []
    assert "改期或放行" in html
    assert counts(author)["posts"] == 1


def _missed(post_id: str) -> None:
    """A publication in the state that a dead scheduler leaves behind."""
    with atomic():
        post = db.session.get_one(Post, post_id)
        assert post.revision is not None
        [variant] = post.revision.variants
        at = utcnow() - timedelta(hours=1)
        schedule = Schedule(
            post_id=post.id,
            revision_id=post.revision_id,
            publish_at=at,
            prepare_from=at,
            created_by=post.created_by,
            created_at=at,
        )
        db.session.add(schedule)
        db.session.flush()
        db.session.add(
            Publication(
                post_id=post.id,
                schedule_id=schedule.id,
                variant_id=variant.id,
                account_id=variant.account_id,
                unit_id=post.unit_id,
                payload=variant.payload,
                sha256=variant.sha256,
                status="missed",
                due_at=at,
                late_from=at,
                created_at=at,
                updated_at=at,
            )
        )
        post.publish_at = at
        post.status = "scheduled"
        post.needs_attention = True


def test_thirty_days_at_a_glance(city: City, letter: Make, browse: Browse) -> None:
    now = utcnow()
    record_history(city.weibo, Page(items=(PublishedItem(external_id="1", published_at=now),)), now)
    author, answerer = person(city, "拟稿", "author"), city.wang
    html = browse(author).get("/workbench/columns").get_data(as_text=True)
    assert html.count('id="chart-thirty"') == 1
    days = last_days(now)
    assert thirty_days(author, days) == Thirty(published=[0] * 29 + [1], answered=None)
    both = thirty_days(answerer, days)
    assert both is not None
    assert both.answered == [0] * 30
    auditor = person(city, "审计", "auditor")
    assert thirty_days(auditor, days) is None
    assert "chart-thirty" not in browse(auditor).get("/").get_data(as_text=True)
