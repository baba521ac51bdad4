"""Reserving an account's publication quota when something is planned, so that two do not meet at the same hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.accounts import connections, quotas
from app.accounts.models import Account
from app.db import db
from app.errors import Conflict
from app.publishing.models import Publication


def reserve(account: Account, at: datetime, *, besides: str = "") -> None:
    """Refuse (Conflict) when the period's quota of publications is taken already, naming by what.

    Inside atomic(); the account's row is locked, so that two people cannot take the last place at once.
    """
    able = connections.capabilities(account)
    db.session.scalars(select(Account).where(Account.id == account.id).with_for_update()).one()
    for quota in quotas.overridden(able.quotas, account.settings):
        if quota.key != able.publish_quota or quota.period not in ("day", "month"):
            continue
        start, end = quotas.bounds(quota.period, at)
        taken = db.session.scalars(
            select(Publication)
            .where(
                Publication.account_id == account.id,
                Publication.id != besides,
                Publication.due_at >= start,
                Publication.due_at < end,
                Publication.status.not_in(("cancelled", "failed", "missed")),
            )
            .order_by(Publication.due_at, Publication.id)
        ).all()
        if len(taken) >= quota.limit:
            first = taken[0]
            when = first.due_at.astimezone(quotas.BEIJING)
            words = "当天" if quota.period == "day" else "当月"
            raise Conflict(
                f"“{account.name}”{words}的发布次数已约满（{quota.limit} 次）。"
                f"已由《{first.post.title}》（{when:%m月%d日 %H:%M}）占用。请改到别的日期，或先取消那一篇。",
                errors={"publish_at": [f"已由《{first.post.title}》占用。"]},
                taken_by={"publication_id": first.id, "post_id": first.post_id, "title": first.post.title},
            )
