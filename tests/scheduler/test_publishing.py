"""The main path over real HTTP: schedule, prepare, barrier, commit, verify, published in step."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text

from app.db import atomic, db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Attempt, Publication
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


def test_an_account_that_cannot_be_read_keeps_no_other_from_going(desk: Desk, sim: Sim) -> None:
    """Both are claimed in one round; what is read for both together cannot be, and each is met alone."""
    broken, sound = desk.approved(accounts=[desk.weibo]), desk.approved(title="另一篇", accounts=[desk.wechat])
    hour = utcnow() + timedelta(minutes=5)
    for post in (broken, sound):
        publishing.schedule(desk.author, post.id, publish_at=hour, now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: {row(broken, desk.weibo).status, row(sound, desk.wechat).status} == {"ready"})
    with atomic():
        db.session.execute(text("UPDATE accounts SET credentials = 'x' WHERE id = :id"), {"id": desk.weibo.id})
        for post in (broken, sound):
            found = db.session.scalars(select(Publication).where(Publication.post_id == post.id)).one()
            found.due_at = found.late_from = found.next_attempt_at = utcnow()
    clock.until(lambda: row(sound, desk.wechat).status == "processing")
    assert [item["kind"] for item in sim.call("GET", "/_sim/accepted")["items"]] == ["publish"]
    assert [attempt.publication_id for attempt in db.session.query(Attempt)] == [row(sound, desk.wechat).id]
