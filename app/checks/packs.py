"""Which packs hold for a unit, and their matchers: compiled once per version, kept in the process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from app.checks.builtin import BuiltinPack, builtin_matcher, builtin_packs
from app.checks.models import PackTerm, WordPack
from app.checks.words import Matcher, Term
from app.db import db
from app.units.access import Actor, visible
from app.units.models import Unit, UnitSettings

# Terms of all matchers that a process keeps; the longest unused go first.
_KEPT_TERMS = 500_000
# unit_settings: {key of a pack that comes with the product: bool}
BUILTIN_SETTING = "builtin_packs"

_Key = tuple[str, int, datetime]


class _Kept:
    """Matchers by pack and version. A restored database may count a version again: its hour tells them apart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._matchers: OrderedDict[_Key, Matcher] = OrderedDict()

    def get(self, key: _Key) -> Matcher | None:
        with self._lock:
            if key in self._matchers:
                self._matchers.move_to_end(key)
            return self._matchers.get(key)

    def put(self, key: _Key, matcher: Matcher) -> None:
        with self._lock:
            for old in [old for old in self._matchers if old[0] == key[0]]:
                del self._matchers[old]
            self._matchers[key] = matcher
            while len(self._matchers) > 1 and sum(map(len, self._matchers.values())) > _KEPT_TERMS:
                self._matchers.popitem(last=False)


_kept = _Kept()


def words_for(unit_id: str) -> list[Matcher]:
    """The matchers of all packs that hold for a unit: its own first, then those above it, then the product's."""
    unit = db.session.get(Unit, unit_id)
    if unit is None:
        return []
    above = ids_of(unit.path)
    query = select(WordPack).where(WordPack.active, WordPack.unit_id.in_(above))
    packs = sorted(db.session.scalars(query), key=lambda pack: (-above.index(pack.unit_id), pack.id))
    return [matcher_of(pack) for pack in packs] + [builtin_matcher(pack.key) for pack in builtin_packs_for(unit)]


def compile_for(unit_id: str) -> None:
    """Have the matchers of a unit ready. To be called before a transaction is opened: after a change, 100,000 terms take a
    second to be read and compiled, and others shall not wait for that."""
    words_for(unit_id)


def matcher_of(pack: WordPack) -> Matcher:
    """The pack's terms as they stand, compiled now or before."""
    key = (pack.id, pack.version, pack.updated_at)
    found = _kept.get(key)
    if found is None:
        found = Matcher(terms_of(pack))
        _kept.put(key, found)
    return found


def terms_of(pack: WordPack, version: int | None = None) -> list[Term]:
    """What the pack said at `version` (None: now), in the order of the terms."""
    query = select(PackTerm.wrong, PackTerm.right, PackTerm.severity, PackTerm.reason, PackTerm.exceptions)
    query = query.where(PackTerm.pack_id == pack.id, *standing(version)).order_by(PackTerm.wrong)
    return [
        Term(
            wrong=row.wrong, right=row.right, severity=row.severity, reason=row.reason, exceptions=tuple(row.exceptions)
        )
        for row in db.session.execute(query)
    ]


def standing(version: int | None = None) -> list[Any]:
    """SQL conditions: terms that stand at `version` (None: now)."""
    if version is None:
        return [PackTerm.until.is_(None)]
    return [PackTerm.since <= version, or_(PackTerm.until.is_(None), PackTerm.until > version)]


def ids_of(path: str) -> list[str]:
    """The units of a path, from the root down."""
    return [part for part in path.split("/") if part]


@dataclass(frozen=True, kw_only=True)
class BuiltinState:
    """Whether a pack of the product holds for a unit, and the unit that says so (None: nobody said anything)."""

    pack: BuiltinPack
    active: bool
    decided_by: Unit | None


def builtin_states(unit: Unit) -> list[BuiltinState]:
    """The product's packs hold unless the unit, or the nearest one above it that said anything, switched them off."""
    above = ids_of(unit.path)
    query = select(UnitSettings).where(UnitSettings.key == BUILTIN_SETTING, UnitSettings.unit_id.in_(above))
    said = {row.unit_id: row.value for row in db.session.scalars(query)}
    states = []
    for pack in builtin_packs():
        nearest = next((unit_id for unit_id in reversed(above) if pack.key in said.get(unit_id, {})), None)
        active = bool(said[nearest][pack.key]) if nearest else True
        decided_by = db.session.get(Unit, nearest) if nearest else None
        states.append(BuiltinState(pack=pack, active=active, decided_by=decided_by))
    return states


def builtin_packs_for(unit: Unit) -> list[BuiltinPack]:
    return [state.pack for state in builtin_states(unit) if state.active]


def packs_seen_by(actor: Actor) -> list[WordPack]:
    """Packs of units that the actor may read posts of, and of the units above: those hold below."""
    above = {unit_id for path in actor.paths("post.read") for unit_id in ids_of(path)}
    query = select(WordPack).where(or_(visible(actor, "post.read", WordPack.unit_id), WordPack.unit_id.in_(above)))
    return list(db.session.scalars(query.join(Unit).order_by(Unit.path, WordPack.name)))


def may_see(actor: Actor, pack: WordPack) -> bool:
    above = {unit_id for path in actor.paths("post.read") for unit_id in ids_of(path)}
    return actor.may("post.read", pack.unit) or pack.unit_id in above
