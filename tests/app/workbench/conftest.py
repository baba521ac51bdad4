from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.app.inbox.conftest import bearer, browse, city, comment, letter

__all__ = ["bearer", "browse", "city", "comment", "letter"]


@pytest.fixture
def asking(app: Flask) -> Iterator[None]:
    """Inside a request, so that words have a language."""
    with app.test_request_context():
        yield
