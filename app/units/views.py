"""Signing in and out, the language, the top bar's own fragment, and the settings that concern only oneself."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import utcnow
from app.errors import Invalid, Unauthenticated
from app.units import sessions
from app.units.access import PERMISSIONS
from app.units.permissions import SIGNED_IN, current_actor, public, requires
from app.units.services import authenticate, change_password, get_user, issue_token, revoke_token, set_locale, tokens_of
from app.units.tokens import MAX_DAYS
from app.web import LOCALES, _, sign_in_hints

bp = Blueprint("units", __name__)


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(sessions.safe_next(request.args.get("next")))
    return _sign_in_page()


@bp.post("/sign-in")
@public
def submit_sign_in() -> ResponseReturnValue:
    form = request.form
    try:
        user = authenticate(
            form.get("email", ""), form.get("password", ""), origin=request.remote_addr or "", now=utcnow()
        )
    except Unauthenticated as refusal:
        return _sign_in_page(_(refusal.message)), refusal.status
    sessions.start(user)
    return redirect(sessions.safe_next(form.get("next")))


def _sign_in_page(message: str = "") -> str:
    hints = [hint for provider in sign_in_hints for hint in provider()]
    target = sessions.safe_next(request.values.get("next"))
    return render_template(
        "units/sign_in.html", message=message, email=request.form.get("email", ""), next=target, hints=hints
    )


@bp.post("/sign-out")
@requires(SIGNED_IN)
def sign_out() -> ResponseReturnValue:
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


@bp.get("/settings/profile")
@requires(SIGNED_IN)
def profile() -> str:
    return _profile_page()


@bp.post("/settings/profile/password")
@requires(SIGNED_IN)
def submit_password() -> ResponseReturnValue:
    form, actor = request.form, current_actor()
    try:
        if form.get("new", "") != form.get("again", ""):
            raise Invalid(
                _("密码没有修改。两次输入不一样。请重新输入。"),
                errors={"again": [_("两次输入的新密码不一样，请重新输入。")]},
            )
        user = change_password(
            actor, user_id=actor.user_id, old=form.get("old", ""), new=form.get("new", ""), now=utcnow()
        )
    except Invalid as refusal:
        return _profile_page(password_errors=refusal.errors), 422
    sessions.start(user)
    flash(_("密码已修改。其他设备上的登录已全部退出。"), "ok")
    return redirect(url_for("units.profile"))


@bp.post("/settings/profile/tokens")
@requires(SIGNED_IN)
def submit_token() -> ResponseReturnValue:
    form, actor = request.form, current_actor()
    try:
        days = int(form.get("days", ""))
    except ValueError:
        days = 0
    try:
        token = issue_token(
            actor,
            user_id=actor.user_id,
            name=form.get("name", ""),
            days=days,
            scopes=form.getlist("scopes"),
            now=utcnow(),
        )
    except Invalid as refusal:
        return _profile_page(token_errors=refusal.errors), 422
    # Not redirected: the token is shown in this one answer and kept nowhere.
    return _profile_page(token=token)


@bp.post("/settings/profile/tokens/<token_id>/revocation")
@requires(SIGNED_IN)
def submit_token_revocation(token_id: str) -> ResponseReturnValue:
    revoke_token(current_actor(), token_id, now=utcnow())
    flash(_("令牌已停用。"), "ok")
    return redirect(url_for("units.profile"))


def _profile_page(token: str = "", **errors: dict[str, list[str]]) -> str:
    actor = current_actor()
    held = {key: word for key, word in PERMISSIONS.items() if actor.holds(key)}
    return render_template(
        "units/profile.html",
        person=get_user(actor, actor.user_id),
        tokens=tokens_of(actor),
        token=token,
        permissions=held,
        max_days=MAX_DAYS,
        now=utcnow(),
        password_errors=errors.get("password_errors", {}),
        token_errors=errors.get("token_errors", {}),
    )
