"""Several threads, one transaction: nobody waits for company, everybody gets the own answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from app.gathering import Apart, Gathering
from tests.patience import wait_for


class Work:
    """Counts what is done; the first company is held up at `gate` until others came."""

    def __init__(self) -> None:
        self.companies: list[list[int]] = []
        self.alone: list[int] = []
        self.gate = threading.Event()
        self.trouble: Exception | None = None

    def together(self, asked: Sequence[int]) -> list[int | Exception]:
        self.companies.append(sorted(asked))
        assert self.gate.wait(60)
        if self.trouble is not None:
            raise self.trouble
        return [ValueError(f"{number} is odd") if number % 2 else number * 10 for number in asked]

    def one(self, asked: int) -> int:
        self.alone.append(asked)
        return asked * 10


def meet(work: Work, gathering: Gathering[int, int], numbers: Sequence[int]) -> dict[int, Future[int]]:
    """The first is at it, the others come meanwhile, and go together when it is done."""
    with ThreadPoolExecutor(len(numbers) + 1) as pool:
        first = pool.submit(gathering.do, 0)
        wait_for("the first is at it", lambda: work.companies == [[0]])
        found = {number: pool.submit(gathering.do, number) for number in numbers}
        wait_for("the others wait", lambda: len(gathering._waiting) == len(numbers))
        work.gate.set()
        assert first.result() == 0
    return found


@pytest.fixture
def work() -> Work:
    return Work()


def test_nobody_waits_for_company(work: Work) -> None:
    work.gate.set()
    gathering = Gathering(work.together, work.one)
    assert [gathering.do(number) for number in (2, 4)] == [20, 40]
    assert work.companies == [[2], [4]]


def test_who_comes_meanwhile_goes_with_the_next(work: Work) -> None:
    found = meet(work, Gathering(work.together, work.one), [1, 2, 3, 4])
    assert work.companies == [[0], [1, 2, 3, 4]]
    assert [found[number].result() for number in (2, 4)] == [20, 40]
    for number in (1, 3):
        with pytest.raises(ValueError, match=f"{number} is odd"):
            found[number].result()
    assert work.alone == []


def test_a_company_has_a_limit(work: Work) -> None:
    found = meet(work, Gathering(work.together, work.one, most=2), [2, 4, 6, 8])
    assert [len(company) for company in work.companies] == [1, 2, 2]
    assert {number: told.result() for number, told in found.items()} == {number: number * 10 for number in found}


@pytest.mark.parametrize("trouble", [Apart, lambda: RuntimeError("the database went away")])
def test_after_trouble_each_does_its_own(work: Work, trouble: Callable[[], Exception]) -> None:
    work.trouble = trouble()
    found = meet(work, Gathering(work.together, work.one), [2, 3])
    assert [found[number].result() for number in (2, 3)] == [20, 30]
    assert sorted(work.alone) == [0, 2, 3]


def test_hundreds_in_a_hurry_each_hear_their_own(work: Work) -> None:
    work.gate.set()
    gathering = Gathering(work.together, work.one)
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(gathering.do, range(0, 2000, 2))) == list(range(0, 20000, 20))
    assert sum(map(len, work.companies)) == 1000
