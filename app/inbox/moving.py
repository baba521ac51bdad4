"""Conversations go along when their account goes to another unit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from app.accounts.models import Account
from app.db import db
from app.inbox.models import Conversation
from app.inbox.working import can_answer
from app.units.models import Unit


def go_along(account: Account, here: Unit, _now: datetime) -> None:
    """Hook of accounts: what lay on the old unit's desk lies on the new one's; what was handed to another desk stays there.
    Who may not answer any more has it no longer."""
    mine = (Conversation.account_id == account.id, Conversation.unit_id == here.id)
    db.session.execute(update(Conversation).where(*mine).values(unit_id=account.unit_id))
    db.session.expire_all()
    assigned = select(Conversation).where(
        Conversation.account_id == account.id, Conversation.assignee_id.is_not(None), Conversation.status != "resolved"
    )
    for talk in db.session.scalars(assigned):
        if talk.assignee is not None and not can_answer(talk.assignee, talk):
            talk.assignee_id = None
