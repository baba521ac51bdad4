"""Draft mode: a person presses the button. What shows that it happened: the link they give, and the draft that is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

from app.accounts import connections
from app.accounts.models import Account
from app.config import current
from app.db import atomic
from app.errors import Invalid
from app.publishing import outcomes, preparing, pushdown, rhythm, states
from app.publishing.models import Publication
from app.publishing.values import Claim

# Nobody publishes by hand within minutes; asked half-hourly then, as sparsely as everything else.
FIRST_LOOK = timedelta(minutes=10)
THEN = timedelta(minutes=30)
GONE, STANDS, UNTOLD = "draft_gone", "draft_stands", "draft_untold"
_REASONS = {
    GONE: "草稿已不在平台的草稿箱里。",
    STANDS: "草稿仍在平台的草稿箱里。",
    UNTOLD: "现在查不到草稿箱。",
}


def check_link(account: Account, url: str) -> None:
    """A pasted link must be one of the platform's (or of what stands in for it) and, where it tells whose it is, this
    account's. Raises Invalid; "" is no link."""
    connector = connections.connect(account)
    hosts = list(connector.capabilities().link_hosts)
    if not url or not hosts:
        return
    base = urlsplit(connections.base_url(account, current()) or "").hostname
    if _host(url) not in {*hosts, base}:
        _refuse(f"应是该账号内容的网址（{'、'.join([*hosts, *([base] if base else [])])}）。", "链接不是这个平台的。")
    owner = connector.link_owner(url)
    if owner and owner != account.external_id:
        words = f"链接里的账号编号是 {owner}，“{account.name}”的是 {account.external_id}。"
        _refuse(words, "链接是别的账号的。")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _refuse(words: str, what: str) -> NoReturn:
    raise Invalid(
        f"{what}{words}请从平台上该内容的页面复制；没有链接可以留空，只记为您的说明。", errors={"url": [words]}
    )


def asks_for_draft(row: Publication) -> bool:
    """Whether the draft box still has something to tell about this publication."""
    told = any(entry.get("finding") == GONE for entry in row.readbacks or [])
    return row.hand_over and row.status in ("handed_over", "published") and not told


def record_draft(claim: Claim, gone: bool | None, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """What the draft box told: kept as evidence, shown as the reason, said once to people. Raises Lost.

    A published one keeps its claim: its read-back follows.
    """
    finding = UNTOLD if gone is None else GONE if gone else STANDS
    with atomic():
        row = preparing.own(claim, ("handed_over", "published"))
        before = [entry.get("finding") for entry in row.readbacks or []]
        entry = {
            "at": now.isoformat(),
            "finding": finding,
            "reason": _REASONS[finding],
            "exchanges": [dict(one) for one in exchanges],
        }
        states.touch(row, now=now, fence=claim.fence, readbacks=[*(row.readbacks or []), entry][-40:])
        if row.status == "handed_over":
            _waiting(row, finding, now)
        else:
            _stated(row, finding, before, now)
        pushdown.push([row.post_id], now)


def _waiting(row: Publication, finding: str, now: datetime) -> None:
    asked = row.checks + 1
    values: dict[str, Any] = {"claim_owner": "", "claim_until": None, "checks": asked, "next_attempt_at": None}
    if finding == GONE:
        why = "草稿已不在草稿箱，多半已由人工发布，也可能被删除。请把文章链接填回来；没有发布的请取消。"
        states.touch(row, now=now, why=why, **values)
        outcomes.alarm(row, now, "请填回链接", why)
        return
    if asked < rhythm.MOST_CHECKS:
        values["next_attempt_at"] = now + THEN
    states.touch(row, now=now, **values)


def _stated(row: Publication, finding: str, before: list[Any], now: datetime) -> None:
    """A person said that it is out."""
    if finding == GONE:
        states.touch(row, now=now, why="")
        return
    why = f"由人工填报为已发布，未能核实：{_REASONS[finding]}请登录平台核对。"
    states.touch(row, now=now, why=why)
    if finding == STANDS and STANDS not in before[_since_statement(before) :]:
        outcomes.alarm(row, now, "填报已发布，但草稿还在", why)


def _since_statement(before: list[Any]) -> int:
    return max((at for at, finding in enumerate(before) if finding == "stated_published"), default=0)
