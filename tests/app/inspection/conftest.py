from __future__ import annotations

from tests.app.inbox.conftest import bearer, browse, city, letter

__all__ = ["bearer", "browse", "city", "letter"]
