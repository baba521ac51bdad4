"""Second factor, passkeys, open sessions, and the question whether one is there. More routes of app.units.views."""

from __future__ import annotations

import segno
from flask import Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.db import utcnow
from app.errors import Conflict, Forbidden, Invalid, TandemError, Unauthenticated
from app.units import passkeys, proofs, second_factor, sessions
from app.units.factors import PASSKEY, TOTP, kinds_of
from app.units.open_sessions import end_others, end_session, note_factor
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.units.profile_views import bp as bp
from app.units.profile_views import profile_page
from app.units.services import get_unit
from app.web import _


@bp.get("/settings/profile/second-factor", endpoint="second_factor")
@requires(SIGNED_IN)
def show_second_factor() -> ResponseReturnValue:
    """Where it is set up; for whom one is asked, the only page until it is."""
    return _set_up_page()


@bp.post("/settings/profile/second-factor")
@requires(SIGNED_IN)
@proven
def begin_second_factor() -> ResponseReturnValue:
    second_factor.begin(current_actor(), now=utcnow())
    return redirect(url_for("units.second_factor"), 303)


@bp.post("/settings/profile/second-factor/confirmation")
@requires(SIGNED_IN)
@proven
def confirm_second_factor() -> ResponseReturnValue:
    actor, first = current_actor(), not kinds_of(current_actor().user_id)
    try:
        codes = second_factor.confirm(actor, request.form.get("code", ""), now=utcnow())
    except Invalid as refusal:
        return _set_up_page(refusal.errors), refusal.status
    if first:
        _keep_only_this_session(TOTP)
    if codes:
        return _codes_page(codes, _("验证器已启用。"))
    flash(_("验证器已启用。以后登录时，输入密码后还要输入验证码。"), "ok")
    return redirect(url_for("units.profile"), 303)


@bp.post("/settings/profile/second-factor/removal")
@requires(SIGNED_IN)
def turn_off_second_factor() -> ResponseReturnValue:
    form = request.form
    try:
        second_factor.turn_off(
            current_actor(),
            password=form.get("password", ""),
            code=form.get("code", ""),
            session_id=sessions.here(),
            now=utcnow(),
        )
    except (Unauthenticated, Forbidden, Conflict) as refusal:
        return profile_page(factor_refusal=_(refusal.message)), 422
    flash(_("验证器已关闭。"), "ok")
    return redirect(url_for("units.profile"), 303)


@bp.post("/settings/profile/recovery-codes")
@requires(SIGNED_IN)
@proven
def renew_recovery_codes() -> ResponseReturnValue:
    return _codes_page(second_factor.renew_recovery_codes(current_actor(), now=utcnow()), _("已换成新的恢复码。"))


@bp.post("/settings/profile/passkeys/options")
@requires(SIGNED_IN)
@proven
def passkey_options() -> ResponseReturnValue:
    """What the browser's own dialog needs to make a passkey."""
    options, session[passkeys.KEPT] = passkeys.options_to_register(current_actor(), now=utcnow())
    return Response(options, mimetype="application/json")


@bp.post("/settings/profile/passkeys")
@requires(SIGNED_IN)
@proven
def add_passkey() -> ResponseReturnValue:
    form, first = request.form, not kinds_of(current_actor().user_id)
    try:
        codes = passkeys.register(
            current_actor(),
            name=form.get("passkey_name", ""),
            credential=form.get("credential", ""),
            kept=session.pop(passkeys.KEPT, None),
            now=utcnow(),
        )
    except (Invalid, Conflict) as refusal:
        errors = refusal.errors or {"passkey_name": [_(refusal.message)]}
        return profile_page(passkey_errors=errors), refusal.status
    if first:
        _keep_only_this_session(PASSKEY)
    if codes:
        return _codes_page(codes, _("通行密钥已登记。"))
    flash(_("通行密钥已登记。"), "ok")
    return redirect(url_for("units.profile"), 303)


@bp.post("/settings/profile/passkeys/<passkey_id>/removal")
@requires(SIGNED_IN)
@proven
def remove_passkey(passkey_id: str) -> ResponseReturnValue:
    passkeys.remove(current_actor(), passkey_id, now=utcnow())
    flash(_("通行密钥已移除，不能再用它登录。"), "ok")
    return redirect(url_for("units.profile"), 303)


@bp.post("/settings/profile/sessions/<session_id>/end")
@requires(SIGNED_IN)
def end_one_session(session_id: str) -> ResponseReturnValue:
    end_session(current_actor(), session_id, now=utcnow())
    flash(_("已退出那一处登录。"), "ok")
    return redirect(url_for("units.profile"), 303)


@bp.post("/settings/profile/sessions/end-others")
@requires(SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    here = sessions.open_session()
    ended = end_others(current_actor(), keep=here.id if here is not None else "", now=utcnow())
    flash(_("已退出其他 %(n)d 处登录。", n=ended), "ok")
    return redirect(url_for("units.profile"), 303)


@bp.get("/proof")
@requires(SIGNED_IN)
def proof() -> ResponseReturnValue:
    """The question, before a page that asks for it."""
    return _proof_page("")


@bp.get("/proof/dialog")
@requires(SIGNED_IN)
def proof_dialog() -> ResponseReturnValue:
    """The question as a dialog on the page that is open."""
    return render_template("units/_proof_dialog.html", **proofs.ways())


@bp.post("/proof")
@requires(SIGNED_IN)
def submit_proof() -> ResponseReturnValue:
    """For scripts 204; for the page on to where it leads."""
    try:
        proofs.take(request.form)
    except Unauthenticated as refusal:
        if request.accept_mimetypes.best == "application/json":
            # Not 401: the person is signed in, the proof was wrong.
            raise Forbidden(refusal.message) from None
        return _proof_page(_(refusal.message)), 403
    if request.accept_mimetypes.best == "application/json":
        return "", 204
    return redirect(sessions.safe_next(request.form.get("next")), 303)


@bp.post("/proof/passkey/options")
@requires(SIGNED_IN)
def proof_options() -> ResponseReturnValue:
    """What the browser's own dialog needs to ask for one of this person's passkeys."""
    actor = current_actor()
    options, session[passkeys.KEPT] = passkeys.options_to_answer(passkeys.PROOF, user_id=actor.user_id, now=utcnow())
    return Response(options, mimetype="application/json")


@bp.get("/settings/units/<unit_id>/trust")
@requires("security.manage")
def unit_trust(unit_id: str) -> ResponseReturnValue:
    """Whether a unit asks for a second factor, and who has none."""
    return _unit_page(unit_id)


@bp.post("/settings/units/<unit_id>/trust")
@requires("security.manage")
@proven
def set_unit_trust(unit_id: str) -> ResponseReturnValue:
    required = bool(request.form.get("required"))
    try:
        second_factor.require_second_factor(current_actor(), unit_id, required, now=utcnow())
    except Conflict as refusal:
        return _unit_page(unit_id, refusal), refusal.status
    flash(_("已规定须启用两步验证，立即生效。") if required else _("已取消规定。"), "ok")
    return redirect(url_for("units.unit_trust", unit_id=unit_id), 303)


def _unit_page(unit_id: str, refusal: TandemError | None = None) -> str:
    actor = current_actor()
    unit = get_unit(actor, unit_id)
    actor.require("security.manage", unit, see="unit.read")
    return render_template(
        "units/trust.html",
        unit=unit,
        required=second_factor.requires_second_factor(unit),
        lacking=second_factor.lacking(unit),
        refusal=refusal,
    )


def _keep_only_this_session(how: str) -> None:
    """Elsewhere one was signed in by the password alone; that is not enough any more."""
    here = sessions.here()
    note_factor(here, how)
    end_others(current_actor(), keep=here, now=utcnow())


def _set_up_page(errors: dict[str, list[str]] | None = None) -> str:
    actor = current_actor()
    # The secret is shown to nobody but who has just proved to be its owner.
    shared = second_factor.pending(actor, now=utcnow()) if sessions.proven_lately() else None
    secret, address = shared or ("", "")
    return render_template(
        "units/second_factor.html",
        on=TOTP in kinds_of(actor.user_id),
        must=second_factor.asked_of(actor) and not kinds_of(actor.user_id),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        # A picture within the page: no request, nothing to keep.
        qr=Markup(segno.make(address, error="m").svg_inline(omitsize=True, border=4, light="#fff")) if address else "",
        errors=errors or {},
        why_no_passkeys=passkeys.why_not(),
        passkey_origin=passkeys.origin(),
    )


def _codes_page(codes: list[str], said: str) -> str:
    """Not redirected: the codes are shown in this one answer and kept nowhere."""
    return render_template("units/recovery_codes.html", codes=codes, said=said)


def _proof_page(refused: str) -> str:
    target = sessions.safe_next(request.values.get("next"))
    return render_template(
        "units/proof.html",
        action=url_for("units.submit_proof"),
        fields=[("next", target)],
        refused=refused,
        **proofs.ways(),
    )
