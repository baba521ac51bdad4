"""That somebody else touched what a person signs in with: that person's bell."""

from __future__ import annotations

from datetime import datetime

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
