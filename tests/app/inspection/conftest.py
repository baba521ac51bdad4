from __future__ import annotations

from tests.app.inbox.conftest import bearer, browse, city

__all__ = ["bearer", "browse", "city"]
