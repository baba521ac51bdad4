"""The library of an installation that stands: where its items are used is found when the table comes."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from app.db import db
from app.media.models import MediaHold, MediaUse
from app.media.services import add_media
from app.posts import services as posts
from app.posts.templates_keeping import save_template
from tests.app.media.test_library import letter, picture
from tests.app.posts.helpers import World
from tests.architecture.test_migrations import empty

__all__ = ["empty"]


def uses() -> set[tuple[str, str, str, str, str]]:
    found = db.session.scalars(select(MediaUse)).all()
    return {(use.sha256, use.media_id, use.post_id, use.revision_id, use.place) for use in found}


def test_uses_from_before_are_found(empty: Flask, now: datetime) -> None:
    upgrade()
    world = World(now)
    items = [
        add_media(world.author, unit_id=world.city.id, name=name, content=content, now=now)
        for name, content in (("a.png", picture()), ("b.png", picture(colour="blue")), ("c.docx", letter("甲")))
    ]
    html = f'<p>甲<img src="/media/{items[0].sha256}" alt="图"></p>'
    fields = world.fields(body_html=html, cover_media_id=items[1].id, attachments=[items[2].id])
    posts.create_post(world.author, fields, now)
    posts.create_post(world.author, world.fields(), now)
    before = uses()
    assert {use[4] for use in before} == {"body", "cover", "attachment", "variant"}
    db.session.rollback()
    downgrade(revision="0012")
    upgrade()
    db.session.expire_all()
    assert uses() == before


def holds() -> set[tuple[str, str, str]]:
    return {(hold.kind, hold.holder_id, hold.key) for hold in db.session.scalars(select(MediaHold))}


def test_what_states_and_templates_name_is_found(empty: Flask, now: datetime) -> None:
    upgrade()
    world = World(now)
    items = [
        add_media(world.author, unit_id=world.city.id, name=f"{colour}.png", content=picture(colour=colour), now=now)
        for colour in ("red", "blue", "green")
    ]
    html = f'<p>甲<img src="/media/{items[0].sha256}" alt="图"></p>'
    posts.create_post(world.author, world.fields(body_html=html, cover_media_id=items[1].id), now)
    given = {"unit_id": world.city.id, "name": "模板", "body_html": html.replace(items[0].sha256, items[2].sha256)}
    save_template(world.admin, None, given, now)
    before = holds()
    assert {items[0].sha256, items[1].id, items[1].sha256, items[2].sha256} <= {key for _kind, _id, key in before}
    db.session.rollback()
    downgrade(revision="0016")
    upgrade()
    db.session.expire_all()
    assert holds() == before
