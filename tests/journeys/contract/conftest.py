"""One running product per kind of database, with a city, a district below it and a stranger's city beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.conftest import fresh_database
from tests.journeys.contract.kit import Place
from tests.journeys.stack import STANDING, found_city, make_people, make_unit, running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    @contextlib.contextmanager
    def made() -> Iterator[Place]:
        home = tmp_path_factory.mktemp("contract")
        with fresh_database(request, home) as url, running(home, url) as stack:
            city = found_city(stack)
            district = make_unit(stack, "城东区", "county", city.unit)
            other = make_unit(stack, "赤岭市政府办", "city", None)
            every = ("author", "reviewer", "publisher", "responder", "administrator", "auditor", "inspector")
            city.people |= make_people(stack, other, {"stranger": every})
            city.people |= make_people(stack, district, {"below": every})
            city.people |= make_people(stack, city.unit, {"inspector": ("inspector",), "auditor": ("auditor",)})
            yield Place(city=city, district=district, other=other)

    yield STANDING.get(f"contract {request.param}", made)
    STANDING.leave()
