"""What the platform says of an account: allowances into the ledger, days kept, asked in the morning and when a limit is met."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import allowances, connections, quotas, readings
from app.accounts.models import Account, AccountDay, QuotaReading, QuotaUse
from app.accounts.schemas import DayOut, account_json, day_json
from app.accounts.services import claim_probes, note_limit, quota_summary, update_account
from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from connectors.desk import DayFigures
from connectors.desk import QuotaReading as Told
from connectors.errors import RateLimited
from scheduler import reader
from tests.app.accounts.kit import GH, WECHAT, Office, Sim, connect_wechat, connect_weibo
from tests.app.publishing.kit import Clockwork
from tests.app.publishing.test_crosswise import at_once

# 09:00 in Beijing.
MORNING = datetime(2026, 7, 12, 1, 0, tzinfo=UTC)


@pytest.fixture
def account(app_on_simulator: Flask, office: Office) -> Account:
    return connect_wechat(office)


def fresh(account: Account) -> Account:
    db.session.rollback()
    return db.session.get_one(Account, account.id, populate_existing=True)


def row_of(account: Account, call: str) -> dict[str, Any]:
    return next(row for row in quota_summary(fresh(account), utcnow()) if row["key"] == call)


def spend(account: Account, times: int) -> None:
    connector = connections.connect(fresh(account))
    for _ in range(times):
        connector.api.get("/cgi-bin/draft/count")  # type: ignore[attr-defined]


# Planning


def test_a_new_account_is_read_next_morning_and_not_before(account: Account, sim: Sim) -> None:
    assert readings.claim(MORNING, 5) == []
    planned = fresh(account).next_reading_at
    assert planned is not None
    assert timedelta(hours=23) < planned - MORNING < timedelta(hours=24)
    assert readings.claim(planned, 5) == [account.id]
    assert readings.claim(planned, 5) == []
    assert readings.claim(planned + readings.LEASE, 5) == [account.id]
    assert sim.asked("quota/get") == 0


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        (datetime(2026, 7, 12, 0, 0, tzinfo=UTC), datetime(2026, 7, 12, 0, 10, tzinfo=UTC)),
        (datetime(2026, 7, 12, 0, 10, tzinfo=UTC), datetime(2026, 7, 13, 0, 10, tzinfo=UTC)),
        (datetime(2026, 7, 12, 20, 0, tzinfo=UTC), datetime(2026, 7, 13, 0, 10, tzinfo=UTC)),
    ],
)
def test_mornings_are_beijings(now: datetime, morning: datetime) -> None:
    assert readings.next_morning(now) == morning


def test_a_switched_off_account_is_left_alone(account: Account) -> None:
    with atomic():
        found = db.session.get_one(Account, account.id)
        found.active, found.next_reading_at = False, MORNING
    assert readings.claim(MORNING, 5) == []


# Allowances


def test_what_the_platform_counted_stands_in_the_ledger_and_on_the_page(account: Account, sim: Sim) -> None:
    wechat = {**WECHAT, "name": "青岚发布", "quotas": {"draft/add": 5000, "draft/get": 3}}
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", wechat)
    readings.read(account.id, utcnow())
    told = readings.readings_of(account.id)
    assert (told["draft/add"].limit, told["draft/add"].used, told["draft/add"].remain) == (5000, 0, 5000)
    assert set(told) == set(connections.capabilities(fresh(account)).readable_quotas)
    # A risen limit lets more through, a lower one less; what a person set goes before both.
    assert row_of(account, "draft/add")["limit"] == 5000
    assert row_of(account, "draft/get")["limit"] == 3
    with atomic():
        found = db.session.get_one(Account, account.id)
        found.settings = {**found.settings, "quotas": {"draft/get": 2}}
    assert row_of(account, "draft/get")["limit"] == 2


def test_what_the_platform_told_is_set_by_nobody(account: Account, office: Office) -> None:
    readings.read(account.id, utcnow())
    known = fresh(account).settings["learned_quotas"]
    with pytest.raises(Invalid) as caught:
        update_account(office.admin, account.id, settings={"learned_quotas": {"draft/add": "many"}}, now=utcnow())
    assert list(caught.value.errors) == ["settings.learned_quotas"]
    assert fresh(account).settings["learned_quotas"] == known
    assert "learned_quotas" not in account_json(fresh(account), manages=True, now=utcnow())["settings"]
    # Nor does nonsense from other times stop any call.
    with atomic():
        found = db.session.get_one(Account, account.id)
        found.settings = {"learned_quotas": {"draft/add": "many"}}
    spend(account, 1)


def test_saving_settings_and_keeping_readings_at_once_loses_neither(app_on_simulator: Flask, office: Office) -> None:
    account_id, now = connect_wechat(office).id, utcnow()
    told = readings.Read(quotas=(Told(call="draft/add", limit=500, used=None, remain=None),))

    def keep(go: threading.Event) -> None:
        with atomic():
            readings._keep(account_id, told, now, None)
            go.set()
            # Until the other one has read what it will change.
            time.sleep(0.5)

    welcome = {"welcome_text": "您好"}
    assert (
        at_once(app_on_simulator, keep, lambda: update_account(office.admin, account_id, settings=welcome, now=now))
        == []
    )
    db.session.rollback()
    settings = db.session.get_one(Account, account_id).settings
    assert (settings["learned_quotas"], settings["welcome_text"]) == ({"draft/add": 500}, "您好")


def test_other_systems_spend_too(account: Account) -> None:
    now = utcnow()
    with atomic():
        readings._correct_count(account.id, "draft/add", 400, now)
    assert row_of(account, "draft/add")["used"] == 400
    with atomic():
        readings._correct_count(account.id, "draft/add", 20, now)
    assert row_of(account, "draft/add")["used"] == 400


def test_a_daily_limit_makes_it_be_read_and_a_minutes_limit_does_not(account: Account) -> None:
    readings.claim(utcnow(), 5)
    planned = fresh(account).next_reading_at
    for code, pause, asked in (("45011", timedelta(minutes=1), False), ("45009", timedelta(hours=5), True)):
        error = RateLimited("已用完。", code=code)
        error.until = utcnow() + pause
        note_limit(account.id, "draft/add", error, utcnow())
        at = fresh(account).next_reading_at
        assert at is not None
        assert (at != planned and at <= utcnow()) is asked


def test_the_scheduler_reads_what_is_due(account: Account, sim: Sim) -> None:
    sim.call("POST", "/_sim/clock", {"offset_seconds": 0})
    clock = Clockwork.make()
    clock.aside(lambda: reader.tick(clock.runtime, utcnow()))
    assert sim.asked("quota/get") == 0
    with atomic():
        readings.request(account.id, utcnow())
    clock.aside(lambda: reader.tick(clock.runtime, utcnow()))
    assert sim.asked("quota/get") == len(connections.capabilities(fresh(account)).readable_quotas)
    assert fresh(account).next_reading_at > utcnow()  # type: ignore[operator]


def test_weibo_has_nothing_to_read(app_on_simulator: Flask, office: Office, sim: Sim) -> None:
    account = connect_weibo(office)
    readings.read(account.id, utcnow())
    assert list(db.session.scalars(select(QuotaReading))) == []
    assert fresh(account).reading_note == ""


# Days


def test_days_are_kept_once_and_never_asked_again(account: Account, sim: Sim) -> None:
    now = datetime.combine(utcnow().date() + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=4)
    sim.call("POST", "/_sim/clock", {"offset_seconds": (now - utcnow()).total_seconds()})
    readings.read(account.id, now)
    days = readings.days_of(account.id)
    assert len(days) == 7
    assert days[0].day == now.date() - timedelta(days=1)
    assert days[0].followers is not None
    asked = sim.asked("getbizsummary")
    readings.read(account.id, now)
    assert sim.asked("getbizsummary") == asked == 1


def test_days_that_are_not_ready_come_later_and_say_so(account: Account, sim: Sim) -> None:
    sim.fault("refuse", path="datacube/getbizsummary", code=61503)
    now = utcnow()
    readings.read(account.id, now)
    found = fresh(account)
    assert "还没有准备好" in found.reading_note
    assert found.next_reading_at is not None
    assert found.next_reading_at - now <= timedelta(hours=2, minutes=1)
    # The allowances were had all the same.
    assert readings.readings_of(account.id)


def test_an_account_without_the_right_is_asked_tomorrow(account: Account, sim: Sim) -> None:
    sim.fault("refuse", path="datacube/getbizsummary", code=48001, times=-1)
    now = utcnow()
    readings.read(account.id, now)
    found = fresh(account)
    assert "没有这个接口的权限" in found.reading_note
    assert found.next_reading_at is not None
    assert found.next_reading_at >= readings.next_morning(now)


def test_a_platform_that_is_away_is_asked_again_soon(account: Account, sim: Sim) -> None:
    sim.fault("http_502", times=-1)
    now = utcnow()
    readings.read(account.id, now)
    found = fresh(account)
    assert found.next_reading_at is not None
    assert found.next_reading_at <= now + timedelta(minutes=30)
    assert list(db.session.scalars(select(AccountDay))) == []


def test_a_day_read_again_is_corrected(account: Account) -> None:
    day = date(2026, 7, 11)
    for readers in (10, 12):
        found = readings.Read(
            days=(DayFigures(day=day, readers=readers, followers=9),),
            quotas=(Told(call="x", limit=1, used=None, remain=None),),
        )
        readings._keep(account.id, found, utcnow(), None)
    [kept] = db.session.scalars(select(AccountDay))
    assert (kept.day, kept.readers, kept.followers) == (day, 12, 9)


def test_a_day_without_its_followers_is_asked_for_again(account: Account) -> None:
    found = readings.Read(days=(DayFigures(day=date(2026, 7, 11), readers=10, new_followers=1),))
    readings._keep(account.id, found, utcnow(), None)
    assert list(db.session.scalars(select(AccountDay))) == []


def test_what_was_asked_for_while_reading_is_read_next(account: Account, office: Office) -> None:
    now = utcnow()
    with atomic():
        readings.request(account.id, now - timedelta(minutes=1))
    assert readings.claim(now, 1) == [account.id]
    leased = fresh(account).next_reading_at
    allowances.request_reading(office.admin, account.id, now + timedelta(seconds=1))
    readings._keep(account.id, readings.Read(), now + timedelta(seconds=2), leased)
    assert fresh(account).next_reading_at == now + timedelta(seconds=1)


def test_a_limit_is_kept_for_the_call_that_met_it(account: Account, sim: Sim) -> None:
    """And not for the last of the calls that were made after it."""
    sim.fault("refuse", path="openapi/quota/get", code=45011)
    readings.read(account.id, utcnow())
    assert sim.asked("getbizsummary") == 1
    blocks = db.session.scalars(select(QuotaUse.key).where(QuotaUse.blocked_until.is_not(None)))
    assert list(blocks) == ["block:openapi/quota/get"]


def test_a_fault_of_ours_waits_for_the_morning_too(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise KeyError("followers")

    monkeypatch.setattr("connectors.wechat.connector.WeChatConnector.day_figures", broken)
    now = utcnow()
    readings.read(account.id, now)
    found = fresh(account)
    assert "程序出错" in found.reading_note
    assert found.next_reading_at is not None
    assert found.next_reading_at >= readings.next_morning(now)


# From the page


def test_clearing_counts_the_day_anew(account: Account, office: Office, sim: Sim) -> None:
    spend(account, 4)
    assert row_of(account, "draft/count")["used"] == 4
    with atomic():
        quotas.block(account.id, "draft/count", utcnow() + timedelta(hours=3))
    allowances.clear_quota(office.admin, account.id, utcnow())
    row = row_of(account, "draft/count")
    assert (row["used"], row["blocked_until"]) == (0, None)
    assert db.session.scalars(select(Event).where(Event.action == "account.clear_quota")).one()
    sim.fault("refuse", path="clear_quota", code=48006)
    with pytest.raises(Conflict) as caught:
        allowances.clear_quota(office.admin, account.id, utcnow())
    assert "本月清零配额的次数已用完" in caught.value.message
    told = list(db.session.scalars(select(Event).where(Event.action == "account.clear_quota").order_by(Event.id)))
    assert [event.after for event in told] == [{}, {"refused": "48006"}]


def test_the_speed_is_set_read_back_and_audited(account: Account, office: Office) -> None:
    assert allowances.set_speed(office.admin, account.id, 4, utcnow())[0] == 4
    assert fresh(account).settings["mass_speed"]["level"] == 4
    assert allowances.set_speed(office.admin, account.id, None, utcnow())[0] == 4
    [event] = db.session.scalars(select(Event).where(Event.action == "account.speed"))
    assert "每分钟 10 万条" in event.summary
    with pytest.raises(Invalid):
        allowances.set_speed(office.admin, account.id, 9, utcnow())


def test_only_keepers_of_the_account_may(account: Account, office: Office) -> None:
    for actor, error in ((office.author, Forbidden), (office.stranger, NotFound)):
        with pytest.raises(error):
            allowances.clear_quota(actor, account.id, utcnow())
        with pytest.raises(error):
            allowances.set_speed(actor, account.id, 1, utcnow())
        with pytest.raises(error):
            allowances.request_reading(actor, account.id, utcnow())


def test_weibo_accounts_are_told_that_there_is_no_such_thing(app_on_simulator: Flask, office: Office) -> None:
    account = connect_weibo(office)
    with pytest.raises(Conflict):
        allowances.clear_quota(office.admin, account.id, utcnow())
    with pytest.raises(Conflict):
        allowances.explain(account, "rid", utcnow())


def test_counters_stay_per_day(account: Account) -> None:
    readings.read(account.id, utcnow())
    rows = db.session.scalars(select(QuotaUse).where(QuotaUse.key == "draft/add@day")).all()
    assert len(rows) == 1


def test_the_days_by_api(account: Account, app_on_simulator: Flask, office: Office) -> None:
    days = (DayFigures(day=date(2026, 7, 11), readers=10, followers=5),)
    readings._keep(account.id, readings.Read(days=days), utcnow(), None)
    with app_on_simulator.test_request_context():
        [told] = [day_json(day) for day in readings.days_of(account.id)]
        assert DayOut().dump(told)["day"] == "2026-07-11"
    assert (told["readers"], told["lost_followers"]) == (10, None)


@pytest.mark.parametrize("claim", [readings.claim, claim_probes], ids=["readings", "probes"])
def test_who_holds_several_accounts_never_waits_crosswise_for_a_claim(
    app_on_simulator: Flask, office: Office, claim: Callable[[datetime, int], list[str]]
) -> None:
    first, second = sorted([connect_wechat(office).id, connect_weibo(office).id])
    with atomic():
        for number, account_id in enumerate([second, first]):
            account = db.session.get_one(Account, account_id)
            # The claim comes upon them in the other order.
            account.next_reading_at = MORNING - timedelta(hours=2 - number)
            account.probe_requested_at = MORNING - timedelta(hours=2 - number)
    taken: list[str] = []

    def hold(go: threading.Event) -> None:
        with atomic():
            for account_id in (first, second):
                db.session.scalars(select(Account.id).where(Account.id == account_id).with_for_update()).all()
                go.set()
                time.sleep(0.5)

    assert at_once(app_on_simulator, hold, lambda: taken.extend(claim(MORNING, 5))) == []
    assert set(taken) <= {first, second}
    again = {*taken, *claim(MORNING, 5)}
    assert again == {first, second}, "what was passed over comes with the next turn"
