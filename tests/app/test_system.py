"""Health probes, metrics, the status page, the readable API, and logs that tell no secrets."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import structlog
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app import logs
from app.audit.services import record
from app.db import atomic, db, utcnow
from app.publishing.models import Worker
from app.system import services
from app.units.access import SYSTEM
from app.web import settings


def beat(at: datetime) -> None:
    with atomic():
        db.session.merge(Worker(id="a:1:x", host="a", pid=1, started_at=at, beat_at=at, clock_skew=0.0))


def test_ready_only_with_a_live_scheduler(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable", "missing": ["scheduler"]})
    beat(utcnow())
    assert client.get("/readyz").status_code == 200
    beat(utcnow() - timedelta(seconds=3 * settings().heartbeat_seconds + 1))
    assert client.get("/readyz").status_code == 503


def test_metrics_are_prometheus_text(app: Flask, now: datetime) -> None:
    beat(utcnow() - timedelta(seconds=5))
    families = {
        family.name: family for family in text_string_to_metric_families(app.test_client().get("/metrics").text)
    }
    age = families["tandem_scheduler_beat_age_seconds"].samples[0].value
    assert 4 < age < 60
    assert families["tandem_conversations_waiting"].samples[0].value == 0


def test_the_self_test_says_what_is_wrong_and_who_acts(app: Flask) -> None:
    found = {finding.key: finding for finding in services.self_test(settings(), utcnow())}
    assert found["scheduler"].ok is False
    assert "系统管理员" in found["scheduler"].remedy
    assert found["migrations"].ok is False, "create_all is no migration"
    assert found["clock"].ok is True


def test_api_description_is_readable_without_a_network(app: Flask) -> None:
    page = app.test_client().get("/api/v1/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://127.0.0.1", "").replace("http://www.w3.org", "")
    assert app.test_client().get("/api/v1/openapi.json").json["openapi"].startswith("3.")  # type: ignore[index]


def test_a_traceback_in_the_log_shows_no_local_variables(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(secret: str) -> None:
        raise RuntimeError("boom")

    logs.configure()  # binds to the standard error of this test
    secret = "-".join(("local", "variable", "secret"))
    try:
        fail(secret)
    except RuntimeError:
        structlog.get_logger().exception("failed")
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "RuntimeError: boom" in json.loads(line)["exception"]
    assert secret not in line


def test_system_commands(app: Flask, now: datetime) -> None:
    record(SYSTEM, "demo.act", now=now)
    runner = app.test_cli_runner()
    checked = runner.invoke(args=["system", "check"])
    assert checked.exit_code == 1
    assert "没有调度进程在运行" in checked.output
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0
