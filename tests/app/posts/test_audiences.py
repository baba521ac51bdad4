"""Whom a mass send goes to, as an author chooses it and a reviewer reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from app.accounts.connections import connect
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, NotFound
from app.posts import services as posts
from app.posts.preview_views import audience_words
from tests.app.accounts.kit import GH, WECHAT, Sim, app_on_simulator, running_simulator, sim
from tests.app.posts.helpers import World

__all__ = ["app_on_simulator", "running_simulator", "sim"]


@pytest.fixture
def mass(app_on_simulator: Flask, sim: Sim, now: datetime) -> World:
    """The city's WeChat account sends to its followers, and is known to the simulator."""
    world = World(now)
    with atomic():
        account = db.session.merge(world.wechat)
        account.mode, account.external_id, account.credentials = "mass", GH, dict(WECHAT)
    sim.register()
    return world


def test_the_tags_are_read_from_the_platform(mass: World) -> None:
    connector = connect(mass.wechat)
    connector.make_tag("居民")
    tags = posts.audiences_of(mass.author, mass.wechat.id, utcnow())
    assert [tag["name"] for tag in tags] == ["居民"]
    assert isinstance(tags[0]["id"], int)


def test_who_may_not_write_for_it_reads_no_tags(mass: World) -> None:
    with pytest.raises(NotFound):
        posts.audiences_of(mass.outsider, mass.wechat.id, utcnow())
    with pytest.raises(Forbidden):
        posts.audiences_of(mass.reviewers[0], mass.wechat.id, utcnow())
    with pytest.raises(Conflict):
        posts.audiences_of(mass.author, mass.weibo.id, utcnow())
    with pytest.raises(NotFound):
        posts.audiences_of(mass.author, "nowhere", utcnow())


def test_a_platform_that_does_not_tell_is_said_in_words(mass: World, sim: Sim) -> None:
    sim.fault("refuse", path="tags/get", code=48001)
    with pytest.raises(Conflict, match=r"“读取标签”没有办成.*公众号管理员"):
        posts.audiences_of(mass.author, mass.wechat.id, utcnow())


def told(app: Flask, payload: Mapping[str, Any]) -> str:
    with app.test_request_context():
        return audience_words(payload)


def test_the_choice_changes_the_hash_and_is_shown_with_the_preview(app: Flask, mass: World, now: datetime) -> None:
    post = posts.create_post(mass.author, mass.fields(account_ids=[mass.wechat.id]), now)
    (before,) = posts.current_variants(post)
    first = before.sha256
    assert told(app, before.payload) == "群发给全部关注者"
    audience = {"is_to_all": False, "tag_id": 101, "tag_name": "居民"}
    posts.override_variant(mass.author, post.id, before.id, {"delivery": {"audience": audience}}, now)
    (after,) = posts.current_variants(posts.get_post(mass.author, post.id))
    assert after.sha256 != first
    assert told(app, after.payload) == "只群发给标签“居民”的关注者"
    assert "只群发给标签“居民”" in "".join(note["message"] for note in after.notes)
