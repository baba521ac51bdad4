"""A look while typing says what saving the same words would say, and leaves everything as it is."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from app.config import current
from app.db import Base, atomic, db
from app.errors import Forbidden, Invalid, NotFound
from app.media.services import add_media
from app.posts import services as posts
from app.posts.looking import look
from app.posts.models import Post
from app.posts.templates_locking import locked_part
from app.review import services as review
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import World, png

SLIP = "<p>截止目前已通车。</p><p>第二段。</p>"


def told(post: Post) -> dict[str, Any]:
    """What is saved, in the form of a look."""
    revision = posts.current_revision(post)
    return {
        "problems": revision.problems,
        "variants": [
            {"id": each.id, "problems": each.problems, "notes": each.notes, "length": each.length}
            for each in revision.variants
        ],
    }


def everything() -> dict[str, Any]:
    """All rows of all tables, and the files of the library."""
    rows = {table.name: sorted(map(repr, db.session.execute(table.select()))) for table in Base.metadata.sorted_tables}
    return {**rows, "files": sorted(str(path) for path in current().media_path.rglob("*"))}


def picture(world: World, content: bytes, name: str) -> str:
    return add_media(world.author, unit_id=world.city.id, name=name, content=content, now=world.now).sha256


def bmp() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "blue").save(out, "BMP")
    return out.getvalue()


JSON = {"Accept": "application/json"}
WORDS: dict[str, dict[str, Any]] = {
    "a leak and a slip": {
        "body_html": "<p>联系人 13912345678，截止目前有效。</p><table><tr><td>其它</td></tr></table>"
    },
    "too long a title": {"title": "关于进一步做好全市" * 6, "summary": "", "tags": ["防汛", "通知"]},
    "urgent": {"urgent": True, "body_html": "<p>7月15日23:00至次日5:00，白鹭县停水。请提前储水。</p>" * 9},
    "nothing at all": {"title": " ", "summary": None, "body_html": ""},
    "foreign code": {
        "body_html": '<div onclick="x()">转载自《青岚日报》<script>1</script></div>',
        "source": "",
        "author": "王敏",
    },
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
def test_it_says_what_saving_the_same_words_says(world: World, words: dict[str, Any]) -> None:
    post = posts.create_post(world.author, world.fields(), world.now)
    before = told(post)
    seen = look(world.author, post.id, words)
    assert seen != before
    assert told(post) == before
    assert seen == told(posts.revise_post(world.author, post.id, words, post.version, world.now))


def test_explanations_parts_set_by_hand_and_fixed_parts_count(world: World) -> None:
    template = {"id": "t", "name": "公示", "locked": [locked_part("<p>如有异议，请书面反映。</p>")]}
    post = posts.create_post(world.author, world.fields(body_html=SLIP), world.now, template=template)
    weibo, _wechat = posts.current_variants(post)
    posts.override_variant(world.author, post.id, weibo.id, {"text": "其它路段 13912345678"}, world.now)
    key = next(p["key"] for p in posts.current_revision(post).problems if p["rule"] == "wording.error")
    post = posts.dismiss_problem(world.author, post.id, key, "引用原文", world.now)
    words = {"body_html": SLIP + "<p>如有异议，请书面反映。</p><p>其它。</p>"}
    seen = look(world.author, post.id, words)
    assert [p["rule"] for p in told(post)["problems"] if p["severity"] == "block"] == ["template.locked"]
    assert [p["rule"] for p in seen["problems"] if p["severity"] == "block"] == []
    assert [p["suggestion"] for p in seen["problems"] if p.get("dismissed")] == ["截至目前"]
    assert "privacy.mobile" in {p["rule"] for p in seen["variants"][0]["problems"]}
    assert seen == told(posts.revise_post(world.author, post.id, words, post.version, world.now))


def test_pictures_of_the_library_stay_and_none_comes_in(world: World) -> None:
    post = posts.create_post(world.author, world.fields(), world.now)
    plain, foreign = picture(world, png(), "图.png"), picture(world, bmp(), "图.bmp")
    known = f'<p>图</p><img src="/media/{plain}" alt="甲"><img src="/media/{foreign}" alt="乙">'
    strange = '<img src="data:image/png;base64,AAAA"><img src="https://x.cn/a.png"><img src="/media/' + "0" * 64 + '">'
    before = everything()
    seen = look(world.author, post.id, {"body_html": known + strange})
    assert everything() == before, "what WeChat would get in the place of a BMP is not made for a look"
    assert seen == told(posts.revise_post(world.author, post.id, {"body_html": known}, post.version, world.now))
    assert any("转换为微信支持的格式" in note["message"] for note in seen["variants"][1]["notes"])


def test_nothing_is_written_whatever_ends_the_session(world: World) -> None:
    post = posts.create_post(world.author, world.fields(), world.now)
    before = everything()
    look(world.author, post.id, {"title": "另一个标题，封面要另画", "body_html": SLIP, "urgent": True})
    with atomic():
        db.session.flush()
    assert everything() == before


def test_a_frozen_revision_is_looked_at_and_stays(world: World) -> None:
    post = review.submit(world.author, posts.create_post(world.author, world.fields(), world.now).id, world.now)
    before = everything()
    seen = look(world.author, post.id, {"body_html": SLIP})
    assert [p["suggestion"] for p in seen["problems"]] == ["截至目前"]
    assert everything() == before
    assert post.status == "in_review"


def test_only_who_may_write_it_may_look(world: World) -> None:
    post = posts.create_post(world.author, world.fields(), world.now)
    assert look(world.colleague, post.id, {"title": "x"})["variants"]
    with pytest.raises(Forbidden):
        look(world.reviewers[0], post.id, {"title": "x"})
    for actor, post_id in ((world.outsider, post.id), (world.author, "0" * 24)):
        with pytest.raises(NotFound):
            look(actor, post_id, {"title": "x"})
    with pytest.raises(Invalid):
        look(world.author, post.id, {"title": "长" * 201})


def test_the_composers_route_takes_words_alone(app: Flask, world: World, enter: Enter) -> None:
    post = posts.create_post(world.author, world.fields(), world.now)
    client = enter(world.author)
    answer = client.post(f"/posts/{post.id}/look", json={"body_html": "<p>电话 13912345678</p>"})
    assert answer.status_code == 200
    assert [p["rule"] for p in answer.get_json()["problems"]] == ["privacy.mobile"]
    refused = client.post(f"/posts/{post.id}/look", json={"title": "x", "account_ids": []}, headers=JSON)
    assert refused.status_code == 422
    assert "account_ids" in refused.get_json()["errors"]
    assert enter(world.outsider).post(f"/posts/{post.id}/look", json={"title": "x"}).status_code == 404
