"""Structured logs, one line of JSON each, to standard error. Tracebacks carry no local variables: they hold secrets.

The post's id leads from its draft to its receipts: it stands as `post` in every line about it, of the web and of the
scheduler alike, beside `publication`, `attempt`, `account`, `request_id` where there are such. Ids, states, codes and
counts only: never a text, a name or a secret.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.db import db, in_atomic

log = structlog.get_logger()

_KEPT = "tandem_milestones"


def configure() -> None:
    """Set structlog up for this process. `request_id` and the ids bound by the scheduler come from contextvars."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _take_in_others()


def _take_in_others() -> None:
    """What libraries warn of becomes a line like ours, without the values that they would put into it."""
    handler = _Lines(logging.WARNING)
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if not isinstance(kept, _Lines)] + [handler]


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # The text as written in the library's source, not as filled in: that may hold addresses, bodies or secrets.
        structlog.get_logger().log(
            record.levelno, "library warned", library=record.name, words=str(record.msg)[:300], exc_info=record.exc_info
        )


def about(**ids: str) -> None:
    """Bind ids (post="…") to every further line of this request or piece of work; empty ones are left out."""
    structlog.contextvars.bind_contextvars(**{key: value for key, value in ids.items() if value})


def begin(**ids: str) -> None:
    """A new piece of work begins: nothing of the last one stays bound."""
    structlog.contextvars.clear_contextvars()
    about(**ids)


@contextmanager
def of_several() -> Iterator[None]:
    """What is done for several at once bears the ids that each line brings, not those of the thread that does it."""
    bound = structlog.contextvars.get_contextvars()
    begin(**{key: value for key, value in bound.items() if key in ("worker", "work", "job")})
    try:
        yield
    finally:
        begin(**bound)


def milestone(name: str, **facts: Any) -> None:
    """One line once the transaction that it is told in is committed, none if it is rolled back; at once outside of one.

    Requests and the scheduler only: a command at a terminal speaks for itself.
    """
    if not structlog.contextvars.get_contextvars():
        return
    kept = {key: value for key, value in facts.items() if value not in ("", None)}
    if in_atomic():
        db.session.info.setdefault(_KEPT, []).append((name, kept))
    else:
        log.info(name, **kept)


@event.listens_for(Session, "after_commit")
def _tell(session: Session) -> None:
    for name, facts in session.info.pop(_KEPT, ()):
        log.info(name, **facts)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_KEPT, None)
