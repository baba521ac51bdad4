"""The task for Huey with Redis."""

from __future__ import annotations

from datetime import UTC, datetime

from huey import RedisHuey

from benchmarks.work import deliver, environment

huey = RedisHuey("benchmarks", url=environment("REDIS"), results=False)


@huey.task(name="delivery")
def delivery(number: int) -> None:
    deliver(number)


def enqueue(due: str, first: str, last: str) -> None:
    at = datetime.fromtimestamp(float(due), UTC)
    for number in range(int(first), int(last)):
        delivery.schedule((number,), eta=at)
