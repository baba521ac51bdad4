"""The task for Celery with Redis."""

from __future__ import annotations

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


def enqueue(due: str, first: str, last: str) -> None:
    at = datetime.fromtimestamp(float(due), UTC)
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(int(first), int(last)):
            delivery.apply_async((number,), eta=at, producer=producer)
