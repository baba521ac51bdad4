"""Passkeys (WebAuthn): register, sign in, prove to be there, remove. The device asks for a finger, a face or its PIN."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.audit.services import record
from app.config import current
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.units.access import Actor
from app.units.factors import PASSKEY, forget_codes_of_nothing, kinds_of, new_recovery_codes, recovery_codes_left
from app.units.models import AnsweredChallenge, Passkey, User
from app.units.open_sessions import still_signed_in
from app.units.second_factor import asked_of, tell_owner
from app.words import N_

# What a challenge is for; one made for one thing is not taken for another.
REGISTER, SIGN_IN, SECOND, PROOF = "register", "sign-in", "second", "proof"
# Where a browser's session keeps the challenge it was given.
KEPT = "challenge"
# Characters of a device's answer: far more than any needs.
_ANSWER_LENGTH = 20_000
MOST = 10
_ANSWER_WITHIN = timedelta(minutes=5)
REFUSED = N_("没有通过。通行密钥没有被接受：它可能已被移除、不属于这个账户，或确认超时。请重试，或改用其他方式。")
_NOT_ADDED = N_("没有登记。设备的应答没有通过核对，可能是操作超时。请重新点“登记通行密钥”。")

Kept = dict[str, Any]


def origin() -> str:
    """The scheme, host and port that passkeys are bound to."""
    url = urlsplit(current().public_url)
    return f"{url.scheme}://{url.netloc}"


def why_not() -> str:
    """Why this installation can have no passkeys; "" when it can."""
    url = urlsplit(current().public_url)
    host = url.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        if url.scheme == "https" or host == "localhost":
            return ""
        return N_(
            "这里还不能用通行密钥。浏览器只在 https 网址上支持。请系统管理员为控制台配置 https 和 TANDEM_PUBLIC_URL。"
        )
    return N_(
        "这里还不能用通行密钥。浏览器要求用域名访问，现在是 IP 地址。请系统管理员把 TANDEM_PUBLIC_URL 设为域名网址。"
    )


def passkeys_of(user_id: str) -> list[Passkey]:
    return list(db.session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)))


def options_to_register(actor: Actor, *, now: datetime) -> tuple[str, Kept]:
    """(JSON for navigator.credentials.create, what the session keeps)."""
    user = db.session.get_one(User, actor.user_id)
    challenge, kept = _challenge(REGISTER, now)
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(),
        rp_name="Tandem 两微联动",
        user_id=user.id.encode(),
        user_name=user.email,
        user_display_name=user.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(user.id),
    )
    return webauthn.options_to_json(options), kept


def register(actor: Actor, *, name: str, credential: str, kept: Kept | None, now: datetime) -> list[str]:
    """A new passkey; the recovery codes when it is the first second factor ([] otherwise). Raises Invalid, Conflict,
    Unauthenticated when the person was signed out meanwhile."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise Invalid(
            N_("没有登记。请给这个通行密钥起个名字，例如“办公室电脑”，最多 80 个字。"),
            errors={"passkey_name": ["请填写名称，最多 80 个字。"]},
        )
    challenge = _expected(kept, REGISTER, now)
    try:
        given = _read(credential)
        made = webauthn.verify_registration_response(
            credential=given,
            expected_challenge=challenge or b"",
            expected_rp_id=_rp_id(),
            expected_origin=origin(),
            require_user_verification=True,
        )
        transports = given.get("response", {}).get("transports", [])
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        raise Invalid(_NOT_ADDED) from None
    if challenge is None:
        raise Invalid(_NOT_ADDED)
    with atomic():
        still_signed_in(actor)
        _answered(challenge, now, Invalid(_NOT_ADDED))
        if len(passkeys_of(actor.user_id)) >= MOST:
            raise Conflict(f"没有登记。每人最多 {MOST} 个通行密钥。请先移除不用的。")
        key = Passkey(
            user_id=actor.user_id,
            name=name,
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            transports=[str(kind)[:20] for kind in transports][:8] if isinstance(transports, list) else [],
            created_at=now,
        )
        db.session.add(key)
        try:
            db.session.flush()
        except IntegrityError:
            raise Conflict(N_("没有登记。这个通行密钥已经登记过。请直接使用它。")) from None
        codes = [] if recovery_codes_left(actor.user_id) else new_recovery_codes(actor.user_id)
        _record(actor, "user.passkey_add", now, after={"name": name})
        tell_owner(actor, "user.passkey_add", now)
    return codes


def options_to_answer(purpose: str, *, user_id: str = "", now: datetime) -> tuple[str, Kept]:
    """(JSON for navigator.credentials.get, what the session keeps); without `user_id` the device offers what it has."""
    challenge, kept = _challenge(purpose, now)
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(),
        challenge=challenge,
        allow_credentials=_descriptors(user_id) if user_id else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options), kept


def verify(credential: str, kept: Kept | None, purpose: str, *, now: datetime, address: str = "") -> Passkey:
    """The passkey that answered the challenge of this browser, once. Raises Unauthenticated, in the same words."""
    key: Passkey | None = None
    challenge = _expected(kept, purpose, now)
    try:
        given = _read(credential)
        key = db.session.scalars(select(Passkey).where(Passkey.credential_id == str(given["id"]))).one_or_none()
        if key is None or challenge is None:
            raise Unauthenticated(REFUSED)
        answer = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(),
            expected_origin=origin(),
            credential_public_key=base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        if key is not None:
            _note_refusal(key, address, now)
        raise Unauthenticated(REFUSED) from None
    with atomic():
        _answered(challenge, now, Unauthenticated(REFUSED))
        found = db.session.get(Passkey, key.id)
        if found is None or not db.session.get_one(User, found.user_id).active:
            raise Unauthenticated(REFUSED)
        found.sign_count, found.last_used_at = answer.new_sign_count, now
    return found


def _read(credential: str) -> dict[str, Any]:
    """The device's answer. Raises ValueError, TypeError; one that is nested without end would raise RecursionError."""
    if len(credential) > _ANSWER_LENGTH:
        raise ValueError
    try:
        given = json.loads(credential)
    except RecursionError:
        raise ValueError from None
    if not isinstance(given, dict):
        raise TypeError
    return given


def _note_refusal(key: Passkey, address: str, now: datetime) -> None:
    with atomic():
        user = db.session.get_one(User, key.user_id)
        whose = Actor(user_id=user.id, name=user.name, unit_id=user.unit_id, origin=address)
        _record(whose, "user.passkey_refused", now, before={"name": key.name})


def remove(actor: Actor, passkey_id: str, *, now: datetime) -> None:
    """One's own passkey is worth nothing from now on. Raises NotFound, Forbidden for the last factor where one is asked."""
    with atomic():
        key = db.session.get(Passkey, passkey_id)
        if key is None or key.user_id != actor.user_id:
            raise NotFound
        last = kinds_of(actor.user_id) == {PASSKEY} and len(passkeys_of(actor.user_id)) == 1
        if last and asked_of(actor):
            raise Forbidden(
                N_(
                    "没有移除。单位规定掌握审核、发布或管理权限的成员必须启用两步验证。请先设置验证器，或登记另一个通行密钥。"
                )
            )
        db.session.delete(key)
        db.session.flush()
        forget_codes_of_nothing(actor.user_id)
        _record(actor, "user.passkey_remove", now, before={"name": key.name})
        tell_owner(actor, "user.passkey_remove", now)


def _challenge(purpose: str, now: datetime) -> tuple[bytes, Kept]:
    challenge = secrets.token_bytes(32)
    return challenge, {"value": bytes_to_base64url(challenge), "for": purpose, "at": now.timestamp()}


def _expected(kept: Kept | None, purpose: str, now: datetime) -> bytes | None:
    """The challenge that the session kept, if it was given for this and not long ago."""
    if not kept or kept.get("for") != purpose:
        return None
    age = now.timestamp() - float(kept["at"])
    return base64url_to_bytes(kept["value"]) if 0 <= age <= _ANSWER_WITHIN.total_seconds() else None


def _answered(challenge: bytes, now: datetime, twice: Exception) -> None:
    """No second time, also not for a copy of the cookie. Raises `twice`. Inside atomic()."""
    db.session.execute(delete(AnsweredChallenge).where(AnsweredChallenge.at < now - 2 * _ANSWER_WITHIN))
    db.session.add(AnsweredChallenge(digest=sha256(challenge).hexdigest(), at=now))
    try:
        db.session.flush()
    except IntegrityError:
        raise twice from None


def _descriptors(user_id: str) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in passkeys_of(user_id)]


def _rp_id() -> str:
    return urlsplit(current().public_url).hostname or ""


def _record(actor: Actor, action: str, now: datetime, **states: dict[str, Any]) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="user",
        object_id=actor.user_id,
        unit_id=actor.unit_id,
        summary=actor.name,
        **states,
    )
