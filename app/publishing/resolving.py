"""What people do with one publication: release, cancel, retry, resolve, recall, ask now. Each with a reason, audited."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app import logs
from app.audit import services as audit
from app.db import atomic, db
from app.errors import Conflict, Invalid, NotFound
from app.publishing import (
    appearing,
    barring,
    handing,
    outcomes,
    permalink,
    pushdown,
    reserving,
    states,
    undoing,
    withdrawing,
)
from app.publishing.attempts import last_attempt, refuse_if_taken, taken_attempt
from app.publishing.models import Publication
from app.publishing.values import ANSWER_WAIT, prepared_of
from app.units.access import Actor
from app.waking import wake
from app.words import N_
from connectors.values import Receipt

MANAGE = "publication.manage"
PLAN = "post.schedule"
BY_WORD = N_("由人工认定为已发布，没有填写链接。")
_BY_SYSTEM = N_("没有登记。这一条系统可以撤回，由平台答复为准。请点“撤回”；撤回不成时再登记手动删除。")
_UNDER_WAY = N_("没有登记。系统正在向平台申请撤回，还没有结果。请等结果出来再操作。")


def release(actor: Actor, publication_id: str, *, reason: str, now: datetime) -> Publication:
    """held, missed -> scheduled, due now: it waits for no partner any more."""
    with atomic():
        row = own(actor, publication_id, reason, MANAGE, PLAN)
        if row.status not in ("held", "missed"):
            states.require(row, "released")
        let_go(actor, row, reason, now, late_from=now)
    return row


def let_go(actor: Actor, row: Publication, reason: str, now: datetime, *, late_from: datetime) -> None:
    """One release, inside atomic(). Raises Conflict while a stop or a black-out stands over the account, or it is switched off."""
    _refuse_second(row)
    outcomes.settle(row, now)
    barred = barring.why_barred(row, now)
    if barred:
        raise Conflict(f"没有放行。{barred.rstrip('。')}。{barring.remedy(row, now)}")
    unapproved = barring.why_unapproved(row)
    if unapproved:
        raise Conflict(f"没有放行。{unapproved}")
    reserving.reserve(actor, row.account, now, besides=row.id)
    states.move(
        row,
        "scheduled",
        now=now,
        reason=f"放行：{reason}",
        actor=actor.name,
        due_at=now,
        late_from=late_from,
        next_attempt_at=now,
        released=True,
    )
    done(actor, row, "publication.release", "放行", reason, now)


def cancel(actor: Actor, publication_id: str, *, reason: str, now: datetime) -> Publication:
    """This one will not go out; its draft is deleted by the scheduler."""
    with atomic():
        row = own(actor, publication_id, reason, MANAGE, PLAN)
        outcomes.settle(row, now)
        withdrawing.cancel_one(row, actor, now, reason=f"取消：{reason}")
        permalink.close_if_nobody_went(row.post_id)
        siblings = pushdown.publications_of(row.schedule_id)
        if all(p.status == "cancelled" for p in siblings):
            row.schedule.withdrawn_at = now
            pushdown.stand_again(row.post_id)
        outcomes.nudge_partners(row, now)
        done(actor, row, "publication.cancel", "取消", reason, now)
    return row


def retry(actor: Actor, publication_id: str, *, reason: str, now: datetime) -> Publication:
    """failed -> ready: a new attempt of exactly this part, at once (prepared first where that is missing)."""
    with atomic():
        row = own(actor, publication_id, reason, MANAGE)
        if row.status != "failed":
            states.require(row, "retried")
        _refuse_second(row)
        if unapproved := barring.why_unapproved(row):
            raise Conflict(f"没有重试。{unapproved}")
        refuse_if_taken(row)
        reserving.reserve(actor, row.account, now, besides=row.id)
        ready = prepared_of(row.prepared).ready
        states.move(
            row,
            "ready" if ready else "scheduled",
            now=now,
            reason=f"重试：{reason}",
            actor=actor.name,
            due_at=now,
            late_from=now,
            next_attempt_at=now,
            committed_at=None,
            released=True,
            receipt={},
            external_id="",
            url="",
        )
        done(actor, row, "publication.retry", "重试", reason, now)
    return row


def resolve(
    actor: Actor, publication_id: str, *, outcome: str, url: str = "", reason: str, now: datetime
) -> Publication:
    """A person says what became of an unknown one (a publisher), or gives the link of one handed over (its author, too)."""
    with atomic():
        row = own(actor, publication_id, reason, MANAGE, *((PLAN,) if outcome == "published" else ()))
        if row.status != "handed_over":
            actor.require(MANAGE, row.post.unit, see="post.read")
        _check_url(url)
        if row.status not in ("unknown", "handed_over"):
            states.require(row, "resolved")
        handing.check_link(row.account, url)
        if outcome == "published":
            _published(actor, row, url, reason, now)
        elif row.status == "handed_over":
            raise Conflict("待人工发布的内容不能认定为“未发布”。它还没有发送过。如不再发布，请取消。")
        else:
            _not_published(actor, row, reason, now)
        done(
            actor, row, "publication.resolve", "认定为已发布" if outcome == "published" else "认定为未发布", reason, now
        )
    return row


def recall(actor: Actor, publication_id: str, *, reason: str, now: datetime) -> Publication:
    """Ask for a public one to be taken back as far as the platform can; the scheduler does it."""
    with atomic():
        row = own(actor, publication_id, reason, MANAGE)
        states.require(row, "recalled")
        outcomes.settle_errand(row, now)
        words = {"recall_reason": reason.strip(), "why": "正在向平台申请撤回。"}
        values: dict[str, Any] = {"recall_at": now, "errand_failures": 0, **words}
        states.touch(row, now=now, **values)
        done(actor, row, "publication.recall", "申请撤回", reason, now)
    return row


def note_deleted(actor: Actor, publication_id: str, *, reason: str, now: datetime) -> Publication:
    """published -> recalled by a person's word: it was deleted at the platform by hand. Raises Conflict where the system
    can take it back and was not refused: its answer is worth more than a word."""
    with atomic():
        row = own(actor, publication_id, reason, MANAGE)
        states.require(row, "recalled")
        if "deleted" not in undoing.ways_back(row):
            raise Conflict(_UNDER_WAY if row.recall_at is not None else _BY_SYSTEM)
        _note(row, actor, "deleted", row.url, reason, now)
        outcomes.take_away(row, "recalled", now, f"{actor.name}登记：已在平台手动删除。{reason.strip()}")
        done(actor, row, "publication.recall", "登记已手动删除", reason, now)
    return row


def check_now(actor: Actor, publication_id: str, *, now: datetime) -> Publication:
    """Look it up at the platform at once (立即核实)."""
    with atomic():
        row = own(actor, publication_id, "立即核实", MANAGE, PLAN)
        if row.status not in ("processing", "unknown", "published"):
            raise Conflict("现在没有可核实的内容。它还没有发送过。请等发送之后再核实。")
        # A used-up rhythm starts again at its sparse end, so that a button cannot burn the quota.
        states.touch(row, now=now, next_attempt_at=now, checks=min(row.checks, 8))
        done(actor, row, "publication.check", "立即核实", "", now)
    return row


def own(actor: Actor, publication_id: str, reason: str, *keys: str) -> Publication:
    """The row, locked, if the actor holds any of `keys` there."""
    if not reason.strip():
        raise Invalid("没有写原因。这项操作要留痕。请写一句原因。", errors={"reason": ["请写明原因。"]})
    row = db.session.get(Publication, publication_id)
    if row is None:
        raise NotFound
    logs.about(**states.ids_of(row))
    unit = row.post.unit
    if not any(actor.may(key, unit) for key in keys[1:]):
        actor.require(keys[0], unit, see="post.read")
    permalink.lock_post_of(publication_id)
    return db.session.get_one(Publication, publication_id, with_for_update=True, populate_existing=True)


def _published(actor: Actor, row: Publication, url: str, reason: str, now: datetime) -> None:
    attempt = last_attempt(row.id)
    at = attempt.started_at if attempt is not None and row.status == "unknown" else now
    _note(row, actor, "published", url, reason, now)
    outcomes.publish(
        row,
        Receipt(url=url, live=True),
        now,
        answered_at=at,
        reason=f"{actor.name}认定为已发布：{reason}",
        actor=actor.name,
        why=BY_WORD,
    )
    if not row.external_id and not row.hand_over:
        # The platform could not tell, and was given no number since: the person's word is the last one.
        states.touch(row, now=now, next_attempt_at=None)


def _not_published(actor: Actor, row: Publication, reason: str, now: datetime) -> None:
    attempt = last_attempt(row.id)
    if attempt is not None:
        earliest = attempt.send_before + timedelta(seconds=ANSWER_WAIT)
        if now < earliest:
            seconds = int((earliest - now).total_seconds()) + 1
            raise Conflict(
                f"现在还不能认定为“未发布”。刚才的请求可能仍在途中，再次发送会造成重复。请在 {seconds} 秒后再操作。"
            )
        for known in (attempt, taken_attempt(row.id)):
            if known is not None:
                known.outcome = "absent"
    _note(row, actor, "not_published", "", reason, now)
    cause = f"{actor.name}认定没有发出：{reason}"
    if appearing.undecided(row):
        appearing.dismiss(row, now, cause, actor=actor.name)
        return
    words = {"cause": cause, "remedy": "可以重试这一条。", "who": "发布人"}
    outcomes.fail(row, now, words)


def _refuse_second(row: Publication) -> None:
    """Raises Conflict where the post may be out on the account already, or stand there on another schedule."""
    appearing.refuse_if_withdrawn(row)
    appearing.refuse_if_out(row.post_id, row.account_id, besides=row.id)


def _note(row: Publication, actor: Actor, outcome: str, url: str, reason: str, now: datetime) -> None:
    entry = {"at": now.isoformat(), "finding": f"stated_{outcome}", "by": actor.name, "url": url, "reason": reason}
    states.touch(row, now=now, readbacks=[*(row.readbacks or []), entry][-40:])


def _check_url(url: str) -> None:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if url and scheme not in ("http", "https"):
        words = "链接应以 http:// 或 https:// 开头。"
        raise Invalid("链接格式不对。应是平台上该内容的网址。请从平台复制后粘贴。", errors={"url": [words]})


def done(actor: Actor, row: Publication, action: str, word: str, reason: str, now: datetime) -> None:
    """Push down, wake the scheduler, leave the event. Inside atomic()."""
    db.session.flush()
    pushdown.push([row.post_id], now)
    wake()
    audit.record(
        actor,
        action,
        now=now,
        object_type="publication",
        object_id=row.id,
        unit_id=row.post.unit_id,
        summary=f"{word}：{row.post.title}（{row.account.name}）。{reason}",
    )
