"""Two people changed one post: what is proposed for each place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.accounts.models import Account
from app.db import atomic, db
from app.media.services import add_media
from app.posts import services as posts
from app.posts.conflicts import Conflict, compare_with_newest
from app.posts.models import Post
from tests.app.posts.helpers import World, png

BASE = "<p>第一段原来的话。</p><p>第二段原来的话。</p><p>第三段原来的话。</p>"


def compared(world: World, post: Post, theirs: dict[str, Any], mine: dict[str, Any], *, base: bool = True) -> Conflict:
    """The colleague saves `theirs`; the author's page still holds the post of before, with `mine` typed."""
    before = posts.post_json(post)
    posts.revise_post(world.colleague, post.id, theirs, 1, world.now)
    return compare_with_newest(
        world.author, post.id, mine={**before, **mine}, base=before if base else {}, now=world.now
    )


def choices(found: Conflict) -> list[tuple[str, str]]:
    return [(block["kind"], block["choice"]) for block in found.blocks]


def test_fields_that_one_or_both_changed(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(body_html=BASE), now)
    found = compared(
        world,
        post,
        {"title": "对方的标题", "summary": "对方的摘要", "source": "同样的来源"},
        {"title": "我的标题", "tags": ["我的"], "source": "同样的来源", "account_ids": [world.weibo.id]},
    )
    proposed = {section["name"]: section["choice"] for section in found.sections}
    assert proposed == {"title": "both", "summary": "theirs", "tags": "mine", "account_ids": "mine"}
    assert (found.version, found.who, found.at) == (2, "colleague", now)
    title = found.sections[0]
    assert (title["theirs"], title["mine"]) == ("对方的标题", "我的标题")
    assert [piece["kind"] for piece in title["pieces"]] == ["del", "ins", "same"]
    assert choices(found) == [("same", "theirs")] * 3


def test_blocks_changed_by_either_are_taken_from_that_one(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(body_html=BASE), now)
    found = compared(
        world,
        post,
        {"body_html": BASE.replace("第一段原来", "第一段对方")},
        {"body_html": BASE.replace("第三段原来", "第三段我")},
    )
    assert choices(found) == [("changed", "theirs"), ("same", "theirs"), ("changed", "mine")]


def test_what_was_written_here_is_not_taken_for_a_paste(world: World, now: datetime) -> None:
    own = "<p><strong>一、总体要求</strong></p><p>第二段原来的话。</p>"
    post = posts.create_post(world.author, world.fields(body_html=own), now)
    found = compared(world, post, {"title": "对方的标题"}, {"body_html": own})
    assert choices(found) == [("same", "theirs")] * 2


def test_a_block_changed_by_both_is_to_be_decided(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(body_html=BASE), now)
    found = compared(
        world,
        post,
        {"body_html": BASE.replace("第二段原来", "第二段对方")},
        {"body_html": BASE.replace("第二段原来", "第二段我")},
    )
    assert choices(found)[1] == ("changed", "both")
    assert (found.blocks[1]["mine"], found.blocks[1]["theirs"]) == ("<p>第二段我的话。</p>", "<p>第二段对方的话。</p>")


def test_blocks_that_came_and_went(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(body_html=BASE), now)
    found = compared(
        world,
        post,
        {"body_html": "<p>对方在前面加的说明。</p>" + BASE},
        {"body_html": BASE.replace("<p>第三段原来的话。</p>", "")},
    )
    assert choices(found) == [("del", "theirs"), ("same", "theirs"), ("same", "theirs"), ("del", "mine")]


def test_without_a_common_ancestor_every_difference_is_asked(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(body_html=BASE), now)
    found = compared(
        world, post, {"title": "对方的标题", "body_html": BASE.replace("第一段原来", "第一段对方")}, {}, base=False
    )
    assert [section["choice"] for section in found.sections] == ["both"]
    assert choices(found)[0] == ("changed", "both")


def test_what_was_typed_is_cleaned_but_not_refused(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(body_html=BASE), now)
    found = compared(world, post, {"summary": "对方"}, {"title": "长" * 300, "body_html": BASE + "<script>x</script>"})
    assert {section["name"] for section in found.sections} == {"title", "summary"}
    assert all(block["kind"] == "same" for block in found.blocks)


def test_ids_of_others_tell_no_names(world: World, now: datetime) -> None:
    """Anybody can write any id into the request."""
    theirs = add_media(world.outsider, unit_id=world.other.id, name="秘密名单.png", content=png(), now=now)
    own = add_media(world.author, unit_id=world.city.id, name="停水范围.png", content=png("blue"), now=now)
    with atomic():
        secret = Account(
            unit_id=world.other.id, platform="weibo", external_id="x", name="邻市秘密账号", environment="simulator",
            mode="share", credentials={}, callback_key="x", created_at=now,
        )  # fmt: skip
        db.session.add(secret)
    post = posts.create_post(world.author, world.fields(body_html=BASE, account_ids=[world.weibo.id]), now)
    mine = {"account_ids": [world.weibo.id, world.wechat.id, secret.id], "attachments": [own.id, theirs.id], "tags": 7}
    found = compared(world, post, {"summary": "对方"}, mine)
    said = {section["name"]: "".join(piece["text"] for piece in section["pieces"]) for section in found.sections}
    assert "秘密" not in str(found)
    assert world.wechat.name in said["account_ids"]
    assert secret.id in said["account_ids"]
    assert "停水范围.png" in said["attachments"]
    assert theirs.id in said["attachments"]
