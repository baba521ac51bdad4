"""Killed processes, lost answers, several schedulers: accepted at most once, nothing lost, the screen tells the truth."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask import Flask

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.posts.models import Post
from app.publishing import heartbeats
from app.publishing import services as publishing
from app.publishing.models import Attempt, Worker
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Clockwork, Desk, fresh_post, hurry, row
from tests.scheduler.processes import Processes

CALLS = [("weibo", "statuses/share", "status"), ("wechat", "freepublish/submit", "publish")]


def accepted(sim: Sim, kind: str) -> int:
    return sum(1 for item in sim.call("GET", "/_sim/accepted")["items"] if item["kind"] == kind)


def account_of(desk: Desk, platform: str) -> Account:
    found: Account = getattr(desk, platform)
    return found


@pytest.mark.parametrize(("platform", "path", "kind"), CALLS)
def test_an_answer_dropped_after_accepting_is_found_and_not_sent_again(
    desk: Desk, sim: Sim, platform: str, path: str, kind: str
) -> None:
    account = account_of(desk, platform)
    post = desk.approved(accounts=[account])
    sim.fault("drop_answer", path=path)
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, account).status == "unknown")
    assert fresh_post(post).needs_attention
    assert accepted(sim, kind) == 1
    sim.call("POST", "/_sim/clock", {"offset_seconds": 5})
    clock.until(lambda: hurry(row(post, account)) or row(post, account).status == "published", reconcile=True)
    assert accepted(sim, kind) == 1
    assert len(row(post, account).attempts) == 1
    assert not fresh_post(post).needs_attention


@pytest.mark.parametrize(("platform", "path", "kind"), CALLS)
def test_killed_between_accepting_and_recording_it_is_found_again_and_not_repeated(
    desk: Desk, sim: Sim, processes: Processes, platform: str, path: str, kind: str
) -> None:
    account = account_of(desk, platform)
    post = desk.approved(accounts=[account])
    sim.fault("delay", path=path, seconds=2)
    first = processes.fork()
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    processes.until("the attempt", lambda: db.session.query(Attempt).count() == 1)
    # The request is on its way (the attempt is saved just before it); the platform answers in two seconds.
    time.sleep(0.7)
    processes.kill_fork(first)
    assert row(post, account).status == "committing"
    processes.until("acceptance", lambda: accepted(sim, kind) == 1)
    processes.fork()
    processes.until("unknown", lambda: row(post, account).status == "unknown")
    sim.call("POST", "/_sim/clock", {"offset_seconds": 5})
    processes.until(
        "published",
        lambda: row(post, account).status == "published" or (hurry(row(post, account)) or False),
    )
    assert accepted(sim, kind) == 1
    assert len(row(post, account).attempts) == 1


def test_killed_before_sending_it_goes_out_once_after_the_restart(desk: Desk, sim: Sim, processes: Processes) -> None:
    """Dead while preparing: finished steps are kept, nothing was sent yet."""
    post = desk.approved(accounts=[desk.wechat])
    sim.fault("delay", path="draft/add", seconds=3)
    first = processes.fork()
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    processes.until("preparing", lambda: row(post, desk.wechat).status == "preparing")
    processes.kill_fork(first)
    processes.fork()
    processes.until("sent", lambda: row(post, desk.wechat).status in ("processing", "published"))
    assert accepted(sim, "publish") == 1


def test_two_schedulers_send_each_post_once(desk: Desk, sim: Sim, processes: Processes) -> None:
    at = utcnow() + timedelta(seconds=6)
    made = [desk.approved(f"第{n}篇公告") for n in range(4)]
    for post in made:
        publishing.schedule(desk.author, post.id, publish_at=at, now=utcnow())
    processes.fork()
    processes.fork()
    ids = [row(post, account) for post in made for account in (desk.weibo, desk.wechat)]
    gone = {"processing", "published"}
    processes.until("all out", lambda: all(row(p.post_id, p.account).status in gone for p in ids))
    assert accepted(sim, "status") == 4
    assert accepted(sim, "publish") == 4
    assert db.session.query(Attempt).count() == 8
    assert db.session.query(Worker).count() == 2


def test_sigterm_finishes_what_is_in_flight(desk: Desk, sim: Sim, processes: Processes) -> None:
    post = desk.approved(accounts=[desk.weibo])
    sim.fault("delay", path="statuses/share", seconds=2)
    process = processes.start()
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    processes.until("the attempt", lambda: db.session.query(Attempt).count() == 1)
    assert processes.end(process) == 0
    assert row(post, desk.weibo).status == "published"
    assert not heartbeats.heartbeat_state(utcnow()).alive


def test_a_refused_partner_holds_the_other_before_anything_is_public(desk: Desk, sim: Sim) -> None:
    post = desk.approved()
    sim.fault("refuse", path="draft/add", code=45166)
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.weibo).status == "held")
    found = row(post, desk.wechat)
    assert found.status == "failed"
    assert found.error_cause
    assert found.exchanges
    assert accepted(sim, "status") == 0
    assert fresh_post(post).public_revision_id is None


def test_the_checks_of_now_stop_what_was_approved_before(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    with atomic():
        found = db.session.get_one(Post, post.id)
        assert found.revision is not None
        found.revision.body_html = "<p>联系人身份证号 11010519491231002X。</p>"
    Clockwork.make().until(lambda: row(post, desk.weibo).status == "failed")
    assert "发布前检查" in row(post, desk.weibo).error_cause
    assert accepted(sim, "status") == 0


def test_a_dead_platform_is_tried_again_later(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    sim.fault("http_502", path="draft/add")
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.wechat).prepare_tries == 1)
    assert row(post, desk.wechat).why
    clock.until(lambda: row(post, desk.wechat).status == "processing")
    assert accepted(sim, "publish") == 1


def test_a_cancelled_ones_draft_is_deleted_at_the_platform(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(minutes=5), now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.wechat).status == "ready")
    publishing.unschedule(desk.author, post.id, now=utcnow())
    later = Clockwork.make(clock=lambda: utcnow() + timedelta(seconds=6))
    later.reconcile()
    assert row(post, desk.wechat).discard_at is None
    assert sim.asked("draft/delete") == 1


def test_a_recall_takes_it_back(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.weibo).status == "published")
    publishing.recall(desk.publisher, row(post, desk.weibo).id, reason="有误", now=utcnow())
    clock.reconcile()
    # An app of level share may not delete: a person must, and the page says so.
    found = row(post, desk.weibo)
    assert (found.status, found.recall_at) == ("published", None)
    assert "删除" in found.why


def test_draft_mode_waits_for_a_person_and_is_read_back(app_on_simulator: Flask, sim: Sim) -> None:
    desk = Desk(utcnow(), wechat_mode="draft", alone=True)
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.wechat).status == "handed_over")
    assert row(post, desk.wechat).prepared["ready"]
    assert fresh_post(post).public_revision_id == post.revision_id
    link = "https://mp.weixin.qq.com/s/abc"
    publishing.resolve(
        desk.author, row(post, desk.wechat).id, outcome="published", url=link, reason="已手动群发", now=utcnow()
    )
    hurry(row(post, desk.wechat))
    clock.reconcile()
    found = row(post, desk.wechat)
    assert (found.status, found.url, found.checks) == ("published", link, 1)
    assert found.readbacks[-1]["finding"] in ("found", "cannot_tell", "absent")
    assert accepted(sim, "publish") == 0
