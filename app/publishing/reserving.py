"""Reserving an account's publication quota when something is planned, so that two do not meet at the same hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.accounts import connections, quotas
from app.accounts.advice import unconnected
from app.accounts.models import Account
from app.db import db
from app.errors import Conflict
from app.publishing import openings
from app.publishing.models import Publication
from app.publishing.openings import RELEASED as RELEASED
from app.units.access import Actor
from connectors.values import Quota


@dataclass(frozen=True, kw_only=True)
class Places:
    """What one account may still be given in the day or month (Beijing's) of some moment. `key` as in quotas.LABELS."""

    account: Account
    key: str
    period: str
    limit: int
    left: int


def publish_quota(account: Account) -> Quota | None:
    """The quota per day or month that each publication of the account takes a place of; None without such."""
    able = connections.capabilities(account)
    for quota in quotas.overridden(able.quotas, account.settings):
        if quota.key == able.publish_quota and quota.period in ("day", "month"):
            return quota
    return None


def reserve(actor: Actor, account: Account, at: datetime, *, besides: str = "") -> None:
    """Refuse (Conflict) when the period's quota of publications is taken already, naming by what, as far as the actor may
    see it.

    Inside atomic(); the account's row is locked, so that two people cannot take the last place at once.
    """
    db.session.scalars(select(Account).where(Account.id == account.id).with_for_update()).one()
    quota = publish_quota(account)
    if quota is None:
        return
    start, end = quotas.bounds(quota.period, at)
    taken = db.session.scalars(
        select(Publication)
        .where(
            Publication.account_id == account.id,
            Publication.id != besides,
            Publication.due_at >= start,
            Publication.due_at < end,
            Publication.status.not_in(RELEASED),
        )
        .order_by(Publication.due_at, Publication.id)
    ).all()
    if len(taken) >= quota.limit:
        first = taken[0]
        when = first.due_at.astimezone(quotas.BEIJING)
        words = "当天" if quota.period == "day" else "当月"
        seen = actor.may("post.read", first.post.unit)
        named = f"《{first.post.title}》" if seen else "其他单位的稿件"
        free = openings.free_days(account, quota, at, besides=besides)
        others = f"空闲的日子有：{openings.in_words(free)}。" if free else ""
        raise Conflict(
            f"“{account.name}”{words}的发布次数已约满（{quota.limit} 次）。"
            f"已由{named}（{when:%m月%d日 %H:%M}）占用。{others}请改到别的日期，或先取消那一篇。",
            errors={"publish_at": [f"已由{named}占用。"]},
            taken_by={"publication_id": first.id, "post_id": first.post_id, "title": first.post.title} if seen else {},
            free_days=[day.isoformat() for day in free],
        )


def places(accounts: Iterable[Account], moments: Sequence[datetime]) -> dict[datetime, list[Places]]:
    """{moment: what each account may still be given around it}, by the rule of reserve(); one question for all."""
    # What cannot publish at all has no place to give.
    connected = [account for account in accounts if not unconnected(account)]
    limited = [(account, quota) for account in connected if (quota := publish_quota(account)) is not None]
    spans = {(quota.period, at): quotas.bounds(quota.period, at) for _, quota in limited for at in moments}
    if not spans:
        return {at: [] for at in moments}
    taken: dict[str, list[datetime]] = {}
    for account_id, due_at in db.session.execute(
        select(Publication.account_id, Publication.due_at).where(
            Publication.account_id.in_([account.id for account, _ in limited]),
            Publication.due_at >= min(start for start, _ in spans.values()),
            Publication.due_at < max(end for _, end in spans.values()),
            Publication.status.not_in(RELEASED),
        )
    ):
        taken.setdefault(account_id, []).append(due_at)
    found: dict[datetime, list[Places]] = {}
    for at in moments:
        for account, quota in limited:
            start, end = spans[quota.period, at]
            used = sum(start <= due_at < end for due_at in taken.get(account.id, ()))
            left = max(0, quota.limit - used)
            found.setdefault(at, []).append(
                Places(account=account, key=quota.key, period=quota.period, limit=quota.limit, left=left)
            )
    return found
