"""The main path over real HTTP: schedule, prepare, barrier, commit, verify, published in step."""

from __future__ import annotations

from app.db import utcnow
from app.publishing import services as publishing
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Clockwork, Desk, fresh_post, hurry, row


def test_out_on_both_in_step(desk: Desk, sim: Sim) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.weibo).status == "published" and row(post, desk.wechat).status == "processing")
    assert fresh_post(post).public_revision_id == post.revision_id
    sim.call("POST", "/_sim/clock", {"offset_seconds": 5})
    hurry(row(post, desk.wechat))
    clock.until(lambda: row(post, desk.wechat).status == "published", reconcile=True)
    found = fresh_post(post)
    assert found.status == "published"
    assert found.skew_seconds is not None
    assert found.skew_seconds < 15
    kinds = [
        item["kind"] for item in sim.call("GET", "/_sim/accepted")["items"] if item["kind"] in ("status", "publish")
    ]
    assert sorted(kinds) == ["publish", "status"]
    changes = [change.after for change in row(post, desk.wechat).changes]
    assert changes == ["preparing", "ready", "committing", "processing", "published"]
    assert row(post, desk.weibo).attempts[0].exchanges
