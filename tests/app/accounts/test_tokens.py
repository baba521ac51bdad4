"""One renewal among all who ask: threads, processes, dead holders, failures."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from app.accounts import tokens
from app.accounts.models import AccountToken
from app.accounts.services import update_account
from app.accounts.tokens import DatabaseTokens
from app.config import Config
from app.db import InTransaction, atomic, db, utcnow
from connectors.errors import CredentialsRefused, Unavailable
from connectors.values import Token
from tests.app.accounts.kit import WECHAT, Office, connect_wechat
from tests.conftest import ENCRYPTION_KEY
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[3]


def later(hours: float = 2) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


@pytest.fixture
def account_id(office: Office) -> str:
    return connect_wechat(office).id


def store_of(account_id: str) -> DatabaseTokens:
    return DatabaseTokens(account_id, clock=utcnow)


def in_threads(app: Flask, count: int, work: Callable[[], None]) -> None:
    def run() -> None:
        with app.app_context():
            try:
                work()
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_twelve_threads_fetch_once(app: Flask, account_id: str) -> None:
    fetched: list[str] = []
    got: list[str] = []

    def fetch() -> Token:
        fetched.append("one")
        time.sleep(0.3)
        return Token(value="fresh", expires_at=later())

    in_threads(app, 12, lambda: got.append(store_of(account_id).renew(None, fetch).value))
    assert fetched == ["one"]
    assert got == ["fresh"] * 12


def test_renewing_a_stale_token_that_somebody_renewed_returns_theirs(app: Flask, account_id: str) -> None:
    store = store_of(account_id)
    store.renew(None, lambda: Token(value="first", expires_at=later()))
    store.renew("first", lambda: Token(value="second", expires_at=later()))
    never = pytest.fail
    assert store.renew("first", lambda: never("fetched again")).value == "second"
    current = store.current()
    assert current is not None
    assert current.value == "second"


def test_the_same_token_with_a_new_end_counts_as_renewed(app: Flask, account_id: str) -> None:
    """stable_token may answer the very same token; those who waited must not take that for a failure."""
    store_of(account_id).renew(None, lambda: Token(value="same", expires_at=later(0.01)))
    fetched: list[int] = []
    got: list[str] = []

    def fetch() -> Token:
        fetched.append(1)
        time.sleep(0.3)
        return Token(value="same", expires_at=later())

    in_threads(app, 4, lambda: got.append(store_of(account_id).renew("same", fetch).value))
    assert got == ["same"] * 4
    assert len(fetched) == 1


def test_no_transaction_is_open_while_fetching(app: Flask, account_id: str) -> None:
    seen: list[bool] = []

    def fetch() -> Token:
        seen.append(db.session().in_transaction())
        return Token(value="x", expires_at=later())

    store_of(account_id).renew(None, fetch)
    assert seen == [False]
    with atomic(), pytest.raises(InTransaction):
        store_of(account_id).renew("x", fetch)


def test_a_failed_fetch_is_told_to_the_fetcher_and_starts_no_storm(app: Flask, account_id: str) -> None:
    fetched: list[int] = []
    errors: list[type[Exception]] = []
    barrier = threading.Barrier(6)

    def fetch() -> Token:
        fetched.append(1)
        time.sleep(0.4)
        raise CredentialsRefused("AppSecret 不正确。")

    def work() -> None:
        barrier.wait(10)
        try:
            store_of(account_id).renew(None, fetch)
        except (CredentialsRefused, Unavailable) as error:
            errors.append(type(error))

    in_threads(app, 6, work)
    assert len(fetched) == 1
    assert errors.count(CredentialsRefused) == 1
    assert errors.count(Unavailable) == 5
    assert store_of(account_id).renew(None, lambda: Token(value="ok", expires_at=later())).value == "ok"


def test_the_lease_of_a_dead_process_runs_out(app: Flask, account_id: str) -> None:
    with atomic():
        tokens.ensure_row(account_id)
        db.session.execute(
            update(AccountToken).values(lease_owner="dead", lease_until=utcnow() + timedelta(seconds=0.4))
        )
    began = time.monotonic()
    assert store_of(account_id).renew(None, lambda: Token(value="new", expires_at=later())).value == "new"
    assert time.monotonic() - began >= 0.3


def test_whoever_lost_the_lease_does_not_overwrite(app: Flask, account_id: str) -> None:
    def fetch_slowly() -> Token:
        with atomic():
            tokens.store(account_id, Token(value="by hand", expires_at=later()))
        return Token(value="late", expires_at=later())

    store_of(account_id).renew(None, fetch_slowly)
    current = store_of(account_id).current()
    assert current is not None
    assert current.value == "by hand"


def test_a_token_of_replaced_credentials_is_not_kept(app: Flask, office: Office, account_id: str) -> None:
    """Nor does whoever waited for it get it."""
    waited: list[str] = []
    going, waiting, replaced = threading.Event(), threading.Event(), threading.Event()

    def fetch_slowly() -> Token:
        going.set()
        assert replaced.wait(20)
        return Token(value="of the old secret", expires_at=later())

    def looked() -> datetime:
        waiting.set()
        return utcnow()

    def wait() -> None:
        assert going.wait(20)
        store = DatabaseTokens(account_id, clock=looked)
        try:
            waited.append(store.renew(None, lambda: pytest.fail("fetched again")).value)
        except Unavailable as error:
            waited.append(error.cause)

    def replace() -> None:
        assert waiting.wait(20)
        update_account(office.admin, account_id, credentials={"app_secret": "another-secret"}, now=utcnow())
        replaced.set()

    work = iter([lambda: store_of(account_id).renew(None, fetch_slowly), wait, replace])

    def one() -> None:
        next(work)()

    in_threads(app, 3, one)
    assert waited == ["账号的凭据刚刚更换，旧凭据不再使用。"]
    assert store_of(account_id).current() is None
    assert store_of(account_id).renew(None, lambda: Token(value="new", expires_at=later())).value == "new"


def test_who_still_holds_the_old_credentials_fetches_nothing(app: Flask, office: Office, account_id: str) -> None:
    old = DatabaseTokens(account_id, clock=utcnow, known=dict(WECHAT))
    new = {**WECHAT, "app_secret": "another-secret"}
    update_account(office.admin, account_id, credentials=new, now=utcnow())
    with pytest.raises(Unavailable, match="刚刚更换"):
        old.renew(None, lambda: pytest.fail("asked with the old secret"))
    fetched = DatabaseTokens(account_id, clock=utcnow, known=new).renew(
        None, lambda: Token(value="new", expires_at=later())
    )
    assert fetched.value == "new"


def test_an_expired_stored_token_is_fetched_anew(app: Flask, account_id: str) -> None:
    with atomic():
        tokens.store(account_id, Token(value="old", expires_at=later(-1)))
    assert store_of(account_id).renew(None, lambda: Token(value="new", expires_at=later())).value == "new"


WORKER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from app import create_app
from app.accounts.tokens import DatabaseTokens
from app.config import Config
from app.db import utcnow
from connectors.values import Token

url, instance, key, account_id, log = sys.argv[1:]
app = create_app(Config(instance_path=Path(instance), database_url=url, secret_key="t", encryption_keys=(key,)))

def fetch():
    with open(log, "a") as file:
        file.write("fetched\\n")
    time.sleep(0.5)
    return Token(value="shared", expires_at=datetime.now(UTC) + timedelta(hours=2))

with app.app_context():
    print(DatabaseTokens(account_id, clock=utcnow).renew(None, fetch).value)
"""


def test_three_processes_fetch_once(app: Flask, config: Config, account_id: str, tmp_path: Path) -> None:
    log = tmp_path / "fetches"
    arguments = [config.database_url, str(tmp_path), ENCRYPTION_KEY, account_id, str(log)]
    processes = [
        subprocess.Popen([sys.executable, "-c", WORKER, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=PATIENCE)[0].strip() for process in processes]
    assert said == ["shared"] * 3
    assert log.read_text().splitlines() == ["fetched"]
