"""People with an authenticator, and what it shows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyotp

from app.db import atomic, db
from app.units import second_factor
from app.units.access import Actor
from app.units.models import BrowserSession, SecondFactor


def code_at(secret: str, at: datetime, steps: int = 0) -> str:
    """What the authenticator shows at that time, or `steps` half minutes later."""
    return pyotp.TOTP(secret).at(at + timedelta(seconds=30 * steps))


def wrong_code(secret: str, at: datetime) -> str:
    """Six digits that are none of those taken now."""
    taken = {code_at(secret, at, steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in taken)


def give_authenticator(actor: Actor, at: datetime) -> tuple[str, list[str]]:
    """(secret, recovery codes) of this person from now on; the code of that moment is used up."""
    second_factor.begin(actor, now=at)
    secret = db.session.get_one(SecondFactor, actor.user_id).secret["totp"]
    return secret, second_factor.confirm(actor, code_at(secret, at), now=at)


def let_proofs_age(hours: int = 1) -> None:
    """Nobody has proved to be there for so long."""
    with atomic():
        for row in db.session.query(BrowserSession):
            row.proven_at -= timedelta(hours=hours)
