"""Our commands as processes of their own, forked from one that has imported everything: each import would take seconds."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(command: Sequence[str], env: Mapping[str, str], log: Path, *, out: Path | None = None) -> BaseProcess:
    """The process of `command` (["flask", …], ["granian", …] or ["-m", module, …]), begun. What it prints goes to `log`, or what is no
    complaint to `out`."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["tests.journeys.imported"])
    process = forking.Process(target=_become, args=(list(command), dict(env), out or log, log), daemon=True)
    process.start()
    return process


def _become(command: list[str], env: dict[str, str], out: Path, log: Path) -> None:
    """In the forked process: as the interpreter would do it for that command line."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(ROOT)
    # As a process of its own, it may have children (granian's workers), forked like itself.
    multiprocessing.set_start_method("fork", force=True)
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    for stream, path in ((1, out), (2, log)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream)
    if command[0] == "-m":
        sys.argv[:] = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        (script,) = entry_points(group="console_scripts", name=command[0])
        sys.argv[:] = command
        sys.exit(script.load()())
