"""The status page, `system check` and /metrics: one truth, from the database; what a scraper learns has no names in it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from app.accounts import quotas, tallies
from app.accounts.ledger import Ledger
from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Worker
from app.system import facts, figures, measuring, reaching, selftest, services
from app.web import settings
from connectors.answers import class_of
from connectors.values import Exchange
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.web import browser, sound

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def now() -> datetime:
    """Pages read the real clock."""
    return utcnow()


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


def samples(app: Flask) -> dict[tuple[str, str], float]:
    """{(name, label values in the order of the labels' names): value}."""
    text = app.test_client().get("/metrics").text
    return {
        (sample.name, ",".join(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def live() -> None:
    """The account of one platform is a real one."""
    with atomic():
        for account in db.session.query(Account).filter_by(platform="weibo"):
            account.environment = "live"


def finding(key: str, now: datetime, **changed: str) -> services.Finding:
    return next(one for one in services.self_test(replace(settings(), **changed), now) if one.key == key)


def test_metrics_tell_what_is_in_the_database(app: Flask, desk: Desk, now: datetime) -> None:
    post = desk.approved("机密标题不外传")
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    force(
        row(post, desk.weibo), "ready", now, due_at=now - timedelta(seconds=90), late_from=now - timedelta(seconds=90)
    )
    tallies.note(desk.weibo.id, tallies.CALL, "ok")
    tallies.note(desk.weibo.id, tallies.CALL, "ok")
    tallies.note(desk.wechat.id, tallies.CALL, "none")
    tallies.note(desk.weibo.id, tallies.ATTEMPT, "receipt")
    tallies.flush(now)
    with atomic():
        tallies.add(desk.wechat.id, tallies.CALLBACK, tallies.FORGED, now)
        worker = db.session.get_one(Worker, "desk")
        worker.clock_skew, worker.lag_seconds, worker.looked_at = -1.5, 0.25, now
    found = samples(app)
    assert found["tandem_publications", "scheduled"] == 1
    assert found["tandem_publications", "ready"] == 1
    assert found["tandem_publications", "unknown"] == 0, "alerts need a zero, not nothing"
    assert 85 < found["tandem_lag_seconds", ""] < 600
    due = (now - timedelta(seconds=90)).timestamp()
    assert found["tandem_oldest_due_timestamp_seconds", ""] == pytest.approx(due, abs=1)
    assert found["tandem_platform_calls_total", "ok,weibo"] == 2
    assert found["tandem_platform_calls_total", "none,wechat"] == 1
    assert found["tandem_attempts_total", "receipt,weibo"] == 1
    assert found["tandem_callbacks_total", "wechat,forged"] == 1
    assert found["tandem_schedulers_alive", ""] == 1
    assert found["tandem_clock_skew_seconds", ""] == 1.5
    assert found["tandem_scheduler_lag_seconds", ""] == 0.25
    assert found["tandem_outbox_deliveries", "failed"] == 0
    text = app.test_client().get("/metrics").text
    for name in ("机密标题", "青岚", desk.weibo.id, desk.weibo.external_id, post.id, "desk"):
        assert name not in text, name


def test_a_total_that_cannot_be_written_is_not_lost(app: Flask, desk: Desk, now: datetime) -> None:
    tallies.note(desk.weibo.id, tallies.CALL, "ok")
    tallies.note("nobody", tallies.CALL, "ok")
    tallies.flush(now)
    tallies.flush(now)
    assert tallies.by_platform(tallies.CALL) == {("weibo", "ok"): 1}


def test_what_one_scheduler_measures_all_tell(app: Flask, desk: Desk, now: datetime) -> None:
    post = desk.approved()
    with atomic():
        post = db.session.merge(post)
        post.publish_at, post.skew_seconds = now - timedelta(hours=1), 2.5
    ledger = Ledger(desk.weibo.id, purpose="publish", clock=lambda: now, quotas=())
    ledger.spend("statuses/share")
    quotas.block(desk.wechat.id, "draft/add", now + timedelta(hours=1))
    assert measuring.measure(now)
    assert not measuring.measure(now + timedelta(seconds=5)), "one of them, twice a minute"
    found = samples(app)
    assert found["tandem_pair_skew_seconds", "0.5"] == 2.5
    assert found["tandem_pairs", ""] == 1
    assert found["tandem_quota_used_ratio", "wechat"] == 1.0
    assert found["tandem_quota_used_ratio", "weibo"] < 1.0
    assert measuring.quantiles([1.0, 2.0, 3.0, 4.0]) == {"0.5": 2.0, "0.9": 4.0, "0.99": 4.0, "1.0": 4.0}


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, '{"errcode":0,"media_id":"x"}', "ok"),
        (200, '{"id":5}', "ok"),
        (200, '{"errcode":45009,"errmsg":"x"}', "refused"),
        (400, '{"error_code":20012}', "refused"),
        (403, "", "refused"),
        (502, "<html>", "fault"),
        (None, "", "none"),
    ],
)
def test_classes_of_answers(status: int | None, answer: str, expected: str, now: datetime) -> None:
    made = Exchange(
        method="POST",
        url="https://a/",
        request={},
        status=status,
        answer=answer,
        sent_at=now,
        answered_at=now,
        error="",
    )
    assert class_of(made) == expected


def test_every_rule_in_the_manual_asks_for_a_metric_that_is_told(app: Flask, desk: Desk, now: datetime) -> None:
    text = (DOCS / "operations.md").read_text()
    assert facts.claim(reaching.KEY, timedelta(0), now)
    reaching.record(settings().public_url, "", now)
    measuring.measure(now)
    with atomic():
        for kind, label in ((tallies.CALL, "ok"), (tallies.ATTEMPT, "receipt"), (tallies.CALLBACK, "taken")):
            tallies.add(desk.weibo.id, kind, label, now)
        post = db.session.merge(desk.approved())
        post.publish_at, post.skew_seconds = now, 1.0
    measuring.measure(now + timedelta(minutes=1))
    publishing.schedule(desk.author, desk.approved("b").id, publish_at=now + timedelta(hours=1), now=now)
    told = {name for name, _labels in samples(app)}
    asked = set(re.findall(r"\btandem_[a-z_]+\b", text))
    assert asked - told == set()
    assert told - asked == set(), "the manual names every metric"


def test_the_public_address_is_told_as_it_was_found(app: Flask, desk: Desk, now: datetime) -> None:
    url = "https://tandem.example.cn"
    assert finding("public_url", now).ok is None, "a drill on this machine"
    live()
    assert finding("public_url", now).ok is False, "live accounts need an address that others reach"
    assert finding("public_url", now, public_url=url).ok is None, "not tried yet"
    assert facts.claim(reaching.KEY, reaching.EVERY, now)
    assert not facts.claim(reaching.KEY, reaching.EVERY, now + timedelta(seconds=1))
    reaching.record(url, "", now)
    assert finding("public_url", now, public_url=url).ok is True
    later = now + timedelta(minutes=5)
    reaching.record(url, reaching.WHY["untrusted"], later)
    told = finding("public_url", later, public_url=url)
    assert told.ok is False
    assert "证书不可信" in told.told
    assert "系统管理员" in told.remedy
    last = reaching.last()
    assert last is not None
    assert last.reached_at == now, "when it was last reached is kept"
    assert finding("public_url", later + 2 * reaching.STALE, public_url=url).told.count("之后没有再试") == 1


def test_what_comes_due_this_very_second_is_not_late(app: Flask, desk: Desk, now: datetime) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    assert "没有晚点的" in finding("queue", now + timedelta(seconds=0.9)).told
    assert "最久的一条已晚 60 秒" in finding("queue", now + timedelta(seconds=60)).told


def test_the_page_tells_accounts_queue_and_schedulers(app: Flask, desk: Desk, now: datetime) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    force(row(post, desk.wechat), "held", now, why="x")
    with atomic():
        tallies.add(desk.wechat.id, tallies.CALLBACK, tallies.FORGED, now)
        worker = db.session.get_one(Worker, "desk")
        worker.looked_at, worker.threads = now - timedelta(minutes=5), 48
    quotas.block(desk.weibo.id, "", now + timedelta(hours=2))
    page = sound(browser(app, desk.admin), "/status")
    for status in ("scheduled", "held"):
        assert f'href="/publications?status={status}"' in page
    assert f"/publications/{row(post, desk.weibo).id}" in page, "the one that waits longest"
    assert "还没到准备时间。" in page
    assert page.count(">从未收到<") == 2
    assert "已拒绝伪造的推送 1 次" in page
    assert "平台限制到" in page
    assert "有心跳但不再发布" in page
    assert "0 / 48" in page
    stranger = sound(browser(app, desk.person("elsewhere", desk.other, "administrator")), "/status")
    assert desk.weibo.name not in stranger
    assert post.title not in stranger
    told = app.test_cli_runner().invoke(args=["system", "check"]).output
    for words in (
        "已暂缓 1",
        "已排期 1",
        "等得最久的一条",
        "从未收到推送",
        "拒绝伪造的推送 1 次",
        "平台限制到",
        "有心跳但不再发布",
    ):
        assert words in told, words


def test_the_clock_and_the_time_zone_are_tested(
    app: Flask, desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finding("clock", now).ok is True
    wrong = finding("clock", now, timezone="Asia/Nowhere")
    assert (wrong.ok, wrong.told) == (False, "时区 Asia/Nowhere 不存在。")
    assert "TANDEM_TIMEZONE" in wrong.remedy
    with atomic():
        db.session.get_one(Worker, "desk").clock_skew = -2.5
    skewed = finding("clock", now)
    assert skewed.ok is False
    assert "调度进程相差至多 2.5 秒" in skewed.told
    assert "NTP" in skewed.remedy
    monkeypatch.setattr(selftest, "ZoneInfo", lambda _name: ZoneInfo("UTC"))
    stale = finding("clock", now)
    assert (stale.ok, stale.told) == (False, "时区数据不对：北京时间应比 UTC 早 8 小时。")


def test_a_database_that_runs_out_of_connections_is_said(
    app: Flask, desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finding("database", now).ok is True
    full = figures.Database(kind="postgresql", version="16", size=1, used=95, most=100)
    monkeypatch.setattr(figures, "database", lambda: full)
    told = finding("database", now)
    assert told.ok is False
    assert "连接用了 95 个，上限 100 个" in told.told


def test_a_database_that_is_away_is_told_by_the_probes(
    app: Flask, desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_values: object, **_named: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr(db.session, "execute", away)
    assert [(one.key, one.ok) for one in services.self_test(settings(), now)] == [("database", False)]
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable", "missing": ["database"]})
    assert app.test_client().get("/healthz").status_code == 200


def test_every_line_of_the_self_test(app: Flask, desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [one.key for one in services.self_test(settings(), now)]
    assert keys[:2] == ["database", "migrations"]
    assert keys[2:8] == ["scheduler", "queue", "clock", "media", "public_url", "quotas"]
    assert keys[8:] == ["callbacks", "errands", "outbox", "search"]
    assert finding("quotas", now).ok is True
    quotas.block(desk.weibo.id, "", now + timedelta(hours=2))
    assert finding("quotas", now).told == "1 个账号有额度用完或被平台限制。"
    assert finding("callbacks", now).told == "2 个账号从未收到推送；拒绝伪造的推送 0 次。"
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert (finding("media", now).ok, finding("media", now).told) == (False, "不可写。")
