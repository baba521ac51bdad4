"""Publications of an account whose credentials no key opens here: nothing is asked of the platform, people are told, and it
goes on when the key is back: by itself before the hour, by a person's release afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.accounts.sealed import MARK, CredentialsSealed
from app.db import atomic
from app.publishing import committing, errands, outcomes, preparing, pushdown, states, verifying
from app.publishing.values import Claim

# So often it is tried whether the key is back: before the hour, and for what follows after sending.
PREPARE_AGAIN = timedelta(seconds=60)
ASK_AGAIN = timedelta(minutes=5)


def put_off_preparing(claim: Claim, error: CredentialsSealed, now: datetime) -> None:
    """People are told at once; tried again until the hour, then held. Raises Lost."""
    with atomic():
        row = preparing.own(claim, "preparing")
        if now >= row.due_at:
            outcomes.hold(row, now, str(error))
        else:
            told = MARK in row.why
            at = min(now + PREPARE_AGAIN, row.due_at)
            values: dict[str, Any] = {"claim_owner": "", "claim_until": None, "why": str(error), "next_attempt_at": at}
            states.touch(row, now=now, fence=claim.fence, **values)
            if not told:
                outcomes.alarm(row, now, "准备不了", str(error))
        pushdown.push([row.post_id], now)


def hold_commit(claim: Claim, error: CredentialsSealed, now: datetime) -> None:
    """At the hour, before the attempt: held. Raises Lost."""
    with atomic():
        row = committing.own_commit(claim)
        states.move(row, "ready", now=now, reason="尚未发送", fence=claim.fence, committed_at=None)
        outcomes.hold(row, now, str(error))
        verifying.apply_early(row, now)
        pushdown.push([row.post_id], now)


def put_off_check(claim: Claim, error: CredentialsSealed, now: datetime) -> None:
    """It could not be asked what became of it: none of the sparse questions is used up. Raises Lost."""
    with atomic():
        row = preparing.own(claim, (*verifying.ASKED, "handed_over"))
        values: dict[str, Any] = {"claim_owner": "", "claim_until": None, "next_attempt_at": now + ASK_AGAIN}
        if row.status in ("processing", "unknown"):
            values["why"] = str(error)
        states.touch(row, now=now, fence=claim.fence, **values)
        pushdown.push([row.post_id], now)


def put_off_errand(claim: Claim, error: CredentialsSealed, now: datetime) -> None:
    """Neither deleted nor recalled yet. Raises Lost."""
    errands.retry_errand(claim, now + ASK_AGAIN, [], now, why=str(error))
