"""WeChat's refusals: HTTP 200 with ``errcode`` and ``errmsg``, the latter ending in a rid."""

from __future__ import annotations

import os
import time
from typing import Any

from connectors.simulator.wechat.texts import TEXTS


class WeChatError(Exception):
    """An errcode; ``extra`` keys stand beside it in the answer (45065 carries msg_id, 88001 an empty list)."""

    def __init__(self, code: int, text: str = "", **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.text = text or TEXTS.get(code, "system error")
        self.extra = extra

    def body(self, rid: str) -> dict[str, Any]:
        # 45065 and 47009 are on record without a rid.
        bare = self.code in (45065, 47009)
        return {"errcode": self.code, "errmsg": self.text if bare else f"{self.text} rid: {rid}", **self.extra}


def new_rid() -> str:
    return f"{int(time.time()):08x}-{os.urandom(4).hex()}-{os.urandom(4).hex()}"
