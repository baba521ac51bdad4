"""What citizens may see: posts whose permalink is open, exactly in the approved revision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.config import current
from app.db import db
from app.errors import NotFound
from app.media.models import Media
from app.posts.holdings import ai_label
from app.posts.models import Post, Revision
from app.publishing.models import Publication
from app.units.models import Unit

FEED_LENGTH = 50
SITEMAP_LENGTH = 50_000


@dataclass(frozen=True, kw_only=True)
class Article:
    """One open permalink. `partners` are where else it is out; `public_at` aware UTC."""

    post: Post
    revision: Revision
    url: str
    public_at: datetime
    cover: str
    attachments: tuple[Media, ...]
    partners: tuple[Publication, ...]

    @property
    def ai_label(self) -> str:
        """What must be said of it where it was made with AI, else ""."""
        return ai_label(self.revision)


def permalink(slug: str) -> str:
    """Where citizens find it."""
    return f"{current().public_url}/p/{slug}"


def article(slug: str) -> Article:
    """Raises NotFound until the barrier, and again when nothing of it is out."""
    post = db.session.scalars(select(Post).where(Post.slug == slug, Post.public_revision_id.is_not(None))).one_or_none()
    if post is None:
        raise NotFound("没有找到这个页面。内容尚未发布，或已经撤下。请核对网址。")
    return _article(post)


def feed_unit(unit_id: str) -> Unit:
    unit = db.session.get(Unit, unit_id)
    if unit is None:
        raise NotFound("没有找到这个订阅源。单位编号不对。请核对网址。")
    return unit


def newest(unit: Unit) -> list[Article]:
    """The unit's open articles, newest first."""
    query = (
        select(Post)
        .where(Post.unit_id == unit.id, Post.public_revision_id.is_not(None))
        .order_by(Post.public_at.desc(), Post.id.desc())
        .limit(FEED_LENGTH)
    )
    return [_article(post) for post in db.session.scalars(query)]


def open_addresses() -> list[tuple[str, datetime]]:
    """(address, since when) of every open permalink, newest first."""
    query = (
        select(Post.slug, Post.public_at)
        .where(Post.public_revision_id.is_not(None), Post.public_at.is_not(None))
        .order_by(Post.public_at.desc())
        .limit(SITEMAP_LENGTH)
    )
    return [(permalink(slug), at) for slug, at in db.session.execute(query) if at is not None]


def _article(post: Post) -> Article:
    revision = db.session.get_one(Revision, post.public_revision_id)
    media = {item.id: item for item in db.session.scalars(select(Media).where(Media.id.in_(_media_ids(revision))))}
    cover = media.get(revision.cover_media_id or "")
    partners = db.session.scalars(
        select(Publication)
        .where(Publication.post_id == post.id, Publication.status == "published", Publication.url != "")
        .order_by(Publication.position, Publication.id)
    )
    return Article(
        post=post,
        revision=revision,
        url=permalink(post.slug),
        public_at=post.public_at or post.updated_at,
        cover=f"/media/{cover.sha256}" if cover is not None else "",
        attachments=tuple(media[key] for key in revision.attachments if key in media),
        partners=tuple(partners),
    )


def _media_ids(revision: Revision) -> list[str]:
    return [*revision.attachments, *([revision.cover_media_id] if revision.cover_media_id else [])]
