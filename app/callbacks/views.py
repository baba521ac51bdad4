"""What the platforms push: verify, parse, hand over in one transaction, answer within a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from app import logs
from app.accounts import callbacks, connections, granting, tallies
from app.accounts.models import Account
from app.accounts.verdicts import note_refusal
from app.db import atomic, release, utcnow
from app.extensions import csrf
from app.inbox import services as inbox
from app.notices.services import warn_of_lost_push, warn_of_refused_push
from app.publishing import services as publishing
from app.publishing import stops
from app.units.permissions import public
from connectors.base import Connector
from connectors.errors import ConnectorError, Forged, Unopened
from connectors.values import AccountEvent, Callback, InboundMessage, PublishResult

bp = Blueprint("callbacks", __name__)
# Signed by the platform, not by a form of ours.
csrf.exempt(bp)

log = structlog.get_logger()

MAX_BYTES = 1024 * 1024

Told = InboundMessage | PublishResult | AccountEvent


class Replayed(Exception):
    """A known nonce with another body."""


@bp.route("/callbacks/<platform>/<key>", methods=["GET", "POST"])
@public
def receive(platform: str, key: str) -> Response:
    """404 unknown key, 405 HEAD, 413 over 1 MB, 403 forged or replayed, 400 signed nonsense or what our key does not open;
    else the platform's answer."""
    account = callbacks.account_by_key(platform, key)
    if account is None:
        return _plain(404, "unknown callback")
    logs.about(account=account.id)
    if request.method == "HEAD":
        # No platform asks so, and Flask would take it for a GET.
        return _plain(405, "GET or POST")
    try:
        callback = Callback(method=request.method, query=request.args.to_dict(), body=_body())
    except RequestEntityTooLarge:
        return _plain(413, "too large")
    account_id, now = account.id, utcnow()
    try:
        answer = _take(account, callback, now)
    except Unopened as error:
        log.warning("callback_unopened", why=str(error))
        _count(account.id, tallies.UNREADABLE, now)
        _note_refusal(account.id, error, now)
        return _plain(400, "unreadable")
    except (Forged, Replayed) as error:
        log.warning("callback_refused", why=str(error))
        _count(account.id, tallies.FORGED, now)
        if isinstance(error, Forged) and _meant(callback):
            _note_refusal(account.id, error, now)
        return _plain(403, "forged")
    except ValueError as error:
        log.warning("callback_unreadable", kind=type(error).__name__)
        _count(account.id, tallies.UNREADABLE, now)
        return _plain(400, "unreadable")
    except Exception:
        _alarm(account_id, now)
        raise
    return Response(answer, 200, mimetype=_kind_of(answer))


@bp.route("/callbacks/<platform>/<key>/revocation", methods=["GET", "POST"])
@public
def revoked(platform: str, key: str) -> Response:
    """取消授权: nobody signs it, so it only makes the scheduler ask the platform. 403 when it names another app or account."""
    account = callbacks.account_by_key(platform, key)
    if account is None:
        return _plain(404, "unknown callback")
    try:
        callback = Callback(method=request.method, query=request.args.to_dict(), body=_body())
        connections.connect(account).read_revocation(callback)
    except RequestEntityTooLarge:
        return _plain(413, "too large")
    except Forged as error:
        log.warning("revocation_refused", account_id=account.id, why=str(error))
        return _plain(403, "forged")
    granting.note_revocation(account.id, utcnow())
    return _plain(200, "ok")


def _note_refusal(account_id: str, error: Forged, now: datetime) -> None:
    """Kept, and told of when it is news, both or neither."""
    with atomic():
        if note_refusal(account_id, error, now):
            warn_of_refused_push(account_id, now)


def _alarm(account_id: str, now: datetime) -> None:
    """It could not be stored: the platform tries again, then forgets it, and after many failures sends nothing for a while
    (MarkFail). People are told, in a transaction of its own."""
    try:
        release()
        warn_of_lost_push(account_id, now)
    except SQLAlchemyError:
        # The database itself is away, or another push told of it at this moment; the failure proper is raised.
        log.exception("lost push not told", account_id=account_id)


def _body() -> bytes:
    """The body, refused by its announced length before any of it is read."""
    request.max_content_length = MAX_BYTES
    return request.get_data(cache=False)


def _take(account: Account, callback: Callback, now: datetime) -> bytes:
    """The answer. Raises Forged, Unopened, Replayed, or ValueError for correctly signed nonsense."""
    connector = connections.connect(account, purpose="fetch")
    echo = connector.verify_callback(callback)
    if callback.method != "POST":
        with atomic():
            callbacks.note_callback(account.id, now, _keys_shown(connector, callback))
        return echo.encode()
    nonce, digest = callbacks.nonce_of(account, callback), callbacks.digest_of(callback)
    before = callbacks.seen(account.id, nonce, now)
    # While a stop stands nothing is said to anybody, by repeats of earlier pushes neither.
    silent = stops.standing(account) is not None
    if before is not None:
        answer = _again(before, digest)
        return connector.passive_reply(callback, "") if silent else answer
    told = connector.parse_callback(callback)
    welcome = "" if silent else str(account.settings.get("welcome_text") or "")
    answer = _answer(connector, callback, told, welcome)
    with atomic():
        if callbacks.is_first(account.id, nonce, digest, answer, now):
            _hand_over(account, told, now)
            callbacks.note_callback(account.id, now, _keys_shown(connector, callback))
            tallies.add(account.id, tallies.CALLBACK, tallies.TAKEN, now)
            return answer
        before = callbacks.seen(account.id, nonce, now)
    return _again(before or ("", b""), digest)


def _meant(callback: Callback) -> bool:
    """Whether it looks like the platform's: who merely opens the address in a browser says nothing of our keys."""
    return callback.method == "POST" or bool(callback.query.get("signature"))


def _keys_shown(connector: Connector, callback: Callback) -> Mapping[str, str] | None:
    """The credentials that the callback shows to be right; None when it was but a check of the address."""
    return connector.account.credentials if connector.shows_keys(callback) else None


def _count(account_id: str, verdict: str, now: datetime) -> None:
    with atomic():
        tallies.add(account_id, tallies.CALLBACK, verdict, now)


def _answer(connector: Connector, callback: Callback, told: Sequence[Told], welcome: str) -> bytes:
    """What the person reads at once: the account's welcome when they begin to follow; else a plain acknowledgement.

    Connecting the callback switches the platform's own automatic replies off, so this takes their place.
    """
    came = any(isinstance(item, AccountEvent) and item.kind in inbox.COMES for item in told)
    try:
        return connector.passive_reply(callback, welcome if came else "")
    except ConnectorError as error:
        log.warning("welcome_refused", account_id=connector.account.id, why=str(error))
        return connector.passive_reply(callback, "")


def _kind_of(answer: bytes) -> str:
    return {b"{": "application/json", b"<": "application/xml"}.get(answer[:1], "text/plain")


def _again(before: tuple[str, bytes], digest: str) -> bytes:
    first_digest, answer = before
    if first_digest != digest:
        raise Replayed("the nonce came before with another body")
    return answer


def _hand_over(account: Account, told: Sequence[Told], now: datetime) -> None:
    """Messages to the inbox, results to publishing; all of it in the transaction that marks the callback as seen."""
    messages = [item for item in told if isinstance(item, InboundMessage)]
    if messages:
        inbox.ingest(account, messages, now=now)
    for item in told:
        if isinstance(item, PublishResult):
            publishing.record_result(account, item, now=now)
        elif isinstance(item, AccountEvent):
            inbox.account_event(account, item, now=now)


def _plain(status: int, text: str) -> Response:
    return Response(text, status, mimetype="text/plain")
