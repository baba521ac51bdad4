"""The task for Procrastinate."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from procrastinate import App, PsycopgConnector

from benchmarks.work import deliver, environment

# Its own work is done on one event loop: a few connections are all it can use.
app = App(connector=PsycopgConnector(conninfo=environment("DSN"), min_size=4, max_size=10))
_threads: ThreadPoolExecutor | None = None


@app.task(name="delivery")
async def delivery(number: int) -> None:
    """In a thread of ours: half the cost of the way in which it runs plain functions itself."""
    await asyncio.get_running_loop().run_in_executor(_threads, deliver, number)


def work(threads: str) -> None:
    global _threads
    _threads = ThreadPoolExecutor(int(threads))
    asyncio.run(_work(int(threads)))


async def _work(threads: int) -> None:
    async with app.open_async():
        # By its default it looks every five seconds.
        await app.run_worker_async(concurrency=threads, fetch_job_polling_interval=0.1)


def enqueue(due: str, first: str, last: str) -> None:
    asyncio.run(_enqueue(datetime.fromtimestamp(float(due), UTC), int(first), int(last)))


async def _enqueue(due: datetime, first: int, last: int) -> None:
    async with app.open_async():
        jobs = app.configure_task("delivery", schedule_at=due)
        await jobs.batch_defer_async(*({"number": number} for number in range(first, last)))


def schema() -> None:
    asyncio.run(_schema())


async def _schema() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
