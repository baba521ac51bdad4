"""Errands at which our own program fails: tried ever more seldom, told once to those who keep the installation, never lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import atomic, db, utcnow
from app.notices import services as notices
from app.notices.models import Notice
from app.posts.models import Post
from app.publishing import claims, errands, outcomes
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.values import Lost
from app.publishing.waiting import outlook
from app.system.services import self_test
from app.web import settings
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.test_late_words import READY
from tests.app.publishing.web import browser, sound

FAR = timedelta(days=1)


@pytest.fixture
def post(desk: Desk, now: datetime) -> Post:
    """On WeChat; its draft is to be deleted."""
    made = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, made.id, publish_at=now + FAR, now=now)
    force(row(made, desk.wechat), "ready", now, prepared=READY)
    publishing.unschedule(desk.author, made.id, now=now)
    return made


@pytest.fixture
def recalled(desk: Desk, now: datetime) -> Post:
    """On Weibo, public; a person wants it taken back."""
    made = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, made.id, publish_at="now", now=now)
    force(row(made, desk.weibo), "published", now, external_id="7")
    publishing.recall(desk.publisher, row(made, desk.weibo).id, reason="有误", now=now)
    return made


def newest(made: Post) -> Publication:
    db.session.rollback()
    return db.session.scalars(select(Publication).where(Publication.post_id == made.id)).one()


def hour(found: Publication) -> datetime:
    at = found.discard_at if found.status == "cancelled" else found.recall_at
    assert at is not None
    return at


def fail(made: Post, times: int) -> list[timedelta]:
    """So often in a row, each time when its hour has come; the pauses."""
    pauses = []
    for _ in range(times):
        at = hour(newest(made))
        (claim,) = claims.claim_errands("w", 8, at)
        errands.break_off(claim, at)
        pauses.append(hour(newest(made)) - at)
    return pauses


def rung() -> list[Notice]:
    db.session.rollback()
    return list(db.session.scalars(select(Notice).where(Notice.kind == "errand")))


@pytest.mark.parametrize("which", ["post", "recalled"])
def test_it_is_tried_ever_more_seldom_and_never_given_up(
    desk: Desk, which: str, request: pytest.FixtureRequest, now: datetime
) -> None:
    made: Post = request.getfixturevalue(which)
    minutes = [pause.total_seconds() / 60 for pause in fail(made, 30)]
    assert minutes[:7] == [5, 10, 20, 40, 80, 160, 320]
    assert set(minutes[7:]) == {360}
    found = newest(made)
    assert (found.claim_owner, found.errand_failures) == ("", 30)
    assert claims.claim_errands("w", 8, hour(found)) != []


@pytest.mark.parametrize("which", ["post", "recalled"])
def test_administrators_hear_of_it_once_with_its_number(
    desk: Desk, which: str, request: pytest.FixtureRequest, now: datetime
) -> None:
    made: Post = request.getfixturevalue(which)
    fail(made, 2)
    assert rung() == []
    assert outlook(newest(made), now).who == "系统"
    fail(made, 5)
    (notice,) = rung()
    assert (notice.level, notice.unit_id) == ("alarm", desk.city.id)
    assert newest(made).id in notice.body
    assert "系统管理员" in notice.body
    assert notice in notices.notices_of(desk.admin).items
    for other in (desk.author, desk.publisher, desk.person("elsewhere", desk.other, "administrator")):
        assert notice not in notices.notices_of(other).items
    told = outlook(newest(made), now)
    assert told.who == "系统管理员"
    assert "程序反复出错" in told.why


def test_what_got_on_is_read_for_everybody_and_counts_anew(desk: Desk, post: Post, now: datetime) -> None:
    fail(post, 3)
    before = notices.unread(desk.admin)
    (claim,) = claims.claim_errands("w", 8, hour(newest(post)))
    errands.finish_discard(claim, [], now)
    found = newest(post)
    assert (found.discard_at, found.errand_failures) == (None, 0)
    assert notices.unread(desk.admin) == before - 1


@pytest.mark.parametrize("gone", ["by the program", "by a person at the platform"])
def test_a_recall_that_worked_after_all(desk: Desk, recalled: Post, now: datetime, gone: str) -> None:
    fail(recalled, 3)
    before, found = notices.unread(desk.admin), newest(recalled)
    if gone == "by the program":
        (claim,) = claims.claim_errands("w", 8, hour(found))
        errands.finish_recall(claim, [], now)
    else:
        force(found, "published", now, recall_at=None, recall_reason="")
        with atomic():
            outcomes.take_away(db.session.get_one(Publication, found.id), "removed", now, "平台上已没有")
    assert newest(recalled).errand_failures == 0
    assert notices.unread(desk.admin) <= before


def test_who_lost_the_claim_counts_nothing(desk: Desk, post: Post, now: datetime) -> None:
    (claim,) = claims.claim_errands("w", 8, hour(newest(post)))
    claims.take_over(now + FAR)
    with pytest.raises(Lost):
        errands.break_off(claim, now)
    assert newest(post).errand_failures == 0


def test_the_status_page_shows_it_with_its_number(app: Flask, desk: Desk, post: Post, now: datetime) -> None:
    def told() -> tuple[bool | None, str]:
        found = next(one for one in self_test(settings(), utcnow()) if one.key == "errands")
        return found.ok, found.told

    fail(post, 2)
    assert told() == (True, "没有反复出错的。")
    fail(post, 1)
    number = newest(post).id
    assert told() == (False, f"1 项反复出错，发布记录编号：{number}。")
    page = sound(browser(app, desk.admin), "/status")
    assert f'href="/publications/{number}#errand"' in page
    assert "tandem_errands_stuck 1.0" in app.test_client().get("/metrics").text
    stranger = sound(browser(app, desk.person("elsewhere", desk.other, "administrator")), "/status")
    assert f"/publications/{number}#errand" not in stranger
    assert 'id="errand"' in sound(browser(app, desk.admin), f"/publications/{number}")
