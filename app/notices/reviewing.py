"""Whose turn it is in a review, what is nearly late, and what became of it: the bell of the people concerned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.config import current
from app.db import atomic, db, insert_for, release
from app.notices.models import Notice, NoticeRead
from app.notices.outbox import ALARM, tell
from app.review.models import Deputy, Escalation, Remark, Review
from app.review.services import deciders, open_escalation
from app.units.access import Actor
from app.units.holding import nearest_holders
from app.units.models import User


def tell_of_review(review: Review, actor: Actor, now: datetime) -> None:
    """Hook of review: the reviewers of the stage that opened, else those who wrote it. In the change's transaction."""
    title = review.post.title
    _settle_turns(review, now)
    _tell_asker(review, now)
    if review.status == "open":
        asked = open_escalation(review)
        if asked is not None:
            _tell_of_question(review, asked, now)
            return
        stage = str(review.stages[review.stage]["name"])
        if review.passed_early:
            until = f"终审已先行通过，请在{_clock(review.after_due_at)}前补审。"
        else:
            until = f"请在{_clock(review.due_at)}前办理。" if review.due_at else "请审核。"
        if review.emergency:
            until += f"紧急理由：{review.emergency}"
        words = f"轮到“{stage}”环节，{until}"
        _tell(review, f"stage{review.stage}", deciders(review, now), f"待您审核：{title}", words, now)
        if review.passed_early:
            words = f"终审已通过，可以排期发布。其余环节须在{_clock(review.after_due_at)}前补审。"
            writers = {*review.revision.editors, review.submitted_by} - {""}
            _tell(review, "early", writers, f"已紧急通过：{title}", words, now, path=f"/posts/{review.post_id}")
    elif review.expired_at is not None:
        _tell_of_expiry(review, now)
    elif review.status in ("returned", "approved"):
        writers = {*review.revision.editors, review.submitted_by} - {actor.user_id, ""}
        returned = review.status == "returned"
        last = review.decisions[-1].comment if review.decisions else ""
        words = (
            f"{actor.name}退回：{last.rstrip('。')}。请修改后重新送审。" if returned else "已全部通过，可以排期发布。"
        )
        if review.passed_early:
            words = f"{actor.name}补审{'退回：' + last if returned else '通过，各环节已补齐。'}"
        if review.disapproved:
            # Rings for the whole unit, its writers among them.
            _alarm_of_return(review, actor, last, now, writers)
            return
        _tell(review, review.status, writers, f"{'被退回' if returned else '已通过审核'}：{title}", words, now)


def tell_of_deputy(row: Deputy, actor: Actor, now: datetime) -> None:
    """Hook of review: both hear that somebody stands in for somebody, and that it is over."""
    over = row.ended_at is not None
    names = f"{row.deputy.name}代{row.user.name}审核"
    words = (
        f"由{actor.name}结束。" if over else f"自{_clock(row.starts_at)}至{_clock(row.ends_at)}，由{actor.name}设置。"
    )
    for person in {row.user_id, row.deputy_id} - {actor.user_id}:
        tell(
            key=f"deputy:{row.id}:{'end' if over else 'begin'}:{person}",
            kind="review",
            level="info",
            unit_id=row.user.unit_id,
            user_id=person,
            title=f"{'代理已结束' if over else '代理审核'}：{names}"[:200],
            body=words,
            path="/settings/deputies",
            now=now,
        )


def tell_of_remark(remark: Remark, actor: Actor, now: datetime) -> None:
    """Hook of review: who was mentioned; else whoever wrote the text."""
    review = remark.review
    writers = {*review.revision.editors, review.submitted_by}
    for people, what in ((set(remark.mentions), "提到了您"), (writers - set(remark.mentions), "有批注")):
        _tell(
            review,
            f"remark{remark.id}",
            people - {actor.user_id, ""},
            f"{what}：{review.post.title}",
            f"{actor.name}就“{remark.quote[:30]}”写道：{remark.text[:200]}",
            now,
            path=f"/review/{review.id}",
        )


def remind_of_reviews(now: datetime) -> int:
    """Once for each stage, when three quarters of its time have passed: those whose turn it is. Returns how many."""
    due = select(Review.id).where(Review.status == "open", Review.remind_at <= now).order_by(Review.due_at).limit(200)
    found = list(db.session.scalars(due))
    release()
    return sum(_remind(review_id, now) for review_id in found)


def _remind(review_id: str, now: datetime) -> int:
    with atomic():
        review = db.session.get(Review, review_id, with_for_update=True, populate_existing=True)
        if review is None or review.status != "open" or review.remind_at is None or review.remind_at > now:
            return 0
        stage, until = str(review.stages[review.stage]["name"]), review.due_at or review.after_due_at
        threat = "列为问题线索" if review.passed_early else "退回拟稿人"
        words = f"“{stage}”环节请在{_clock(until)}前办理，过期将{threat}。"
        people = deciders(review, now)
        # The next stage sets it anew; until then there is nothing more to remind of.
        review.remind_at = None
        return _tell(review, f"remind{until}", people, f"审核将到期：{review.post.title}", words, now)


def _settle_turns(review: Review, now: datetime) -> None:
    """Whose turn it was and is no more need not read of it, and gets no mail about it."""
    if review.status == "open" and open_escalation(review) is not None:
        # The question may be taken back: then it is their turn again.
        return
    waiting = deciders(review, now) if review.status == "open" else set()
    turn = f"review:{review.id}:stage{review.stage}:"
    query = select(Notice.id, Notice.key, Notice.user_id).where(Notice.path == f"/review/{review.id}")
    for notice in db.session.execute(query.order_by(Notice.id)).all():
        what = notice.key.removeprefix(f"review:{review.id}:")
        stands = notice.user_id in waiting and (notice.key.startswith(turn) or what.startswith("remind"))
        if notice.user_id and what.startswith(("stage", "remind", "ask")) and not stands:
            read = insert_for(NoticeRead).values(notice_id=notice.id, user_id=notice.user_id, at=now)
            db.session.execute(read.on_conflict_do_nothing())


def _alarm_of_return(review: Review, actor: Actor, comment: str, now: datetime, writers: set[str]) -> None:
    """It has gone out, and the review afterwards says that it should not have: who may recall it and who wrote it act."""
    publishers = {user.id for user in nearest_holders("publication.manage", review.post.unit)}
    tell(
        key=f"after-review:{review.id}",
        kind="review",
        level=ALARM,
        unit_id=review.unit_id,
        title=f"补审没有通过，稿件已在发布：{review.post.title}"[:200],
        body=f"{actor.name}：{comment[:500].rstrip('。')}。请发布人尽快决定是否撤回；保留的，请拟稿人写更正稿。",
        path=f"/posts/{review.post_id}",
        now=now,
        waits_for=publishers | writers,
    )


def _tell_of_question(review: Review, asked: Escalation, now: datetime) -> None:
    words = f"{asked.asker.name}请示：{asked.question[:200]}"
    people = deciders(review, now)
    _tell(review, f"ask{asked.id}", people, f"向您请示：{review.post.title}", words, now)


def _tell_asker(review: Review, now: datetime) -> None:
    for one in review.escalations:
        if one.closed_at == now and one.outcome in ("approved", "returned"):
            word = "通过" if one.outcome == "approved" else "退回"
            words = f"{one.asked.name}{word}：{one.answer[:200]}"
            _tell(review, f"answer{one.id}", {one.asked_by}, f"请示已答复：{review.post.title}", words, now)


def _tell_of_expiry(review: Review, now: datetime) -> None:
    stage = str(review.stages[review.stage]["name"])
    writers = {*review.revision.editors, review.submitted_by} - {""}
    words = f"“{stage}”环节没有按时办理，稿件已退回。请核对后重新送审，或联系审核人。"
    _tell(review, "expired", writers, f"审核已过期：{review.post.title}", words, now)
    # Whoever was told of their turn, and did not take it.
    turn = select(Notice.user_id).where(Notice.key.like(f"review:{review.id}:stage{review.stage}:%"))
    late = {user_id for user_id in db.session.scalars(turn) if user_id} - writers
    words = f"“{stage}”环节没有按时办理，稿件已退回拟稿人。"
    _tell(review, "expired", late, f"审核已过期：{review.post.title}", words, now, path=f"/review/{review.id}")


def _tell(
    review: Review, what: str, people: Iterable[str], title: str, body: str, now: datetime, *, path: str = ""
) -> int:
    active = db.session.scalars(select(User.id).where(User.id.in_(list(people)), User.active).order_by(User.id)).all()
    told = [
        tell(
            key=f"review:{review.id}:{what}:{user_id}",
            kind="review",
            level="info",
            unit_id=review.unit_id,
            user_id=user_id,
            title=title[:200],
            body=body,
            path=path or (f"/posts/{review.post_id}" if review.status != "open" else f"/review/{review.id}"),
            now=now,
        )
        for user_id in active
    ]
    return sum(notice is not None for notice in told)


def _clock(at: datetime | None) -> str:
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(current().timezone))
    return f"{local.month}月{local.day}日 {local:%H:%M}"
