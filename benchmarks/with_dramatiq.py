"""The task for Dramatiq with Redis."""

from __future__ import annotations

import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.work import deliver, environment

broker = RedisBroker(url=environment("REDIS"))
dramatiq.set_broker(broker)


@dramatiq.actor(max_retries=0, actor_name="delivery")
def delivery(number: int) -> None:
    deliver(number)


def enqueue(due: str, first: str, last: str) -> None:
    for number in range(int(first), int(last)):
        delivery.send_with_options(args=(number,), delay=max(0, int((float(due) - time.time()) * 1000)))
