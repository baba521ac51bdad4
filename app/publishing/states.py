"""THE table of lawful transitions of a publication, and the one function that makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import BindParameter, bindparam, insert, update

from app import logs
from app.db import db
from app.errors import Conflict
from app.publishing.models import STATUSES, Publication, StateChange
from app.publishing.values import Lost

# from -> to, as in the design's table. The scheduler's and the people's transitions together; who may ask for which
# is decided by the services (claims, barrier, committing, verifying: the scheduler; planning, resolving: people).
LAWFUL: Mapping[str, frozenset[str]] = {
    # A reschedule is scheduled -> scheduled.
    "scheduled": frozenset({"scheduled", "preparing", "held", "missed", "cancelled"}),
    # failed: the platform or our own checks refused while preparing; nothing was sent.
    "preparing": frozenset({"scheduled", "ready", "failed", "held", "missed", "cancelled"}),
    "ready": frozenset({"scheduled", "committing", "handed_over", "held", "missed", "cancelled"}),
    # Back to ready: it certainly was not sent.
    "committing": frozenset({"ready", "processing", "published", "failed", "unknown"}),
    "processing": frozenset({"published", "failed", "unknown"}),
    # To processing: found at the platform, but the public does not see it yet.
    # To cancelled: what was cancelled, and was taken for out, is not (docs/decisions/0012).
    "unknown": frozenset({"processing", "published", "failed", "cancelled"}),
    "held": frozenset({"scheduled", "cancelled"}),
    "missed": frozenset({"scheduled", "cancelled"}),
    "handed_over": frozenset({"published", "cancelled"}),
    # To processing and published: the platform's own later word shows that it took it after all; a live post is never
    # shown as failed. To unknown: that word may be about it, and it is looked up.
    "failed": frozenset({"ready", "scheduled", "cancelled", "processing", "published", "unknown"}),
    "published": frozenset({"recalled", "removed"}),
    # To unknown: it stands at the platform all the same; a person decides (docs/decisions/0012).
    # To scheduled: the part that was taken off, when others went; a person orders it (ordering.movable).
    "cancelled": frozenset({"unknown", "scheduled"}),
    "recalled": frozenset(),
    "removed": frozenset(),
}

# Nothing has been sent yet: an edit of the post withdraws these.
OPEN = ("scheduled", "preparing", "ready")
STOPPED = ("held", "missed", "failed")
WITHDRAWABLE = (*OPEN, *STOPPED)
# Something was or may have been sent, or a person is asked to send it.
GONE = ("committing", "processing", "published", "unknown", "handed_over", "removed")
# What went out, whatever became of it since.
WENT = ("published", "recalled", "removed")
IN_FLIGHT = ("committing", "processing", "unknown")
ATTENTION = ("unknown", "held", "missed", "handed_over")

WORDS: Mapping[str, str] = {
    "scheduled": "已排期",
    "preparing": "准备中",
    "ready": "已就绪",
    "committing": "发送中",
    "processing": "平台审核中",
    "published": "已发布",
    "failed": "失败",
    "unknown": "待核实",
    "held": "已暂缓",
    "missed": "已错过",
    "handed_over": "待人工发布",
    "cancelled": "已取消",
    "recalled": "已撤回",
    "removed": "平台已删",
}

# What people ask for, by the word of the request or of the state they ask for.
WISHES: Mapping[str, str] = {
    "released": "放行",
    "retried": "重试",
    "resolved": "认定结果",
    "cancelled": "取消",
    "recalled": "撤回",
}

# What every transition clears unless it is given.
_CLEARED: Mapping[str, Any] = {"claim_owner": "", "claim_until": None, "why": "", "next_attempt_at": None}

if set(LAWFUL) != set(STATUSES) or set(WORDS) != set(STATUSES):
    raise RuntimeError("the table of transitions does not name every status")


def may(before: str, after: str) -> bool:
    return after in LAWFUL[before]


def require(publication: Publication, after: str) -> None:
    """Raises Conflict in words when the transition is unlawful."""
    if not may(publication.status, after):
        refuse(publication, after)


def refuse(publication: Publication, after: str) -> NoReturn:
    """Raises Conflict: not from the state in which it is."""
    raise Conflict(
        f"现在不能这样操作。该发布的状态是“{WORDS[publication.status]}”，"
        f"不能{WISHES.get(after) or f'改为“{WORDS[after]}”'}。请刷新后查看当前状态。"
    )


def move(
    publication: Publication,
    after: str,
    *,
    now: datetime,
    reason: str = "",
    actor: str = "",
    fence: int | None = None,
    fence_up: int | None = None,
    error: Mapping[str, Any] | None = None,
    **values: Any,
) -> None:
    """One transition: a conditional UPDATE that must change exactly one row, and its StateChange. Inside atomic().

    `fence` is the claim's number (None for people: the row's own), `fence_up` the number of a new claim. The claim,
    `why` and `next_attempt_at` are cleared unless given. Raises Conflict when unlawful, Lost when somebody was faster.
    """
    require(publication, after)
    before, ids = publication.status, ids_of(publication)
    fields: dict[str, Any] = {
        **_CLEARED,
        **_error_fields(error),
        **values,
        "status": after,
    }
    _change(publication, before, fence, fence_up, now, fields)
    db.session.add(
        StateChange(publication_id=publication.id, before=before, after=after, reason=reason, actor=actor, at=now)
    )
    told = {"fence": fence_up, "code": fields["error_code"], "receipt": fields.get("external_id")}
    logs.milestone(f"publication.{after}", before=before, **told, **ids)


def move_all(
    rows: Sequence[Publication], after: str, *, now: datetime, reason: str, fence_up: bool = False, **values: Any
) -> None:
    """move() of locked rows that stand in one state, by the scheduler, in two statements for all. Inside atomic().

    `fence_up`: a new claim, each row's number rises by one. Raises Lost when any of them is not as it was read.
    """
    if not rows:
        return
    before = rows[0].status
    for row in rows:
        require(row, after)
    as_read = {row.id: row.fence for row in rows}
    fields = {**_CLEARED, **_error_fields(None), **values, "status": after, "updated_at": now}
    if fence_up:
        fields["fence"] = Publication.fence + 1
    moved = db.session.execute(
        update(Publication)
        # By their ids: SQLite would rather go through everything in that state, which may be 100,000 that wait.
        .where(Publication.id.in_(as_read), Publication.status.concat("") == before)
        .values(**fields)
        .returning(Publication.id, Publication.fence)
        .execution_options(synchronize_session=False)
    ).all()
    if {(row.id, row.fence) for row in moved} != {(id_, fence + fence_up) for id_, fence in as_read.items()}:
        raise Lost
    same = {"before": before, "after": after, "reason": reason, "actor": "", "at": now, "told": False}
    db.session.execute(insert(StateChange), [{"publication_id": id_, **same} for id_ in as_read])
    for row in rows:
        told = {"fence": as_read[row.id] + fence_up, "code": "", "receipt": None}
        logs.milestone(f"publication.{after}", before=before, **told, **ids_of(row))
    for row in rows:
        db.session.expire(row)


def move_each(
    moves: Sequence[tuple[Publication, Mapping[str, Any]]], after: str, *, now: datetime, reason: str
) -> None:
    """move() of locked rows to one state, each with fields of its own (the same ones for all), in two statements. Inside
    atomic(). Raises Lost when any of them is not as it was read."""
    if not moves:
        return
    table, fixed = Publication.__table__, {**_CLEARED, **_error_fields(None), "status": after, "updated_at": now}
    own: dict[str, BindParameter[Any]] = {name: bindparam(f"own_{name}") for name in moves[0][1]}
    as_read = (table.c[name] == bindparam(f"read_{name}") for name in ("id", "status", "fence"))
    befores = []
    for row, _values in moves:
        require(row, after)
        befores.append({"id": row.id, "status": row.status, "fence": row.fence})
    done = db.session.connection().execute(
        update(Publication).where(*as_read).values({**fixed, **own}),
        [
            {f"read_{name}": value for name, value in before.items()} | {f"own_{k}": v for k, v in values.items()}
            for before, (_row, values) in zip(befores, moves, strict=True)
        ],
    )
    if done.rowcount != len(moves):
        raise Lost
    same = {"after": after, "reason": reason, "actor": "", "at": now, "told": False}
    changes = [{"publication_id": before["id"], "before": before["status"], **same} for before in befores]
    db.session.execute(insert(StateChange), changes)
    for (row, values), before in zip(moves, befores, strict=True):
        told = {"before": before["status"], "receipt": values.get("external_id")}
        logs.milestone(f"publication.{after}", **told, **ids_of(row))
    for row, _values in moves:
        db.session.expire(row)


def touch_all(rows: Sequence[Publication], *, now: datetime, **values: Any) -> None:
    """touch() of locked rows with the same values for all, in one statement. Raises Lost when any is not as it was read."""
    as_read = {row.id: (row.status, row.fence) for row in rows}
    touched = db.session.execute(
        update(Publication)
        .where(Publication.id.in_(as_read))
        .values(updated_at=now, **values)
        .returning(Publication.id, Publication.status, Publication.fence)
        .execution_options(synchronize_session=False)
    ).all()
    if {row.id: (row.status, row.fence) for row in touched} != as_read:
        raise Lost
    for row in rows:
        db.session.expire(row)


def ids_of(publication: Publication) -> dict[str, str]:
    """What a line of the log about it bears."""
    return {"post": publication.post_id, "publication": publication.id, "account": publication.account_id}


def touch(
    publication: Publication,
    *,
    now: datetime,
    fence: int | None = None,
    fence_up: int | None = None,
    **values: Any,
) -> None:
    """Change fields without a transition, on the same condition of status and fence. Raises Lost."""
    _change(publication, publication.status, fence, fence_up, now, values)


def _change(
    publication: Publication,
    status: str,
    fence: int | None,
    fence_up: int | None,
    now: datetime,
    values: dict[str, Any],
) -> None:
    if fence_up is not None:
        values["fence"] = fence_up
    done = db.session.execute(
        update(Publication)
        .where(
            Publication.id == publication.id,
            Publication.status == status,
            Publication.fence == (publication.fence if fence is None else fence),
        )
        .values(**{"updated_at": now, **values})
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Lost
    db.session.expire(publication)


def _error_fields(error: Mapping[str, Any] | None) -> dict[str, str]:
    error = error or {}
    return {
        "error_code": str(error.get("code") or "")[:40],
        "error_cause": str(error.get("cause") or ""),
        "error_remedy": str(error.get("remedy") or ""),
        "error_who": str(error.get("who") or "")[:80],
    }
