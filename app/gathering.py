"""Several threads that want the same of the database at once have it done in one transaction.

Whoever comes while one is being carried out waits and goes with the next: nobody waits for company.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import logs

log = structlog.get_logger()

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class Apart(Exception):
    """Raised by `together`, with nothing done: each does its own."""


class _Wish(Generic[Asked, Told]):
    """What one thread wants; `told` holds the answer, or what to raise, once it was carried out."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.told: list[Told | Exception] = []
        # Set when it was carried out, or when it is this thread's turn to carry out.
        self.woken = threading.Event()
        self.leads = False


class Gathering(Generic[Asked, Told]):
    """`together` carries out one wish or several and tells for each, in their order, its answer or the exception to raise.
    It must wait for no lock for long. When it raises itself, each thread does its own by `alone`, which may wait, and must
    bear that the other may have been saved."""

    def __init__(
        self,
        together: Callable[[Sequence[Asked]], Sequence[Told | Exception]],
        alone: Callable[[Asked], Told],
        *,
        most: int = 64,
    ) -> None:
        self._together = together
        self._alone = alone
        self._most = most
        self._waiting: list[_Wish[Asked, Told]] = []
        self._led = False
        self._lock = threading.Lock()

    def do(self, asked: Asked) -> Told:
        wish: _Wish[Asked, Told] = _Wish(asked)
        with self._lock:
            self._waiting.append(wish)
            wish.leads, self._led = not self._led, True
        if not wish.leads:
            wish.woken.wait()
        if wish.leads:
            self._lead(wish)
        if not wish.told:
            return self._alone(asked)
        (told,) = wish.told
        if isinstance(told, Exception):
            raise told
        return told

    def _lead(self, own: _Wish[Asked, Told]) -> None:
        company = self._take(own)
        try:
            self._carry_out(company)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for wish in company:
                wish.woken.set()
            if following is not None:
                following.leads = True
                following.woken.set()

    def _take(self, own: _Wish[Asked, Told]) -> list[_Wish[Asked, Told]]:
        """The own wish and the first of the others."""
        with self._lock:
            company = [own, *(wish for wish in self._waiting if wish is not own)][: self._most]
            for wish in company:
                self._waiting.remove(wish)
        return company

    def _carry_out(self, company: Sequence[_Wish[Asked, Told]]) -> None:
        try:
            with logs.of_several():
                answers = self._together([wish.asked for wish in company])
        except Apart:
            return
        except SQLAlchemyError as error:
            # A lock that somebody holds, a database that is away: each meets it again, alone, and waits or tells.
            log.warning("not together", number=len(company), why=type(error).__name__)
            return
        except Exception:
            # Whatever it was about: the one whom it concerns meets it again, alone.
            log.warning("not together", number=len(company), exc_info=True)
            return
        for wish, told in zip(company, answers, strict=True):
            wish.told.append(told)
