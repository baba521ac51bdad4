"""/api/v1/plan-imports: a plan file becomes drafts, once looked through. More operations of app.publishing.api.blp."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import fields, validate

from app.db import utcnow
from app.errors import Invalid
from app.paging import number_of
from app.publishing import conflicts, plan_import
from app.publishing.api import blp as blp
from app.publishing.plan_check import Judged
from app.publishing.plan_models import PlanImport, PlanRow
from app.publishing.schemas import ClashOut
from app.schemas import AwareTime, BaseSchema, PageQuery
from app.units.permissions import current_actor, requires

# What the report is narrowed to: rows of which drafts are made, of those the ones whose hour clashes, rows that are posts
# already, and rows that will not do.
SHOWN = ("good", "heed", "known", "bad")


class PlanImportOut(BaseSchema):
    id = fields.String()
    name = fields.String()
    sha256 = fields.String()
    notes = fields.List(fields.String(), metadata={"description": "about the file as a whole"})
    created_at = AwareTime()
    confirmed_at = AwareTime(allow_none=True)
    rows = fields.Integer()
    made = fields.Integer(metadata={"description": "drafts made"})
    skipped = fields.Integer(metadata={"description": "rows of which none is made"})
    left = fields.Integer(metadata={"description": "rows still to come"})


class PlanImportList(BaseSchema):
    items = fields.List(fields.Nested(PlanImportOut))
    next_cursor = fields.String(allow_none=True)


class PlanRowQuery(PageQuery):
    shown = fields.String(load_default="", validate=validate.OneOf(["", *SHOWN]))


class FaultOut(BaseSchema):
    field = fields.String()
    message = fields.String()


class PlanRowOut(BaseSchema):
    sheet = fields.String()
    line = fields.Integer()
    title = fields.String()
    outcome = fields.String(
        metadata={
            "description": "draft: one would be made; imported, exists: it is a post already; refused; of a confirmed plan "
            "made, waiting, left_out"
        }
    )
    wished_at = AwareTime()
    unit_id = fields.String(allow_none=True)
    account_ids = fields.List(fields.String())
    post_id = fields.String(allow_none=True)
    faults = fields.List(fields.Nested(FaultOut))
    conflicts = fields.List(fields.Nested(ClashOut))
    notes = fields.List(fields.String())


class PlanRowList(BaseSchema):
    items = fields.List(fields.Nested(PlanRowOut))
    next_cursor = fields.String(allow_none=True)


@blp.post("/plan-imports")
@requires("post.write")
@blp.response(201, PlanImportOut)
def read_plan() -> dict[str, Any]:
    """multipart/form-data: `file` (.xlsx). It is read and kept; nothing is made of it before it is confirmed."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("没有读入。没有选择文件。请选择填好的排期表（.xlsx）。", errors={"file": ["请选择文件。"]})
    return _json(plan_import.upload(current_actor(), sent.filename, sent.stream.read(), now=utcnow()))


@blp.get("/plan-imports")
@requires("post.write")
@blp.response(200, PlanImportList)
def list_plans() -> dict[str, Any]:
    """The caller's own, newest first, at most 20."""
    return {"items": [_json(found) for found, _progress in plan_import.mine(current_actor())], "next_cursor": None}


@blp.get("/plan-imports/<import_id>")
@requires("post.write")
@blp.response(200, PlanImportOut)
def show_plan(import_id: str) -> dict[str, Any]:
    return _json(plan_import.get(current_actor(), import_id))


@blp.get("/plan-imports/<import_id>/rows")
@requires("post.write")
@blp.arguments(PlanRowQuery, location="query")
@blp.response(200, PlanRowList)
def list_plan_rows(query: dict[str, Any], import_id: str) -> dict[str, Any]:
    """The dry run: what each row would become as things stand now (`shown`: good, heed, known, bad). Of a confirmed plan,
    what became of it. Changes nothing."""
    actor = current_actor()
    found = plan_import.get(actor, import_id)
    start = number_of(query["cursor"])
    stop = start + max(1, min(query["limit"], 200))
    rows: list[dict[str, Any]]
    if found.confirmed_at is None:
        judged = [one for one in plan_import.report(actor, found, utcnow()) if _is(one, query["shown"])]
        rows, more = [_judged_json(one) for one in judged[start:stop]], len(judged) > stop
    else:
        kept = plan_import.rows_of(found, start, stop - start + 1)
        rows, more = [_kept_json(one) for one in kept[: stop - start]], len(kept) > stop - start
    return {"items": rows, "next_cursor": str(stop) if more else None}


@blp.post("/plan-imports/<import_id>/confirmation")
@requires("post.write")
@blp.response(200, PlanImportOut)
def confirm_plan(import_id: str) -> dict[str, Any]:
    """Drafts are to be made of the good rows, by …/drafts. The second time 409."""
    return _json(plan_import.confirm(current_actor(), import_id, now=utcnow()))


@blp.post("/plan-imports/<import_id>/drafts")
@requires("post.write")
@blp.response(200, PlanImportOut)
def make_plan_drafts(import_id: str) -> dict[str, Any]:
    """Make the next 40 drafts of a confirmed plan; to be called until `left` is 0. Not confirmed, or all done: 409."""
    actor = current_actor()
    plan_import.make_drafts(actor, import_id, now=utcnow())
    return _json(plan_import.get(actor, import_id))


@blp.delete("/plan-imports/<import_id>")
@requires("post.write")
@blp.response(204)
def discard_plan(import_id: str) -> None:
    """Forget a file that was not confirmed; 409 for one that was."""
    plan_import.discard(current_actor(), import_id, now=utcnow())


def _is(one: Judged, shown: str) -> bool:
    kinds = {
        "good": one.good,
        "heed": one.good and bool(one.clashes),
        "known": bool(one.twin_id),
        "bad": bool(one.wrong),
    }
    return kinds.get(shown, True)


def _json(found: PlanImport) -> dict[str, Any]:
    done = plan_import.progress(found)
    names = ("id", "name", "sha256", "notes", "created_at", "confirmed_at")
    counts = {"rows": done.rows, "made": done.made, "skipped": done.skipped, "left": done.left}
    return {**{name: getattr(found, name) for name in names}, **counts}


def _judged_json(one: Judged) -> dict[str, Any]:
    known = "imported" if one.imported else "exists" if one.twin_id else "refused"
    return {
        "sheet": one.row.sheet,
        "line": one.row.line,
        "title": one.row.title,
        "outcome": "draft" if one.good else known,
        "wished_at": one.at,
        "unit_id": one.unit.id if one.unit is not None else None,
        "account_ids": [account.id for account in one.accounts],
        "post_id": one.twin_id or None,
        "faults": [{"field": name, "message": sentence} for name, sentence in one.wrong],
        "conflicts": [conflicts.json_of(clash) for clash in one.clashes],
        "notes": one.notes,
    }


def _kept_json(kept: PlanRow) -> dict[str, Any]:
    row = plan_import.row_of(kept)
    return {
        "sheet": row.sheet,
        "line": row.line,
        "title": row.title,
        "outcome": "made" if kept.post_id else "left_out" if kept.skipped else "waiting",
        "wished_at": None,
        "unit_id": None,
        "account_ids": [],
        "post_id": kept.post_id,
        "faults": [{"field": "", "message": kept.skipped}] if kept.skipped and not kept.post_id else [],
        "conflicts": [],
        "notes": [],
    }
