"""Who has a post open in the composer now: each page tells every BEAT; who was silent for PRESENT has left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from app.db import atomic, db, insert_for
from app.errors import NotFound
from app.posts.models import Post, Visit
from app.units.access import Actor
from app.units.models import User

BEAT = timedelta(seconds=20)
PRESENT = timedelta(seconds=70)
# After this long without a key it is open only.
TYPING = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Present:
    """A person at the post; `typed_at` None while nothing was typed within TYPING."""

    user_id: str
    name: str
    typed_at: datetime | None
    seen_at: datetime


def arrive(actor: Actor, post_id: str, *, typed: bool, now: datetime) -> list[Present]:
    """Note that the actor has the post open (and `typed` since the last beat); the others who have.

    Raises NotFound or Forbidden.
    """
    with atomic():
        _open(actor, post_id)
        stay = insert_for(Visit).values(
            post_id=post_id, user_id=actor.user_id, seen_at=now, typed_at=now if typed else None
        )
        changed = {"seen_at": now, **({"typed_at": now} if typed else {})}
        db.session.execute(stay.on_conflict_do_update(index_elements=["post_id", "user_id"], set_=changed))
        gone = delete(Visit).where(Visit.post_id == post_id, Visit.seen_at < now - PRESENT)
        db.session.execute(gone, execution_options={"synchronize_session": False})
    return others(actor, post_id, now)


def leave(actor: Actor, post_id: str) -> None:
    """The page was closed. Raises NotFound or Forbidden."""
    with atomic():
        _open(actor, post_id)
        own = delete(Visit).where(Visit.post_id == post_id, Visit.user_id == actor.user_id)
        db.session.execute(own, execution_options={"synchronize_session": False})


def others(actor: Actor, post_id: str, now: datetime) -> list[Present]:
    """Everybody else who has the post open, who typed last first. The caller has checked that the actor may read it."""
    query = (
        select(Visit, User.name)
        .join(User, User.id == Visit.user_id)
        .where(Visit.post_id == post_id, Visit.user_id != actor.user_id, Visit.seen_at >= now - PRESENT)
    )
    found = [
        Present(
            user_id=visit.user_id,
            name=name,
            typed_at=visit.typed_at if visit.typed_at is not None and now - visit.typed_at < TYPING else None,
            seen_at=visit.seen_at,
        )
        for visit, name in db.session.execute(query)
    ]
    return sorted(found, key=lambda one: (one.typed_at is None, -(one.typed_at or one.seen_at).timestamp()))


def _open(actor: Actor, post_id: str) -> None:
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    actor.require("post.write", post.unit, see="post.read")
