"""Looking back with the packs that come with the product: when one is switched on for a unit, or an upgrade brought a newer
one, what the unit published is looked through. How far, and what was found, stands among the unit's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.checks.builtin import BuiltinPack, builtin_matcher, builtin_packs
from app.checks.packs import BUILTIN_SETTING, ids_of
from app.db import atomic, db
from app.posts.lookback import MOST_HITS, OUT, places_in, quoted
from app.posts.models import Post, Revision
from app.units.access import Actor, visible
from app.units.models import Unit, UnitSettings

_BATCH = 20
_ROUND = 500
# Places of one unit that are kept; the others are counted.
_KEPT = 200


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was found with one pack in all units that somebody may see: `places` and `posts` count, `hits` are the first of
    each unit, as PackHit has them; `busy` when some units are not done yet."""

    looked: int
    places: int
    posts: int
    busy: bool
    hits: list[dict[str, Any]]


def look_back_shipped(now: datetime) -> int:
    """Go on with the units that a pack is new to. Returns how many posts were looked through, at least 1 for each unit."""
    looked = 0
    for unit_id, pack in _due():
        done = False
        while not done and looked < _ROUND:
            done, count = _batch(unit_id, pack, now)
            looked += max(1, count)
        if looked >= _ROUND:
            break
    return looked


def looks_of(actor: Actor, key: str) -> Look:
    """What looking back found in the units that the actor may read posts of."""
    query = select(UnitSettings).where(
        UnitSettings.key.in_((_state(key), _found(key))), visible(actor, "post.read", UnitSettings.unit_id)
    )
    rows = list(db.session.scalars(query.order_by(UnitSettings.unit_id)))
    states = [row.value for row in rows if row.key == _state(key)]
    return Look(
        looked=sum(state["looked"] for state in states),
        places=sum(state["places"] for state in states),
        posts=sum(state["posts"] for state in states),
        busy=not all(state["at"] for state in states),
        hits=[hit for row in rows if row.key == _found(key) for hit in row.value.get("hits", [])],
    )


def _state(key: str) -> str:
    return f"looked-back:{key}"


def _found(key: str) -> str:
    return f"looked-back-hits:{key}"


def _due() -> list[tuple[str, BuiltinPack]]:
    """Units and the packs that hold for them and have not looked at all they published; what is switched off is forgotten."""
    packs = builtin_packs()
    keys = [BUILTIN_SETTING, *(_state(pack.key) for pack in packs)]
    query = select(UnitSettings.unit_id, UnitSettings.key, UnitSettings.value).where(UnitSettings.key.in_(keys))
    said = {(row.unit_id, row.key): row.value for row in db.session.execute(query)}
    due, off = [], []
    for unit_id, path in db.session.execute(select(Unit.id, Unit.path).order_by(Unit.id)):
        for pack in packs:
            state = said.get((unit_id, _state(pack.key)))
            if not _holds(pack.key, path, said):
                off += [(unit_id, pack.key)] if state else []
            elif not state or state["version"] != pack.version or not state["at"]:
                due.append((unit_id, pack))
    for unit_id, key in off:
        with atomic():
            _forget(unit_id, key)
    return due


def _holds(key: str, path: str, said: Mapping[tuple[str, str], Mapping[str, Any]]) -> bool:
    """packs.builtin_states() for many units at once."""
    above = (said.get((unit_id, BUILTIN_SETTING), {}) for unit_id in reversed(ids_of(path)))
    return bool(next((one[key] for one in above if key in one), True))


def _batch(unit_id: str, pack: BuiltinPack, now: datetime) -> tuple[bool, int]:
    """Some posts more, the newest first: whether that was the last of them, and how many."""
    fresh: dict[str, Any] = {"version": pack.version, "after": "", "looked": 0, "places": 0, "posts": 0, "at": ""}
    with atomic():
        # Two schedulers may look at once: one after the other, each going on where the row says.
        row, found = _row(unit_id, _state(pack.key)), _row(unit_id, _found(pack.key))
        state = row.value if row.value.get("version") == pack.version else fresh
        if state["at"]:
            return True, 0
        query = select(Post).where(Post.status.in_(OUT), Post.unit_id == unit_id)
        if state["after"]:
            query = query.where(Post.id < state["after"])
        posts = list(db.session.scalars(query.order_by(Post.id.desc()).limit(_BATCH)))
        hits = [_hits(pack, post) for post in posts]
        done = len(posts) < _BATCH
        row.value = {
            **state,
            "after": posts[-1].id if posts else "",
            "looked": state["looked"] + len(posts),
            "places": state["places"] + sum(map(len, hits)),
            "posts": state["posts"] + sum(map(bool, hits)),
            "at": now.isoformat() if done else "",
        }
        before = found.value.get("hits", []) if state["after"] else []
        found.value = {"hits": [*before, *(hit for some in hits for hit in some)][:_KEPT]}
    return done, len(posts)


def _hits(pack: BuiltinPack, post: Post) -> list[dict[str, Any]]:
    revision = db.session.get(Revision, post.public_revision_id or post.revision_id or "")
    if revision is None:
        return []
    places = islice(places_in(revision, builtin_matcher(pack.key)), MOST_HITS)
    return [{"post_id": post.id, **quoted(field, text, found)} for field, text, found in places]


def _row(unit_id: str, key: str) -> UnitSettings:
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = {"unit_id": unit_id, "key": key, "value": {}}
    db.session.execute(insert(UnitSettings).values(row).on_conflict_do_nothing())
    return db.session.get_one(UnitSettings, (unit_id, key), with_for_update=True, populate_existing=True)


def _forget(unit_id: str, key: str) -> None:
    gone = UnitSettings.key.in_((_state(key), _found(key)))
    db.session.execute(delete(UnitSettings).where(UnitSettings.unit_id == unit_id, gone))
