"""Posts as the search finds them: title, summary, text and tags of the newest revision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import joinedload

from app.checks.plaintext import plain_text
from app.db import db
from app.posts.models import Post, Revision, Variant
from app.search.keeping import Doc, Source
from app.search.lookup import Found, page_of_hits
from app.search.places import POST
from app.search.tokens import Query
from app.units.access import Actor, visible


def _read(connection: Connection, ids: Sequence[str]) -> Iterable[Doc]:
    query = (
        select(Post.id, Post.created_at, Post.title, Revision.summary, Revision.body_html, Revision.tags)
        .outerjoin(Revision, Revision.id == Post.revision_id)
        .where(Post.id.in_(ids))
    )
    for row in connection.execute(query):
        texts = (row.title, row.summary or "", plain_text(row.body_html or ""), *(row.tags or ()))
        yield Doc(ref_id=row.id, at=row.created_at, texts=texts)


POSTS = Source(
    kind=POST,
    key=Post.id,
    read=_read,
    watched={
        Post: (("title", "revision_id"), lambda post: post.id),
        Revision: (("summary", "body_html", "tags"), lambda revision: revision.post_id),
    },
)


def text_of(post: Post) -> str:
    """What stands below the title, in one line."""
    revision = post.revision
    if revision is None:
        return ""
    return " ".join(" ".join((revision.summary, plain_text(revision.body_html), *revision.tags)).split())


def found_posts(
    actor: Actor,
    query: Query,
    *,
    account_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int,
) -> Found[Post]:
    """Posts that the actor may read, the newest first; `account_id`: that go to this account."""

    def seen(ids: list[str]) -> dict[str, Post]:
        mine = select(Post).where(Post.id.in_(ids), visible(actor, "post.read", Post.unit_id))
        if account_id:
            mine = mine.where(exists().where(Variant.revision_id == Post.revision_id, Variant.account_id == account_id))
        mine = mine.options(joinedload(Post.revision), joinedload(Post.unit))
        return {post.id: post for post in db.session.scalars(mine)}

    return page_of_hits(query, POST, seen, since=since, until=until, cursor=cursor, limit=limit)
