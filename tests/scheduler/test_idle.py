"""A scheduler with nothing to do asks one question a second, and hears of everything that there is to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import event, update

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.inbox.models import Conversation, Message
from app.inbox.services import reply
from app.notices.models import AlertChannel, Delivery, Notice
from app.publishing import services as publishing
from app.system import agenda
from connectors.values import InboundMedia
from scheduler import __main__ as scheduler
from scheduler import jobs
from scheduler.__main__ import Lookout
from tests.app.accounts.kit import Sim
from tests.app.previews.kit import ask, draft
from tests.app.publishing.kit import Clockwork, Desk, row
from tests.scheduler.test_revoked import _letter
from tests.scheduler.test_sender import TEXT, letter

# What each tick may ask when it finds nothing; the inspector goes through every account.
MOST = {"reconciler": 6, "sender": 2, "previewer": 1, "poller": 2, "media": 2, "telling": 1, "notices": 1}


class Ticks:
    """Instead of the tick table's clock: which were started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def get_job(self, name: str) -> Any:
        return SimpleNamespace(modify=lambda next_run_time: self.started.append(name))


@contextmanager
def statements() -> Iterator[list[str]]:
    found: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def quiet(desk: Desk) -> Clockwork:
    """Nothing is due for an hour; a post waits for tomorrow."""
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(days=1), now=utcnow())
    later = utcnow() + timedelta(hours=1)
    with atomic():
        db.session.execute(update(Account).values(checked_at=utcnow(), next_poll_at=later, next_reading_at=later))
    return Clockwork.make()


def look(clock: Clockwork) -> tuple[datetime | None, set[str], list[str]]:
    """When the publisher must look, the ticks that were started, what was asked."""
    ticks = Ticks()
    lookout = Lookout(clock.runtime, cast(Any, ticks))
    db.session.rollback()
    with statements() as asked:
        due = lookout.look(utcnow())
    return due, set(ticks.started), asked


def test_an_idle_round_asks_one_question(desk: Desk, quiet: Clockwork) -> None:
    due, started, asked = look(quiet)
    assert due is not None
    assert due > utcnow() + timedelta(hours=20)
    assert started == set()
    assert len([statement for statement in asked if not statement.startswith("BEGIN")]) == 1


def _answer(desk: Desk, sim: Sim) -> None:
    reply(desk.person("responder", desk.city, "responder"), letter(desk, sim), text=TEXT, now=utcnow())


def _dead_answer(desk: Desk, sim: Sim) -> None:
    _answer(desk, sim)
    sending = {"status": "sending", "claim_owner": "gone", "claim_until": utcnow() - timedelta(seconds=1)}
    with atomic():
        db.session.execute(update(Message).where(Message.direction == "out").values(**sending))


def _snoozed(desk: Desk, sim: Sim) -> None:
    letter(desk, sim)
    over = {"status": "snoozed", "snoozed_until": utcnow() - timedelta(seconds=1)}
    with atomic():
        db.session.execute(update(Conversation).values(**over))


def _preview(desk: Desk, sim: Sim) -> None:
    ask(desk, draft(desk))


def _poll(desk: Desk, sim: Sim) -> None:
    with atomic():
        db.session.execute(update(Account).where(Account.id == desk.weibo.id).values(next_poll_at=utcnow()))


def _probe(desk: Desk, sim: Sim) -> None:
    with atomic():
        db.session.execute(update(Account).where(Account.id == desk.weibo.id).values(probe_requested_at=utcnow()))


def _picture(desk: Desk, sim: Sim) -> None:
    _letter(desk, media=(InboundMedia(kind="image", media_id="m1"),))


def _transition(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(days=1), now=utcnow())
    publishing.cancel(desk.publisher, row(post, desk.weibo).id, reason="不发了", now=utcnow())


def _alarm(desk: Desk, sim: Sim) -> None:
    now = utcnow()
    with atomic():
        channel = AlertChannel(unit_id=desk.city.id, kind="email", target={"address": "a@example.cn"}, created_at=now)
        notice = Notice(key="k", kind="account", level="alarm", unit_id=desk.city.id, title="授权到期", at=now)
        db.session.add_all((channel, notice))
        db.session.flush()
        db.session.add(Delivery(notice_id=notice.id, channel_id=channel.id, next_at=now))


@pytest.mark.parametrize(
    ("happens", "tick"),
    [
        (_answer, "sender"),
        (_dead_answer, "sender"),
        (_snoozed, "sender"),
        (_preview, "previewer"),
        (_poll, "poller"),
        (_probe, "poller"),
        (_picture, "media"),
        (_transition, "telling"),
        (_alarm, "notices"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.__name__),
)
def test_whatever_there_is_to_do_is_heard_of(
    desk: Desk, quiet: Clockwork, sim: Sim, happens: Callable[[Desk, Sim], None], tick: str
) -> None:
    happens(desk, sim)
    _due, started, asked = look(quiet)
    assert tick in started
    assert len([statement for statement in asked if not statement.startswith("BEGIN")]) == 1


def test_every_tick_of_the_agenda_is_in_the_table(desk: Desk, quiet: Clockwork) -> None:
    by_name = {job.name: job for job in jobs.table(quiet.runtime)}
    assert set(by_name) >= agenda.ASKED
    assert {by_name[name].seconds for name in agenda.ASKED} == {jobs.SELDOM}


def test_a_tick_with_nothing_to_do_asks_little(desk: Desk, quiet: Clockwork) -> None:
    by_name = {job.name: job for job in jobs.table(quiet.runtime)}
    for name, most in MOST.items():
        db.session.rollback()
        by_name[name].run()
        db.session.rollback()
        with statements() as asked:
            by_name[name].run()
        asked = [statement for statement in asked if not statement.startswith("BEGIN")]
        assert len(asked) <= most, (name, asked)
    with statements() as asked:
        jobs.beat(quiet.runtime)
    assert len([statement for statement in asked if not statement.startswith("BEGIN")]) <= 4


def test_publishing_goes_on_when_the_agenda_cannot_be_read(
    desk: Desk, quiet: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_now: datetime) -> agenda.Agenda:
        raise RuntimeError("no such table")

    monkeypatch.setattr(agenda, "look", broken)
    due, started, _asked = look(quiet)
    assert due is not None
    assert started == agenda.ASKED


def test_busy_rounds_ask_for_the_rows_alone(
    desk: Desk, quiet: Clockwork, sim: Sim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "LOOK", 3600)
    ticks = Ticks()
    lookout = Lookout(quiet.runtime, cast(Any, ticks))
    lookout.look(utcnow())
    _answer(desk, sim)
    due = lookout.look(utcnow())
    assert due is not None
    assert ticks.started == []


def test_who_is_woken_between_two_looks_looks_as_soon_as_it_may(
    desk: Desk, quiet: Clockwork, sim: Sim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """News comes right after a look: a whole idle round later it would be twice as late."""
    at = 100.0
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(monotonic=lambda: at))
    slept: list[float] = []
    monkeypatch.setattr(scheduler, "wait_for_wake", lambda timeout, _here: slept.append(timeout))
    ticks = Ticks()
    lookout = Lookout(quiet.runtime, cast(Any, ticks))
    scheduler._look_and_wait(quiet.runtime, lookout)
    _answer(desk, sim)
    at += 0.25
    scheduler._look_and_wait(quiet.runtime, lookout)
    assert slept == pytest.approx([scheduler.IDLE, scheduler.LOOK - 0.25])
    assert ticks.started == []
    at += slept[-1]
    scheduler._look_and_wait(quiet.runtime, lookout)
    assert ticks.started == ["sender"]
    assert slept[-1] == pytest.approx(scheduler.IDLE)
