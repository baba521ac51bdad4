"""Terms from a spreadsheet: read, shown row by row, and taken over only when a person says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, or_, select, update

from app.audit.services import record
from app.checks.keeping import MOST_TERMS, add_rows, changed, end_rows, get_pack, locked
from app.checks.models import PackImport, WordPack
from app.checks.packs import terms_of
from app.checks.spreadsheets import Line, read_lines
from app.checks.terms import SEVERITY_WORDS, term_from
from app.checks.words import Term
from app.db import atomic, db
from app.errors import Conflict, Invalid, NotFound, TandemError
from app.units.access import Actor

Outcome = Literal["add", "change", "same", "twice", "error"]
_WAITS = timedelta(days=1)
# Bytes of a file that is read while the person waits, in about a second: some 5,000 rows.
AT_ONCE = 150_000
# After so long another reader takes what one had begun: that one is dead.
_GIVEN_UP = timedelta(minutes=5)
_SHOWN = ("wrong", "right", "severity", "reason", "exceptions")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the file: what would become of it, and why if nothing. `severity` is the key or, if unknown, as typed."""

    number: int
    outcome: Outcome
    wrong: str
    right: str = ""
    severity: str = ""
    reason: str = ""
    exceptions: str = ""
    why: str = ""


def read_file(actor: Actor, pack_id: str, name: str, content: bytes, now: datetime) -> PackImport:
    """Read a spreadsheet for a pack; nothing of the pack changes. A file over AT_ONCE is kept and read by the scheduler:
    its `state` is "waiting". Raises Invalid (unreadable, no such columns, too many rows), Forbidden, NotFound."""
    with atomic():
        version = locked(actor, pack_id).version
    rows: list[Row] = []
    notes: list[str] = []
    if len(content) <= AT_ONCE:
        standing = _standing(pack_id, version)
        rows, notes = _read(content, standing, lambda _count: None)
    with atomic():
        pack = locked(actor, pack_id)
        stale = or_(
            PackImport.at < now - _WAITS, (PackImport.pack_id == pack.id) & (PackImport.author_id == actor.user_id)
        )
        db.session.execute(delete(PackImport).where(stale))
        waiting = PackImport(
            pack_id=pack.id,
            version=version,
            name=name[:200],
            rows=[asdict(row) for row in rows],
            notes=notes,
            author_id=actor.user_id,
            at=now,
            state="ready" if len(content) <= AT_ONCE else "waiting",
            content=None if len(content) <= AT_ONCE else content,
        )
        db.session.add(waiting)
        db.session.flush()
        _record(actor, pack, waiting, "pack.read_import", "读入", now)
    return waiting


def read_waiting(now: datetime) -> bool:
    """The scheduler's part: read the oldest large file that nobody reads. Whether there was one."""
    with atomic():
        free = or_(PackImport.taken_at.is_(None), PackImport.taken_at < now - _GIVEN_UP)
        query = select(PackImport).where(PackImport.state == "waiting", free).order_by(PackImport.id).limit(1)
        waiting = db.session.scalars(query.with_for_update(skip_locked=True)).first()
        if waiting is None:
            return False
        waiting.taken_at, waiting.done = now, 0
        import_id, content, pack_id = waiting.id, waiting.content or b"", waiting.pack_id
        waiting.version = version = db.session.get_one(WordPack, pack_id).version
    why = ""
    rows: list[Row] = []
    notes: list[str] = []
    try:
        standing = _standing(pack_id, version)
        rows, notes = _read(content, standing, lambda count: _note(import_id, done=count))
    except TandemError as refusal:
        why = refusal.message
    state = "failed" if why else "ready"
    _note(import_id, state=state, why=why, rows=[asdict(row) for row in rows], notes=notes, content=None)
    return True


def _read(content: bytes, standing: dict[str, Term], told: Callable[[int], None]) -> tuple[list[Row], list[str]]:
    """Outside a transaction: a file of 100,000 rows takes ten seconds. Raises Invalid."""
    lines, notes = read_lines(content, MOST_TERMS, told)
    rows = list(judged(lines, standing))
    if not rows:
        raise Invalid("没有导入。表里除了表头没有内容。请核对文件后重试。", errors={"file": ["没有词条。"]})
    return rows, notes


def _standing(pack_id: str, version: int) -> dict[str, Term]:
    """What the pack said at `version`. Outside a transaction: up to 100,000 terms take a while to be read."""
    pack = db.session.get(WordPack, pack_id)
    return {term.wrong: term for term in terms_of(pack, version)} if pack is not None else {}


def _note(import_id: str, **values: Any) -> None:
    """What of a file stands now; the person may have given it up meanwhile."""
    with atomic():
        db.session.execute(update(PackImport).where(PackImport.id == import_id).values(**values))


def judged(lines: Iterable[Line], standing: dict[str, Term]) -> Iterable[Row]:
    """What each row would do to a pack that says `standing`."""
    seen: dict[str, int] = {}
    for line in lines:
        if line.faults:
            yield _refused(line, "error", " ".join(line.faults))
            continue
        try:
            term = term_from(line.fields)
        except Invalid as refusal:
            yield _refused(line, "error", " ".join(word for words in refusal.errors.values() for word in words))
            continue
        if term.wrong in seen:
            yield _refused(line, "twice", f"与第 {seen[term.wrong]} 行的词相同，以前面的为准。")
            continue
        seen[term.wrong] = line.number
        known = standing.get(term.wrong)
        outcome: Outcome = "add" if known is None else "same" if known == term else "change"
        yield Row(
            number=line.number,
            outcome=outcome,
            wrong=term.wrong,
            right=term.right,
            severity=term.severity,
            reason=term.reason,
            exceptions="、".join(term.exceptions),
            why=_was(known) if known and outcome == "change" else "",
        )


def _refused(line: Line, outcome: Outcome, why: str) -> Row:
    shown = {name: line.fields.get(name, "")[:200] for name in _SHOWN}
    return Row(number=line.number, outcome=outcome, why=why, **shown)


def _was(term: Term) -> str:
    return f"现为：{term.right or '（无建议）'}，{SEVERITY_WORDS[term.severity]}。"


def waiting_import(actor: Actor, pack_id: str, import_id: str) -> tuple[WordPack, PackImport]:
    """A file that the actor read in for this pack and has not decided on. Raises NotFound."""
    pack = get_pack(actor, pack_id)
    waiting = db.session.get(PackImport, import_id)
    if waiting is None or waiting.pack_id != pack.id or waiting.author_id != actor.user_id:
        raise NotFound
    return pack, waiting


def missing_from(pack: WordPack, waiting: PackImport) -> int:
    """How many terms of the pack the file does not have: they go when it takes the place of all."""
    named = _named(waiting)
    return sum(term.wrong not in named for term in terms_of(pack))


def _named(waiting: PackImport) -> set[str]:
    """The terms that the file speaks of; a row with a fault is not taken over, but its term does not go either."""
    return {row["wrong"] for row in waiting.rows}


def take_over(actor: Actor, pack_id: str, import_id: str, *, replace: bool, now: datetime) -> WordPack:
    """Make what was shown the pack's next version; `replace`: terms that the file does not have go.

    Raises Conflict when the pack changed since the file was read, Invalid when there is nothing to do.
    """
    standing = _words_read(pack_id, import_id)
    with atomic():
        pack = locked(actor, pack_id)
        _pack, waiting = waiting_import(actor, pack_id, import_id)
        if waiting.state != "ready":
            raise Conflict("没有导入。文件还没有读完。请等读完并核对后再确认。")
        if pack.version != waiting.version:
            raise Conflict("没有导入。读入文件之后，词库已被改过。请重新选择文件，再核对一遍。")
        taken = [row for row in waiting.rows if row["outcome"] in ("add", "change")]
        gone = sorted(standing - _named(waiting)) if replace else []
        added = [row for row in taken if row["outcome"] == "add"]
        if not taken and not gone:
            raise Invalid("没有导入。文件里没有要新增或修改的词条。请核对文件。")
        if len(standing) + len(added) - len(gone) > MOST_TERMS:
            raise Invalid(f"没有导入。一个词库最多 {MOST_TERMS:,} 条。请分成几个词库。")
        until = pack.version + 1
        end_rows(pack, [*gone, *(row["wrong"] for row in taken if row["outcome"] == "change")], until)
        add_rows(pack, [_term_of(row) for row in taken], until)
        parts = (("新增", len(added)), ("修改", len(taken) - len(added)), ("删除", len(gone)))
        told = "，".join(f"{word} {count} 条" for word, count in parts if count)
        changed(actor, pack, "pack.import", f"从“{waiting.name[:80]}”导入：{told}", now)
        db.session.delete(waiting)
    return pack


def _words_read(pack_id: str, import_id: str) -> set[str]:
    """The terms that the pack had when the file was read, and has still if nobody changed it meanwhile."""
    waiting = db.session.get(PackImport, import_id)
    return set() if waiting is None else set(_standing(pack_id, waiting.version))


def drop_import(actor: Actor, pack_id: str, import_id: str, now: datetime) -> None:
    """The person decided against it."""
    with atomic():
        pack = locked(actor, pack_id)
        _pack, waiting = waiting_import(actor, pack_id, import_id)
        _record(actor, pack, waiting, "pack.drop_import", "放弃导入", now)
        db.session.delete(waiting)


def _record(actor: Actor, pack: WordPack, waiting: PackImport, action: str, word: str, now: datetime) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="pack",
        object_id=pack.id,
        unit_id=pack.unit_id,
        summary=f"词库“{pack.name}”：{word}文件“{waiting.name[:80]}”",
        after={"import_id": waiting.id, "version": waiting.version},
    )


def _term_of(row: dict[str, str]) -> Term:
    return term_from({name: row[name] for name in _SHOWN})
