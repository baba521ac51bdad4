"""Scheduling: who may, when, what it reserves, how it is moved and withdrawn."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.checks import verdicts
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.posts import linking
from app.posts import services as posts
from app.posts.models import Variant
from app.publishing import services as publishing
from app.publishing.models import Publication
from tests.app.publishing.kit import Desk, force, fresh_post, row, schedule_of


def test_an_approved_post_is_planned_on_all_its_accounts(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    at = now + timedelta(hours=2)
    schedule = publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    found = row(post, desk.weibo)
    assert (found.status, found.due_at, found.late_from) == ("scheduled", at, at)
    assert found.next_attempt_at == at - timedelta(seconds=600)
    assert found.payload == found.variant.payload
    assert found.sha256 == found.variant.sha256
    assert schedule.operator_ip == ""  # 203.0.113.0/24 is for documentation, not public
    post = fresh_post(post)
    assert (post.status, post.publish_at, post.needs_attention) == ("scheduled", at, False)


def test_scheduling_looks_at_links_that_were_forgotten(desk: Desk, now: datetime) -> None:
    with atomic():
        desk.wechat.settings = {"foot_html": '<p><a href="http://zjj.example.gov.cn/a.html">办法</a></p>'}
    post = desk.approved()
    with atomic():
        verdicts.forget([verdicts.hash_of("http://zjj.example.gov.cn/a.html")])
    assert linking.claim(9, now) == []
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=5), now=now)
    assert [visit.url for visit in linking.claim(9, now)] == ["http://zjj.example.gov.cn/a.html"]


def test_a_public_origin_is_kept_for_the_platform(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    actor = type(desk.author)(user_id=desk.author.user_id, name="王敏", held=desk.author.held, origin="93.184.216.34")
    assert publishing.schedule(actor, post.id, publish_at="now", now=now).operator_ip == "93.184.216.34"


def test_the_past_is_refused_naming_the_field(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    with pytest.raises(Invalid) as refused:
        publishing.schedule(desk.author, post.id, publish_at=now - timedelta(seconds=1), now=now)
    assert "publish_at" in refused.value.errors
    assert fresh_post(post).status == "approved"


@pytest.mark.parametrize("status", ["draft", "in_review", "returned"])
def test_what_is_not_approved_is_refused(desk: Desk, now: datetime, status: str) -> None:
    post = desk.approved()
    with atomic():
        fresh = db.session.get_one(type(post), post.id)
        fresh.status = status
    with pytest.raises(Conflict):
        publishing.schedule(desk.author, post.id, publish_at="now", now=now)


def test_a_payload_that_is_not_what_was_approved_is_refused(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    with atomic():
        assert post.revision is not None
        variant = db.session.get_one(Variant, post.revision.variants[0].id)
        variant.payload = {**variant.payload, "text": "改过"}
    with pytest.raises(Conflict):
        publishing.schedule(desk.author, post.id, publish_at="now", now=now)


def test_only_those_with_the_right(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    with pytest.raises(NotFound):
        publishing.schedule(desk.outsider, post.id, publish_at="now", now=now)
    with pytest.raises(Forbidden):
        publishing.schedule(desk.publisher, post.id, publish_at="now", now=now)


def test_the_second_mass_send_of_a_day_is_refused_naming_the_first(app: object, now: datetime) -> None:
    desk = Desk(now, wechat_mode="mass")
    first, second = desk.approved("先约的一篇", [desk.wechat]), desk.approved("后来的一篇", [desk.wechat])
    publishing.schedule(desk.author, first.id, publish_at=now + timedelta(hours=1), now=now)
    with pytest.raises(Conflict) as refused:
        publishing.schedule(desk.author, second.id, publish_at=now + timedelta(hours=3), now=now)
    assert "先约的一篇" in refused.value.message
    publishing.schedule(desk.author, second.id, publish_at=now + timedelta(days=1), now=now)


def test_a_cancelled_one_gives_its_place_back(app: object, now: datetime) -> None:
    desk = Desk(now, wechat_mode="mass")
    first, second = desk.approved("先约的一篇", [desk.wechat]), desk.approved("后来的一篇", [desk.wechat])
    publishing.schedule(desk.author, first.id, publish_at=now + timedelta(hours=1), now=now)
    publishing.unschedule(desk.author, first.id, now=now)
    publishing.schedule(desk.author, second.id, publish_at=now + timedelta(hours=3), now=now)
    assert row(second, desk.wechat).status == "scheduled"


def test_rescheduling_moves_what_has_not_gone_and_keeps_what_was_prepared(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    force(row(post, desk.wechat), "ready", now, prepared={"steps": {"draft": "m1"}, "ready": True})
    force(row(post, desk.weibo), "missed", now)
    before = schedule_of(post).id
    at = now + timedelta(days=2)
    publishing.schedule(desk.author, post.id, publish_at=at, order="wechat_first", now=now)
    assert schedule_of(post).id == before
    wechat, weibo = row(post, desk.wechat), row(post, desk.weibo)
    assert (wechat.status, weibo.status) == ("scheduled", "scheduled")
    assert wechat.prepared["steps"] == {"draft": "m1"}
    assert wechat.late_from == at
    assert weibo.late_from == at + timedelta(seconds=2700)
    assert fresh_post(post).publish_at == at


def test_what_is_going_cannot_be_moved(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    force(row(post, desk.weibo), "committing", now)
    with pytest.raises(Conflict):
        publishing.schedule(desk.author, post.id, publish_at=now + timedelta(days=2), now=now)
    with pytest.raises(Conflict):
        publishing.unschedule(desk.author, post.id, now=now)


@pytest.mark.parametrize("status", ["scheduled", "preparing", "ready", "held", "missed", "failed"])
def test_an_edit_withdraws_the_schedule_until_it_goes(desk: Desk, now: datetime, status: str) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    force(row(post, desk.wechat), status, now, prepared={"steps": {"draft": "m1"}, "ready": True})
    posts.revise_post(desk.author, post.id, {"title": "改过的标题"}, fresh_post(post).version, now)
    found = row(post, desk.wechat)
    assert found.status == "cancelled"
    assert found.discard_at is not None
    after = fresh_post(post)
    assert (after.status, after.publish_at, after.needs_attention) == ("draft", None, False)


@pytest.mark.parametrize("status", ["committing", "processing", "unknown", "published", "handed_over"])
def test_an_edit_is_refused_from_committing_on(desk: Desk, now: datetime, status: str) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    force(row(post, desk.wechat), status, now)
    with pytest.raises(Conflict):
        posts.revise_post(desk.author, post.id, {"title": "改过的标题"}, fresh_post(post).version, now)
    assert row(post, desk.wechat).status == status


def test_unscheduling_leaves_an_approved_post(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    publishing.unschedule(desk.author, post.id, now=now)
    after = fresh_post(post)
    assert (after.status, after.publish_at) == ("approved", None)
    assert {p.status for p in db.session.query(Publication)} == {"cancelled"}
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=3), now=now)
    assert row(post, desk.weibo).status == "scheduled"
