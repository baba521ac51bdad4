"""Looking back (回头看): when a pack changed, what its units published is looked through again, and so is what was approved
before the change and goes out after it. No post is ever changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select

from app.checks.models import PackHit, WordPack
from app.checks.packs import matcher_of
from app.checks.plaintext import plain_text, unseen_texts
from app.checks.wording import key_of_place
from app.checks.words import Found, Matcher
from app.db import Page, atomic, db, page_of
from app.media.places import unmarked
from app.posts.holdings import attachments_of
from app.posts.models import Post, Revision
from app.units.access import Actor, visible
from app.units.models import Unit

# Posts looked through in one transaction, and in one round of the clock.
_BATCH = 20
_ROUND = 500
# Of one post: more says no more.
MOST_HITS = 50
OUT = ("published", "partly_published")
# A page opens in a transaction that began some time ago: what is younger is left for the next round.
_LAG = timedelta(minutes=1)
# How far the mark of what was looked through may fall behind while nothing is found.
_BEHIND = timedelta(hours=1)


def look_back(now: datetime) -> int:
    """Go on with the packs that changed since their last look. Returns how many posts were looked through."""
    looked = 0
    while looked < _ROUND and (pack_id := _next_pack()):
        _compile(pack_id)
        looked += _batch(pack_id, now)
    done = select(WordPack.id).where(WordPack.active, WordPack.looked_at_version >= WordPack.version)
    for pack_id in db.session.scalars(done.order_by(WordPack.id)).all():
        while looked < _ROUND and (more := _belated(pack_id, now)):
            looked += more
    return looked


def _compile(pack_id: str) -> None:
    """Before a transaction is opened: 100,000 terms take a while, and on SQLite nobody else writes meanwhile."""
    pack = db.session.get(WordPack, pack_id, populate_existing=True)
    if pack is not None:
        matcher_of(pack)


def _next_pack() -> str | None:
    query = select(WordPack.id).where(WordPack.looked_at_version < WordPack.version).order_by(WordPack.updated_at)
    return db.session.scalar(query.limit(1))


def _batch(pack_id: str, now: datetime) -> int:
    """Some posts more, the newest first; at least 1 so that a round ends."""
    with atomic():
        # Two schedulers may look at once: one after the other, each going on where the pack's row says.
        pack = db.session.get(WordPack, pack_id, with_for_update=True, populate_existing=True)
        if pack is None or pack.looked_at_version >= pack.version:
            return 1
        if not pack.looked_after:
            pack.looked_until, pack.looked_until_id = now - _LAG, ""
            db.session.execute(delete(PackHit).where(PackHit.pack_id == pack.id))
        posts = _posts_after(pack)
        matcher = matcher_of(pack)
        for post in posts:
            db.session.add_all(_hits(pack, post, matcher, now))
        pack.looked_posts += len(posts)
        if len(posts) < _BATCH:
            pack.looked_at_version, pack.looked_after, pack.looked_at = pack.version, "", now
        else:
            pack.looked_after = posts[-1].id
    return max(1, len(posts))


def _posts_after(pack: WordPack) -> list[Post]:
    out = or_(Post.status.in_(OUT), Post.public_revision_id.is_not(None))
    query = select(Post).where(out, Post.unit_id.in_(_units_of(pack)))
    if pack.looked_after:
        query = query.where(Post.id < pack.looked_after)
    return list(db.session.scalars(query.order_by(Post.id.desc()).limit(_BATCH)))


def _belated(pack_id: str, now: datetime) -> int:
    """Some posts that went out since the pack was looked back with, but were handed in before it changed; how many."""
    pack = db.session.get_one(WordPack, pack_id, populate_existing=True)
    if not _gone_out_since(pack, now):
        mark = pack.looked_until
        if mark is None or now - mark > _BEHIND:
            with atomic():
                _mark(db.session.get_one(WordPack, pack_id, with_for_update=True), now - _LAG, "")
        return 0
    matcher_of(pack)
    with atomic():
        pack = db.session.get_one(WordPack, pack_id, with_for_update=True, populate_existing=True)
        posts = _gone_out_since(pack, now) if pack.looked_at_version >= pack.version else []
        matcher = matcher_of(pack)
        for post in posts:
            db.session.execute(delete(PackHit).where(PackHit.pack_id == pack.id, PackHit.post_id == post.id))
            db.session.add_all(_hits(pack, post, matcher, now))
        if posts:
            pack.looked_posts += len(posts)
            pack.looked_at = now
            _mark(pack, posts[-1].public_at, posts[-1].id)
    return len(posts)


def _gone_out_since(pack: WordPack, now: datetime) -> list[Post]:
    mark = pack.looked_until or pack.looked_at or pack.updated_at
    later = or_(Post.public_at > mark, and_(Post.public_at == mark, Post.id > pack.looked_until_id))
    query = (
        select(Post)
        .join(Revision, Revision.id == Post.public_revision_id)
        .where(
            later,
            Post.public_at <= now - _LAG,
            # What was handed in after the change was checked with it while it was written.
            Revision.frozen_at < pack.updated_at,
            Post.unit_id.in_(_units_of(pack)),
        )
    )
    return list(db.session.scalars(query.order_by(Post.public_at, Post.id).limit(_BATCH)))


def _mark(pack: WordPack, until: datetime | None, post_id: str) -> None:
    pack.looked_until, pack.looked_until_id = until, post_id


def _units_of(pack: WordPack) -> Select[str]:
    return select(Unit.id).where(Unit.path.startswith(pack.unit.path, autoescape=True))


def _hits(pack: WordPack, post: Post, matcher: Matcher, now: datetime) -> list[PackHit]:
    """Where the pack's terms stand in what went out, but for places that the author explained."""
    revision = db.session.get(Revision, post.public_revision_id or post.revision_id or "")
    if revision is None:
        return []
    places = islice(places_in(revision, matcher), MOST_HITS)
    return [_hit(pack, post, field, text, found, now) for field, text, found in places]


def places_in(revision: Revision, matcher: Matcher) -> Iterator[tuple[str, str, Found]]:
    """(field, text, place) one after the other: a post that is wrong throughout is not looked through to its end."""
    explained = {one["key"] for one in revision.dismissals}
    told: set[str] = set()
    for field, text in _texts(revision):
        for found in matcher.find(text):
            told.add(found.term.wrong)
            if not explained or key_of_place(found, field, text) not in explained:
                yield field, text, found
    for field, text in _sent(revision):
        yield from ((field, text, found) for found in matcher.find(text) if found.term.wrong not in told)


def _texts(revision: Revision) -> list[tuple[str, str]]:
    """(field, plain text) of what the author wrote, as the checks read it."""
    texts = [("title", revision.title), ("summary", revision.summary), ("body", plain_text(revision.body_html))]
    texts += [("body", said) for said in unseen_texts(revision.body_html)]
    texts += [("source", revision.source), ("author", revision.author), ("tags", " ".join(revision.tags))]
    texts += [(f"attachment:{media.name}", unmarked(media.text).text) for media in attachments_of(revision)]
    for variant in revision.variants:
        texts += [pair for name, value in variant.overrides.items() for pair in _words(name, value)]
    return texts


def _sent(revision: Revision) -> Iterator[tuple[str, str]]:
    """The same of what the accounts' versions say in the end: head and foot, and whatever adapting put in."""
    for variant in revision.variants:
        for name, value in variant.payload.items():
            yield from _words(name, value)


def _words(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and name.endswith("_html"):
        yield name, plain_text(value)
        yield from ((name, said) for said in unseen_texts(value))
    elif isinstance(value, str):
        yield name, value


def _hit(pack: WordPack, post: Post, field: str, text: str, found: Found, now: datetime) -> PackHit:
    return PackHit(
        pack_id=pack.id,
        version=pack.version,
        post_id=post.id,
        unit_id=post.unit_id,
        found_at=now,
        **quoted(field, text, found),
    )


def quoted(field: str, text: str, found: Found) -> dict[str, Any]:
    """A place as PackHit tells it: its term, and the words around it in its line."""
    begin = max(text.rfind("\n", 0, found.start) + 1, found.start - 40)
    stop = text.find("\n", found.end)
    end = min(stop if stop >= 0 else len(text), found.end + 40)
    term = asdict(found.term)
    return {
        "field": field[:300],
        **{name: term[name] for name in ("wrong", "right", "severity", "reason")},
        "quote": text[begin:end],
        "start": found.start - begin,
        "length": found.end - found.start,
    }


def hits_of(actor: Actor, pack_id: str, *, cursor: str | None = None, limit: int = 30) -> Page[PackHit]:
    """The places that the actor may see, the newest found first."""
    query = select(PackHit).where(PackHit.pack_id == pack_id, visible(actor, "post.read", PackHit.unit_id))
    return page_of(query, PackHit.id, cursor, limit)


def count_hits(actor: Actor, pack_id: str) -> tuple[int, int]:
    """(places, posts) that the actor may see."""
    query = select(func.count(PackHit.id), func.count(PackHit.post_id.distinct())).where(
        PackHit.pack_id == pack_id, visible(actor, "post.read", PackHit.unit_id)
    )
    places, posts = db.session.execute(query).one()
    return int(places), int(posts)


def posts_by_id(actor: Actor, post_ids: set[str]) -> dict[str, Post]:
    query = select(Post).where(Post.id.in_(post_ids), visible(actor, "post.read", Post.unit_id))
    return {post.id: post for post in db.session.scalars(query)}
