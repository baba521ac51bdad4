"""bin/soak crash: the cells of the crash matrix again and again, in a new order each round, on both databases."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.config import Config
from app.db import db, utcnow
from app.errors import Conflict
from app.publishing.outlook import outlook
from connectors.simulator.app import Server, serve
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Desk, fresh_post
from tests.cluster import Cluster, create_database, drop_database
from tests.conftest import ENCRYPTION_KEY
from tests.scheduler.forks import Forks
from tests.scheduler.matrix import KINDS, Cell
from tests.scheduler.processes import Processes
from tests.scheduler.test_crash_committing import COMMIT, MASS
from tests.scheduler.test_crash_preparing import PREPARE
from tests.scheduler.test_crash_verifying import AGAIN, VERIFY
from tests.soak.report import report
from tests.soak.stage import end_on_signals
from tests.soak.verdict import Verdict

# Seconds that a step may take to be reached.
_PATIENCE = 600
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Kind:
    """A cell of the matrix: the database, how WeChat publishes, and the steps at which processes die in turn."""

    database: str
    mode: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.database} {self.mode}: {' then '.join(self.steps)}"


def kinds() -> list[Kind]:
    publish = [(step,) for step in (*PREPARE, *COMMIT, *VERIFY)] + [tuple(steps) for steps in AGAIN]
    modes = [("publish", steps) for steps in publish] + [("mass", (step,)) for step in MASS]
    return [Kind(database, mode, steps) for database in DATABASES for mode, steps in modes]


@dataclass
class Lab:
    """What all cells share."""

    server: Server
    cluster: Cluster
    forks: Forks


def run(options: Namespace) -> int:
    end_on_signals()
    found, runs, rng = Verdict(), Counter[Kind](), random.Random(options.seed)
    totals, began = Counter[str](), time.monotonic()
    with _lab() as lab:
        for number in range(options.rounds):
            order = kinds()
            rng.shuffle(order)
            for kind in order[: options.cells or None]:
                _run_cell(lab, kind, found, totals)
                runs[kind] += 1
            said = {name: totals[name] for name in ("doubles", "lost", "failed")}
            print(f"round {number + 1} of {options.rounds}: {runs.total()} runs, {said}", flush=True)
    found.figures |= {
        "seed": options.seed,
        "rounds": options.rounds,
        "cells": len(runs),
        "runs": runs.total(),
        "runs by database": dict(Counter(kind.database for kind in runs.elements())),
        "doubles": totals["doubles"],
        "lost": totals["lost"],
        "rows at the end": {k.removeprefix("is "): n for k, n in totals.items() if k.startswith("is ")},
        "wall s": round(time.monotonic() - began),
    }
    return report(f"crash-{options.rounds}-{options.seed}", found, out=Path(options.out) if options.out else None)


def _run_cell(lab: Lab, kind: Kind, found: Verdict, totals: Counter[str]) -> None:
    with _cell(lab, kind) as cell:
        try:
            for step in kind.steps:
                cell.die_at(step, _PATIENCE)
            # Without its number a mass send cannot be asked for; the event that tells of its end goes to no console here.
            unseen = kind.steps[-1] == "answered mass/sendall 1"
            cell.settle(_PATIENCE, unseen=unseen)
            cell.verify(unseen=unseen)
        except (AssertionError, Conflict, SQLAlchemyError, OSError) as error:
            totals["failed"] += 1
            found.blame(f"{kind}: {type(error).__name__}: {str(error)[:600]}")
        _count(cell, kind, found, totals)


def _count(cell: Cell, kind: Kind, found: Verdict, totals: Counter[str]) -> None:
    for platform in KINDS:
        row, taken = cell.row(platform), cell.accepted(platform)
        asks = row.status == "unknown" and fresh_post(cell.post).needs_attention and bool(outlook(row, utcnow()).why)
        totals[f"is {row.status}"] += 1
        if taken > 1:
            totals["doubles"] += 1
            found.blame(f"{kind}: {platform} was accepted {taken} times")
        if not (asks or (row.status == "published" and taken)):
            totals["lost"] += 1
            found.blame(f"{kind}: {platform} is {row.status} and {taken or 'not'} there")


@contextmanager
def _lab() -> Iterator[Lab]:
    home = Path(tempfile.mkdtemp(prefix="tandem-soak-"))
    cluster = Cluster(options="-c max_connections=200")
    forks = server = None
    try:
        cluster.make()
        cluster.start()
        # Forked before this process has threads of its own.
        forks = Forks()
        server = serve("127.0.0.1", 0, home / "simulator.sqlite3")
        yield Lab(server=server, cluster=cluster, forks=forks)
    finally:
        if server is not None:
            server.stop()
        if forks is not None:
            forks.close()
        if hasattr(cluster, "home"):
            cluster.remove()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _cell(lab: Lab, kind: Kind) -> Iterator[Cell]:
    """A fresh database and an emptied simulator, inside an app context."""
    home, sim = Path(tempfile.mkdtemp(prefix="tandem-soak-")), Sim(lab.server)
    sim.call("POST", "/_sim/reset")
    sim.register()
    server = lab.cluster.url
    url = create_database(server) if kind.database == "postgresql" else f"sqlite:///{home / 'test.sqlite3'}"
    config = Config(
        instance_path=home,
        database_url=url,
        secret_key="test",
        encryption_keys=(ENCRYPTION_KEY,),
        simulator_url=sim.url,
    )
    app, processes = create_app(config), Processes(config, sim.url, lab.forks)
    try:
        with app.app_context():
            db.create_all()
            try:
                yield Cell(Desk(utcnow(), wechat_mode=kind.mode), sim, processes, lab.forks)
            finally:
                db.session.remove()
                db.engine.dispose()
    finally:
        processes.kill_all()
        if kind.database == "postgresql":
            drop_database(server, url)
        shutil.rmtree(home, ignore_errors=True)
