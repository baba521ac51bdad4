"""Key files in the instance path, and turning to a new encryption key."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select, update

from app.audit import services as audit
from app.config import Config
from app.db import atomic, db
from app.errors import Conflict
from app.system.rows import encrypted_columns
from app.units.access import SYSTEM

ENCRYPTION = "encryption.key"
SECRET = "secret.key"


def in_files(config: Config) -> dict[str, str]:
    """{file name: content} of the keys that this installation takes from files; not those given by the environment."""
    found: dict[str, str] = {}
    for name, used in ((ENCRYPTION, config.encryption_keys), (SECRET, (config.secret_key,))):
        path = config.instance_path / name
        if path.exists() and _split(path.read_text()) == list(used):
            found[name] = path.read_text().strip()
    return found


def keep(config: Config, given: dict[str, str]) -> tuple[str, ...]:
    """Put the keys of a backup into this installation's files; the encryption keys that hold from the next start.

    Its own keys stay behind them, so that nothing becomes unreadable. Keys in the environment are not touched.
    """
    own = in_files(config)
    if SECRET in own and SECRET in given:
        _write(config.instance_path / SECRET, given[SECRET])
    if ENCRYPTION not in own or ENCRYPTION not in given:
        return config.encryption_keys
    keys = tuple(dict.fromkeys([*_split(given[ENCRYPTION]), *config.encryption_keys]))
    _write(config.instance_path / ENCRYPTION, ",".join(keys))
    return keys


def unreadable(keys: Sequence[str]) -> int:
    """How many encrypted values none of `keys` opens."""
    cipher, wrong = _cipher(keys), 0
    for table, column in encrypted_columns():
        for value in db.session.scalars(select(column).select_from(table).where(column.is_not(None))):
            try:
                cipher.decrypt(value.encode())
            except InvalidToken:
                wrong += 1
    return wrong


def rotate(config: Config, now: datetime) -> int:
    """Encrypt every secret anew with the first key; how many. Raises Conflict when one cannot be opened."""
    cipher, done = _cipher(config.encryption_keys), 0
    with atomic():
        for table, column in encrypted_columns():
            key = next(iter(table.primary_key.columns))
            rows = db.session.execute(select(key, column).where(column.is_not(None)).with_for_update()).all()
            for row_id, value in rows:
                try:
                    fresh = cipher.rotate(value.encode()).decode()
                except InvalidToken:
                    raise Conflict(
                        "密钥没有轮换。有内容用现有的任何密钥都解不开。请在 TANDEM_ENCRYPTION_KEYS 中补上旧密钥后重试。"
                    ) from None
                db.session.execute(update(table).where(key == row_id).values({column: fresh}))
                done += 1
        audit.record(SYSTEM, "secret.rotate", now=now, object_type="secret", summary=f"重新加密 {done} 项")
    return done


def _cipher(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(key.encode()) for key in keys])


def _split(text: str) -> list[str]:
    return [key.strip() for key in text.split(",") if key.strip()]


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
