"""A publication moved or cancelled while it is being prepared leaves no draft behind that nobody knows of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from app.accounts import connections
from app.db import atomic, db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Publication
from scheduler import publisher
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Clockwork, Desk, row
from tests.patience import wait_for


def drafts(desk: Desk) -> list[str]:
    """The media ids that stand in the account's draft box."""
    connector = connections.connect(desk.wechat)
    answer = connector.api.post("/cgi-bin/draft/batchget", {"offset": 0, "count": 20, "no_content": 1})  # type: ignore[attr-defined]
    db.session.rollback()
    return [str(item["media_id"]) for item in answer["item"]]


def during_draft(desk: Desk, sim: Sim, post_id: str, act: Callable[[], object]) -> Clockwork:
    """Prepare; while the platform makes the draft and has not answered yet, `act`."""
    clock = Clockwork.make()
    sim.fault("delay", path="/cgi-bin/draft/add", seconds=2.5, times=1)
    db.session.rollback()
    with clock.runtime.context():
        publisher.tick(clock.runtime, utcnow())
    # The cover is the last step before the draft.
    wait_for("the cover", lambda: "cover" in row(post_id, desk.wechat).prepared.get("steps", {}), every=0.05)
    assert row(post_id, desk.wechat).status == "preparing"
    act()
    db.session.rollback()
    assert clock.runtime.wait_idle(30)
    return clock


def test_a_move_while_preparing_keeps_the_draft_for_the_next_time(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    later = utcnow() + timedelta(hours=5)
    clock = during_draft(
        desk, sim, post.id, lambda: publishing.schedule(desk.author, post.id, publish_at=later, now=utcnow())
    )
    found = row(post, desk.wechat)
    assert found.status == "scheduled"
    assert drafts(desk) == [found.prepared["steps"]["draft"]]
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.wechat).status in ("processing", "published"))
    assert sim.asked("/cgi-bin/draft/add") == 1


def test_a_draft_that_another_preparation_does_not_know_of_is_deleted(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())

    def moved_and_taken_again() -> None:
        publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
        with atomic():
            live = db.session.get_one(Publication, row(post, desk.wechat).id)
            live.status, live.claim_owner = "preparing", "another"
            live.claim_until, live.fence = utcnow() + timedelta(minutes=1), live.fence + 1

    during_draft(desk, sim, post.id, moved_and_taken_again)
    assert "draft" not in row(post, desk.wechat).prepared["steps"]
    assert drafts(desk) == []


def test_a_cancel_while_preparing_deletes_the_draft(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = during_draft(desk, sim, post.id, lambda: publishing.unschedule(desk.author, post.id, now=utcnow()))
    assert row(post, desk.wechat).status == "cancelled"
    assert len(drafts(desk)) == 1
    clock.reconcile()
    assert drafts(desk) == []
