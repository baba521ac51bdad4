"""Who may do what where: permission keys, the built-in roles, and the Actor that every service is given. No Flask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from app.db import db
from app.errors import Conflict, Forbidden, NotFound
from app.units.models import Grant, Role, Unit, User
from app.words import N_

# key -> Chinese name, shown where roles are edited and where something is refused.
PERMISSIONS: dict[str, str] = {
    "unit.read": N_("查看单位"),
    "unit.manage": N_("管理单位"),
    "user.manage": N_("管理成员"),
    "role.manage": N_("授予角色"),
    "security.manage": N_("管理登录安全"),
    "account.read": N_("查看账号"),
    "account.manage": N_("接入和管理账号"),
    "media.read": N_("查看素材"),
    "media.write": N_("上传素材"),
    "post.read": N_("查看稿件"),
    "post.write": N_("撰写稿件"),
    "post.schedule": N_("排期发布"),
    "pack.manage": N_("维护词库"),
    "template.manage": N_("管理写稿模板"),
    "review.decide": N_("审核稿件"),
    "review.configure": N_("设置审核流程"),
    "publication.manage": N_("处置发布"),
    "stop.manage": N_("暂停发布"),
    "inbox.read": N_("查看收件箱"),
    "inbox.reply": N_("回复公众"),
    "reply.approve": N_("审核回复"),
    "inbox.assign": N_("分派和转办"),
    "finding.read": N_("查看检查结果"),
    "event.read": N_("查看操作记录"),
    "system.read": N_("查看系统状态"),
}

_READ = ("unit.read", "account.read", "media.read", "post.read", "inbox.read", "finding.read", "system.read")

ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "administrator": (
        N_("管理员"),
        frozenset(
            {
                *_READ,
                "unit.manage",
                "user.manage",
                "role.manage",
                "security.manage",
                "account.manage",
                "pack.manage",
                "review.configure",
                "stop.manage",
                "event.read",
                "template.manage",
            }
        ),
    ),
    "author": (
        N_("拟稿人"),
        frozenset(
            {"unit.read", "account.read", "media.read", "media.write", "post.read", "post.write", "post.schedule"}
        ),
    ),
    "reviewer": (
        N_("审核人"),
        frozenset({"unit.read", "account.read", "media.read", "post.read", "review.decide", "reply.approve"}),
    ),
    "publisher": (
        N_("发布人"),
        frozenset({"unit.read", "account.read", "media.read", "post.read", "publication.manage", "stop.manage"}),
    ),
    "responder": (
        N_("回复人"),
        frozenset(
            {"unit.read", "account.read", "media.read", "post.read", "inbox.read", "inbox.reply", "inbox.assign"}
        ),
    ),
    "inspector": (N_("督查员"), frozenset(_READ)),
    "auditor": (N_("审计管理员"), frozenset({"unit.read", "event.read"})),
    # With the auditor the three separated administrators (三员): see offices.py.
    "system_administrator": (
        N_("系统管理员"),
        frozenset({"unit.read", "account.read", "system.read", "unit.manage", "user.manage", "account.manage"}),
    ),
    "security_administrator": (
        N_("安全管理员"),
        frozenset({"unit.read", "role.manage", "security.manage", "review.configure"}),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Held:
    """A role held in a unit; valid for every unit whose path starts with `path`. `keys`: of a role that people made (None: of
    the built-in one)."""

    role: str
    path: str
    keys: frozenset[str] | None = None

    def gives(self, key: str) -> bool:
        keys = self.keys if self.keys is not None else ROLES.get(self.role, ("", frozenset()))[1]
        return key in keys


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The person (or the system) on whose behalf a service acts. `scopes` None: no token limits apply.

    `origin` is the address the request came from, for the audit log and for Weibo's rip; `session_id` the browser session by
    which the person was recognised ("" for tokens and commands): it may be ended while the request is under way.
    """

    user_id: str
    name: str
    unit_id: str = ""
    held: tuple[Held, ...] = ()
    scopes: frozenset[str] | None = None
    origin: str = ""
    session_id: str = ""
    system: bool = False

    def paths(self, key: str) -> tuple[str, ...]:
        """The subtrees in which this actor holds `key`."""
        if self.scopes is not None and key not in self.scopes:
            return ()
        return tuple(held.path for held in self.held if held.gives(key))

    def holds(self, key: str) -> bool:
        """Whether the key is held anywhere."""
        return self.system or bool(self.paths(key))

    def may(self, key: str, unit: Unit) -> bool:
        return self.system or any(unit.path.startswith(path) for path in self.paths(key))

    def require(self, key: str, unit: Unit | None, *, see: str) -> Unit:
        """The unit, or NotFound when the actor may not even `see` there, Forbidden when it may see but not do `key`."""
        if unit is None or not (self.may(see, unit) or self.may(key, unit)):
            raise NotFound
        if not self.may(key, unit):
            raise Forbidden(
                f"您没有“{PERMISSIONS[key]}”的权限。该操作需要相应角色。请联系本单位管理员授权，或转交有权限的同事办理。"
            )
        return unit


SYSTEM = Actor(user_id="", name="系统", system=True)


def actor_for(user: User, *, scopes: frozenset[str] | None = None, origin: str = "", session_id: str = "") -> Actor:
    """The actor of a signed-in user."""
    return Actor(
        user_id=user.id,
        name=user.name,
        unit_id=user.unit_id,
        held=tuple(held_by(grant) for grant in user.grants),
        scopes=scopes,
        origin=origin,
        session_id=session_id,
    )


def held_by(grant: Grant) -> Held:
    """Read with every request: a role that was changed is so at once, for open sessions and tokens, too."""
    keys = None if grant.role in ROLES else keys_of(grant.role)
    return Held(role=grant.role, path=grant.unit.path, keys=keys)


def keys_of(role: str) -> frozenset[str]:
    """What a role permits, built-in or made by people; nothing when there is none of that key, or it is retired."""
    if role in ROLES:
        return ROLES[role][1]
    made = db.session.get(Role, role)
    return (
        frozenset(made.permissions) & PERMISSIONS.keys()
        if made is not None and made.retired_at is None
        else frozenset()
    )


def visible(actor: Actor, key: str, unit_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """An SQL condition: `unit_id` lies in a subtree where the actor holds `key`."""
    if actor.system:
        return unit_id.is_not(None)
    paths = actor.paths(key)
    if not paths:
        return false()
    return unit_id.in_(select(Unit.id).where(or_(*(Unit.path.startswith(path, autoescape=True) for path in paths))))


def below(unit_id: str, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """An SQL condition: `column` lies in that unit's subtree; everything does when `unit_id` is "" or nobody's."""
    unit = db.session.get(Unit, unit_id) if unit_id else None
    if unit is None:
        return true()
    return column.in_(select(Unit.id).where(Unit.path.startswith(unit.path, autoescape=True)))


def unit_for(actor: Actor, key: str, unit_id: str | None, *, see: str = "unit.read", instead: str = "") -> Unit:
    """The unit by id, checked with Actor.require; `instead`: a permission that does as well, where there is one.
    Raises Conflict where something is to be done in a unit that is closed."""
    unit = db.session.get(Unit, unit_id) if unit_id else None
    if instead and unit is not None and actor.may(instead, unit):
        return unit if key.endswith(".read") else _open(unit)
    found = actor.require(key, unit, see=see)
    return found if key.endswith(".read") else _open(found)


def _open(unit: Unit) -> Unit:
    if unit.closed_at is not None:
        raise Conflict(f"没有办理。“{unit.name}”已关闭。请改选其他单位，或请单位管理员重新启用它。")
    return unit
