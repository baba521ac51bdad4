"""How long ago each account last published, by whatever means, and what the inspectors would say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Account
from app.db import db
from app.inspection.models import HistoryItem
from app.inspection.rules import VETO_AT, WARN_AT, ZOMBIE_AT
from app.publishing.models import Publication
from app.units.access import Actor, below, visible

Level = Literal["ok", "warn", "veto", "zombie", "unknown"]
# The platform's list is asked several times a day; older than this it says nothing about now.
_FRESH = timedelta(days=2)
_ORDER: dict[str, int] = {"zombie": 0, "veto": 1, "unknown": 2, "warn": 3, "ok": 4}


@dataclass(frozen=True, kw_only=True)
class Dormancy:
    """One account's state: whole days since its last surviving public post that we know of.

    `threshold` is the highest line reached (7, 10, 12, 14, 90; 0 none). `why` says what is not known.
    """

    account: Account
    level: Level
    days: int | None
    threshold: int
    last_published_at: datetime | None
    why: str = ""
    # Unknown although we tried: something is amiss that a person must mend.
    amiss: bool = False

    @property
    def days_left(self) -> int | None:
        """Until the veto line; None when unknown or past."""
        return VETO_AT - self.days if self.days is not None and self.days < VETO_AT else None


def dormancy(actor: Actor, now: datetime, *, unit_id: str = "") -> list[Dormancy]:
    """Every active account that the actor may see, the worst first; `unit_id` limits it to that unit's subtree."""
    query = select(Account).where(*watched(actor, unit_id))
    accounts = list(db.session.scalars(query.options(joinedload(Account.unit)).order_by(Account.name, Account.id)))
    found = judge_all(accounts, now)
    return sorted(found, key=lambda one: (_ORDER[one.level], -(one.days or 0), one.account.name))


def watched(actor: Actor, unit_id: str = "") -> tuple[ColumnElement[bool], ...]:
    """SQL conditions on Account: active, seen by the actor, and in that unit's subtree if one is named."""
    active = Account.active.is_(True)
    return active, visible(actor, "account.read", Account.unit_id), below(unit_id, Account.unit_id)


def judge_all(accounts: Sequence[Account], now: datetime) -> list[Dormancy]:
    """The same for given accounts, in their order."""
    last = last_posts([account.id for account in accounts])
    return [judge(account, last.get(account.id), now) for account in accounts]


def judge(account: Account, last: datetime | None, now: datetime) -> Dormancy:
    """A recent known post is enough to pass; a long silence counts only when nothing can have been missed."""
    days = max(0, (now - last) // timedelta(days=1)) if last is not None else None
    gap = doubt(account, now)
    if days is not None and days < WARN_AT[0]:
        return Dormancy(account=account, level="ok", days=days, threshold=0, last_published_at=last)
    if gap:
        known = f"已知最近一次发布在 {days} 天前。" if days is not None else "没有已知的发布。"
        return Dormancy(
            account=account,
            level="unknown",
            days=days,
            threshold=0,
            last_published_at=last,
            why=f"{known}{gap}",
            amiss=bool(account.history_note) or account.history_at is not None,
        )
    if days is None:
        # Nothing seen since we began to watch: silent at least for that long.
        days = max(0, (now - account.created_at) // timedelta(days=1))
        if days < VETO_AT:
            why = f"接入 {days} 天以来没有发布，此前的情况未知。"
            return Dormancy(account=account, level="unknown", days=None, threshold=0, last_published_at=None, why=why)
    reached = max((line for line in (*WARN_AT, VETO_AT, ZOMBIE_AT) if days >= line), default=0)
    level: Level = "zombie" if reached >= ZOMBIE_AT else "veto" if reached >= VETO_AT else "warn" if reached else "ok"
    return Dormancy(account=account, level=level, days=days, threshold=reached, last_published_at=last)


def doubt(account: Account, now: datetime) -> str:
    """Why posts may exist that we do not know of, "" when none can."""
    if account.history_at is None:
        return account.history_note or "平台上的发布记录还没有读取过。"
    if account.history_note:
        return account.history_note
    if now - account.history_at > _FRESH:
        return "平台上的发布记录已有两天没有更新。"
    return ""


def taken_away() -> ColumnElement[bool]:
    """Of a HistoryItem: it is a publication of ours that was recalled or removed. Figures of the platform's go on listing
    it, though no member of the public sees it."""
    return (
        select(Publication.id)
        .where(
            Publication.account_id == HistoryItem.account_id,
            Publication.external_id == HistoryItem.external_id,
            Publication.external_id != "",
            Publication.status.in_(("recalled", "removed")),
        )
        .exists()
    )


def last_posts(account_ids: Sequence[str], *, before: datetime | None = None) -> dict[str, datetime]:
    """The last surviving public post of each account that has one: from the platform's list and from our own.

    `before`: the last one earlier than that.
    """
    listed = (
        select(HistoryItem.account_id, func.max(HistoryItem.published_at))
        .where(HistoryItem.account_id.in_(account_ids), HistoryItem.deleted_at.is_(None), ~taken_away())
        .group_by(HistoryItem.account_id)
    )
    gone = select(HistoryItem.id).where(
        HistoryItem.account_id == Publication.account_id,
        HistoryItem.external_id == Publication.external_id,
        HistoryItem.deleted_at.is_not(None),
    )
    ours = (
        select(Publication.account_id, func.max(Publication.published_at))
        .where(
            Publication.account_id.in_(account_ids),
            Publication.status == "published",
            and_(Publication.published_at.is_not(None), ~gone.exists()),
        )
        .group_by(Publication.account_id)
    )
    if before is not None:
        listed = listed.where(HistoryItem.published_at < before)
        ours = ours.where(Publication.published_at < before)
    found: dict[str, datetime] = {}
    for query in (listed, ours):
        for account_id, at in db.session.execute(query):
            if at is not None and (account_id not in found or at > found[account_id]):
                found[account_id] = at
    return found
