"""What the scheduler found out about the installation as a whole, for every web process to tell the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UTCDateTime


class SiteFact(Model):
    """One fact and when it was found. `claimed_at`: when a scheduler last set out to find it."""

    __tablename__ = "site_facts"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    at: Mapped[datetime | None] = mapped_column(UTCDateTime)
