"""What the platform itself says of an account: its allowances and its days. Read once a day, and when a limit is met.

The platform forgets: each day is kept once it is final. Reading spends calls, so it is planned: after eight in Beijing,
when yesterday is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts import changing, connections, quotas
from app.accounts.models import Account, AccountDay, QuotaReading, QuotaUse
from app.accounts.sealed import CredentialsSealed
from app.db import atomic, db, new_id, release
from connectors.base import Connector
from connectors.desk import DayFigures
from connectors.desk import QuotaReading as Told
from connectors.errors import ConnectorError, RateLimited, Refused

log = structlog.get_logger()

LEASE = timedelta(minutes=10)
# Yesterday is counted from eight o'clock on; a little later not everybody asks at once.
READY = time(8, 10)
LOOK_BACK = 7
_UNREACHABLE_PAUSE = timedelta(minutes=30)
# Seconds over which the accounts' readings are spread.
_SPREAD = 1200


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was had, and the first reason why something was not."""

    quotas: tuple[Told, ...] = ()
    days: tuple[DayFigures, ...] = ()
    failure: ConnectorError | None = None
    # The call that the failure was about, "" when that cannot be told.
    at: str = ""


def claim(now: datetime, limit: int) -> list[str]:
    """Ids of active accounts whose reading is due, each given to one caller; a dead caller's comes back after LEASE.

    An account never read before is planned for the next morning: connecting it must not spend its calls.
    """
    if db.session.scalar(select(Account.id).where(Account.active, Account.next_reading_at.is_(None)).limit(1)):
        _plan(now)
    due = (Account.active, Account.next_reading_at <= now)
    if db.session.scalar(select(Account.id).where(*due).limit(1)) is None:
        return []
    with atomic():
        # What somebody else holds is left to the next turn: whoever waits for many, in an order of its own, may wait for ever.
        ids = db.session.scalars(
            select(Account.id)
            .where(*due)
            .order_by(Account.next_reading_at, Account.id)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        ).all()
        taken = []
        for account_id in ids:
            rows = db.session.execute(
                update(Account)
                .where(Account.id == account_id, *due)
                .values(next_reading_at=now + LEASE)
                .returning(Account.id)
                .execution_options(synchronize_session=False)
            ).all()
            taken += [row.id for row in rows]
    return taken


def _plan(now: datetime) -> None:
    """One transaction each: schedulers that plan the same accounts would else wait for each other's rows."""
    new = (Account.active, Account.next_reading_at.is_(None))
    for account_id in db.session.scalars(select(Account.id).where(*new).order_by(Account.id).limit(500)).all():
        with atomic():
            db.session.execute(
                update(Account)
                .where(Account.id == account_id, *new)
                .values(next_reading_at=_morning_of(account_id, now))
                .execution_options(synchronize_session=False)
            )


def read(account_id: str, now: datetime) -> ConnectorError | None:
    """Ask and keep; returns the failure, if any. Accounts whose platform tells nothing are looked at again tomorrow."""
    account = db.session.get_one(Account, account_id)
    able = connections.capabilities(account)
    missing = _missing_days(account, now) if "day_figures" in able.offers else []
    planned = account.next_reading_at
    try:
        connector = connections.connect(account, purpose="history")
    except CredentialsSealed as error:
        _keep(account_id, Read(failure=error), now, planned)
        return error
    release()
    calls = able.readable_quotas if "quota" in able.offers else ()
    try:
        found = _ask(connector, calls, missing)
    except Exception:
        # A fault of ours would come again at every turn, and spend calls each time.
        log.exception("reading failed", account_id=account_id)
        release()
        found = Read(failure=Refused("读取时程序出错。", remedy="系统明早再读。", who="系统管理员"))
    failure = found.failure
    ours = failure is None or failure.code == "quota" or not found.at or found.at.startswith("datacube/")
    if not ours and isinstance(failure, RateLimited) and failure.until is not None:
        quotas.block(account_id, found.at, failure.until)
    _keep(account_id, found, now, planned)
    return failure


def request(account_id: str, now: datetime) -> None:
    """The platform refused for a limit, or a person wants to know: read at the scheduler's next turn. Inside atomic()."""
    db.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(next_reading_at=now)
        .execution_options(synchronize_session=False)
    )


def readings_of(account_id: str) -> dict[str, QuotaReading]:
    """{call: what the platform said last}."""
    rows = db.session.scalars(select(QuotaReading).where(QuotaReading.account_id == account_id))
    return {row.call: row for row in rows}


def days_of(account_id: str, limit: int = LOOK_BACK) -> list[AccountDay]:
    """The newest days that are known, newest first."""
    query = select(AccountDay).where(AccountDay.account_id == account_id).order_by(AccountDay.day.desc())
    return list(db.session.scalars(query.limit(limit)))


def next_morning(now: datetime) -> datetime:
    """The next moment at which yesterday is counted."""
    local = now.astimezone(quotas.BEIJING)
    morning = datetime.combine(local.date(), READY, quotas.BEIJING)
    return morning if morning > local else morning + timedelta(days=1)


def _morning_of(account_id: str, now: datetime) -> datetime:
    """Each account at its own minute: many must not ask all at once."""
    return next_morning(now) + timedelta(seconds=int(account_id[-6:], 16) % _SPREAD)


def _missing_days(account: Account, now: datetime) -> list[date]:
    """The days of the last week that are counted by now and not kept yet, oldest first."""
    local = now.astimezone(quotas.BEIJING)
    last = local.date() - timedelta(days=1 if local.time() >= READY else 2)
    week = [last - timedelta(days=back) for back in range(LOOK_BACK - 1, -1, -1)]
    kept = set(
        db.session.scalars(select(AccountDay.day).where(AccountDay.account_id == account.id, AccountDay.day.in_(week)))
    )
    return [day for day in week if day not in kept]


def _ask(connector: Connector, calls: Sequence[str], missing: Sequence[date]) -> Read:
    told: list[Told] = []
    days: tuple[DayFigures, ...] = ()
    failures: list[tuple[ConnectorError, str]] = []
    try:
        for call in calls:
            told.append(connector.read_quota(call))
    except ConnectorError as error:
        failures.append((error, getattr(connector.meter, "last_call", "")))
    try:
        if missing:
            days = tuple(day for day in connector.day_figures(missing[0], missing[-1]) if day.day in missing)
    except ConnectorError as error:
        failures.append((error, getattr(connector.meter, "last_call", "")))
    # What is said of the account as a whole says more than whatever else was refused.
    failures.sort(key=lambda found: not found[0].whole)
    failure, at = failures[0] if failures else (None, "")
    return Read(quotas=tuple(told), days=days, failure=failure, at=at)


def _keep(account_id: str, found: Read, now: datetime, planned: datetime | None) -> None:
    """`planned`: when the next reading was planned as this one began; asked for meanwhile, it stays asked for."""
    with atomic():
        account = changing.locked(account_id)
        for told in found.quotas:
            _keep_quota(account, told, now)
        for day in found.days:
            # Without its followers a day is not whole: it is asked for again.
            if day.followers is not None:
                _keep_day(account_id, day, now)
        account.reading_note = str(found.failure) if found.failure is not None else ""
        if account.next_reading_at == planned:
            account.next_reading_at = _next(found.failure, _morning_of(account_id, now), now)


def _next(failure: ConnectorError | None, morning: datetime, now: datetime) -> datetime:
    if failure is None or isinstance(failure, Refused):
        return morning
    if isinstance(failure, RateLimited):
        return min(max(failure.until or now, now + timedelta(minutes=5)), morning)
    return min(now + _UNREACHABLE_PAUSE, morning)


def _keep_quota(account: Account, told: Told, now: datetime) -> None:
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    values = {"limit": told.limit, "used": told.used, "remain": told.remain, "read_at": now}
    db.session.execute(
        insert(QuotaReading)
        .values(id=new_id(), account_id=account.id, call=told.call, **values)
        .on_conflict_do_update(index_elements=["account_id", "call"], set_=values)
    )
    if told.limit is not None:
        learned = {**dict(account.settings.get("learned_quotas") or {}), told.call: told.limit}
        account.settings = {**account.settings, "learned_quotas": learned}
    if told.used is not None:
        _correct_count(account.id, told.call, told.used, now)


def _correct_count(account_id: str, call: str, used: int, now: datetime) -> None:
    """Other systems use the same account: what the platform counted goes before what we counted, never below it."""
    start, _end = quotas.bounds("day", now)
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = {"id": new_id(), "account_id": account_id, "key": f"{call}@day", "period_start": start, "used": used}
    db.session.execute(
        insert(QuotaUse)
        .values(row)
        .on_conflict_do_update(
            index_elements=["account_id", "key", "period_start"],
            set_={"used": used},
            where=QuotaUse.used < used,
        )
    )


def _keep_day(account_id: str, day: DayFigures, now: datetime) -> None:
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    values = {**asdict(day), "read_at": now}
    kept = {name: value for name, value in values.items() if name != "day"}
    db.session.execute(
        insert(AccountDay)
        .values(id=new_id(), account_id=account_id, **values)
        .on_conflict_do_update(index_elements=["account_id", "day"], set_=kept)
    )
