"""The task for Dramatiq with Redis. As a program it enqueues: python -m benchmarks.with_dramatiq DUE FIRST LAST."""

from __future__ import annotations

import sys
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.work import deliver, environment

broker = RedisBroker(url=environment("REDIS"))
dramatiq.set_broker(broker)


@dramatiq.actor(max_retries=0, actor_name="delivery")
def delivery(number: int) -> None:
    deliver(number)


if __name__ == "__main__":
    due = float(sys.argv[1])
    for each in range(int(sys.argv[2]), int(sys.argv[3])):
        delivery.send_with_options(args=(each,), delay=max(0, int((due - time.time()) * 1000)))
