"""The parts of Capabilities, one rule each: answering, lengths, shapes, choices, quotas, previews; what cannot be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What an act of a person's other than writing (an AccountEvent) allows: so many answers within so long."""

    window: timedelta
    answers: int


@dataclass(frozen=True, kw_only=True)
class ReplyRule:
    """How one kind of message may be answered; `unavailable` is the Chinese reason when it may not at all.

    `after`: {kind of AccountEvent: what it allows}. How allowances add up is not told, so they are never added: an act
    opens a window where the message's own is closed or used up.
    """

    window: timedelta | None = None
    per_window: int | None = None
    per_message: int | None = None
    max_length: int = 140
    unavailable: str = ""
    after: Mapping[str, Allowance] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A field's hard limit for counters and forms."""

    field: str
    limit: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class Quota:
    """`limit` uses of `key` per `period` ("day", "hour", "month", "minute"), days and months of Beijing.

    Where several calls run on one counter, `calls` are their patterns ("*/biz") and `but` those left out. `family`: when
    the platform refuses the user or the address at one of them, it means all of them and no other.
    """

    key: str
    limit: int
    period: Literal["minute", "hour", "day", "month"]
    calls: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    family: bool = False
    # Counted by the platform over all accounts of the app that ask from one address.
    shared: bool = False

    def covers(self, call: str) -> bool:
        if not self.calls:
            return call == self.key
        return _matches(call, self.calls) and not _matches(call, self.but)


def _matches(call: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(call, pattern) for pattern in patterns)


@dataclass(frozen=True, kw_only=True)
class PreviewRule:
    """How something unpublished is shown on one person's phone: the `quota` that one preview spends, what the platform
    calls a `recipient` (微信号), a `hint` where people find theirs, and the `pattern` that it matches as a whole.
    `lives` is how long the phone shows it: as long as what was made for it stands at the platform.
    """

    quota: str
    recipient: str
    hint: str
    pattern: str
    lives: timedelta


@dataclass(frozen=True, kw_only=True)
class PeopleRule:
    """What the platform takes of a person's tags (each in characters) and remark (bytes of UTF-8)."""

    most_tags: int
    tag_length: int
    remark_bytes: int


@dataclass(frozen=True, kw_only=True)
class Form:
    """One shape that a post may take on the platform, chosen by the override "form"; the first is the default."""

    key: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A way of adapting that an author may choose, by the override `key`; without one `automatic` tells what happens.

    Nothing of it stands in the payload but its effect on `part`: offered while the payload has that part.
    """

    key: str
    label: str
    part: str
    automatic: str
    options: tuple[Form, ...]


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something this account cannot do at its level, and why, in Chinese."""

    key: str
    why: str
