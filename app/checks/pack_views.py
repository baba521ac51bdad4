"""One pack: its terms at any version, changes on screen, who changed what. More routes of app.checks.views.bp."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from app.audit.services import record
from app.checks import keeping, packs
from app.checks.models import SEVERITIES, PackTerm, PackVersion, WordPack
from app.checks.spreadsheets import write_terms
from app.checks.terms import SEVERITY_WORDS
from app.checks.views import bp as bp
from app.db import Page, db, page_of, utcnow
from app.errors import TandemError
from app.units.permissions import current_actor, requires
from app.web import _

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FIELDS = ("wrong", "right", "severity", "reason", "exceptions")
_VERSIONS = 50


@bp.get("/settings/packs/<pack_id>")
@requires("post.read")
def show(pack_id: str) -> ResponseReturnValue:
    return _page(keeping.get_pack(current_actor(), pack_id))


@bp.post("/settings/packs/<pack_id>")
@requires("pack.manage")
def rename(pack_id: str) -> ResponseReturnValue:
    form = request.form
    return _act(
        pack_id,
        lambda: keeping.rename_pack(
            current_actor(), pack_id, name=form.get("name", ""), source=form.get("source", ""), now=utcnow()
        ),
        _("已保存。"),
    )


@bp.post("/settings/packs/<pack_id>/switch")
@requires("pack.manage")
def switch(pack_id: str) -> ResponseReturnValue:
    active = request.form.get("active") == "1"
    return _act(
        pack_id,
        lambda: keeping.switch_pack(current_actor(), pack_id, active, utcnow()),
        _("已启用，立即生效。") if active else _("已停用，立即生效。"),
    )


@bp.post("/settings/packs/<pack_id>/terms")
@requires("pack.manage")
def add_term(pack_id: str) -> ResponseReturnValue:
    fields = _fields()
    return _act(
        pack_id,
        lambda: keeping.add_term(current_actor(), pack_id, fields, utcnow()),
        _("已新增“%(word)s”，立即生效。", word=fields["wrong"].strip()),
    )


@bp.post("/settings/packs/<pack_id>/terms/<term_id>")
@requires("pack.manage")
def change_term(pack_id: str, term_id: str) -> ResponseReturnValue:
    fields = _fields()
    return _act(
        pack_id,
        lambda: keeping.change_term(current_actor(), pack_id, term_id, fields, utcnow()),
        _("已修改“%(word)s”，立即生效。", word=fields["wrong"].strip()),
        term_id,
    )


@bp.post("/settings/packs/<pack_id>/terms/<term_id>/removal")
@requires("pack.manage")
def remove_term(pack_id: str, term_id: str) -> ResponseReturnValue:
    return _act(
        pack_id,
        lambda: keeping.remove_term(current_actor(), pack_id, term_id, utcnow()),
        _("已删除，立即生效；以前的版本里仍可查到。"),
    )


@bp.get("/settings/packs/<pack_id>/export")
@requires("post.read")
def export(pack_id: str) -> ResponseReturnValue:
    """The terms of a version as xlsx, in the form that importing takes."""
    actor = current_actor()
    pack = keeping.get_pack(actor, pack_id)
    version = _version(pack)
    content = write_terms(packs.terms_of(pack, version))
    record(
        actor,
        "pack.export",
        now=utcnow(),
        object_type="pack",
        object_id=pack.id,
        unit_id=pack.unit_id,
        summary=f"导出词库“{pack.name}”第 {version or pack.version} 版",
    )
    name = f"{pack.name}-v{version or pack.version}.xlsx"
    return send_file(io.BytesIO(content), mimetype=_XLSX, as_attachment=True, download_name=name)


def _fields() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in _FIELDS}


def _version(pack: WordPack) -> int | None:
    """The earlier version that the address asks for; None: the present one."""
    raw = request.args.get("version", "")
    number = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 9 else pack.version
    return number if 0 < number < pack.version else None


def _act(pack_id: str, do: Callable[[], object], words: str, term_id: str = "") -> ResponseReturnValue:
    """One act and its word; a refusal stands on the same page, with what was typed."""
    try:
        do()
    except TandemError as refusal:
        db.session.rollback()
        return _page(keeping.get_pack(current_actor(), pack_id), refusal, term_id), refusal.status
    flash(words, "ok")
    return redirect(url_for("checks.show", pack_id=pack_id), 303)


def _page(pack: WordPack, refusal: TandemError | None = None, term_id: str = "") -> str:
    actor = current_actor()
    version = _version(pack)
    may_manage = actor.may(keeping.MANAGE, pack.unit)
    edited = db.session.get(PackTerm, term_id or request.args.get("edit", "")) if may_manage and not version else None
    if edited is not None and (edited.pack_id != pack.id or edited.until is not None):
        edited = None
    history = select(PackVersion).where(PackVersion.pack_id == pack.id).order_by(PackVersion.number.desc())
    return render_template(
        "checks/show.html",
        pack=pack,
        version=version,
        terms=_terms(pack, version),
        count=keeping.count_terms([pack.id]).get(pack.id, 0),
        history=list(db.session.scalars(history.limit(_VERSIONS))),
        may_manage=may_manage,
        edited=edited,
        severities=[(key, _(SEVERITY_WORDS[key])) for key in SEVERITIES],  # type: ignore[index]
        q=request.args.get("q", ""),
        severity=request.args.get("severity", ""),
        refusal=refusal,
        form=request.form,
    )


def _terms(pack: WordPack, version: int | None) -> Page[PackTerm]:
    """One page of the terms, the newest first."""
    query = select(PackTerm).where(PackTerm.pack_id == pack.id, *packs.standing(version))
    if q := request.args.get("q", "").strip():
        query = query.where(
            or_(PackTerm.wrong.contains(q, autoescape=True), PackTerm.right.contains(q, autoescape=True))
        )
    if (severity := request.args.get("severity", "")) in SEVERITIES:
        query = query.where(PackTerm.severity == severity)
    return page_of(query, PackTerm.id, request.args.get("cursor"), 60)
