"""Figures of what was published: an hour, a day and a week after, within the budget for history."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from app.accounts.services import quota_summary
from app.db import atomic, db, utcnow
from app.publishing import counting
from app.publishing import services as publishing
from app.publishing.api import publication_json
from app.publishing.models import Publication, PublicationFigures
from connectors.errors import Unavailable
from connectors.values import Figures
from scheduler import counter
from tests.app.accounts.kit import UID, Sim
from tests.app.publishing.kit import Clockwork, Desk, row


def out(desk: Desk, clock: Clockwork) -> Publication:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "published")
    return row(post, desk.weibo)


def known(publication: Publication) -> PublicationFigures:
    db.session.rollback()
    return db.session.get_one(PublicationFigures, publication.id, populate_existing=True)


def tick(clock: Clockwork, at: datetime) -> None:
    clock.aside(lambda: counter.tick(clock.runtime, at))


def test_they_are_read_an_hour_a_day_and_a_week_after(desk: Desk, sim: Sim) -> None:
    clock = Clockwork.make()
    publication = out(desk, clock)
    at = publication.published_at
    assert at is not None
    tick(clock, at + timedelta(minutes=59))
    assert sim.asked("/2/statuses/count.json") == 0
    words = {"platform": "weibo", "external_id": UID, "post": publication.external_id, "text": "好", "author": "小张"}
    sim.call("POST", "/_sim/comments", words)
    tick(clock, at + timedelta(hours=1, seconds=5))
    assert sim.asked("/2/statuses/count.json") == 1
    figures = known(publication)
    assert (figures.reads, figures.comments, figures.likes, figures.reposts) == (None, 1, 0, 0)
    assert publication_json(row(publication.post, desk.weibo))["figures"]["comments"] == 1  # type: ignore[index]
    spent = {line["key"]: line["used"] for line in quota_summary(desk.weibo, utcnow())}
    assert spent["history"] == 1
    for _ in range(3):
        tick(clock, at + timedelta(hours=2))
    assert sim.asked("/2/statuses/count.json") == 1


def test_the_rhythm_ends_after_a_week(app: Flask, desk: Desk) -> None:
    clock = Clockwork.make()
    publication = out(desk, clock)
    at = publication.published_at
    assert at is not None
    told = (Figures(external_id=publication.external_id, comments=1),)
    for after, follows in ((1, timedelta(days=1)), (25, timedelta(days=7)), (24 * 8, None)):
        now = at + timedelta(hours=after, seconds=1)
        [due] = counting.claim(now, 5)
        assert counting.claim(now, 5) == []
        counting.record(due, told, now)
        assert known(publication).next_at == (at + follows if follows else None)
    assert counting.claim(at + timedelta(days=30), 5) == []


def test_where_calls_are_rationed_an_account_is_asked_twice_a_day_at_most(app: Flask, desk: Desk) -> None:
    clock = Clockwork.make()
    first = out(desk, clock)
    at = first.published_at
    assert at is not None
    now = at + timedelta(hours=1, seconds=1)
    [due] = counting.claim(now, 5)
    counting.record(due, (Figures(external_id=first.external_id, comments=1),), now)
    with atomic():
        db.session.get_one(PublicationFigures, first.id).next_at = now
    assert counting.claim(now + timedelta(minutes=1), 5) == []
    assert known(first).next_at == now + timedelta(hours=12)
    assert len(counting.claim(now + timedelta(hours=12), 5)) == 1


def test_what_cannot_be_had_is_said_and_asked_again(desk: Desk, sim: Sim) -> None:
    clock = Clockwork.make()
    publication = out(desk, clock)
    at = publication.published_at
    assert at is not None
    sim.fault("http_502", path="/2/statuses/count.json", times=-1)
    tick(clock, at + timedelta(hours=1, seconds=1))
    figures = known(publication)
    assert figures.note
    assert figures.read_at is None
    assert figures.next_at is not None


def test_a_failure_keeps_what_was_known(app: Flask, desk: Desk) -> None:
    clock = Clockwork.make()
    publication = out(desk, clock)
    at = publication.published_at
    assert at is not None
    now = at + timedelta(hours=2)
    [due] = counting.claim(now, 5)
    counting.record(due, (Figures(external_id=publication.external_id, comments=4, likes=2),), now)
    counting.record_failure(due, Unavailable("微博服务暂停。"), now + timedelta(days=1))
    assert known(publication).comments == 4


def test_what_was_taken_back_is_asked_for_no_more(app: Flask, desk: Desk) -> None:
    clock = Clockwork.make()
    publication = out(desk, clock)
    at = publication.published_at
    assert at is not None
    assert len(counting.claim(at + timedelta(hours=2), 5)) == 1
    with atomic():
        found = db.session.scalars(select(Publication).where(Publication.id == publication.id)).one()
        found.status = "removed"
    assert counting.claim(at + timedelta(hours=3), 5) == []
    assert known(publication).next_at is None
