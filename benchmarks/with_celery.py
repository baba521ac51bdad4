"""The task for Celery with Redis. As a program it enqueues: python -m benchmarks.with_celery DUE FIRST LAST."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from celery import Celery

from benchmarks.work import deliver, environment

app = Celery("benchmarks", broker=environment("REDIS"))
app.conf.update(
    task_ignore_result=True,
    # Acknowledged when done: by its default a killed worker loses what it had taken.
    task_acks_late=True,
    broker_transport_options={"visibility_timeout": 3600},
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task
def delivery(number: int) -> None:
    deliver(number)


if __name__ == "__main__":
    due = datetime.fromtimestamp(float(sys.argv[1]), UTC)
    with app.producer_pool.acquire(block=True) as producer:
        for each in range(int(sys.argv[2]), int(sys.argv[3])):
            app.send_task("benchmarks.with_celery.delivery", (each,), eta=due, producer=producer)
