"""The task for Huey with Redis. As a program it enqueues: python -m benchmarks.with_huey DUE FIRST LAST."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from huey import RedisHuey

from benchmarks.work import deliver, environment

huey = RedisHuey("benchmarks", url=environment("REDIS"), results=False)


@huey.task(name="delivery")
def delivery(number: int) -> None:
    deliver(number)


if __name__ == "__main__":
    due = datetime.fromtimestamp(float(sys.argv[1]), UTC)
    for each in range(int(sys.argv[2]), int(sys.argv[3])):
        delivery.schedule((each,), eta=due)
