"""One's own settings: password, tokens, and the page that also shows second factor, passkeys and open sessions. More
routes of the blueprint of app.units.views."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid
from app.units import passkeys, sessions
from app.units.access import PERMISSIONS
from app.units.factors import PASSWORD, kinds_of, recovery_codes_left
from app.units.identities import has_password, identity_of
from app.units.open_sessions import sessions_of
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.units.provider import working
from app.units.second_factor import asked_of
from app.units.services import change_password, get_user, issue_token, revoke_token, tokens_of
from app.units.tokens import MAX_DAYS
from app.units.views import bp as bp
from app.web import _


@bp.get("/settings/profile")
@requires(SIGNED_IN)
def profile() -> str:
    return profile_page()


@bp.post("/settings/profile/password")
@requires(SIGNED_IN)
@proven
def submit_password() -> ResponseReturnValue:
    form, actor, row = request.form, current_actor(), sessions.open_session()
    # Kept now: the session ends with the password.
    how, through = (row.how, row.provider) if row is not None else (PASSWORD, "")
    # The password alone is no proof of who has a second factor: the new session is no younger than the old one's proof.
    proven_at, failed = None, 0
    if row is not None and kinds_of(actor.user_id):
        proven_at, failed = row.proven_at, row.failed_proofs
    try:
        if form.get("new", "") != form.get("again", ""):
            raise Invalid(
                _("密码没有修改。两次输入不一样。请重新输入。"),
                errors={"again": [_("两次输入的新密码不一样，请重新输入。")]},
            )
        changed = change_password(
            actor,
            user_id=actor.user_id,
            old=form.get("old", ""),
            new=form.get("new", ""),
            session_id=row.id if row is not None else "",
            end_tokens=bool(form.get("end_tokens")),
            now=utcnow(),
        )
    except Invalid as refusal:
        return profile_page(password_errors=refusal.errors), 422
    sessions.start(
        changed.user,
        how,
        epoch=changed.epoch,
        proven_at=proven_at,
        failed_proofs=failed,
        provider=through,
    )
    flash(_("密码已修改。其他设备上的登录已全部退出。"), "ok")
    return redirect(url_for("units.profile"))


@bp.post("/settings/profile/tokens")
@requires(SIGNED_IN)
@proven
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
        return profile_page(token_errors=refusal.errors), 422
    # Not redirected: the token is shown in this one answer and kept nowhere.
    return profile_page(token=token)


@bp.post("/settings/profile/tokens/<token_id>/revocation")
@requires(SIGNED_IN)
@proven
def submit_token_revocation(token_id: str) -> ResponseReturnValue:
    revoke_token(current_actor(), token_id, now=utcnow())
    flash(_("令牌已停用。"), "ok")
    return redirect(url_for("units.profile"))


def profile_page(**more: Any) -> str:
    """The page; `more`: what was refused, or what is shown this once (token)."""
    actor, now = current_actor(), utcnow()
    here = sessions.open_session()
    given = {
        "token": "",
        "password_errors": {},
        "token_errors": {},
        "factor_refusal": "",
        "passkey_errors": {},
        "person": get_user(actor, actor.user_id),
        "tokens": tokens_of(actor),
        "permissions": {key: word for key, word in PERMISSIONS.items() if actor.holds(key)},
        "max_days": MAX_DAYS,
        "kinds": kinds_of(actor.user_id),
        "asked_of": asked_of(actor),
        "codes_left": recovery_codes_left(actor.user_id),
        "passkeys": passkeys.passkeys_of(actor.user_id),
        "provider": working(),
        "identity": identity_of(actor.user_id),
        "has_password": has_password(actor.user_id),
        "why_no_passkeys": passkeys.why_not(),
        "passkey_origin": passkeys.origin(),
        "sessions": [(row, device_of(row.user_agent)) for row in sessions_of(actor, now)],
        "here": here.id if here is not None else "",
        "now": now,
    }
    return render_template("units/profile.html", **{**given, **more})


# In this order: Edge and the domestic browsers call themselves Chrome as well, Chrome calls itself Safari.
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("QQBrowser", "QQ 浏览器"),
    ("360SE", "360 浏览器"),
    ("QIHU", "360 浏览器"),
    ("Edg/", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """How people call it: "Windows · Edge"; "" when it cannot be told."""
    found = [next((word for mark, word in table if mark in user_agent), "") for table in (_SYSTEMS, _BROWSERS)]
    return " · ".join(word for word in found if word)
