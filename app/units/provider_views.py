"""Going to the identity platform and coming back: to sign in, or to prove to be there. More routes of app.units.views."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user

from app.db import utcnow
from app.errors import Conflict, TandemError, TooMany
from app.units import devices, proofs, roundtrip, sessions, vouching
from app.units.addresses import refuse_if_too_many
from app.units.identity_views import bp as bp
from app.units.models import IdentityProvider
from app.units.permissions import SIGNED_IN, current_actor, public, requires
from app.units.provider import RETURN, working
from app.units.roundtrip import NotVouched
from app.units.views import sign_in_page
from app.units.vouching import NotListed
from app.web import _
from app.words import N_
from connectors.openid.faults import WORDS
from connectors.openid.values import Attempt

log = structlog.get_logger()

# Where a browser's session keeps what it carries to the platform; so many at once, for as many open pages.
_KEPT, _MOST = "roundtrips", 3
_SIGN_IN, _PROOF = "sign-in", "proof"
_OFF = N_("没有办理。统一身份登录没有启用，或刚刚停用。请用邮箱和密码登录；没有密码请联系本单位管理员。")
_NO_PROOF = N_("没有办理。您的账户不能用身份平台确认。请输入验证码、密码，或用通行密钥。")


@bp.get("/sign-in/provider")
@public
def sign_in_by_provider() -> ResponseReturnValue:
    """Off to the platform."""
    target = sessions.safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    try:
        _refuse_if_too_many()
        return redirect(_leave(_platform(), _SIGN_IN, target))
    except (NotVouched, TooMany, Conflict) as refusal:
        _log(refusal)
        return sign_in_page(_told(refusal)), refusal.status


@bp.get("/proof/provider")
@requires(SIGNED_IN)
def prove_by_provider() -> ResponseReturnValue:
    """Off to the platform, to sign in there anew: in a page of its own, what is half done stays open in the other."""
    if not proofs.ways()["by_provider"]:
        raise Conflict(_NO_PROOF)
    try:
        return redirect(_leave(_platform(), _PROOF, ""))
    except (NotVouched, TooMany, Conflict) as refusal:
        _log(refusal)
        return _proof_page(_told(refusal, signing_in=False)), refusal.status


@bp.get(RETURN)
@public
def provider_answer() -> ResponseReturnValue:
    """Back from the platform. What this browser did not set out with, or set out with too long ago, is nobody's."""
    kept = _returned(request.args.get("state", ""))
    if kept is None:
        words = _(WORDS["state"])
        if current_user.is_authenticated:
            raise Conflict(words)
        return sign_in_page(words), 400
    attempt = Attempt(
        state=kept["state"],
        nonce=kept["nonce"],
        verifier=kept["verifier"],
        begun_at=datetime.fromtimestamp(kept["at"], UTC),
        fresh=kept["for"] == _PROOF,
    )
    return _prove(kept, attempt) if attempt.fresh else _enter(kept, attempt)


def _enter(kept: dict[str, Any], attempt: Attempt) -> ResponseReturnValue:
    row, origin, now = working(), request.remote_addr or "", utcnow()
    try:
        _refuse_if_too_many()
        row = _platform()
        name = row.name
        vouched = roundtrip.finish(row, attempt, request.args, now=now)
        found = vouching.recognise(vouched, row, origin=origin, now=now)
        if not found.how:
            sessions.start_half(found.user.id, found.epoch, provider=name)
            return redirect(url_for("units.second_step", next=kept["next"]))
        proven_at = vouching.proven_at(vouched, now)
        sessions.start(found.user, found.how, epoch=found.epoch, provider=name, proven_at=proven_at)
    except NotListed as refusal:
        return sign_in_page(_(refusal.message), identity=refusal.shown), refusal.status
    except TandemError as refusal:
        _log(refusal)
        if isinstance(refusal, NotVouched) and row is not None:
            vouching.note_fault(refusal.code, row, origin=origin, now=now)
        return sign_in_page(_told(refusal)), refusal.status
    return redirect(kept["next"])


def _prove(kept: dict[str, Any], attempt: Attempt) -> ResponseReturnValue:
    """For the very session that set out; the answer is no sign-in for anybody else."""
    if not current_user.is_authenticated or sessions.here() != kept["session"]:
        return sign_in_page(_(WORDS["state"])), 400
    try:
        row = _platform()
        vouched = roundtrip.finish(row, attempt, request.args, now=utcnow())
        actor = current_actor()
        vouching.prove(actor, vouched, row, several=proofs.one_factor_is_too_little(actor), now=utcnow())
    except TandemError as refusal:
        _log(refusal)
        return _proof_page(_told(refusal, signing_in=False)), 403 if refusal.status == 401 else refusal.status
    sessions.note_proof()
    return _proof_page("")


def _refuse_if_too_many() -> None:
    """Raises TooMany; who comes in a browser of theirs is not kept waiting by others behind the same address."""
    if not devices.is_known(sessions.device_secrets(), utcnow()):
        refuse_if_too_many(request.remote_addr or "", utcnow())


def _platform() -> IdentityProvider:
    row = working()
    if row is None:
        raise Conflict(_OFF)
    return row


def _leave(row: IdentityProvider, what: str, target: str) -> str:
    """Where the browser is sent; it keeps what it must bring back."""
    attempt, url = roundtrip.begin(row, fresh=what == _PROOF, now=utcnow())
    kept = {
        "state": attempt.state,
        "nonce": attempt.nonce,
        "verifier": attempt.verifier,
        "at": attempt.begun_at.timestamp(),
        "for": what,
        "next": target[:300] if len(target) <= 300 else "/",
        "session": sessions.here() if what == _PROOF else "",
    }
    session[_KEPT] = [*_open_roundtrips(), kept][-_MOST:]
    return url


def _returned(state: str) -> dict[str, Any] | None:
    """What this browser kept under that state; it keeps it no longer."""
    kept = _open_roundtrips()
    found = next((one for one in kept if state and one["state"] == state), None)
    if found is not None:
        session[_KEPT] = [one for one in kept if one is not found]
    return found


def _open_roundtrips() -> list[dict[str, Any]]:
    kept = session.get(_KEPT)
    return list(kept) if isinstance(kept, list) else []


def _proof_page(refused: str) -> str:
    return render_template("units/proof_by_provider.html", refused=refused)


def _told(refusal: TandemError, *, signing_in: bool = True) -> str:
    """What did not happen, then why."""
    if not isinstance(refusal, NotVouched):
        return _(refusal.message)
    lead = _("没有登录。") if signing_in else _("没有通过。")
    return (" " if str(get_locale()).startswith("en") else "").join((lead, _(refusal.message)))


def _log(refusal: TandemError) -> None:
    """A code of ours, never what the platform wrote or the browser brought."""
    log.warning("identity platform", refused=getattr(refusal, "code", type(refusal).__name__))
