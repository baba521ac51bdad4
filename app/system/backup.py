"""`flask backup FILE`: database, media and key files in one tar, taken while the system runs.

Members: `manifest.json` {format, created_at, revision, tables: {name: {columns, rows, sha256}}, media, missing},
`tables/{name}.jsonl`, `media/{sha256}`, `keys/{file}`. The rows are the same for both kinds of database, so that an
installation that has grown out of SQLite is restored into PostgreSQL.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from app.audit import services as audit
from app.config import Config
from app.db import db, release, unhurried
from app.errors import Conflict, Invalid, NotFound
from app.media.blobs import path_of
from app.media.models import Blob
from app.system import keys, rows
from app.system.structure import newest, revision
from app.units.access import SYSTEM

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a backup holds. `missing`: media that the database names and the folder lacks."""

    rows: int
    media: int
    missing: tuple[str, ...]
    keys: tuple[str, ...]
    size: int


def create(path: Path, config: Config, now: datetime) -> Made:
    """Write the backup, readable by its owner alone, of the structure that the database has: a program of that structure
    restores it. Never overwrites. Raises Conflict or Invalid."""
    made = write(path, config, now)
    summary = f"备份 {made.rows} 行、{made.media} 个素材"
    audit.record(SYSTEM, "backup.create", now=now, object_type="backup", object_id=path.name[:32], summary=summary)
    return made


def write(path: Path, config: Config, now: datetime) -> Made:
    """The same without a record of it, which an older structure might not take."""
    if path.exists():
        raise Conflict(f"没有备份。文件 {path} 已经存在，备份从不覆盖旧文件。请换一个文件名。")
    if not path.parent.is_dir():
        raise Invalid(f"没有备份。目录 {path.parent} 不存在。请先建立目录，或换一个位置。")
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".tandem-backup-") as folder:
            made = _write(draft, Path(folder), config, now)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return made


def _write(draft: Path, folder: Path, config: Config, now: datetime) -> Made:
    try:
        _snapshot()
        structure = revision()
        standing = rows.tables() if structure == newest() else rows.standing()
        tables = {table.name: _dump(table, folder) for table in standing}
        blobs = list(db.session.scalars(select(Blob.sha256).order_by(Blob.sha256)))
    finally:
        release()
    present = [sha256 for sha256 in blobs if _there(sha256)]
    missing = tuple(sorted(set(blobs) - set(present)))
    files = keys.in_files(config)
    manifest = {
        "format": FORMAT,
        "created_at": now.isoformat(),
        "revision": structure,
        "tables": tables,
        "media": len(present),
        "missing": missing,
    }
    with tarfile.open(draft, "w") as tar:
        _add(tar, "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1).encode(), now)
        for name in tables:
            tar.add(folder / name, f"tables/{name}.jsonl")
        for sha256 in present:
            tar.add(path_of(sha256), f"media/{sha256}")
        for name, content in files.items():
            _add(tar, f"keys/{name}", content.encode(), now)
    total = sum(table["rows"] for table in tables.values())
    size = draft.stat().st_size
    return Made(rows=total, media=len(present), missing=missing, keys=tuple(files), size=size)


def _snapshot() -> None:
    """One state of the database for all that is read until release(): SQLite's WAL gives it to every transaction."""
    release()
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    unhurried()


def _dump(table: Table, folder: Path) -> dict[str, Any]:
    digest, number = hashlib.sha256(), 0
    with (folder / table.name).open("wb") as file:
        for line in rows.lines_of(table):
            content = f"{line}\n".encode()
            file.write(content)
            digest.update(content)
            number += 1
    return {"columns": [column.name for column in table.columns], "rows": number, "sha256": digest.hexdigest()}


def _there(sha256: str) -> bool:
    try:
        return path_of(sha256).is_file()
    except NotFound:
        return False


def _add(tar: tarfile.TarFile, name: str, content: bytes, now: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), int(now.timestamp()), 0o600
    tar.addfile(member, io.BytesIO(content))
