"""That somebody touched what a person signs in with: that person's bell."""

from __future__ import annotations

from datetime import datetime

from app.audit.words import ACTIONS
from app.db import new_id
from app.notices.outbox import tell
from app.units.access import Actor
from app.units.models import User


def tell_of_reset(user: User, actor: Actor, now: datetime) -> None:
    """Hook of units: the person whose second factor was reset, in the transaction of the reset."""
    tell(
        key=f"second_factor:{user.id}:{new_id()}",
        kind="trust",
        level="info",
        unit_id=user.unit_id,
        user_id=user.id,
        title="您的两步验证已被重置",
        body=f"{actor.name}重置了您的两步验证，验证器、通行密钥和恢复码已全部作废。请马上重新设置；不是您要求的，请立即联系本单位管理员。",
        path="/settings/profile",
        now=now,
    )


def tell_of_own_change(user: User, action: str, now: datetime) -> None:
    """Hook of units: the owner, of what was done in their name, in its transaction."""
    tell(
        key=f"factors:{user.id}:{new_id()}",
        kind="trust",
        level="info",
        unit_id=user.unit_id,
        user_id=user.id,
        title=f"您的登录方式有变动：{ACTIONS[action]}",
        body="如果不是您本人操作，请立即修改密码、退出其他登录，并联系本单位管理员重置两步验证。",
        path="/settings/profile",
        now=now,
    )


def tell_of_edit(user: User, actor: Actor, words: str, now: datetime) -> None:
    """Hook of units: the person whose name, address or unit was changed, in the transaction of the change."""
    tell(
        key=f"details:{user.id}:{new_id()}",
        kind="trust",
        level="info",
        unit_id=user.unit_id,
        user_id=user.id,
        title="您的成员信息已修改",
        body=f"{actor.name}作了修改：{words}。不对的，请联系本单位管理员。",
        path="/settings/profile",
        now=now,
    )
