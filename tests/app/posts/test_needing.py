"""What earlier states of posts and templates show stays in the library; what is gone all the same is told on restoring."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, select

from app.db import atomic, db
from app.errors import Conflict
from app.media import uses
from app.media.blobs import path_of
from app.media.models import Blob, Derivative, Media, MediaHold, MediaUse
from app.media.removing import remove
from app.media.services import add_media, uses_of
from app.posts import adapting, holdings, templates_keeping
from app.posts import services as posts
from app.posts.models import Post, Revision, Template
from app.posts.restoring import restore
from tests.app.posts.helpers import World, png, statements
from tests.architecture.test_migrations import empty

__all__ = ["empty"]

LATER = timedelta(minutes=20)


def put(world: World, colour: str = "red") -> Media:
    return add_media(world.author, unit_id=world.city.id, name="图.png", content=png(colour), now=world.now)


def shown(media: Media) -> str:
    return f'<img src="/media/{media.sha256}" alt="图">'


def taken_out(world: World, **fields: object) -> Post:
    """A draft whose first state had these, and whose present one has none of them."""
    post = posts.create_post(world.author, world.fields(**fields), world.now)
    plain: dict[str, object] = {"body_html": "<p>甲</p>", "cover_media_id": None, "attachments": []}
    return posts.revise_post(world.author, post.id, plain, post.version, world.now + LATER)


def test_a_picture_of_an_earlier_state_is_not_removed(world: World, now: datetime) -> None:
    body, cover, paper = put(world), put(world, "green"), put(world, "blue")
    post = taken_out(world, body_html=f"<p>甲{shown(body)}</p>", cover_media_id=cover.id, attachments=[paper.id])
    for media in (body, cover, paper):
        with pytest.raises(Conflict) as refused:
            remove(world.author, media.id, now + LATER)
        assert f"《{post.title}》的历史版本里有它" in refused.value.message
        assert "到期日" in refused.value.message
        assert path_of(media.sha256).is_file()
    free = put(world, "white")
    remove(world.author, free.id, now)
    assert not path_of(free.sha256).exists()


def test_removing_reads_no_state_and_no_template(world: World, now: datetime) -> None:
    """It holds the one lock of SQLite, behind which publishing waits: what is named is looked up."""
    shown_once, free = put(world), put(world, "white")
    taken_out(world, body_html=f"<p>甲{shown(shown_once)}</p>")
    with statements() as asked, pytest.raises(Conflict, match="历史版本"):
        remove(world.author, shown_once.id, now + LATER)
    with statements() as more:
        remove(world.author, free.id, now)
    assert more
    for statement in asked + more:
        assert not {"post_snapshots.content", "post_snapshots.channels", "post_templates.blocks"} & set(
            re.findall(r"\w+\.\w+", statement)
        )


def test_a_state_that_is_written_over_needs_no_more_what_it_showed(world: World, now: datetime) -> None:
    media = put(world)
    post = posts.create_post(world.author, world.fields(body_html=f"<p>甲{shown(media)}</p>"), now)
    posts.revise_post(world.author, post.id, {"body_html": "<p>甲</p>"}, post.version, now + timedelta(minutes=1))
    remove(world.author, media.id, now)
    assert not path_of(media.sha256).exists()


def named() -> set[tuple[str, str]]:
    db.session.expire_all()
    return {(owner, key) for owner, key in db.session.execute(select(MediaHold.holder_id, MediaHold.key))}


def test_what_states_and_templates_from_before_name_is_found(empty: Flask, now: datetime) -> None:
    upgrade()
    world = World(now)
    keeper = world.person("keeper", world.city, "author", "administrator")
    body, cover, paper, pattern = (put(world, colour) for colour in ("red", "green", "blue", "white"))
    taken_out(world, body_html=f"<p>甲{shown(body)}</p>", cover_media_id=cover.id, attachments=[paper.id])
    given = {"unit_id": world.city.id, "name": "讣告", "title": "某", "body_html": f"<p>甲{shown(pattern)}</p>"}
    templates_keeping.save_template(keeper, None, given, now)
    before = named()
    assert {body.sha256, cover.id, paper.id, pattern.sha256} <= {key for _owner, key in before}
    db.session.rollback()
    downgrade(revision="0016")
    upgrade()
    assert named() == before


def test_an_older_twin_in_another_unit_stays_while_a_payload_names_it(world: World, now: datetime) -> None:
    """The library names bytes by the oldest item that has them."""
    older = add_media(world.outsider, unit_id=world.other.id, name="b.png", content=png(), now=now)
    cover = put(world)
    post = posts.create_post(world.author, world.fields(cover_media_id=cover.id), now)
    assert posts.current_variants(post)[0].payload["images"] == [{"media_id": older.id, "sha256": cover.sha256}]
    with pytest.raises(Conflict, match="您看不到的稿件用到了它，送审"):
        remove(world.outsider, older.id, now)
    (use,), _unseen = uses_of(world.author, cover)
    assert use.places == ("cover",)


def erase(sha256: str) -> None:
    """As if nothing had kept anybody from it."""
    for table, hashes in (
        (MediaUse, MediaUse.sha256),
        (Derivative, Derivative.source_sha256),
        (Media, Media.sha256),
        (Blob, Blob.sha256),
    ):
        db.session.execute(delete(table).where(hashes == sha256).execution_options(synchronize_session=False))


def test_a_picture_deleted_between_adapting_and_saving_is_told(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made for the accounts names it already: that must not be saved, let alone approved."""
    sha256 = put(world).sha256
    note_uses = holdings.note_uses

    def too_late(post: Post, revision: Revision) -> None:
        erase(sha256)
        note_uses(post, revision)

    monkeypatch.setattr(adapting, "note_uses", too_late)
    body = f'<p>甲<img src="/media/{sha256}" alt="图"></p>'
    with pytest.raises(Conflict, match="1 张图片刚刚被人从素材库删除"):
        posts.create_post(world.author, world.fields(body_html=body), now)
    assert db.session.scalars(select(Post)).all() == []
    checksum = "0123456789abcdef" * 4
    post = posts.create_post(world.author, world.fields(body_html=f"<p>校验值 {checksum}</p>"), now)
    assert checksum in str(posts.current_variants(post)[1].payload), "a checksum in the text is no picture"


def test_a_picture_deleted_while_a_template_is_saved_is_told(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = world.person("keeper", world.city, "author", "administrator")
    sha256 = put(world).sha256
    hold = uses.hold

    def too_late(hashes: set[str]) -> set[str]:
        erase(sha256)
        return hold(hashes)

    monkeypatch.setattr(templates_keeping, "hold", too_late)
    body = f'<p>甲<img src="/media/{sha256}" alt="图"></p>'
    with pytest.raises(Conflict, match="刚刚被人从素材库删除"):
        templates_keeping.save_template(
            keeper, None, {"unit_id": world.city.id, "name": "讣告", "title": "某", "body_html": body}, now
        )
    assert db.session.scalars(select(Template)).all() == []


def test_who_may_not_see_the_post_is_not_told_its_title(world: World, now: datetime) -> None:
    mine = put(world)
    theirs = add_media(world.outsider, unit_id=world.other.id, name="b.png", content=png("red"), now=now)
    assert theirs.sha256 == mine.sha256
    post = taken_out(world, body_html=f"<p>甲{shown(mine)}</p>")
    with pytest.raises(Conflict, match="您看不到的稿件") as refused:
        remove(world.outsider, theirs.id, now + LATER)
    assert post.title not in refused.value.message


def test_a_picture_of_a_template_is_not_removed_until_it_is_taken_out(world: World, now: datetime) -> None:
    keeper = world.person("keeper", world.city, "author", "administrator")
    media = put(world)
    given = {"unit_id": world.city.id, "name": "讣告", "title": "某", "body_html": f"<p>甲</p><p>{shown(media)}</p>"}
    template = templates_keeping.save_template(keeper, None, given, now)
    assert media.sha256 in str(template.blocks)
    with pytest.raises(Conflict, match="写稿模板“讣告”用到了它"):
        remove(keeper, media.id, now)
    assert path_of(media.sha256).is_file()
    templates_keeping.save_template(keeper, template.id, {**given, "body_html": "<p>甲</p>"}, now)
    remove(keeper, media.id, now)
    assert not path_of(media.sha256).exists()


def test_restoring_leaves_out_and_tells_pictures_that_are_gone(world: World, now: datetime) -> None:
    gone, stays = put(world), put(world, "green")
    body = f"<p>甲</p><figure>{shown(gone)}</figure><p>乙{shown(stays)}</p>"
    post = posts.create_post(world.author, world.fields(body_html=body), now)
    weibo, wechat = posts.current_variants(post)
    chosen = {"images": [{"media_id": one.id, "sha256": one.sha256} for one in (gone, stays)]}
    posts.override_variant(world.author, post.id, weibo.id, chosen, now)
    posts.override_variant(world.author, post.id, wechat.id, {"content_html": f"<p>丙{shown(gone)}</p>"}, now)
    version = posts.get_post(world.author, post.id).version
    other = {"body_html": "<p>新</p>", "account_ids": []}
    posts.revise_post(world.author, post.id, other, version, now + LATER)
    sha256 = gone.sha256
    with atomic():
        erase(sha256)
    db.session.expire_all()
    restored, lost = restore(world.author, post.id, "1", version + 1, now + 2 * LATER)
    assert lost == ["有 1 张图片已不在素材库，没有恢复。请另选图片插入原处。"]
    told = posts.post_json(restored)
    assert told["body_html"] == f"<p>甲</p><p>乙{shown(stays)}</p>"
    assert [variant["overrides"] for variant in told["variants"]] == [
        {"images": [{"media_id": stays.id, "sha256": stays.sha256}]},
        {"content_html": "<p>丙</p>"},
    ]
