"""Errands at the platform that nothing waits for: deleting drafts of cancelled publications, taking back public ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.db import atomic
from app.publishing import outcomes, preparing, pushdown, states
from app.publishing.models import Publication
from app.publishing.values import Claim


def finish_discard(claim: Claim, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The draft is gone."""
    with atomic():
        row = preparing.own(claim, "cancelled")
        _done(row, claim, exchanges, now, discard_at=None, prepared={}, why="")


def give_up_discard(claim: Claim, cause: str, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The platform will not delete it, or people worked on it: a person decides; nothing public depends on it."""
    with atomic():
        row = preparing.own(claim, "cancelled")
        why = f"平台上的草稿没有删掉：{cause}请到平台的草稿箱查看，不需要的请手动删除。"
        _done(row, claim, exchanges, now, discard_at=None, why=why)


def retry_errand(
    claim: Claim, at: datetime, exchanges: Sequence[Mapping[str, Any]], now: datetime, *, why: str | None = None
) -> None:
    """Nothing happened: once more at `at`. `why`: what is to be said meanwhile, where that is new."""
    with atomic():
        row = preparing.own(claim, ("cancelled", "published"))
        field = "discard_at" if row.status == "cancelled" else "recall_at"
        _done(row, claim, exchanges, now, **{field: at}, **({} if why is None else {"why": why}))


def finish_recall(claim: Claim, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The platform took it back."""
    with atomic():
        row = preparing.own(claim, "published")
        states.touch(row, now=now, fence=claim.fence, exchanges=preparing.kept(row, exchanges))
        outcomes.take_away(row, "recalled", now, f"已撤回：{row.recall_reason}", fence=claim.fence)
        pushdown.push([row.post_id], now)


def leave_recall_to_people(
    claim: Claim, cause: str, remedy: str, exchanges: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """The platform gives no way, or did not say whether it worked: people delete it there, read-backs notice."""
    with atomic():
        row = preparing.own(claim, "published")
        why = f"{cause}{remedy}系统核实到已删除后会标为“已撤回”。"
        _done(row, claim, exchanges, now, recall_at=None, why=why, checks=0, next_attempt_at=now)
        outcomes.alarm(row, now, "请在平台上手动删除", why)


def _done(row: Publication, claim: Claim, exchanges: Sequence[Mapping[str, Any]], now: datetime, **values: Any) -> None:
    kept = preparing.kept(row, exchanges)
    states.touch(row, now=now, fence=claim.fence, claim_owner="", claim_until=None, exchanges=kept, **values)
