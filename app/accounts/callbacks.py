"""Callbacks as far as the account knows them: whose they are, which were answered already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts import verdicts
from app.accounts.models import Account, CallbackSeen
from app.db import db, new_id
from connectors.values import Callback

# Platforms whose signature covers the body: there a nonce may come again with another body. Elsewhere that is forgery.
_BODY_SIGNED = frozenset({"wechat"})
# Older ones cannot come again: the connectors refuse timestamps more than ten minutes off.
KEPT = timedelta(minutes=30)
# What works once though no platform pushed it: the states of authorisations.
NO_PUSH = "oauth:"


def account_by_key(platform: str, key: str) -> Account | None:
    """The active account whose callback URL ends in `key`."""
    return db.session.scalars(
        select(Account).where(Account.callback_key == key, Account.platform == platform, Account.active)
    ).one_or_none()


def digest_of(callback: Callback) -> str:
    return hashlib.sha256(callback.body).hexdigest()


def nonce_of(account: Account, callback: Callback) -> str:
    """What a repeat has in common with the first, at most 120 characters."""
    nonce = callback.query.get("nonce", "")
    if account.platform in _BODY_SIGNED:
        nonce = f"{callback.query.get('timestamp', '')}:{nonce}:{digest_of(callback)}"
    return nonce if len(nonce) <= 120 else hashlib.sha256(nonce.encode("utf-8", "replace")).hexdigest()


def seen(account_id: str, nonce: str, now: datetime) -> tuple[str, bytes] | None:
    """(digest of the body, answer) of the callback that came with this nonce, None for a new one."""
    row = db.session.execute(
        select(CallbackSeen.body_digest, CallbackSeen.answer).where(
            CallbackSeen.account_id == account_id, CallbackSeen.nonce == nonce, CallbackSeen.at > now - KEPT
        )
    ).one_or_none()
    return (row.body_digest, row.answer) if row is not None else None


def is_first(account_id: str, nonce: str, digest: str, answer: bytes, now: datetime) -> bool:
    """Whether nobody handled this callback before; it counts as handled when the transaction commits.

    Inside atomic(). A twin that comes meanwhile waits here for our commit and is then not the first.
    """
    old = (CallbackSeen.account_id == account_id, CallbackSeen.nonce == nonce, CallbackSeen.at <= now - KEPT)
    db.session.execute(delete(CallbackSeen).where(*old).execution_options(synchronize_session=False))
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = {
        "id": new_id(),
        "account_id": account_id,
        "nonce": nonce,
        "body_digest": digest,
        "answer": answer,
        "at": now,
    }
    made = db.session.execute(
        insert(CallbackSeen).values(row).on_conflict_do_nothing().returning(CallbackSeen.id)
    ).all()
    return len(made) == 1


def note_callback(account_id: str, now: datetime, shown: Mapping[str, str] | None) -> None:
    """The platform reached us; `shown`: the credentials that this shows to be right, None where it only checked the address.
    Inside atomic()."""
    if not verdicts.proven(db.session.get_one(Account, account_id)):
        verdicts.note_push(account_id, now, shown)
        return
    db.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(last_callback_at=now)
        .execution_options(synchronize_session=False)
    )


def recent(account_id: str, limit: int = 5) -> list[datetime]:
    """When the last pushes came, newest first."""
    query = select(CallbackSeen.at).where(
        CallbackSeen.account_id == account_id, CallbackSeen.nonce.not_like(f"{NO_PUSH}%")
    )
    return list(db.session.scalars(query.order_by(CallbackSeen.at.desc()).limit(limit)))
