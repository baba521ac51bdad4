"""Draft mode: what shows that a person really pressed the button."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.config import current
from app.db import db
from app.errors import Invalid
from app.notices.models import Notice
from app.publishing import claims, handing, verifying
from app.publishing import services as publishing
from app.publishing.models import Publication
from tests.app.publishing.kit import Desk, force, row

LINK = "https://mp.weixin.qq.com/s/abc"
READY = {"steps": {"draft": "m1"}, "ready": True}


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now, wechat_mode="draft")


@pytest.fixture
def waiting(desk: Desk, now: datetime) -> Publication:
    """Handed over at `now`."""
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    force(row(post, desk.wechat), "ready", now, prepared=READY, next_attempt_at=now)
    assert claims.claim_commits("w", 8, now) == []
    found = row(post, desk.wechat)
    assert found.status == "handed_over"
    return found


def look(gone: bool | None, at: datetime) -> None:
    (claim,) = claims.claim_checks("w", 8, at)
    question = verifying.load(claim)
    assert question is not None
    assert question.by_hand
    handing.record_draft(claim, gone, [], at)


def alarms(title: str) -> int:
    return db.session.scalar(select(func.count(Notice.id)).where(Notice.title.startswith(title))) or 0


def test_a_draft_that_is_gone_is_said_once_and_asked_no_more(desk: Desk, waiting: Publication, now: datetime) -> None:
    assert claims.claim_checks("w", 8, now) == []
    first = now + handing.FIRST_LOOK
    look(False, first)
    found = row(waiting.post_id, desk.wechat)
    assert (found.status, found.next_attempt_at, found.claim_owner) == ("handed_over", first + handing.THEN, "")
    look(True, first + handing.THEN)
    found = row(waiting.post_id, desk.wechat)
    assert (found.status, found.next_attempt_at) == ("handed_over", None)
    assert "草稿已不在草稿箱" in found.why
    assert [entry["finding"] for entry in found.readbacks] == ["draft_stands", "draft_gone"]
    assert alarms("请填回链接") == 1


def test_the_box_is_not_asked_for_ever(desk: Desk, waiting: Publication, now: datetime) -> None:
    at, asked = now, 0
    while (following := row(waiting.post_id, desk.wechat).next_attempt_at) is not None:
        at, asked = following, asked + 1
        look(None, at)
    assert asked == 12
    assert at < now + timedelta(hours=7)


@pytest.mark.parametrize("url", ["https://example.cn/s/abc", "https://mp.weixin.qq.com.example.cn/s/abc"])
def test_a_link_to_elsewhere_is_refused(desk: Desk, waiting: Publication, now: datetime, url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        publishing.resolve(desk.author, waiting.id, outcome="published", url=url, reason="已发", now=now)
    assert "mp.weixin.qq.com" in refusal.value.message
    assert row(waiting.post_id, desk.wechat).status == "handed_over"


def test_a_drills_link_may_be_the_simulators(desk: Desk, waiting: Publication, now: datetime) -> None:
    url = f"{current().simulator_url}/s/abc"
    publishing.resolve(desk.author, waiting.id, outcome="published", url=url, reason="已发", now=now)
    assert row(waiting.post_id, desk.wechat).url == url


def test_a_statement_is_only_that_while_the_draft_stands(desk: Desk, waiting: Publication, now: datetime) -> None:
    publishing.resolve(desk.author, waiting.id, outcome="published", url=LINK, reason="已发", now=now)
    at = row(waiting.post_id, desk.wechat).next_attempt_at
    assert at is not None
    look(False, at)
    found = row(waiting.post_id, desk.wechat)
    assert found.status == "published"
    assert "未能核实" in found.why
    assert alarms("填报已发布，但草稿还在") == 1
    force(found, "published", now, claim_owner="", claim_until=None, next_attempt_at=at)
    look(False, at)
    assert alarms("填报已发布，但草稿还在") == 1
    force(found, "published", now, claim_owner="", claim_until=None, next_attempt_at=at)
    look(True, at)
    found = row(waiting.post_id, desk.wechat)
    assert (found.why, found.readbacks[-1]["finding"]) == ("", "draft_gone")
    assert not handing.asks_for_draft(found)
