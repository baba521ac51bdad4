"""The migrations make exactly the models' tables, up and down, on both databases, empty and with rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import CheckConstraint, Column, Table, func, inspect, select, update

from app import create_app
from app.config import Config
from app.db import atomic, db, utcnow
from app.inbox.media import EXPIRED
from app.inbox.models import MessageMedia
from app.search.models import by_hand
from app.search.rebuilding import missing, unindexed

# Where the values below would break a rule of the table.
_OTHERWISE: dict[tuple[str, str], Any] = {
    ("stops", "scope_id"): "",
    ("deliveries", "site"): "",
    ("deliveries", "event_id"): None,
    ("deliveries", "user_id"): None,
    ("blackouts", "scope_id"): "",
    ("blackouts", "ends_at"): datetime(2199, 1, 1, tzinfo=UTC),
    ("reviews", "closed_at"): None,
    ("messages", "status"): None,
    ("message_media", "content"): None,
    ("pack_terms", "until"): None,
    ("grants", "role"): "author",
    ("deputies", "ends_at"): datetime(2199, 1, 1, tzinfo=UTC),
}
_OF_LATER = {
    "0032": ("held_replies",),
    "0030": ("search_docs",),
    "0028": ("handovers", "roles", "site_settings"),
    "0027": ("identities", "identity_providers"),
    "0026": ("mail_addresses",),
    "0023": ("known_devices", "sign_in_failures"),
    "0021": ("shared_uses",),
    "0020": ("found_problems", "review_remarks", "escalations", "review_openings", "deputies"),
    "0019": ("answered_challenges", "passkeys", "recovery_codes", "second_factors", "browser_sessions"),
    "0018": ("media_holds", "media_batches"),
    "0016": ("post_links", "link_verdicts"),
    "0015": ("plan_rows", "plan_imports", "plans", "timetables"),
    "0014": ("post_snapshots", "post_visits", "post_templates"),
    "0013": ("media_tags", "media_uses"),
    "0012": ("pack_hits", "pack_imports", "pack_terms", "pack_versions", "word_packs"),
    "0010": ("site_facts", "tallies"),
    "0008": ("publication_figures",),
    "0007": ("conversation_moves",),
    "0005": ("outgoing_events",),
    "0004": ("blackouts",),
    "0003": ("account_days", "quota_readings"),
    "0002": ("message_media",),
    "0001": ("preview_recipients", "preview_sends"),
}


@pytest.fixture
def empty(config: Config) -> Iterator[Flask]:
    application = create_app(config)
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


def test_up_check_down_up(empty: Flask) -> None:
    upgrade()
    check()
    made = {name for name in inspect(db.engine).get_table_names() if not by_hand(name)}
    assert made == {*db.metadata.tables, "alembic_version"}
    assert missing() == []
    db.session.rollback()
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    upgrade()
    check()


def test_down_and_up_with_a_row_in_every_table(empty: Flask) -> None:
    upgrade()
    _one_row_each()
    standing = set(db.metadata.tables)
    assert _counts(standing) == dict.fromkeys(standing, 1)
    for revision, tables in _OF_LATER.items():
        downgrade(revision=revision)
        standing -= set(tables)
        assert _counts(standing) == dict.fromkeys(standing, 1), revision
        assert not set(tables) & set(inspect(db.engine).get_table_names())
    upgrade()
    check()
    # The file of the message stands again: what it was fetched by is in the message. So does the state of the post.
    standing |= {"message_media", "post_snapshots"}
    assert _counts(standing) == dict.fromkeys(standing, 1)
    # And everything with words is in the search index: the message, the post, the colleague; the contact is erased.
    assert _counts({"search_docs"}) == {"search_docs": 3}
    assert unindexed() == 0
    # Nothing is dropped while somebody reads it.
    db.session.rollback()
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]


@pytest.mark.parametrize(
    ("age", "erased", "expected"),
    [
        (timedelta(days=2), False, ("waiting", "")),
        (timedelta(days=4), False, ("lost", EXPIRED)),
        (timedelta(days=2), True, None),
    ],
)
def test_files_of_messages_from_before(
    empty: Flask, age: timedelta, erased: bool, expected: tuple[str, str] | None
) -> None:
    upgrade()
    _one_row_each()
    downgrade(revision="0002")
    now = utcnow()
    _change_message(sent_at=now - age, created_at=now - age, erased_at=now if erased else None)
    upgrade()
    found = db.session.scalars(select(MessageMedia)).one_or_none()
    assert (found and (found.status, found.why)) == expected
    if found is not None:
        assert (found.message_id, found.account_id, found.position) == ("x", "x", 1)
        assert (found.kind, found.media_id, found.url) == ("image", "m1", "")
        assert (found.created_at, found.tries, found.size) == (now - age, 0, 0)
    db.session.rollback()


@pytest.mark.parametrize(
    ("platform", "pushed", "proven"), [("wechat", False, False), ("wechat", True, True), ("weibo", False, True)]
)
def test_keys_that_no_push_proved(empty: Flask, platform: str, pushed: bool, proven: bool) -> None:
    """WeChat's check of the address counted as a push."""
    upgrade()
    _one_row_each()
    downgrade(revision="0023")
    tables = db.metadata.tables
    with atomic():
        db.session.execute(update(tables["accounts"]).values(platform=platform, callback_refused_at=None))
        db.session.execute(update(tables["tallies"]).values(kind="callback", label="taken" if pushed else "forged"))
    upgrade()
    with db.engine.connect() as connection:
        at = connection.execute(select(tables["accounts"].c.callback_proven_at)).scalar_one()
    assert (at is not None) is proven


def test_the_version_before_finds_somebody_who_gives_rights(empty: Flask) -> None:
    """It knows neither the separated administrators nor roles that people made."""
    upgrade()
    _one_row_each()
    grants = db.metadata.tables["grants"]
    roles = ("security_administrator", "system_administrator", "auditor", "x")
    with atomic():
        db.session.execute(grants.delete())
        for number, role in enumerate(roles):
            db.session.execute(grants.insert().values(id=str(number), user_id="x", role=role, unit_id="x"))
    downgrade(revision="0028")
    with db.engine.connect() as connection:
        assert set(connection.execute(select(grants.c.role)).scalars()) == {"administrator", "auditor"}
    upgrade()


def _one_row_each() -> None:
    with atomic():
        for table in db.metadata.sorted_tables:
            db.session.execute(table.delete())
            db.session.execute(table.insert().values({column.key: _value(table, column) for column in table.c}))
    # The first part names no file: nothing is to be fetched for it.
    media = [{"kind": "image", "url": "", "media_id": ""}, {"kind": "image", "url": "", "media_id": "m1"}]
    _change_message(direction="in", media=media, erased_at=None)


def _change_message(**values: Any) -> None:
    """Of the columns that stand since the first revision."""
    with atomic():
        db.session.execute(update(db.metadata.tables["messages"]).values(**values))


def _value(table: Table, column: Column[Any]) -> Any:
    if (table.name, column.name) in _OTHERWISE:
        return _OTHERWISE[(table.name, column.name)]
    for key in column.foreign_keys:
        return None if key.column.table is table else _value(key.column.table, key.column)
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            listed = re.match(rf"\"?{column.name}\"? (?:IS NULL OR status )?IN \('(\w+)'", str(constraint.sqltext))
            if listed:
                return listed[1]
    return _of_kind(column)


def _of_kind(column: Column[Any]) -> Any:
    kind = column.type.python_type if not isinstance(column.type, sqlalchemy.TypeDecorator) else None
    if column.type.__class__.__name__ == "UTCDateTime" or kind is datetime:
        return utcnow()
    if column.type.__class__.__name__ == "Encrypted":
        return {}
    samples: dict[Any, Any] = {str: "x", int: 1, float: 1.0, bool: True, bytes: b"x", date: utcnow().date()}
    return samples.get(kind, [])


def _counts(tables: set[str]) -> dict[str, int]:
    with db.engine.connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(sqlalchemy.table(name))).scalar_one()
            for name in tables
        }
