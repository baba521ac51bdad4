"""Several threads that want the same of the database at once have it done in one transaction.

Whoever comes while one is being carried out waits and goes with the next: nobody waits for company, and alone everything
is as it would be without this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class Apart(Exception):
    """Raised by `together`, with nothing done: each does its own."""


class _Wish(Generic[Asked, Told]):
    """What one thread wants; `told` holds the answer once it was carried out, or `failed` what it raises."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.taken = False
        self.told: list[Told | Exception] = []


class Gathering(Generic[Asked, Told]):
    """`together` carries out several wishes and tells for each, in their order, its answer or the exception to raise. When
    it raises itself, each thread does its own by `alone`, which must bear that the other may have been saved."""

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
        self._lock = threading.Lock()
        # One carries out at a time; the others gather meanwhile.
        self._turn = threading.Lock()

    def do(self, asked: Asked) -> Told:
        wish: _Wish[Asked, Told] = _Wish(asked)
        with self._lock:
            self._waiting.append(wish)
        with self._turn:
            if not wish.taken:
                company = self._take(wish)
                if len(company) == 1:
                    return self._alone(asked)
                self._carry_out(company)
        if not wish.told:
            return self._alone(asked)
        (told,) = wish.told
        if isinstance(told, Exception):
            raise told
        return told

    def _take(self, own: _Wish[Asked, Told]) -> list[_Wish[Asked, Told]]:
        """The own wish and the first of the others."""
        with self._lock:
            others = [wish for wish in self._waiting if wish is not own][: self._most - 1]
            company = [own, *others]
            for wish in company:
                wish.taken = True
                self._waiting.remove(wish)
        return company

    def _carry_out(self, company: Sequence[_Wish[Asked, Told]]) -> None:
        try:
            answers = self._together([wish.asked for wish in company])
        except Apart:
            return
        except Exception:
            # Whatever it was about: the one whom it concerns meets it again, alone.
            log.warning("not together", number=len(company), exc_info=True)
            return
        for wish, told in zip(company, answers, strict=True):
            wish.told.append(told)
