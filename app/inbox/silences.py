"""What cannot be had, and why: said on the screen, never a silent empty list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.connections import capabilities
from app.accounts.models import Account
from app.db import db
from app.units.access import Actor, visible

# The keys of capabilities().missing that concern the inbox.
_KEYS = ("comments", "mentions", "messages", "replay", "names")
# Of these many accounts the capabilities are asked; of the rest only what the last poll said.
_MOST = 30


@dataclass(frozen=True, kw_only=True)
class Silence:
    """One reason and the accounts it holds for. `urgent`: the last poll failed or brought nothing for it."""

    why: str
    accounts: tuple[Account, ...]
    urgent: bool = False


def inbox_accounts(actor: Actor) -> list[Account]:
    """Active accounts whose conversations the actor may see."""
    query = select(Account).where(Account.active, visible(actor, "inbox.read", Account.unit_id))
    return list(db.session.scalars(query.order_by(Account.platform, Account.name, Account.id).limit(500)))


def silences(accounts: Sequence[Account]) -> list[Silence]:
    """Reasons, the urgent ones first, each once with its accounts."""
    found: dict[str, list[Account]] = {}
    place: dict[str, int] = {}
    urgent: set[str] = set()
    for number, account in enumerate(accounts):
        reasons = [account.poll_note] if account.poll_note else []
        urgent.update(reasons)
        if number < _MOST:
            whys = {missing.key: missing.why for missing in capabilities(account).missing}
            reasons += [whys[key] for key in _KEYS if key in whys]
        for position, why in enumerate(dict.fromkeys(reasons)):
            place[why] = min(position, place.get(why, position))
            found.setdefault(why, []).append(account)
    ordered = sorted(found, key=lambda why: (why not in urgent, place[why]))
    return [Silence(why=why, accounts=tuple(found[why]), urgent=why in urgent) for why in ordered]
