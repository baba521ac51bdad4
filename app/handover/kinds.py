"""What can hang on a person, one Kind each: found, and what becomes of it. The list of all is in gathering.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db import Model
from app.units.access import Actor
from app.units.models import Unit, User

# give: somebody must take it. release: somebody may, else `alone` happens. end: it ends with the person. stay: it stays as it
# is and is only told. block: cannot be handed; while there is one the person cannot go.
GIVE, RELEASE, END, STAY, BLOCK = "give", "release", "end", "stay", "block"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing. `words` as people know it, for who holds `see` in `unit`; `masked` for others. `row`: what it is."""

    id: str
    words: str
    masked: str = ""
    detail: str = ""
    path: str = ""
    unit: Unit | None = None
    see: str = ""
    row: Any = None

    def shown_to(self, actor: Actor) -> str:
        if self.see and self.unit is not None and not actor.may(self.see, self.unit):
            return self.masked
        return self.words

    def path_for(self, actor: Actor) -> str:
        return self.path if not self.see or self.unit is None or actor.may(self.see, self.unit) else ""


@dataclass(frozen=True, kw_only=True)
class Gift:
    """One act of handing over: who does it, who leaves, who receives (None: nobody), when."""

    actor: Actor
    leaver: User
    receiver: User | None
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`taken`: what happens with a receiver ("{name}" is theirs); `alone`: without one. `why_not`: why this receiver cannot
    have this item, in Chinese, "" when they can. `do` makes it so, inside atomic(), and leaves the events."""

    key: str
    title: str
    act: str
    find: Callable[[User, datetime], list[Item]]
    taken: str = ""
    alone: str = ""
    why_not: Callable[[Item, Gift], str] | None = None
    do: Callable[[Item, Gift], None] | None = None
    # (table, id) of the row that whoever works on such an item locks first.
    row_of: Callable[[Item], tuple[type[Model], str]] | None = None
    # Left behind it troubles nobody: it keeps no one from being deactivated.
    loose: bool = False

    @property
    def asks(self) -> bool:
        """Whether a receiver may be chosen."""
        return self.act in (GIVE, RELEASE)

    @property
    def hangs(self) -> bool:
        """Whether something of this kind keeps a person from being simply deactivated."""
        return self.act in (GIVE, RELEASE, BLOCK) and not self.loose
