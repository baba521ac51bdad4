"""Who makes a request, and whether that person is there right now: the question for a proof, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import ImmutableMultiDict

from app.db import utcnow
from app.errors import Unauthenticated
from app.units import passkeys, sessions, sign_in
from app.units.access import Actor, actor_for
from app.units.factors import PASSKEY, PASSWORD, PROVIDER_MFA, TOTP, kinds_of
from app.units.identities import has_password, is_bound
from app.units.provider import working
from app.units.second_factor import asked_of
from app.web import _
from app.words import N_

# The fields of the question; the form that is done afterwards never hears of them.
FIELDS = ("proof_code", "proof_password", "proof_passkey", "proof_provider")
NEEDED = "X-Proof-Needed"
_NOT_YET = N_("没有通过。还没有收到身份平台的确认。请先点上面的按钮，在新页面里完成验证，再回到这里继续。")
_BY_PROVIDER_ALONE = N_("没有通过。单位规定您必须启用两步验证，只输密码不够。请通过身份平台确认，或先设置验证器。")


def current_actor() -> Actor:
    """Whoever makes this request: by bearer token under /api/, by session elsewhere. Raises Unauthenticated."""
    actor: Actor | None = g.get("actor")
    # The API is exempt from CSRF, so a browser's session must count for nothing there.
    if actor is None and not request.path.startswith("/api/") and current_user.is_authenticated:
        origin = request.remote_addr or ""
        actor = actor_for(current_user, origin=origin, session_id=sessions.recognised_by())
        g.actor = actor
    if actor is None:
        raise Unauthenticated
    return actor


def question() -> ResponseReturnValue | None:
    """None when the person proved to be there lately, or does so with this request; else what they are asked.

    A form is asked on a page that holds all that was sent, and sends it again with the proof. A script of ours and htmx
    (frontend/src/lib/proof.ts) are told to ask in a dialog and to repeat the request.
    """
    if sessions.proven_lately():
        return None
    refused = ""
    if any(request.form.get(name) for name in FIELDS):
        try:
            take(request.form)
        except Unauthenticated as refusal:
            refused = _(refusal.message)
        else:
            # Nothing keeps or shows them again (app.typed would, in a cookie).
            request.form = ImmutableMultiDict(_sent())
            return None
    words = refused or _("没有办理。这项操作要先确认是您本人。请按提示确认后继续，已填内容不会丢失。")
    if request.headers.get("HX-Request") or request.accept_mimetypes.best == "application/json":
        return jsonify({"message": words, "errors": {}}), 403, {NEEDED: "1"}
    if request.method == "GET":
        return redirect(url_for("units.proof", next=request.full_path.rstrip("?")))
    action = request.full_path.rstrip("?")
    page = render_template("units/proof.html", action=action, fields=_sent(), refused=refused, **ways())
    return page, 403, {NEEDED: "1"}


def _sent() -> list[tuple[str, str]]:
    """The form without the fields of the question."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in (*FIELDS, "csrf_token")]


def take(given: Mapping[str, str]) -> None:
    """Note the proof in a form. Raises Unauthenticated, in the same words whatever was wrong with it."""
    actor, now = current_actor(), utcnow()
    kinds = kinds_of(actor.user_id)
    if given.get("proof_passkey"):
        key = passkeys.verify(
            given["proof_passkey"], session.pop(passkeys.KEPT, None), passkeys.PROOF, now=now, address=actor.origin
        )
        if key.user_id != actor.user_id:
            raise Unauthenticated(passkeys.REFUSED)
        sign_in.proved(actor, PASSKEY, now=now)
    elif given.get("proof_provider"):
        # Proved in another page of this browser (provider_views), by coming back from the platform.
        if not sessions.proven_lately():
            raise Unauthenticated(_NOT_YET)
        return
    elif kinds:
        sign_in.prove_by_code(actor, given.get("proof_code", ""), session_id=sessions.here(), now=now)
    elif one_factor_is_too_little(actor):
        raise Unauthenticated(_BY_PROVIDER_ALONE)
    else:
        sign_in.prove_by_password(actor, given.get("proof_password", ""), session_id=sessions.here(), now=now)
    sessions.note_proof()


def one_factor_is_too_little(actor: Actor) -> bool:
    """For whom a second factor is asked who showed it at the identity platform alone."""
    row = sessions.open_session()
    return row is not None and row.how == PROVIDER_MFA and asked_of(actor)


def ways() -> dict[str, object]:
    """What the page and the dialog of the question need to know."""
    actor = current_actor()
    kinds, platform = kinds_of(actor.user_id), working()
    by_provider = platform is not None and is_bound(actor.user_id) and (not kinds or platform.trusts_mfa)
    return {
        "kinds": kinds or frozenset({PASSWORD}),
        "by_code": bool(kinds),
        "by_password": not kinds and has_password(actor.user_id) and not one_factor_is_too_little(actor),
        "by_totp": TOTP in kinds,
        "by_passkey": PASSKEY in kinds and not passkeys.why_not(),
        "passkey_origin": passkeys.origin(),
        "by_provider": platform.name if platform is not None and by_provider else "",
    }
