"""What a post says of being made with AI: kept, versioned, shown to reviewers and readers, and asked of library pictures."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from docx import Document
from flask import Flask
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import select

from app.db import atomic, db
from app.errors import ContentBlocked, Invalid
from app.media import services as media
from app.posts import services as posts
from app.posts.comparing import compare_states
from app.posts.correcting import correction_of
from app.posts.history import State, snapshot_of
from app.posts.models import Post, Snapshot, Variant
from app.posts.restoring import restore
from app.review.changes import changes
from app.review.models import Review
from app.review.services import submit
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import World, png

SAID = "本文由人工智能辅助生成"


def write(world: World, now: datetime, **changed: object) -> Post:
    return posts.create_post(world.author, world.fields(**changed), now)


def variants(post: Post) -> dict[str, Variant]:
    return {variant.account.platform: variant for variant in posts.current_variants(post)}


def test_every_account_gets_the_label_and_another_hash(world: World, now: datetime) -> None:
    plain = write(world, now)
    before = {platform: variant.sha256 for platform, variant in variants(plain).items()}
    post = posts.revise_post(world.author, plain.id, {"ai_text": "assisted"}, 1, now)
    found = variants(post)
    assert SAID in found["wechat"].payload["content_html"]
    assert "（本文由AI辅助生成）" in found["weibo"].payload["text"]
    assert all(found[platform].sha256 != sha256 for platform, sha256 in before.items())
    assert {note["kind"] for note in found["wechat"].notes} >= {"ai_label"}
    back = posts.revise_post(world.author, plain.id, {"ai_text": "none"}, 2, now)
    assert {platform: variant.sha256 for platform, variant in variants(back).items()} == before


def test_only_known_ways(world: World, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        write(world, now, ai_text="maybe")
    assert list(refused.value.errors) == ["ai_text"]


def test_a_version_that_says_nothing_of_it_does_not_go_to_review(world: World, now: datetime) -> None:
    post = write(world, now, ai_text="generated")
    wechat = variants(post)["wechat"]
    posts.override_variant(world.author, post.id, wechat.id, {"content_html": "<p>今晚有雨。</p>"}, now)
    with pytest.raises(ContentBlocked) as refused:
        submit(world.author, post.id, now)
    assert [p["rule"] for p in refused.value.extra["problems"] if p["severity"] == "block"] == ["ai.label"]


def test_it_is_versioned_compared_and_restored(world: World, now: datetime) -> None:
    post = write(world, now, ai_text="assisted")
    with atomic():
        # As it was kept before posts said so.
        old = db.session.scalars(select(Snapshot)).one()
        old.content = {name: value for name, value in old.content.items() if not name.startswith("ai_")}
    submit(world.author, post.id, now)
    posts.revise_post(world.colleague, post.id, {"ai_images": "generated"}, 1, now)
    db.session.rollback()
    first, last = snapshot_of(world.author, post.id, "1"), posts.current_revision(db.session.get_one(Post, post.id))
    assert (last.number, last.ai_text, last.ai_images) == (2, "assisted", "generated")
    newest = db.session.scalars(select(Snapshot).order_by(Snapshot.number.desc())).first()
    assert newest is not None
    states = [State(content=one.content, channels=[]) for one in (first, newest)]
    sections, _channels = compare_states(*states)
    assert [section.name for section in sections] == ["ai_text", "ai_images"]
    back, lost = restore(world.author, post.id, "1", db.session.get_one(Post, post.id).version, now)
    revision = posts.current_revision(back)
    assert (revision.ai_text, revision.ai_images, lost) == ("none", "none", [])


def test_reviewers_see_it_and_that_it_changed(world: World, enter: Enter, now: datetime) -> None:
    post = write(world, now, ai_text="assisted")
    submit(world.author, post.id, now)
    old = posts.current_revision(post)
    posts.revise_post(world.author, post.id, {"ai_text": "generated"}, 1, now)
    new = posts.current_revision(db.session.get_one(Post, post.id))
    assert [change.name for change in changes(old, new)] == ["文字使用 AI"]
    submit(world.author, post.id, now)
    reviewer = enter(world.reviewers[0])
    run = db.session.scalars(select(Review).where(Review.status == "open")).one()
    page = reviewer.get(f"/review/{run.id}").text
    assert "<dt>AI 标识</dt><dd>本文由人工智能生成</dd>" in page
    assert "<dd>本文由人工智能生成</dd>" in reviewer.get(f"/posts/{post.id}").text
    assert correction_of(world.author, db.session.get_one(Post, post.id))["ai_text"] == "generated"


def test_citizens_and_files_are_told(app: Flask, world: World, now: datetime) -> None:
    post = write(world, now, ai_text="assisted", ai_images="generated")
    with atomic():
        found = db.session.get_one(Post, post.id)
        found.public_revision_id, found.public_at, found.status = found.revision_id, now, "published"
    client = app.test_client()
    for page in (f"/p/{post.slug}", f"/feeds/{world.city.id}.atom", f"/feeds/{world.city.id}.json"):
        answer = client.get(page)
        text = answer.get_json()["items"][0]["content_html"] if page.endswith(".json") else answer.text
        assert SAID in text
        assert "图片" not in text, "there is none"
    exported = posts.export_document(world.author, post.id, now)
    assert SAID in [line.text for line in Document(io.BytesIO(exported.content)).paragraphs]


def test_a_picture_known_to_be_made_by_ai_is_asked_about(world: World, enter: Enter, now: datetime) -> None:
    cover = media.add_media(world.author, unit_id=world.city.id, name="海报.png", content=png(), now=now)
    post = write(world, now, cover_media_id=cover.id)
    assert rules(post) == []
    answer = enter(world.author).post(
        f"/library/{cover.id}", data={"ai_made": "generated"}, headers={"Accept": "application/json"}
    )
    assert answer.get_json()["ai_made"] == "generated"
    post = posts.revise_post(world.author, post.id, {"summary": "新"}, 1, now)
    (found,) = rules(post)
    assert (found["severity"], found["field"]) == ("warn", "ai_images")
    assert "封面“海报.png”" in found["message"]
    explained = posts.dismiss_problem(world.author, post.id, found["key"], "只用来裁边框", now)
    assert rules(explained)[0]["dismissed"]["reason"] == "只用来裁边框"
    ticked = posts.revise_post(world.author, post.id, {"ai_images": "generated"}, explained.version, now)
    assert rules(ticked) == []
    assert "图片由人工智能生成" in variants(ticked)["wechat"].payload["content_html"]


def rules(post: Post) -> list[dict[str, str]]:
    return [p for p in posts.current_revision(post).problems if p["rule"] == "media.ai"]


def test_what_the_file_says_of_itself_is_kept_when_the_file_is_cleaned(world: World, now: datetime) -> None:
    marks = PngInfo()
    marks.add_text("AIGC", '{"Label":"1","ContentProducer":"00119"}')
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "blue").save(out, "PNG", pnginfo=marks)
    taken = media.take_in(world.author, unit_id=world.city.id, name="a.png", content=out.getvalue(), now=now)
    assert (taken.media.ai_made, bool(taken.media.original_sha256)) == ("generated", True)
    plain = media.add_media(world.author, unit_id=world.city.id, name="b.png", content=png("green"), now=now)
    assert plain.ai_made == "none"
    with pytest.raises(Invalid) as refused:
        media.edit(world.author, plain.id, {"ai_made": "maybe"}, now)
    assert list(refused.value.errors) == ["ai_made"]
