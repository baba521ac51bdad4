"""Signing in and proving to be there, with a lockout against guessing: passwords and codes count alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from app.audit.models import Event
from app.audit.services import record
from app.db import atomic, db, release
from app.errors import TooMany, Unauthenticated
from app.units.access import Actor
from app.units.factors import PASSKEY, PASSWORD, kinds_of, spend
from app.units.models import BrowserSession, Passkey, User
from app.units.open_sessions import OVERTAKEN, count_failure
from app.units.passwords import hash_password, is_right, needs_rehash
from app.words import N_

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
# Failures from one address within that time; then only passkeys sign in from there. An office may share one address.
_FROM_ADDRESS = 30
_TOO_MANY = N_(
    "没有登录。这个网络地址近 15 分钟内登录失败太多次。请过一会儿再试，或用通行密钥登录；不是您所为请联系系统管理员。"
)
_REFUSED = N_(
    "没有登录。邮箱或密码不对，或因连续输错 5 次已锁定 15 分钟。请核对后再试；忘记密码请联系本单位管理员重置。"
)
# One sentence for a wrong, an old and a used code and for a locked account.
CODE_REFUSED = N_(
    "没有通过。验证码不对或已经用过，或因连续输错 5 次已锁定 15 分钟。请等手机上出现下一个验证码再输；手机不在身边请用恢复码。"
)
PROOF_REFUSED = N_(
    "没有通过。验证码不对或已经用过。请等手机上出现下一个验证码再输，手机不在身边请用恢复码；连续输错 5 次会退出登录。"
)
PASSWORD_REFUSED = N_("没有通过。密码不对。请核对后再试，忘记密码请联系本单位管理员；连续输错 5 次会退出登录。")


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Who signs in, and how ("": the password was right, a second step follows). `epoch`: the user's session_epoch in that very
    moment; only while it stands is a session opened, or the second step taken."""

    user: User
    how: str
    epoch: int


def authenticate(email: str, password: str, *, origin: str, now: datetime) -> Recognised:
    """The person whose password this is. Raises Unauthenticated, in the same words and after the same time whatever was
    wrong, also when the password was changed while it was being checked.

    Who has a second factor is not signed in by that: `finish` follows, and the failures so far stay counted.
    TooMany: from this address came too many failures lately, whoever's.
    """
    _check_address(origin, now)
    user = find_user(email)
    user_id, stored = (user.id, user.password_hash) if user is not None else ("", None)
    release()
    # Outside any transaction: Argon2 takes long on purpose.
    right = is_right(password, stored)
    fresh = hash_password(password) if right and stored is not None and needs_rehash(stored) else None
    if not user_id:
        raise Unauthenticated(_REFUSED)
    with atomic():
        user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
        if user.locked_until is not None and user.locked_until > now:
            # Not said in other words: that would tell strangers who works here, and whether a guess was right.
            # Looked at here, behind those who were being checked meanwhile: many guesses at once are no way around it.
            raise Unauthenticated(_REFUSED)
        if right and user.active and user.password_hash == stored:
            user.password_hash = fresh or stored
            how = "" if kinds_of(user.id) else PASSWORD
            if how:
                signed_in(user, how, origin=origin, now=now)
            else:
                _record(user, _self(user, origin), "user.half_sign_in", now)
            return Recognised(user=user, how=how, epoch=user.session_epoch)
        _count_failure(user, _self(user, origin), now, "user.sign_in_failed")
    raise Unauthenticated(_REFUSED)


def finish(user_id: str, epoch: int, code: str, *, origin: str, now: datetime) -> Recognised:
    """The second step after the right password. Raises Unauthenticated, in the same words.

    `epoch`: the user's session_epoch when the password was right; a change since then voids it.
    """

    def judge(user: User) -> str:
        how = spend(user.id, code, now) if user.session_epoch == epoch else ""
        if how:
            signed_in(user, how, origin=origin, now=now)
        return how

    how = _try(user_id, judge, failed="user.sign_in_failed", origin=origin, now=now)
    if not how:
        raise Unauthenticated(CODE_REFUSED)
    return Recognised(user=db.session.get_one(User, user_id), how=how, epoch=epoch)


def finish_by_passkey(passkey_id: str, *, epoch: int | None = None, origin: str, now: datetime) -> Recognised:
    """Signed in by a passkey that was verified. A lockout does not hold it up: a passkey cannot be guessed.

    `epoch`: as in finish(), where it is the second step. Raises Unauthenticated when the passkey was removed since, or the
    person left.
    """
    with atomic():
        key = db.session.get(Passkey, passkey_id)
        user = db.session.get(User, key.user_id, with_for_update=True, populate_existing=True) if key else None
        # Looked at again behind the lock: whoever resets what a person signs in with has it, too.
        there = db.session.scalar(select(Passkey.id).where(Passkey.id == passkey_id))
        if user is None or there is None or not user.active or epoch not in (None, user.session_epoch):
            raise Unauthenticated(OVERTAKEN)
        signed_in(user, PASSKEY, origin=origin, now=now)
        return Recognised(user=user, how=PASSKEY, epoch=user.session_epoch)


def prove_by_code(actor: Actor, code: str, *, now: datetime, session_id: str = "") -> None:
    """A signed-in person is there: a code of the authenticator or a recovery code. Raises Unauthenticated.

    `session_id`: the browser's; wrong ones are then counted there, and what strangers do at the sign-in page is no hindrance.
    """
    how = _try(
        actor.user_id,
        lambda user: spend(user.id, code, now),
        failed="user.proof_failed",
        origin=actor.origin,
        now=now,
        session_id=session_id,
    )
    if not how:
        raise Unauthenticated(PROOF_REFUSED if session_id else CODE_REFUSED)
    proved(actor, how, now=now)


def prove_by_password(
    actor: Actor, password: str, *, now: datetime, session_id: str = "", refused: str = PASSWORD_REFUSED
) -> None:
    """A signed-in person is there: the password. Raises Unauthenticated in the words `refused`."""
    user = db.session.get(User, actor.user_id)
    stored = user.password_hash if user is not None else None
    release()
    right = is_right(password, stored)

    def judge(user: User) -> str:
        return PASSWORD if right and user.password_hash == stored else ""

    how = _try(actor.user_id, judge, failed="user.proof_failed", origin=actor.origin, now=now, session_id=session_id)
    if not how:
        raise Unauthenticated(refused)
    proved(actor, PASSWORD, now=now)


def proved(actor: Actor, how: str, *, now: datetime) -> None:
    """Written down: this person has just proved to be there."""
    with atomic():
        user = db.session.get_one(User, actor.user_id)
        _record(user, actor, "user.prove", now, how)


def _try(
    user_id: str, judge: Callable[[User], str], *, failed: str, origin: str, now: datetime, session_id: str = ""
) -> str:
    """What `judge` says of the locked row of a person who may be signed in; "" is counted as a failure, and said of
    everybody who is locked out or gone.

    Counted with the open session `session_id`, or with the person. The password of who has a second factor forgets no
    failure: between right passwords codes could be guessed for ever.
    """
    with atomic():
        user = db.session.get(User, user_id, with_for_update=True, populate_existing=True)
        row = db.session.get(BrowserSession, session_id, populate_existing=True) if session_id else None
        locked = user is not None and not session_id and user.locked_until is not None and user.locked_until > now
        if user is None or not user.active or locked or (session_id and row is None):
            return ""
        how = judge(user)
        if how:
            _forget_failures(user, row, how)
        elif row is not None:
            _record(user, _self(user, origin), failed, now)
            count_failure(row, _self(user, origin), now)
        else:
            _count_failure(user, _self(user, origin), now, failed)
        return how


def _check_address(origin: str, now: datetime) -> None:
    """Counted from the log. The machine itself is no stranger: a proxy that was not told about hides everybody behind it."""
    if origin in {"", "127.0.0.1", "::1"}:
        return
    failed = select(func.count(Event.id)).where(
        Event.at > now - LOCKED_FOR,
        Event.action.in_(("user.sign_in_failed", "user.locked")),
        Event.origin == origin,
    )
    if (db.session.scalar(failed) or 0) >= _FROM_ADDRESS:
        raise TooMany(_TOO_MANY)


def _forget_failures(user: User, row: BrowserSession | None, how: str) -> None:
    if how == PASSWORD and kinds_of(user.id):
        return
    if row is not None:
        row.failed_proofs = 0
    else:
        user.failed_sign_ins = 0


def signed_in(user: User, how: str, *, origin: str, now: datetime) -> None:
    """Noted with the person and in the log. Inside atomic()."""
    user.failed_sign_ins, user.locked_until, user.last_sign_in_at = 0, None, now
    _record(user, _self(user, origin), "user.sign_in", now, how)


def note_sign_out(actor: Actor, now: datetime) -> None:
    with atomic():
        _record(db.session.get_one(User, actor.user_id), actor, "user.sign_out", now)


def _count_failure(user: User, who: Actor, now: datetime, action: str) -> None:
    db.session.execute(update(User).where(User.id == user.id).values(failed_sign_ins=User.failed_sign_ins + 1))
    db.session.refresh(user)
    if user.failed_sign_ins >= FAILURES_ALLOWED:
        user.failed_sign_ins, user.locked_until = 0, now + LOCKED_FOR
        action = "user.locked"
    _record(user, who, action, now)


def _self(user: User, origin: str) -> Actor:
    return Actor(user_id=user.id, name=user.name, unit_id=user.unit_id, origin=origin)


def _record(user: User, who: Actor, action: str, now: datetime, how: str = "") -> None:
    record(
        who,
        action,
        now=now,
        object_type="user",
        object_id=user.id,
        unit_id=user.unit_id,
        summary=user.name,
        after={"by": how} if how else None,
    )


def find_user(email: str) -> User | None:
    """By e-mail, whatever its case."""
    return db.session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def user_of_session(session_id: str) -> User | None:
    """The person of a signed session cookie, unless the password changed or the person left since."""
    user_id, _, epoch = session_id.rpartition(":")
    user = db.session.get(User, user_id) if user_id else None
    if user is None or not user.active or str(user.session_epoch) != epoch:
        return None
    return user
