"""Findings: opened when a rule is broken, closed when a re-check passes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.db import Page, atomic, db, page_of
from app.errors import NotFound
from app.inspection.dormancy import Dormancy, judge_all, last_posts
from app.inspection.models import Finding
from app.inspection.rules import RULES, VETO_AT, WARN_AT
from app.notices.services import tell
from app.units.access import Actor, visible
from app.units.models import Unit

_RULES_OF_LEVEL = {
    "ok": (),
    "warn": ("UPD-WARN",),
    "veto": ("UPD-14",),
    "zombie": ("UPD-14", "UPD-90"),
    "unknown": ("UPD-UNKNOWN",),
}


# What this room settles by an account's last post; other rules are settled elsewhere.
_BY_LAST_POST = sorted({rule for rules in _RULES_OF_LEVEL.values() for rule in rules})


def evaluate(now: datetime) -> int:
    """Look at every active account's last post; opens, renews and closes findings. Returns how many were opened."""
    accounts = list(db.session.scalars(select(Account).where(Account.active).options(joinedload(Account.unit))))
    standing = set(
        db.session.scalars(
            select(Finding.account_id).where(Finding.closed_at.is_(None), Finding.rule.in_(_BY_LAST_POST))
        )
    )
    unsettled = [state for state in judge_all(accounts, now) if not _is_settled(state, standing)]
    opened = sum(_settle(state, now) for state in unsettled)
    _close_inactive(now)
    return opened


def _is_settled(state: Dormancy, standing: set[str]) -> bool:
    """Nothing to open, to renew, to close or to tell, as with most accounts at most times: no transaction for it."""
    known = state.account.last_published_at == state.last_published_at
    return known and not _broken(state) and state.threshold < WARN_AT[0] and state.account.id not in standing


def _broken(state: Dormancy) -> tuple[str, ...]:
    return _RULES_OF_LEVEL[state.level] if state.level != "unknown" or state.amiss else ()


def findings_of(
    actor: Actor, *, rule: str = "", unit_id: str = "", cursor: str | None = None, limit: int = 50
) -> Page[Finding]:
    """Open and closed findings that the actor may see, newest first."""
    query = select(Finding).where(visible(actor, "finding.read", Finding.unit_id)).options(joinedload(Finding.account))
    if rule:
        query = query.where(Finding.rule == rule)
    if unit_id:
        unit = db.session.get(Unit, unit_id)
        if unit is None or not actor.may("finding.read", unit):
            raise NotFound
        below = select(Unit.id).where(Unit.path.startswith(unit.path, autoescape=True))
        query = query.where(Finding.unit_id.in_(below))
    return page_of(query, Finding.id, cursor, limit)


def open_findings(account_ids: list[str]) -> list[Finding]:
    """What stands against these accounts now."""
    return list(
        db.session.scalars(
            select(Finding)
            .where(Finding.account_id.in_(account_ids), Finding.closed_at.is_(None))
            .options(joinedload(Finding.account))
            .order_by(Finding.id.desc())
        )
    )


def count_open(actor: Actor) -> int:
    """Open findings that the actor may see."""
    query = select(func.count(Finding.id)).where(
        visible(actor, "finding.read", Finding.unit_id), Finding.closed_at.is_(None)
    )
    return db.session.scalar(query) or 0


def _settle(state: Dormancy, now: datetime) -> int:
    """Make the account's open findings those of its state."""
    with atomic():
        # Two schedulers may look at once: one after the other, so that nothing is found twice.
        locked = select(Account).where(Account.id == state.account.id).with_for_update(key_share=True)
        account = db.session.scalars(locked.execution_options(populate_existing=True)).one()
        last = last_posts([account.id]).get(account.id)
        if account.last_published_at != last:
            account.last_published_at = last
        standing = {
            finding.rule: finding
            for finding in db.session.scalars(
                select(Finding).where(
                    Finding.account_id == account.id, Finding.closed_at.is_(None), Finding.rule.in_(_BY_LAST_POST)
                )
            )
        }
        broken = _broken(state)
        for rule_id, finding in standing.items():
            if rule_id not in broken:
                finding.closed_at = now
        opened = 0
        for rule_id in broken:
            finding = standing.get(rule_id) or _open(rule_id, account, now)
            opened += rule_id not in standing
            finding.summary, finding.evidence = _summary(rule_id, state), _evidence(rule_id, state)
        _tell(state, account, now)
        return opened


def _open(rule_id: str, account: Account, now: datetime) -> Finding:
    finding = Finding(
        rule=rule_id,
        severity=RULES[rule_id].severity,
        unit_id=account.unit_id,
        account_id=account.id,
        summary="",
        found_at=now,
    )
    db.session.add(finding)
    return finding


def _summary(rule_id: str, state: Dormancy) -> str:
    name = state.account.name
    if rule_id == "UPD-UNKNOWN":
        return f"“{name}”最近的更新情况未知。{state.why}"
    if rule_id == "UPD-WARN":
        return f"“{name}”已 {state.days} 天没有更新，再过 {VETO_AT - (state.days or 0)} 天触及 14 天红线。"
    if rule_id == "UPD-90":
        return f"“{name}”已 {state.days} 天没有更新，应列入僵尸账号清理。"
    return f"“{name}”已 {state.days} 天没有更新，超过 14 天，属单项否决。"


def _evidence(rule_id: str, state: Dormancy) -> dict[str, Any]:
    last = state.last_published_at
    return {
        "days": state.days,
        "threshold": state.threshold,
        "last_published_at": last.isoformat() if last else None,
        "checked_until": state.account.history_at.isoformat() if state.account.history_at else None,
        "why": state.why,
        "rule": RULES[rule_id].as_evidence(),
    }


def _tell(state: Dormancy, account: Account, now: datetime) -> None:
    """Once for each line that is reached after each post."""
    if state.threshold < WARN_AT[0]:
        return
    since = state.last_published_at.date().isoformat() if state.last_published_at else "never"
    title = f"{PLATFORMS[account.platform].label}“{account.name}”已 {state.days} 天没有更新"
    body = "已触及 14 天红线，属单项否决。" if state.threshold >= VETO_AT else "超过 14 天将被单项否决。"
    tell(
        key=f"dormant:{account.id}:{since}:{state.threshold}",
        kind="dormant",
        level="info",
        unit_id=account.unit_id,
        title=title,
        body=f"{body}请为该账号写一篇。",
        path=f"/posts/new?account={account.id}",
        now=now,
    )


def _close_inactive(now: datetime) -> None:
    with atomic():
        inactive = select(Account.id).where(Account.active.is_(False))
        for finding in db.session.scalars(
            select(Finding).where(Finding.closed_at.is_(None), Finding.account_id.in_(inactive))
        ):
            finding.closed_at = now
