"""`flask restore FILE`: a backup into an empty database. All of it or nothing; afterwards everything is paused."""

from __future__ import annotations

import hashlib
import json
import tarfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from app.audit import services as audit
from app.config import Config
from app.db import atomic, db, unhurried
from app.errors import Conflict, Invalid
from app.inbox import services as inbox
from app.media.blobs import write_blob
from app.publishing import services as publishing
from app.publishing.states import WORDS
from app.sealing import use_keys
from app.search.rebuilding import rebuild
from app.system import keys, rows
from app.system.backup import FORMAT
from app.system.structure import revision
from app.units.access import SYSTEM
from app.units.reviving import shut_doors


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back, and in Chinese what would go out once the pause ends. `tokens`: how many were revoked."""

    rows: int
    media: int
    missing: tuple[str, ...]
    waiting: tuple[str, ...]
    tokens: int


def restore(path: Path, config: Config, now: datetime) -> Restored:
    """Raises Invalid (not a sound backup), Conflict (database not empty, another version, keys missing)."""
    _require_empty()
    try:
        with tarfile.open(path, "r:") as tar:
            return _restore(tar, config, now)
    except (OSError, tarfile.TarError, EOFError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            f"没有恢复。备份文件 {path} 读不出或不完整（{error}）。请换一份备份，或核对文件是否传输完整。"
        ) from error


def _require_empty() -> None:
    revision()
    filled = [table.name for table in rows.tables() if rows.count(table)]
    if filled:
        raise Conflict(
            f"没有恢复。数据库不是空的（{'、'.join(filled[:5])} 中有内容），备份只恢复到空库。"
            "请换一个空的数据库，运行 db upgrade 后再恢复。"
        )


def _restore(tar: tarfile.TarFile, config: Config, now: datetime) -> Restored:
    manifest = json.loads(_member(tar, "manifest.json").read())
    if manifest["format"] != FORMAT or manifest["revision"] != revision():
        raise Conflict(
            f"没有恢复。备份的数据库结构版本是 {manifest['revision']}，这里是 {revision()}。"
            "请用备份时的程序版本恢复，再运行 db upgrade。"
        )
    _verify(tar, manifest)
    with atomic():
        unhurried()
        total = _rows(tar, manifest)
        media = _media(tar)
        holding = keys.keep(config, _keys(tar))
        if wrong := keys.unreadable(holding):
            raise Conflict(
                f"没有恢复。备份中有 {wrong} 项密文，用现有的密钥解不开。"
                "请把备份时的密钥（备份中的 keys/encryption.key，或当时的 TANDEM_ENCRYPTION_KEYS）加入 TANDEM_ENCRYPTION_KEYS 后重试。"
            )
        use_keys(holding)
        if faults := audit.verify():
            raise Invalid(f"没有恢复。备份中的操作记录不完整：{'；'.join(faults[:3])}请换一份备份。")
        tokens = shut_doors(now)
        waiting = _pause(datetime.fromisoformat(manifest["created_at"]), config, now)
        summary = f"从 {manifest['created_at']} 的备份恢复 {total} 行、{media} 个素材"
        rebuild()
        audit.record(SYSTEM, "backup.restore", now=now, object_type="backup", summary=summary)
    return Restored(rows=total, media=media, missing=tuple(manifest["missing"]), waiting=waiting, tokens=tokens)


def _verify(tar: tarfile.TarFile, manifest: dict[str, Any]) -> None:
    """Before anything is written: every table is there and as it was."""
    known = {table.name for table in rows.tables()}
    if known != set(manifest["tables"]):
        raise ValueError(f"tables differ: {sorted(known ^ set(manifest['tables']))}")
    for name, told in manifest["tables"].items():
        with closing(_member(tar, f"tables/{name}.jsonl")) as file:
            digest = hashlib.sha256()
            for line in file:
                digest.update(line)
            if digest.hexdigest() != told["sha256"]:
                raise ValueError(f"{name}: checksum")


def _rows(tar: tarfile.TarFile, manifest: dict[str, Any]) -> int:
    total = 0
    for table in rows.tables():
        told = manifest["tables"][table.name]
        with closing(_member(tar, f"tables/{table.name}.jsonl")) as file:
            done = rows.insert_lines(table, told["columns"], file)
        if done != told["rows"] or rows.count(table) != done:
            raise ValueError(f"{table.name}: {done} rows instead of {told['rows']}")
        total += done
    db.session.expire_all()
    return total


def _media(tar: tarfile.TarFile) -> int:
    done = 0
    for member in tar.getmembers():
        folder, _, sha256 = member.name.partition("/")
        if folder != "media":
            continue
        content = _member(tar, member.name).read()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{member.name}: checksum")
        # Its row is there already: only the file is written.
        write_blob(content, "", now=datetime.fromtimestamp(member.mtime, tz=ZoneInfo("UTC")))
        done += 1
    return done


def _keys(tar: tarfile.TarFile) -> dict[str, str]:
    names = [name for name in (keys.ENCRYPTION, keys.SECRET) if f"keys/{name}" in tar.getnames()]
    return {name: _member(tar, f"keys/{name}").read().decode().strip() for name in names}


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is not a file")
    return file


def _pause(taken: datetime, config: Config, now: datetime) -> tuple[str, ...]:
    """Stop the whole site. What was due meanwhile, and answers under way, may have gone out since: a person decides."""
    zone = ZoneInfo(config.timezone)
    shown = f"{taken.astimezone(zone):%Y-%m-%d %H:%M}"
    reason = f"从备份恢复（备份于 {shown}）。此后发出的内容这里没有记录，请逐条核对后再恢复发布。"
    publishing.start_stop(SYSTEM, scope="site", scope_id=None, reason=reason, now=now)
    waiting = publishing.hold_what_was_due(now, why=f"从备份恢复（备份于 {shown}），可能已经发出。请到平台核对。")
    doubtful = inbox.doubt_queued(now, cause=f"从备份恢复（备份于 {shown}），可能已经发出。")
    return (
        *(
            f"{row.due_at.astimezone(zone):%Y-%m-%d %H:%M}  {WORDS[row.status]}  "
            f"{row.account.name}（{row.account.platform}）  {row.post.title}"
            for row in waiting
        ),
        *(f"回复  待核实  {message.conversation.account.name}  {message.text[:30]}" for message in doubtful),
    )
