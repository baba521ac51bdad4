"""What the report's charts show, gathered for its page from the rooms that own the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as lazy

from app.accounts.forms import PLATFORMS
from app.days import edges
from app.inbox import services as inbox
from app.inspection import services
from app.inspection.dormancy import Dormancy
from app.inspection.rules import VETO_AT
from app.publishing.figures import in_step
from app.units.access import Actor

# A chart has room for so many accounts; the table above has them all.
MOST_ACCOUNTS = 20
# The words and colours of inbox.FIRST_ANSWER_STEPS and of what took longer.
FIRST_STEPS = (
    (lazy("15 分钟内"), "green"),
    (lazy("1 小时内"), "green"),
    (lazy("4 小时内"), "green"),
    (lazy("24 小时内"), "green"),
    (lazy("3 天内"), "amber"),
    (lazy("3 天以上"), "orange"),
)


def charts(
    actor: Actor,
    states: Sequence[Dormancy],
    moments: Mapping[str, Sequence[datetime]],
    days: Sequence[date],
    now: datetime,
    unit_id: str,
) -> dict[str, Any]:
    """The values of inspection/_charts.html; None for what the actor may not see."""
    counted = services.published_per_day(actor, days, unit_id=unit_id)
    gaps = services.longest_gaps(states, moments, days, now)
    inbox_seen = actor.holds("inbox.read")
    return {
        "platforms": list(PLATFORMS),
        "per_day": {platform: counted.get(platform, [0] * len(days)) for platform in PLATFORMS},
        "gaps": gaps[:MOST_ACCOUNTS],
        "gaps_more": len(gaps) > MOST_ACCOUNTS,
        "veto_at": VETO_AT,
        "arrived": inbox.arrived(actor, days, unit_id=unit_id) if inbox_seen else None,
        "first": inbox.first_answers(actor, days, unit_id=unit_id) if inbox_seen else None,
        "first_steps": FIRST_STEPS,
        "steps": in_step(actor, edges(days)[-1], unit_id=unit_id) if actor.holds("post.read") else None,
    }
