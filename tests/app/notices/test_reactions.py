"""What rings the bell by itself: a review that moves on, an authorisation that ends; alarms are sent once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Account
from app.db import atomic, db
from app.notices import delivery, reviewing, sending
from app.notices import services as notices
from app.notices.models import Delivery, Notice
from app.posts import services as posts
from app.review import services as review
from app.review.announcing import on_changed
from app.units.access import Actor
from tests.app.posts.helpers import World
from tests.app.publishing.kit import Desk


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


@pytest.fixture
def world(app: Flask, now: datetime) -> World:
    return World(now)


def bell(actor: Actor) -> list[str]:
    db.session.rollback()
    return [notice.title.partition("：")[0] for notice in notices.notices_of(actor).items]


def test_each_stage_rings_for_those_whose_turn_it_is(world: World, now: datetime) -> None:
    post = review.submit(world.author, posts.create_post(world.author, world.fields(), now).id, now)
    assert post.revision_id is not None
    assert [bell(actor) for actor in world.reviewers] == [["待您审核"]] * 4
    assert bell(world.author) == []
    review.decide(world.reviewers[0], post.revision_id, "approved", "", None, now)
    assert [len(bell(actor)) for actor in world.reviewers] == [1, 2, 2, 2]
    review.decide(world.reviewers[1], post.revision_id, "returned", "第二段数字不对。", None, now)
    (told,) = notices.notices_of(world.author).items
    assert told.title.startswith("被退回")
    assert "第二段数字不对。请修改" in told.body
    assert told.path == f"/posts/{post.id}"
    assert bell(world.outsider) == []


def test_whose_turn_it_is_no_more_need_not_read_of_it(world: World, now: datetime) -> None:
    """The bell stops, and a mail of the day leaves it out; those whose turn comes next hear of that."""
    post = review.submit(world.author, posts.create_post(world.author, world.fields(), now).id, now)
    assert post.revision_id is not None
    assert [notices.unread(actor) for actor in world.reviewers] == [1, 1, 1, 1]
    review.decide(world.reviewers[0], post.revision_id, "approved", "", None, now)
    assert [notices.unread(actor) for actor in world.reviewers] == [0, 1, 1, 1]
    review.decide(world.reviewers[1], post.revision_id, "returned", "第二段数字不对。", None, now)
    assert [notices.unread(actor) for actor in world.reviewers] == [0, 0, 0, 0]
    assert notices.unread(world.author) == 1


def test_who_wrote_it_learns_that_it_is_approved(world: World, now: datetime) -> None:
    post = review.submit(world.author, posts.create_post(world.author, world.fields(), now).id, now)
    assert post.revision_id is not None
    for reviewer in world.reviewers[:3]:
        review.decide(reviewer, post.revision_id, "approved", "", None, now)
    assert bell(world.author) == ["已通过审核"]


def test_the_hook_is_bound_once(app: Flask) -> None:
    from app import create_app

    create_app(app.extensions["tandem_config"])
    assert on_changed.count(reviewing.tell_of_review) == 1


def test_the_end_of_an_authorisation_is_told_in_time_and_once(desk: Desk, now: datetime) -> None:
    end = now + timedelta(days=8)
    with atomic():
        for account in (desk.weibo, desk.wechat):
            # WeChat's token is renewed by itself: its end is no news.
            db.session.get_one(Account, account.id).token_expires_at = end
    titles = []
    for before in (timedelta(days=8), timedelta(days=7), timedelta(days=3), timedelta(hours=20), timedelta()):
        notices.warn_of_dying_accounts(end - before)
        notices.warn_of_dying_accounts(end - before)
        titles.append([notice.title.partition("：")[0] for notice in db.session.query(Notice).order_by(Notice.id)])
    said = ["账号授权一周内到期", "账号授权三天内到期", "账号授权即将到期", "账号授权已到期"]
    assert titles == [said[:number] for number in range(5)]
    levels = [notice.level for notice in db.session.query(Notice).order_by(Notice.id)]
    assert levels == ["info", "info", "alarm", "alarm"]


def test_an_account_that_waits_for_its_first_authorisation_alarms_nobody(desk: Desk, now: datetime) -> None:
    with atomic():
        account = db.session.get_one(Account, desk.weibo.id)
        account.status, account.credentials = "refused", {**account.credentials, "access_token": ""}
    notices.warn_of_dying_accounts(now)
    assert db.session.query(Notice).count() == 0


def test_one_account_that_cannot_be_told_of_keeps_the_others_from_nobody(desk: Desk, now: datetime) -> None:
    with atomic():
        first, second = sorted((desk.weibo, desk.wechat), key=lambda account: account.id)
        assert first.id == desk.weibo.id
        db.session.get_one(Account, first.id).token_expires_at = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
        db.session.get_one(Account, second.id).status = "refused"
    notices.warn_of_dying_accounts(now)
    assert [notice.path for notice in db.session.query(Notice)] == [f"/accounts/{second.id}"]


def test_a_refused_account_is_told_once_a_week_while_it_is_active(desk: Desk, now: datetime) -> None:
    with atomic():
        db.session.get_one(Account, desk.wechat.id).status = "refused"
        gone = db.session.get_one(Account, desk.weibo.id)
        gone.status, gone.active = "refused", False
    for days in (0, 0, 1, 7):
        notices.warn_of_dying_accounts(now - timedelta(days=1) + timedelta(days=days))
    told = db.session.query(Notice).all()
    assert {(notice.title.partition("：")[0], notice.level) for notice in told} == {("账号连不上了", "alarm")}
    assert len(told) == 2


def alarms(desk: Desk, now: datetime, count: int) -> None:
    notices.add_channel(desk.admin, unit_id=desk.city.id, kind="webhook", target="http://127.0.0.1:9/hook", now=now)
    for number in range(count):
        notices.tell(
            key=f"k{number}", kind="test", level="alarm", unit_id=desk.city.id, title="t", body="b", path="/", now=now
        )


def test_a_slow_channel_makes_no_doubles(
    app: Flask, desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One scheduler hangs on the first of two; ninety seconds later another looks: it takes the second only."""
    alarms(desk, now, 2)
    started, let_go, sent = threading.Event(), threading.Event(), list[str]()

    def send(_kind: str, _target: str, message: sending.Message, **_options: str) -> str:
        sent.append(message.event_id)
        if len(sent) == 1:
            started.set()
            assert let_go.wait(20)
        return ""

    monkeypatch.setattr(sending, "send", send)

    def first() -> None:
        with app.app_context():
            notices.deliver_due(now)

    db.session.rollback()
    thread = threading.Thread(target=first)
    thread.start()
    assert started.wait(20)
    notices.deliver_due(now + timedelta(seconds=90))
    let_go.set()
    thread.join(20)
    assert len(sent) == len(set(sent)) == 2
    db.session.rollback()
    assert {row.status for row in db.session.query(Delivery)} == {"sent"}


def test_what_cannot_even_be_tried_holds_up_nobody(desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    alarms(desk, now, 2)
    tried: list[Any] = []

    def send(*values: Any, **_options: str) -> str:
        tried.append(values)
        if len(tried) == 1:
            raise UnicodeError("idna")
        return ""

    monkeypatch.setattr(sending, "send", send)
    assert notices.deliver_due(now) == 2
    rows = db.session.query(Delivery).order_by(Delivery.status).all()
    assert [(row.status, row.attempts) for row in rows] == [("pending", 1), ("sent", 1)]
    assert "UnicodeError" not in rows[0].error
    assert "系统管理员" in rows[0].error
    assert rows[0].next_at == now + timedelta(seconds=delivery.DELAYS[0])
