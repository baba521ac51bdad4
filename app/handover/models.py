"""Handover: what was handed over when somebody left (离任交接), kept as it was agreed, for printing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UTCDateTime, new_id
from app.units.models import Unit, User


class Handover(Model):
    """`groups`: [{"title", "lines": [{"words", "detail", "outcome"}]}], as the preview showed them; no citizen's name."""

    __tablename__ = "handovers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    made_by: Mapped[str] = mapped_column(String(32))
    made_by_name: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(200), default="")
    groups: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    user: Mapped[User] = relationship()
    unit: Mapped[Unit] = relationship()
