"""The ledger: budgets per purpose, periods of Beijing, the platform's own word, exact counting under load."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import quotas
from app.accounts.connections import connect
from app.accounts.ledger import Ledger, _count_all
from app.accounts.models import Account, QuotaUse, SharedUse
from app.accounts.services import note_limit, quota_summary, remaining, update_account
from app.db import InTransaction, atomic, db
from app.gathering import Apart
from connectors.base import Purpose
from connectors.errors import RateLimited
from connectors.values import Quota
from tests.app.accounts.kit import WEIBO, Office, connect_wechat, connect_weibo

# The first moment of a day in Beijing: nothing is left over yet.
MORNING = datetime(2026, 7, 12, 16, 0, tzinfo=UTC)
DAILY = (Quota(key="daily_calls", limit=100, period="day"),)


def ledger(account_id: str, purpose: Purpose, at: datetime, given: tuple[Quota, ...] = DAILY) -> Ledger:
    return Ledger(account_id, purpose=purpose, clock=lambda: at, quotas=given)


def spend_until_refused(meter: Ledger, call: str, most: int = 200) -> int:
    for number in range(most):
        try:
            meter.spend(call)
        except RateLimited:
            return number
    return most


@pytest.mark.parametrize(
    ("purpose", "call", "allowed"),
    [
        ("unread", "remind/unread_count", 23),
        ("reply", "messages/reply", 15),
        ("fetch", "comments/to_me", 15),
        ("media", "mss/msget", 5),
        ("history", "statuses/user_timeline", 12),
    ],
)
def test_each_purpose_has_its_share_of_the_hundred(
    app: Flask, office: Office, purpose: Purpose, call: str, allowed: int
) -> None:
    account_id = connect_weibo(office).id
    assert spend_until_refused(ledger(account_id, purpose, MORNING), call) == allowed


def test_thirty_stay_for_publishing_and_what_others_leave_may_be_used(
    app: Flask, office: Office, now: datetime
) -> None:
    account_id = connect_weibo(office).id
    spend_until_refused(ledger(account_id, "unread", now), "remind/unread_count")
    spend_until_refused(ledger(account_id, "fetch", now), "comments/to_me")
    spend_until_refused(ledger(account_id, "reply", now), "messages/reply")
    spend_until_refused(ledger(account_id, "media", now), "mss/msget")
    spend_until_refused(ledger(account_id, "history", now), "statuses/user_timeline")
    assert spend_until_refused(ledger(account_id, "publish", now), "statuses/share") == 30
    second = connect_weibo(office, external_id="77").id
    assert spend_until_refused(ledger(second, "publish", now), "statuses/share") == 100


def test_a_poll_spends_unread_and_fetch_apart(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office)
    poll = ledger(account.id, "fetch", now)
    for _ in range(3):
        poll.spend("remind/unread_count")
    poll.spend("comments/to_me")
    rows = {row["key"]: row["used"] for row in quota_summary(account, now)}
    assert (rows["unread"], rows["fetch"], rows["daily_calls"]) == (3, 1, 4)


@pytest.mark.parametrize(("hour", "first"), [(0, "reply"), (8, "media"), (16, "reply"), (23, "media")])
def test_whatever_is_borrowed_three_tenths_stay_for_publishing(
    app: Flask, office: Office, hour: int, first: Purpose
) -> None:
    account_id = connect_weibo(office).id
    twenty = (Quota(key="daily_calls", limit=20, period="day"),)
    at = MORNING + timedelta(hours=hour)
    others: list[Purpose] = [first, "reply", "media", "unread", "fetch", "history"]
    calls = {"unread": "remind/unread_count"}
    spent = [spend_until_refused(ledger(account_id, each, at, twenty), calls.get(each, "x")) for each in others]
    assert sum(spent) <= 14
    night = MORNING + timedelta(hours=23, minutes=59)
    spent += [spend_until_refused(ledger(account_id, each, night, twenty), calls.get(each, "x")) for each in others]
    assert sum(spent) in (13, 14)
    assert spend_until_refused(ledger(account_id, "publish", night, twenty), "statuses/share") == 20 - sum(spent)


def test_pictures_and_answers_may_use_what_the_rest_of_the_day_does_not_need(app: Flask, office: Office) -> None:
    account = connect_weibo(office)
    noon = MORNING + timedelta(hours=12)
    # Half of what the others have is theirs for the afternoon: 7 + 12 + 7 + 5 are free.
    assert spend_until_refused(ledger(account.id, "media", noon), "mss/msget") == 5 + 32
    # The polls keep their afternoon.
    assert spend_until_refused(ledger(account.id, "unread", noon), "remind/unread_count") >= 12
    rows = {row["key"]: row for row in quota_summary(account, noon)}
    assert rows["media"]["remaining"] == 0


def test_who_must_wait_for_an_elastic_budget_waits_only_until_it_grows(app: Flask, office: Office) -> None:
    account_id = connect_weibo(office).id
    meter = ledger(account_id, "media", MORNING)
    spend_until_refused(meter, "mss/msget")
    with pytest.raises(RateLimited) as refused:
        meter.spend("mss/msget")
    until = refused.value.until
    assert until is not None
    assert MORNING < until <= MORNING + timedelta(hours=1)
    ledger(account_id, "media", until).spend("mss/msget")


@pytest.mark.parametrize(
    ("mode", "calls"),
    [
        ("full", ["statuses/update", "statuses/upload"]),
        ("business", ["statuses/update/biz", "statuses/upload_url_text/biz"]),
    ],
)
def test_all_ways_to_publish_share_the_limit_of_the_hour(
    app: Flask, office: Office, now: datetime, mode: str, calls: list[str]
) -> None:
    account = connect_weibo(office, mode=mode, settings={"quotas": {"publish_per_hour": 4}})
    meter = connect(account, clock=lambda: now).meter
    assert isinstance(meter, Ledger)
    for number in range(4):
        meter.spend(calls[number % 2])
    for call in calls:
        with pytest.raises(RateLimited, match="这一小时"):
            meter.spend(call)


def test_open_calls_of_a_business_account_have_a_hundred_a_day_of_their_own(
    app: Flask, office: Office, now: datetime
) -> None:
    account = connect_weibo(office, mode="business")
    assert next(quota.limit for quota in connect(account).capabilities().quotas if quota.key == "open_calls") == 100
    update_account(office.admin, account.id, settings={"quotas": {"open_calls": 3}}, now=now)
    meter = connect(account, clock=lambda: now).meter
    assert isinstance(meter, Ledger)
    assert spend_until_refused(meter, "statuses/show") == 3
    meter.spend("statuses/update/biz")
    meter.spend("mss/msget")
    rows = {row["key"]: row["used"] for row in quota_summary(account, now)}
    assert (rows["open_calls"], rows["biz_calls"]) == (3, 1)


@pytest.mark.parametrize(
    ("met", "stopped", "goes_on"),
    [
        ("statuses/show", "statuses/count", "statuses/update/biz"),
        ("comments/to_me/biz", "statuses/update/biz", "statuses/show"),
    ],
)
def test_a_refusal_at_one_kind_of_a_business_accounts_calls_leaves_the_other(
    app: Flask, office: Office, now: datetime, met: str, stopped: str, goes_on: str
) -> None:
    account = connect_weibo(office, mode="business")
    error = RateLimited("今日调用已用完。", code="10023")
    error.until = now + timedelta(hours=3)
    note_limit(account.id, met, error, now)
    meter = connect(account, clock=lambda: now).meter
    meter.spend(goes_on)
    with pytest.raises(RateLimited):
        meter.spend(stopped)
    assert (remaining(account, "publish", now) == 0) == (stopped == "statuses/update/biz")


def test_many_pictures_leave_the_polling_of_comments_alone(app: Flask, office: Office, now: datetime) -> None:
    account_id = connect_weibo(office).id
    spend_until_refused(ledger(account_id, "media", now), "mss/msget")
    ledger(account_id, "fetch", now).spend("comments/to_me")


def test_the_day_ends_at_midnight_in_beijing(app: Flask, office: Office) -> None:
    account_id = connect_weibo(office).id
    evening = datetime(2026, 7, 12, 15, 59, tzinfo=UTC)
    spend_until_refused(ledger(account_id, "history", evening), "x")
    with pytest.raises(RateLimited) as refused:
        ledger(account_id, "history", evening).spend("x")
    assert refused.value.until == datetime(2026, 7, 12, 16, 0, tzinfo=UTC)
    assert "历史与体检" in refused.value.cause
    ledger(account_id, "history", evening + timedelta(minutes=1)).spend("x")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("minute", (2026, 7, 31, 16, 30), (2026, 7, 31, 16, 31)),
        ("hour", (2026, 7, 31, 16, 0), (2026, 7, 31, 17, 0)),
        ("day", (2026, 7, 31, 16, 0), (2026, 8, 1, 16, 0)),
        ("month", (2026, 7, 31, 16, 0), (2026, 8, 31, 16, 0)),
    ],
)
def test_periods_are_beijings(period: str, start: tuple[int, ...], end: tuple[int, ...]) -> None:
    found = quotas.bounds(period, datetime(2026, 7, 31, 16, 30, 20, tzinfo=UTC))
    assert found == (datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))  # type: ignore[arg-type,misc]


def test_a_refused_call_is_not_counted(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office)
    meter = ledger(account.id, "history", now)
    spend_until_refused(meter, "x")
    for _ in range(5):
        with pytest.raises(RateLimited):
            meter.spend("x")
    rows = {row["key"]: row["used"] for row in quota_summary(account, now)}
    assert rows["history"] == rows["daily_calls"] == 12


def test_settings_scale_the_budgets(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office, settings={"quotas": {"daily_calls": 50}})
    meter = connect(account, purpose="history", clock=lambda: now).meter
    assert isinstance(meter, Ledger)
    assert spend_until_refused(meter, "statuses/user_timeline") == 6


def test_wechat_counts_per_call_and_settings_override(app: Flask, office: Office, now: datetime) -> None:
    account = connect_wechat(office, settings={"quotas": {"draft/add": 2}})
    meter = connect(account, purpose="fetch", clock=lambda: now).meter
    assert isinstance(meter, Ledger)
    assert spend_until_refused(meter, "draft/add") == 2
    meter.spend("draft/get")
    assert remaining(account, "draft/add", now) == 0
    assert remaining(account, "freepublish/submit", now) == 100
    assert remaining(account, "nothing/known", now) is None


def test_the_platforms_own_word_blocks(app: Flask, office: Office, now: datetime) -> None:
    account = connect_wechat(office)
    error = RateLimited("今日次数已用完。", code="45009")
    error.until = now + timedelta(hours=3)
    note_limit(account.id, "draft/add", error, now)
    meter = connect(account, purpose="publish", clock=lambda: now).meter
    with pytest.raises(RateLimited) as refused:
        meter.spend("draft/add")
    assert refused.value.until == error.until
    meter.spend("draft/get")
    assert remaining(account, "draft/add", now) == 0
    after = connect(account, purpose="publish", clock=lambda: now + timedelta(hours=4)).meter
    after.spend("draft/add")


def test_weibos_refusal_of_the_user_blocks_every_call(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office)
    error = RateLimited("今日调用已用完。", code="10023")
    error.until = now + timedelta(hours=3)
    note_limit(account.id, "comments/to_me", error, now)
    with pytest.raises(RateLimited):
        connect(account, clock=lambda: now).meter.spend("statuses/share")


def test_a_block_of_everything_ends_when_connected_again(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office)
    quotas.block(account.id, "daily_calls", now + timedelta(hours=9))
    assert remaining(account, "publish", now) == 0
    with pytest.raises(RateLimited):
        connect(account, clock=lambda: now).meter.spend("statuses/share")
    update_account(office.admin, account.id, credentials={"access_token": "2.00Second"}, now=now)
    connect(account, clock=lambda: now).meter.spend("statuses/share")


def test_no_call_is_announced_inside_a_transaction(app: Flask, office: Office, now: datetime) -> None:
    meter = ledger(connect_weibo(office).id, "publish", now)
    with atomic(), pytest.raises(InTransaction):
        meter.spend("statuses/share")


def test_counting_is_exact_when_many_spend_at_once(app: Flask, office: Office, now: datetime) -> None:
    account_id = connect_weibo(office).id
    allowed: list[int] = []

    def run() -> None:
        with app.app_context():
            meter = ledger(account_id, "unread", now)
            allowed.append(spend_until_refused(meter, "remind/unread_count", most=12))
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(allowed) == 23
    # The snapshot of before ends here.
    db.session.rollback()
    assert db.session.scalar(select(func.max(QuotaUse.used))) == 23


def test_calls_of_one_moment_are_counted_in_one_transaction_each_for_itself(
    app: Flask, office: Office, now: datetime
) -> None:
    two, one = (connect_weibo(office, external_id=uid).id for uid in ("77", "78"))
    three = (Quota(key="daily_calls", limit=3, period="day"),)
    calls = [ledger(each, "publish", now, three)._call("statuses/share") for each in (two, one, two)]
    assert _count_all(calls) == [None, None, None]
    whole = select(QuotaUse).where(QuotaUse.key == "daily_calls@day")
    assert {row.account_id: row.used for row in db.session.scalars(whole)} == {two: 2, one: 1}
    tomorrow = ledger(two, "publish", now + timedelta(days=1), three)._call("statuses/share")
    with pytest.raises(Apart):
        _count_all([calls[0], tomorrow])
    # One of them would be one too many: which, each finds out alone.
    with pytest.raises(Apart):
        _count_all(calls)
    assert {row.account_id: row.used for row in db.session.scalars(whole)} == {two: 2, one: 1}


def refused_by_address(at: datetime) -> RateLimited:
    error = RateLimited("服务器 IP 的微博调用次数已用完。", code="10022")
    error.until, error.shared = at + timedelta(minutes=30), True
    return error


def meter_of(account: Account, at: datetime, purpose: Purpose = "publish") -> Ledger:
    meter = connect(account, purpose=purpose, clock=lambda: at).meter
    assert isinstance(meter, Ledger)
    return meter


def test_a_limit_of_the_address_makes_all_accounts_of_the_app_wait(app: Flask, office: Office, now: datetime) -> None:
    heard, same = (connect_weibo(office, external_id=uid, now=now) for uid in ("77", "78"))
    another = connect_weibo(office, external_id="79", credentials={**WEIBO, "app_key": "1352222457"}, now=now)
    elsewhere = connect_wechat(office, now=now)
    note_limit(heard.id, "statuses/share", refused_by_address(now), now)
    for account in (heard, same):
        with pytest.raises(RateLimited) as told:
            meter_of(account, now).spend("statuses/share")
        assert told.value.until == now + timedelta(minutes=30)
        assert "同一应用" in told.value.cause
        assert remaining(account, "publish", now) == 0
        assert {row["blocked_until"] for row in quota_summary(account, now)} == {now + timedelta(minutes=30)}
    meter_of(another, now).spend("statuses/share")
    meter_of(elsewhere, now).spend("draft/add")
    meter_of(same, now + timedelta(minutes=31)).spend("statuses/share")


def test_a_limit_of_the_user_leaves_the_other_accounts_of_the_app(app: Flask, office: Office, now: datetime) -> None:
    heard, same = (connect_weibo(office, external_id=uid, now=now) for uid in ("77", "78"))
    error = RateLimited("该账号今天的微博调用次数已用完。", code="10023")
    error.until = now + timedelta(hours=3)
    note_limit(heard.id, "statuses/share", error, now)
    meter_of(same, now).spend("statuses/share")


def test_what_accounts_share_is_counted_as_one(app: Flask, office: Office, now: datetime) -> None:
    one, two = (
        connect_weibo(office, external_id=uid, mode="business", settings={"quotas": {"biz_calls": 10}}, now=now)
        for uid in ("77", "78")
    )
    # Three tenths are publishing's: reading stops before.
    assert spend_until_refused(meter_of(one, now, "fetch"), "comments/to_me/biz") == 7
    assert spend_until_refused(meter_of(two, now, "fetch"), "comments/to_me/biz") == 0
    assert spend_until_refused(meter_of(two, now), "statuses/update/biz") == 3
    assert spend_until_refused(meter_of(one, now), "statuses/update/biz") == 0
    for account in (one, two):
        assert {row["key"]: row["used"] for row in quota_summary(account, now)}["biz_calls"] == 10
    calls = [meter_of(each, now + timedelta(hours=1))._call("statuses/update/biz") for each in (one, two, one)]
    assert _count_all(calls) == [None, None, None]
    shared = select(SharedUse.used).where(SharedUse.key == "biz_calls@hour").order_by(SharedUse.period_start)
    assert list(db.session.scalars(shared)) == [10, 3]
    note_limit(one.id, "statuses/update/biz", refused_by_address(now), now)
    with pytest.raises(Apart):
        _count_all([meter_of(two, now)._call("statuses/update/biz")])
