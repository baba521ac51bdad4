"""A person's verdict ends the doubt: no further looking where nothing can be found, and what was told is read."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import atomic, db
from app.notices.models import Notice, NoticeRead
from app.notices.services import mark_read, settle, tell, unread
from app.publishing import outcomes
from app.publishing import services as publishing
from tests.app.publishing.kit import Desk, force, row
from tests.app.waiting import until_somebody_waits


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


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_reads_the_bell_meanwhile_does_not_undo_the_verdict(app: Flask, desk: Desk, now: datetime) -> None:
    post_id = doubtful(desk, now)
    found = row(post_id, desk.weibo)
    read = threading.Event()
    publication_id = found.id
    db.session.rollback()

    def look() -> None:
        with app.app_context(), atomic():
            mark_read(desk.publisher, None, now)
            read.set()
            until_somebody_waits()

    reader = threading.Thread(target=look)
    reader.start()
    assert read.wait(30)
    publishing.resolve(desk.publisher, publication_id, outcome="published", reason="主页上看到了", now=now)
    reader.join()
    db.session.rollback()
    assert row(post_id, desk.weibo).status == "published"
    assert (unread(desk.publisher), unread(desk.author)) == (0, 0)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_reads_the_bell_as_it_is_settled_is_answered(app: Flask, desk: Desk, now: datetime) -> None:
    doubtful(desk, now)
    path, settled = db.session.scalars(select(Notice.path)).one(), threading.Event()
    db.session.rollback()

    def settle_it() -> None:
        with app.app_context(), atomic():
            settle(path, now)
            settled.set()
            until_somebody_waits()

    other = threading.Thread(target=settle_it)
    other.start()
    assert settled.wait(30)
    mark_read(desk.publisher, None, now)
    other.join()
    db.session.rollback()
    assert unread(desk.publisher) == 0


def test_what_was_told_to_one_person_is_read_by_that_person_alone(desk: Desk, now: datetime) -> None:
    with atomic():
        for user_id in (None, desk.author.user_id):
            tell(
                key=f"to:{user_id}", kind="publication", level="info", unit_id=desk.city.id, user_id=user_id,
                title="一条消息", body="", path="/publications/1", now=now,
            )  # fmt: skip
        settle("/publications/1", now)
        settle("/publications/1", now)
    people = db.session.scalars(
        select(NoticeRead.user_id).join(Notice, Notice.id == NoticeRead.notice_id).where(Notice.user_id.is_not(None))
    ).all()
    assert people == [desk.author.user_id]
    assert unread(desk.publisher) == 0


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
