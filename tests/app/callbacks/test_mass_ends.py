"""A mass send that waits for the account's administrator, or is judged a reprint: what the publication says meanwhile and after."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.posts.models import Post
from app.publishing import outlook
from app.publishing import services as publishing
from app.publishing.models import Publication
from tests.app.accounts.kit import GH, WECHAT, Sim
from tests.app.publishing.kit import Clockwork, Desk, hurry, row
from tests.patience import wait_for


@pytest.fixture
def desk(app_on_simulator: Flask) -> Desk:
    return Desk(utcnow(), wechat_mode="mass")


def send(
    desk: Desk, sim: Sim, served: str, *, ignore_reprint: bool = False, **wechat: object
) -> tuple[Post, Clockwork]:
    """A mass send, taken by the simulator as it is set."""
    with atomic():
        account = db.session.get_one(Account, desk.wechat.id)
        account.settings = {"callback_mode": "safe", "send_ignore_reprint": ignore_reprint}
        key = account.callback_key
    settings = {**WECHAT, "name": "青岚发布", "callback_url": f"{served}/callbacks/wechat/{key}", **wechat}
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"callback_mode": "safe", **settings})
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.wechat).status in ("processing", "published"))
    return post, clock


def later(post: Post, desk: Desk, done: Callable[[Publication], bool]) -> Publication:
    """The row once the simulator's push has arrived."""
    wait_for("the push", lambda: done(row(post, desk.wechat)))
    return row(post, desk.wechat)


def test_it_says_who_must_confirm_and_until_when(desk: Desk, sim: Sim, served: str) -> None:
    post, clock = send(desk, sim, served, admin_confirm=True)
    found = row(post, desk.wechat)
    assert "等待公众号管理员确认" in outlook.outlook(found, utcnow()).why or "管理员确认流程" in found.why
    assert "30 分钟内" in found.why
    hurry(found)
    clock.reconcile()
    assert "没有确认就不会发出" in row(post, desk.wechat).why
    assert row(post, desk.wechat).status == "processing"
    msg_id = found.receipt["details"]["msg_id"]
    sim.call("POST", "/_sim/confirmations", {"external_id": GH, "msg_id": msg_id, "decision": "approve"})
    sim.call("POST", "/_sim/clock", {"offset_seconds": 30})
    assert later(post, desk, lambda r: r.status == "published").live_at is not None


@pytest.mark.parametrize(("seconds", "words"), [(0, "管理员拒绝了群发"), (1900, "30 分钟内没有确认")])
def test_a_refusal_and_silence_are_told_apart(desk: Desk, sim: Sim, served: str, seconds: int, words: str) -> None:
    post, _clock = send(desk, sim, served, admin_confirm=True)
    if seconds:
        sim.call("POST", "/_sim/clock", {"offset_seconds": seconds})
    else:
        msg_id = row(post, desk.wechat).receipt["details"]["msg_id"]
        sim.call("POST", "/_sim/confirmations", {"external_id": GH, "msg_id": msg_id, "decision": "refuse"})
    found = later(post, desk, lambda r: r.status == "failed")
    assert words in found.error_cause
    assert found.error_who == "公众号管理员"


def test_a_reprint_is_stopped_with_its_verdict(desk: Desk, sim: Sim, served: str) -> None:
    post, _clock = send(desk, sim, served, originality="may_reprint")
    sim.call("POST", "/_sim/clock", {"offset_seconds": 60})
    found = later(post, desk, lambda r: r.status == "failed")
    assert "原创校验" in found.error_cause
    assert "转载" in found.error_cause


def test_a_reprint_goes_on_where_the_account_wants_it_and_says_so(desk: Desk, sim: Sim, served: str) -> None:
    post, _clock = send(desk, sim, served, ignore_reprint=True, originality="may_reprint")
    sim.call("POST", "/_sim/clock", {"offset_seconds": 60})
    found = later(post, desk, lambda r: r.status == "published" and "reprint" in r.receipt["details"])
    assert "判为转载" in found.receipt["details"]["reprint"]
