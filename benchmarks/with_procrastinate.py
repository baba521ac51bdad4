"""The task for Procrastinate. python -m benchmarks.with_procrastinate schema | work THREADS | DUE FIRST LAST."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from procrastinate import App, PsycopgConnector

from benchmarks.work import deliver, environment

# Its own work is done on one event loop: a few connections are all it can use.
app = App(connector=PsycopgConnector(conninfo=environment("DSN"), min_size=4, max_size=10))


@app.task(name="delivery")
def delivery(number: int) -> None:
    """A plain function, which it runs in the loop's threads."""
    deliver(number)


async def _work(threads: int) -> None:
    # By default there are as many threads as cores and four.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
    async with app.open_async():
        await app.run_worker_async(
            concurrency=threads, fetch_job_polling_interval=0.1, delete_jobs="successful", install_signal_handlers=True
        )


async def _enqueue(due: datetime, first: int, last: int) -> None:
    async with app.open_async():
        await app.configure_task("delivery", schedule_at=due).batch_defer_async(
            *({"number": number} for number in range(first, last))
        )


async def _schema() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


if __name__ == "__main__":
    if sys.argv[1] == "schema":
        asyncio.run(_schema())
    elif sys.argv[1] == "work":
        asyncio.run(_work(int(sys.argv[2])))
    else:
        at = datetime.fromtimestamp(float(sys.argv[1]), UTC)
        asyncio.run(_enqueue(at, int(sys.argv[2]), int(sys.argv[3])))
