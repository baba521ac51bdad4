"""What a crash left among the files: bytes set aside by a removal that never ended, and halves never finished."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import select

from app.config import current
from app.db import db
from app.media.blobs import put_back
from app.media.models import Blob

log = structlog.get_logger()

# A removal or an upload that still runs is younger than that.
_OLD = timedelta(hours=1)
_ASIDE = re.compile(r"\.([0-9a-f]{64})\.gone", re.ASCII)
_HALF = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{8}", re.ASCII)


def sweep(now: datetime) -> None:
    """Put back what was set aside while its row still stands, erase what nobody knows of any more; the scheduler calls it
    at its start and once a day. Only files that lie there for an hour are touched."""
    oldest = (now - _OLD).timestamp()
    restored = erased = 0
    for path in sorted(current().media_path.glob("??/.*")):
        aside = _ASIDE.fullmatch(path.name)
        if (aside is None and _HALF.fullmatch(path.name) is None) or not _lies_since(path, oldest):
            continue
        if aside is not None and _missing(path, aside.group(1)):
            # Another scheduler may do the same at this moment.
            with contextlib.suppress(FileNotFoundError):
                put_back(path)
                restored += 1
        else:
            path.unlink(missing_ok=True)
            erased += 1
    if restored or erased:
        log.warning("files that a crash had left", put_back=restored, erased=erased)


def _missing(path: Path, sha256: str) -> bool:
    """Whether the row promises bytes that lie nowhere else."""
    stands = db.session.scalar(select(Blob.sha256).where(Blob.sha256 == sha256)) is not None
    return stands and not path.with_name(sha256).exists()


def _lies_since(path: Path, oldest: float) -> bool:
    try:
        return path.stat().st_mtime < oldest
    except FileNotFoundError:
        return False
