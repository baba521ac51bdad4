"""A post goes to accounts of its unit and of units below it: else a lower unit's reviewers decide for a higher one."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from app.accounts.models import Account
from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Invalid
from app.posts import restoring
from app.posts import services as posts
from app.posts.history import history_of
from app.posts.models import Post
from app.publishing import planning
from app.review import services as review
from app.units.models import Unit, User
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HOUR = timedelta(hours=1)


def moved(world: World, account: Account, unit: Unit) -> None:
    """To another unit: as when the tree is put in order."""
    with atomic():
        db.session.get_one(Account, account.id).unit_id = unit.id
    db.session.expire_all()


def test_a_lower_units_post_does_not_go_to_a_higher_units_account(world: World, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        posts.create_post(world.author, world.fields(unit_id=world.bureau.id), now)
    (first, second) = refused.value.errors["account_ids"]
    assert "属于“青岚市政府办”，不在“青岚市水务局”之下" in first
    assert "以它所属的单位另写一篇" in second
    moved(world, world.wechat, world.bureau)
    post = posts.create_post(world.author, world.fields(), now)
    assert len(posts.current_variants(post)) == 2, "a higher unit's post goes to accounts below it"
    with pytest.raises(Invalid, match="绕过其主管单位的审核"):
        posts.revise_post(world.author, post.id, {"unit_id": world.bureau.id}, post.version, now)
    both = {"unit_id": world.bureau.id, "account_ids": [world.wechat.id]}
    post = posts.revise_post(world.author, post.id, both, post.version, now)
    with pytest.raises(Invalid, match="绕过其主管单位的审核"):
        posts.revise_post(world.author, post.id, {"account_ids": [world.wechat.id, world.weibo.id]}, post.version, now)


def test_what_stands_so_already_can_be_edited_but_is_neither_handed_in_nor_scheduled(
    world: World, now: datetime
) -> None:
    moved(world, world.weibo, world.bureau)
    moved(world, world.wechat, world.bureau)
    post = posts.create_post(world.author, world.fields(unit_id=world.bureau.id), now)
    moved(world, world.weibo, world.city)
    post = posts.revise_post(
        world.author,
        post.id,
        {"title": "新的标题", "account_ids": [world.weibo.id, world.wechat.id]},
        post.version,
        now,
    )
    with pytest.raises(ContentBlocked) as refused:
        review.submit(world.author, post.id, now)
    assert "post.account_unit" in {problem["rule"] for problem in refused.value.extra["problems"]}
    post = posts.revise_post(world.author, post.id, {"account_ids": [world.wechat.id]}, post.version, now)
    assert posts.problems_now(posts.current_revision(post))[1]
    review.submit(world.author, post.id, now)
    moved(world, world.wechat, world.city)
    with pytest.raises(Conflict, match="没有排期。微信公众号账号“青岚发布wechat”属于"):
        planning._check_variants(db.session.get_one(Post, post.id), posts.current_variants(post))


def test_an_earlier_state_comes_back_without_what_it_may_not_go_to(world: World, now: datetime) -> None:
    moved(world, world.wechat, world.bureau)
    post = posts.create_post(world.author, world.fields(), now)
    both = {"unit_id": world.bureau.id, "account_ids": [world.wechat.id], "title": "改过的标题"}
    post = posts.revise_post(world.author, post.id, both, post.version, now + 40 * HOUR)
    first = history_of(world.author, post.id).items[-1]
    post, lost = restoring.restore(world.author, post.id, str(first.number), post.version, now + 41 * HOUR)
    assert [variant.account_id for variant in posts.current_variants(post)] == [world.wechat.id]
    assert any("以它所属的单位另写一篇" in words for words in lost)


def test_the_composer_begins_with_a_unit_that_may_send_to_what_the_link_names(
    world: World, enter: Enter, now: datetime
) -> None:
    """Whose home is the bureau, and who writes for the whole city."""
    with atomic():
        db.session.get_one(User, world.colleague.user_id).unit_id = world.bureau.id
    client = enter(world.colleague)
    begins = r'<option value="(\w+)" data-path="([/\w]+)" selected'
    assert re.findall(begins, client.get("/posts/new").text) == [(world.bureau.id, world.bureau.path)]
    page = client.get(f"/posts/new?account={world.wechat.id}").text
    assert re.findall(begins, page) == [(world.city.id, world.city.path)]
    assert f'<label class="channel" data-path="{world.city.path}">' in page
