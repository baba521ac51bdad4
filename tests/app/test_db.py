"""The spine: one place commits, transactions nest, the audit chain shows tampering."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.audit.models import Event
from app.audit.services import record, verify
from app.db import InTransaction, atomic, db, release
from app.units.access import SYSTEM
from app.units.models import Unit


def add_two_and_fail(now: datetime) -> None:
    with atomic():
        db.session.add(Unit(name="甲", level="city", created_at=now, path="/a/"))
        with atomic():
            db.session.add(Unit(name="乙", level="city", created_at=now, path="/b/"))
        raise ZeroDivisionError


def test_atomic_commits_once_and_rolls_back_whole(app: Flask, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError):
        add_two_and_fail(now)
    assert db.session.scalars(select(Unit)).all() == []


def test_changes_outside_atomic_are_refused(app: Flask, now: datetime) -> None:
    db.session.add(Unit(name="甲", level="city", created_at=now, path="/a/"))
    with pytest.raises(RuntimeError), atomic():
        pass
    db.session.rollback()


def test_no_platform_may_be_asked_inside_a_transaction(app: Flask) -> None:
    with atomic(), pytest.raises(InTransaction):
        release()


def test_audit_chain_finds_altered_and_removed_rows(app: Flask, now: datetime) -> None:
    for number in range(3):
        record(SYSTEM, "demo.act", now=now, summary=str(number))
    assert verify() == []
    with atomic():
        db.session.execute(text("UPDATE events SET summary = 'x' WHERE seq = 2"))
    assert "第 2 条" in verify()[0]
    with atomic():
        db.session.delete(db.session.scalars(select(Event).where(Event.seq == 3)).one())
    assert any("末尾" in fault for fault in verify())
