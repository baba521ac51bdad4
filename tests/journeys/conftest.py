"""What the journeys share: the product with its demo data, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import fresh_database
from tests.journeys.browser import chromium
from tests.journeys.stack import Stack, running


@pytest.fixture(scope="module", params=["sqlite"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product with its demo data, as bin/run starts it."""
    home = tmp_path_factory.mktemp("demo")
    with fresh_database(request, home) as url, running(home, url) as started:
        started.flask("demo", "load")
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started
