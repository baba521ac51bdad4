"""Keeping packs: every change is one transaction, one new version with its author, and one event in the log."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.audit.services import record
from app.checks.builtin import builtin_pack
from app.checks.models import PackHit, PackTerm, PackVersion, WordPack
from app.checks.packs import BUILTIN_SETTING, may_see
from app.checks.terms import term_from
from app.checks.words import Term
from app.db import atomic, db, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.units.access import PERMISSIONS, Actor, unit_for
from app.units.models import Unit, UnitSettings

MANAGE = "pack.manage"
# More than any list that people keep; a matcher of so many takes some 40 MB.
MOST_TERMS = 100_000
_CHUNK = 1_000


def get_pack(actor: Actor, pack_id: str) -> WordPack:
    """Raises NotFound for what is not there or does not concern the actor."""
    pack = db.session.get(WordPack, pack_id)
    if pack is None or not may_see(actor, pack):
        raise NotFound
    return pack


def create_pack(
    actor: Actor, *, unit_id: str, name: str, source: str, now: datetime, terms: Iterable[Term] = ()
) -> WordPack:
    """A new pack that holds for the unit and below at once. Raises Invalid, Forbidden, NotFound."""
    name, source = name.strip(), source.strip()
    unit = unit_for(actor, MANAGE, unit_id, see="post.read")
    with atomic():
        _check_head(unit.id, name, source)
        pack = WordPack(
            unit_id=unit.id, name=name, source=source, created_by=actor.user_id, created_at=now, updated_at=now
        )
        db.session.add(pack)
        db.session.flush()
        count = add_rows(pack, list(terms), 1)
        # Nothing published can hold a term of a pack without terms.
        pack.looked_at_version = 0 if count else 1
        _note(actor, pack, "pack.create", f"新建词库，{count} 条", now)
    return pack


def rename_pack(actor: Actor, pack_id: str, *, name: str, source: str, now: datetime) -> WordPack:
    """Another name or source: no new version, what is found does not change."""
    name, source = name.strip(), source.strip()
    with atomic():
        pack = locked(actor, pack_id)
        _check_head(pack.unit_id, name, source, but=pack.id)
        before = {"name": pack.name, "source": pack.source}
        if before != {"name": name, "source": source}:
            pack.name, pack.source = name, source
            _audit(actor, pack, "pack.rename", f"修改词库名称或来源“{name}”", now, before=before)
    return pack


def switch_pack(actor: Actor, pack_id: str, active: bool, now: datetime) -> WordPack:
    """Let it hold, or not. A version of its own: what was published meanwhile is looked through again."""
    with atomic():
        pack = locked(actor, pack_id)
        if pack.active != active:
            pack.active = active
            changed(actor, pack, "pack.switch", "启用" if active else "停用", now)
    return pack


def add_term(actor: Actor, pack_id: str, fields: Mapping[str, str], now: datetime) -> WordPack:
    """One term more. Raises Invalid (fields; the word is there already)."""
    term = term_from(fields)
    with atomic():
        pack = locked(actor, pack_id)
        if find_term(pack.id, term.wrong) is not None:
            raise Invalid(
                "词条没有保存。词库里已有这个词。请修改原来的词条。", errors={"wrong": [f"已有“{term.wrong}”。"]}
            )
        refuse_too_many(pack, 1)
        add_rows(pack, [term], pack.version + 1)
        changed(actor, pack, "pack.edit", f"新增“{term.wrong}”", now)
    return pack


def change_term(actor: Actor, pack_id: str, term_id: str, fields: Mapping[str, str], now: datetime) -> WordPack:
    """Another saying of one term. Raises Invalid, NotFound, Conflict (changed meanwhile)."""
    term = term_from(fields)
    with atomic():
        pack = locked(actor, pack_id)
        row = _standing_term(pack, term_id)
        other = find_term(pack.id, term.wrong)
        if other is not None and other.id != row.id:
            raise Invalid("词条没有保存。词库里已有这个词。请修改那一条。", errors={"wrong": [f"已有“{term.wrong}”。"]})
        if as_term(row) != term:
            row.until = pack.version + 1
            add_rows(pack, [term], pack.version + 1)
            changed(actor, pack, "pack.edit", f"修改“{term.wrong}”", now)
    return pack


def remove_term(actor: Actor, pack_id: str, term_id: str, now: datetime) -> WordPack:
    """It holds no longer; earlier versions still show it."""
    with atomic():
        pack = locked(actor, pack_id)
        row = _standing_term(pack, term_id)
        row.until = pack.version + 1
        changed(actor, pack, "pack.edit", f"删除“{row.wrong}”", now)
    return pack


def switch_builtin(actor: Actor, unit_id: str, key: str, active: bool, now: datetime) -> None:
    """Whether a pack of the product holds for a unit and those below that do not say otherwise."""
    pack = builtin_pack(key)
    if pack is None:
        raise NotFound
    with atomic():
        unit = unit_for(actor, MANAGE, unit_id, see="post.read")
        row = db.session.get(UnitSettings, (unit.id, BUILTIN_SETTING), with_for_update=True)
        if row is None:
            row = UnitSettings(unit_id=unit.id, key=BUILTIN_SETTING, value={})
            db.session.add(row)
        row.value = {**row.value, key: active}
        record(
            actor,
            "pack.switch",
            now=now,
            object_type="pack",
            object_id=key,
            unit_id=unit.id,
            summary=f"{'启用' if active else '停用'}随产品提供的词库“{pack.name}”（{unit.name}）",
        )


def copy_builtin(actor: Actor, unit_id: str, key: str, now: datetime) -> WordPack:
    """A pack of the unit's own with the same terms, to be changed; the product's is switched off there."""
    pack = builtin_pack(key)
    if pack is None:
        raise NotFound
    with atomic():
        source = f"复制自随产品提供的“{pack.name}”{pack.version}"
        copy = create_pack(actor, unit_id=unit_id, name=pack.name, source=source, now=now, terms=pack.terms)
        switch_builtin(actor, unit_id, key, False, now)
    return copy


def locked(actor: Actor, pack_id: str) -> WordPack:
    """The pack, locked until the end of the transaction. Raises NotFound or Forbidden."""
    pack = db.session.get(WordPack, pack_id, with_for_update=True, populate_existing=True)
    if pack is None or not may_see(actor, pack):
        raise NotFound
    if not actor.may(MANAGE, pack.unit):
        raise Forbidden(
            f"没有保存。这个词库由“{pack.unit.name}”维护，您在那里没有“{PERMISSIONS[MANAGE]}”的权限。请联系该单位的管理员。"
        )
    return pack


def changed(actor: Actor, pack: WordPack, action: str, summary: str, now: datetime) -> None:
    """Close the change: a new version, and a look back at what was published is due."""
    pack.version += 1
    pack.updated_at = now
    pack.looked_after, pack.looked_posts = "", 0
    if not pack.active:
        pack.looked_at_version = pack.version
        db.session.execute(delete(PackHit).where(PackHit.pack_id == pack.id))
    _note(actor, pack, action, summary, now)


def add_rows(pack: WordPack, terms: Sequence[Term], since: int) -> int:
    """Put them in as of version `since`. The list of a pack goes by id, newest first: these keep their order in it."""
    begin = new_id()[:12]
    rows = [
        {
            "id": f"{begin}{len(terms) - place:06x}{secrets.token_hex(3)}",
            "pack_id": pack.id,
            "wrong": term.wrong,
            "right": term.right,
            "severity": term.severity,
            "reason": term.reason,
            "exceptions": list(term.exceptions),
            "since": since,
        }
        for place, term in enumerate(terms)
    ]
    db.session.flush()
    for first in range(0, len(rows), _CHUNK):
        db.session.execute(insert(PackTerm), rows[first : first + _CHUNK])
    return len(rows)


def end_rows(pack: WordPack, wrongs: Sequence[str], until: int) -> None:
    """These words hold no longer from version `until` on."""
    for first in range(0, len(wrongs), _CHUNK):
        some = wrongs[first : first + _CHUNK]
        ended = update(PackTerm).where(PackTerm.pack_id == pack.id, PackTerm.until.is_(None), PackTerm.wrong.in_(some))
        db.session.execute(ended.values(until=until), execution_options={"synchronize_session": False})


def find_term(pack_id: str, wrong: str) -> PackTerm | None:
    query = select(PackTerm).where(PackTerm.pack_id == pack_id, PackTerm.until.is_(None), PackTerm.wrong == wrong)
    return db.session.scalars(query).first()


def count_terms(pack_ids: Sequence[str]) -> dict[str, int]:
    """{pack id: terms that stand}"""
    query = select(PackTerm.pack_id, func.count(PackTerm.id)).where(
        PackTerm.pack_id.in_(pack_ids), PackTerm.until.is_(None)
    )
    return {row[0]: row[1] for row in db.session.execute(query.group_by(PackTerm.pack_id))}


def refuse_too_many(pack: WordPack, more: int) -> None:
    if count_terms([pack.id]).get(pack.id, 0) + more > MOST_TERMS:
        raise Invalid(f"没有保存。一个词库最多 {MOST_TERMS:,} 条。请分成几个词库。")


def as_term(row: PackTerm) -> Term:
    return Term(
        wrong=row.wrong,
        right=row.right,
        severity=row.severity,  # type: ignore[arg-type]
        reason=row.reason,
        exceptions=tuple(row.exceptions),
    )


def _standing_term(pack: WordPack, term_id: str) -> PackTerm:
    row = db.session.get(PackTerm, term_id)
    if row is None or row.pack_id != pack.id:
        raise NotFound
    if row.until is not None:
        raise Conflict("没有保存。其间已有同事改过或删过这一条。请刷新后查看。")
    return row


def _check_head(unit_id: str, name: str, source: str, but: str = "") -> None:
    errors: dict[str, list[str]] = {}
    if not name:
        errors["name"] = ["请填写词库名称。"]
    elif len(name) > 80:
        errors["name"] = ["名称最多 80 个字。"]
    elif db.session.scalar(
        select(WordPack.id).where(WordPack.unit_id == unit_id, WordPack.name == name, WordPack.id != but)
    ):
        errors["name"] = ["该单位已有同名的词库。"]
    if len(source) > 200:
        errors["source"] = ["来源最多 200 个字。"]
    if errors:
        raise Invalid("词库没有保存。有的内容不符合要求。请按提示改正。", errors=errors)


def _note(actor: Actor, pack: WordPack, action: str, summary: str, now: datetime) -> None:
    summary = summary[:200]
    db.session.add(
        PackVersion(
            pack_id=pack.id,
            number=pack.version,
            summary=summary,
            author_id=actor.user_id,
            author_name=actor.name,
            at=now,
        )
    )
    _audit(actor, pack, action, f"词库“{pack.name}”：{summary}", now)


def _audit(
    actor: Actor, pack: WordPack, action: str, summary: str, now: datetime, before: Mapping[str, Any] | None = None
) -> None:
    unit = db.session.get(Unit, pack.unit_id)
    record(
        actor,
        action,
        now=now,
        object_type="pack",
        object_id=pack.id,
        unit_id=unit.id if unit else "",
        summary=summary,
        before=before,
        after={"version": pack.version, "active": pack.active},
    )
