"""Previews over real HTTP: made, sent once, cleared away; and what a scheduler killed in the middle leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest

from app.accounts import quotas
from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.previews import sending
from app.previews.models import PreviewSend
from app.publishing import services as publishing
from connectors.base import Connector
from scheduler import previewer
from scheduler.runtime import Runtime
from tests.app.accounts.kit import GH, Sim
from tests.app.previews.kit import ME, ask, draft, state
from tests.app.publishing.kit import Clockwork, Desk, row
from tests.patience import wait_for
from tests.scheduler.processes import Processes


@pytest.fixture
def phone(sim: Sim) -> str:
    sim.call("POST", "/_sim/phones", {"external_id": GH, "wechat_id": ME})
    return ME


def arrived(sim: Sim) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = sim.call("GET", "/_sim/previews")["items"]
    return items


def drafts(sim: Sim) -> int:
    return sum(1 for each in sim.server.state.all("draft", f"wechat:{GH}") if not each["gone"])


def go(clock: Clockwork) -> None:
    clock.aside(lambda: previewer.tick(clock.runtime, clock.runtime.clock()))


def later(clock: Clockwork, **by: float) -> None:
    moment = utcnow() + timedelta(**by)
    clock.aside(lambda: previewer.tick(clock.runtime, moment))


def test_sent_once_and_cleared_away_after_half_an_hour(desk: Desk, sim: Sim, phone: str) -> None:
    order = ask(desk, draft(desk))
    clock = Clockwork.make()
    for _round in range(3):
        go(clock)
    found = state(order)
    assert (found.status, found.losses, found.claim_owner) == ("sent", [], "")
    [one] = arrived(sim)
    assert (one["wechat_id"], one["title"]) == (ME, "住房租赁新政解读")
    assert sim.call("GET", "/_sim/accepted")["items"] == []
    assert found.exchanges
    assert "wechat-app-secret" not in str(found.exchanges)
    # As long as it stands the phone shows it; then it goes.
    assert drafts(sim) == 1
    later(clock, minutes=29)
    assert drafts(sim) == 1
    later(clock, minutes=31)
    assert drafts(sim) == 0
    assert state(order).discard_at is None


def test_a_publication_beside_it_keeps_its_own_draft_and_uploads_nothing_again(
    desk: Desk, sim: Sim, phone: str
) -> None:
    post = desk.approved(accounts=[desk.wechat])
    order = ask(desk, post)
    clock = Clockwork.make()
    go(clock)
    uploads = sim.asked("material/add_material")
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(minutes=5), now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status == "ready")
    assert sim.asked("material/add_material") == uploads
    assert drafts(sim) == 2
    later(clock, minutes=31)
    assert state(order).discard_at is None
    assert drafts(sim) == 1
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status in ("processing", "published"))


def still(hold: Event) -> None:
    hold.wait(30)


def test_slow_previews_take_no_more_threads_each_round_and_starve_no_deletion(desk: Desk, sim: Sim, phone: str) -> None:
    clock = Clockwork.make()
    clock.runtime = Runtime(worker=clock.runtime.worker, context=clock.runtime.context, clock=utcnow)
    first = ask(desk, draft(desk))
    go(clock)
    with atomic():
        db.session.get_one(PreviewSend, first.id).discard_at = utcnow()
    second = ask(desk, draft(desk, title="第二篇"))
    hold = Event()
    try:
        for _slow in range(previewer.AT_ONCE):
            clock.runtime.submit(partial(still, hold), "preview")
        db.session.rollback()
        with clock.runtime.context():
            assert previewer.tick(clock.runtime, utcnow()) == 1
        wait_for("the first's discarding", lambda: state(first).discard_at is None)
        assert (state(first).discard_at, state(second).status) == (None, "queued")
    finally:
        hold.set()
    assert clock.runtime.wait_idle(10)
    go(clock)
    assert state(second).status == "sent"


def test_previews_leave_more_of_the_pool_free_than_preparing_does(desk: Desk, sim: Sim, phone: str) -> None:
    order, clock, hold = ask(desk, draft(desk)), Clockwork.make(), Event()
    try:
        for _busy in range(clock.runtime.threads // 2):
            clock.runtime.submit(partial(still, hold), "prepare")
        assert clock.runtime.free() > clock.runtime.threads // 4
        db.session.rollback()
        with clock.runtime.context():
            assert previewer.tick(clock.runtime, utcnow()) == 0
    finally:
        hold.set()
    assert clock.runtime.wait_idle(10)
    assert state(order).status == "queued"


@pytest.mark.parametrize(
    ("prepare", "code", "words"),
    [
        (lambda sim: None, "40132", "微信号不正确"),
        (
            lambda sim: sim.call("POST", "/_sim/phones", {"external_id": GH, "wechat_id": ME, "following": False}),
            "43004",
            "没有关注公众号",
        ),
        (lambda sim: sim.fault("refuse", path="mass/preview", code=48001), "48001", "没有预览接口的权限"),
        (lambda sim: sim.fault("refuse", path="draft/add", code=45003), "45003", "标题太长"),
        (lambda sim: sim.fault("http_502", path="draft/add"), "HTTP 502", "没有发出"),
    ],
)
def test_what_went_wrong_is_said_and_nothing_stays_behind(
    desk: Desk, sim: Sim, prepare: Callable[[Sim], object], code: str, words: str
) -> None:
    prepare(sim)
    order = ask(desk, draft(desk))
    clock = Clockwork.make()
    go(clock)
    found = state(order)
    assert (found.status, found.error_code) == ("failed", code)
    assert words in found.error_cause + found.error_remedy
    assert "自动重试" not in found.error_remedy
    assert found.error_who
    later(clock, seconds=1)
    later(clock, seconds=120)
    assert drafts(sim) == 0
    assert state(order).discard_at is None
    assert arrived(sim) == []


def test_a_lost_answer_may_have_arrived_and_a_person_may_send_again(desk: Desk, sim: Sim, phone: str) -> None:
    sim.fault("drop_answer", path="mass/preview")
    post = draft(desk)
    order = ask(desk, post)
    clock = Clockwork.make()
    for _round in range(3):
        go(clock)
    found = state(order)
    assert found.status == "unknown"
    assert "可能已收到" in found.error_cause
    assert len(arrived(sim)) == 1
    again = ask(desk, post, now=utcnow() + timedelta(seconds=6))
    go(clock)
    assert state(again).status == "sent"
    assert len(arrived(sim)) == 2


def test_the_hundredth_is_the_last_and_publishing_goes_on(desk: Desk, sim: Sim, phone: str) -> None:
    """Refused by our own ledger, before the platform is asked; other calls are not concerned."""
    with atomic():
        db.session.get_one(Account, desk.wechat.id).settings = {"quotas": {"message/mass/preview": 1}}
    clock = Clockwork.make()
    first = ask(desk, draft(desk))
    go(clock)
    second = ask(desk, draft(desk, title="第二篇"))
    go(clock)
    assert (state(first).status, state(second).status) == ("sent", "failed")
    assert "发手机预览" in state(second).error_cause
    assert len(arrived(sim)) == 1
    assert quotas.blocked_until(desk.wechat.id, "draft/add", utcnow()) is None
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status in ("processing", "published"))


def test_the_platforms_own_limit_stops_previews_only(desk: Desk, sim: Sim, phone: str) -> None:
    sim.fault("exhaust_quota", path="mass/preview")
    order = ask(desk, draft(desk))
    clock = Clockwork.make()
    go(clock)
    assert state(order).error_code == "45009"
    assert quotas.blocked_until(desk.wechat.id, "message/mass/preview", utcnow()) is not None
    assert quotas.blocked_until(desk.wechat.id, "draft/add", utcnow()) is None


def test_what_cannot_be_deleted_is_tried_again_and_then_told(desk: Desk, sim: Sim, phone: str) -> None:
    order = ask(desk, draft(desk))
    clock = Clockwork.make()
    go(clock)
    sim.fault("http_502", path="draft/delete", times=-1)
    later(clock, minutes=31)
    found = state(order)
    assert found.discard_at is not None
    assert "系统会再试" in found.left_behind
    for hours in range(1, sending.MOST_TRIES + 1):
        later(clock, hours=hours * 2)
    found = state(order)
    assert (found.discard_at, found.discard_tries) == (None, sending.MOST_TRIES)
    assert "手动删除" in found.left_behind


def test_a_fault_of_ours_is_an_end_with_words(
    desk: Desk, sim: Sim, phone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Connector, *_values: object, **_named: object) -> None:
        raise KeyError("draft")

    from connectors.wechat.connector import WeChatConnector

    monkeypatch.setattr(WeChatConnector, "send_preview", broken)
    order = ask(desk, draft(desk))
    go(Clockwork.make())
    found = state(order)
    assert (found.status, found.error_who) == ("unknown", "系统管理员")
    assert "程序出错" in found.error_cause


def unfinished(order: PreviewSend, *status: str) -> bool:
    return state(order).status in status


def test_killed_between_draft_and_preview_nothing_is_sent_and_nothing_stays(
    desk: Desk, sim: Sim, phone: str, processes: Processes
) -> None:
    """kill -9 with the draft standing: the next scheduler says that it broke off and deletes the draft."""
    sim.fault("delay", path="draft/get", seconds=30)
    order = ask(desk, draft(desk))
    first = processes.fork()
    processes.until("the draft stands", lambda: drafts(sim) == 1)
    processes.until("its number is saved", lambda: "draft" in str(state(order).prepared))
    processes.kill_fork(first)
    sim.call("DELETE", "/_sim/faults")
    processes.fork()
    processes.until("the end is said", lambda: unfinished(order, "failed"))
    processes.until("the draft is gone", lambda: drafts(sim) == 0 and state(order).discard_at is None)
    assert state(order).error_code == "lost"
    assert arrived(sim) == []


def test_killed_while_the_platform_answers_it_is_never_sent_again(
    desk: Desk, sim: Sim, phone: str, processes: Processes
) -> None:
    sim.fault("delay", path="mass/preview", seconds=3)
    order = ask(desk, draft(desk))
    first = processes.fork()
    processes.until("the call has begun", lambda: unfinished(order, "sending"))
    processes.kill_fork(first)
    processes.fork()
    processes.until("the end is said", lambda: unfinished(order, "unknown"))
    assert "可能已收到" in state(order).error_cause
    assert len(arrived(sim)) <= 1
    assert sim.asked("message/mass/preview") <= 1
