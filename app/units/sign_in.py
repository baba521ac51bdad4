"""Signing in and proving to be there, with a lockout against guessing.

Wrong passwords, which any stranger can type, and wrong codes, for which one needs the password, are counted apart; so is what is
typed in a browser where the person has signed in before, so that strangers cannot shut anybody out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.audit.services import record
from app.db import atomic, db, release
from app.errors import Unauthenticated
from app.units.access import Actor
from app.units.addresses import note_failure, refuse_if_too_many
from app.units.devices import NOWHERE, find
from app.units.factors import PASSKEY, PASSWORD, kinds_of, spend
from app.units.models import BrowserSession, KnownDevice, Passkey, User
from app.units.open_sessions import OVERTAKEN, count_failure
from app.units.passwords import hash_password, is_right, needs_rehash
from app.words import N_

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
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


@dataclass(frozen=True, kw_only=True)
class _Count:
    """Where failures of one kind are counted, and until when they lock: names of columns of `row`, which is locked."""

    row: User | KnownDevice
    failed: str
    until: str

    def locks(self, now: datetime) -> bool:
        until: datetime | None = getattr(self.row, self.until)
        return until is not None and until > now

    def forget(self) -> None:
        setattr(self.row, self.failed, 0)
        setattr(self.row, self.until, None)

    def add(self, now: datetime) -> bool:
        """One more; whether it is one too many, and locks from now on."""
        failed: int = getattr(self.row, self.failed) + 1
        too_many = failed >= FAILURES_ALLOWED
        setattr(self.row, self.failed, 0 if too_many else failed)
        if too_many:
            setattr(self.row, self.until, now + LOCKED_FOR)
        return too_many


def _passwords(user: User, device: KnownDevice | None) -> _Count:
    return _Count(row=device or user, failed="failed_sign_ins", until="locked_until")


def _codes(user: User, device: KnownDevice | None) -> _Count:
    if device is not None:
        return _passwords(user, device)
    return _Count(row=user, failed="failed_codes", until="codes_locked_until")


def authenticate(
    email: str, password: str, *, origin: str, now: datetime, devices: Mapping[str, str] = NOWHERE
) -> Recognised:
    """The person whose password this is. Raises Unauthenticated, in the same words and after the same time whatever was
    wrong, also when the password was changed while it was being checked.

    Who has a second factor is not signed in by that: `finish` follows, and the failures so far stay counted.
    `devices`: what the browser says of people who signed in there before (devices.py).
    TooMany: from this address came too many failures lately, whoever's, and the browser is not known to be this person's;
    or too many passwords are being checked.
    """
    user = find_user(email)
    known = user is not None and find(user.id, devices, now) is not None
    if not known:
        refuse_if_too_many(origin, now)
    user_id, stored = (user.id, user.password_hash) if user is not None else ("", None)
    release()
    # Outside any transaction: Argon2 takes long on purpose.
    right = is_right(password, stored, known=known)
    fresh = hash_password(password) if right and stored is not None and needs_rehash(stored) else None
    with atomic():
        found = _judged(user_id, stored if right else None, fresh, devices, origin, now) if user_id else None
        if found is None:
            note_failure(origin, now)
    if found is None:
        raise Unauthenticated(_REFUSED)
    return found


def _judged(
    user_id: str, proven: str | None, fresh: str | None, devices: Mapping[str, str], origin: str, now: datetime
) -> Recognised | None:
    """Of a password that was checked: `proven` is the hash that it fits, `fresh` what takes its place. Inside atomic()."""
    user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    count = _passwords(user, find(user.id, devices, now))
    if count.locks(now):
        # Not said in other words: that would tell strangers who works here, and whether a guess was right.
        # Looked at here, behind those who were being checked meanwhile: many guesses at once are no way around it.
        return None
    if proven is None or not user.active or user.password_hash != proven:
        _count_failure(count, user, _self(user, origin), now, "user.sign_in_failed")
        return None
    user.password_hash = fresh or proven
    how = "" if kinds_of(user.id) else PASSWORD
    if how:
        count.forget()
        signed_in(user, how, origin=origin, now=now)
    else:
        half_signed_in(user, "user.half_sign_in", origin=origin, now=now)
    return Recognised(user=user, how=how, epoch=user.session_epoch)


def finish(
    user_id: str, epoch: int, code: str, *, origin: str, now: datetime, devices: Mapping[str, str] = NOWHERE
) -> Recognised:
    """The second step after the right password. Raises Unauthenticated, in the same words.

    `epoch`: the user's session_epoch when the password was right; a change since then voids it. `devices`: as in authenticate.
    """

    def judge(user: User) -> str:
        how = spend(user.id, code, now) if user.session_epoch == epoch else ""
        if how:
            device = find(user.id, devices, now)
            _codes(user, device).forget()
            passwords = _passwords(user, device)
            # What strangers locked meanwhile stays locked for them.
            if not passwords.locks(now):
                passwords.forget()
            signed_in(user, how, origin=origin, now=now)
        return how

    how = _try(user_id, judge, _codes, failed="user.sign_in_failed", origin=origin, now=now, devices=devices)
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
        unlock(user)
        signed_in(user, PASSKEY, origin=origin, now=now)
        return Recognised(user=user, how=PASSKEY, epoch=user.session_epoch)


def prove_by_code(actor: Actor, code: str, *, now: datetime, session_id: str = "") -> None:
    """A signed-in person is there: a code of the authenticator or a recovery code. Raises Unauthenticated.

    `session_id`: the browser's; wrong ones are then counted there, and what strangers do at the sign-in page is no hindrance.
    """
    how = _try(
        actor.user_id,
        lambda user: spend(user.id, code, now),
        _codes,
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
    right = is_right(password, stored, known=True)

    def judge(user: User) -> str:
        return PASSWORD if right and user.password_hash == stored else ""

    how = _try(
        actor.user_id,
        judge,
        _passwords,
        failed="user.proof_failed",
        origin=actor.origin,
        now=now,
        session_id=session_id,
    )
    if not how:
        raise Unauthenticated(refused)
    proved(actor, PASSWORD, now=now)


def proved(actor: Actor, how: str, *, now: datetime) -> None:
    """Written down: this person has just proved to be there."""
    with atomic():
        user = db.session.get_one(User, actor.user_id)
        _record(user, actor, "user.prove", now, how)


def _try(
    user_id: str,
    judge: Callable[[User], str],
    kind: Callable[[User, KnownDevice | None], _Count],
    *,
    failed: str,
    origin: str,
    now: datetime,
    session_id: str = "",
    devices: Mapping[str, str] = NOWHERE,
) -> str:
    """What `judge` says of the locked row of a person who may be signed in; "" is counted as a failure, and said of
    everybody who is locked out or gone.

    Counted with the open session `session_id`, with the known one of `devices`, or with the person by `kind`. In the first two
    the password of who has a second factor forgets no failure: between right passwords codes could be guessed for ever.
    """
    with atomic():
        user = db.session.get(User, user_id, with_for_update=True, populate_existing=True)
        row = db.session.get(BrowserSession, session_id, populate_existing=True) if session_id else None
        if user is None or not user.active or (session_id and row is None):
            return ""
        count = kind(user, find(user.id, devices, now))
        if not session_id and count.locks(now):
            note_failure(origin, now)
            return ""
        how = judge(user)
        if how and not (how == PASSWORD and kinds_of(user.id)):
            if row is not None:
                row.failed_proofs = 0
            else:
                count.forget()
        elif not how and row is not None:
            _record(user, _self(user, origin), failed, now)
            count_failure(row, _self(user, origin), now)
        elif not how:
            note_failure(origin, now)
            _count_failure(count, user, _self(user, origin), now, failed)
        return how


def unlock(user: User) -> None:
    """Of what was counted with the person nothing counts any more. Inside atomic()."""
    for count in (_passwords(user, None), _codes(user, None)):
        count.forget()


def signed_in(user: User, how: str, *, origin: str, now: datetime) -> None:
    """Noted with the person and in the log. Inside atomic()."""
    user.last_sign_in_at = now
    _record(user, _self(user, origin), "user.sign_in", now, how)


def half_signed_in(user: User, action: str, *, origin: str, now: datetime) -> None:
    """In the log: the first step is done, the second is still to come. Inside atomic()."""
    _record(user, _self(user, origin), action, now)


def note_sign_out(actor: Actor, now: datetime) -> None:
    with atomic():
        _record(db.session.get_one(User, actor.user_id), actor, "user.sign_out", now)


def _count_failure(count: _Count, user: User, who: Actor, now: datetime, action: str) -> None:
    _record(user, who, "user.locked" if count.add(now) else action, now)


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
