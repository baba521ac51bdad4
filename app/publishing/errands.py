"""Errands at the platform that nothing waits for: deleting drafts of cancelled publications, taking back public ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app import logs
from app.accounts.forms import PLATFORMS
from app.db import atomic, db
from app.notices import services as notices
from app.publishing import outcomes, preparing, pushdown, states
from app.publishing.models import Publication
from app.publishing.values import Claim
from app.units.access import Actor, visible
from app.words import N_

# So many failures of our own program in a row are told to administrators; it is tried on, ever more seldom, at last so often.
RUNG_AFTER = 3
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)

_BROKEN = N_("还没有办理：程序出错。系统会再试。")
_STUCK = N_("还没有办理：程序反复出错，已通知系统管理员。系统会隔更久再试，不会丢。")


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
        _done(row, claim, exchanges, now, **{_hour(row): at}, **({} if why is None else {"why": why}))


def break_off(claim: Claim, now: datetime) -> None:
    """Our own program failed: once more, ever later; whoever keeps the installation is told once. Raises Lost."""
    with atomic():
        row = preparing.own(claim, ("cancelled", "published"))
        failures = row.errand_failures + 1
        pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
        why = _BROKEN if failures < RUNG_AFTER else _STUCK
        values: dict[str, Any] = {"errand_failures": failures, "why": why, _hour(row): now + pause}
        states.touch(row, now=now, fence=claim.fence, claim_owner="", claim_until=None, **values)
        logs.milestone("publication.errand_failed", failures=failures, **states.ids_of(row))
        if failures == RUNG_AFTER:
            _ring(row, now)


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


def count_stuck() -> int:
    """Errands at which our own program fails again and again."""
    return db.session.scalar(select(func.count()).select_from(Publication).where(_stuck())) or 0


def stuck_ids(limit: int) -> list[str]:
    """The publications whose errands those are, the longest-known first."""
    return list(db.session.scalars(select(Publication.id).where(_stuck()).order_by(Publication.id).limit(limit)))


def stuck(actor: Actor, limit: int = 20) -> list[Publication]:
    """Of these what this person may look at."""
    seen = visible(actor, "post.read", Publication.unit_id)
    return list(db.session.scalars(select(Publication).where(_stuck(), seen).order_by(Publication.id).limit(limit)))


def _stuck() -> ColumnElement[bool]:
    stands = or_(
        and_(Publication.status == "cancelled", Publication.discard_at.is_not(None)),
        and_(Publication.status == "published", Publication.recall_at.is_not(None)),
    )
    return and_(Publication.errand_failures >= RUNG_AFTER, stands)


def _hour(row: Publication) -> str:
    return "discard_at" if row.status == "cancelled" else "recall_at"


def _ring(row: Publication, now: datetime) -> None:
    """For the administrators of the highest unit above it."""
    what = "删除草稿" if row.status == "cancelled" else "撤回"
    notices.tell(
        key=f"errand:{row.id}:{row.fence}",
        kind="errand",
        level="alarm",
        unit_id=row.post.unit.path.split("/")[1],
        title=f"{what}反复出错：{row.post.title}"[:200],
        body=(
            f"{PLATFORMS[row.account.platform].label} {row.account.name}：程序连续 {RUNG_AFTER} 次出错，还没有办成。"
            f"系统会隔更久再试，不会丢。请系统管理员按编号 {row.id} 查看日志；急着{what}的，请发布人登录平台手动办理。"
        ),
        path=outcomes.errand_path(row),
        now=now,
    )


def _done(row: Publication, claim: Claim, exchanges: Sequence[Mapping[str, Any]], now: datetime, **values: Any) -> None:
    kept = preparing.kept(row, exchanges)
    outcomes.settle_errand(row, now)
    values = {"errand_failures": 0, **values}
    states.touch(row, now=now, fence=claim.fence, claim_owner="", claim_until=None, exchanges=kept, **values)
