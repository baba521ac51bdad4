"""Importing a plan: keep what a file says, judge it as often as one looks, and make drafts of it once confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from html import escape

from sqlalchemy import delete, func, select

from app.audit import services as audit
from app.checks.packs import compile_for
from app.config import current
from app.days import local_day
from app.db import atomic, db
from app.errors import Conflict, Forbidden, NotFound, TandemError, TooLarge
from app.posts import services as posts
from app.publishing import plans
from app.publishing.plan_check import STANDING, Judge, Judged
from app.publishing.plan_marks import IMPORTED, made_of, mark_of, one_at_a_time
from app.publishing.plan_models import Plan, PlanImport, PlanRow
from app.publishing.plan_sheet import Row, read_plan
from app.units.access import Actor

# So many drafts are made at one request: nobody waits long for an answer, and no other writer for the database.
AT_ONCE = 40
# What nobody confirmed is forgotten after so long.
_KEPT = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How many rows there are, of how many a draft was made, how many were left out, how many are still to come."""

    rows: int
    made: int
    skipped: int

    @property
    def left(self) -> int:
        return self.rows - self.made - self.skipped


def upload(actor: Actor, name: str, content: bytes, *, now: datetime) -> PlanImport:
    """Read the file and keep its rows; nothing else is made. Raises what plan_sheet.read_plan() raises, Forbidden."""
    if not posts.writable_units(actor):
        raise Forbidden("您没有“撰写稿件”的权限。导入排期表会建草稿。请联系本单位管理员授权。")
    limit = current().max_upload_bytes
    if len(content) > limit:
        raise TooLarge(f"没有读入。文件超过 {limit // 1024 // 1024} MB。请删去图片，或拆成几个文件。")
    found = read_plan(name, content, local_day(now))
    with atomic():
        old = select(PlanImport.id).where(
            PlanImport.created_by == actor.user_id,
            PlanImport.confirmed_at.is_(None),
            PlanImport.created_at < now - _KEPT,
        )
        db.session.execute(delete(PlanRow).where(PlanRow.import_id.in_(old)))
        db.session.execute(delete(PlanImport).where(PlanImport.id.in_(old)))
        kept = PlanImport(
            name=name[-200:],
            sha256=hashlib.sha256(content).hexdigest(),
            notes=found.notes,
            created_by=actor.user_id,
            created_at=now,
        )
        db.session.add(kept)
        db.session.flush()
        db.session.add_all(
            PlanRow(import_id=kept.id, position=position, read=asdict(row)) for position, row in enumerate(found.rows)
        )
        _record(actor, kept, "plan.upload", f"读入排期表“{kept.name}”", {"rows": len(found.rows)}, now)
    return kept


def get(actor: Actor, import_id: str) -> PlanImport:
    """One's own import. Raises NotFound."""
    found = db.session.get(PlanImport, import_id)
    if found is None or found.created_by != actor.user_id:
        raise NotFound
    return found


def mine(actor: Actor) -> list[tuple[PlanImport, Progress]]:
    """One's own imports, newest first, at most 20."""
    query = select(PlanImport).where(PlanImport.created_by == actor.user_id).order_by(PlanImport.id.desc()).limit(20)
    return [(found, progress(found)) for found in db.session.scalars(query)]


def progress(found: PlanImport) -> Progress:
    made = func.count(PlanRow.post_id)
    skipped = func.count(PlanRow.id).filter(PlanRow.skipped != "", PlanRow.post_id.is_(None))
    rows, made_rows, skipped_rows = db.session.execute(
        select(func.count(PlanRow.id), made, skipped).where(PlanRow.import_id == found.id)
    ).one()
    return Progress(rows=rows, made=made_rows, skipped=skipped_rows)


def report(actor: Actor, found: PlanImport, now: datetime, *, limit: int | None = None) -> list[Judged]:
    """Each row (or the first `limit`) that no draft was made of yet, judged as things stand now. Changes nothing."""
    rows = _open_rows(found, limit)
    read = [row_of(kept) for kept in rows]
    judge = Judge(actor, read, now)
    return [judge.judge(row, kept) for row, kept in zip(read, rows, strict=True)]


def confirm(actor: Actor, import_id: str, *, now: datetime) -> PlanImport:
    """Say once that drafts are to be made of the good rows; the others are left out and keep their reason.

    Raises NotFound, and Conflict for the second who says so, also at the same moment.
    """
    found = get(actor, import_id)
    if found.confirmed_at is None:
        # All rows against each other, once; afterwards only what stands in their way by then.
        judged = report(actor, found, now)
        with atomic():
            kept = db.session.get(PlanImport, import_id, with_for_update=True, populate_existing=True)
            if kept is not None and kept.confirmed_at is None:
                _confirm(actor, kept, judged, now)
                return kept
    raise Conflict("没有再次导入。这张排期表已经确认过，草稿只建一次。请刷新查看进度；改过的排期表请重新上传。")


def make_drafts(actor: Actor, import_id: str, *, now: datetime) -> Progress:
    """Make the next AT_ONCE drafts of a confirmed plan, each with its wished hour; asked again it goes on where it stopped,
    and never makes a row's draft twice. Raises NotFound, and Conflict when nothing is confirmed or all is done."""
    found = get(actor, import_id)
    if found.confirmed_at is None:
        raise Conflict("没有建草稿。这张排期表还没有确认。请先看过检查报告再确认。")
    if progress(found).left == 0:
        raise Conflict("没有再次导入。这张排期表已经导入过。请到日历查看；要再导一次，请重新上传文件。")
    for one in report(actor, found, now, limit=AT_ONCE):
        if one.good:
            _make(actor, one, now)
        else:
            with atomic():
                _skip([one])
    return progress(get(actor, import_id))


def discard(actor: Actor, import_id: str, *, now: datetime) -> None:
    """Forget a file that was not confirmed. Raises Conflict for one that was."""
    with atomic():
        get(actor, import_id)
        # Somebody may confirm it at this very moment, in another window.
        found = db.session.get(PlanImport, import_id, with_for_update=True, populate_existing=True)
        if found is None:
            raise NotFound
        if found.confirmed_at is not None:
            raise Conflict("没有放弃。这张排期表已经开始导入。建好的草稿可在日历和稿件里处理。")
        _record(actor, found, "plan.discard", f"放弃排期表“{found.name}”", {}, now)
        db.session.delete(found)


def left_out(found: PlanImport) -> list[tuple[Row, str]]:
    """The rows of a confirmed file of which no draft was made, with the reason each; at most 500."""
    query = (
        select(PlanRow)
        .where(PlanRow.import_id == found.id, PlanRow.post_id.is_(None), PlanRow.skipped != "")
        .order_by(PlanRow.position)
        .limit(500)
    )
    return [(row_of(kept), kept.skipped) for kept in db.session.scalars(query)]


def rows_of(found: PlanImport, start: int, limit: int) -> Sequence[PlanRow]:
    """Its rows as the file has them, from the one at `start` on."""
    query = select(PlanRow).where(PlanRow.import_id == found.id).order_by(PlanRow.position)
    return db.session.scalars(query.offset(start).limit(limit)).all()


def first_hour(found: PlanImport) -> datetime | None:
    """The earliest wished hour of the drafts made of it, where the calendar begins."""
    query = select(func.min(Plan.wished_at)).join(PlanRow, PlanRow.post_id == Plan.post_id)
    return db.session.scalar(query.where(PlanRow.import_id == found.id))


def row_of(kept: PlanRow) -> Row:
    return Row(**kept.read)


def reason(one: Judged) -> str:
    """Why no draft is made of it, in one line."""
    if one.imported:
        return IMPORTED
    if one.twin_id:
        return "已有同题同时的稿件。"
    return " ".join(sentence for _field, sentence in one.wrong)


def _open_rows(found: PlanImport, limit: int | None) -> Sequence[PlanRow]:
    query = (
        select(PlanRow)
        .where(PlanRow.import_id == found.id, PlanRow.post_id.is_(None), PlanRow.skipped == "")
        .order_by(PlanRow.position)
        .limit(limit)
    )
    return db.session.scalars(query).all()


def _confirm(actor: Actor, kept: PlanImport, judged: Sequence[Judged], now: datetime) -> None:
    kept.confirmed_at = now
    good = sum(one.good for one in judged)
    _skip([one for one in judged if not one.good])
    said = f"导入排期表“{kept.name}”：{good} 行建草稿，{len(judged) - good} 行不导入"
    _record(actor, kept, "plan.import", said, {"rows": len(judged), "good": good}, now)


def _skip(left_out: Sequence[Judged]) -> None:
    """Inside atomic()."""
    for one in left_out:
        kept = db.session.get(PlanRow, one.kept.id, with_for_update=True, populate_existing=True)
        if kept is not None and kept.post_id is None:
            kept.skipped = reason(one)


def _make(actor: Actor, one: Judged, now: datetime) -> None:
    """The draft of one row and its wished hour, in one transaction; the row is locked, so that two requests make one, and so
    is the unit, so that two plans with the same row do."""
    row = one.row
    row_id, at, unit_id = one.kept.id, one.at, one.unit.id if one.unit else ""
    mark = mark_of(row.title, at) if at is not None else ""
    fields = {
        "unit_id": unit_id,
        "title": row.title,
        "summary": row.summary,
        "body_html": "".join(f"<p>{escape(line.strip())}</p>" for line in row.body.splitlines() if line.strip()),
        "account_ids": [account.id for account in one.accounts],
    }
    # Not inside: after a change of the packs nobody else who writes shall wait until they are read and compiled.
    compile_for(unit_id)
    try:
        with atomic():
            kept = db.session.get(PlanRow, row_id, with_for_update=True, populate_existing=True)
            if kept is None or kept.post_id is not None or kept.skipped:
                return
            one_at_a_time(unit_id)
            if (mark, unit_id) in made_of([mark], STANDING):
                kept.skipped = IMPORTED
                return
            post = posts.create_post(actor, fields, now)
            if at is not None:
                plans.keep(actor, post, at, note=row.note, now=now)
            kept.post_id, kept.mark = post.id, mark
    except TandemError as refusal:
        said = refusal.message
        with atomic():
            kept = db.session.get(PlanRow, row_id)
            if kept is not None and kept.post_id is None:
                kept.skipped = said


def _record(actor: Actor, kept: PlanImport, action: str, summary: str, told: Mapping[str, int], now: datetime) -> None:
    audit.record(
        actor,
        action,
        now=now,
        object_type="plan",
        object_id=kept.id,
        unit_id=actor.unit_id or "",
        summary=summary,
        after={"sha256": kept.sha256, **told},
    )
