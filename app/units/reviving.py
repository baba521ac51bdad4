"""What must not come back to life with a backup: what lets somebody in and may have been taken away since."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update

from app.db import db
from app.units.models import ApiToken, SecondFactor, User


def shut_doors(now: datetime) -> int:
    """Every cookie is void, set-ups of an authenticator are forgotten, people's own tokens are revoked; how many of these.
    Those issued at the command line stay: programs use them. Inside atomic(), in a database that was just restored."""
    db.session.execute(update(User).values(session_epoch=User.session_epoch + 1))
    db.session.execute(delete(SecondFactor).where(SecondFactor.confirmed_at.is_(None)))
    own = (ApiToken.revoked_at.is_(None), ApiToken.by_command.is_(False), ApiToken.expires_at > now)
    revoked = db.session.connection().execute(update(ApiToken).where(*own).values(revoked_at=now)).rowcount
    db.session.expire_all()
    return revoked
