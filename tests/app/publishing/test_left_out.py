"""What was taken off while another part of the post went out all the same: it follows, alone, and what went is not sent again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.db import atomic, db
from app.errors import Conflict
from app.posts.models import Post
from app.publishing import claims, committing, preparing, strays
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.values import Outcome, prepared_of
from connectors.values import Receipt
from tests.app.publishing.kit import Desk, claim_of, force, fresh_post, row, schedule_of
from tests.app.publishing.test_late_words import READY, UNKNOWN, begun
from tests.app.publishing.test_strays import LATER, listed
from tests.app.publishing.web import browser

LIVE = Receipt(external_id="w1", url="https://weibo.com/1", live=True)


@pytest.fixture
def later(now: datetime) -> datetime:
    return now + LATER


@pytest.fixture
def post(desk: Desk, now: datetime, later: datetime) -> Post:
    """On both, WeChat first: its answer was lost, a person took it for not sent, and the post was taken off. It turned up, and
    a person said that it is out."""
    made = desk.approved()
    publishing.schedule(desk.author, made.id, publish_at="now", order="wechat_first", now=now)
    force(
        row(made, desk.weibo), "ready", now, prepared={"steps": {"checked": "1"}, "ready": True}, next_attempt_at=None
    )
    force(row(made, desk.wechat), "ready", now, prepared=READY, next_attempt_at=now)
    claim, started = begun(now)
    committing.record_answer(claim, started.attempt_id, UNKNOWN, [], now)
    gone, at = row(made, desk.wechat).id, now + timedelta(hours=1)
    publishing.resolve(desk.publisher, gone, outcome="not_published", reason="没看到", now=at)
    publishing.unschedule(desk.author, made.id, now=at)
    strays.note_listed(desk.wechat.id, [listed(row(made, desk.wechat))], later)
    publishing.resolve(desk.publisher, gone, outcome="published", reason="确是这一条", now=later)
    assert (row(made, desk.wechat).status, row(made, desk.weibo).status) == ("published", "cancelled")
    return made


def goes_out(desk: Desk, post: Post, at: datetime) -> None:
    """Prepared, claimed and sent: nothing but the Weibo one."""
    (claim,) = claims.claim_preparations("w", 8, at)
    assert claim.publication_id == row(post, desk.weibo).id
    preparing.save_step(claim, prepared_of({"steps": {"checked": "1"}, "ready": True}), [], at)
    (claim,) = claims.claim_commits("w", 8, at)
    assert claim.publication_id == row(post, desk.weibo).id
    started = committing.begin(claim, "w", at)
    assert started is not None
    committing.record_answer(claim, started.attempt_id, Outcome(kind="receipt", receipt=LIVE), [], at)


@pytest.mark.parametrize("became", ["published", "recalled", "removed"])
def test_the_missing_part_follows_and_what_went_is_left_alone(
    desk: Desk, post: Post, later: datetime, became: str
) -> None:
    out = row(post, desk.wechat)
    force(out, became, later)
    fence, changes = out.fence, len(out.changes)
    assert publishing.schedule(desk.author, post.id, publish_at="now", now=later).id == schedule_of(post).id
    assert (row(post, desk.weibo).status, row(post, desk.weibo).discard_at) == ("scheduled", None)
    goes_out(desk, post, later)
    assert row(post, desk.weibo).status == "published"
    kept = row(post, desk.wechat)
    assert (kept.id, kept.status, kept.fence, len(kept.changes)) == (out.id, became, fence, changes)
    assert len(kept.attempts) == 1
    assert fresh_post(post).status == ("published" if became == "published" else "partly_published")
    with pytest.raises(Conflict, match="不能改期"):
        publishing.schedule(desk.author, post.id, publish_at="now", now=later)


def test_a_newer_schedule_that_is_taken_off_brings_no_second_one(desk: Desk, post: Post, later: datetime) -> None:
    """Recalled while a newer schedule stood: when that is gone, the part that went is still known to have gone."""
    force(row(post, desk.wechat), "recalled", later)
    with atomic():
        schedule_of(post).withdrawn_at = later
    db.session.rollback()
    first = row(post, desk.wechat).id
    with atomic():
        db.session.get_one(Post, post.id).status = "approved"
    publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    publishing.unschedule(desk.author, post.id, now=later)
    publishing.schedule(desk.author, post.id, publish_at="now", now=later)
    standing = [one for one in db.session.query(Publication).filter_by(post_id=post.id) if one.status == "scheduled"]
    assert [one.account_id for one in standing] == [desk.weibo.id]
    assert db.session.get_one(Publication, first).status == "recalled"


def test_while_its_draft_is_being_deleted_it_waits_a_moment(desk: Desk, post: Post, later: datetime) -> None:
    (claim,) = claims.claim_errands("w", 8, later)
    assert claim.publication_id == row(post, desk.weibo).id
    with pytest.raises(Conflict, match="正在平台上删除"):
        publishing.schedule(desk.author, post.id, publish_at="now", now=later)
    claims.take_over(later + timedelta(hours=1))
    publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    assert claims.claim_errands("w", 8, later + timedelta(hours=1)) == [], "what it left there is used, not deleted"
    assert claim_of(row(post, desk.weibo)).fence > claim.fence


def test_one_that_waits_moves_without_what_was_taken_off_alone(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + LATER, now=now)
    publishing.cancel(desk.publisher, row(post, desk.weibo).id, reason="只发微信", now=now)
    publishing.schedule(desk.author, post.id, publish_at=now + LATER + LATER, now=now)
    assert (row(post, desk.weibo).status, row(post, desk.wechat).status) == ("cancelled", "scheduled")


def test_the_page_offers_it_by_name(app: Flask, desk: Desk, post: Post) -> None:
    page = browser(app, desk.author).get(f"/posts/{post.id}/publications-panel").text
    assert "安排没发的部分" in page
    assert f"只发 微博 {desk.weibo.name}，已发出的不会再发。" in page
