"""Deputies (代理人): for a time somebody decides for somebody else, told and on record as what it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.review.announcing import on_appointed
from app.review.models import Deputy
from app.units.access import Actor, actor_for, held_by, keys_of, visible
from app.units.factors import kinds_of
from app.units.models import Grant, Unit, User
from app.units.offices import offices_of
from app.units.roles import roles_with
from app.units.second_factor import asked_of
from app.words import N_

LONGEST = timedelta(days=366)
_REASON = 200
UNPROTECTED = N_(
    "不能代为审核。被代理人所在单位规定须启用两步验证，代理人还没有启用。请代理人先在个人设置里启用，再来办理。"
)


def deciding() -> list[str]:
    """Roles that may decide at all."""
    return roles_with("review.decide")


def principals_of(user_id: str, now: datetime) -> list[Actor]:
    """Everybody for whom this person may decide now, as actors with those of their own rights that were handed over."""
    query = (
        select(Deputy)
        .join(User, Deputy.user_id == User.id)
        .where(Deputy.deputy_id == user_id, *_standing(now), User.active)
        .options(joinedload(Deputy.user).selectinload(User.grants).joinedload(Grant.unit))
        .order_by(User.name, User.id, Deputy.id)
    )
    acting: dict[str, Actor] = {}
    rows = db.session.scalars(query).all()
    if rows and only_administers(rows[0].deputy):
        return []
    for row in rows:
        held = tuple(held_by(grant) for grant in covered(row))
        before = acting[row.user_id].held if row.user_id in acting else ()
        acting[row.user_id] = replace(actor_for(row.user), held=tuple(dict.fromkeys((*before, *held))))
    return list(acting.values())


def deputies_for(user_ids: Iterable[str], role: str, unit: Unit, now: datetime) -> set[str]:
    """Ids of the active people who may decide now for any of these where it takes `role` in `unit`."""
    query = (
        select(Deputy)
        .join(User, User.id == Deputy.deputy_id)
        .where(Deputy.user_id.in_(list(user_ids)), *_standing(now), User.active)
        .options(
            joinedload(Deputy.user).selectinload(User.grants).joinedload(Grant.unit),
            joinedload(Deputy.deputy).selectinload(User.grants),
        )
    )
    return {
        row.deputy_id
        for row in db.session.scalars(query)
        if not only_administers(row.deputy)
        and any(grant.role == role and unit.path.startswith(grant.unit.path) for grant in covered(row))
    }


def only_administers(user: User) -> bool:
    """Whether this person holds one of the three offices and does not review by a role of their own: they do not come to do so
    in somebody's place."""
    keys: set[str] = set().union(*(keys_of(held.role) for held in user.grants))
    return bool(offices_of(keys)) and "review.decide" not in keys


def covered(row: Deputy) -> list[Grant]:
    """The roles by which the deputy decides in the person's place: held when it was set, and still held."""
    given = {(one["role"], one["unit_id"]) for one in row.covers}
    return [grant for grant in row.user.grants if (grant.role, grant.unit_id) in given]


def uncovered(row: Deputy) -> list[Grant]:
    """The roles by which the person decides that were given to them since: not the deputy's."""
    given = covered(row)
    return [grant for grant in row.user.grants if grant.role in deciding() and grant not in given]


def appoint(
    actor: Actor, *, user_id: str, deputy_id: str, starts_at: datetime, ends_at: datetime, reason: str, now: datetime
) -> Deputy:
    """By the person or by an administrator of the person's unit.

    Raises NotFound (who is out of sight like who does not exist), Forbidden, Invalid (nobody, oneself, no reviewer, hours),
    Conflict (the same one stands already).
    """
    with atomic():
        principal = _principal(actor, user_id)
        _check_right(actor, principal)
        deputy = _deputy(actor, principal, deputy_id)
        _check_reach(actor, principal, deputy)
        _check_pair(principal, deputy)
        if lacks_factor(deputy.id, actor_for(principal)):
            raise Invalid(UNPROTECTED, errors={"deputy_id": ["此人还没有启用两步验证。"]})
        _check_hours(starts_at, ends_at, now)
        reason = reason.strip()
        if len(reason) > _REASON:
            raise Invalid("没有设置。事由太长。请缩短到 200 字以内。", errors={"reason": ["最多 200 字。"]})
        # Two of the same at once: one after the other.
        db.session.get(User, principal.id, with_for_update=True)
        same = select(Deputy.id).where(
            Deputy.user_id == principal.id,
            Deputy.deputy_id == deputy.id,
            Deputy.ended_at.is_(None),
            Deputy.starts_at < ends_at,
            Deputy.ends_at > starts_at,
        )
        if db.session.scalar(same.limit(1)) is not None:
            raise Conflict("没有设置。这位代理人在这段时间里已有代理。请先结束原来的代理，再重新设置。")
        row = Deputy(
            user_id=principal.id,
            deputy_id=deputy.id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            covers=[
                {"role": grant.role, "unit_id": grant.unit_id} for grant in principal.grants if grant.role in deciding()
            ],
            created_by=actor.user_id,
            created_at=now,
        )
        db.session.add(row)
        db.session.flush()
        _record(actor, row, "review.deputy", f"设置代理人：{deputy.name}代{principal.name}审核", now)
        for hook in on_appointed:
            hook(row, actor, now)
    return row


def end(actor: Actor, deputy_row_id: str, now: datetime) -> Deputy:
    """Before its time; by the person, the deputy, or an administrator. Raises NotFound, Forbidden, Conflict."""
    with atomic():
        row = db.session.get(Deputy, deputy_row_id, with_for_update=True, populate_existing=True)
        if row is None or not _concerns(actor, row):
            raise NotFound
        if actor.user_id != row.deputy_id or actor.scopes is not None:
            _check_right(actor, row.user)
        if row.ended_at is not None or row.ends_at <= now:
            raise Conflict("没有结束。这项代理已经结束。请刷新后查看。")
        row.ended_by, row.ended_at = actor.user_id, now
        _record(actor, row, "review.deputy_end", f"结束代理：{row.deputy.name}代{row.user.name}审核", now)
        for hook in on_appointed:
            hook(row, actor, now)
    return row


def deputies_of(actor: Actor, now: datetime, limit: int = 200) -> list[Deputy]:
    """Standing and coming ones that concern this person, or whom this person may manage; the next to end first."""
    managed = select(User.id).where(visible(actor, "review.configure", User.unit_id))
    query = (
        select(Deputy)
        .where(
            Deputy.ended_at.is_(None),
            Deputy.ends_at > now,
            or_(Deputy.user_id == actor.user_id, Deputy.deputy_id == actor.user_id, Deputy.user_id.in_(managed)),
        )
        .options(joinedload(Deputy.user).selectinload(User.grants).joinedload(Grant.unit), joinedload(Deputy.deputy))
        .order_by(Deputy.ends_at, Deputy.id)
        .limit(limit)
    )
    return list(db.session.scalars(query))


def reviewers_for(actor: Actor) -> list[User]:
    """For whom this person may set a deputy: oneself when one reviews, and the reviewers of the units one configures."""
    query = (
        select(User)
        .join(Grant, Grant.user_id == User.id)
        .where(
            User.active,
            Grant.role.in_(deciding()),
            or_(User.id == actor.user_id, visible(actor, "review.configure", User.unit_id)),
        )
        .options(*_whole())
        .order_by(User.name, User.id)
    )
    found = db.session.scalars(query).unique()
    return [user for user in found if user.id == actor.user_id or _beyond(actor, user) is None]


def candidates(actor: Actor, principals: Iterable[User]) -> list[User]:
    """Who may be chosen as a deputy of one of these: active people of the same line of units who may read posts and do not
    only administer."""
    roles = deciding()
    paths = {grant.unit.path for one in principals for grant in one.grants if grant.role in roles}
    if not paths:
        return []
    above = {part for path in paths for part in path.split("/") if part}
    below = [Unit.path.startswith(path, autoescape=True) for path in paths]
    query = select(User).join(Unit, Unit.id == User.unit_id).where(User.active, or_(Unit.id.in_(above), *below))
    found = db.session.scalars(query.options(*_whole()).order_by(User.name, User.id).limit(500))
    return [user for user in found if _reads(user) and not only_administers(user)]


def _whole() -> tuple[ExecutableOption, ...]:
    """With roles and unit, in a fixed number of queries."""
    return selectinload(User.grants).joinedload(Grant.unit), joinedload(User.unit)


def _standing(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Deputy.starts_at <= now, Deputy.ends_at > now, Deputy.ended_at.is_(None)


def _principal(actor: Actor, user_id: str) -> User:
    user = _person(user_id, "user_id")
    if user is None or not _in_sight(actor, user):
        raise NotFound
    return _in_use(user, "user_id")


def _deputy(actor: Actor, principal: User, user_id: str) -> User:
    """Of those whom the page offers, or whom the actor sees anyway."""
    user = _person(user_id, "deputy_id")
    if user is None or not (_in_sight(actor, user) or (user.active and _in_line(principal, user) and _reads(user))):
        raise NotFound
    return _in_use(user, "deputy_id")


def _person(user_id: str, field: str) -> User | None:
    if not user_id:
        raise _nobody(field)
    return db.session.get(User, user_id)


def _in_use(user: User, field: str) -> User:
    if not user.active:
        raise _nobody(field)
    return user


def _in_sight(actor: Actor, user: User) -> bool:
    return actor.user_id == user.id or actor.may("unit.read", user.unit)


def _nobody(field: str) -> Invalid:
    return Invalid("没有设置。没有选择成员，或此人已停用。请重新选择。", errors={field: ["请选择在用的成员。"]})


def _check_right(actor: Actor, principal: User) -> None:
    if actor.user_id == principal.id and (actor.scopes is None or "review.decide" in actor.scopes):
        return
    if not actor.may("review.configure", principal.unit):
        raise Forbidden("没有设置。代理人只能由本人或本单位管理员设置。请联系本单位管理员。")


def _check_reach(actor: Actor, principal: User, deputy: User) -> None:
    """Nobody hands out what is not theirs to give, nor to themselves: a deputy gets all that the person decides."""
    if actor.user_id == principal.id:
        return
    if actor.user_id == deputy.id:
        raise Forbidden("没有设置。管理员不能把自己设为别人的代理人。请由本人或另一位管理员设置。")
    beyond = _beyond(actor, principal)
    if beyond is not None:
        where = f"“{beyond.name}”" if actor.may("unit.read", beyond) else "其他单位"
        raise Forbidden(f"没有设置。此人在{where}也有审核权限，不归您管理。请由本人设置，或联系该单位的管理员。")


def _beyond(actor: Actor, principal: User) -> Unit | None:
    """A unit where the person decides and the actor configures nothing."""
    roles = deciding()
    units = (grant.unit for grant in principal.grants if grant.role in roles)
    return next((unit for unit in units if not actor.may("review.configure", unit)), None)


def lacks_factor(deputy_id: str, principal: Actor) -> bool:
    """Whether a second factor is asked of the principal that the deputy has not."""
    return asked_of(principal) and not kinds_of(deputy_id)


def _held(principal: User) -> list[str]:
    """The paths of the units where this person decides."""
    roles = deciding()
    return [grant.unit.path for grant in principal.grants if grant.role in roles]


def _in_line(principal: User, deputy: User) -> bool:
    """Whether the deputy is at home above or below a unit where the principal decides."""
    home = deputy.unit.path
    return any(home.startswith(path) or path.startswith(home) for path in _held(principal))


def _check_pair(principal: User, deputy: User) -> None:
    if not _held(principal):
        raise Invalid(
            "没有设置。此人没有审核权限，不需要代理人。请重新选择。", errors={"user_id": ["此人不是审核人。"]}
        )
    if principal.id == deputy.id:
        raise Invalid("没有设置。不能由本人代理本人。请选择另一位成员。", errors={"deputy_id": ["请选择另一位成员。"]})
    if not _in_line(principal, deputy):
        raise Invalid(
            "没有设置。代理人不在同一条单位隶属线上。请选择本单位、上级或下级的成员。",
            errors={"deputy_id": ["请选择本单位、上级或下级的成员。"]},
        )
    if not _reads(deputy):
        raise Invalid(
            "没有设置。代理人没有查看稿件的角色，打不开审核页。请先授予角色，或另选一位。",
            errors={"deputy_id": ["此人不能查看稿件。"]},
        )
    if only_administers(deputy):
        raise Invalid(
            f"没有设置。{deputy.name}担任系统、安全或审计管理，自己不审核稿件，不能代人审核。请另选一位。",
            errors={"deputy_id": ["此人担任三员，不审核稿件。"]},
        )


def _check_hours(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at or ends_at <= now:
        raise Invalid(
            "没有设置。结束时间应晚于开始时间和现在。请重新填写。", errors={"ends_at": ["应晚于开始时间和现在。"]}
        )
    if ends_at - starts_at > LONGEST:
        raise Invalid("没有设置。代理最长一年。请缩短，到期再续。", errors={"ends_at": ["最长一年。"]})


def _reads(user: User) -> bool:
    return actor_for(user).holds("post.read")


def _concerns(actor: Actor, row: Deputy) -> bool:
    return actor.user_id in (row.user_id, row.deputy_id) or actor.may("unit.read", row.user.unit)


def _record(actor: Actor, row: Deputy, action: str, summary: str, now: datetime) -> None:
    hours = {"starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat(), "reason": row.reason}
    record(
        actor,
        action,
        now=now,
        object_type="user",
        object_id=row.user_id,
        unit_id=row.user.unit_id if row.user is not None else "",
        summary=summary,
        after={"deputy": row.deputy_id, **hours, "covers": [dict(one) for one in row.covers]},
    )
