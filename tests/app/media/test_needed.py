"""What has never been used: nothing that a draft, a kept state, a template or an account's settings still needs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Account
from app.db import atomic, db
from app.errors import Conflict
from app.media.models import Media, MediaHold
from app.media.removing import remove, why_it_stays
from app.posts import services as posts
from app.posts.templates_keeping import remove_template, save_template
from tests.app.media.test_items import names, put
from tests.app.posts.helpers import World
from tests.app.review.test_review import issue_session


def shown(media: Media) -> str:
    return f'<p>图：<img src="/media/{media.sha256}" alt="图"></p>'


def set_up(account: Account, **settings: str) -> None:
    with atomic():
        account.settings = {**account.settings, **settings}


def test_unused_is_what_nothing_needs(world: World, now: datetime) -> None:
    colours = ("red", "green", "blue", "gold", "gray", "pink")
    idle, drafted, gone, template, cover, foot = (put(world, f"{colour}.png", colour) for colour in colours)
    assert len(names(world, state="unused")) == 6
    posts.create_post(world.author, world.fields(body_html=shown(drafted)), now)
    assert "green.png" not in names(world, state="unused")
    # Taken out of the draft by somebody else: the state before still shows it.
    post = posts.create_post(world.author, world.fields(body_html=shown(gone)), now)
    posts.revise_post(
        world.colleague, post.id, {"body_html": "<p>没有图了。</p>"}, post.version, now + timedelta(hours=1)
    )
    given = {"unit_id": world.city.id, "name": "天气", "body_html": shown(template)}
    save_template(world.admin, None, given, now)
    set_up(world.wechat, default_cover=cover.sha256, foot_html=shown(foot))
    assert names(world, state="unused") == ["red.png"]
    # Posts alone count as used.
    assert names(world, state="used") == ["green.png"]
    why = {media.name: why_it_stays(world.author, media) for media in (idle, gone, template, cover, foot)}
    assert why["red.png"] == ""
    assert "历史版本" in why["blue.png"]
    assert "写稿模板“天气”" in why["gold.png"]
    assert f"账号“{world.wechat.name}”的默认封面" in why["gray.png"]
    assert f"账号“{world.wechat.name}”的片头或片尾" in why["pink.png"]
    for media in (gone, template, cover, foot):
        with pytest.raises(Conflict):
            remove(world.author, media.id, now)
    remove(world.author, idle.id, now)


def test_an_edit_within_one_state_lets_go(world: World, now: datetime) -> None:
    first, second = put(world, "a.png", "red"), put(world, "b.png", "blue")
    post = posts.create_post(world.author, world.fields(body_html=shown(first), account_ids=[]), now)
    posts.revise_post(world.author, post.id, {"body_html": shown(second)}, post.version, now + timedelta(minutes=1))
    assert names(world, state="unused") == ["a.png"]
    remove(world.author, first.id, now)
    assert set(db.session.scalars(select(MediaHold.key))) == {second.sha256}


def test_a_template_that_goes_lets_go(world: World, now: datetime) -> None:
    media, other = put(world, "a.png", "red"), put(world, "b.png", "blue")
    given = {"unit_id": world.city.id, "name": "天气", "body_html": shown(media)}
    template = save_template(world.admin, None, given, now)
    save_template(world.admin, template.id, {**given, "body_html": shown(other)}, now)
    assert names(world, state="unused") == ["a.png"]
    remove_template(world.admin, template.id, now)
    assert names(world, state="unused") == ["b.png", "a.png"]
    assert db.session.scalar(select(func.count(MediaHold.id))) == 0


def test_the_items_page_says_why_it_stays(app: Flask, world: World, now: datetime) -> None:
    media = put(world, "a.png", "red")
    client = issue_session(app, world.author)
    assert "删除素材" in client.get(f"/library/{media.id}").text
    set_up(world.wechat, default_cover=media.sha256)
    page = client.get(f"/library/{media.id}").text
    assert "的默认封面。请账号管理员先换一张默认封面。" in page
    assert "不能删除" in page
    assert "删除素材" not in page
