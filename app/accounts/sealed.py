"""Accounts whose credentials no key of this process opens: the database of one machine under the keys of another."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.fernet import MultiFernet
from sqlalchemy import select

from app.accounts.models import Account
from app.db import db
from app.errors import TandemError
from app.sealing import cipher, closed
from connectors.errors import Unavailable

CODE = "sealed"
# By which its words are known again in what was said of a row.
MARK = "保存的凭据打不开"
_MOST = 20_000
_keys: MultiFernet | None = None
_opened: set[str] = set()


class CredentialsSealed(Unavailable, TandemError):
    """Nobody can speak for the account until the key is back; the platform was not asked."""

    status = 503

    def __init__(self, name: str) -> None:
        Unavailable.__init__(
            self,
            f"账号“{name}”{MARK}，本系统缺少当时的密钥，没有联系平台。",
            remedy="请系统管理员在 TANDEM_ENCRYPTION_KEYS 中补上当时的密钥并重启；找不回的，请账号管理员重新填写凭据。",
            who="系统管理员",
            code=CODE,
        )
        self.message, self.errors, self.extra = str(self), {}, {}


def sealed_among(account_ids: Iterable[str]) -> set[str]:
    """Those of them whose credentials no key opens. What was opened once is remembered as long as the keys are the same."""
    global _keys
    keys = cipher()
    if keys is not _keys or len(_opened) > _MOST:
        _keys = keys
        _opened.clear()
    unseen = set(account_ids) - _opened
    if not unseen:
        return set()
    query = select(Account.id, Account.credentials).where(Account.id.in_(unseen))
    shut = {account_id for account_id, secrets in db.session.execute(query) if closed(secrets)}
    _opened.update(unseen - shut)
    return shut
