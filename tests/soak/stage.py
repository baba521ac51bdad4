"""What a long run plays on: a PostgreSQL cluster, a simulator process, an app of the driver's own, all in temporary
directories; nothing of it is left when the run ends well."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from app import create_app
from app.config import load
from tests.cluster import Cluster, create_database, free_port
from tests.conftest import ENCRYPTION_KEY
from tests.scheduler.processes import ROOT
from tests.soak.town import Simulated

# Shorter than by default, so that the dead are found and partners given up within a run of minutes.
PACE = {
    "TANDEM_HEARTBEAT_SECONDS": "5",
    "TANDEM_RECONCILE_SECONDS": "2",
    "TANDEM_PREPARE_LEAD_SECONDS": "60",
    "TANDEM_PARTNER_WAIT_SECONDS": "60",
    "TANDEM_LATENESS_SECONDS": "300",
    "TANDEM_POLL_SECONDS": "3600",
}


@dataclass
class Stage:
    """`env` is what every process of the run gets."""

    home: Path
    cluster: Cluster
    simulated: Simulated
    env: Mapping[str, str]

    def new_log(self, name: str) -> Path:
        """One for each process: what two write into one runs together."""
        return self.home / f"scheduler-{name}.log"

    @property
    def logs(self) -> list[Path]:
        return sorted(self.home.glob("scheduler-*.log"))


class Ended(Exception):
    """Somebody asked the run to end: everything is cleared away, and it counts as failed."""


def end_on_signals() -> None:
    """SIGTERM and SIGINT end the run by way of its clean-up."""

    def end(number: int, _frame: object) -> None:
        raise Ended(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)


@contextmanager
def staged(host: str = "127.0.0.1", trusted: str = "") -> Iterator[Stage]:
    """Everything started, the tables made, and the driver inside an app context. `host`: where both servers listen."""
    home = Path(tempfile.mkdtemp(prefix="tandem-soak-"))
    cluster = Cluster(host=host, options="-c max_connections=400", trusted=trusted)
    simulator: subprocess.Popen[bytes] | None = None
    try:
        cluster.make()
        cluster.start()
        simulated = Simulated(f"http://{host}:{free_port()}")
        env = _environment(home, create_database(cluster.url), simulated.url)
        simulator = _simulator(home, simulated, env)
        _migrate(home, env)
        app = create_app(load(env))
        with app.app_context():
            yield Stage(home=home, cluster=cluster, simulated=simulated, env=env)
    finally:
        if simulator is not None:
            simulator.kill()
            simulator.wait(10)
        if hasattr(cluster, "home"):
            cluster.remove()
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path, database: str, simulator: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TANDEM_")}
    return {
        **clean,
        **PACE,
        "TANDEM_INSTANCE_PATH": str(home),
        "TANDEM_DATABASE_URL": database,
        "TANDEM_SECRET_KEY": "soak",
        "TANDEM_ENCRYPTION_KEYS": ENCRYPTION_KEY,
        "TANDEM_SIMULATOR_URL": simulator,
    }


def _simulator(home: Path, simulated: Simulated, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    host, _, port = simulated.url.removeprefix("http://").partition(":")
    command = [sys.executable, "-m", "connectors.simulator", "--host", host, "--port", port]
    with (home / "simulator.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--state", str(home / "simulator.sqlite3")], cwd=ROOT, env=env, stdout=log, stderr=log
        )
    deadline = time.monotonic() + 60
    while True:
        try:
            simulated.call("GET", "/_sim/accounts")
            return process
        except requests.RequestException:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise
            time.sleep(0.2)


def _migrate(home: Path, env: Mapping[str, str]) -> None:
    with (home / "migrate.log").open("ab") as log:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=log, stderr=log)
