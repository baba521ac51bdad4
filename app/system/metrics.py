"""What /metrics tells: read from the database, so that every web process tells the same. No names, few labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.accounts import tallies
from app.config import current
from app.publishing import errands
from app.publishing.models import STATUSES
from app.system import figures, measuring, reaching
from app.system.facts import fact

# An alarm needs a zero, not nothing.
_NO_REPLIES = dict.fromkeys(("queued", "sending", "sent", "failed", "unknown"), 0)


class Collector:
    """As prometheus_client asks its collectors."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from _queue(self._now)
        yield from _schedulers(self._now)
        yield from _platforms()
        yield from _measured()
        yield from _site()


def _queue(now: datetime) -> Iterator[Metric]:
    counts = {**dict.fromkeys(STATUSES, 0), **figures.publications_by_status()}
    yield _gauge("tandem_publications", "Publications by status.", counts, "status")
    yield _gauge("tandem_replies", "Replies by status.", {**_NO_REPLIES, **figures.replies_by_status()}, "status")
    yield _one(
        "tandem_conversations_waiting", "Conversations that wait for an answer.", figures.conversations_waiting()
    )
    lag = figures.lag_seconds(now)
    yield _one("tandem_lag_seconds", "How late the most overdue publication is that waits to be sent.", lag)
    oldest, people = figures.oldest_due(), figures.oldest_for_people()
    if oldest is not None:
        yield _one(
            "tandem_oldest_due_timestamp_seconds", "Earliest hour of what is to go by itself.", oldest.timestamp()
        )
    age = (now - people).total_seconds() if people else 0
    yield _one("tandem_attention_age_seconds", "How long the oldest publication waits for a person.", age)
    stuck = errands.count_stuck()
    yield _one("tandem_errands_stuck", "Deletions of drafts and recalls at which our program fails repeatedly.", stuck)
    outbox = figures.deliveries_by_status()
    yield _gauge("tandem_outbox_deliveries", "Alarms by e-mail and webhook not sent, by status.", outbox, "status")


def _schedulers(now: datetime) -> Iterator[Metric]:
    beats = [worker.beat_at for worker in figures.recent_workers(now) if worker.stopped_at is None]
    age = (now - max(beats)).total_seconds() if beats else -1.0
    yield _one("tandem_scheduler_beat_age_seconds", "Age of the newest heartbeat; -1: none within a day.", age)
    live = figures.live_workers(now, current().heartbeat_seconds)
    yield _one("tandem_schedulers_alive", "Schedulers that have not missed three beats.", len(live))
    skew = max((abs(worker.clock_skew) for worker in live), default=0.0)
    yield _one("tandem_clock_skew_seconds", "Furthest clock of a live scheduler from the database's.", skew)
    lag = max((worker.lag_seconds for worker in live), default=0.0)
    yield _one(
        "tandem_scheduler_lag_seconds", "How late a live scheduler found something due since its last beat.", lag
    )
    looked = [(now - worker.looked_at).total_seconds() for worker in live if worker.looked_at is not None]
    yield _one(
        "tandem_scheduler_look_age_seconds", "Since the publisher of a live scheduler looked.", max(looked, default=0)
    )
    yield _one("tandem_scheduler_busy", "Pieces of work in flight.", sum(worker.busy for worker in live))
    yield _one(
        "tandem_scheduler_threads", "Pieces of work that may be in flight.", sum(worker.threads for worker in live)
    )


def _platforms() -> Iterator[Metric]:
    """Totals since the accounts were connected."""
    for kind, name, help_, label in (
        (tallies.CALL, "tandem_platform_calls", "Calls to the platforms by class of answer.", "answer"),
        (tallies.ATTEMPT, "tandem_attempts", "Attempts to publish by how the call ended.", "outcome"),
        (tallies.CALLBACK, "tandem_callbacks", "Callbacks of the platforms by verdict.", "verdict"),
    ):
        family = CounterMetricFamily(name, help_, labels=["platform", label])
        for (platform, value), total in sorted(tallies.by_platform(kind).items()):
            family.add_metric([platform, value], total)
        yield family


def _measured() -> Iterator[Metric]:
    row = fact(measuring.KEY)
    if row is None or row.at is None:
        return
    found: Mapping[str, Any] = row.value
    yield _one("tandem_measured_timestamp_seconds", "When the figures below were worked out.", row.at.timestamp())
    used = dict(found.get("quota_used") or {})
    yield _gauge("tandem_quota_used_ratio", "Fullest quota of any account (1: spent or blocked).", used, "platform")
    skew = dict(found.get("skew") or {})
    yield _gauge("tandem_pair_skew_seconds", "Seconds between partners, last 24 hours.", skew, "quantile")
    yield _one("tandem_pairs", "Posts out on more than one account, last 24 hours.", found.get("pairs") or 0)


def _site() -> Iterator[Metric]:
    last = reaching.last()
    if last is not None:
        yield _one("tandem_public_url_up", "Whether the public address led here when last tried.", int(not last.why))
        yield _one("tandem_public_url_tried_timestamp_seconds", "When that was.", last.at.timestamp())
    yield _one("tandem_database_bytes", "Size of the database.", figures.database().size)


def _gauge(name: str, help_: str, values: Mapping[str, float], label: str) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for key, value in _sorted(values):
        family.add_metric([key], value)
    return family


def _one(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_, value=float(value))


def _sorted(values: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    return sorted((str(key), float(value)) for key, value in values.items())
