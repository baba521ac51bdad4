"""What a person has besides the password: an authenticator (TOTP), recovery codes, passkeys. No sign-in here."""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from datetime import datetime
from hashlib import sha256

import pyotp
from sqlalchemy import delete, func, select, update

from app.db import db
from app.units.models import Passkey, RecoveryCode, SecondFactor

# Seconds for which a code stands; one step earlier and later is taken, too: clocks differ.
STEP = 30
DIGITS = 6
RECOVERY_CODES = 10
# No 0, 1, I, L, O, U: read aloud and typed from paper.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 16

TOTP = "totp"
RECOVERY = "recovery"
PASSKEY = "passkey"
PASSWORD = "password"
# An identity platform vouched for the person; it also says that they showed more than one factor there, and is trusted in that.
PROVIDER = "provider"
PROVIDER_MFA = "provider_mfa"


def kinds_of(user_id: str) -> frozenset[str]:
    """Of TOTP and PASSKEY those that this person has; empty: the password is all."""
    totp = select(SecondFactor.user_id).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    passkey = select(Passkey.id).where(Passkey.user_id == user_id).limit(1)
    found = [(TOTP, totp), (PASSKEY, passkey)]
    return frozenset(kind for kind, query in found if db.session.scalar(query) is not None)


def spend(user_id: str, code: str, now: datetime) -> str:
    """TOTP or RECOVERY when `code` is right and was never used, else ""; from now on it is used.

    Inside atomic(), with the person's row locked: of two at once only one is right.
    """
    clean = _clean(code)
    if len(clean) == DIGITS and clean.isdigit():
        return TOTP if _spend_totp(user_id, clean, now) else ""
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.digest == _digest(user_id, clean),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return RECOVERY if clean and db.session.connection().execute(used).rowcount == 1 else ""


def _spend_totp(user_id: str, code: str, now: datetime) -> bool:
    row = db.session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is None:
        return False
    step = step_of(row.secret[TOTP], code, now)
    if step is None or step <= row.last_step:
        return False
    row.last_step = step
    return True


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, of the present one and its neighbours; None: the code is wrong."""
    totp, present = pyotp.TOTP(secret, digits=DIGITS, interval=STEP), int(now.timestamp()) // STEP
    clean, found = _clean(code), None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), clean.encode()):
            found = step
    return found


def _clean(code: str) -> str:
    """Letters and digits alone, as they are printed: spaces, hyphens and full-width forms are typing."""
    return "".join(c for c in unicodedata.normalize("NFKC", code[:80]).upper() if c.isascii() and c.isalnum())


def new_recovery_codes(user_id: str) -> list[str]:
    """Ten fresh codes, "ABCD-EFGH-JKMN-PQRS"; the earlier ones are void. Inside atomic()."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user_id, digest=_digest(user_id, code)) for code in codes)
    return ["-".join(code[at : at + 4] for at in range(0, _CODE_LENGTH, 4)) for code in codes]


def recovery_codes_left(user_id: str) -> int:
    query = select(func.count()).select_from(RecoveryCode)
    return db.session.scalar(query.where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))) or 0


def forget_all(user_id: str) -> None:
    """Authenticator, recovery codes and passkeys are gone. Inside atomic()."""
    for model in (SecondFactor, RecoveryCode, Passkey):
        db.session.execute(delete(model).where(model.user_id == user_id))


def forget_codes_of_nothing(user_id: str) -> None:
    """Recovery codes replace a second factor: without one they are nothing. Inside atomic()."""
    if not kinds_of(user_id):
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _digest(user_id: str, code: str) -> str:
    return sha256(f"{user_id}:{code}".encode()).hexdigest()
