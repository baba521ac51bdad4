"""What a stop or a black-out covers: the whole site, a unit with those below it, or one account."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select

from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.db import db
from app.errors import Forbidden, Invalid, NotFound
from app.publishing.models import Blackout, Stop
from app.units.access import Actor
from app.units.models import Unit

SCOPES = {"site": "全站", "unit": "单位", "account": "账号"}
MANAGE = "stop.manage"


# A row with a scope; `scope_id` is "" for the whole site.
Scoped = Stop | Blackout


def covers(kind: type[Scoped], account: Account) -> ColumnElement[bool]:
    """Those rows of `kind` whose scope this account is in."""
    units = [part for part in account.unit.path.split("/") if part]
    return or_(
        kind.scope == "site",
        and_(kind.scope == "account", kind.scope_id == account.id),
        and_(kind.scope == "unit", kind.scope_id.in_(units)),
    )


def name_of(row: Scoped) -> str:
    """The scope in words: 全站, the unit's name, or the account's with its platform, since both often bear one name."""
    if row.scope == "site":
        return SCOPES["site"]
    if row.scope == "unit":
        unit = db.session.get(Unit, row.scope_id)
        return unit.name if unit else row.scope_id
    account = db.session.get(Account, row.scope_id)
    return f"{PLATFORMS[account.platform].label}·{account.name}" if account else row.scope_id


def require(actor: Actor, scope: str, scope_id: str | None) -> Unit | None:
    """The unit of the scope, None for the site. Raises Invalid, Forbidden, or NotFound for what is not theirs to see."""
    if scope not in SCOPES:
        raise Invalid("范围不对。只能是全站、单位或账号。请重新选择。", errors={"scope": ["请选择范围。"]})
    if scope == "site":
        roots = db.session.scalars(select(Unit).where(Unit.parent_id.is_(None))).all()
        if not actor.system and not any(actor.may(MANAGE, root) for root in roots):
            raise Forbidden("您不能管全站的发布。这需要最上级单位的“暂停发布”权限。请联系最上级单位的管理员。")
        return None
    return actor.require(MANAGE, _unit(scope, scope_id), see="unit.read")


def may(actor: Actor, row: Scoped) -> bool:
    """Whether this person may end or change it."""
    try:
        require(actor, row.scope, row.scope_id)
    except (Forbidden, NotFound):
        return False
    return True


def concerns(actor: Actor, row: Scoped) -> bool:
    """Whether it bears on anything that this person may see."""
    if row.scope == "site":
        return True
    unit = _unit(row.scope, row.scope_id)
    # One of a higher unit concerns everyone below it.
    return unit is not None and (
        actor.may("post.read", unit)
        or actor.may(MANAGE, unit)
        or any(path.startswith(unit.path) for path in actor.paths("post.read"))
    )


def _unit(scope: str, scope_id: str | None) -> Unit | None:
    if scope == "account":
        account = db.session.get(Account, scope_id) if scope_id else None
        return account.unit if account else None
    return db.session.get(Unit, scope_id) if scope_id else None
