"""The whole product as it runs for people: web, scheduler and simulator, each a process of its own."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import requests
from sqlalchemy.engine import make_url

from app import create_app
from app.config import load
from app.db import db, utcnow
from app.units import services as units
from app.units.access import SYSTEM
from tests.cluster import free_port
from tests.conftest import ENCRYPTION_KEY
from tests.journeys import programs
from tests.patience import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PASSWORD = "tandem-journey-2026"

T = TypeVar("T")


@dataclass
class Stack:
    """Processes on free ports with one database and instance path; `{simulator}` in `env` is the simulator's address."""

    home: Path
    database_url: str
    env: dict[str, str] = field(default_factory=dict)
    processes: dict[str, BaseProcess] = field(default_factory=dict)
    web_port: int = field(default_factory=free_port)
    simulator_port: int = field(default_factory=free_port)

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def simulator(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("TANDEM_")}
        return {
            **clean,
            "TANDEM_INSTANCE_PATH": str(self.home),
            "TANDEM_DATABASE_URL": self.database_url,
            "TANDEM_SECRET_KEY": "journey",
            "TANDEM_ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "TANDEM_PUBLIC_URL": self.web,
            "TANDEM_SIMULATOR_URL": self.simulator,
            "TANDEM_POLL_SECONDS": "5",
            "TANDEM_RECONCILE_SECONDS": "1",
            "TANDEM_HEARTBEAT_SECONDS": "2",
            "PYTHONPATH": str(ROOT),
            **{key: value.replace("{simulator}", self.simulator) for key, value in self.env.items()},
        }

    def fork(self, name: str, *command: str) -> None:
        """`command` as in programs.start, kept as `name`."""
        self.processes[name] = programs.start(command, self.environment(), self.home / f"{name}.log")

    def migrate(self) -> None:
        """Every migration, as the command does it; a file that this process made so before is copied."""
        if not self.database_url.startswith("sqlite"):
            self.flask("db", "upgrade")
            return
        with (
            contextlib.closing(sqlite3.connect(migrated_file())) as made,
            contextlib.closing(sqlite3.connect(str(make_url(self.database_url).database))) as own,
        ):
            made.backup(own)

    def start_simulator(self) -> None:
        port = str(self.simulator_port)
        state = str(self.home / "simulator.sqlite3")
        self.fork("simulator", "-m", "connectors.simulator", "--port", port, "--state", state)
        wait_for("simulator", lambda: requests.get(f"{self.simulator}/_sim/accepted", timeout=2).ok)

    def start_web(self) -> None:
        granian = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.web_port)]
        self.fork("web", *granian, "--workers", "1", "--blocking-threads", "4", "--log-level", "warning", "wsgi:app")
        wait_for("web", lambda: requests.get(f"{self.web}/healthz", timeout=2).ok)

    def start_scheduler(self, name: str = "scheduler") -> None:
        self.fork(name, "-m", "scheduler")

    def stop(self, name: str, *, kill: bool = False) -> None:
        process = self.processes.pop(name)
        if kill:
            process.kill()
        else:
            process.terminate()
        if not _ended(process, PATIENCE):
            process.kill()
            _ended(process, 5)

    def stop_all(self) -> None:
        for name in list(self.processes)[::-1]:
            self.stop(name)

    def flask(self, *arguments: str) -> str:
        """Run a command that asks nothing; its standard output. Fails with what it printed."""
        with tempfile.TemporaryDirectory() as where:
            out, err = Path(where, "out"), Path(where, "err")
            done = programs.start(["flask", "--app", "wsgi", *arguments], self.environment(), err, out=out)
            done.join()
            assert done.exitcode == 0, f"flask {arguments}: {out.read_text()}\n{err.read_text()}"
            return out.read_text()

    def asked(self, *arguments: str, given: str) -> str:
        """The same for a command that asks, answered with `given`: as it is started by hand."""
        done = subprocess.run(
            [str(BIN / "flask"), "--app", "wsgi", *arguments],
            cwd=ROOT,
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"flask {arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def last_line(self, *arguments: str) -> str:
        return self.flask(*arguments).strip().splitlines()[-1]

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.home.glob("*.log")))


def _ended(process: BaseProcess, seconds: float) -> bool:
    """Whether it ended within `seconds`."""
    process.join(seconds)
    return process.exitcode is not None


@functools.cache
def migrated_file() -> Path:
    """A SQLite database with every migration and no row; deleted with the process."""
    home = Path(tempfile.mkdtemp(prefix="tandem-migrated-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    Stack(home=home, database_url=f"sqlite:///{home / 'migrated.sqlite3'}").flask("db", "upgrade")
    return home / "migrated.sqlite3"


class Standing:
    """What this process keeps running for the tests that share it: one at a time, until another is wanted or all is done."""

    def __init__(self) -> None:
        self.group = ""
        # Whether the test that is being torn down is the last of its group.
        self.ends = False
        self._made: Any = None
        self._open = contextlib.ExitStack()

    def get(self, group: str, make: Callable[[], contextlib.AbstractContextManager[T]]) -> T:
        """What `make` makes, or made before for the same group."""
        if group != self.group:
            self.close()
            self._made = self._open.enter_context(make())
            self.group = group
        made: T = self._made
        return made

    def leave(self) -> None:
        if self.ends:
            self.close()

    def close(self) -> None:
        self.group = ""
        self._open.close()


STANDING = Standing()


@contextlib.contextmanager
def running(home: Path, database_url: str, **env: str) -> Iterator[Stack]:
    """Simulator, migrated database, web and one scheduler; all stopped at the end."""
    stack = Stack(home=home, database_url=database_url, env=env)
    try:
        stack.migrate()
        stack.start_simulator()
        stack.start_scheduler()
        stack.start_web()
        wait_for("readyz", lambda: requests.get(f"{stack.web}/readyz", timeout=2).ok)
        yield stack
    finally:
        stack.stop_all()


@dataclass
class Client:
    """The API as one person, by bearer token."""

    base: str
    token: str

    def call(self, method: str, path: str, expect: int | tuple[int, ...] = (200, 201, 202, 204), **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        answer = requests.request(method, f"{self.base}/api/v1{path}", headers=headers, timeout=30, **kwargs)
        wanted = (expect,) if isinstance(expect, int) else expect
        assert answer.status_code in wanted, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, body: Mapping[str, Any] | None = None, **kwargs: Any) -> Any:
        return self.call("POST", path, json=dict(body) if body is not None else None, **kwargs)

    def put(self, path: str, body: Mapping[str, Any], **kwargs: Any) -> Any:
        return self.call("PUT", path, json=dict(body), **kwargs)

    def patch(self, path: str, body: Mapping[str, Any], **kwargs: Any) -> Any:
        return self.call("PATCH", path, json=dict(body), **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Any:
        return self.call("DELETE", path, **kwargs)


def make_unit(stack: Stack, name: str, level: str, parent_id: str | None) -> str:
    """A unit's id; made through the services, which is quicker than a command."""
    app = create_app(load(stack.environment()))
    with app.app_context():
        unit_id = units.create_unit(SYSTEM, name=name, level=level, parent_id=parent_id, now=utcnow()).id
        db.session.remove()
        db.engine.dispose()
    return unit_id


def make_people(stack: Stack, unit: str, people: Mapping[str, tuple[str, ...]]) -> dict[str, Client]:
    """Users with roles in `unit`, and their API clients; made through the services, in one process."""
    config = load(stack.environment())
    app, made = create_app(config), {}
    with app.app_context():
        for name, roles in people.items():
            user = units.create_user(
                SYSTEM,
                email=f"{name}@journey.test",
                name=name,
                unit_id=unit,
                roles=list(roles),
                password=PASSWORD,
                now=utcnow(),
            )
            token = units.issue_token(SYSTEM, user_id=user.id, name="journey", days=1, scopes=[], now=utcnow())
            made[name] = Client(stack.web, token)
        db.session.remove()
        db.engine.dispose()
    return made


@dataclass
class City:
    """A unit with one person for every role and one account on each platform."""

    stack: Stack
    unit: str
    people: dict[str, Client]
    weibo: str = ""
    wechat: str = ""
    weibo_uid: str = "1902538057"
    wechat_id: str = "gh_4d00ed8d6399"

    def accepted(self, **query: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.stack.simulator}/_sim/accepted", params=query, timeout=10).json()
        items: list[dict[str, Any]] = answer["items"]
        return items

    def sim(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.stack.simulator}{path}", json=body, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json() if answer.content else None


PEOPLE = {
    "author": ("author",),
    "first": ("reviewer",),
    "second": ("reviewer",),
    "third": ("reviewer",),
    "publisher": ("publisher",),
    "responder": ("responder",),
    "admin": ("administrator",),
}


def found_city(stack: Stack, *, wechat_mode: str = "mass", environment: str = "simulator") -> City:
    """Create unit, people and accounts, on Tandem and on the simulator."""
    unit = make_unit(stack, "青岚市政府办", "city", None)
    people = make_people(stack, unit, PEOPLE)
    city = City(stack, unit, people)
    host = stack.web.removeprefix("http://")
    weibo = {
        "app_key": "1352222456",
        "app_secret": "weibo-secret-for-tests",
        "access_token": "2.00weibo-token-for-tests",
    }
    wechat = {
        "app_id": "wxba5fad812f8e6fb9",
        "app_secret": "wechat-secret-for-tests",
        "token": "callbacktoken",
        "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    }
    admin = city.people["admin"]
    city.weibo = admin.post(
        "/accounts",
        {
            "platform": "weibo",
            "unit_id": unit,
            "name": "青岚发布",
            "external_id": city.weibo_uid,
            "environment": environment,
            "mode": "share",
            "credentials": {**weibo, "uid": city.weibo_uid, "safe_domain": host, "expires_at": "2030-01-01T00:00:00Z"},
        },
    )["id"]
    city.wechat = admin.post(
        "/accounts",
        {
            "platform": "wechat",
            "unit_id": unit,
            "name": "青岚发布",
            "external_id": city.wechat_id,
            "environment": environment,
            "mode": wechat_mode,
            "credentials": wechat,
            # A real subscription account may send to all once a day.
            "settings": {"comments": True, "quotas": {"mass": 20}},
        },
    )["id"]
    urls = {item["id"]: item["callback_url"] for item in admin.get("/accounts")["items"]}
    city.sim(
        "PUT",
        f"/_sim/accounts/weibo/{city.weibo_uid}",
        {
            "name": "青岚发布",
            **weibo,
            "level": "share",
            "safe_domain": host,
            "redirect_uri": f"http://{host}/accounts/authorization",
            "callback_url": urls[city.weibo],
        },
    )
    city.sim(
        "PUT",
        f"/_sim/accounts/wechat/{city.wechat_id}",
        {
            "name": "青岚发布",
            **wechat,
            "kind": "subscription",
            "verified": True,
            "callback_url": urls[city.wechat],
            "callback_mode": "safe",
            "review_seconds": 1,
            "quotas": {"mass_per_day": 20},
        },
    )
    return city
