"""Failed sign-ins per address of the network, whoever's: also for people who do not exist and for those who are locked out."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from sqlalchemy import delete, func, select

from app.db import db
from app.errors import TooMany
from app.units.models import SignInFailure
from app.words import N_

WITHIN = timedelta(minutes=15)
# From one address within that time; then only passkeys and known devices sign in from there. An office may share one address.
ALLOWED = 30
_TOO_MANY = N_(
    "没有登录。这个网络地址近 15 分钟内登录失败太多次。请过一会儿再试，或用通行密钥登录；不是您所为请联系系统管理员。"
)


def refuse_if_too_many(origin: str, now: datetime) -> None:
    """Raises TooMany. The machine itself is no stranger: a proxy that was not told about hides everybody behind it."""
    if origin == "" or str(_address(origin)) in {"127.0.0.1", "::1"}:
        return
    since = (SignInFailure.address == _net(origin), SignInFailure.at > now - WITHIN)
    if (db.session.scalar(select(func.count(SignInFailure.id)).where(*since)) or 0) >= ALLOWED:
        raise TooMany(_TOO_MANY)


def note_failure(origin: str, now: datetime) -> None:
    """Inside atomic(). What is too old to count is cleared away."""
    old = select(SignInFailure.id).where(SignInFailure.at <= now - WITHIN).order_by(SignInFailure.id).limit(100)
    # Of two at once neither waits for the other.
    db.session.execute(delete(SignInFailure).where(SignInFailure.id.in_(old.with_for_update(skip_locked=True))))
    db.session.add(SignInFailure(address=_net(origin), at=now))


def _net(origin: str) -> str:
    """Of IPv6 the network: one household or office has 2^64 addresses."""
    found = _address(origin)
    if found is None:
        return origin[:80]
    return str(IPv6Address(int(found) >> 64 << 64)) if isinstance(found, IPv6Address) else str(found)


def _address(origin: str) -> IPv4Address | IPv6Address | None:
    """What it is an address of; None for other words. A server that listens on IPv6 sees IPv4 as ::ffff:203.0.113.9: that is
    the IPv4 address, else all of them would be one network."""
    try:
        found = ip_address(origin)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
