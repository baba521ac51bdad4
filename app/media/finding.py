"""Looking for items: by name, folder, tag, kind, end of licence and use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, func, or_, select
from sqlalchemy.orm import defer, joinedload, selectinload

from app.accounts.models import Account
from app.config import current
from app.db import Page, db, page_of, utcnow
from app.media.models import Blob, Media, MediaHold, MediaTag, MediaUse
from app.units.access import Actor, visible

# What ?state= of the list may be.
STATES = ("expired", "expiring", "unused", "used", "no_alt")
SOON = timedelta(days=30)
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a list is narrowed to; "" for not at all. `folder` takes those below it along."""

    q: str = ""
    kind: str = ""
    folder: str = ""
    tag: str = ""
    state: str = ""
    unit_id: str = ""

    def __bool__(self) -> bool:
        return any((self.q, self.kind, self.folder, self.tag, self.state, self.unit_id))


def day_of(now: datetime) -> date:
    """The day that it is here at this moment."""
    return now.astimezone(ZoneInfo(current().timezone)).date()


def media_of(
    actor: Actor,
    *,
    today: date | None = None,
    kind: str = "",
    q: str = "",
    folder: str = "",
    tag: str = "",
    state: str = "",
    unit_id: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Media]:
    """What the actor may see, newest first; `kind` "image" or "file", `q` (one character is enough) in the name, title,
    alt text or a tag. The text of documents stays in the database."""
    wanted = Search(q=q, kind=kind, folder=folder, tag=tag, state=state, unit_id=unit_id)
    query = select(Media).where(
        visible(actor, "media.read", Media.unit_id), *_conditions(wanted, today or day_of(utcnow()))
    )
    query = query.options(joinedload(Media.blob), joinedload(Media.unit), selectinload(Media.tagged), defer(Media.text))
    return page_of(query, Media.id, cursor, limit)


def folders_of(actor: Actor) -> list[tuple[str, int]]:
    """(path, how many items lie in it or below) of every folder that the actor may see, parents before children."""
    query = (
        select(Media.folder, func.count())
        .where(visible(actor, "media.read", Media.unit_id), Media.folder != "")
        .group_by(Media.folder)
    )
    counted: dict[str, int] = {}
    for folder, count in db.session.execute(query):
        steps = folder.split("/")
        for depth in range(1, len(steps) + 1):
            path = "/".join(steps[:depth])
            counted[path] = counted.get(path, 0) + count
    return sorted(counted.items(), key=lambda row: row[0].split("/"))


def tags_in_use(actor: Actor, most: int = 200) -> list[str]:
    """The tags of what the actor may see, the most used first."""
    query = (
        select(MediaTag.tag)
        .join(Media, Media.id == MediaTag.media_id)
        .where(visible(actor, "media.read", Media.unit_id))
        .group_by(MediaTag.tag)
        .order_by(func.count().desc(), MediaTag.tag)
        .limit(most)
    )
    return list(db.session.scalars(query))


def used() -> ColumnElement[bool]:
    """An SQL condition on Media: some revision of a post shows it."""
    same_bytes = and_(MediaUse.sha256 == Media.sha256, MediaUse.media_id == "")
    return or_(exists().where(MediaUse.media_id == Media.id), exists().where(same_bytes))


def needed() -> ColumnElement[bool]:
    """An SQL condition on Media: a post, a kept state of one, a template or an account's settings needs it."""
    held = exists().where(or_(MediaHold.key == Media.sha256, MediaHold.key == Media.id))
    return or_(used(), held, Media.sha256.in_(_of_accounts()))


def _of_accounts() -> set[str]:
    """The hashes that settings of accounts name: default covers, and what stands above and below every article."""
    settings = cast(Account.settings, String)
    some = select(settings).where(or_(settings.contains('"default_cover"'), settings.contains("/media/")))
    return {sha256 for text in db.session.scalars(some) for sha256 in _HASH.findall(text)}


def used_ids(items: Sequence[Media]) -> set[str]:
    """Which of these items are used."""
    return set(db.session.scalars(select(Media.id).where(Media.id.in_([item.id for item in items]), used())))


def _conditions(wanted: Search, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kind in ("image", "file"):
        images = Media.sha256.in_(select(Blob.sha256).where(Blob.content_type.startswith("image/")))
        found.append(images if wanted.kind == "image" else ~images)
    if folder := wanted.folder.strip("/"):
        below = Media.folder.startswith(f"{folder}/", autoescape=True)
        found.append(or_(Media.folder == folder, below))
    if wanted.tag:
        found.append(exists().where(MediaTag.media_id == Media.id, MediaTag.tag == wanted.tag))
    if wanted.unit_id:
        found.append(Media.unit_id == wanted.unit_id)
    if wanted.q:
        texts = (Media.name, Media.title, Media.alt)
        in_tags = exists().where(MediaTag.media_id == Media.id, MediaTag.tag.icontains(wanted.q, autoescape=True))
        found.append(or_(*(text.icontains(wanted.q, autoescape=True) for text in texts), in_tags))
    if wanted.state:
        found.append(_in_state(wanted.state, today))
    return found


def _in_state(state: str, today: date) -> ColumnElement[bool]:
    images = Media.sha256.in_(select(Blob.sha256).where(Blob.content_type.startswith("image/")))
    return {
        "expired": Media.expires_on < today,
        "expiring": Media.expires_on.between(today, today + SOON),
        "unused": ~needed() if state == "unused" else false(),
        "used": used(),
        "no_alt": and_(Media.alt == "", images),
    }.get(state, false())
