"""Browser sessions: who is signed in, how long an abandoned screen stays open, where one may be sent after sign-in."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from flask import Flask, flash, g, request, session
from flask_login import current_user, login_user, logout_user

from app.extensions import login_manager
from app.units.models import User
from app.units.sign_in import user_of_session
from app.web import LOCALES, _, is_api, settings

# A cookie is written again at most this often (seconds).
_NOTE_USE_EVERY = 60


def init(app: Flask) -> None:
    """Bind the user loader and the idle time-out."""
    login_manager.user_loader(user_of_session)
    app.before_request(_end_idle_session)


def start(user: User) -> None:
    """Sign in afresh. Of an earlier session survives the language and, for the same person, the CSRF token: a page left
    open with unsaved work can then still be saved."""
    locale = session.get("locale")
    token = session.get("csrf_token") if session.get("was") == user.id else None
    session.clear()
    session["locale"] = locale if locale in LOCALES else user.locale
    session["seen"] = int(time.time())
    if token:
        session["csrf_token"] = token
    g.pop("actor", None)
    login_user(user)


def end(*, idle: bool = False) -> None:
    """Sign out; the language stays. `idle`: so does what the same person needs to go on where they were."""
    kept = {key: session[key] for key in ("locale", "csrf_token") if key in session and (idle or key == "locale")}
    was = str(session.get("_user_id", "")).partition(":")[0]
    logout_user()
    session.clear()
    g.pop("actor", None)
    session.update(kept)
    if idle:
        session["was"] = was


def _end_idle_session() -> None:
    if is_api() or request.endpoint == "static" or "_user_id" not in session:
        return
    moment = int(time.time())
    if moment - int(session.get("seen", 0)) > settings().session_idle_seconds:
        end(idle=True)
        flash(_("您已自动退出。页面 %(n)d 分钟没有操作。请重新登录。", n=settings().session_idle_seconds // 60), "warn")
    elif moment - session["seen"] >= _NOTE_USE_EVERY and not is_background() and current_user.is_authenticated:
        session["seen"] = moment


def is_background() -> bool:
    """A poll of the page itself (frontend/src/lib/htmx.ts says so): nobody is at work."""
    return request.headers.get("X-Background") == "1"


def safe_next(target: str | None, *, never: tuple[str, ...] = ("/sign-in", "/sign-out")) -> str:
    """`target` if it is a plain path of this site and leads to none of `never`, else "/": no open redirect."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return "/"
    if any(ord(char) < 33 or char == "\\" for char in target):
        return "/"
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.path.startswith(never):
        return "/"
    return target
