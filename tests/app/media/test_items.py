"""What people say of items, how items are found, where they are used, and when they may go."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image as Pillow
from sqlalchemy import func, select, update

from app.audit.models import Event
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound, WrongKind
from app.media.blobs import path_of
from app.media.cutting import cut
from app.media.models import Blob, Media, MediaTag, MediaUse
from app.media.removing import remove
from app.media.services import (
    LibraryStore,
    add_media,
    day_of,
    edit,
    folders_of,
    made_from,
    media_of,
    read_blob,
    tags_in_use,
    take_in,
    thumb_of,
    uses_of,
)
from app.posts import holdings
from app.posts import services as posts
from app.review import services as review
from connectors import images
from tests.app.media.test_library import letter, located, picture
from tests.app.posts.helpers import World


def put(world: World, name: str, colour: str = "red", **about: Any) -> Media:
    content = picture(colour=colour, size=(400, 200))
    return take_in(world.author, unit_id=world.city.id, name=name, content=content, now=world.now, about=about).media


def names(world: World, **narrowed: Any) -> list[str]:
    return [media.name for media in media_of(world.author, today=date(2026, 7, 12), **narrowed).items]


def test_all_fields_are_kept_and_told_in_the_log(world: World, now: datetime) -> None:
    media = put(world, "a.png")
    given = {
        "title": " 防汛  演练 ", "alt": "三名消防员在堤上", "folder": " 活动 ／ 2026//防汛/ ", "tags": "防汛、演练 #消防，防汛",
        "source": "市融媒体中心", "holder": "青岚日报", "licence": "仅限政务新媒体", "expires_on": "2027-06-30",
        "note": "第一行\r\n第二行",
    }  # fmt: skip
    edit(world.author, media.id, given, now)
    db.session.expire_all()
    assert (media.title, media.alt, media.folder) == ("防汛 演练", "三名消防员在堤上", "活动/2026/防汛")
    assert media.tags == ["防汛", "演练", "消防"]
    assert (media.source, media.holder, media.licence) == ("市融媒体中心", "青岚日报", "仅限政务新媒体")
    assert (media.expires_on, media.note) == (date(2027, 6, 30), "第一行\n第二行")
    told = db.session.scalars(select(Event).where(Event.action == "media.edit")).one()
    assert told.before["tags"] == []
    assert told.after["expires_on"] == "2027-06-30"
    edit(world.author, media.id, given, now)
    assert db.session.scalar(select(func.count()).select_from(Event).where(Event.action == "media.edit")) == 1
    edit(world.author, media.id, {"tags": ["消防", "防汛"], "expires_on": None}, now)
    db.session.expire_all()
    assert (media.tags, media.expires_on, media.title) == (["消防", "防汛"], None, "防汛 演练")


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("title", "长" * 201, "200 字"),
        ("alt", "长" * 401, "400 字"),
        ("folder", "/".join("一二三四五六"), "5 层"),
        ("folder", "活动/../密", "换一个名称"),
        ("folder", "长" * 201, "200 字"),
        ("tags", [f"标签{n}" for n in range(21)], "20 个"),
        ("tags", ["长" * 41], "40 字"),
        ("expires_on", "明天", "年-月-日"),
        ("expires_on", "0001-01-01", "年-月-日"),
        ("name", "新名.png", "没有这个字段"),
    ],
)
def test_what_is_refused_names_its_field(world: World, now: datetime, field: str, value: Any, word: str) -> None:
    media = put(world, "a.png")
    with pytest.raises(Invalid) as refused:
        edit(world.author, media.id, {field: value, "source": "不应保存"}, now)
    assert word in refused.value.errors[field][0]
    db.session.expire_all()
    assert media.source == ""


def test_who_may_edit(world: World, now: datetime) -> None:
    media = put(world, "a.png")
    with pytest.raises(Forbidden):
        edit(world.admin, media.id, {"title": "x"}, now)
    with pytest.raises(NotFound):
        edit(world.outsider, media.id, {"title": "x"}, now)
    with pytest.raises(NotFound):
        remove(world.outsider, media.id, now)
    with pytest.raises(Forbidden):
        cut(world.admin, media.id, {}, now)


def test_names_with_emoji_and_joiners_stay(world: World) -> None:
    assert put(world, "👩‍🚒消防📷.png").name == "👩‍🚒消防📷.png"
    assert names(world, q="📷") == ["👩‍🚒消防📷.png"]


def test_found_by_one_character_folder_tag_kind_and_state(world: World, now: datetime) -> None:
    put(world, "堤坝.png", "red", folder="活动/2026", tags=["防汛"], alt="堤")
    put(world, "广场.png", "green", folder="活动", title="元宵灯会", expires_on="2026-07-11")
    put(world, "100%.png", "blue", folder="活动部", expires_on="2026-07-12")
    add_media(world.author, unit_id=world.city.id, name="公示.docx", content=letter("甲"), now=now)
    assert names(world, q="堤") == ["堤坝.png"]
    assert names(world, q="灯") == ["广场.png"]
    assert names(world, q="汛") == ["堤坝.png"]
    assert names(world, q="%") == ["100%.png"]
    assert names(world, folder="活动") == ["广场.png", "堤坝.png"]
    assert names(world, folder="活动/2026") == ["堤坝.png"]
    assert names(world, tag="防汛") == ["堤坝.png"]
    assert names(world, kind="file") == ["公示.docx"]
    assert names(world, state="expired") == ["广场.png"]
    assert names(world, state="expiring") == ["100%.png"]
    assert names(world, state="no_alt") == ["100%.png", "广场.png"]
    assert len(names(world, state="unused")) == 4
    assert names(world, state="used") == names(world, state="nonsense") == []
    assert folders_of(world.author) == [("活动", 2), ("活动/2026", 1), ("活动部", 1)]
    assert tags_in_use(world.author) == ["防汛"]
    assert (folders_of(world.outsider), tags_in_use(world.outsider)) == ([], [])


def test_pages_follow_each_other_without_the_text_of_documents(world: World, now: datetime) -> None:
    for number in range(7):
        content = letter(f"第{number}份")
        add_media(world.author, unit_id=world.city.id, name=f"{number}.docx", content=content, now=now)
    seen: list[str] = []
    cursor = None
    while True:
        page = media_of(world.author, cursor=cursor, limit=3)
        assert all("text" not in media.__dict__ for media in page.items)
        seen += [media.name for media in page.items]
        db.session.expire_all()
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"{number}.docx" for number in reversed(range(7))]


def test_where_an_item_is_used(world: World, now: datetime) -> None:
    body, cover = put(world, "正文.png", "red"), put(world, "封面.png", "green")
    paper = add_media(world.author, unit_id=world.city.id, name="公示.docx", content=letter("甲"), now=now)
    other = put(world, "没用.png", "blue")
    fields = world.fields(
        body_html=f'<p>甲<img src="/media/{body.sha256}" alt="图"></p>',
        cover_media_id=cover.id,
        attachments=[paper.id],
    )
    post = posts.create_post(world.author, fields, now)
    for media, place in ((body, "body"), (cover, "cover"), (paper, "attachment")):
        (use,), unseen = uses_of(world.author, media)
        assert (use.post_id, use.title, use.status, use.places, unseen) == (post.id, post.title, "draft", (place,), 0)
    assert uses_of(world.author, other) == ([], 0)
    assert uses_of(world.outsider, body) == ([], 1)
    assert names(world, state="unused") == ["没用.png"]
    post = posts.revise_post(world.author, post.id, {"body_html": "<p>乙</p>", "cover_media_id": None}, 1, now)
    assert uses_of(world.author, body) == ([], 0)
    assert len(uses_of(world.author, paper)[0]) == 1
    remove(world.author, cover.id, now)


def test_what_was_handed_in_stays_used_when_a_later_revision_drops_it(world: World, now: datetime) -> None:
    cover = put(world, "封面.png")
    post = posts.create_post(world.author, world.fields(cover_media_id=cover.id), now)
    review.submit(world.author, post.id, now)
    posts.revise_post(world.author, post.id, {"cover_media_id": None}, post.version, now)
    assert len(uses_of(world.author, cover)[0]) == 1
    with pytest.raises(Conflict) as refused:
        remove(world.author, cover.id, now)
    assert f"《{post.title}》" in refused.value.message
    assert "原样查到" in refused.value.message
    assert path_of(cover.sha256).is_file()


def test_bytes_that_one_account_gets_stay(world: World, now: datetime) -> None:
    """What was drawn or re-encoded for a platform is evidence too, whatever becomes of where it came from."""
    post = posts.create_post(world.author, world.fields(account_ids=[world.wechat.id]), now)
    drawn = posts.current_variants(post)[0].payload["cover"]["sha256"]
    use = db.session.scalars(select(MediaUse)).one()
    assert (use.sha256, use.place, use.media_id) == (drawn, "variant", "")


def test_an_unused_item_goes_with_its_bytes_its_original_and_its_thumb(world: World, now: datetime) -> None:
    out = io.BytesIO()
    Pillow.effect_noise((2200, 1200), 90).convert("RGB").save(out, "JPEG", comment=b"where")
    media = add_media(world.author, unit_id=world.city.id, name="大.jpg", content=out.getvalue(), now=now)
    small = thumb_of(media.sha256)
    assert small not in ("", media.sha256)
    assert max(images.size_of(read_blob(small))) <= 480
    hashes = [media.sha256, media.original_sha256, small]
    edit(world.author, media.id, {"tags": ["甲"]}, now)
    remove(world.author, media.id, now)
    assert not any(path_of(sha256).exists() for sha256 in hashes)
    for table in (Media, MediaTag, Blob):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0
    told = db.session.scalars(select(Event).where(Event.action == "media.remove")).one()
    assert sorted(told.after["erased"]) == sorted(hashes)


def test_bytes_that_another_item_needs_stay(world: World, now: datetime) -> None:
    mine = put(world, "a.png")
    theirs = add_media(world.outsider, unit_id=world.other.id, name="b.png", content=read_blob(mine.sha256), now=now)
    remove(world.author, mine.id, now)
    assert read_blob(theirs.sha256)
    with atomic():
        db.session.execute(update(Blob).values(public=True))
    remove(world.outsider, theirs.id, now)
    assert path_of(theirs.sha256).is_file()


def test_an_accounts_default_cover_is_not_removed(world: World, now: datetime) -> None:
    media = put(world, "默认.png")
    with atomic():
        world.wechat.settings = {"default_cover": media.sha256}
    with pytest.raises(Conflict, match="默认封面"):
        remove(world.author, media.id, now)


def test_an_expired_item_is_told_while_writing_and_in_review(world: World, now: datetime) -> None:
    picture_, cover = put(world, "正文.png", "red", title="灯会"), put(world, "封面.png", "green")
    for media in (picture_, cover):
        edit(world.author, media.id, {"expires_on": "2020-01-31"}, now)
    fields = world.fields(body_html=f'<p>甲<img src="/media/{picture_.sha256}" alt="图"></p>', cover_media_id=cover.id)
    post = posts.create_post(world.author, fields, now)
    told = [p for p in posts.post_json(post)["revision"]["problems"] if p["rule"] == "media.expired"]
    assert [(p["severity"], p["field"]) for p in told] == [("warn", "cover"), ("warn", "body")]
    assert "“灯会”已到期：只能用到 2020-01-31" in told[1]["message"]
    review.submit(world.author, post.id, now)
    edit(world.author, cover.id, {"expires_on": None}, now)
    left = posts.licence_problems(posts.current_revision(post))
    assert [problem.field for problem in left] == ["body"]


def test_the_last_day_counts_by_the_clock_here(world: World, now: datetime) -> None:
    media = put(world, "a.png", expires_on="2026-07-12")
    late = datetime.fromisoformat("2026-07-12T15:59:00+00:00")
    assert not media.expired(day_of(late))
    assert media.expired(day_of(late + timedelta(minutes=1)))


def test_pictures_without_words_are_described_or_explained(world: World, now: datetime) -> None:
    """Or the author says that there is nothing to say."""
    media = put(world, "a.png")
    shown = f'<img src="/media/{media.sha256}"'
    bare, worded, idle = f"{shown}>", f'{shown} alt="堤坝">', f'{shown} alt="" data-decorative="1">'
    post = posts.create_post(world.author, world.fields(body_html=f"<p>甲{worded}{bare}{idle}</p>"), now)
    (told,) = [p for p in posts.post_json(post)["revision"]["problems"] if p["rule"] == "media.alt"]
    assert (told["severity"], told["field"]) == ("warn", "body")
    assert "第 2 张" in told["message"]
    assert "双击图片" in told["message"]
    post = posts.dismiss_problem(world.author, post.id, told["key"], "原图就是文字", now)
    (told,) = [p for p in posts.post_json(post)["revision"]["problems"] if p["rule"] == "media.alt"]
    assert told["dismissed"]["reason"] == "原图就是文字"
    named = f'{shown} alt="IMG_2034.JPG">'
    post = posts.revise_post(world.author, post.id, {"body_html": f"<p>甲{named}{idle}</p>"}, post.version, now)
    assert [p["rule"] for p in posts.post_json(post)["revision"]["problems"]] == ["media.alt"]
    post = posts.revise_post(world.author, post.id, {"body_html": f"<p>甲{worded}{idle}</p>"}, post.version, now)
    assert posts.post_json(post)["revision"]["problems"] == []
    assert "data-decorative" in posts.current_revision(post).body_html
    wechat = posts.current_variants(post)[1]
    assert "data-decorative" not in wechat.payload["content_html"]
    for html, expected in ((wechat.payload["content_html"], []), (f"<p>乙{bare}</p>", [("content_html", "warn")])):
        wechat = posts.current_variants(posts.get_post(world.author, post.id))[1]
        post = posts.override_variant(world.author, post.id, wechat.id, {"content_html": html}, now)
        found = [p for p in posts.current_variants(post)[1].problems if p["rule"] == "media.alt"]
        assert [(p["field"], p["severity"]) for p in found] == expected


def test_the_composer_leads_to_the_same_pictures() -> None:
    script = (Path(__file__).parents[3] / "frontend/src/composer/figure.ts").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"FILE_NAME = /(.+)/i;", script)
    assert pattern == holdings._FILE_NAME.pattern


def test_a_part_becomes_a_new_item_that_knows_its_origin(world: World, now: datetime) -> None:
    origin = put(world, "堤坝.png", folder="活动", tags=["防汛"], alt="堤坝", expires_on="2027-01-01")
    given = {"left": "100", "top": "50", "width": "200", "height": "100", "max_width": "80", "quality": "middle"}
    taken = cut(world.author, origin.id, given, now)
    made = taken.media
    assert not taken.known
    assert (made.blob.width, made.blob.height, made.name) == (80, 40, "堤坝-80x40.png")
    assert (made.folder, made.tags, made.alt, made.expires_on) == ("活动", ["防汛"], "堤坝", date(2027, 1, 1))
    assert (made.origin_id, made.made["crop"], made.made["width"]) == (origin.id, [100, 50, 200, 100], 80)
    assert [item.id for item in made_from(world.author, origin)] == [made.id]
    assert (origin.blob.width, origin.blob.height) == (400, 200)
    again = cut(world.author, origin.id, given, now)
    assert (again.known, again.media.id) == (True, made.id)
    remove(world.author, origin.id, now)
    assert read_blob(made.sha256)


def test_the_part_is_the_part(world: World, now: datetime) -> None:
    """Left half red, right half blue; taken lying on its side by a telephone."""
    whole = Pillow.new("RGB", (100, 200), "red")
    whole.paste("blue", (0, 0, 100, 100))
    exif = Pillow.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    whole.save(out, "JPEG", quality=95, exif=exif)
    origin = add_media(world.author, unit_id=world.city.id, name="a.jpg", content=out.getvalue(), now=now)
    assert (origin.blob.width, origin.blob.height) == (200, 100)
    made = cut(world.author, origin.id, {"left": 110, "top": 10, "width": 60, "height": 60}, now).media
    with Pillow.open(io.BytesIO(read_blob(made.sha256))) as part:
        red, _green, blue = part.convert("RGB").getpixel((30, 30))  # type: ignore[misc]
        assert blue > 200 > 60 > red
        assert not part.getexif()


def test_compressing_makes_it_smaller_and_keeps_transparency(world: World, now: datetime) -> None:
    out = io.BytesIO()
    Pillow.effect_noise((300, 300), 60).convert("RGB").save(out, "JPEG", quality=95)
    photo = add_media(world.author, unit_id=world.city.id, name="a.jpg", content=out.getvalue(), now=now)
    sizes = [cut(world.author, photo.id, {"quality": key}, now).media.blob.size for key in ("high", "middle", "small")]
    assert photo.blob.size > sizes[0] > sizes[1] > sizes[2]
    clear = io.BytesIO()
    Pillow.new("RGBA", (60, 60), (255, 0, 0, 0)).save(clear, "PNG")
    sign = add_media(world.author, unit_id=world.city.id, name="b.png", content=clear.getvalue(), now=now)
    made = cut(world.author, sign.id, {"max_width": 30}, now).media
    with Pillow.open(io.BytesIO(read_blob(made.sha256))) as again:
        assert (again.format, again.mode, again.size) == ("PNG", "RGBA", (30, 30))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"left": "350", "top": "0", "width": "100", "height": "100"}, "left"),
        ({"left": "-1"}, "left"),
        ({"width": "3", "height": "3"}, "width"),
        ({"max_width": "500"}, "max_width"),
        ({"max_width": "5"}, "max_width"),
        ({"width": "many"}, "width"),
        ({"height": "1e999"}, "height"),
        ({"top": "nan"}, "top"),
        ({"quality": "best"}, "quality"),
    ],
)
def test_a_wrong_part_is_refused_by_field(world: World, now: datetime, given: dict[str, str], field: str) -> None:
    origin = put(world, "a.png")
    with pytest.raises(Invalid) as refused:
        cut(world.author, origin.id, given, now)
    assert list(refused.value.errors) == [field]
    assert db.session.scalar(select(func.count()).select_from(Media)) == 1


def test_documents_and_broken_pictures_are_not_cut(world: World, now: datetime) -> None:
    paper = add_media(world.author, unit_id=world.city.id, name="公示.docx", content=letter("甲"), now=now)
    with pytest.raises(WrongKind, match="不是图片"):
        cut(world.author, paper.id, {}, now)
    broken = put(world, "a.png")
    path_of(broken.sha256).write_bytes(b"broken")
    with pytest.raises(WrongKind, match="损坏"):
        cut(world.author, broken.id, {}, now)
    assert thumb_of("0" * 64) == thumb_of(paper.sha256) == ""


def test_an_original_is_no_picture_for_the_connectors(app: Flask, world: World, now: datetime) -> None:
    media = add_media(world.author, unit_id=world.city.id, name="a.jpg", content=located(), now=now)
    store = LibraryStore()
    assert store.get(media.original_sha256) is None
    found = store.get(media.sha256)
    assert found is not None
    assert found.media_id == media.id
