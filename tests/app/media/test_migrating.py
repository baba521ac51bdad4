"""The library of an installation that stands: where its items are used is found when the table comes."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from app.db import db
from app.media.models import MediaUse
from app.media.services import add_media
from app.posts import services as posts
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
