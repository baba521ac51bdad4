"""What the composer offers to choose from, and names for what posts refer to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.models import Account
from app.db import db
from app.media.models import Media
from app.posts.models import Post
from app.posts.pictures import Pictures
from app.posts.sanitising import Cleaned, clean
from app.units.access import Actor, unit_for, visible
from app.units.models import Unit, User
from app.units.sites import sites_of

_PICTURE = re.compile(r'src="/media/([0-9a-f]{64})"')

# Bound by publishing, the higher room: publications of each of these posts, for the tandem bar of the list.
publications_by_post: list[Callable[[Sequence[str]], Mapping[str, Sequence[Any]]]] = []


def publications_of(post_ids: Sequence[str]) -> Mapping[str, Sequence[Any]]:
    """{post id: its publications}; empty while nobody tells."""
    return publications_by_post[0](post_ids) if publications_by_post and post_ids else {}


def writable_units(actor: Actor) -> list[Unit]:
    """Units in which this person may write, by their place in the tree."""
    query = select(Unit).where(visible(actor, "post.write", Unit.id)).order_by(Unit.path)
    return list(db.session.scalars(query))


def sites_by_unit(actor: Actor) -> dict[str, list[str]]:
    """{unit id: the domains of websites from which its people may fetch pages}."""
    return sites_of(writable_units(actor))


def writable_accounts(actor: Actor) -> list[Account]:
    """Accounts for which this person may write."""
    query = select(Account).where(Account.active, visible(actor, "post.write", Account.unit_id))
    return list(db.session.scalars(query.order_by(Account.platform.desc(), Account.id)))


def names_of(user_ids: Iterable[str]) -> dict[str, str]:
    """Names of people by id."""
    return {user.id: user.name for user in db.session.scalars(select(User).where(User.id.in_(list(user_ids))))}


def media_by_id(actor: Actor, media_id: str | None) -> Media | None:
    media = db.session.get(Media, media_id) if media_id else None
    return media if media is not None and actor.may("media.read", media.unit) else None


def pictures_in(actor: Actor, html: str) -> list[Media]:
    """The library's items that `html` shows and this person may see, one for each picture."""
    hashes = set(_PICTURE.findall(html))
    query = select(Media).where(Media.sha256.in_(hashes), visible(actor, "media.read", Media.unit_id))
    return list({media.sha256: media for media in db.session.scalars(query.order_by(Media.id))}.values())


def visible_post(actor: Actor, post_id: str | None) -> Post | None:
    post = db.session.get(Post, post_id) if post_id else None
    return post if post is not None and actor.may("post.read", post.unit) else None


def clean_paste(actor: Actor, *, unit_id: str, html: str, now: datetime, foreign: bool = True) -> Cleaned:
    """Pasted HTML as it may stay in a body; pictures that came along go to the unit's library. Not `foreign`: it was
    written here, and nothing in it is taken for something else. For who writes posts or keeps templates there."""
    unit_for(actor, "post.write", unit_id, see="post.read", instead="template.manage")
    pictures = Pictures(actor, unit_id, now)
    cleaned = clean(html, pictures.place, foreign=foreign)
    return Cleaned(html=cleaned.html, notes=cleaned.notes + pictures.summary())
