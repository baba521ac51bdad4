"""The browsers in which people are signed in: rows that a person sees and ends. The cookie holds a secret, the row its digest."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, select, update

from app.audit.services import record
from app.config import current
from app.db import atomic, db
from app.errors import NotFound, Unauthenticated
from app.units.access import Actor
from app.units.factors import PROVIDER_MFA
from app.units.models import BrowserSession, KnownDevice, SecondFactor, User
from app.words import N_

# Wrong proofs in one session; at that many it ends.
PROOFS_ALLOWED = 5
OVERTAKEN = N_("没有登录。登录的同时，密码、两步验证或账户状态有了改变。请重新登录；不是您所为请联系本单位管理员。")

_ENDED = N_(
    "没有办理。这一处登录刚刚被退出：密码、两步验证或账户状态可能有了改变。请重新登录后再试；不是您所为请联系本单位管理员。"
)


def open_session(
    user_id: str,
    *,
    epoch: int,
    how: str,
    user_agent: str,
    address: str,
    now: datetime,
    proven_at: datetime | None = None,
    failed_proofs: int = 0,
    provider: str = "",
) -> str:
    """A new one, proven now unless `proven_at` says when, vouched for by `provider`; its secret, which is stored nowhere. Those of this person that died of
    idleness are cleared away.

    `epoch`: the user's session_epoch when the person was recognised. Raises Unauthenticated when all sessions were ended since,
    or the person left: their row is locked, so that whoever ends them either sees this one or is seen here.
    """
    secret = secrets.token_urlsafe(32)
    with atomic():
        user = db.session.get(User, user_id, with_for_update=True, populate_existing=True)
        if user is None or not user.active or user.session_epoch != epoch:
            raise Unauthenticated(OVERTAKEN)
        stale = BrowserSession.last_seen_at < now - _idle()
        db.session.execute(delete(BrowserSession).where(BrowserSession.user_id == user_id, stale))
        db.session.add(
            BrowserSession(
                digest=_digest(secret),
                user_id=user_id,
                user_agent=user_agent[:300],
                address=address[:80],
                how=how,
                provider=provider,
                created_at=now,
                last_seen_at=now,
                proven_at=proven_at or now,
                failed_proofs=failed_proofs,
            )
        )
    return secret


def still_signed_in(actor: Actor) -> None:
    """Locks the person's row, before anything is given to them that outlives their session. Inside atomic().

    Raises Unauthenticated when the browser session in which they act was ended since the request began: what a reset has just
    removed is not put back behind it. Whoever ends sessions locks that row, too, before looking at what else is there.
    """
    db.session.get(User, actor.user_id, with_for_update=True, populate_existing=True)
    if actor.session_id:
        mine = select(BrowserSession.id).where(BrowserSession.user_id == actor.user_id)
        if db.session.scalar(mine.where(BrowserSession.id == actor.session_id)) is None:
            raise Unauthenticated(_ENDED)


def find(secret: str) -> BrowserSession | None:
    """The open session of this secret."""
    if not secret:
        return None
    return db.session.scalars(select(BrowserSession).where(BrowserSession.digest == _digest(secret))).one_or_none()


def note_use(session_id: str, now: datetime) -> None:
    """Somebody is at work there."""
    _set(session_id, last_seen_at=now)


def note_proof(session_id: str, now: datetime) -> None:
    """The person has just proved to be there."""
    _set(session_id, proven_at=now, failed_proofs=0)


def note_factor(session_id: str, how: str) -> None:
    """The person has just shown their first second factor there."""
    _set(session_id, how=how)


def _set(session_id: str, **values: datetime | int | str) -> None:
    with atomic():
        db.session.execute(update(BrowserSession).where(BrowserSession.id == session_id).values(**values))


def close(secret: str) -> None:
    """Signed out there; nothing happens when it was already."""
    if secret:
        with atomic():
            db.session.execute(delete(BrowserSession).where(BrowserSession.digest == _digest(secret)))


def sessions_of(actor: Actor, now: datetime) -> list[BrowserSession]:
    """One's own that have not died of idleness, the latest used first."""
    query = select(BrowserSession).where(
        BrowserSession.user_id == actor.user_id, BrowserSession.last_seen_at >= now - _idle()
    )
    return list(db.session.scalars(query.order_by(BrowserSession.last_seen_at.desc(), BrowserSession.id)))


def end_session(actor: Actor, session_id: str, *, now: datetime) -> None:
    """Sign out another browser of one's own at once."""
    with atomic():
        db.session.get(User, actor.user_id, with_for_update=True)
        row = db.session.get(BrowserSession, session_id)
        if row is None or row.user_id != actor.user_id:
            raise NotFound
        _record(actor, now, {"address": row.address, "signed_in_at": row.created_at.isoformat()})
        db.session.delete(row)


def end_others(actor: Actor, *, keep: str, now: datetime) -> int:
    """Sign out all browsers of one's own but the session `keep`; how many."""
    with atomic():
        db.session.get(User, actor.user_id, with_for_update=True)
        ended = _end(BrowserSession.user_id == actor.user_id, BrowserSession.id != keep)
        if ended:
            _record(actor, now, {"ended": ended})
    return ended


def end_all(user: User) -> int:
    """Every browser of this person is signed out at once, also one whose cookie is from before; an authenticator that was begun
    there and waits for its first code is forgotten: whoever began it may have copied its secret. Inside atomic()."""
    # First the person's row, which whoever signs in at this moment has to lock; then what is open.
    db.session.execute(update(User).where(User.id == user.id).values(session_epoch=User.session_epoch + 1))
    db.session.refresh(user, ["session_epoch"])
    # What knows the person's browsers apart may be somebody else's by now.
    db.session.execute(delete(KnownDevice).where(KnownDevice.user_id == user.id))
    begun = SecondFactor.confirmed_at.is_(None)
    db.session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id, begun))
    return _end(BrowserSession.user_id == user.id)


def end_vouched(*, only_mfa: bool, keep: str) -> int:
    """Every browser that was signed in on the identity platform's word is signed out (`only_mfa`: where that stood for a second
    factor) but the session `keep`; how many. Inside atomic()."""
    which = BrowserSession.how == PROVIDER_MFA if only_mfa else BrowserSession.provider != ""
    return _end(which, BrowserSession.id != keep)


def count_failure(row: BrowserSession, who: Actor, now: datetime) -> bool:
    """A wrong proof there; whether it was one too many and the session has ended. Inside atomic()."""
    row.failed_proofs += 1
    if row.failed_proofs < PROOFS_ALLOWED:
        return False
    _record(who, now, {"address": row.address, "failed_proofs": row.failed_proofs})
    db.session.delete(row)
    return True


def _end(*which: ColumnElement[bool]) -> int:
    return db.session.connection().execute(delete(BrowserSession).where(*which)).rowcount


def _record(actor: Actor, now: datetime, before: dict[str, object]) -> None:
    record(
        actor,
        "session.end",
        now=now,
        object_type="user",
        object_id=actor.user_id,
        unit_id=actor.unit_id,
        summary=actor.name,
        before=before,
    )


def _idle() -> timedelta:
    return timedelta(seconds=current().session_idle_seconds)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
