"""What no database keeps: NUL (PostgreSQL) and lone surrogates (no UTF-8). SQLite would take NUL; we refuse it everywhere."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, tzinfo
from typing import Any

import structlog
from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError

from app.errors import Invalid, NotFound
from app.words import N_

log = structlog.get_logger()

_NEVER = re.compile("[\x00\ud800-\udfff]")
_REFUSED = N_("没有保存。内容中有数据库存不下的字符，或超出了长度。请去掉特殊字符、缩短后重试。")


def moment(text: str, zone: tzinfo | None = None) -> datetime:
    """An ISO 8601 time in UTC; `zone`: whose wall clock it is when it has no offset, without one it stays naive.

    Raises ValueError when it is none, or so far away that it has no hour in some other time zone.
    """
    found = datetime.fromisoformat(text)
    if not MINYEAR + 1 < found.year < MAXYEAR - 1:
        raise ValueError(text)
    if found.tzinfo is None and zone is not None:
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC) if found.tzinfo is not None else found


def storable(value: Any) -> Any:
    """JSON data with those characters taken out of every text: nobody can see or type them."""
    if isinstance(value, str):
        return _NEVER.sub("", value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


def init(app: Flask) -> None:
    """Look at addresses and forms before any view does; JSON goes through schemas.BaseSchema."""
    app.before_request(_look)
    app.register_error_handler(DataError, _told)


def _look() -> None:
    if _NEVER.search(request.path):
        raise NotFound
    given = [*request.args.values(), *(request.view_args or {}).values()]
    # The API takes fields of forms only beside an uploaded file, whose body is not read before its owner is known; a
    # callback's body is signed bytes, whatever type it claims, and its size is looked at before it is read.
    if not request.path.startswith(("/api/", "/callbacks/")):
        given += request.form.values()
    if any(isinstance(text, str) and _NEVER.search(text) for text in given):
        raise Invalid(_REFUSED)


def _told(error: DataError) -> ResponseReturnValue:
    """The net below: PostgreSQL refused a value that nobody looked at."""
    log.warning("unstorable", path=request.path, kind=type(error.orig).__name__)
    return current_app.handle_user_exception(Invalid(_REFUSED))
