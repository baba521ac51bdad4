"""设置 → 统一身份登录, and who is who there, on a person's page and one's own. More routes of app.units.views."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid, TandemError
from app.sealing import closed
from app.units import identities
from app.units.edit_views import bp as bp
from app.units.people_views import person_page
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.units.provider import (
    Settings,
    bound_count,
    provider,
    redirect_uri,
    remove_provider,
    require_manager,
    save_provider,
    without_password,
)
from app.units.provider_check import Finding, check
from app.web import _


@bp.get("/settings/identity-provider")
@requires("security.manage")
def identity_provider() -> str:
    return _page()


@bp.post("/settings/identity-provider")
@requires("security.manage")
@proven
def submit_identity_provider() -> ResponseReturnValue:
    try:
        row = save_provider(current_actor(), _given(), now=utcnow())
    except Invalid as refusal:
        return _page(refusal), refusal.status
    on, off = (
        _("已保存，登录页现在有“用%(name)s登录”。请点“测试配置”。", name=row.name),
        _("已保存，尚未启用。请点“测试配置”。"),
    )
    flash(on if row.active else off, "ok")
    return redirect(url_for("units.identity_provider"), 303)


@bp.post("/settings/identity-provider/test")
@requires("security.manage")
@proven
def test_identity_provider() -> ResponseReturnValue:
    """Asked now of what was typed, else of what is stored; shown in this one answer, and nothing is saved."""
    try:
        findings = check(current_actor(), _given() if "issuer" in request.form else None, now=utcnow())
    except Invalid as refusal:
        return _page(refusal), refusal.status
    return _page(findings=findings)


def _given() -> Settings:
    form = request.form
    return Settings(
        name=form.get("name", ""),
        issuer=form.get("issuer", ""),
        client_id=form.get("client_id", ""),
        secret=form.get("secret", "").strip(),
        no_secret=bool(form.get("no_secret")),
        scopes=form.get("scopes", ""),
        claim=form.get("claim", ""),
        allowed=form.get("allowed", ""),
        trusts_mfa=bool(form.get("trusts_mfa")),
        active=bool(form.get("active")),
    )


@bp.post("/settings/identity-provider/removal")
@requires("security.manage")
@proven
def remove_identity_provider() -> ResponseReturnValue:
    remove_provider(current_actor(), now=utcnow())
    flash(_("身份平台的设置已删除，成员的登记一并删除。"), "ok")
    return redirect(url_for("units.identity_provider"), 303)


@bp.post("/settings/people/<user_id>/identity")
@requires("security.manage")
@proven
def submit_identity(user_id: str) -> ResponseReturnValue:
    try:
        user = identities.list_identity(current_actor(), user_id, request.form.get("listed", ""), now=utcnow())
    except Invalid as refusal:
        return person_page(user_id, refusal), refusal.status
    flash(_("已为“%(name)s”登记。本人下次通过统一身份登录时绑定。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id), 303)


@bp.post("/settings/people/<user_id>/identity/removal")
@requires("security.manage")
@proven
def submit_identity_removal(user_id: str) -> ResponseReturnValue:
    user = identities.remove_identity(current_actor(), user_id, now=utcnow())
    flash(_("已解除“%(name)s”的统一身份，此人的登录和接口令牌已全部失效。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id), 303)


@bp.post("/settings/people/<user_id>/password/removal")
@requires("security.manage")
@proven
def submit_password_removal(user_id: str) -> ResponseReturnValue:
    user = identities.drop_password(current_actor(), user_id, now=utcnow())
    flash(_("已停用“%(name)s”的密码，此人只能通过统一身份或通行密钥登录。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id), 303)


@bp.post("/settings/profile/identity/removal")
@requires(SIGNED_IN)
@proven
def remove_own_identity() -> ResponseReturnValue:
    identities.remove_own_identity(current_actor(), now=utcnow())
    flash(_("已解除统一身份。"), "ok")
    return redirect(url_for("units.profile"), 303)


def _page(refusal: TandemError | None = None, findings: list[Finding] | None = None) -> str:
    require_manager(current_actor())
    row = provider()
    return render_template(
        "units/identity_provider.html",
        row=row,
        sealed=row is not None and closed(row.secrets),
        secretless=row is not None and not closed(row.secrets) and not row.secrets.get("client_secret"),
        bound=bound_count(row) if row is not None else 0,
        without_password=without_password() if row is not None else [],
        redirect_uri=redirect_uri(),
        refusal=refusal,
        findings=findings,
        form=request.form if refusal is not None or "issuer" in request.form else None,
    )
