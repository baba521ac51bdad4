"""By whatever way: nobody passes what they wrote, nobody speaks twice, nobody passes what was changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.db import atomic, db
from app.posts import services as posts
from app.review import deputies
from app.review import services as review
from app.review.models import Decision, Opening, Review
from app.units.access import Actor
from tests.app.posts.helpers import World
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import again, approve, submitted


class Ways:
    """Every way to approve a run; each answers the status it got (a list of outcomes: 200 when it was done, else 409)."""

    def __init__(self, enter: Enter, call: Call, world: World) -> None:
        self.enter, self.call, self.world = enter, call, world

    def page(self, actor: Actor, run: Review, **more: str) -> int:
        shown = {f"sha256-{variant.id}": variant.sha256 for variant in again(run).revision.variants}
        data = {"decision": "approved", "secrecy": "1", "comment": "同意", **shown, **more}
        return self.enter(actor).post(f"/review/{run.id}", data=data).status_code

    def api(self, actor: Actor, run: Review) -> int:
        body = {"decision": "approved", "comment": "同意"}
        return self.call(actor, "POST", f"/revisions/{run.revision_id}/decisions", body).status_code

    def several(self, actor: Actor, run: Review) -> int:
        """As if they had had it open."""
        with atomic():
            db.session.merge(
                Opening(review_id=run.id, user_id=actor.user_id, stage=again(run).stage, at=self.world.now)
            )
        page = self.enter(actor).post("/review/approvals", data={"review_ids": run.id, "secrecy": "1"})
        return 200 if "通过 1 篇，没有通过 0 篇" in page.text else 409

    def several_by_api(self, actor: Actor, run: Review) -> int:
        with atomic():
            db.session.merge(
                Opening(review_id=run.id, user_id=actor.user_id, stage=again(run).stage, at=self.world.now)
            )
        answer = self.call(actor, "POST", "/reviews/approvals", {"review_ids": [run.id]})
        return 200 if answer.json["items"][0]["done"] else 409

    def deputy(self, actor: Actor, run: Review) -> int:
        """In the name of somebody who may."""
        principal = self.world.reviewers[3]
        standing = review.principals_of(actor.user_id, self.world.now)
        if principal.user_id not in {one.user_id for one in standing}:
            deputies.appoint(
                principal,
                user_id=principal.user_id,
                deputy_id=actor.user_id,
                starts_at=self.world.now,
                ends_at=self.world.now + timedelta(days=300),
                reason="",
                now=self.world.now,
            )
        return self.page(actor, run, for_user_id=principal.user_id)

    def all(self) -> dict[str, Callable[[Actor, Review], int]]:
        return {name: getattr(self, name) for name in ("page", "api", "several", "several_by_api", "deputy")}


@pytest.fixture
def ways(enter: Enter, call: Call, world: World) -> Ways:
    return Ways(enter, call, world)


def decisions() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Decision.user_id)))


def test_nobody_passes_what_they_wrote(ways: Ways, world: World, now: datetime) -> None:
    """Wrote alone; edited what another wrote; handed in what another wrote."""
    both = world.person("both", world.city, "author", "reviewer")
    wrote = submitted(world, author=both)
    edited = posts.create_post(world.author, world.fields(title="他人改过"), now)
    edited = posts.revise_post(both, edited.id, {"summary": "改过一句。"}, edited.version, now)
    review.submit(world.author, edited.id, now)
    handed = posts.create_post(world.author, world.fields(title="他人送审"), now)
    review.submit(both, handed.id, now)
    for post_id in (wrote.post_id, edited.id, handed.id):
        run = review.runs_of(post_id)[-1]
        for name, way in ways.all().items():
            assert way(both, run) in (403, 409), name
    assert decisions() == []
    assert ways.page(both, submitted(world)) == 302, "what others wrote they may pass"


def test_not_through_somebody_else_either(ways: Ways, world: World, now: datetime) -> None:
    """The author's own deputy cannot pass the author's text in the author's name."""
    both, clerk = world.person("both", world.city, "author", "reviewer"), world.person("clerk", world.city, "publisher")
    run = submitted(world, author=both)
    deputies.appoint(
        both,
        user_id=both.user_id,
        deputy_id=clerk.user_id,
        starts_at=now,
        ends_at=now + timedelta(days=300),
        reason="",
        now=now,
    )
    assert ways.page(clerk, run) == ways.page(clerk, run, for_user_id=both.user_id) == 403
    assert ways.api(clerk, run) == 403
    assert ways.several(clerk, run) == 409
    assert decisions() == []


def test_nobody_decides_twice(ways: Ways, world: World, now: datetime) -> None:
    first = world.reviewers[0]
    run = submitted(world)
    assert ways.page(first, run) == 302
    for name, way in ways.all().items():
        assert way(first, run) in (403, 409), name
    assert decisions() == [first.user_id]
    for reviewer in world.reviewers[1:3]:
        approve(reviewer, run, now)
    assert again(run).status == "approved"
    for name, way in ways.all().items():
        assert way(world.reviewers[2], run) in (403, 409), name
    assert len(decisions()) == 3


def test_nobody_passes_what_was_edited_meanwhile(ways: Ways, world: World, now: datetime) -> None:
    run = submitted(world)
    posts.revise_post(world.author, run.post_id, {"title": "送审后又改"}, run.post.version, now)
    for name, way in ways.all().items():
        assert way(world.reviewers[0], run) in (403, 409), name
    # Handed in again: the old run's form decides on nothing of the new one.
    review.submit(world.author, run.post_id, now)
    for name, way in ways.all().items():
        assert way(world.reviewers[0], run) in (403, 409), name
    assert decisions() == []
    (fresh,) = (one for one in review.runs_of(run.post_id) if one.status == "open")
    assert ways.page(world.reviewers[0], fresh) == 302
