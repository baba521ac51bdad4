"""What can go wrong with a platform, as a tree; everything a connector raises is in it.

ConnectorError
├── Refused                 the platform said no; nothing happened; never retried
│   ├── ContentRefused      the author must change the text (names the field where known)
│   ├── CredentialsRefused  the account must be connected again
│   ├── NotEntitled         the app or account lacks this right; says which
│   └── ReplyWindowClosed
├── RateLimited(until)      nothing happened; again after `until`
├── Unavailable             nothing happened; again with growing delay
├── AwaitingPlatformAdmin   accepted, waits for a person at the platform (89504, 89505)
├── OutcomeUnknown          it may have happened; check(), never blindly again
├── AlreadyDone(receipt)    the platform knows this key of ours (45065 under our clientmsgid, nothing else)
└── Forged                  a callback that is not the platform's
    └── Unopened            signed as the platform signs, but our key does not open it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.values import Receipt


class ConnectorError(Exception):
    """Root of the tree. `cause`, `remedy` and `who` are Chinese words for the person who must act.

    `code` is the platform's own code as text ("45166"), `raw` what the platform said, secrets removed,
    `rid` the platform's request id where it gives one. `whole`: it is said of the account, not of this call: any other would
    hear the same.
    """

    whole: bool = False

    def __init__(
        self,
        cause: str,
        *,
        remedy: str = "",
        who: str = "",
        code: str = "",
        raw: str = "",
        rid: str = "",
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.who = who
        self.code = code
        self.raw = raw
        self.rid = rid

    def __str__(self) -> str:
        return " ".join(part for part in (self.cause, self.remedy) if part)


class Refused(ConnectorError):
    """The platform said no; nothing happened; never retried by itself."""


class ContentRefused(Refused):
    """The author must change the content. `field` names the part where it is known, else ""."""

    field: str = ""


class CredentialsRefused(Refused):
    """The account must be connected again (expired, revoked or wrong credentials)."""

    whole = True


class NotEntitled(Refused):
    """The app or the account lacks this right. `right`: its key as probe() names it, where it is another than that of the call;
    one that no probe names is no right of an account (a card in the text, say)."""

    right: str = ""


class ReplyWindowClosed(Refused):
    """The platform accepts no further answer to this person or message now."""


class RateLimited(ConnectorError):
    """Nothing happened; try again after `until` (aware UTC). `shared`: it binds all accounts of the app that ask from this
    address."""

    until: datetime | None = None
    shared: bool = False


class Unavailable(ConnectorError):
    """Nothing happened (never reached, or the platform was busy before doing anything); try again later."""


class AwaitingPlatformAdmin(ConnectorError):
    """Accepted; waits for the account's administrator at the platform. `receipt` holds the ids it told, if any."""

    receipt: Receipt | None = None


class OutcomeUnknown(ConnectorError):
    """It may have happened. Ask check(); never send blindly again."""


class AlreadyDone(ConnectorError):
    """The platform has already accepted this very key of ours; `receipt` says what it told."""

    receipt: Receipt | None = None


class Forged(ConnectorError):
    """A callback whose signature or form is not the platform's."""


class Unopened(Forged):
    """A callback that is signed rightly and that the account's key does not open: with a wrong key all look so."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """One row of a platform's code table: what class of error it is and what to tell whom, in Chinese."""

    error: type[ConnectorError]
    cause: str
    remedy: str
    who: str
    field: str = ""
    # A write that got this code may nevertheless have happened.
    unknown_on_write: bool = False
    # A limit of the app or the server's address, whichever account met it.
    shared: bool = False
    # Said of the account as a whole, whichever call heard it.
    whole: bool = False
    # The right that is missing, where it is not that of the call.
    right: str = ""
