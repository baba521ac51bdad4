"""Passwords: Argon2id, and what is asked of a new one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import TooMany
from app.words import N_

MIN_LENGTH = 12
MAX_LENGTH = 128
MIN_DIFFERENT = 5
# Stands where the hash would: this person has no password. Nothing fits it.
NO_PASSWORD = "!"

# So many are checked at once in a process: each takes 64 MB and a core for a while. Strangers never have the last one.
_AT_ONCE = 4
# So many more may wait, the last of them no stranger: whoever waits keeps one of the server's few threads from all others.
_WAITING = 2
# Seconds after which whoever waits for a place is sent away.
_WAIT = 0.5
_BUSY = N_("没有办理。现在核对密码的请求太多，轮不到这一次。请过几秒再试；一直如此请联系系统管理员。")

_hasher = PasswordHasher()


class _Places:
    """Who is being checked in this process, and who waits for that; of both, how many are strangers."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._checked: list[bool] = []
        self._waiting: list[bool] = []

    @contextmanager
    def one(self, *, known: bool) -> Iterator[None]:
        """A place for as long as the block takes. Raises TooMany: at once when enough others wait already."""
        with self._changed:
            if not self._free(known):
                if not _room(self._waiting, _WAITING, known):
                    raise TooMany(_BUSY)
                self._waiting.append(known)
                try:
                    if not self._changed.wait_for(lambda: self._free(known), _WAIT):
                        raise TooMany(_BUSY)
                finally:
                    self._waiting.remove(known)
            self._checked.append(known)
        try:
            yield
        finally:
            with self._changed:
                self._checked.remove(known)
                self._changed.notify_all()

    def _free(self, known: bool) -> bool:
        return _room(self._checked, _AT_ONCE, known)


def _room(those: list[bool], most: int, known: bool) -> bool:
    """Whether one more fits among `those`, of whom it says who is known: strangers leave one place to people who are."""
    return len(those) < most and (known or those.count(False) < most - 1)


_places = _Places()


@cache
def _nobody() -> str:
    """Checked for people who do not exist, so that the answer takes as long as for those who do.

    Made when it is first needed: schedulers and commands, which sign nobody in, start sooner without.
    """
    return _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def is_right(password: str, stored: str | None, *, known: bool = False) -> bool:
    """Whether the password fits. `stored` None (no such person) or NO_PASSWORD costs the same time and is never right.

    `known`: the person is signed in or uses a browser of theirs; a place is kept for such people. Raises TooMany when so
    many are being checked that there is no place for one more.
    """
    fits = stored is not None and stored != NO_PASSWORD
    with _places.one(known=known):
        try:
            _hasher.verify(stored if stored and fits else _nobody(), password[: MAX_LENGTH * 4])
        except (VerificationError, InvalidHashError):
            return False
    return fits


def needs_rehash(stored: str) -> bool:
    return _hasher.check_needs_rehash(stored)


def password_faults(password: str, *, email: str, name: str) -> list[str]:
    """Why this password is not accepted, in Chinese; empty if it is."""
    faults = []
    if len(password) < MIN_LENGTH:
        faults.append(f"密码只有 {len(password)} 位，至少要 {MIN_LENGTH} 位。可以用一句自己记得住的话。")
    if len(password) > MAX_LENGTH:
        faults.append(f"密码超过 {MAX_LENGTH} 位，请缩短。")
    if password and len(set(password)) < MIN_DIFFERENT:
        faults.append(f"密码里不同的字符少于 {MIN_DIFFERENT} 个，太容易猜到，请换一个。")
    local = email.partition("@")[0].lower()
    if password.lower() in {email.lower(), f"{local}{local}", f"{name}{local}".lower()}:
        faults.append("密码与邮箱或姓名相同，请换一个。")
    return faults
