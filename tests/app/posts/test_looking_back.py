"""What goes out after a pack changed, and that nobody waits while a changed pack is compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest

from app.checks import keeping, packs
from app.checks.models import PackHit
from app.checks.words import Matcher, Term
from app.db import atomic, db, in_atomic
from app.posts import lookback
from app.posts import services as posts
from app.posts.models import Post
from app.posts.restoring import restore_account
from app.review import services as review
from tests.app.posts.helpers import World
from tests.app.posts.test_wording import SLIP, SLIP_TERM, draft, pack_of, wording


def handed_in(world: World, at: datetime, **changes: object) -> Post:
    """A post that waits for its hour since `at`."""
    post = posts.create_post(world.author, world.fields(body_html=SLIP, account_ids=[], **changes), at)
    with atomic():
        posts.current_revision(post).frozen_at = at
        post.status = "scheduled"
    return post


def go_out(post: Post, at: datetime, status: str = "published") -> None:
    with atomic():
        post.status, post.public_revision_id, post.public_at = status, post.revision_id, at


def test_what_was_approved_before_a_change_and_goes_out_after_it_is_looked_through(world: World) -> None:
    begun, hour, minute = world.now, timedelta(hours=1), timedelta(minutes=1)
    waiting = [handed_in(world, begun - hour, title=f"等着{n}") for n in range(45)]
    pack = pack_of(world, SLIP_TERM)
    assert lookback.look_back(begun + minute) == 1
    assert db.session.query(PackHit).count() == 0
    # Many at one moment; one is still under way, and one was written with the pack at hand.
    for post in waiting[:43]:
        go_out(post, begun + 10 * minute)
    go_out(waiting[43], begun + 11 * minute, "publishing")
    known = handed_in(world, begun + minute)
    go_out(known, begun + 11 * minute)
    assert lookback.look_back(begun + 10 * minute) == 0, "what is this young may not be seen yet"
    assert lookback.look_back(begun + 15 * minute) == 44
    found = {hit.post_id for hit in db.session.query(PackHit)}
    assert found == {post.id for post in waiting[:44]}
    assert lookback.look_back(begun + 15 * minute) == 0
    go_out(waiting[44], begun + 3 * hour)
    assert lookback.look_back(begun + 4 * hour) == 1
    assert db.session.query(PackHit).count() == 45
    # The next change looks at all of them anew, each once.
    keeping.add_term(world.admin, pack.id, {"wrong": "第二段", "severity": "warn"}, begun + 5 * hour)
    assert lookback.look_back(begun + 5 * hour) == 46
    assert db.session.query(PackHit).count() == 2 * 46
    assert lookback.look_back(begun + 6 * hour) == 0


def test_the_mark_of_what_went_out_follows_the_clock(world: World) -> None:
    pack = pack_of(world, SLIP_TERM)
    lookback.look_back(world.now)
    lookback.look_back(world.now + timedelta(hours=2))
    db.session.expire_all()
    assert pack.looked_until == world.now + timedelta(hours=2) - timedelta(minutes=1)


def test_packs_are_compiled_outside_transactions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 terms take a second: nobody who writes shall wait for that."""
    inside: list[bool] = []

    class Watched(Matcher):
        def __init__(self, terms: Iterable[Term]) -> None:
            inside.append(in_atomic())
            super().__init__(terms)

    monkeypatch.setattr(packs, "Matcher", Watched)
    pack = pack_of(world, SLIP_TERM)
    post = draft(world)
    variant = posts.current_variants(post)[1]
    posts.override_variant(world.author, post.id, variant.id, {"digest": "手写"}, world.now + timedelta(minutes=15))

    def change() -> None:
        word = f"词{len(inside)}"
        keeping.add_term(world.admin, pack.id, {"wrong": word, "severity": "warn"}, world.now + timedelta(seconds=1))

    acts: list[Callable[[], object]] = [
        lambda: draft(world),
        lambda: posts.revise_post(world.author, post.id, {"title": f"题{len(inside)}"}, post.version, world.now),
        lambda: posts.dismiss_problem(world.author, post.id, str(wording(post)[0]["key"]), "引用", world.now),
        lambda: review.submit(world.author, post.id, world.now),
        lambda: review.decide(world.reviewers[0], posts.current_revision(post).id, "approved", "", None, world.now),
        lambda: review.withdraw_submission(world.author, post.id, world.now),
        lambda: restore_account(world.author, post.id, "1", world.wechat.id, post.version, world.now),
        lambda: lookback.look_back(world.now + timedelta(minutes=2)),
    ]
    for number, act in enumerate(acts, 1):
        change()
        act()
        assert len(inside) == number + 1
    assert not any(inside)
