"""Another hour for what has not gone, in place: finished steps are kept. What went is not touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.accounts.connections import public_address
from app.config import current
from app.errors import Conflict
from app.posts.models import Post
from app.publishing import appearing, barring, blackouts, outcomes, permalink, pushdown, reserving, states
from app.publishing.attempts import refuse_if_taken
from app.publishing.models import Publication, Schedule
from app.publishing.ordering import Order, first_ids, late_from, movable
from app.units.access import Actor
from app.words import N_

_BEING_CLEARED = N_("没有排期。系统正在平台上删除它先前的草稿，现在排期会拿不准草稿还在不在。请一分钟后再试。")


def move(
    actor: Actor, post: Post, standing: Schedule, at: datetime, order: Order, partner: str, now: datetime
) -> Schedule:
    """Reschedule in place. Inside atomic(), the post locked. Raises Conflict."""
    publications = pushdown.publications_of(standing.id)
    going = [p for p in publications if p.status in states.IN_FLIGHT]
    moved = movable(publications)
    if going or not moved:
        raise Conflict(
            "现在不能改期。该稿件正在发布、等待核实，或已全部发布。请等它有了结果；要更正已发布的内容请另写一篇。"
        )
    if unapproved := next(filter(None, map(barring.why_unapproved, moved)), ""):
        raise Conflict(f"没有改期。{unapproved}")
    standing.publish_at, standing.order, standing.on_partner_failure = at, order, partner
    standing.operator_ip = public_address(actor.origin) or standing.operator_ip
    standing.prepare_from = max(now, at - timedelta(seconds=current().prepare_lead_seconds))
    alone = any(p.status in states.WENT for p in publications)
    firsts = _firsts(order, moved if alone else [p for p in publications if p.status != "cancelled"])
    for publication in sorted(moved, key=lambda publication: publication.account_id):
        _refuse(actor, post, publication, at)
        outcomes.settle_errand(publication, now)
        states.move(
            publication,
            "scheduled",
            now=now,
            reason="重新排期" if publication.status == "cancelled" else "改期",
            actor=actor.name,
            due_at=at,
            late_from=late_from(standing, not firsts or publication.id in firsts),
            next_attempt_at=standing.prepare_from,
            # Together with those that move with it, whatever became of those that went.
            released=alone,
            committed_at=None,
            discard_at=None,
            errand_failures=0,
            # What an earlier attempt was told is in that attempt: the next one must not be looked up by it.
            receipt={},
            external_id="",
            url="",
        )
    permalink.close_if_nobody_went(post.id)
    return standing


def _firsts(order: Order, publications: Sequence[Publication]) -> frozenset[str]:
    return first_ids(order, [(one.id, one.account.platform) for one in publications])


def _refuse(actor: Actor, post: Post, publication: Publication, at: datetime) -> None:
    """Raises Conflict where this one cannot go at `at`."""
    refuse_if_taken(publication)
    appearing.refuse_if_out(post.id, publication.account_id, besides=publication.id)
    if publication.status == "cancelled" and publication.claim_owner:
        raise Conflict(_BEING_CLEARED)
    blackouts.refuse(publication.account, at, urgent=post.urgent)
    reserving.reserve(actor, publication.account, at, besides=publication.id)
