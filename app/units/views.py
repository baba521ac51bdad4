"""Signing in and out, in one or two steps; the language; the top bar's own fragment."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import utcnow
from app.errors import Invalid, TooMany, Unauthenticated
from app.units import passkeys, sessions, sign_in
from app.units.factors import PASSKEY, TOTP, kinds_of
from app.units.permissions import SIGNED_IN, current_actor, public, requires
from app.units.provider import working
from app.units.services import authenticate, set_locale
from app.web import LOCALES, _, sign_in_hints

bp = Blueprint("units", __name__)


@bp.get("/sign-in", endpoint="sign_in")
@public
def ask_sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(sessions.safe_next(request.args.get("next")))
    return sign_in_page()


@bp.post("/sign-in")
@public
def submit_sign_in() -> ResponseReturnValue:
    form = request.form
    try:
        found = authenticate(
            form.get("email", ""),
            form.get("password", ""),
            origin=request.remote_addr or "",
            devices=sessions.device_secrets(),
            now=utcnow(),
        )
        target = sessions.safe_next(form.get("next"))
        if not found.how:
            sessions.start_half(found.user.id, found.epoch)
            return redirect(url_for("units.second_step", next=target))
        sessions.start(found.user, found.how, epoch=found.epoch)
    except (Unauthenticated, TooMany) as refusal:
        return sign_in_page(_(refusal.message)), refusal.status
    return redirect(target)


@bp.get("/sign-in/second")
@public
def second_step() -> ResponseReturnValue:
    return _second_page()


@bp.post("/sign-in/second")
@public
def submit_second_step() -> ResponseReturnValue:
    """A code, a recovery code or a passkey; only who did the first step here within five minutes gets so far."""
    form, half, now = request.form, sessions.half(), utcnow()
    if half is None:
        return _second_page()
    origin, through = request.remote_addr or "", sessions.half_provider()
    try:
        if form.get("proof_passkey"):
            found = _by_passkey(passkeys.SECOND, *half)
        else:
            known = sessions.device_secrets()
            found = sign_in.finish(*half, form.get("proof_code", ""), origin=origin, devices=known, now=now)
        sessions.start(found.user, found.how, epoch=found.epoch, provider=through)
    except Unauthenticated as refusal:
        return _second_page(_(refusal.message), refusal.status)
    return redirect(sessions.safe_next(form.get("next")))


@bp.post("/sign-in/passkey")
@public
def submit_passkey() -> ResponseReturnValue:
    """Without a password: the device has asked for a finger, a face or its PIN."""
    try:
        found = _by_passkey(passkeys.SIGN_IN)
        sessions.start(found.user, found.how, epoch=found.epoch)
    except Unauthenticated as refusal:
        return sign_in_page(_(refusal.message)), refusal.status
    return redirect(sessions.safe_next(request.form.get("next")))


@bp.post("/sign-in/passkey/options")
@public
def sign_in_options() -> ResponseReturnValue:
    """What the browser's own dialog needs: for the second step the passkeys of that person, else any."""
    half = sessions.half()
    second = half is not None and request.args.get("step") == "second"
    options, session[passkeys.KEPT] = passkeys.options_to_answer(
        passkeys.SECOND if second else passkeys.SIGN_IN, user_id=half[0] if half and second else "", now=utcnow()
    )
    return Response(options, mimetype="application/json")


def _by_passkey(purpose: str, user_id: str = "", epoch: int | None = None) -> sign_in.Recognised:
    """Whose passkey answered (`user_id`: and nobody else's, while `epoch` stands). Raises Unauthenticated."""
    key = passkeys.verify(
        request.form.get("proof_passkey", ""),
        session.pop(passkeys.KEPT, None),
        purpose,
        now=utcnow(),
        address=request.remote_addr or "",
    )
    if user_id and key.user_id != user_id:
        raise Unauthenticated(passkeys.REFUSED)
    return sign_in.finish_by_passkey(key.id, epoch=epoch, origin=request.remote_addr or "", now=utcnow())


def sign_in_page(message: str = "", *, identity: str = "") -> str:
    """`identity`: what an administrator has to write down for whoever the identity platform knows and we do not."""
    hints = [hint for provider in sign_in_hints for hint in provider()]
    target = sessions.safe_next(request.values.get("next"))
    return render_template(
        "units/sign_in.html",
        message=message,
        email=request.form.get("email", ""),
        next=target,
        hints=hints,
        identity=identity,
        provider=working(),
        passkey_origin="" if passkeys.why_not() else passkeys.origin(),
    )


def _second_page(message: str = "", status: int = 200) -> ResponseReturnValue:
    half = sessions.half()
    target = sessions.safe_next(request.values.get("next"))
    if half is None:
        flash(_("登录没有完成。第一步之后须在 5 分钟内输入验证码。请重新登录。"), "warn")
        return redirect(url_for("units.sign_in", next=target))
    kinds = kinds_of(half[0])
    page = render_template(
        "units/second_step.html",
        message=message,
        next=target,
        by_totp=TOTP in kinds,
        by_passkey=PASSKEY in kinds and not passkeys.why_not(),
        passkey_origin=passkeys.origin(),
        provider=sessions.half_provider(),
    )
    return page, status


@bp.post("/sign-out")
@requires(SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    sign_in.note_sign_out(current_actor(), utcnow())
    sessions.end()
    flash(_("已退出登录。"), "ok")
    return redirect(url_for("units.sign_in"))


@bp.post("/language")
@public
def choose_language() -> ResponseReturnValue:
    locale = request.form.get("locale", "")
    if locale not in LOCALES:
        raise Invalid(_("语言没有切换。没有这种界面语言。请选择中文或英文。"))
    session["locale"] = locale
    if current_user.is_authenticated:
        set_locale(current_actor(), locale)
    return redirect(sessions.safe_next(request.form.get("next"), never=("/sign-out",)))


@bp.get("/machine")
@requires(SIGNED_IN)
def machine() -> str:
    return render_template("_machine.html")
