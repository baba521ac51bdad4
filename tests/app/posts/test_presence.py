"""Who has a post open: told by beats, ended by leaving or by silence."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.db import db
from app.errors import Forbidden, NotFound
from app.posts import presence
from app.posts import services as posts
from app.posts.models import Visit
from tests.app.posts.helpers import World

SECOND = timedelta(seconds=1)


def test_each_sees_the_others_while_they_beat(world: World, now: datetime) -> None:
    post_id = posts.create_post(world.author, world.fields(), now).id
    assert presence.arrive(world.author, post_id, typed=True, now=now) == []
    (seen,) = presence.arrive(world.colleague, post_id, typed=False, now=now + 5 * SECOND)
    assert (seen.name, seen.typed_at, seen.seen_at) == ("author", now, now)
    (other,) = presence.arrive(world.author, post_id, typed=False, now=now + 20 * SECOND)
    assert (other.name, other.typed_at) == ("colleague", None), "has only looked"
    # One beat without a key does not take back when the last one was.
    (again,) = presence.others(world.colleague, post_id, now + 21 * SECOND)
    assert (again.typed_at, again.seen_at) == (now, now + 20 * SECOND)
    assert presence.others(world.colleague, post_id, now + 20 * SECOND + presence.PRESENT + SECOND) == []
    assert presence.others(world.colleague, post_id, now + 20 * SECOND + presence.PRESENT) != []


def test_leaving_ends_it_at_once_and_the_silent_are_forgotten(world: World, now: datetime) -> None:
    post_id = posts.create_post(world.author, world.fields(), now).id
    presence.arrive(world.author, post_id, typed=True, now=now)
    presence.arrive(world.colleague, post_id, typed=True, now=now)
    presence.leave(world.colleague, post_id)
    assert presence.others(world.author, post_id, now) == []
    presence.arrive(world.colleague, post_id, typed=False, now=now + 10 * presence.PRESENT)
    assert [visit.user_id for visit in db.session.query(Visit)] == [world.colleague.user_id]


def test_after_five_minutes_without_a_key_it_is_open_only(world: World, now: datetime) -> None:
    post_id = posts.create_post(world.author, world.fields(), now).id
    presence.arrive(world.author, post_id, typed=True, now=now)
    for minutes, typed_at in ((4, now), (5, None)):
        then = now + timedelta(minutes=minutes)
        presence.arrive(world.author, post_id, typed=False, now=then)
        assert [one.typed_at for one in presence.others(world.colleague, post_id, then)] == [typed_at]


def test_only_who_may_write(world: World, now: datetime) -> None:
    post_id = posts.create_post(world.author, world.fields(), now).id
    with pytest.raises(NotFound):
        presence.arrive(world.outsider, post_id, typed=False, now=now)
    with pytest.raises(Forbidden):
        presence.arrive(world.reviewers[0], post_id, typed=False, now=now)
    with pytest.raises(NotFound):
        presence.leave(world.outsider, post_id)
