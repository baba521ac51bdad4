"""In step: the seconds between the platforms of the last posts that are out on more than one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.accounts.models import Account
from app.db import atomic, db
from app.posts.models import Post
from app.publishing.figures import in_step
from app.publishing.models import Schedule
from tests.app.published import published
from tests.app.publishing.kit import Desk

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


def another_weibo(desk: Desk) -> Account:
    with atomic():
        account = Account(
            unit_id=desk.city.id,
            platform="weibo",
            external_id="another",
            name="青岚住建",
            environment="simulator",
            mode="share",
            credentials={},
            callback_key="key-another",
            created_at=desk.now,
        )
        db.session.add(account)
    return account


def test_seconds_after_the_first_by_platform(desk: Desk, now: datetime) -> None:
    more = another_weibo(desk)
    published(
        "三个账号",
        (desk.wechat, now + 2.5 * SECOND, "w"),
        (desk.weibo, now, "a"),
        (more, now + 4 * SECOND, "b"),
    )
    [step] = in_step(desk.author, now + DAY)
    assert (step.post.title, step.first_at, step.skew) == ("三个账号", now, 4.0)
    assert step.offsets == {"weibo": (0.0, 4.0), "wechat": (2.5,)}
    assert step.skew == db.session.get_one(Post, step.post.id).skew_seconds


def test_only_what_is_out_on_two_platforms(desk: Desk, now: datetime) -> None:
    more = another_weibo(desk)
    published("同一平台", (desk.weibo, now, "a"), (more, now + SECOND, "b"))
    published("另一方还没发", (desk.weibo, now, "c"), (desk.wechat, None, ""))
    withdrawn = published("排期已撤下", (desk.weibo, now, "d"), (desk.wechat, now + SECOND, "e"))
    with atomic():
        db.session.query(Schedule).filter_by(post_id=withdrawn.id).one().withdrawn_at = now
    assert in_step(desk.author, now + DAY) == []
    published("两边都发了", (desk.weibo, now, "f"), (desk.wechat, now + SECOND, "g"))
    assert [step.post.title for step in in_step(desk.author, now + DAY)] == ["两边都发了"]


def test_the_newest_first_before_a_moment_and_no_more_than_asked(desk: Desk, now: datetime) -> None:
    for number in range(4):
        at = now - DAY * number
        published(
            f"第 {number} 天前", (desk.weibo, at, f"a{number}"), (desk.wechat, at + number * SECOND, f"b{number}")
        )
    assert [step.skew for step in in_step(desk.author, now, limit=2)] == [1, 2]
    assert [step.skew for step in in_step(desk.author, now + SECOND)] == [0, 1, 2, 3]


def test_only_what_one_may_see(desk: Desk, now: datetime) -> None:
    published("住房新政", (desk.weibo, now, "a"), (desk.wechat, now, "b"))
    assert in_step(desk.outsider, now + DAY) == []
    assert len(in_step(desk.author, now + DAY, unit_id=desk.city.id)) == 1
    assert in_step(desk.author, now + DAY, unit_id=desk.other.id) == []
