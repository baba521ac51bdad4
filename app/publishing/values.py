"""JSON forms of the connectors' values as rows keep them, and what workers hand back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.accounts.models import Account
from app.accounts.tokens import Standing
from app.errors import Conflict
from connectors.errors import ConnectorError
from connectors.http import LONGEST
from connectors.values import Prepared, Receipt

# Seconds. The call itself must have left within SEND_WINDOW of its attempt; after that an answer may still be on its way
# for ANSWER_WAIT, however slowly it drips. A claim outlasts both.
SEND_WINDOW = 30
ANSWER_WAIT = int(LONGEST) + 5
LEASE = SEND_WINDOW + ANSWER_WAIT

OutcomeKind = Literal["receipt", "awaiting", "refused", "not_sent", "unknown"]


class Lost(Conflict):
    """The claim was taken over, or the state changed meanwhile: whoever holds it must stop."""

    def __init__(self, message: str = "状态刚刚被改变。可能另一位同事或调度程序先处理了它。请刷新后查看。") -> None:
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One publication taken for work; `fence` proves that it is still ours. `account_id`: whose turn it was."""

    publication_id: str
    fence: int
    account_id: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class Work:
    """All that a worker needs, free of the database."""

    claim: Claim
    # Detached, for connections.connect().
    account: Account
    standing: Standing
    post_id: str
    status: str
    payload: Mapping[str, Any]
    prepared: Prepared
    operator_ip: str
    tries: int
    late_at: datetime

    @property
    def account_id(self) -> str:
        return self.account.id

    @property
    def ids(self) -> dict[str, str]:
        """What the lines of the log about it bear."""
        return {"post": self.post_id, "publication": self.claim.publication_id, "account": self.account.id}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended, as decided from its receipt or error. `retry_at` for what certainly did not happen."""

    kind: OutcomeKind
    receipt: Receipt | None = None
    error: Mapping[str, Any] = field(default_factory=dict)
    retry_at: datetime | None = None


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    return {
        "external_id": receipt.external_id,
        "url": receipt.url,
        "live": receipt.live,
        "published_at": receipt.published_at.isoformat() if receipt.published_at else None,
        "details": dict(receipt.details),
    }


def receipt_of(value: Mapping[str, Any] | None) -> Receipt | None:
    """The receipt kept in a row; None for an empty one."""
    if not value:
        return None
    at = value.get("published_at")
    return Receipt(
        external_id=str(value.get("external_id", "")),
        url=str(value.get("url", "")),
        live=bool(value.get("live")),
        published_at=datetime.fromisoformat(at) if at else None,
        details={str(k): str(v) for k, v in dict(value.get("details") or {}).items()},
    )


def merged(old: Receipt | None, new: Receipt) -> Receipt:
    """What is known of one publication after `new` came: nothing once known is forgotten."""
    if old is None:
        return new
    return Receipt(
        external_id=new.external_id or old.external_id,
        url=new.url or old.url,
        live=new.live or old.live,
        published_at=new.published_at or old.published_at,
        details={**old.details, **{k: v for k, v in new.details.items() if v}},
    )


def prepared_json(prepared: Prepared) -> dict[str, Any]:
    return {"steps": dict(prepared.steps), "ready": prepared.ready}


def prepared_of(value: Mapping[str, Any] | None) -> Prepared:
    value = value or {}
    return Prepared(steps=dict(value.get("steps") or {}), ready=bool(value.get("ready")))


def error_json(error: ConnectorError) -> dict[str, Any]:
    """An error for rows and screens: {kind, code, cause, remedy, who, raw, rid}."""
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "cause": error.cause,
        "remedy": error.remedy,
        "who": error.who,
        "raw": error.raw,
        "rid": error.rid,
    }
