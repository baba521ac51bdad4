"""Who may decide on the stage that is open, and in whose name: in one's own, or as somebody's deputy.

Whatever the way (page, API, several at once, deputy, escalation): nobody decides on what they wrote, nobody takes two
stages of one revision. It holds for the deputy and for whom the deputy stands alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.errors import Conflict, Forbidden, NotFound
from app.review.announcing import open_escalation
from app.review.deputies import UNPROTECTED, deputies_for, lacks_factor
from app.review.models import Decision, Review
from app.units.access import PERMISSIONS, Actor
from app.units.models import Grant, User

OWN = "您不能审核自己写过或改过的稿件。三审三校要求撰写与审核分开。请由其他审核人处理。"
_CLOSED = {"approved": "已全部通过", "returned": "已被退回", "void": "已作废（稿件被修改或撤回）"}


def capacity(actor: Actor, review: Review, principals: Sequence[Actor], wanted: str | None = None) -> str | None:
    """None: in their own name; else the id of the one of `principals` for whom `actor` decides.

    `wanted` is that id when the person chose it. Raises NotFound, Forbidden or Conflict saying why they cannot decide.
    """
    acting = _check_sight(actor, review, principals)
    if actor.user_id in barred(review):
        raise Forbidden(OWN)
    if review.status != "open":
        words = "已过期退回" if review.expired_at is not None else _CLOSED[review.status]
        raise Conflict(f"没有记录您的意见。这次审核{words}。请刷新后查看。")
    _check_not_taken(actor.user_id, review)
    asked = open_escalation(review)
    if asked is not None and asked.asked_by == actor.user_id:
        raise Forbidden(f"这一环节已请示{asked.asked.name}。您是请示人，不能代其答复。请等答复，或撤回请示。")
    own = holds_role(actor, review) and (asked is None or asked.asked_to == actor.user_id)
    if own and wanted in (None, "", actor.user_id):
        return None
    if own:
        raise Forbidden("您本人就是这一环节的审核人，须以本人名义审核。一人在一个版本中只表一次态。请改选“本人”。")
    able = [
        one.user_id
        for one in acting
        if holds_role(one, review)
        and one.user_id not in barred(review) | takers(review.decisions)
        and (asked is None or asked.asked_to == one.user_id)
    ]
    if wanted in able or (wanted in (None, "") and able):
        return _protected(actor, next(one for one in acting if one.user_id == (wanted or able[0])))
    if asked is not None:
        raise Forbidden(f"这一环节已请示{asked.asked.name}。答复之前由其决定。请等答复，或由请示人撤回请示。")
    if acting:
        raise Forbidden(
            "您不能代为审核。被代理人写过或审过这个版本，或这一环节不由其审核。代理不改变回避要求。请由其他审核人处理。"
        )
    raise Forbidden("这一环节不由您审核。它需要另一个角色。请转交有该角色的同事。")


def _protected(actor: Actor, principal: Actor) -> str:
    """The principal's id. The rule of their unit holds for whoever decides in their name."""
    if lacks_factor(actor.user_id, principal):
        raise Forbidden(UNPROTECTED)
    return principal.user_id


def able_for(actor: Actor, review: Review, principals: Sequence[Actor]) -> list[Actor]:
    """Those of `principals` in whose name this person may decide now, for choosing; [] when in their own."""
    found = []
    for one in principals:
        try:
            if capacity(actor, review, principals, one.user_id) == one.user_id:
                found.append(one)
        except (Forbidden, Conflict, NotFound):
            continue
    return found


def barred(review: Review) -> set[str]:
    """Whoever wrote any part of the revision, or handed it in."""
    return {*review.revision.editors, review.submitted_by}


def takers(decisions: Iterable[Decision]) -> set[str]:
    """Whoever decided, and whoever was decided for."""
    return {person for one in decisions for person in (one.user_id, one.for_user_id) if person}


def eligible(review: Review) -> set[str]:
    """Ids of the active people of the open stage's role who may still decide on this revision, in their own name."""
    role = str(review.stages[review.stage]["role"])
    others = takers(decision for decision in review.decisions if decision.stage != review.stage)
    above = [part for part in review.post.unit.path.split("/") if part]
    query = select(Grant.user_id).join(User).where(Grant.role == role, Grant.unit_id.in_(above), User.active)
    return set(db.session.scalars(query)) - barred(review) - others


def deciders(review: Review, now: datetime) -> set[str]:
    """Ids of all whose turn it is: the eligible, or the one who was asked, and their deputies."""
    asked = open_escalation(review)
    here = {asked.asked_to} & eligible(review) if asked is not None else eligible(review)
    here -= takers(review.decisions)
    asker = {asked.asked_by} if asked is not None else set()
    role = str(review.stages[review.stage]["role"])
    deputies = deputies_for(here, role, review.post.unit, now)
    return here | (deputies - barred(review) - takers(review.decisions) - asker)


def sees(actor: Actor, review: Review, principals: Sequence[Actor]) -> bool:
    """Whether this person may look at the run: who reads posts there, or stands for somebody who decides there."""
    unit = review.post.unit
    return actor.may("post.read", unit) or any(one.may("review.decide", unit) for one in principals)


def _check_sight(actor: Actor, review: Review, principals: Sequence[Actor]) -> list[Actor]:
    """The principals that count here. A token must be good for reviewing, whoever holds it."""
    unit = review.post.unit
    acting = [one for one in principals if one.may("review.decide", unit)]
    if not acting:
        actor.require("review.decide", unit, see="post.read")
    elif actor.scopes is not None and "review.decide" not in actor.scopes:
        raise Forbidden(f"您没有“{PERMISSIONS['review.decide']}”的权限。这个令牌不包括它。请换用有该权限的令牌。")
    return acting


def _check_not_taken(user_id: str, review: Review) -> None:
    for decision in review.decisions:
        if user_id not in (decision.user_id, decision.for_user_id):
            continue
        if decision.stage != review.stage:
            raise Forbidden("您已审过这个版本的另一环节。同一人不能审两个环节。请由其他审核人处理。")
        if decision.user_id != user_id:
            raise Conflict(f"没有记录您的意见。{decision.user.name}已作为代理人替您在这一环节表过态。请等其他审核人。")
        raise Conflict("没有记录您的意见。您在这一环节已经表过态。请等其他审核人。")


def holds_role(actor: Actor, review: Review) -> bool:
    """Whether the open stage is one of this person's role, in their own name."""
    if actor.system:
        return True
    role, path = str(review.stages[review.stage]["role"]), review.post.unit.path
    return any(held.role == role and path.startswith(held.path) for held in actor.held)
