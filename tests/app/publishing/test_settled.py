"""A person's verdict ends the doubt: no further looking where nothing can be found, and what was told is read."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.db import atomic, db
from app.notices.models import Notice
from app.notices.services import unread
from app.publishing import outcomes
from app.publishing import services as publishing
from tests.app.publishing.kit import Desk, force, row


def doubtful(desk: Desk, now: datetime) -> str:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    force(row(post, desk.weibo), "committing", now)
    with atomic():
        live = db.session.get_one(type(row(post, desk.weibo)), row(post, desk.weibo).id)
        outcomes.become_unknown(live, now, {"cause": "没有收到答复。"})
    return post.id


def test_the_notice_names_the_platform_and_is_read_once_it_is_settled(desk: Desk, now: datetime) -> None:
    post_id = doubtful(desk, now)
    (body,) = db.session.scalars(select(Notice.body)).all()
    assert body.startswith(f"微博 {desk.weibo.name}：")
    assert (unread(desk.publisher), unread(desk.author)) == (1, 1)
    found = row(post_id, desk.weibo)
    publishing.resolve(desk.publisher, found.id, outcome="published", reason="主页上看到了", now=now)
    assert (unread(desk.publisher), unread(desk.author)) == (0, 0)


def test_without_a_link_the_persons_word_is_the_last_one(desk: Desk, now: datetime) -> None:
    found = row(doubtful(desk, now), desk.weibo)
    publishing.resolve(desk.publisher, found.id, outcome="published", reason="主页上看到了", now=now)
    found = row(found.post_id, desk.weibo)
    assert found.why == "由人工认定为已发布，没有填写链接。"
    assert found.next_attempt_at is None


def test_what_the_platform_numbered_is_still_watched(desk: Desk, now: datetime) -> None:
    found = row(doubtful(desk, now), desk.weibo)
    force(found, "unknown", now, external_id="5123", receipt={"external_id": "5123"})
    publishing.resolve(desk.publisher, found.id, outcome="published", reason="主页上看到了", now=now)
    assert row(found.post_id, desk.weibo).next_attempt_at is not None
