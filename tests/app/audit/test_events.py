"""The audit log on screen, by API and by command."""

from __future__ import annotations

import ast
import re
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.audit.models import ChainHead, Event
from app.audit.services import digest, record, verify
from app.audit.words import ACTIONS, action_word
from app.db import atomic, db
from app.units.access import SYSTEM
from app.units.models import Unit
from app.units.services import create_unit, create_user, find_user, issue_token

PASSWORD = "correct horse 12"


@pytest.fixture
def units(app: Flask, now: datetime) -> tuple[Unit, Unit]:
    app.config["WTF_CSRF_ENABLED"] = False
    city = create_unit(SYSTEM, name="青岚市", level="city", parent_id=None, now=now)
    county = create_unit(SYSTEM, name="云溪县", level="county", parent_id=city.id, now=now)
    for email, unit in (("city@example.gov.cn", city), ("county@example.gov.cn", county)):
        create_user(SYSTEM, email=email, name=email[:4], unit_id=unit.id, roles=["auditor"], password=PASSWORD, now=now)
    record(SYSTEM, "post.submit", now=now, unit_id=city.id, summary="市里的稿件")
    record(SYSTEM, "post.submit", now=now, unit_id=county.id, summary="县里的稿件")
    record(SYSTEM, "demo.load", now=now, summary="全站的事")
    return city, county


def page(app: Flask, email: str, query: str = "") -> str:
    client = app.test_client()
    client.post("/sign-in", data={"email": email, "password": PASSWORD})
    return client.get(f"/settings/events{query}").get_data(as_text=True)


def test_one_sees_the_events_of_ones_subtree(app: Flask, units: tuple[Unit, Unit]) -> None:
    of_city, of_county = page(app, "city@example.gov.cn"), page(app, "county@example.gov.cn")
    assert "市里的稿件" in of_city
    assert "县里的稿件" in of_city
    assert "全站的事" in of_city
    assert "市里的稿件" not in of_county
    assert "县里的稿件" in of_county
    assert "全站的事" not in of_county


def test_the_filter_narrows(app: Flask, units: tuple[Unit, Unit]) -> None:
    found = page(app, "city@example.gov.cn", "?action=post")
    assert "市里的稿件" in found
    assert "全站的事" not in found
    assert "没有符合条件的记录" in page(app, "city@example.gov.cn", "?action=post&actor=nobody")
    assert "市里的稿件" in page(app, "city@example.gov.cn", "?since=2026-07-12&until=2026-07-12")
    assert "市里的稿件" not in page(app, "city@example.gov.cn", "?until=2026-07-11")
    assert "日期“sometime”格式不对" in page(app, "city@example.gov.cn", "?since=sometime")


def test_dates_the_wrong_way_round_are_told_and_verifying_names_no_number_nobody_has(
    app: Flask, units: tuple[Unit, Unit]
) -> None:
    email = "city@example.gov.cn"
    assert "日期早于“从”" in page(app, email, "?since=2026-07-12&until=2026-07-10")
    client = app.test_client()
    client.post("/sign-in", data={"email": email, "password": PASSWORD})
    assert "全部记录完整" in client.post("/settings/events/verification", follow_redirects=True).text
    assert "日期早于“从”" not in page(app, email, "?since=2026-07-12&until=2026-07-12")


def test_the_api_tells_the_same(app: Flask, units: tuple[Unit, Unit], now: datetime) -> None:
    user = find_user("county@example.gov.cn")
    assert user is not None
    token = issue_token(SYSTEM, user_id=user.id, name="", days=300, scopes=[], now=now)
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    body = client.get("/api/v1/events?action=post.submit", headers=headers).get_json()
    assert [event["summary"] for event in body["items"]] == ["县里的稿件"]
    assert body["items"][0]["at"] == "2026-07-12T01:00:00Z"
    assert client.get("/api/v1/events?since=2026-07-12T00:00:00", headers=headers).status_code == 422


def test_verify_says_what_was_altered(app: Flask, units: tuple[Unit, Unit]) -> None:
    intact = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert intact.exit_code == 0
    assert "完整" in intact.output
    with atomic():
        db.session.execute(text("UPDATE events SET summary = 'x' WHERE action = 'demo.load'"))
    broken = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert broken.exit_code == 1
    assert "demo.load" in broken.output


@pytest.mark.parametrize(
    "tampering",
    [
        ["UPDATE events SET id = 'x' WHERE seq = 2"],
        ["DELETE FROM events WHERE seq = 2"],
        ["DELETE FROM events WHERE seq > 1"],
        ["DELETE FROM events WHERE seq > 1", "DELETE FROM event_chain_head"],
        ["DELETE FROM event_chain_head"],
        ["DELETE FROM events", "DELETE FROM event_chain_head"],
    ],
)
def test_nothing_is_altered_or_removed_unseen(app: Flask, units: tuple[Unit, Unit], tampering: list[str]) -> None:
    assert verify() == verify(100) == []
    with atomic():
        for statement in tampering:
            db.session.execute(text(statement))
    db.session.expire_all()
    assert verify()
    assert verify(100)


def test_a_head_that_was_removed_is_missed_for_good(app: Flask, units: tuple[Unit, Unit], now: datetime) -> None:
    with atomic():
        db.session.execute(text("DELETE FROM event_chain_head"))
    db.session.expire_all()
    record(SYSTEM, "demo.load", now=now)
    assert verify()


def test_ids_of_before_are_known_by_their_numbers_alone(app: Flask, units: tuple[Unit, Unit], now: datetime) -> None:
    with atomic():
        head = db.session.get_one(ChainHead, 1)
        head.ids_from = head.seq + 1
        for event in db.session.scalars(select(Event).order_by(Event.seq)):
            event.prev_hash = head.hash if event.seq > 1 else ""
            event.hash = head.hash = digest(event, named=False)
    record(SYSTEM, "demo.load", now=now)
    assert verify() == []


def test_every_recorded_action_has_a_word_of_its_own() -> None:
    """Read from the source: whatever is handed to a function that records."""
    recorded = set()
    for path in (Path(__file__).parents[3] / "app").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(call, "func", None), "id", "")
            if isinstance(call, ast.Call) and name in ("record", "_record", "_request", "_audit", "note_event"):
                texts = [
                    part.value for given in call.args for part in ast.walk(given) if isinstance(part, ast.Constant)
                ]
                recorded |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+\.[a-z_]+", text)}
    assert len(recorded) > 30
    assert recorded - set(ACTIONS) == set()
    for action, word in ACTIONS.items():
        assert not re.search("[A-Za-z]", action_word(action)), action
        assert action_word(action) == word
