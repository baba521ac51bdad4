"""Short ways to a post under review and through its stages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.db import db
from app.notices import services as notices
from app.posts import services as posts
from app.posts.models import Post
from app.review import services as review
from app.review.models import Review
from app.units.access import Actor
from tests.app.posts.helpers import World

# Three stages, each as the API takes it.
STAGES: list[dict[str, Any]] = [{"name": name, "role": "reviewer", "rule": "any"} for name in ("初审", "复审", "终审")]


def submitted(world: World, author: Actor | None = None, **changes: object) -> Review:
    """The run of a new post."""
    author = author or world.author
    post = posts.create_post(author, world.fields(**changes), world.now)
    return run_of(review.submit(author, post.id, world.now))


def run_of(post: Post) -> Review:
    found = review.review_of(posts.current_revision(post).id)
    assert found is not None
    return found


def approve(actor: Actor, run: Review, now: datetime, comment: str = "", **given: Any) -> Review:
    # Whoever lets a thing out on one approval says that the secrecy check was done.
    given.setdefault("secrecy", True if run.emergency is not None else None)
    return review.decide(actor, run.revision_id, "approved", comment, None, now, **given)


def again(run: Review) -> Review:
    """As it stands in the database."""
    db.session.rollback()
    return db.session.get_one(Review, run.id, populate_existing=True)


def bell(actor: Actor) -> list[str]:
    """What rang, the newest first, up to the colon."""
    db.session.rollback()
    return [notice.title.partition("：")[0] for notice in notices.notices_of(actor).items]
