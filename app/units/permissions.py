"""@requires and @public: every route carries one of them; @proven: those that need the person to be there right now (an
architecture test looks)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Forbidden, Unauthenticated
from app.units import proofs
from app.units.access import PERMISSIONS, visible
from app.units.proofs import current_actor as current_actor
from app.web import _

F = TypeVar("F", bound=Callable[..., Any])

# Where somebody may go who has not yet chosen a password of their own.
_BEFORE_OWN_PASSWORD = {
    "units.profile",
    "units.submit_password",
    "units.submit_proof",
    "units.proof_options",
    "units.sign_out",
}

PUBLIC = "public"
SIGNED_IN = "signed-in"


def in_my_units(key: str, unit_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """An SQL condition: rows of units where the caller holds `key`; who holds it in a root also sees those of no unit."""
    actor = current_actor()
    condition = visible(actor, key, unit_id)
    at_root = any(path.count("/") == 2 for path in actor.paths(key))
    return or_(condition, unit_id == "") if at_root else condition


def requires(key: str, *instead: str) -> Callable[[F], F]:
    """The caller must hold `key` (or one of `instead`) somewhere; services check the very object. SIGNED_IN: any
    signed-in person."""
    if unknown := {key, *instead} - {*PERMISSIONS, SIGNED_IN}:
        raise ValueError(unknown)

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            try:
                actor = current_actor()
            except Unauthenticated:
                if request.path.startswith("/api/"):
                    raise
                return _to_sign_in()
            if session.get("initial_password") and request.endpoint not in _BEFORE_OWN_PASSWORD:
                return _to_own_password()
            if key != SIGNED_IN and not any(actor.holds(one) for one in (key, *instead)):
                raise Forbidden(
                    f"您没有“{PERMISSIONS[key]}”的权限。该页面需要相应角色。请联系本单位管理员授权，或转交有权限的同事办理。"
                )
            return cast(ResponseReturnValue, view(*args, **kwargs))

        guarded._permission = key  # type: ignore[attr-defined]
        return cast(F, guarded)

    return decorate


def proven(view: F) -> F:
    """Beside @requires: whoever has not proved to be there lately is asked first, and then what they sent is done.

    For the browser's routes alone: API tokens are scoped instead.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        question = proofs.question()
        return question if question is not None else cast(ResponseReturnValue, view(*args, **kwargs))

    guarded._proven = True  # type: ignore[attr-defined]
    return cast(F, guarded)


def _to_sign_in() -> ResponseReturnValue:
    """A page: redirected. A fragment (htmx): the whole page is, back to where it was. A page's own JSON call: refused,
    or the script would take the sign-in page for its answer and what was typed for saved."""
    if request.headers.get("HX-Request"):
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        target = url_for("units.sign_in", next=page.path + (f"?{page.query}" if page.query else ""))
        return Response(status=401, headers={"HX-Redirect": target})
    if request.accept_mimetypes.best == "application/json":
        raise Unauthenticated(
            "没有保存，您已退出登录。页面太久没有操作，或已在别处退出。请另开一页登录，再回到本页重试。"
        )
    came_from = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("units.sign_in", next=came_from))


def _to_own_password() -> ResponseReturnValue:
    """Whoever signed in by a password that somebody else set chooses their own before anything else."""
    if request.headers.get("HX-Request"):
        return Response(status=204)
    if request.accept_mimetypes.best == "application/json":
        raise Forbidden("没有办理。您用的还是管理员设的初始密码。请先到“个人设置”改成自己的密码。")
    flash(_("您用的是管理员设的初始密码，别人也知道。请先改成自己的密码，再继续。"), "warn")
    return redirect(url_for("units.profile"))


def public(view: F) -> F:
    """Reachable without signing in."""
    view._permission = PUBLIC  # type: ignore[attr-defined]
    return view
