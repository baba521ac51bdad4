"""Secrets at rest: encrypted in their columns, opened only when somebody looks.

A row whose secrets no key opens (the database of one machine under the keys of another) is read, shown and changed like
any other; whoever needs the secrets themselves is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from app.errors import TandemError
from app.words import N_


class SecretsClosed(TandemError):
    """No key of this process opens what was stored."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            N_(
                "数据库里的密钥无法解开。TANDEM_ENCRYPTION_KEYS 中缺少当时的密钥。请系统管理员补上旧密钥后重启；"
                "找不回的，请重新填写这一项的密钥。"
            )
        )


class Secrets(Mapping[str, str]):
    """What stands in an encrypted column. Looking into it raises SecretsClosed when no key opens it; see closed()."""

    def __init__(self, stored: str, cipher: MultiFernet) -> None:
        self._stored, self._cipher = stored, cipher
        self._clear: dict[str, str] | None = None

    def _opened(self) -> dict[str, str]:
        if self._clear is None:
            clear = _decrypt(self._stored, self._cipher)
            if clear is None:
                raise SecretsClosed
            self._clear = clear
        return self._clear

    def __getitem__(self, name: str) -> str:
        return self._opened()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened())

    def __len__(self) -> int:
        return len(self._opened())

    def __eq__(self, other: object) -> bool:
        """What cannot be opened is like nothing but itself: it can be replaced."""
        if isinstance(other, Secrets) and other._stored == self._stored:
            return True
        if closed(self) or closed(other) or not isinstance(other, Mapping):
            return False
        return self._opened() == dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Secrets(…)"


def closed(secrets: object) -> bool:
    """Whether these are secrets that no key of this process opens."""
    if not isinstance(secrets, Secrets):
        return False
    try:
        secrets._opened()
    except SecretsClosed:
        return True
    return False


class Encrypted(TypeDecorator[Mapping[str, str]]):
    """A small JSON object, encrypted at rest with the first key of TANDEM_ENCRYPTION_KEYS; any of them decrypts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return cipher().encrypt(json.dumps(dict(value), ensure_ascii=False).encode()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, str] | None:
        return None if value is None else Secrets(value, cipher())


def opened(value: str) -> dict[str, str] | None:
    """What Encrypted stored; None when no key opens it."""
    return _decrypt(value, cipher())


def cipher() -> MultiFernet:
    found: MultiFernet = current_app.extensions["tandem_cipher"]
    return found


def use_keys(keys: Sequence[str]) -> None:
    """From now on this process encrypts with the first of `keys` and decrypts with any."""
    current_app.extensions["tandem_cipher"] = MultiFernet([Fernet(key.encode()) for key in keys])


def _decrypt(value: str, keys: MultiFernet) -> dict[str, str] | None:
    try:
        clear: Any = json.loads(keys.decrypt(value.encode()))
    except InvalidToken:
        return None
    return dict(clear)
