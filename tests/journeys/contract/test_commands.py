"""CONTRACT: the commands, as an administrator types them, on a database that nobody serves yet."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from cryptography.fernet import Fernet

from tests.conftest import ENCRYPTION_KEY, fresh_database
from tests.journeys.stack import BIN, PASSWORD, ROOT, Stack


@pytest.fixture(params=["sqlite", "postgresql"])
def console(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    with fresh_database(request, tmp_path) as url:
        stack = Stack(home=tmp_path, database_url=url)
        stack.flask("db", "upgrade")
        try:
            yield stack
        finally:
            stack.stop_all()


def refused(stack: Stack, *arguments: str, given: str = "") -> str:
    """What it says while it does nothing."""
    done = subprocess.run(
        [str(BIN / "flask"), "--app", "wsgi", *arguments],
        cwd=ROOT, env=stack.environment(), input=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    assert re.search("[一-鿿]", done.stderr + done.stdout), done.stderr
    return done.stderr + done.stdout


@pytest.mark.parametrize("console", ["sqlite"], indirect=True)
def test_people(console: Stack) -> None:
    root = console.last_line("units", "create", "--name", "青岚市", "--level", "city")
    by_name = console.last_line("units", "create", "--name", "城东区", "--level", "county", "--parent", "青岚市")
    by_id = console.last_line("units", "create", "--name", "城西区", "--level", "county", "--parent", root)
    assert len({root, by_name, by_id}) == 3
    refused(console, "units", "create", "--name", "月球", "--level", "moon")
    add = ["users", "create", "--email", "a@journey.test", "--name", "甲", "--unit"]
    refused(console, *add, root, "--role", "author", given="elevenchars\n")
    user = console.asked(*add, "城东区", "--role", "author", "--role", "publisher", given=f"{PASSWORD}\n").split()[-1]
    assert re.fullmatch("[0-9a-f]{24}", user)
    token = ["tokens", "create", "--email"]
    first = console.last_line(*token, "a@journey.test")
    assert first != console.last_line(*token, "a@journey.test", "--days", "1", "--scope", "post.read")
    refused(console, *token, "a@journey.test", "--scope", "everything")
    assert "完整" in console.flask("audit", "verify")
    engine = sqlalchemy.create_engine(console.database_url)
    with engine.begin() as connection:
        stored = connection.exec_driver_sql("SELECT digest FROM api_tokens").scalars().all()
        assert first not in stored
        connection.exec_driver_sql("UPDATE events SET summary = 'x' WHERE seq = 2")
    engine.dispose()
    assert "第 2 条" in refused(console, "audit", "verify")


def test_demo_goes_into_an_empty_database_and_a_backup_brings_it_back(
    console: Stack, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    check = refused(console, "system", "check")
    assert "调度进程" in check
    console.start_simulator()
    console.flask("demo", "load")
    refused(console, "demo", "load")
    file = tmp_path / "tandem.tar"
    assert "已备份" in console.flask("backup", str(file))
    assert os.stat(file).st_mode & 0o077 == 0
    fresh = Fernet.generate_key().decode()
    console.env["TANDEM_ENCRYPTION_KEYS"] = f"{fresh},{ENCRYPTION_KEY}"
    console.flask("secrets", "rotate")
    console.env["TANDEM_ENCRYPTION_KEYS"] = fresh
    console.flask("secrets", "rotate")
    home = tmp_path / "restored"
    home.mkdir()
    with fresh_database(_asked(request), home) as url:
        restored = Stack(home=home, database_url=url)
        restored.flask("db", "upgrade")
        said = restored.flask("restore", str(file))
        assert "全站发布已暂停" in said
        assert "待核实" in said or "已排期" in said or "已暂缓" in said
        assert "完整" in restored.flask("audit", "verify")


def _asked(request: pytest.FixtureRequest) -> pytest.FixtureRequest:
    """For another database of the kind under test."""
    request.param = request.node.callspec.params["console"]
    return request
