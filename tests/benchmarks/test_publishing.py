"""The benchmark's harness works: real processes, a few deliveries, no figures asserted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.bare import Bare
from benchmarks.calls import mark_of
from benchmarks.contestant import Contestant, Stage
from benchmarks.measure import figures
from benchmarks.running import run
from benchmarks.servers import Standin
from benchmarks.tandem import TandemSqlite

N, WARM = 20, 4


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    platform = Standin()
    yield Stage(home=tmp_path, platform=platform, total=N + WARM)
    platform.stop()


@pytest.mark.parametrize("kind", [Bare, TandemSqlite])
def test_all_that_is_due_goes_out_once_and_is_recorded(stage: Stage, kind: type[Contestant]) -> None:
    found = run(kind(stage, 1, 8), 0.0, range(N))
    assert found["finished"]
    assert (found["delivered"], found["recorded"], found["doubles"], found["lost"]) == (N, N, 0, 0)
    assert found["strays"] == {}
    assert found["start_min_ms"] >= 0


def test_what_is_doubled_lost_and_out_of_step_is_counted() -> None:
    due = 1000.0
    arrivals = [(due + at, "weibo", "5", mark_of(number)) for number, at in ((0, 1.0), (1, 1.5), (2, 2.0), (2, 2.5))]
    found = figures(arrivals, due, range(4))
    assert (found["delivered"], found["doubles"], found["lost"]) == (3, 1, 1)
    assert found["pair_p99_ms"] == pytest.approx(500)
    assert (found["start_min_ms"], found["start_p99_ms"]) == (pytest.approx(1000), pytest.approx(2000))
    assert (found["per_second"], found["per_second_from_due"]) == (pytest.approx(2), pytest.approx(1.5))
