"""设置 → 单位 → 网站域名: more routes of the blueprint of app.units.views."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid
from app.units.permissions import current_actor, requires
from app.units.services import get_unit, own_site_domains, set_site_domains, site_domains
from app.units.settings_views import bp as bp
from app.web import _


@bp.get("/settings/units/<unit_id>/sites")
@requires("unit.read")
def sites(unit_id: str) -> str:
    return _page(unit_id)


@bp.post("/settings/units/<unit_id>/sites")
@requires("unit.manage")
def submit_sites(unit_id: str) -> ResponseReturnValue:
    try:
        domains = set_site_domains(current_actor(), unit_id, request.form.get("domains", ""), now=utcnow())
    except Invalid as refusal:
        return _page(unit_id, refusal), refusal.status
    words = _("已登记 %(n)d 个网站域名。现在可以在写稿件时从这些网站导入文章。", n=len(domains))
    flash(words if domains else _("已清空网站域名。从网页导入文章的功能随之停用。"), "ok")
    return redirect(url_for("units.sites", unit_id=unit_id))


def _page(unit_id: str, refusal: Invalid | None = None) -> str:
    actor = current_actor()
    unit = get_unit(actor, unit_id)
    own = own_site_domains(unit)
    return render_template(
        "units/sites.html",
        unit=unit,
        text=request.form.get("domains", "\n".join(own)),
        own=own,
        inherited=[domain for domain in site_domains(unit) if domain not in own],
        may_manage=actor.may("unit.manage", unit),
        refusal=refusal,
    )
