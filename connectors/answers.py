"""In which class an answer falls, for counting: both platforms tell refusals in the body, mostly under status 200."""

from __future__ import annotations

import re
from typing import Literal

from connectors.values import Exchange

Class = Literal["ok", "refused", "fault", "none"]
_REFUSAL = re.compile(r'"(?:errcode|error_code)"\s*:\s*"?(-?\d+)')


def class_of(exchange: Exchange) -> Class:
    """none: no answer came; fault: 5xx, or no readable answer; refused: a code of the platform's or 4xx; else ok."""
    if exchange.status is None:
        return "none"
    if exchange.status >= 500:
        return "fault"
    told = _REFUSAL.search(exchange.answer[:2000])
    if exchange.status >= 400 or (told is not None and int(told[1]) != 0):
        return "refused"
    return "ok"
