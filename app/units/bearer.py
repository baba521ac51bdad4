"""The door of the API: bearer tokens, and Idempotency-Key on every call that changes something."""

from __future__ import annotations

from hashlib import sha256

from flask import Flask, Response, g, request

from app.db import db, utcnow
from app.errors import Unauthenticated
from app.units import idempotency
from app.units.tokens import actor_by_token
from app.web import is_api

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Answers after which the same request may succeed: not kept.
_NOT_KEPT = frozenset({401, 429})


def init(app: Flask) -> None:
    """Bind the checks before, and the keeping of answers after every API request."""
    app.before_request(_identify)
    app.before_request(_replay)
    app.after_request(_keep)
    app.extensions["tandem_api"].spec.components.security_scheme(
        "bearer", {"type": "http", "scheme": "bearer", "description": "在“个人设置”或用 tokens create 签发的访问令牌。"}
    )
    app.extensions["tandem_api"].spec.options.setdefault("security", [{"bearer": []}])


def _identify() -> None:
    if not is_api():
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("没有通过身份验证。Authorization 头应为“Bearer 访问令牌”。请核对后重试。")
    g.actor = actor_by_token(token.strip(), origin=request.remote_addr or "", now=utcnow())


def _replay() -> Response | None:
    key = request.headers.get("Idempotency-Key")
    actor = g.get("actor")
    if key is None or actor is None or not is_api() or request.method not in _CHANGING:
        return None
    begun = idempotency.begin(actor.user_id, key, _digest(), now=utcnow())
    if isinstance(begun, str):
        g.idempotent_row = begun
        return None
    answer = Response(begun.body, status=begun.status, mimetype="application/json")
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _keep(response: Response) -> Response:
    row_id = g.pop("idempotent_row", None)
    if row_id is None:
        return response
    db.session.rollback()
    if response.status_code >= 500 or response.status_code in _NOT_KEPT:
        idempotency.forget(row_id)
    else:
        idempotency.finish(row_id, status=response.status_code, body=response.get_data(as_text=True))
    return response


def _digest() -> str:
    """Of what is asked. Multipart bodies by their parts: the boundary differs each time."""
    sums = sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype != "multipart/form-data":
        sums.update(request.get_data(cache=True))
        return sums.hexdigest()
    for name, text in sorted(request.form.items(multi=True)):
        sums.update(f"{name}={text}\n".encode())
    for name, upload in sorted(request.files.items(multi=True), key=lambda part: part[0]):
        sums.update(f"{name}={upload.filename}\n".encode())
        sums.update(sha256(upload.stream.read()).digest())
        upload.stream.seek(0)
    return sums.hexdigest()
