"""What the journeys share: the product with its demo data, and a browser."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import fresh_database
from tests.grouping import group_of
from tests.journeys.browser import chromium
from tests.journeys.stack import STANDING, Stack, running


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What was kept running for a group ends with it: after the fixtures that use it, before the database server."""
    STANDING.ends = nextitem is None or group_of(nextitem.nodeid) != group_of(item.nodeid)


@pytest.fixture(scope="module", params=["sqlite"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product with its demo data, as bin/run starts it; shared by the group of the test."""

    @contextlib.contextmanager
    def demo() -> Iterator[Stack]:
        home = tmp_path_factory.mktemp("demo")
        with fresh_database(request, home) as url, running(home, url) as started:
            started.flask("demo", "load")
            yield started

    yield STANDING.get(f"demo {group_of(request.node.nodeid)}", demo)
    STANDING.leave()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started
