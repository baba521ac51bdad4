"""bin/run ends with which process stopped and why, in words."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import wait_for

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, **processes: str) -> subprocess.Popen[str]:
    (folder / "Procfile").write_text("".join(f"{name}: {command}\n" for name, command in processes.items()))
    return subprocess.Popen(
        [sys.executable, str(ROOT / "bin" / "processes")],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("sh -c 'echo port taken; exit 3'", 3, ("它出错退出（代码 3）", "port taken")),
        ("sh -c 'kill -9 $$'", None, ("被系统结束（SIGKILL）", "内存")),
        ("true", 1, ("它自己退出了",)),
    ],
)
def test_which_one_ended_and_why(tmp_path: Path, command: str, code: int | None, words: tuple[str, ...]) -> None:
    started = run(tmp_path, web="sleep 60", scheduler=command)
    _out, told = started.communicate(timeout=30)
    assert started.returncode == code if code else started.returncode > 0
    assert "调度程序（scheduler）" in told
    assert "网页服务" not in told
    for expected in words:
        assert expected in told


def test_who_stops_it_is_told_nothing(tmp_path: Path) -> None:
    started = run(tmp_path, web="sh -c 'touch up; exec sleep 60'", simulator="sleep 60")
    wait_for("the process", (tmp_path / "up").exists, every=0.05)
    time.sleep(0.2)
    started.send_signal(signal.SIGTERM)
    _out, told = started.communicate(timeout=30)
    assert "停了" not in told
    assert started.returncode == 143
