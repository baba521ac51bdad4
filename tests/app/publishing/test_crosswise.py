"""Somebody edits the post at the very moment a worker records something: they wait for each other, never crosswise."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from app.db import atomic, db
from app.errors import TandemError
from app.publishing import claims, committing, permalink, preparing, pushdown
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.values import Lost, Outcome
from app.publishing.withdrawing import cancel_one, withdraw
from connectors.values import Prepared, Receipt
from tests.app.publishing.kit import Desk, force, row

READY = {"steps": {"draft": "m1"}, "ready": True}


def at_once(app: Flask, first: Callable[[threading.Event], None], second: Callable[[], object]) -> list[Exception]:
    """`second` in another thread as soon as `first` says; what either raised."""
    go, raised = threading.Event(), list[Exception]()

    def run(work: Callable[[], object]) -> None:
        with app.app_context():
            try:
                work()
            except (TandemError, DBAPIError) as error:
                raised.append(error)
            finally:
                go.set()

    def follow() -> None:
        assert go.wait(10)
        second()

    db.session.rollback()
    threads = [threading.Thread(target=run, args=(work,)) for work in (lambda: first(go), follow)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


def withdrawing(desk: Desk, post_id: str, now: datetime) -> Callable[[threading.Event], None]:
    """As an edit does: the post's row first, its publications a little later."""

    def work(go: threading.Event) -> None:
        with atomic():
            permalink.locked(post_id)
            go.set()
            time.sleep(0.5)
            standing = pushdown.live_schedule(post_id)
            assert standing is not None
            withdraw(standing, desk.author, now, reason="修改")

    return work


def test_an_edit_while_a_step_is_saved(app: Flask, desk: Desk, now: datetime) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    (claim,) = claims.claim_preparations("w", 8, now)
    ready = Prepared(steps={"draft": "m1"}, ready=True)
    raised = at_once(app, withdrawing(desk, post.id, now), lambda: preparing.save_step(claim, ready, [], now))
    assert [type(error) for error in raised] == [Lost]
    assert row(post, desk.wechat).status == "cancelled"


def test_an_edit_while_the_hour_strikes(app: Flask, desk: Desk, now: datetime) -> None:
    """Whoever holds the post goes first; the worker passes it over and looks again."""
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    force(row(post, desk.wechat), "ready", now, prepared=READY, next_attempt_at=now)
    taken: list[object] = []
    raised = at_once(app, withdrawing(desk, post.id, now), lambda: taken.extend(claims.claim_commits("w", 8, now)))
    assert (raised, taken) == ([], [])
    assert row(post, desk.wechat).status == "cancelled"


@pytest.mark.parametrize("accounts", ["weibo", "wechat"])
def test_a_cancel_while_the_partners_answer_is_saved(app: Flask, desk: Desk, now: datetime, accounts: str) -> None:
    """The answer nudges partners; the person changes one of them: both end, nothing is lost."""
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", order=f"{accounts}_first", now=now)
    first = desk.weibo if accounts == "weibo" else desk.wechat
    second = desk.wechat if accounts == "weibo" else desk.weibo
    for account in (first, second):
        force(row(post, account), "ready", now, prepared=READY, next_attempt_at=now)
    (claim,) = claims.claim_commits("w", 8, now)
    started = committing.begin(claim, "w", now)
    assert started is not None
    attempt_id, waiting = started.attempt_id, row(post, second).id
    live = Outcome(kind="receipt", receipt=Receipt(external_id="5", live=True))

    def cancel(go: threading.Event) -> None:
        with atomic():
            permalink.lock_post_of(waiting)
            go.set()
            time.sleep(0.5)
            cancel_one(db.session.get_one(Publication, waiting), desk.publisher, now, reason="不发了")

    assert at_once(app, cancel, lambda: committing.record_answer(claim, attempt_id, live, [], now)) == []
    assert [row(post, account).status for account in (first, second)] == ["published", "cancelled"]
