"""Reviewers see exactly what differs."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from app.posts import services as posts
from app.review import services as review
from app.review.changes import changes, compare
from tests.app.posts.helpers import World


@given(st.text(alphabet="甲乙丙 1", max_size=20), st.text(alphabet="甲乙丙 1", max_size=20))
def test_the_pieces_tell_both_texts(before: str, after: str) -> None:
    pieces = compare(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "ins") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "del") == after


def test_long_unchanged_text_is_shortened_around_the_change() -> None:
    pieces = compare("甲" * 500 + "旧" + "乙" * 500, "甲" * 500 + "新" + "乙" * 500)
    assert [(piece.kind, len(piece.text)) for piece in pieces] == [("same", 31), ("del", 1), ("ins", 1), ("same", 31)]


def test_every_changed_field_is_listed(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(tags=["甲"]), now)
    review.submit(world.author, post.id, now)
    old = posts.current_revision(post)
    changed = {"title": "新标题", "tags": ["乙"], "body_html": "<h2>新</h2>", "account_ids": [world.wechat.id]}
    post = posts.revise_post(world.author, post.id, changed, 1, now)
    new = posts.current_revision(post)
    assert [change.name for change in changes(old, new)] == ["标题", "标签", "正文", world.weibo.name]
    base = review.base_of(new)
    assert base is not None
    assert base.id == old.id
    assert review.base_of(old) is None


def test_parts_set_by_hand_are_named_as_in_the_composer(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    review.submit(world.author, post.id, now)
    old = posts.current_revision(post)
    wechat = next(one for one in old.variants if one.account_id == world.wechat.id)
    by_hand = {"digest": "另一句摘要。", "theme": "policy", "reading_time": "on"}
    post = posts.override_variant(world.author, post.id, wechat.id, by_hand, now)
    (change,) = changes(old, posts.current_revision(post))
    assert change.name == world.wechat.name
    assert change.pieces[0].text == "手工设定的部分有改动（摘要、版式、文首写明阅读时间），请看预览。"
    # What stayed as it was set is not told again.
    review.submit(world.author, post.id, now)
    old = posts.current_revision(post)
    wechat = next(one for one in old.variants if one.account_id == world.wechat.id)
    post = posts.override_variant(world.author, post.id, wechat.id, {"theme": None, "digest": "第三句。"}, now)
    (change,) = changes(old, posts.current_revision(post))
    assert "（摘要、版式）" in change.pieces[0].text
