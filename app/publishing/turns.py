"""Whose turn it is: urgent posts first, then platforms, apps and accounts by turns, so that a big one or a slow one does
not keep the others waiting."""

from __future__ import annotations

import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import ColumnElement, Select, func, select

from app.accounts import connections
from app.accounts.models import Account
from app.accounts.sealed import sealed_among
from app.db import db
from app.posts.models import Post
from app.publishing.models import Publication

# So many rows are read at a time; a worker goes by one reading for so many seconds: an urgent post waits no longer.
MOST, READING = 2000, 0.5
# In flight in one worker: of one account at most as many as it leaves free, of one app seven times, of one platform
# fifteen times as many. So each may have all but a part of a worker, and there is always room for another one.
SHARES = (1, 7, 15)
_APPS_KNOWN = 20_000
_apps: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Due:
    """One publication whose time has come. `lanes`: its account, its app, its platform."""

    id: str
    schedule_id: str
    account_id: str
    urgent: bool
    due_at: datetime
    lanes: tuple[str, str, str]


@dataclass
class Turns:
    """One worker's reading of what is due for one kind of work. Only an order of trying: the claim decides.

    `held` tells how much of each account the worker has in flight, of any kind; without it nobody is limited.
    """

    worker: str = ""
    held: Callable[[], Mapping[str, int]] | None = None
    _queue: deque[Due] = field(default_factory=deque)
    _sizes: Counter[str] = field(default_factory=Counter)
    _read_at: float = float("-inf")
    _taken: Counter[str] = field(default_factory=Counter)
    # When each lane had its last turn, by a count of turns: who had none for longest is next, reading after reading.
    _served: dict[str, int] = field(default_factory=dict)
    _turn: int = 0

    def read(self, condition: ColumnElement[bool]) -> bool:
        """Look what is due by `condition`, unless the last reading is young and not used up. Whether anything is."""
        if not self._queue or time.monotonic() - self._read_at > READING:
            self._queue = deque(in_turn(_due(condition), self.worker, self._served))
            self._sizes = Counter(due.schedule_id for due in self._queue)
            self._read_at = time.monotonic()
        self._taken.clear()
        return bool(self._queue)

    def next_schedules(self, most: int) -> list[str]:
        """The schedules whose turn it is, which have `most` due publications or fewer (one alone may have more)."""
        return list(dict.fromkeys(due.schedule_id for due in self._next(most, together=True)))

    def next_publications(self, most: int) -> list[str]:
        return [due.id for due in self._next(most, together=False)]

    def _next(self, most: int, *, together: bool) -> list[Due]:
        found, over, schedules = list[Due](), deque[Due](), set[str]()
        held = self._in_flight()
        while self._queue and most > 0:
            due = self._queue.popleft()
            if together and due.schedule_id in schedules:
                continue
            size = self._sizes[due.schedule_id] if together else 1
            if (size > most and found) or not _has_room(due, held, most - 1):
                over.append(due)
                continue
            found.append(due)
            schedules.add(due.schedule_id)
            self._serve(due)
            self._taken.update(due.lanes)
            if held is not None:
                held.update(due.lanes)
            most -= size
        self._queue.extendleft(reversed(over))
        return found

    def _serve(self, due: Due) -> None:
        self._turn += 1
        if len(self._served) > _APPS_KNOWN:
            self._served.clear()
        self._served.update(dict.fromkeys(due.lanes, self._turn))

    def _in_flight(self) -> Counter[str] | None:
        """By lane, with what this worker took since it last read; None: nobody counts."""
        if self.held is None:
            return None
        held, found = self.held(), self._taken.copy()
        lanes = lanes_of(held)
        for account_id, number in held.items():
            found.update(dict.fromkeys(lanes.get(account_id, ()), number))
        return found


def _has_room(due: Due, held: Counter[str] | None, left: int) -> bool:
    """Whether one more of its lanes may begin when `left` are free afterwards; the first of a lane and what is urgent
    always may."""
    if held is None or due.urgent:
        return True
    shares = zip(due.lanes, SHARES, strict=True)
    return not any(held[lane] and held[lane] + 1 > share * left for lane, share in shares)


def in_turn(rows: Iterable[Due], worker: str = "", served: Mapping[str, int] | None = None) -> list[Due]:
    """`rows`, which come in their order within each account: urgent ones, then the others, each platform, app and account
    in its turn. Who was `served` longest ago begins, else the earliest; where several begin at one hour each worker has an order of its own, so that
    workers do not reach for the same rows."""
    groups: dict[bool, list[Due]] = {True: [], False: []}
    for row in rows:
        groups[row.urgent].append(row)
    return [due for urgent in (True, False) for due in _by_turns(groups[urgent], 2, worker, served or {})]


def _by_turns(rows: Sequence[Due], level: int, worker: str, served: Mapping[str, int]) -> list[Due]:
    """The first of each lane of `level`, then the second of each, and so on; within a lane likewise, one level down."""
    if level < 0:
        return list(rows)
    lanes: dict[str, list[Due]] = {}
    for row in rows:
        lanes.setdefault(row.lanes[level], []).append(row)

    def place(lane: str) -> tuple[int, datetime, int]:
        return served.get(lane, 0), lanes[lane][0].due_at, zlib.crc32(f"{worker} {lane}".encode())

    parts = [_by_turns(lanes[lane], level - 1, worker, served) for lane in sorted(lanes, key=place)]
    return [row for turn in zip_longest(*parts) for row in turn if row is not None]


def lanes_of(account_ids: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """{account: itself, its app, its platform}. Apps are remembered: they are read from encrypted credentials."""
    wanted = set(account_ids)
    if len(_apps) > _APPS_KNOWN:
        _apps.clear()
    known = {account_id: _apps[account_id] for account_id in wanted if account_id in _apps}
    if missing := wanted - set(known):
        sealed = sealed_among(missing)
        for account in db.session.scalars(select(Account).where(Account.id.in_(missing))):
            app = f"{account.platform} {account.environment}|{connections.app_of(account)}"
            known[account.id] = app
            # What cannot be read now may be later.
            if account.id not in sealed:
                _apps[account.id] = app
    return {account_id: (account_id, app, app.split("|")[0]) for account_id, app in known.items()}


def _due(condition: ColumnElement[bool]) -> list[Due]:
    rows = db.session.execute(_ranked(condition)).all()
    lanes = lanes_of(row.account_id for row in rows)
    return [
        Due(
            id=row.id,
            schedule_id=row.schedule_id,
            account_id=row.account_id,
            urgent=row.urgent,
            due_at=row.due_at,
            lanes=lanes[row.account_id],
        )
        for row in rows
    ]


def _ranked(condition: ColumnElement[bool]) -> Select[tuple[str, str, str, datetime, bool]]:
    """Of everything that is due the first MOST by turns of accounts and platforms: one with thousands leaves room."""
    place = func.row_number().over(
        partition_by=(Publication.account_id, Post.urgent), order_by=(Publication.due_at, Publication.id)
    )
    placed = (
        select(
            Publication.id,
            Publication.schedule_id,
            Publication.account_id,
            Publication.due_at,
            Post.urgent,
            Account.platform,
            Account.environment,
            place.label("place"),
        )
        .join(Post, Post.id == Publication.post_id)
        .join(Account, Account.id == Publication.account_id)
        .where(condition)
        .subquery()
    )
    of = placed.c
    turn = func.row_number().over(
        partition_by=(of.platform, of.environment, of.urgent), order_by=(of.place, of.due_at, of.id)
    )
    turned = select(of.id, of.schedule_id, of.account_id, of.due_at, of.urgent, of.place, turn.label("turn")).subquery()
    by = turned.c
    return (
        select(by.id, by.schedule_id, by.account_id, by.due_at, by.urgent)
        .order_by(by.urgent.desc(), by.turn, by.place, by.id)
        .limit(MOST)
    )
