"""Links of the posts that are being written, reviewed or scheduled: told to the checks, claimed by the scheduler, judged.

Our own permalinks are known to be ours: before the hour they lead nowhere on purpose, so they are never fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select

from app.accounts.forms import PLATFORMS
from app.checks import verdicts
from app.checks.links import Link, link_problems, links_in_html, links_in_text
from app.checks.models import LinkVerdict
from app.checks.plaintext import plain_text
from app.checks.verdicts import LEASE
from app.config import current
from app.db import atomic, db, utcnow
from app.posts.framing import frames_of, goes_out
from app.posts.models import Post, PostLink, Revision, Variant
from connectors.values import Problem

OPEN = ("draft", "returned", "in_review", "approved", "scheduled")
# A draft that nobody touched for so long waits until somebody does.
_LEFT = timedelta(days=30)
# Of what goes out within SOON, links were looked at within RECENT.
_SOON, _RECENT = timedelta(hours=2), timedelta(hours=6)
# Whoever schedules is not told by older news: links under way are looked at daily, so it lay unlooked at for a while.
_FRESH = timedelta(days=1)
# Of one post; how many due ones are looked through to find some of different sites.
_MOST, _LOOKED_THROUGH = 100, 200
# Besides the text itself.
_WORDS = ("title", "summary", "source")
# A part, its plain text, its links that are not ours.
_Place = tuple[str, str, list[Link]]
_PERMALINK = re.compile(r"/p/[0-9a-f]{20}")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One address to be looked at now."""

    url_hash: str
    url: str


def note_links(post: Post, revision: Revision) -> None:
    """Tell the checks what an unfrozen revision links to. Inside atomic()."""
    _note(post, revision, utcnow())


def look_again(post: Post, now: datetime) -> None:
    """It is being scheduled: what was never looked at, was forgotten while the post lay, or is older than a day is due. The
    accounts' own words may have changed since it was written, too. Inside atomic()."""
    if post.revision is not None:
        _note(post, post.revision, now, fresh=_FRESH)


def _note(post: Post, revision: Revision, now: datetime, *, fresh: timedelta | None = None) -> None:
    urls = {link.url for _field, _text, links in _places(revision) for link in links}
    wanted = {verdicts.hash_of(url): url for url in sorted(urls)[:_MOST]}
    standing = set(db.session.scalars(select(PostLink.url_hash).where(PostLink.post_id == post.id)))
    if gone := standing - wanted.keys():
        away = delete(PostLink).where(PostLink.post_id == post.id, PostLink.url_hash.in_(gone))
        db.session.execute(away.execution_options(synchronize_session=False))
    db.session.add_all(PostLink(post_id=post.id, url_hash=key) for key in sorted(wanted.keys() - standing))
    verdicts.want(wanted.values(), now, fresh=fresh)


def dead_links(revision: Revision) -> list[Problem]:
    """What is known by now of the links in the text, the summary and the other words of the post."""
    return _problems(_in_text(revision))


def dead_links_of(variant: Variant) -> list[Problem]:
    """The same for the parts that the author wrote by hand for one account, and for what the account puts around."""
    return _problems(_in_overrides(variant)) + _of_frames(variant)


def with_fresh_links(problems: list[dict[str, Any]], fresh: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Problems as they were kept, but for links what is known now."""
    kept = [problem for problem in problems if not str(problem.get("rule", "")).startswith("link.")]
    return [*kept, *(dict(problem) for problem in fresh)]


def claim(limit: int, now: datetime) -> list[Visit]:
    """Up to `limit` addresses that are due, each of another site; nobody else gets them for a while."""
    if db.session.scalar(_due(now).limit(1)) is None:
        return []
    with atomic():
        due = list(db.session.scalars(_due(now).limit(_LOOKED_THROUGH).with_for_update(skip_locked=True)))
        needed = set(
            db.session.scalars(
                select(PostLink.url_hash)
                .join(Post)
                .where(PostLink.url_hash.in_([row.url_hash for row in due]), _open(now))
            )
        )
        verdicts.forget(row.url_hash for row in due if row.url_hash not in needed)
        taken: dict[str, LinkVerdict] = {}
        for row in due:
            if row.url_hash in needed and row.host not in taken and len(taken) < limit:
                taken[row.host] = row
                row.next_at = now + LEASE
        return [Visit(url_hash=row.url_hash, url=row.url) for row in taken.values()]


def posts_with(url_hash: str) -> list[Post]:
    """The posts under way that link to this address, once they are past being drafts."""
    query = select(Post).join(PostLink, PostLink.post_id == Post.id).where(PostLink.url_hash == url_hash)
    return list(db.session.scalars(query.where(Post.status.in_(("in_review", "approved", "scheduled"))).limit(50)))


def _due(now: datetime) -> Select[LinkVerdict]:
    soon = (
        select(PostLink.url_hash)
        .join(Post)
        .where(Post.status == "scheduled", Post.publish_at.between(now, now + _SOON))
    )
    # Not those that somebody is looking at.
    free = LinkVerdict.next_at > now + LEASE
    stale = and_(LinkVerdict.checked_at < now - _RECENT, free, LinkVerdict.url_hash.in_(soon))
    return select(LinkVerdict).where(or_(LinkVerdict.next_at <= now, stale)).order_by(LinkVerdict.next_at)


def _open(now: datetime) -> ColumnElement[bool]:
    touched = or_(Post.status == "scheduled", Post.updated_at > now - _LEFT)
    return and_(Post.status.in_(OPEN), touched)


def _places(revision: Revision) -> list[_Place]:
    found = _in_text(revision)
    for variant in revision.variants:
        found += [*_in_overrides(variant), *(place for _label, place in _in_frames(variant))]
    return found


def _in_text(revision: Revision) -> list[_Place]:
    found = _found("body", revision.body_html, html=True)
    for name in _WORDS:
        found += _found(name, getattr(revision, name), html=False)
    return found


def _in_overrides(variant: Variant) -> list[_Place]:
    return [
        place
        for name, value in variant.overrides.items()
        if isinstance(value, str)
        for place in _found(name, value, html=name.endswith("_html"))
    ]


def _in_frames(variant: Variant) -> Iterator[tuple[str, _Place]]:
    """(label of the account's setting, its links that go out in this variant)."""
    for name, label, said in frames_of(variant.account):
        for field, text, links in _found(name, said, html=name.endswith("_html")):
            if out := [link for link in links if goes_out(variant, text, link.start, link.end)]:
                yield label, (field, text, out)


def _of_frames(variant: Variant) -> list[Problem]:
    whose = f"{PLATFORMS[variant.account.platform].label}账号“{variant.account.name}”"
    return [
        replace(
            problem,
            field="account_ids",
            start=None,
            end=None,
            message=f"{whose}的设置“{label}”会随每篇稿件发出。{problem.message}设置请账号管理员改，改后再保存稿件。",
        )
        for label, place in _in_frames(variant)
        for problem in _problems([place])
    ]


def _found(field: str, value: str, *, html: bool) -> list[_Place]:
    """(field, its plain text, its links that are not ours), or nothing."""
    if "http" not in value.lower():
        return []
    links = [link for link in (links_in_html(value) if html else links_in_text(value)) if not _is_ours(link.url)]
    return [(field, plain_text(value) if html else value, links)] if links else []


def _problems(places: list[_Place]) -> list[Problem]:
    known = verdicts.known(link.url for _field, _text, links in places for link in links)
    return [one for field, text, links in places if known for one in link_problems(links, known, field, text)]


def _is_ours(url: str) -> bool:
    """This installation, its simulator, and permalinks on whichever domain they are shown."""
    parts, config = urlsplit(url), current()
    own = {urlsplit(base).netloc.lower() for base in (config.public_url, config.simulator_url)}
    return parts.netloc.lower() in own or _PERMALINK.fullmatch(parts.path) is not None
