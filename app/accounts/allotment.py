"""What an account may still ask of its platform: each quota with what is spent of it and what remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.accounts import connections, quotas, sharing
from app.accounts.models import Account


def quota_summary(account: Account, now: datetime) -> list[dict[str, Any]]:
    """Each quota with what is spent: {key, label, period, limit, used, remaining, resets_at, blocked_until}.

    The limit of an elastic purpose is what it may spend as the day stands now.
    """
    return standing_quotas([account], now)[account.id]


def _rows(standing: Sequence[quotas.Count], spent: quotas.Spent, now: datetime) -> list[dict[str, Any]]:
    whole = next((count.limit or 0 for count in standing if count.key == quotas.DAILY), 0)
    used = {count.key: spent[count.row][0] for count in standing if count.key in quotas.SHARES}
    over = quotas.elapsed(now)
    standing = [
        replace(count, limit=quotas.allowance(count.key, whole, used, over)) if count.key in quotas.ELASTIC else count
        for count in standing
    ]
    return [_quota_row(count, *spent[count.row]) for count in standing]


def _standing(account: Account, now: datetime) -> list[quotas.Count]:
    standing = []
    for quota in connections.quotas_of(account):
        if quota.key in quotas.PLANNED:
            continue
        parts = {quota.key: quota.limit}
        if quota.key == quotas.DAILY:
            parts |= {purpose: quotas.share(purpose, quota.limit) for purpose in quotas.SHARES}
        start, end = quotas.bounds(quota.period, now)
        standing += [
            quotas.Count(key=key, period=quota.period, limit=limit, start=start, end=end, shared=quota.shared)
            for key, limit in parts.items()
        ]
    return standing


def standing_quotas(accounts: Sequence[Account], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """{account id: its quota_summary()}, with one question for all."""
    standing = {account.id: _standing(account, now) for account in accounts}
    spent = quotas.spent_by_each(standing, now, connections.scopes_of(standing))
    return {account_id: _rows(counts, spent[account_id], now) for account_id, counts in standing.items()}


def main_quotas(accounts: Sequence[Account], now: datetime) -> dict[str, dict[str, Any]]:
    """{account id: the one quota worth a place in a list}: all calls of the day, else what a publication spends."""
    chosen: dict[str, quotas.Count] = {}
    for account in accounts:
        wanted = (quotas.DAILY, connections.capabilities(account).publish_quota)
        first = next((count for count in _standing(account, now) if count.key in wanted), None)
        if first is not None:
            chosen[account.id] = first
    running = {account_id: [count] for account_id, count in chosen.items()}
    spent = quotas.spent_by_each(running, now, connections.scopes_of(running))
    return {account_id: _quota_row(count, *spent[account_id][count.row]) for account_id, count in chosen.items()}


def _quota_row(count: quotas.Count, used: int, blocked_until: datetime | None) -> dict[str, Any]:
    limit = count.limit or 0
    return {
        "key": count.key,
        "label": quotas.LABELS.get(count.key, count.key),
        "period": count.period,
        "limit": limit,
        "used": used,
        "remaining": 0 if blocked_until else max(0, limit - used),
        "resets_at": count.end,
        "blocked_until": blocked_until,
    }


def remaining(account: Account, key: str, now: datetime) -> int | None:
    """How many more of `key` (a call, a purpose, daily_calls) until its period ends; None: no limit is known.

    Publishing may use whatever of the day is left. Mass sends are counted by who
    plans them, not here.
    """
    wanted = {quotas.DAILY if key == "publish" else key}
    if key == "publish":
        call = connections.capabilities(account).publish_quota
        wanted |= {quota.key for quota in connections.quotas_of(account) if quota.family and quota.covers(call)}
    left = [int(row["remaining"]) for row in quota_summary(account, now) if row["key"] in wanted]
    scope = connections.scopes_of([account.id])[account.id]
    if not left and (
        any(quotas.blocked_until(account.id, each, now) is not None for each in wanted)
        or sharing.blocked_until(scope, [f"block:{each}" for each in ("", *wanted)], now) is not None
    ):
        return 0
    return min(left, default=None)
