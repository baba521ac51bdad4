"""Findings go along when their account goes to another unit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from app.accounts.models import Account
from app.db import db
from app.inspection.models import Finding
from app.units.models import Unit


def go_along(account: Account, _here: Unit, _now: datetime) -> None:
    """Hook of accounts: whoever has the account mends what is open; what was closed stays where it was mended."""
    still_open = (Finding.account_id == account.id, Finding.closed_at.is_(None))
    db.session.execute(update(Finding).where(*still_open).values(unit_id=account.unit_id))
