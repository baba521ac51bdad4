"""Where items are used: told by posts with every edit, read by the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select

from app.db import db
from app.media.models import Blob, Media, MediaHold, MediaUse
from app.units.access import Actor
from app.words import N_

PLACES = {"cover": N_("封面"), "body": N_("正文"), "attachment": N_("附件"), "variant": N_("平台版本")}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the library shows of a post."""

    title: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Use:
    """One post that uses an item, and as what, also in earlier revisions."""

    post_id: str
    title: str
    status: str
    places: tuple[str, ...]


# Bound by posts, the higher room: what the actor may know of each of these posts; those it may not see are left out.
tell_of_posts: list[Callable[[Actor, Sequence[str]], Mapping[str, Told]]] = []
# Bound by posts too: what beside the revisions needs one of these hashes or item ids, and the remedy; "" for nothing.
needed_for: list[Callable[[Actor, Sequence[str]], str]] = []


def record_uses(post_id: str, revision_id: str, wanted: Iterable[tuple[str, str, str]]) -> set[str]:
    """A revision shows exactly these (sha256, media id or "", place) from now on. Inside atomic().

    The bytes are locked against removal until its end; what is gone already is left out: the hashes of that.
    """
    rows = set(wanted)
    standing = {
        (use.sha256, use.media_id, use.place): use.id
        for use in db.session.scalars(select(MediaUse).where(MediaUse.revision_id == revision_id))
    }
    if gone := [key for row, key in standing.items() if row not in rows]:
        db.session.execute(delete(MediaUse).where(MediaUse.id.in_(gone)))
    new = rows - set(standing)
    hashes = {sha256 for sha256, _id, _place in new}
    there = hold(hashes)
    for sha256, media_id, place in sorted(new):
        if sha256 in there:
            use = MediaUse(sha256=sha256, media_id=media_id, post_id=post_id, revision_id=revision_id, place=place)
            db.session.add(use)
    db.session.flush()
    return hashes - there


def hold(hashes: Iterable[str]) -> set[str]:
    """Lock bytes against removal until the end of the transaction; which of them are there. Inside atomic()."""
    wanted = set(hashes)
    if not wanted:
        return set()
    query = select(Blob.sha256).where(Blob.sha256.in_(wanted)).order_by(Blob.sha256)
    return set(db.session.scalars(query.with_for_update(read=True, key_share=True)))


def record_holds(kind: str, holder_id: str, keys: Iterable[str]) -> None:
    """A kept state of a post ("state") or a template names exactly these hashes and item ids from now on. Inside atomic()."""
    wanted = set(keys)
    own = (MediaHold.kind == kind, MediaHold.holder_id == holder_id)
    standing = set(db.session.scalars(select(MediaHold.key).where(*own)))
    if gone := standing - wanted:
        db.session.execute(delete(MediaHold).where(*own, MediaHold.key.in_(gone)))
    db.session.add_all(MediaHold(kind=kind, holder_id=holder_id, key=key) for key in sorted(wanted - standing))


def holders_of(kind: str, keys: Sequence[str]) -> Select[str]:
    """The ids of what holds one of these hashes or items, as a subquery."""
    return select(MediaHold.holder_id).where(MediaHold.kind == kind, MediaHold.key.in_(keys)).distinct()


def of_item(media: Media) -> ColumnElement[bool]:
    """An SQL condition on MediaUse: it is this item that is used."""
    same_bytes = and_(MediaUse.sha256 == media.sha256, MediaUse.media_id == "")
    return or_(MediaUse.media_id == media.id, same_bytes)


def needed_elsewhere(actor: Actor, keys: Sequence[str]) -> str:
    """Why bytes or items must stay although no revision shows them (earlier states, templates), and what to do; ""."""
    return next((why for ask in needed_for if (why := ask(actor, keys))), "")


def uses_of(actor: Actor, media: Media) -> tuple[list[Use], int]:
    """The posts that use it, newest first, and how many more there are that the actor may not see."""
    places: dict[str, set[str]] = {}
    for post_id, place in db.session.execute(select(MediaUse.post_id, MediaUse.place).where(of_item(media)).distinct()):
        places.setdefault(post_id, set()).add(place)
    ids = sorted(places, reverse=True)
    told = tell_of_posts[0](actor, ids) if tell_of_posts and ids else {}
    found = [
        Use(
            post_id=post_id,
            title=told[post_id].title,
            status=told[post_id].status,
            places=_worth_telling(places[post_id]),
        )
        for post_id in ids
        if post_id in told
    ]
    return found, len(ids) - len(found)


def _worth_telling(places: set[str]) -> tuple[str, ...]:
    """Whatever is cover or in the text stands in what the accounts get as well."""
    if places & {"cover", "body"}:
        places = places - {"variant"}
    return tuple(place for place in PLACES if place in places)
