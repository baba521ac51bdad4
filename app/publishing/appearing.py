"""What was cancelled and stands at the platform all the same: a person decides (docs/decisions/0012). All inside atomic()."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.db import db
from app.errors import Conflict
from app.publishing import outcomes, pushdown, states
from app.publishing.models import Publication, Schedule
from app.publishing.values import merged, receipt_json, receipt_of
from app.words import N_
from connectors.values import Receipt

# The error code of such a one while it waits for a person, and the kind of the entry that says how it turned up.
APPEARED = "appeared"
HAS_APPEARED = N_("已撤销，但平台上出现了")
MAY_HAVE = N_("已撤销，但平台上可能出现了")
HAS_VANISHED = N_("已撤销，平台上出现过，现在看不到了")
DECIDE_VANISHED = N_(
    "请核对它是否公开过：公开过的，认定为“已发布”，系统再核实一次，仍看不到就标为“平台已删”；没有公开过的，认定为“未发布”。"
)
DECIDE_APPEARED = N_("请打开平台核对：就是这一条的，认定为“已发布”，再决定保留还是撤回；不是的，认定为“未发布”。")
_UNDECIDED = N_(
    "没有排期，也没有发出。这篇稿件已撤销的一次发送在平台上出现了，再发会造成重复。请先打开那条发布记录，认定结果。"
)
_OUT_ALREADY = N_(
    "没有排期，也没有发出。这篇稿件已在这个账号上公开，再发会造成重复。请保留那一条；确要换成新的版本，"
    "请发布人先撤回那一条，系统不能撤回的由发布人到平台删除并登记。"
)
_ON_ITS_WAY = N_(
    "没有排期，也没有发出。这篇稿件在这个账号上已有一次发送还没有结果，再发会造成重复。请等那条发布记录有了结果再操作。"
)
_WITHDRAWN = N_("没有再发。这一条的排期已经撤下，再发出去的会是当时的旧版本。请回到稿件重新排期。")
# A person will decide of these anyway: she is told before.
_STOPPED = ("held", "missed")
# What may go out (again), by itself or by a release.
WAITING = (*states.OPEN, *_STOPPED)
# The public may see it: the same post does not go to the same account beside it.
_MAY_BE_OUT = (*states.IN_FLIGHT, "published")


def reappear(
    publication: Publication, entry: Mapping[str, Any], now: datetime, *, cause: str, receipt: Receipt | None = None
) -> None:
    """cancelled -> unknown: the platform shows it, or something that may be it, after all. Never published nor sent again
    without a person; what waits for the same post on the account is held. The post is locked.

    `entry`: how it turned up, for the evidence of what is held; `receipt`: what is known of it; what is not live is looked
    up first.
    """
    error = {"code": APPEARED, "cause": cause, "remedy": DECIDE_APPEARED, "who": "发布人"}
    values = _appeared(publication, receipt or Receipt(), now)
    states.move(publication, "unknown", now=now, reason=cause, error=error, checks=0, **values)
    outcomes.alarm(publication, now, values["why"], f"{cause}{DECIDE_APPEARED}")
    for queued in queued_again(publication):
        hold(queued, entry, now, cause)
    outcomes.after(publication, now)


def undecided(publication: Publication) -> bool:
    """It turned up, and nobody said yet what it is."""
    return publication.status == "unknown" and publication.error_code == APPEARED


def confirm(publication: Publication, receipt: Receipt, now: datetime) -> None:
    """It was looked up and is there: told once more, a person decides."""
    told = publication.why == HAS_APPEARED
    states.touch(publication, now=now, **_appeared(publication, receipt, now))
    if not told:
        outcomes.alarm(publication, now, HAS_APPEARED, f"{publication.error_cause}{DECIDE_APPEARED}")


def vanish(publication: Publication, now: datetime, reason: str) -> None:
    """It was out, and the platform has it no more: whether it ever was, in our name, is still a person's word. Told once."""
    told = publication.why == HAS_VANISHED
    states.touch(publication, now=now, why=HAS_VANISHED, next_attempt_at=None)
    if not told:
        outcomes.alarm(publication, now, HAS_VANISHED, f"{reason}{DECIDE_VANISHED}")


def next_step(publication: Publication) -> str:
    """What a person does with one that turned up, in Chinese."""
    return DECIDE_VANISHED if publication.why == HAS_VANISHED else DECIDE_APPEARED


def dismiss(publication: Publication, now: datetime, reason: str, *, actor: str = "") -> None:
    """unknown -> cancelled: it is not out after all. Nobody wants it sent, so it is not failed, which could be retried."""
    outcomes.settle(publication, now)
    # What was found is not it; what an attempt of its own was told is in that attempt.
    nothing: dict[str, Any] = {"receipt": {}, "external_id": "", "url": ""}
    states.move(publication, "cancelled", now=now, reason=reason, actor=actor, **nothing)
    schedule = publication.schedule
    if all(one.status == "cancelled" for one in pushdown.publications_of(schedule.id)):
        schedule.withdrawn_at = schedule.withdrawn_at or now
    outcomes.after(publication, now)


def queued_again(publication: Publication) -> list[Publication]:
    """What waits for the same post on the same account; the post is locked."""
    query = (
        select(Publication)
        .where(
            Publication.post_id == publication.post_id,
            Publication.account_id == publication.account_id,
            Publication.status.in_(WAITING),
        )
        .order_by(Publication.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))


def hold(row: Publication, entry: Mapping[str, Any], now: datetime, cause: str) -> None:
    """Before it goes out a second time; the post is locked."""
    states.touch(row, now=now, readbacks=[*(row.readbacks or []), dict(entry)][-40:])
    why = f"{cause}请登录平台核对：确实没有发出的再放行，已经发出的请取消。"
    if row.status in _STOPPED:
        states.touch(row, now=now, why=why)
    else:
        outcomes.hold(row, now, why)


def refuse_if_out(post_id: str, account_id: str, *, besides: str = "") -> None:
    """Raises Conflict while another of the post's than `besides` is out on the account, is being sent there, or may be
    out: it was taken for cancelled, and turned up. The post is locked."""
    found = db.session.execute(
        select(Publication.status, Publication.error_code)
        .where(
            Publication.post_id == post_id,
            Publication.account_id == account_id,
            Publication.id != besides,
            Publication.status.in_(_MAY_BE_OUT),
        )
        .order_by(Publication.id)
    ).all()
    if any(one.status == "unknown" and one.error_code == APPEARED for one in found):
        raise Conflict(_UNDECIDED)
    if any(one.status == "published" for one in found):
        raise Conflict(_OUT_ALREADY)
    if found:
        raise Conflict(_ON_ITS_WAY)


def refuse_if_withdrawn(publication: Publication) -> None:
    """Raises Conflict when its schedule was withdrawn: the post may stand on another one, in another version."""
    query = select(Schedule.withdrawn_at).where(Schedule.id == publication.schedule_id)
    if db.session.scalar(query) is not None:
        raise Conflict(_WITHDRAWN)


def _appeared(publication: Publication, receipt: Receipt, now: datetime) -> dict[str, Any]:
    known = merged(receipt_of(publication.receipt), receipt)
    fields = {"receipt": receipt_json(known), "external_id": known.external_id, "url": known.url}
    seen = {"why": HAS_APPEARED, "next_attempt_at": None}
    return {**fields, **(seen if receipt.live else {"why": MAY_HAVE, "next_attempt_at": now})}
