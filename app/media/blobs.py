"""Bytes on disk under their SHA-256: instance/media/ab/abcd…; written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from datetime import datetime
from pathlib import Path

from sqlalchemy.dialects import postgresql, sqlite

from app.config import current
from app.db import atomic, db
from app.errors import NotFound
from app.media.models import Blob

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def path_of(sha256: str) -> Path:
    """Where the bytes lie. Raises NotFound for anything that is not a SHA-256, so that no path can be smuggled in."""
    if not _SHA256.fullmatch(sha256):
        raise NotFound
    return current().media_path / sha256[:2] / sha256


def read_blob(sha256: str) -> bytes:
    """The bytes. Raises NotFound."""
    try:
        return path_of(sha256).read_bytes()
    except FileNotFoundError:
        raise NotFound from None


def write_blob(
    content: bytes, content_type: str, *, width: int = 0, height: int = 0, original: bool = False, now: datetime
) -> str:
    """Store the bytes and their row, if they are new; their SHA-256. Works inside and outside a transaction."""
    sha256 = hashlib.sha256(content).hexdigest()
    _write_file(path_of(sha256), content)
    row = {
        "sha256": sha256,
        "content_type": content_type,
        "width": width,
        "height": height,
        "size": len(content),
        "public": False,
        "original": original,
        "created_at": now,
    }
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    with atomic():
        db.session.execute(insert(Blob).values(row).on_conflict_do_nothing())
        # Whoever removed the same bytes meanwhile has let go of the row now, and taken the file along.
        _write_file(path_of(sha256), content)
    return sha256


def shown_blob(sha256: str) -> Blob | None:
    """The row of bytes that may be shown and sent; None for what is not there and for originals."""
    blob = db.session.get(Blob, sha256)
    return None if blob is None or blob.original else blob


def set_aside(sha256: str) -> Path | None:
    """Take the file away within the transaction that takes its row out, so that who writes the same bytes after it finds
    them missing; where it lies now, to be deleted after the commit or put back. None when it was gone already.

    Its time becomes that of the removal: what a crash leaves is settled by sweeping.py after a while."""
    path = path_of(sha256)
    aside = path.with_name(f".{sha256}.gone")
    try:
        os.utime(path)
        return path.replace(aside)
    except FileNotFoundError:
        return None


def put_back(aside: Path) -> None:
    """The transaction came to nothing: the file stands again."""
    aside.replace(aside.with_name(aside.name[1:].removesuffix(".gone")))


def _write_file(path: Path, content: bytes) -> None:
    """First the file, then the row: a row never promises bytes that a crash has lost."""
    if path.exists() and path.stat().st_size == len(content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
