"""What becomes of a publication, with its consequences: partners are nudged, people are told. All inside atomic()."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from app.accounts.forms import PLATFORMS
from app.config import current
from app.db import db
from app.notices import services as notices
from app.publishing import permalink, pushdown, rhythm, states
from app.publishing.models import Publication
from app.publishing.values import merged, receipt_json, receipt_of
from app.waking import wake
from app.words import N_
from connectors.values import Receipt

_TAKEN, _OUT = "平台已受理", "已上线"
# What only people can find out.
BY_PERSON = N_("请发布人打开账号主页查看，再认定是否已发布。认定前不会重发。")


def late_at(publication: Publication) -> datetime:
    """Later than this it is missed: the unit's limit, else the installation's."""
    own = publication.account.unit.lateness_seconds
    return publication.late_from + timedelta(seconds=current().lateness_seconds if own is None else own)


def miss(publication: Publication, now: datetime) -> None:
    states.move(publication, "missed", now=now, reason="超过最晚发布时限")
    alarm(publication, now, "已错过发布时间", "到点时没有发出，已超过时限，系统不会再自动发送。请改期或取消。")
    after(publication, now)


def hold(publication: Publication, now: datetime, why: str) -> None:
    states.move(publication, "held", now=now, reason=why, why=why, committed_at=None)
    alarm(publication, now, "已暂缓", why)
    after(publication, now)


def fail(publication: Publication, now: datetime, error: Mapping[str, Any], *, fence: int | None = None) -> None:
    """Refused for good; `error` as in values.error_json."""
    settle(publication, now)
    cause = str(error.get("cause") or "平台没有接受。")
    preparing = publication.status == "preparing"
    states.move(publication, "failed", now=now, reason=cause, fence=fence, error={**error, "cause": cause})
    title = "发布准备失败" if preparing else "发布失败"
    alarm(publication, now, title, " ".join(part for part in (cause, str(error.get("remedy") or "")) if part))
    after(publication, now)


def become_unknown(
    publication: Publication,
    now: datetime,
    error: Mapping[str, Any],
    *,
    fence: int | None = None,
    by_person: bool = False,
) -> None:
    """It may have happened: looked up at the platform, never sent again by itself. `by_person`: the looking is over."""
    cause = str(error.get("cause") or "发送后没有收到平台的答复。")
    states.move(
        publication,
        "unknown",
        now=now,
        reason=cause,
        fence=fence,
        error={"remedy": "系统正在到平台核实，核实前不会重发。", **error, "cause": cause},
        why="不能确定是否已经发出。",
        checks=0,
        next_attempt_at=None if by_person else rhythm.next_check(0, now),
    )
    following = BY_PERSON if by_person else "系统正在核实，核实前不会重发。"
    alarm(publication, now, "发布结果待核实", f"{cause}{following}")
    after(publication, now)


def accept(
    publication: Publication, receipt: Receipt, now: datetime, *, why: str = "", fence: int | None = None
) -> None:
    """The platform took it; the public does not see it yet."""
    known = merged(receipt_of(publication.receipt), receipt)
    values = _accepted(known, now, why)
    states.move(publication, "processing", now=now, reason=why or _TAKEN, fence=fence, **values)


def publish(
    publication: Publication,
    receipt: Receipt,
    now: datetime,
    *,
    fence: int | None = None,
    answered_at: datetime | None = None,
    reason: str = _OUT,
    actor: str = "",
    why: str = "",
) -> None:
    """It is out. `published_at` is the platform's time where it tells, else when its answer came. `why`: why there is
    no link, where a person said that it is out."""
    settle(publication, now)
    known = merged(receipt_of(publication.receipt), receipt)
    values = _live(known, now, answered_at or now, why)
    states.move(publication, "published", now=now, reason=reason, actor=actor, fence=fence, **values)
    pushdown.stand_again(publication.post_id)
    # Closed again if it was taken for failed meanwhile: what is out must have its page. Not in place of a later version's.
    if publication.schedule.withdrawn_at is None or publication.post.public_revision_id is None:
        permalink.open_for(publication.schedule, now)
    # Nobody can be left with an open page of a post that did not go: this one went.
    nudge_partners(publication, now)


# A row that was just being sent, what the platform answered, and when.
Taken = tuple[Publication, Receipt, datetime]


def receive_all(taken: Sequence[Taken], now: datetime) -> None:
    """publish() or accept() of each by its answer. Inside atomic(), the rows locked; the caller pushes down."""
    live, waiting = list[tuple[Publication, dict[str, Any]]](), list[tuple[Publication, dict[str, Any]]]()
    for row, receipt, answered_at in taken:
        known = merged(receipt_of(row.receipt), receipt)
        if receipt.live:
            live.append((row, _live(known, now, answered_at, "")))
        else:
            waiting.append((row, _accepted(known, now, "")))
    schedules = [row.schedule for row, _values in live]
    states.move_each(live, "published", now=now, reason=_OUT)
    states.move_each(waiting, "processing", now=now, reason=_TAKEN)
    permalink.open_all(schedules, now)
    _nudge([schedule.id for schedule in schedules], now)


def _accepted(known: Receipt, now: datetime, why: str) -> dict[str, Any]:
    """The fields of one that the platform took."""
    return {
        "why": why or "平台已受理，正在处理；上线后会自动确认。",
        "receipt": receipt_json(known),
        "external_id": known.external_id,
        "url": known.url,
        "checks": 0,
        "next_attempt_at": rhythm.next_check(0, now),
    }


def _live(known: Receipt, now: datetime, answered_at: datetime, why: str) -> dict[str, Any]:
    """The fields of one that is out."""
    return {
        "receipt": receipt_json(known),
        "external_id": known.external_id,
        "url": known.url,
        "published_at": known.published_at or answered_at,
        "live_at": answered_at,
        "why": "" if known.url else why or "链接待取：平台稍后才给出链接。",
        "checks": 0,
        "next_attempt_at": rhythm.next_read_back(0, now),
    }


def take_away(publication: Publication, status: str, now: datetime, reason: str, *, fence: int | None = None) -> None:
    """published -> recalled (we took it back) or removed (the platform or somebody else did)."""
    settle_errand(publication, now)
    states.move(publication, status, now=now, reason=reason, fence=fence, why=reason, recall_at=None, errand_failures=0)
    if status == "removed":
        alarm(publication, now, "平台上已看不到", reason)
    after(publication, now)


def alarm(publication: Publication, now: datetime, title: str, body: str) -> None:
    """Tell whoever must act, at night too. The same transition is told once."""
    notices.tell(
        key=f"publication:{publication.id}:{publication.status}:{publication.fence}:{now.isoformat()}"[:160],
        kind=f"publication.{publication.status}",
        level="alarm",
        unit_id=publication.post.unit_id,
        title=f"{title}：{publication.post.title}"[:200],
        body=f"{PLATFORMS[publication.account.platform].label} {publication.account.name}：{body}",
        path=f"/publications/{publication.id}",
        now=now,
    )


def settle(publication: Publication, now: datetime) -> None:
    """What people were told of it while it waited for them is settled: read for everybody."""
    if publication.status in (*states.ATTENTION, "failed"):
        notices.settle(f"/publications/{publication.id}", now)


def settle_errand(publication: Publication, now: datetime) -> None:
    """It got on, or is not wanted any more: who was told that it fails again and again need not look any more."""
    if publication.errand_failures:
        notices.settle(errand_path(publication), now)


def errand_path(publication: Publication) -> str:
    """Where a notice about its errand leads; other notices about it are settled apart from it."""
    return f"/publications/{publication.id}#errand"


def nudge_partners(publication: Publication, now: datetime) -> None:
    """Partners that are ready look again at once; the scheduler is woken."""
    _nudge([publication.schedule_id], now, besides=publication.id)


def _nudge(schedule_ids: Sequence[str], now: datetime, *, besides: str = "") -> None:
    if not schedule_ids:
        return
    db.session.execute(
        update(Publication)
        .where(
            Publication.schedule_id.in_(schedule_ids),
            Publication.id != besides,
            Publication.status == "ready",
            Publication.due_at <= now,
        )
        .values(next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
    wake()


def after(publication: Publication, now: datetime) -> None:
    """It has left the way to the public: partners look again, the page closes if nobody went."""
    nudge_partners(publication, now)
    permalink.close_if_nobody_went(publication.post_id)
