"""The inspectors' lines: 7, 10, 12 warn, 14 is a veto, 90 a zombie; what is not known is never a pass."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.db import atomic, db
from app.inspection.models import Finding, HistoryItem
from app.inspection.services import dormancy, evaluate, findings_of, posts_by_day, record_history
from app.notices.models import Notice
from connectors.values import Page, PublishedItem
from tests.app.inbox.conftest import City


def item(number: int, at: datetime, *, deleted: bool = False) -> PublishedItem:
    return PublishedItem(external_id=str(number), title=f"第 {number} 条", published_at=at, deleted=deleted)


def seen(account: Account, now: datetime, *items: PublishedItem, why: str = "", since: datetime | None = None) -> None:
    record_history(account, Page(items=items, unavailable=why, complete_since=since), now)


def level(city: City, now: datetime, account: Account) -> tuple[str, int | None]:
    db.session.rollback()
    [state] = [state for state in dormancy(city.reader, now) if state.account.id == account.id]
    return state.level, state.days


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        (timedelta(days=6, hours=23), ("ok", 6)),
        (timedelta(days=7), ("warn", 7)),
        (timedelta(days=13, hours=23), ("warn", 13)),
        (timedelta(days=14), ("veto", 14)),
        (timedelta(days=89), ("veto", 89)),
        (timedelta(days=90), ("zombie", 90)),
    ],
)
def test_the_lines(city: City, now: datetime, silent: timedelta, expected: tuple[str, int]) -> None:
    seen(city.weibo, now, item(1, now - silent))
    assert level(city, now, city.weibo) == expected


def test_unknown_is_never_a_pass(city: City, now: datetime) -> None:
    assert level(city, now, city.weibo) == ("unknown", None)
    seen(city.weibo, now, item(1, now - timedelta(days=20)), why="没有读取历史的权限。")
    assert level(city, now, city.weibo) == ("unknown", 20)
    seen(city.weibo, now, item(2, now - timedelta(days=1)), why="没有读取历史的权限。")
    assert level(city, now, city.weibo) == ("ok", 1)


def test_unknown_is_a_finding_only_when_something_is_amiss(city: City, now: datetime) -> None:
    assert evaluate(now) == 0
    seen(city.weibo, now, why="没有读取历史的权限。")
    assert evaluate(now) == 1
    assert [finding.rule for finding in findings_of(city.reader).items] == ["UPD-UNKNOWN"]


def test_old_knowledge_says_nothing_about_now(city: City, now: datetime) -> None:
    seen(city.weibo, now - timedelta(days=5), item(1, now - timedelta(days=9)))
    assert level(city, now, city.weibo)[0] == "unknown"


def test_a_new_account_without_posts_is_unknown_an_old_one_is_not(city: City, now: datetime) -> None:
    seen(city.weibo, now)
    assert level(city, now, city.weibo)[0] == "zombie"
    with atomic():
        db.session.get_one(Account, city.weibo.id).created_at = now - timedelta(days=3)
    assert level(city, now, city.weibo) == ("unknown", None)


def test_the_last_surviving_post_counts(city: City, now: datetime) -> None:
    old, new = now - timedelta(days=20), now - timedelta(days=1)
    seen(city.weibo, now, item(1, old), item(2, new))
    assert level(city, now, city.weibo)[0] == "ok"
    seen(city.weibo, now, item(1, old), item(2, new, deleted=True))
    assert level(city, now, city.weibo) == ("veto", 20)
    assert db.session.get_one(Account, city.weibo.id).last_published_at == old


def test_what_a_complete_list_lacks_is_gone(city: City, now: datetime) -> None:
    old, new = now - timedelta(days=20), now - timedelta(days=1)
    seen(city.weibo, now, item(1, old), item(2, new))
    seen(city.weibo, now, item(1, old))
    assert level(city, now, city.weibo)[0] == "ok"
    seen(city.weibo, now, item(1, old), since=old)
    assert level(city, now, city.weibo)[0] == "veto"
    seen(city.weibo, now, item(1, old), item(2, new), since=old)
    assert level(city, now, city.weibo)[0] == "ok"


def test_findings_open_once_and_close(city: City, now: datetime) -> None:
    last = now - timedelta(days=8)
    for account in (city.weibo, city.wechat):
        seen(account, now, item(1, last))
    assert evaluate(now) == 2
    assert evaluate(now) == 0
    later = now + timedelta(days=6)
    for account in (city.weibo, city.wechat):
        seen(account, later, item(1, last))
    evaluate(later)
    standing = db.session.scalars(select(Finding).where(Finding.closed_at.is_(None))).all()
    assert {finding.rule for finding in standing} == {"UPD-14"}
    [first, *_rest] = standing
    assert first.evidence["days"] == 14
    assert first.evidence["rule"]["quote"] == "监测时间点前2周内无更新"
    assert first.evidence["rule"]["grade"] == "B"
    seen(city.weibo, later, item(1, last), item(2, later))
    evaluate(later)
    assert len(db.session.scalars(select(Finding).where(Finding.closed_at.is_(None))).all()) == 1
    assert len(db.session.scalars(select(Notice)).all()) == 4


def test_who_sees_findings(city: City, now: datetime) -> None:
    seen(city.weibo, now, item(1, now - timedelta(days=15)))
    evaluate(now)
    rules = {finding.rule for finding in findings_of(city.reader).items}
    assert rules == {"UPD-14"}
    assert [finding.rule for finding in findings_of(city.reader, rule="UPD-14").items] == ["UPD-14"]
    assert findings_of(city.stranger).items == []
    assert dormancy(city.stranger, now) == []


def test_days_are_beijing_days(city: City, now: datetime) -> None:
    midnight = datetime.fromisoformat("2026-07-11T00:00:00+08:00")
    seen(city.weibo, now, item(1, midnight - timedelta(seconds=1)), item(2, midnight), item(3, midnight, deleted=True))
    counts = posts_by_day([city.weibo.id], midnight.date(), 30)[city.weibo.id]
    assert counts == {midnight.date(): 1, midnight.date() - timedelta(days=1): 1}
    assert db.session.scalars(select(HistoryItem).where(HistoryItem.deleted_at.is_not(None))).one().external_id == "3"
