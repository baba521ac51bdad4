"""Beginning and answering attempts in both ways in which schedulers save them: each alone, and several together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from app.publishing import batches, committing
from app.publishing.batches import Answer
from app.publishing.committing import Started
from app.publishing.values import Claim, Outcome

WAYS = ("alone", "together")


def save_together(patch: pytest.MonkeyPatch) -> None:
    """Whoever begins or answers one does it as a company of one does."""

    def begin(claim: Claim, worker: str, now: datetime) -> Started | None:
        (told,) = batches.begin_all([claim], worker, now)
        if isinstance(told, Exception):
            raise told
        return told

    def record(
        claim: Claim, attempt_id: str, outcome: Outcome, exchanges: Sequence[Mapping[str, Any]], now: datetime
    ) -> None:
        answer = Answer(claim=claim, attempt_id=attempt_id, outcome=outcome, exchanges=exchanges, at=now, ids={})
        (told,) = batches.record_all([answer], now)
        if isinstance(told, Exception):
            raise told

    patch.setattr(committing, "begin", begin)
    patch.setattr(committing, "record_answer", record)


@pytest.fixture(params=WAYS, autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Import it into a module whose tests must hold in both ways."""
    if request.param == "together":
        save_together(monkeypatch)
    return str(request.param)
