"""Whether the public address leads here: tried by the scheduler, told by the status page, `system check` and /metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.models import Account
from app.config import Config, current
from app.db import db
from app.system import facts
from app.words import N_

KEY = "public_url"
EVERY = timedelta(minutes=5)
# Older than this the last answer says nothing of now.
STALE = 3 * EVERY


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What the last try found: `why` Chinese, "" when it led here; `reached_at`: when it last did; times aware UTC."""

    url: str
    why: str
    at: datetime
    reached_at: datetime | None


def due(now: datetime) -> str | None:
    """The address to try, for the one scheduler whose turn it is; None when nobody need try now."""
    known = last()
    url = current().public_url
    every = EVERY if known is None or known.url == url else timedelta(0)
    return url if facts.claim(KEY, every, now) else None


def record(url: str, why: str, now: datetime) -> None:
    """`why` "": it led here."""
    known = last()
    before = known.reached_at if known is not None and known.url == url else None
    reached = now if not why else before
    facts.record(KEY, {"url": url, "why": why, "reached_at": reached.isoformat() if reached else None}, now)


def last() -> Reached | None:
    """None: never tried."""
    row = facts.fact(KEY)
    if row is None or row.at is None:
        return None
    reached = row.value.get("reached_at")
    return Reached(
        url=str(row.value.get("url", "")),
        why=str(row.value.get("why", "")),
        at=row.at,
        reached_at=datetime.fromisoformat(reached) if reached else None,
    )


def needed() -> bool:
    """Live accounts need it: links in what is published lead there, and the platforms push there."""
    live = select(Account.id).where(Account.environment == "live", Account.active).limit(1)
    return db.session.scalar(live) is not None


def is_local(config: Config) -> bool:
    return any(host in config.public_url for host in ("127.0.0.1", "localhost", "[::1]"))


# By the code of connectors.errors.Unavailable.
WHY = {
    "untrusted": N_("证书不可信或与网址不符。"),
    "connect_timeout": N_("连接超时。"),
    "timeout": N_("连上了，但没有及时答复。"),
    "disconnected": N_("连接不上：域名没有解析到服务器，或端口没有开放。"),
    "address": N_("网址写法不对。"),
}
NO_ANSWER = N_("没有收到完整的答复。")
NOT_OURS = N_("答复的不是本系统：网址指向了别的网站，或反向代理没有转到本系统。")
