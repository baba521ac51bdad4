"""One act on many items: what it does, what stays and why, and taking it back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import Event
from app.db import db
from app.errors import Conflict, Invalid, NotFound
from app.media.batches import MOST, act_on, batch_of, take_back
from app.media.models import Media, MediaBatch
from app.media.services import edit, take_in
from app.posts import services as posts
from app.units.access import actor_for
from tests.app.accounts.people import People
from tests.app.media.test_items import put
from tests.app.media.test_library import picture
from tests.app.posts.helpers import World


def three(world: World) -> list[Media]:
    return [put(world, f"{colour}.png", colour) for colour in ("red", "green", "blue")]


def ids(items: list[Media]) -> list[str]:
    return [media.id for media in items]


def fresh(items: list[Media]) -> list[Media]:
    db.session.expire_all()
    return items


def test_many_go_into_a_folder_and_back(world: World, now: datetime) -> None:
    items = three(world)
    edit(world.author, items[0].id, {"folder": "旧"}, now)
    edit(world.author, items[2].id, {"folder": "活动/2026"}, now)
    batch = act_on(world.author, ids(items), "move", folder=" 活动／2026 ", now=now)
    assert [media.folder for media in fresh(items)] == ["活动/2026"] * 3
    assert {item["id"] for item in batch.done} == {items[0].id, items[1].id}
    assert [(item["name"], item["why"]) for item in batch.stayed] == [("blue.png", "本来就在这个文件夹。")]
    assert db.session.scalar(select(func.count(Event.id)).where(Event.action == "media.edit")) == 4
    edit(world.author, items[1].id, {"folder": "别处"}, now)
    again = take_back(world.author, batch.id, now)
    assert [media.folder for media in fresh(items)] == ["旧", "别处", "活动/2026"]
    assert again.undone == 1
    assert [item["why"] for item in again.stayed] == ["之后又换过文件夹，没有动它。"]
    with pytest.raises(Conflict, match="已经撤销过"):
        take_back(world.author, batch.id, now)


def test_out_of_any_folder(world: World, now: datetime) -> None:
    items = three(world)
    act_on(world.author, ids(items[:2]), "move", folder="活动", now=now)
    batch = act_on(world.author, ids(items), "out", now=now)
    assert [media.folder for media in fresh(items)] == ["", "", ""]
    assert [item["why"] for item in batch.stayed] == ["本来就不在文件夹里。"]
    take_back(world.author, batch.id, now)
    assert [media.folder for media in fresh(items)] == ["活动", "活动", ""]


def test_tags_on_and_off_and_back(world: World, now: datetime) -> None:
    items = three(world)
    edit(world.author, items[0].id, {"tags": "演练、防汛"}, now)
    edit(world.author, items[1].id, {"tags": [f"标{n}" for n in range(20)]}, now)
    batch = act_on(world.author, ids(items), "tag", tags="防汛、 #抢险", now=now)
    assert [media.tags for media in fresh(items) if media is not items[1]] == [
        ["演练", "防汛", "抢险"],
        ["防汛", "抢险"],
    ]
    assert [(item["name"], "最多 20 个" in item["why"]) for item in batch.stayed] == [("green.png", True)]
    # What somebody else added since stays.
    edit(world.author, items[2].id, {"tags": "防汛、抢险、夜间"}, now)
    take_back(world.author, batch.id, now)
    assert [media.tags for media in fresh(items) if media is not items[1]] == [["演练", "防汛"], ["夜间"]]
    off = act_on(world.author, ids(items), "untag", tags=["演练"], now=now)
    assert items[0].tags == ["防汛"]
    assert len(off.stayed) == 2
    take_back(world.author, off.id, now)
    assert fresh(items)[0].tags == ["演练", "防汛"]


def test_what_is_used_or_not_ones_own_stays(world: World, now: datetime) -> None:
    items = three(world)
    posts.create_post(world.author, world.fields(title="用图的稿件", cover_media_id=items[1].id), now)
    foreign = take_in(
        world.outsider, unit_id=world.other.id, name="外.png", content=picture(colour="gold"), now=now
    ).media
    batch = act_on(world.author, [*ids(items), foreign.id, "nothing"], "remove", now=now)
    left = set(db.session.scalars(select(Media.id)))
    assert left == {items[1].id, foreign.id}
    assert len(batch.done) == 2
    why = {item["id"]: (item["name"], item["why"]) for item in batch.stayed}
    assert why[items[1].id][0] == "green.png"
    assert "《用图的稿件》" in why[items[1].id][1]
    # Not even its name is told.
    assert why[foreign.id] == ("", NotFound().message)
    assert why["nothing"] == ("", NotFound().message)
    with pytest.raises(Conflict, match="不能恢复"):
        take_back(world.author, batch.id, now)


def test_who_may_only_look_changes_nothing(world: World, now: datetime) -> None:
    items = three(world)
    for act in ("move", "tag", "remove"):
        batch = act_on(world.reviewers[0], ids(items), act, folder="甲", tags="乙", now=now)
        assert batch.done == []
        assert all("上传素材" in item["why"] for item in batch.stayed)
    assert [(media.folder, media.tags) for media in fresh(items)] == [("", [])] * 3


@pytest.mark.parametrize(
    ("act", "more", "word"),
    [
        ("move", {"folder": " / "}, "哪个文件夹"),
        ("move", {"folder": "/".join("一二三四五六")}, "字段"),
        ("tag", {"tags": "、"}, "写标签"),
        ("burn", {}, "没有这种"),
    ],
)
def test_wrong_wishes_change_nothing(world: World, now: datetime, act: str, more: dict[str, str], word: str) -> None:
    with pytest.raises(Invalid, match=word):
        act_on(world.author, ids(three(world)), act, now=now, **more)
    assert db.session.scalar(select(func.count(MediaBatch.id))) == 0


def test_none_and_too_many_are_refused(world: World, now: datetime) -> None:
    with pytest.raises(Invalid, match="还没有选中"):
        act_on(world.author, ["", ""], "out", now=now)
    with pytest.raises(Invalid, match=f"最多处理 {MOST} 个"):
        act_on(world.author, [str(n) for n in range(MOST + 1)], "out", now=now)


def test_acts_are_ones_own_and_kept_a_week(world: World, now: datetime) -> None:
    items = three(world)
    batch = act_on(world.author, ids(items), "move", folder="活动", now=now)
    kept = batch.id
    assert batch_of(world.author, kept) is batch
    assert batch_of(world.colleague, batch.id) is None
    with pytest.raises(NotFound):
        take_back(world.colleague, batch.id, now)
    act_on(world.author, ids(items), "out", now=now + timedelta(days=8))
    assert batch_of(world.author, kept) is None


def test_on_the_page(app: Flask, people: People, now: datetime) -> None:
    client, actor = people.browser(people.author), actor_for(people.author)
    unit_id = people.author.unit_id
    one, two = (
        take_in(actor, unit_id=unit_id, name=f"{colour}.png", content=picture(colour=colour), now=now).media.id
        for colour in ("red", "blue")
    )
    nothing = client.post("/library/batches?folder=%E5%BA%9F", data={"act": "out"})
    assert nothing.headers["Location"] == "/library?folder=%E5%BA%9F"
    assert "还没有选中素材" in client.get("/library").text
    moved = client.post("/library/batches?kind=image", data={"act": "move", "ids": [one, two], "folder": "活动"})
    assert moved.status_code == 303
    page = client.get(moved.headers["Location"])
    assert "2 个素材已移到“活动”。" in page.text
    batch_id = moved.headers["Location"].rpartition("batch=")[2]
    back = client.post(f"/library/batches/{batch_id}/undo?kind=image")
    assert "已撤销，2 个素材恢复原样。" in client.get(back.headers["Location"]).text
    assert "kind=image" in back.headers["Location"]
    again = client.post(f"/library/batches/{batch_id}/undo")
    assert "已经撤销过" in client.get(again.headers["Location"]).text
    db.session.expire_all()
    assert {media.folder for media in db.session.scalars(select(Media))} == {""}
