"""States of a post: what is kept, how autosaves are thinned, and bringing one back without losing another."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete

from app.audit.models import Event
from app.db import atomic, db, in_atomic
from app.errors import Conflict, Forbidden, NotFound
from app.media.models import Derivative
from app.media.services import add_media
from app.posts import services as posts
from app.posts.history import history_of, snapshot_of
from app.posts.models import Post, Snapshot
from app.posts.restoring import restore, restore_account
from app.review import services as review
from app.units.access import Actor
from connectors.wechat import pictures
from tests.app.posts.helpers import World, png

MINUTE = timedelta(minutes=1)


def states(world: World, post: Post) -> list[Snapshot]:
    """Oldest first."""
    return history_of(world.author, post.id).items[::-1]


def edit(actor: Actor, post: Post, now: datetime, **fields: object) -> Post:
    return posts.revise_post(actor, post.id, fields, posts.get_post(actor, post.id).version, now)


def test_one_state_for_each_person_and_ten_minutes(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    edit(world.author, post, now + 4 * MINUTE, title="一")
    edit(world.author, post, now + 9 * MINUTE, title="二")
    assert [item.kind for item in states(world, post)] == ["created"], "still the first ten minutes"
    edit(world.author, post, now + 10 * MINUTE, title="三", tags=["天气"])
    edit(world.colleague, post, now + 11 * MINUTE, summary="同事改的摘要")
    edit(world.author, post, now + 12 * MINUTE, urgent=True)
    found = states(world, post)
    assert [item.number for item in found] == [1, 2, 3, 4]
    assert [item.actor_id for item in found] == [
        world.author.user_id, world.author.user_id, world.colleague.user_id, world.author.user_id,
    ]  # fmt: skip
    assert [item.changed for item in found] == [[], ["title", "tags"], ["summary"], ["urgent"]]
    assert snapshot_of(world.author, post.id, "1").content["title"] == "二"
    assert (found[0].started_at, found[0].at) == (now, now + 9 * MINUTE)


def test_what_was_left_is_never_written_over(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    edit(world.colleague, post, now + MINUTE, title="同事的")
    edit(world.author, post, now + 2 * MINUTE, title="我的")
    edit(world.author, post, now + 3 * MINUTE, title="还是我的")
    titles = [snapshot_of(world.author, post.id, str(number)).content["title"] for number in (1, 2, 3)]
    assert titles == ["暴雨橙色预警", "同事的", "还是我的"]
    with pytest.raises(NotFound):
        snapshot_of(world.author, post.id, "4")


def test_review_leaves_its_marks(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    review.submit(world.author, post.id, now + MINUTE)
    revision = posts.current_revision(posts.get_post(world.author, post.id))
    review.decide(world.reviewers[0], revision.id, "approved", "", None, now + 2 * MINUTE)
    review.decide(world.reviewers[1], revision.id, "returned", "请补充", None, now + 3 * MINUTE)
    edit(world.author, post, now + 4 * MINUTE, title="补充后")
    review.submit(world.author, post.id, now + 5 * MINUTE)
    review.withdraw_submission(world.author, post.id, now + 6 * MINUTE)
    found = states(world, post)
    assert [item.kind for item in found] == ["created", "submitted", "returned", "edited", "submitted", "withdrawn"]
    assert [item.revision_number for item in found] == [1, 1, 1, 2, 2, 3]
    assert found[2].actor_id == world.reviewers[1].user_id
    review.submit(world.author, post.id, now + 7 * MINUTE)
    revision = posts.current_revision(posts.get_post(world.author, post.id))
    for number in range(3):
        review.decide(world.reviewers[number], revision.id, "approved", "", None, now + 8 * MINUTE)
    assert states(world, post)[-1].kind == "approved"


def test_a_state_holds_what_every_account_would_have_got(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    posts.override_variant(world.author, post.id, wechat.id, {"digest": "手写摘要"}, now + 20 * MINUTE)
    first, second = (snapshot_of(world.author, post.id, number) for number in ("1", "2"))
    assert second.changed == ["overrides"]
    assert [channel["payload"].get("digest") for channel in second.channels] == [None, "手写摘要"]
    assert first.channels[1]["payload"]["digest"] != "手写摘要"
    assert first.channels[0]["sha256"] == posts.current_variants(posts.get_post(world.author, post.id))[0].sha256


def test_restoring_is_a_new_state_and_brings_everything_back(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(tags=["甲"]), now)
    wechat = posts.current_variants(post)[1]
    posts.override_variant(world.author, post.id, wechat.id, {"digest": "手写摘要"}, now + 20 * MINUTE)
    edit(world.colleague, post, now + 40 * MINUTE, title="改坏了", tags=[], account_ids=[world.weibo.id])
    version = posts.get_post(world.author, post.id).version
    restored, lost = restore(world.author, post.id, "2", version, now + 60 * MINUTE)
    assert lost == []
    shown = posts.post_json(restored)
    assert (shown["title"], shown["tags"]) == ("暴雨橙色预警", ["甲"])
    assert shown["account_ids"] == [world.weibo.id, world.wechat.id]
    assert shown["variants"][1]["overrides"] == {"digest": "手写摘要"}
    assert shown["variants"][1]["payload"]["digest"] == "手写摘要"
    last = states(world, post)[-1]
    assert (last.kind, last.restored_number, last.number) == ("restored", 2, 4)
    assert last.changed == ["title", "tags", "accounts", "overrides"]
    assert snapshot_of(world.author, post.id, "3").content["title"] == "改坏了"
    event = db.session.query(Event).filter_by(action="post.restore").one()
    assert (event.after["state"], event.after["fields"]) == (2, ["title", "tags", "accounts", "overrides"])


def test_restoring_refuses_what_it_should(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    edit(world.author, post, now + 20 * MINUTE, title="新")
    with pytest.raises(Conflict) as stale:
        restore(world.author, post.id, "1", 1, now + 21 * MINUTE)
    assert stale.value.extra == {"version": 2}
    with pytest.raises(Conflict, match="相同"):
        restore(world.author, post.id, "2", 2, now + 21 * MINUTE)
    with pytest.raises(NotFound):
        restore(world.outsider, post.id, "1", 2, now)
    with pytest.raises(Forbidden):
        restore(world.reviewers[0], post.id, "1", 2, now)
    with atomic():
        posts.set_status(posts.get_post(world.author, post.id), "published", now)
        posts.current_revision(posts.get_post(world.author, post.id)).frozen_at = now
    with pytest.raises(Conflict, match="已经发布"):
        restore(world.author, post.id, "1", 2, now + 21 * MINUTE)
    assert posts.get_post(world.author, post.id).title == "新"


def test_restoring_on_a_post_in_review_opens_a_new_revision(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    edit(world.author, post, now + 20 * MINUTE, title="新")
    review.submit(world.author, post.id, now + 21 * MINUTE)
    frozen = posts.current_revision(posts.get_post(world.author, post.id))
    restore(world.author, post.id, "1", 2, now + 22 * MINUTE)
    post = posts.get_post(world.author, post.id)
    assert (post.status, posts.current_revision(post).number) == ("draft", 2)
    assert (frozen.title, post.title) == ("新", "暴雨橙色预警")
    run = review.review_of(frozen.id)
    assert run is not None
    assert run.status == "void"


def test_an_account_that_is_gone_stays_out_and_is_named(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    edit(world.author, post, now + 20 * MINUTE, title="新", account_ids=[world.wechat.id])
    with atomic():
        world.weibo.active = False
        db.session.add(world.weibo)
    restored, lost = restore(world.author, post.id, "1", 2, now + 21 * MINUTE)
    assert posts.post_json(restored)["account_ids"] == [world.wechat.id]
    assert len(lost) == 1
    assert world.weibo.name in lost[0]


def test_one_account_alone_is_restored(world: World, now: datetime) -> None:
    """Its hand-set parts come back; the text, and what others had set, stay as they are."""
    post = posts.create_post(world.author, world.fields(), now)
    weibo, wechat = posts.current_variants(post)
    posts.override_variant(world.author, post.id, wechat.id, {"digest": "旧摘要"}, now + 20 * MINUTE)
    posts.override_variant(world.author, post.id, weibo.id, {"text": "旧微博"}, now + 21 * MINUTE)
    edit(world.colleague, post, now + 40 * MINUTE, title="新标题")
    for variant, changed in ((wechat, {"digest": "新摘要", "title": "新题"}), (weibo, {"text": "新微博"})):
        posts.override_variant(world.colleague, post.id, variant.id, changed, now + 41 * MINUTE)
    version = posts.get_post(world.author, post.id).version
    restored, lost = restore_account(world.author, post.id, "2", world.wechat.id, version, now + 60 * MINUTE)
    shown = posts.post_json(restored)
    assert (lost, shown["title"]) == ([], "新标题")
    assert [variant["overrides"] for variant in shown["variants"]] == [{"text": "新微博"}, {"digest": "旧摘要"}]
    assert shown["variants"][1]["payload"]["digest"] == "旧摘要"
    last = states(world, post)[-1]
    assert (last.kind, last.restored_number, last.changed) == ("restored", 2, ["overrides"])
    event = db.session.query(Event).filter_by(action="post.restore").one()
    assert (event.after["account_id"], event.after["fields"]) == (world.wechat.id, ["overrides"])
    assert world.wechat.name in event.summary
    restored, _lost = restore_account(world.author, post.id, "1", world.wechat.id, version + 1, now + 61 * MINUTE)
    assert posts.current_variants(restored)[1].overrides == {}, "automatic again"


def test_pictures_of_what_comes_back_are_made_before_anybody_is_kept_waiting(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    cover = add_media(world.author, unit_id=world.city.id, name="图.png", content=png("blue", (9000, 300)), now=now)
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    by_hand = {"cover": {"sha256": cover.sha256, "media_id": cover.id}}
    posts.override_variant(world.author, post.id, wechat.id, by_hand, now + 20 * MINUTE)
    posts.override_variant(world.author, post.id, wechat.id, {"cover": None}, now + 40 * MINUTE)
    with atomic():
        db.session.execute(delete(Derivative))
    inside: list[bool] = []
    reencode = pictures.reencode
    monkeypatch.setattr(pictures, "reencode", lambda *a, **k: inside.append(in_atomic()) or reencode(*a, **k))
    version = posts.get_post(world.author, post.id).version
    restore_account(world.author, post.id, "2", world.wechat.id, version, now + 60 * MINUTE)
    assert inside
    assert not any(inside)


def test_restoring_one_account_refuses_what_it_should(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(account_ids=[world.weibo.id]), now)
    weibo = posts.current_variants(post)[0]
    posts.override_variant(world.author, post.id, weibo.id, {"text": "手写"}, now + 20 * MINUTE)
    edit(world.author, post, now + 40 * MINUTE, account_ids=[world.wechat.id])
    refused = (
        ("1", world.weibo.id, 3, Conflict, "现在不发"),
        ("3", world.wechat.id, 2, Conflict, "其间有人改过"),
        ("3", world.wechat.id, 3, Conflict, "相同"),
        ("1", world.wechat.id, 3, NotFound, "没有找到"),
        ("9", world.wechat.id, 3, NotFound, "没有找到"),
    )
    for key, account_id, version, kind, words in refused:
        with pytest.raises(kind, match=words):
            restore_account(world.author, post.id, key, account_id, version, now + 41 * MINUTE)
    for actor, error in ((world.outsider, NotFound), (world.reviewers[0], Forbidden)):
        with pytest.raises(error):
            restore_account(actor, post.id, "3", world.wechat.id, 3, now)


def test_restoring_one_account_of_a_post_in_review_voids_the_review(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    posts.override_variant(world.author, post.id, wechat.id, {"digest": "手写"}, now + 20 * MINUTE)
    review.submit(world.author, post.id, now + 21 * MINUTE)
    frozen = posts.current_revision(posts.get_post(world.author, post.id)).id
    restore_account(world.author, post.id, "1", world.wechat.id, 2, now + 22 * MINUTE)
    post = posts.get_post(world.author, post.id)
    assert (post.status, posts.current_revision(post).number) == ("draft", 2)
    assert posts.current_variants(post)[1].overrides == {}
    run = review.review_of(frozen)
    assert run is not None
    assert run.status == "void"
