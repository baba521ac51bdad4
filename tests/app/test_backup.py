"""Backup, restore and turning keys: everything comes back, nothing goes out by itself, and no key is lost."""

from __future__ import annotations

import contextlib
import dataclasses
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select, text

from app import create_app
from app.accounts.models import Account
from app.audit.services import verify
from app.config import Config, load
from app.db import atomic, db
from app.errors import Conflict, Invalid, Unauthenticated
from app.inbox.models import Contact, Conversation, Message, MessageMedia
from app.media import services as media
from app.media.blobs import path_of
from app.publishing import services as publishing
from app.publishing.models import Publication, Stop
from app.sealing import use_keys
from app.system import backup, keys, restoring, rows
from app.units import devices, second_factor
from app.units import services as units
from app.units.access import SYSTEM
from app.units.models import Unit, User
from app.units.open_sessions import open_session
from app.units.tokens import actor_by_token, issue_token
from tests.app.publishing.kit import Desk, row
from tests.conftest import fresh_database

PICTURE = Path(__file__).resolve().parents[1] / "samples" / "images" / "cover-rain.jpg"


@contextlib.contextmanager
def installation(request: pytest.FixtureRequest, kind: str, home: Path, **env: str) -> Iterator[Config]:
    """A migrated, empty installation with keys in files, inside its application context."""
    home.mkdir()
    asked: Any = SimpleNamespace(param=kind, getfixturevalue=request.getfixturevalue)
    with fresh_database(asked, home) as url:
        config = load({"TANDEM_INSTANCE_PATH": str(home), "TANDEM_DATABASE_URL": url, **env})
        app = create_app(config)
        with app.app_context():
            upgrade()
            try:
                yield config
            finally:
                db.session.remove()
                db.engine.dispose()


def fill(now: datetime) -> dict[str, str]:
    """A city with a post on the schedule whose hour comes, a picture, and an answer on its way."""
    desk = Desk(now)
    kept = media.add_media(desk.author, unit_id=desk.city.id, name="封面.jpg", content=PICTURE.read_bytes(), now=now)
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(minutes=30), now=now)
    later = desk.approved("明年的通知", [desk.weibo])
    publishing.schedule(desk.author, later.id, publish_at=now + timedelta(days=200), now=now)
    with atomic():
        # Names sort before their parents: what points at its own table must not depend on the order.
        db.session.add(Unit(id="000", name="市住建局", level="county", parent_id=desk.city.id, created_at=now))
        contact = Contact(account_id=desk.weibo.id, external_id="777", name="市民甲", created_at=now)
        db.session.add(contact)
        db.session.flush()
        conversation = Conversation(
            account_id=desk.weibo.id,
            unit_id=desk.city.id,
            contact_id=contact.id,
            kind="comment",
            thread="777:500",
            last_message_at=now,
            created_at=now,
        )
        db.session.add(conversation)
        db.session.flush()
        answer = Message(
            conversation_id=conversation.id,
            account_id=desk.weibo.id,
            direction="out",
            text="已转住建局。",
            status="queued",
            sent_at=now,
            next_attempt_at=now,
            created_at=now,
        )
        db.session.add(answer)
        db.session.flush()
        sent = PICTURE.read_bytes()
        values = {"status": "kept", "content": sent, "content_type": "image/jpeg", "size": len(sent)}
        for position in range(10):
            db.session.add(
                MessageMedia(
                    message_id=answer.id,
                    account_id=desk.weibo.id,
                    position=position,
                    kind="image",
                    next_try_at=now,
                    created_at=now,
                    **values,
                )
            )
        return {"post": post.id, "weibo": desk.weibo.id, "media": kept.sha256, "answer": answer.id}


@pytest.mark.parametrize("kinds", [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("sqlite", "postgresql")])
def test_everything_comes_back_and_waits(
    request: pytest.FixtureRequest, tmp_path: Path, now: datetime, kinds: tuple[str, str]
) -> None:
    file = tmp_path / "tandem.tar"
    with installation(request, kinds[0], tmp_path / "old") as config:
        made = fill(now)
        done = backup.create(file, config, now)
        assert done.rows > 20
        assert done.media >= 1
        assert (done.missing, set(done.keys)) == ((), {"encryption.key", "secret.key"})
        assert file.stat().st_mode & 0o077 == 0, "it holds keys"
        before = {table.name: list(rows.lines_of(table)) for table in rows.tables()}
        with pytest.raises(Conflict, match="已经存在"):
            backup.create(file, config, now)
    hours = now + timedelta(hours=3)
    with installation(request, kinds[1], tmp_path / "new") as config:
        back = restoring.restore(file, config, hours)
        assert (back.rows, back.media) == (done.rows, done.media)
        after = {table.name: list(rows.lines_of(table)) for table in rows.tables()}
        touched = {"events", "event_chain_head", "stops", "publications", "state_changes", "posts", "messages", "users"}
        for name in set(before) - touched - {"notices", "deliveries"}:
            assert after[name] == before[name], name
        assert verify() == []
        assert path_of(made["media"]).read_bytes() == PICTURE.read_bytes()
        check_nothing_goes_by_itself(made, back)
        with pytest.raises(Conflict, match="不是空的"):
            restoring.restore(file, config, hours)
    # As it starts next time: with the keys of the backup.
    again = load({"TANDEM_INSTANCE_PATH": str(tmp_path / "new"), "TANDEM_DATABASE_URL": config.database_url})
    assert len(again.encryption_keys) == 2
    assert again.encryption_keys[1] == config.encryption_keys[0]
    assert again.secret_key == (tmp_path / "old" / "secret.key").read_text()


def check_nothing_goes_by_itself(made: dict[str, str], back: restoring.Restored) -> None:
    stop = db.session.scalars(select(Stop).where(Stop.ended_at.is_(None))).one()
    assert stop.scope == "site"
    assert stop.reason.startswith("从备份恢复")
    weibo = db.session.get_one(Unit, "000").parent_id
    assert weibo is not None
    held = db.session.scalars(select(Publication).where(Publication.post_id == made["post"])).all()
    assert [found.status for found in held] == ["held", "held"], "their hour has passed: they may be out"
    answer = db.session.get_one(Message, made["answer"])
    assert answer.status == "unknown"
    assert len(back.waiting) == 4
    assert sum("明年的通知" in line and "已排期" in line for line in back.waiting) == 1
    assert sum("已暂缓" in line for line in back.waiting) == 2
    assert sum("已转住建局" in line for line in back.waiting) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nobody_is_let_in_by_what_was_taken_away_since(
    request: pytest.FixtureRequest, tmp_path: Path, now: datetime, kind: str
) -> None:
    """A session that was ended, a token that was revoked, a set-up whose secret somebody copied."""
    file = tmp_path / "tandem.tar"
    with installation(request, kind, tmp_path / "old") as config:
        desk = Desk(now)
        author = desk.author
        open_session(author.user_id, epoch=0, how="password", user_agent="", address="", now=now)
        devices.remember(author.user_id, {}, now)
        second_factor.begin(author, now=now)
        own = issue_token(author, user_id=author.user_id, name="own", days=9, scopes=[], now=now)
        program = issue_token(SYSTEM, user_id=author.user_id, name="program", days=9, scopes=[], now=now)
        epoch = db.session.get_one(User, author.user_id).session_epoch
        backup.create(file, config, now)
        with tarfile.open(file) as tar:
            for name in ("browser_sessions", "known_devices"):
                assert tar.getmember(f"tables/{name}.jsonl").size == 0
    with installation(request, kind, tmp_path / "new") as config:
        assert restoring.restore(file, config, now).tokens == 1
        assert db.session.get_one(User, author.user_id).session_epoch == epoch + 1
        assert second_factor.pending(author, now=now) is None
        with pytest.raises(Unauthenticated, match="停用"):
            actor_by_token(own, origin="", now=now)
        assert actor_by_token(program, origin="", now=now).user_id == author.user_id


def test_a_damaged_backup_changes_nothing(request: pytest.FixtureRequest, tmp_path: Path, now: datetime) -> None:
    whole, cut, forged = tmp_path / "whole.tar", tmp_path / "cut.tar", tmp_path / "forged.tar"
    with installation(request, "sqlite", tmp_path / "old") as config:
        fill(now)
        backup.create(whole, config, now)
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    forged.write_bytes(content.replace("青岚市政府办".encode(), "赤岚市政府办".encode()))
    with installation(request, "sqlite", tmp_path / "new") as config:
        for bad in (cut, forged, PICTURE):
            with pytest.raises(Invalid, match="读不出或不完整"):
                restoring.restore(bad, config, now)
            assert all(rows.count(table) == 0 for table in rows.tables())


def test_without_its_keys_it_is_refused(request: pytest.FixtureRequest, tmp_path: Path, now: datetime) -> None:
    file = tmp_path / "tandem.tar"
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with installation(request, "sqlite", tmp_path / "old", TANDEM_ENCRYPTION_KEYS=old) as config:
        fill(now)
        assert backup.create(file, config, now).keys == ("secret.key",), "keys of the environment stay there"
    with tarfile.open(file) as tar:
        assert "keys/encryption.key" not in tar.getnames()
    with installation(request, "sqlite", tmp_path / "new", TANDEM_ENCRYPTION_KEYS=new) as config:
        with pytest.raises(Conflict, match="解不开"):
            restoring.restore(file, config, now)
        assert all(rows.count(table) == 0 for table in rows.tables())
        both = dataclasses.replace(config, encryption_keys=(new, old))
        assert restoring.restore(file, both, now).rows > 20


def test_turning_keys(app: Flask, config: Config, now: datetime) -> None:
    desk = Desk(now)
    stored = text("SELECT credentials FROM accounts")
    before = db.session.scalars(stored).all()
    fresh = Fernet.generate_key().decode()
    changed = dataclasses.replace(config, encryption_keys=(fresh, *config.encryption_keys))
    assert keys.unreadable([fresh]) == 2
    assert keys.rotate(changed, now) == 2
    assert keys.unreadable([fresh]) == 0
    assert not set(before) & set(db.session.scalars(stored).all())
    with pytest.raises(Conflict, match="解不开"):
        keys.rotate(config, now)
    use_keys([fresh])
    db.session.rollback()
    assert db.session.get_one(Account, desk.weibo.id, populate_existing=True).credentials["app_key"]


def test_commands_say_what_they_did(request: pytest.FixtureRequest, tmp_path: Path, now: datetime) -> None:
    file = tmp_path / "tandem.tar"
    with installation(request, "sqlite", tmp_path / "old") as config:
        units.create_unit(SYSTEM, name="青岚市政府办", level="city", parent_id=None, now=now)
        runner = create_app(config).test_cli_runner()
        made = runner.invoke(args=["backup", str(file)])
        assert (made.exit_code, "密钥" in made.output) == (0, True), made.output
        assert runner.invoke(args=["backup", str(file)]).exit_code == 1
        assert runner.invoke(args=["secrets", "rotate"]).exit_code == 0
        assert "不是空的" in runner.invoke(args=["restore", str(file)]).output
    with installation(request, "sqlite", tmp_path / "new") as config:
        done = create_app(config).test_cli_runner().invoke(args=["restore", str(file)])
        assert done.exit_code == 0, done.output
        assert "全站发布已暂停" in done.output
        assert "没有待发的内容" in done.output


def test_only_what_was_due_is_held(app: Flask, now: datetime) -> None:
    desk = Desk(now)
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    publishing.hold_what_was_due(now, why="可能已经发出。")
    assert row(post, desk.weibo).status == "scheduled", "its hour has not come"
    publishing.hold_what_was_due(now + timedelta(hours=2), why="可能已经发出。")
    assert row(post, desk.weibo).status == "held"
    assert db.session.get_one(type(post), post.id, populate_existing=True).needs_attention
