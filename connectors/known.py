"""Values about an account and its calls: rights as probed, tokens, counts, the evidence of one call.

Import them from connectors.values, where they stand beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.errors import ConnectorError, RateLimited

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Right:
    """One right as probed: True works, False does not, None can only be seen at the first publication.

    Not `asked`: the platform could not be asked this time, so an earlier verdict still stands. `unlisted`: it was refused
    for this server's address, which the platform's list does not hold, whatever the credentials are. `confirming`: the
    platform waits until a person there allows this server's address; where that person said no, it answers nothing before
    `until` (aware UTC). `elsewhere`: it is put right at the platform alone; what is stored here need not be changed. `who` must
    act.
    """

    key: str
    ok: bool | None
    detail: str = ""
    remedy: str = ""
    who: str = ""
    asked: bool = True
    unlisted: bool = False
    confirming: bool = False
    elsewhere: bool = False
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LimitMet:
    """A platform's "not before" (or our own ledger's) that a call met: `call` as the meter names it."""

    call: str
    error: RateLimited


@dataclass(frozen=True, kw_only=True)
class Health:
    """The result of exercising an account's real rights; the first of them is the token's."""

    rights: tuple[Right, ...]
    egress_ip: str = ""
    token_expires_at: datetime | None = None
    # When the token was given, where the platform tells: how long it was given for says how soon is soon.
    token_granted_at: datetime | None = None
    # When to ask again though nobody did: the platform waits for a person, or takes no calls until then (aware UTC).
    again_at: datetime | None = None
    limits: tuple[LimitMet, ...] = ()
    # Lists that were found open, as the cursor of fetch_messages() calls them: what it keeps of a refusal is over.
    opened: tuple[str, ...] = ()


def limits_met(error: ConnectorError, call: str) -> tuple[LimitMet, ...]:
    """The limit that `error` tells of, if it is one."""
    return (LimitMet(call=call, error=error),) if isinstance(error, RateLimited) else ()


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts of one published item; None where the platform does not tell."""

    external_id: str
    reads: int | None = None
    likes: int | None = None
    comments: int | None = None
    reposts: int | None = None


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token and when it dies (aware UTC; None: unknown)."""

    value: str = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer for the evidence: secrets masked, bodies as text, media by sha256.

    `url` is the address as the platform documents it, `asked` the one that was really called (the simulator's in a
    drill); `error` says in words why no answer came.
    """

    method: str
    url: str
    request: Json
    status: int | None
    answer: str
    sent_at: datetime
    answered_at: datetime | None
    error: str = ""
    asked: str = ""
