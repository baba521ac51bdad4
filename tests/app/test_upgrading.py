"""An upgrade is tried before it is kept: whatever fails leaves the database, and what is in it, as it was."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic.config import Config as AlembicConfig
from flask import Flask
from flask_migrate import downgrade
from flask_migrate import upgrade as migrate
from sqlalchemy import delete, inspect, select, text

from app import create_app
from app.audit.models import Event
from app.config import Config
from app.db import atomic, db, utcnow
from app.errors import Conflict
from app.publishing.models import Worker
from app.system import backup, rows, structure
from app.system.selftest import self_test
from app.system.structure import newest, revision
from app.system.upgrading import upgrade
from tests.app.publishing.kit import Desk

OLDER = "0019"
BROKEN = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{head}"


def upgrade():
    op.create_table("half_done", sa.Column("id", sa.Integer, primary_key=True))
    {last}


def downgrade():
    op.drop_table("half_done")
"""


@pytest.fixture
def older(config: Config, now: datetime) -> Iterator[Flask]:
    """An installation in use, of a structure from before."""
    application = create_app(config)
    with application.app_context():
        migrate()
        Desk(now).approved()
        with atomic():
            db.session.execute(delete(Worker))
        downgrade(revision=OLDER)
        yield application
        db.session.remove()
        db.engine.dispose()


def content() -> dict[str, list[str]]:
    db.session.rollback()
    return {table.name: list(rows.lines_of(table)) for table in rows.standing()}


def test_an_older_database_is_backed_up_and_brought_up_to_date(
    older: Flask, config: Config, now: datetime, tmp_path: Path
) -> None:
    before, file = content(), tmp_path / "before.tar"
    assert {one.key: one.ok for one in self_test(config, now)}["migrations"] is False
    done = upgrade(file, config, now)
    assert (done.before, done.after, revision()) == (OLDER, newest(), newest())
    assert {one.key: one.ok for one in self_test(config, now)}["migrations"] is True
    event = db.session.scalars(select(Event).order_by(Event.seq.desc()).limit(1)).one()
    assert (event.action, event.object_id) == ("system.upgrade", newest())
    # The backup is of the structure that was, row for row: the program of that time restores it.
    with tarfile.open(file) as tar:
        manifest = json.loads(_read(tar, "manifest.json"))
        assert manifest["revision"] == OLDER
        assert set(manifest["tables"]) == set(before)
        for name, lines in before.items():
            assert _read(tar, f"tables/{name}.jsonl").decode().splitlines() == lines, name
    after = content()
    assert all(len(after[name]) >= len(lines) for name, lines in before.items() if name in after)
    # Nothing is left to do, and it says so.
    again = upgrade(tmp_path / "again.tar", config, now)
    assert (again.before, again.after) == (newest(), newest())


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


@pytest.mark.parametrize(
    ("last", "told"),
    [("raise ZeroDivisionError('a step')", "升级脚本出错（a step）"), ("pass", "表结构与程序不符")],
)
def test_a_step_that_fails_leaves_everything_as_it_was(
    older: Flask,
    config: Config,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    last: str,
    told: str,
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    script = BROKEN.replace("{head}", newest()).replace("{last}", last)
    (broken / "9999_broken.py").write_text(script)
    before, later = content(), _later(broken)
    monkeypatch.setattr("app.system.structure.alembic_config", lambda: later)
    with pytest.raises(Conflict, match=r"没有升级。.*数据库已恢复原状") as refused:
        upgrade(tmp_path / "before.tar", config, now)
    assert told in refused.value.message
    assert revision() == OLDER
    assert "half_done" not in inspect(db.engine).get_table_names()
    assert content() == before
    assert (tmp_path / "before.tar").exists()


def _later(folder: Path) -> AlembicConfig:
    """The migrations of a later program: ours, and those of `folder`."""
    config = structure.alembic_config()
    ours = Path(str(config.get_main_option("script_location"))) / "versions"
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{ours}\n{folder}")
    return config


def test_a_record_that_was_tampered_with_stops_it(older: Flask, config: Config, now: datetime, tmp_path: Path) -> None:
    with atomic():
        db.session.execute(text("UPDATE events SET summary = 'nothing happened' WHERE seq = 1"))
    before = content()
    with pytest.raises(Conflict, match="操作记录不完整：第 1 条"):
        upgrade(tmp_path / "before.tar", config, now)
    assert (revision(), content() == before) == (OLDER, True)


def test_it_waits_for_schedulers_to_be_stopped(older: Flask, config: Config, now: datetime, tmp_path: Path) -> None:
    with atomic():
        db.session.add(Worker(id="w1", started_at=now, beat_at=now, version="1"))
    with pytest.raises(Conflict, match="调度进程还在运行"):
        upgrade(tmp_path / "before.tar", config, now)
    assert not (tmp_path / "before.tar").exists()
    assert upgrade(tmp_path / "before.tar", config, now + timedelta(minutes=5)).after == newest()


def test_a_scheduler_that_starts_during_the_backup_stops_it(
    older: Flask, config: Config, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = backup.write

    def slow(path: Path, config: Config, now: datetime) -> backup.Made:
        made = whole(path, config, now)
        with atomic():
            db.session.add(Worker(id="w1", started_at=utcnow(), beat_at=utcnow(), version="1"))
        return made

    monkeypatch.setattr("app.system.backup.write", slow)
    with pytest.raises(Conflict, match="备份期间有调度进程启动了"):
        upgrade(tmp_path / "before.tar", config, now)
    assert revision() == OLDER


def test_what_is_not_ours_in_the_database_is_left_alone(
    older: Flask, config: Config, now: datetime, tmp_path: Path
) -> None:
    """Somebody's own table, of a kind that no backup of ours could hold."""
    with atomic():
        db.session.execute(text("CREATE TABLE their_own (id INTEGER PRIMARY KEY, day DATE)"))
        db.session.execute(text("INSERT INTO their_own VALUES (1, '2026-07-12')"))
    assert upgrade(tmp_path / "before.tar", config, now).after == newest()
    backup.create(tmp_path / "after.tar", config, now)
    for name in ("before.tar", "after.tar"):
        with tarfile.open(tmp_path / name) as tar:
            assert "their_own" not in json.loads(_read(tar, "manifest.json"))["tables"]
    assert db.session.scalar(text("SELECT count(*) FROM their_own")) == 1


def test_a_newer_database_and_a_file_that_exists_are_refused(
    older: Flask, config: Config, now: datetime, tmp_path: Path
) -> None:
    (tmp_path / "before.tar").touch()
    with pytest.raises(Conflict, match="已经存在"):
        upgrade(tmp_path / "before.tar", config, now)
    with atomic():
        db.session.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(Conflict, match="9000 比这个程序新"):
        upgrade(tmp_path / "other.tar", config, now)


def test_by_command(older: Flask, config: Config, now: datetime, tmp_path: Path) -> None:
    told = older.test_cli_runner().invoke(args=["upgrade", str(tmp_path / "before.tar")])
    assert told.exit_code == 0, told.output
    assert f"从 {OLDER} 升级到 {newest()}，自检通过" in told.output
    again = older.test_cli_runner().invoke(args=["upgrade", str(tmp_path / "before.tar")])
    assert again.exit_code == 1
    assert "已经存在" in again.output
