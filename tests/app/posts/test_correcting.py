"""A correction opens with what the original says, before anything is saved."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from app.db import atomic
from app.posts import services as posts
from app.posts.correcting import correction_of
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import World
from tests.app.posts.test_pages import sound


def handed_over(page: str) -> dict[str, Any]:
    found = re.search(r'id="composer-data">(.*?)</script>', page, re.S)
    assert found is not None
    shown: dict[str, Any] = json.loads(found[1])["post"]
    return shown


def test_the_composer_opens_with_the_original(enter: Enter, world: World, now: datetime) -> None:
    with atomic():
        for account in (world.weibo, world.wechat):
            account.unit_id = world.bureau.id
    original = posts.create_post(world.author, world.fields(unit_id=world.bureau.id, tags=["防汛"]), now)
    page = sound(enter(world.author), f"/posts/new?corrects={original.id}")
    shown = handed_over(page)
    assert shown["title"] == "【更正】暴雨橙色预警"
    assert "暴雨橙色预警信号" in shown["body_html"]
    assert shown["unit_id"] == world.bureau.id
    assert shown["corrects_id"] == original.id
    assert shown["tags"] == ["防汛"]
    assert shown["account_ids"] == [world.weibo.id, world.wechat.id]
    assert page.count("checked> <") >= 2
    assert f'href="/posts/{original.id}"' in page
    saved = posts.create_post(
        world.author, {key: value for key, value in shown.items() if key in world.fields() or key == "corrects_id"}, now
    )
    assert f'href="/posts/{original.id}"' in sound(enter(world.author), f"/posts/{saved.id}")


def test_a_strangers_post_opens_an_empty_sheet(enter: Enter, world: World, now: datetime) -> None:
    original = posts.create_post(world.author, world.fields(), now)
    shown = handed_over(sound(enter(world.outsider), f"/posts/new?corrects={original.id}"))
    assert shown["corrects_id"] is None
    assert "title" not in shown


def test_a_second_correction_is_marked_once(world: World, now: datetime) -> None:
    world.wechat.active = False
    original = posts.create_post(world.author, world.fields(title="【更正】通知", account_ids=[world.weibo.id]), now)
    fields = correction_of(world.author, original)
    assert fields["title"] == "【更正】通知"
    assert fields["account_ids"] == [world.weibo.id]
