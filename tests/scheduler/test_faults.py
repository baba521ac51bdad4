"""Faults of our own: a busy database, a bug. Nothing is lost, nothing waits without a reason, nothing goes round for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.accounts import connections
from app.db import atomic, db, persist, utcnow
from app.publishing import committing, errands, preparing, verifying
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.values import Claim, prepared_of
from connectors.base import Connector
from scheduler import publisher
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Clockwork, Desk, claim_of, force, row
from tests.scheduler.test_bad_weather import accepted

BUSY = OperationalError("UPDATE", {}, Exception("database is locked"))


def failing(real: Callable[..., Any], error: Exception, times: int) -> Callable[..., Any]:
    """A function that raises `error` the first `times` times, then does what it always did."""
    left = [error] * times

    def call(*values: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return real(*values, **named)

    return call


def test_an_answer_is_saved_though_the_database_is_busy(desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settling fails twice after the platform took it: neither lost, nor unknown, nor sent again."""
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    monkeypatch.setattr(committing, "settle", failing(committing.settle, BUSY, 2))
    Clockwork.make().until(lambda: row(post, desk.weibo).status == "published")
    found = row(post, desk.weibo)
    assert [change.after for change in found.changes] == ["preparing", "ready", "committing", "published"]
    assert (accepted(sim, "status"), len(found.attempts)) == (1, 1)


def test_recording_gives_up_in_the_end_and_other_faults_are_told_at_once(desk: Desk) -> None:
    asked = []

    def busy() -> None:
        asked.append(1)
        raise BUSY

    with pytest.raises(OperationalError):
        persist(busy, seconds=0.3)
    assert len(asked) > 1
    asked.clear()
    with pytest.raises(OperationalError), atomic():
        persist(busy, seconds=5)
    assert len(asked) == 1
    with pytest.raises(ZeroDivisionError):
        persist(lambda: 1 / 0)


def test_a_fault_while_preparing_is_said_and_tried_again(desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    monkeypatch.setattr(preparing, "refusal", failing(preparing.refusal, KeyError("rule"), 1))
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.weibo).prepare_tries == 1)
    found = row(post, desk.weibo)
    assert (found.status, found.claim_owner) == ("preparing", "")
    assert "程序出错" in found.why
    assert "KeyError" not in found.why
    assert found.next_attempt_at is not None
    force(found, "preparing", utcnow(), next_attempt_at=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "published")
    assert accepted(sim, "status") == 1


def test_a_fault_that_took_longer_than_the_claim_is_no_failure(
    desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away while preparing; meanwhile somebody else took the publication over."""
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())

    def away(claim: Claim) -> None:
        with atomic():
            db.session.execute(update(Publication).values(fence=Publication.fence + 1))
        raise BUSY

    monkeypatch.setattr(preparing, "refusal", away)
    clock = Clockwork.make()
    with capture_logs() as lines:
        clock.publish()
    assert row(post, desk.weibo).prepare_tries == 0
    told = {line["event"] for line in lines}
    assert "claim lost" in told
    assert "work failed" not in told


@pytest.mark.parametrize("where", ["recheck", "connect"])
def test_a_fault_before_sending_is_said_and_tried_again(
    desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.publish()
    assert row(post, desk.weibo).status == "ready"
    at: Any = connections if where == "connect" else type(connections.connect(desk.weibo))
    monkeypatch.setattr(at, where, failing(getattr(at, where), KeyError("draft"), 1))
    clock.publish()
    found = row(post, desk.weibo)
    assert (found.status, found.claim_owner, found.attempts) == ("ready", "", [])
    assert "程序出错" in found.why
    assert "KeyError" not in found.why
    force(found, "ready", utcnow(), next_attempt_at=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "published")
    assert accepted(sim, "status") == 1


def test_an_errand_with_a_fault_is_left_to_people(desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.weibo).status == "published")
    publishing.recall(desk.publisher, row(post, desk.weibo).id, reason="有误", now=utcnow())
    kind = type(connections.connect(desk.weibo))
    monkeypatch.setattr(kind, "recall", failing(kind.recall, ValueError("index"), 9))
    clock.reconcile()
    found = row(post, desk.weibo)
    assert (found.status, found.recall_at, found.claim_owner) == ("published", None, "")
    assert "手动" in found.why


@pytest.mark.parametrize("errand", ["recall", "discard"])
def test_a_fault_while_connecting_for_an_errand_ends_no_errand(
    desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch, errand: str
) -> None:
    """The database was away for a moment: nothing was asked of the platform, so nobody need finish it by hand."""
    recalls = errand == "recall"
    account = desk.weibo if recalls else desk.wechat
    post = desk.approved(accounts=[account])
    hour: Any = "now" if recalls else utcnow() + timedelta(minutes=5)
    publishing.schedule(desk.author, post.id, publish_at=hour, now=utcnow())
    clock, order = Clockwork.make(), publishing.recall if recalls else publishing.cancel
    clock.until(lambda: row(post, account).status == ("published" if recalls else "ready"))
    # At this account's level the platform itself takes nothing back.
    monkeypatch.setattr(type(connections.connect(desk.weibo)), "recall", lambda _connector, _receipt: None)
    order(desk.publisher, row(post, account).id, reason="有误", now=utcnow())
    found, field = row(post, account), f"{errand}_at"
    force(found, found.status, utcnow(), **{field: utcnow()})
    monkeypatch.setattr(connections, "connect", failing(connections.connect, BUSY, 1))
    clock.reconcile()
    found = row(post, account)
    assert getattr(found, field) > utcnow() + timedelta(minutes=4)
    assert found.claim_owner == ""
    assert "系统会再试" in found.why
    force(found, found.status, utcnow(), **{field: utcnow()})
    clock.reconcile()
    found = row(post, account)
    assert getattr(found, field) is None
    assert "系统会再试" not in found.why
    assert found.status == ("recalled" if recalls else "cancelled")


@pytest.mark.parametrize("where", [(verifying, "load"), (errands, "finish_discard"), (connections, "connect")])
def test_an_errand_survives_whatever_breaks_and_is_counted(
    desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str]
) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(days=1), now=utcnow())
    ready = {"steps": {"draft": "m1"}, "ready": True}
    force(row(post, desk.wechat), "cancelled", utcnow(), prepared=ready, discard_at=utcnow())
    home, name = where
    monkeypatch.setattr(home, name, failing(getattr(home, name), ValueError("index"), 9))
    kind = type(connections.connect(desk.wechat)) if name != "connect" else Connector
    monkeypatch.setattr(kind, "discard", lambda _connector, _prepared: None)
    clock = Clockwork.make()
    with capture_logs() as lines:
        clock.reconcile()
    found = row(post, desk.wechat)
    assert (found.claim_owner, found.errand_failures) == ("", 1)
    assert found.discard_at is not None
    assert found.discard_at > utcnow() + timedelta(minutes=4)
    (line,) = (line for line in lines if line["event"] == "publication.errand_failed")
    assert (line["publication"], line["post"], line["failures"]) == (found.id, post.id, 1)


@pytest.mark.parametrize("where", [(connections, "connect"), (verifying, "load")])
@pytest.mark.parametrize("status", ["unknown", "published", "handed_over"])
def test_a_fault_around_a_check_counts_as_a_question(
    desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch, status: str, where: tuple[Any, str]
) -> None:
    """It does not go round for ever: when the rhythm is used up, a person is asked."""
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    force(row(post, desk.wechat), status, utcnow(), next_attempt_at=utcnow(), hand_over=status == "handed_over")
    home, name = where
    monkeypatch.setattr(home, name, failing(getattr(home, name), ValueError("index"), 9))
    Clockwork.make().reconcile()
    found = row(post, desk.wechat)
    assert (found.status, found.checks, found.claim_owner) == (status, 1, "")
    assert found.next_attempt_at is not None
    assert found.next_attempt_at > utcnow()


def test_a_quarter_of_the_pool_stays_free_for_what_is_due(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        post = desk.approved(f"第{number}篇")
        publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(minutes=5), now=utcnow())
    clock = Clockwork.make()
    # Beside what each account may have in flight.
    clock.runtime.preparations.held = None
    taken: list[str] = []
    monkeypatch.setattr(publisher, "prepare", lambda _runtime, claim: taken.append(claim.publication_id))
    clock.publish()
    assert len(taken) == clock.runtime.threads * 3 // 4


def test_the_box_is_looked_into_by_the_scheduler(app_on_simulator: Any, sim: Sim) -> None:
    """Draft mode over real HTTP: the draft stands, then a person deletes or publishes it at the platform."""
    desk = Desk(utcnow(), wechat_mode="draft")
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.wechat).status == "handed_over")
    force(row(post, desk.wechat), "handed_over", utcnow(), next_attempt_at=utcnow())
    clock.reconcile()
    assert row(post, desk.wechat).readbacks[-1]["finding"] == "draft_stands"
    connector: Connector = connections.connect(desk.wechat)
    db.session.rollback()
    connector.discard(prepared_of(row(post, desk.wechat).prepared))
    db.session.rollback()
    force(row(post, desk.wechat), "handed_over", utcnow(), next_attempt_at=utcnow())
    clock.reconcile()
    found = row(post, desk.wechat)
    assert (found.readbacks[-1]["finding"], found.next_attempt_at) == ("draft_gone", None)
    assert found.readbacks[-1]["exchanges"]
    assert claim_of(found).fence > 0
