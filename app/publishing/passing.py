"""At the hour: lateness, stop switch, barrier and quotas decide which of a batch may be sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer, joinedload

from app.accounts.models import Account
from app.config import current
from app.db import db
from app.posts.models import Post
from app.publishing import barrier, barring, ordering, outcomes, pacing, states
from app.publishing.models import Publication, Schedule


def choose(
    schedule_ids: Sequence[str], due: ColumnElement[bool], bars: barring.Bars, room: int, any_yet: bool, now: datetime
) -> tuple[list[tuple[Schedule, Publication]], list[str]]:
    """What may be sent now of these schedules, partners together and no more than `room`; the posts looked at."""
    schedules = _locked_schedules(schedule_ids, due)
    sides = _sides([schedule.id for schedule in schedules])
    bars.learn(schedule.revision_id for schedule in schedules)
    found, posts = list[tuple[Schedule, Publication]](), list[str]()
    for schedule in schedules:
        publications = [p for p in sides[schedule.id] if p.status != "cancelled"]
        posts.append(schedule.post_id)
        _stop_or_lapse(publications, bars, now)
        going = _through_barrier(schedule, publications, now)
        if len(found) + len(going) > room and (found or any_yet):
            break
        found += [(schedule, publication) for publication in going[: room - len(found)]]
    return pacing.afford(found, now), posts


def _locked_schedules(schedule_ids: Sequence[str], due: ColumnElement[bool]) -> list[Schedule]:
    """Of these, in their order, those with something to commit, locked with their posts; held ones are passed over."""
    if not schedule_ids:
        return []
    query = (
        select(Schedule)
        .join(Post, Post.id == Schedule.post_id)
        .where(
            Schedule.id.in_(schedule_ids),
            Schedule.id.in_(select(Publication.schedule_id).where(Publication.schedule_id.in_(schedule_ids), due)),
        )
        .with_for_update(of=(Schedule, Post), skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    place = {schedule_id: number for number, schedule_id in enumerate(schedule_ids)}
    return sorted(db.session.scalars(query), key=lambda schedule: place[schedule.id])


def _sides(schedule_ids: Sequence[str]) -> dict[str, list[Publication]]:
    """{schedule: its publications as they stand now}, with all that is asked of them."""
    found: dict[str, list[Publication]] = {schedule_id: [] for schedule_id in schedule_ids}
    query = (
        select(Publication)
        .where(Publication.schedule_id.in_(schedule_ids))
        .order_by(Publication.position, Publication.id)
        .options(
            joinedload(Publication.post),
            joinedload(Publication.account).options(defer(Account.credentials), joinedload(Account.unit)),
        )
        .execution_options(populate_existing=True)
    )
    for publication in db.session.scalars(query) if schedule_ids else ():
        found[publication.schedule_id].append(publication)
    return found


def _stop_or_lapse(publications: Iterable[Publication], bars: barring.Bars, now: datetime) -> None:
    """At the hour: too late is missed, stopped is held. Partners that are not ready yet are stopped likewise."""
    for publication in publications:
        if publication.status not in states.OPEN or publication.due_at > now or publication.claim_owner:
            continue
        barred = bars.why(publication)
        if now > outcomes.late_at(publication):
            outcomes.miss(publication, now)
        elif barred:
            outcomes.hold(publication, now, barred)


def _through_barrier(schedule: Schedule, publications: list[Publication], now: datetime) -> list[Publication]:
    firsts = ordering.first_ids(schedule.order, [(p.id, p.account.platform) for p in publications])
    rules = barrier.Rules(
        first=firsts,
        proceed=schedule.on_partner_failure == "proceed",
        publish_at=schedule.publish_at,
        prepare_from=schedule.prepare_from,
        partner_wait=timedelta(seconds=current().partner_wait_seconds),
    )
    going = []
    verdicts = {
        p.id: barrier.judge(p, [q for q in publications if q.id != p.id], rules, now)
        for p in publications
        if p.status == "ready" and p.due_at <= now and (p.next_attempt_at is None or p.next_attempt_at <= now)
    }
    if schedule.on_partner_failure != "proceed" and not firsts:
        _wait_for_put_off(publications, verdicts, now)
    for publication in publications:
        verdict = verdicts.get(publication.id)
        if isinstance(verdict, barrier.Hold):
            outcomes.hold(publication, now, verdict.why)
        elif isinstance(verdict, barrier.Wait):
            states.touch(publication, now=now, why=verdict.why, next_attempt_at=verdict.until)
        elif isinstance(verdict, barrier.Go) and _still_in_time(publication, verdict, now):
            going.append(publication)
    return going


def _wait_for_put_off(publications: Sequence[Publication], verdicts: dict[str, barrier.Verdict], now: datetime) -> None:
    """Whoever goes together with one that was put off at the hour (pacing) waits as long."""
    ends = [
        p.next_attempt_at
        for p in publications
        if p.status == "ready" and p.due_at <= now and p.id not in verdicts and p.next_attempt_at is not None
    ]
    for publication in publications:
        if ends and not publication.released and isinstance(verdicts.get(publication.id), barrier.Go):
            verdicts[publication.id] = barrier.Wait(why=barrier.FOR_PARTNER, until=max(ends))


def _still_in_time(publication: Publication, verdict: barrier.Go, now: datetime) -> bool:
    if verdict.late_from is not None and verdict.late_from != publication.late_from:
        states.touch(publication, now=now, late_from=verdict.late_from)
    if now <= outcomes.late_at(publication):
        return True
    outcomes.miss(publication, now)
    return False
