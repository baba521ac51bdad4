"""Browser sessions: who is signed in, how long an abandoned screen stays open, where one may be sent after sign-in."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, Response, after_this_request, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from app.extensions import login_manager
from app.units import devices, open_sessions
from app.units.access import actor_for
from app.units.factors import PASSWORD, PROVIDER, PROVIDER_MFA, RECOVERY, TOTP, kinds_of
from app.units.models import BrowserSession, User
from app.units.second_factor import asked_of
from app.units.sign_in import user_of_session
from app.web import LOCALES, _, is_api, settings

# A session's last use is written at most this often (seconds).
_NOTE_USE_EVERY = 60
# After the right password, the second step must follow within this (seconds).
HALF_FOR = 300
# However short the time for step-up is set: long enough to repeat what was asked for (seconds).
_PROOF_AT_LEAST = 30
# What somebody may reach who must first set up a second factor.
_SETTING_UP = frozenset(
    {
        "units.sign_out",
        "units.choose_language",
        "units.machine",
        "units.second_factor",
        "units.begin_second_factor",
        "units.confirm_second_factor",
        "units.passkey_options",
        "units.add_passkey",
        "units.proof",
        "units.proof_dialog",
        "units.submit_proof",
        "units.proof_options",
        "units.prove_by_provider",
        "units.provider_answer",
    }
)


def init(app: Flask) -> None:
    """Bind the user loader, the idle time-out and the rule that some people need a second factor."""
    login_manager.user_loader(_user)
    app.before_request(_end_idle_session)
    app.before_request(_ask_for_second_factor)


def _user(session_id: str) -> User | None:
    """The person of this cookie, while its session stands."""
    user = user_of_session(session_id)
    row = open_session() if user is not None else None
    g.session_id = row.id if row is not None else ""
    return user if user is not None and row is not None and row.user_id == user.id else None


def open_session() -> BrowserSession | None:
    """The session of this browser, unless it was ended somewhere else."""
    return open_sessions.find(str(session.get("sid", "")))


def recognised_by() -> str:
    """The id of the session by which this request's person was recognised; it may have been ended since."""
    return str(g.get("session_id", ""))


def here() -> str:
    """The id of this browser's session; "" when there is none."""
    row = open_session()
    return row.id if row is not None else ""


def start(
    user: User,
    how: str,
    *,
    epoch: int,
    proven_at: datetime | None = None,
    failed_proofs: int = 0,
    provider: str = "",
) -> None:
    """Sign in afresh, under a new secret: one that somebody planted before is worth nothing. `epoch`: the user's session_epoch
    when the person was recognised. `proven_at`: when the person last proved to be there; None: with this sign-in.
    `failed_proofs`: wrong ones since. `provider`: the identity platform that vouched for them. Raises Unauthenticated when all
    their sessions were ended meanwhile.

    Of an earlier session survives the language and, for the same person, the CSRF token: a page left open with unsaved
    work can then still be saved.
    """
    locale = session.get("locale")
    token = session.get("csrf_token") if session.get("was") == user.id else None
    open_sessions.close(str(session.get("sid", "")))
    session.clear()
    session["locale"] = locale if locale in LOCALES else user.locale
    if token:
        session["csrf_token"] = token
    session["sid"] = open_sessions.open_session(
        user.id,
        epoch=epoch,
        how=how,
        user_agent=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
        now=_now(),
        proven_at=proven_at,
        failed_proofs=failed_proofs,
        provider=provider,
    )
    if user.password_is_initial and how in (PASSWORD, TOTP, RECOVERY) and not provider:
        session["initial_password"] = True
    g.pop("actor", None)
    g.session_id = here()
    login_user(user)
    _remember_device(user.id)


def device_secrets() -> dict[str, str]:
    """What this browser says of people who signed in here before: cookie's name -> secret."""
    return {name: value for name, value in request.cookies.items() if name.startswith(devices.COOKIE)}


def _remember_device(user_id: str) -> None:
    secret, secure = devices.remember(user_id, device_secrets(), _now()), settings().public_url.startswith("https://")

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            devices.cookie_of(user_id),
            secret,
            max_age=devices.KEPT_FOR,
            httponly=True,
            secure=secure,
            samesite="Lax",
        )
        return response


def start_half(user_id: str, epoch: int, *, provider: str = "") -> None:
    """The first step is done while this `epoch` stood: the password was right, or the identity platform `provider` vouched for
    the person. The second is still to come; nobody is signed in by that."""
    session["half"] = {"user": user_id, "epoch": epoch, "at": int(time.time()), "provider": provider}


def half() -> tuple[str, int] | None:
    """(user id, session_epoch) of whoever did the first step here within five minutes."""
    kept = session.get("half")
    if not isinstance(kept, dict) or not 0 <= time.time() - int(kept["at"]) <= HALF_FOR:
        session.pop("half", None)
        return None
    return str(kept["user"]), int(kept["epoch"])


def half_provider() -> str:
    """The identity platform that took the first step of half(); "" when it was the password."""
    kept = session.get("half")
    return str(kept.get("provider", "")) if isinstance(kept, dict) else ""


def end(*, idle: bool = False) -> None:
    """Sign out; the language stays. `idle`: so does what the same person needs to go on where they were."""
    kept = {key: session[key] for key in ("locale", "csrf_token") if key in session and (idle or key == "locale")}
    was = str(session.get("_user_id", "")).partition(":")[0]
    open_sessions.close(str(session.get("sid", "")))
    logout_user()
    session.clear()
    g.pop("actor", None)
    session.update(kept)
    if idle:
        session["was"] = was


def proven_lately() -> bool:
    """Whether the person has proved to be there within TANDEM_STEP_UP_SECONDS, by signing in or since."""
    row = open_session()
    lately = timedelta(seconds=max(settings().step_up_seconds, _PROOF_AT_LEAST))
    return row is not None and timedelta(0) <= _now() - row.proven_at <= lately


def note_proof() -> None:
    """The person has just proved to be there."""
    row = open_session()
    if row is not None:
        open_sessions.note_proof(row.id, _now())


def _end_idle_session() -> None:
    if is_api() or request.endpoint == "static" or "_user_id" not in session:
        return
    row = open_session()
    if row is None:
        return
    silent = (_now() - row.last_seen_at).total_seconds()
    if silent > settings().session_idle_seconds:
        end(idle=True)
        flash(_("您已自动退出。页面 %(n)d 分钟没有操作。请重新登录。", n=settings().session_idle_seconds // 60), "warn")
    elif silent >= _NOTE_USE_EVERY and not is_background() and current_user.is_authenticated:
        open_sessions.note_use(row.id, _now())


def _ask_for_second_factor() -> ResponseReturnValue | None:
    """Who must have a second factor and has none may do nothing but set one up (and what strangers may); who has one and
    was signed in without it signs in again."""
    if is_api() or request.endpoint in {None, "static", *_SETTING_UP} or "_user_id" not in session:
        return None
    if not current_user.is_authenticated or not asked_of(actor_for(current_user)):
        return None
    if _by(PROVIDER_MFA):
        # Shown at the identity platform, which is trusted in that.
        return None
    if not kinds_of(current_user.id):
        target = url_for("units.second_factor")
    elif _by(PASSWORD, PROVIDER):
        end()
        flash(_("请重新登录。单位规定须启用两步验证，这一处登录只经过一步。"), "warn")
        target = url_for("units.sign_in")
    else:
        return None
    if request.headers.get("HX-Request"):
        return Response(status=403, headers={"HX-Redirect": target})
    return redirect(target)


def _by(*hows: str) -> bool:
    """Whether this browser was signed in by one of these."""
    row = open_session()
    return row is not None and row.how in hows


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


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
