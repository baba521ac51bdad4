"""What must never be committed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return tracked()


def test_no_built_files_or_secrets(files: list[Path]) -> None:
    bad = re.compile(
        r"(^|/)(node_modules|\.venv|instance|__pycache__)/|^app/static/dist/|\.(pem|key|sqlite3|db|mo|pyc)$"
    )
    assert not [p for p in files if bad.search(str(p.relative_to(ROOT)))]


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_shell_scripts_can_be_run() -> None:
    for name in ("bin/setup", "bin/run", "bin/test", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, f"{name} cannot be executed"


def test_no_room_beyond_comfort(files: list[Path]) -> None:
    """A module over 400 lines is split (most are far under)."""
    for path in files:
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ("app", "connectors", "scheduler"):
            lines = path.read_text().count("\n")
            assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines"
