"""The platform's own explanation of a failed call, from the evidence; what a mass send's event told, on the same page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import connections
from app.audit.models import Event
from app.db import db, utcnow
from app.errors import NotFound
from app.publishing import evidence
from app.publishing import services as publishing
from connectors.desk import rid_in
from connectors.errors import ConnectorError
from tests.app.accounts.kit import Sim, app_on_simulator, running_simulator, sim
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.web import browser, sound

__all__ = ["app_on_simulator", "running_simulator", "sim"]


@pytest.fixture
def desk(app_on_simulator: Flask, sim: Sim) -> Desk:
    return Desk(utcnow(), wechat_mode="mass")


def failed_call(desk: Desk, **more: Any) -> dict[str, Any]:
    """A call that the simulator refused just now, as evidence keeps it."""
    recorder = connections.Recorder()
    connector = connections.connect(desk.wechat, on_exchange=recorder)
    with pytest.raises(ConnectorError):
        connector.api.post("/cgi-bin/draft/get", {"media_id": "none"})  # type: ignore[attr-defined]
    return {**recorder.json()[-1], **more}


def test_a_failed_call_is_explained_by_the_platform(desk: Desk, app_on_simulator: Flask) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    publication = row(post, desk.wechat)
    exchange = failed_call(desk)
    rid = rid_in(exchange["answer"])
    assert rid
    force(publication, "failed", utcnow(), exchanges=[exchange])
    client = browser(app_on_simulator, desk.publisher)
    page = sound(client, f"/publications/{publication.id}")
    assert "查看平台解释" in page
    assert rid in page
    told = client.post(f"/publications/{publication.id}/explanation", data={"rid": rid})
    assert told.status_code == 200
    assert "平台收到的时间" in told.text
    assert "40007" in told.text
    assert "access_token=" in told.text
    assert not re.search(r"access_token=(?!\*\*\*)", told.text)


def test_who_may_only_read_spends_none_of_the_accounts_calls(desk: Desk, app_on_simulator: Flask, sim: Sim) -> None:
    """It is asked at the platform, in the account's name: for those who manage publications, and never without a trace."""
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    publication = row(post, desk.wechat)
    exchange = failed_call(desk)
    force(publication, "failed", utcnow(), exchanges=[exchange])
    reader = browser(app_on_simulator, desk.author)
    assert "查看平台解释" not in sound(reader, f"/publications/{publication.id}")
    path, data = f"/publications/{publication.id}/explanation", {"rid": rid_in(exchange["answer"])}
    assert reader.post(path, data=data).status_code == 403
    assert sim.asked("rid/get") == 0
    assert browser(app_on_simulator, desk.publisher).post(path, data=data).status_code == 200
    (event,) = db.session.scalars(select(Event).where(Event.action == "publication.explain")).all()
    assert (event.actor_id, event.object_id, event.after) == (desk.publisher.user_id, publication.id, data)


def test_only_numbers_of_this_evidence_are_asked(desk: Desk, app_on_simulator: Flask, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    publication = row(post, desk.wechat)
    for rid in ("", "617682e0-09059ac5-34a8e2ea"):
        with pytest.raises(NotFound):
            evidence.explain(desk.publisher, publication.id, rid, now=utcnow())
    assert sim.asked("rid/get") == 0
    assert (
        browser(app_on_simulator, desk.outsider)
        .post(f"/publications/{publication.id}/explanation", data={"rid": "x"})
        .status_code
        == 404
    )


def test_after_seven_days_nobody_explains(desk: Desk) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    publication = row(post, desk.wechat)
    old = (utcnow() - timedelta(days=8)).isoformat()
    force(publication, "failed", utcnow(), exchanges=[failed_call(desk, sent_at=old), failed_call(desk)])
    assert len(evidence.explainable(desk.publisher, row(post, desk.wechat), utcnow())) == 1


def test_weibo_explains_nothing(desk: Desk) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    force(row(post, desk.weibo), "failed", utcnow(), exchanges=[failed_call(desk)])
    assert evidence.explainable(desk.publisher, row(post, desk.weibo), utcnow()) == set()


@pytest.mark.parametrize(
    ("answer", "rid"),
    [
        ('{"errmsg":"reach max rid: 617682e0-09059ac5-34a8e2ea"}', "617682e0-09059ac5-34a8e2ea"),
        ("no number here", ""),
        ("grid: 617682e0-09059ac5", ""),
        ("rid: <b>", ""),
    ],
)
def test_numbers_are_found_where_they_stand(answer: str, rid: str) -> None:
    assert rid_in(answer) == rid


def test_what_the_event_told_stands_on_the_page(desk: Desk, app_on_simulator: Flask) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    receipt = {"external_id": "5", "url": "", "live": True, "published_at": None}
    details = {"msg_id": "5", "reprint": "原创校验：判为转载，可以群发。", "sent_to": "12345"}
    force(row(post, desk.wechat), "published", utcnow(), receipt={**receipt, "details": details})
    page = sound(browser(app_on_simulator, desk.publisher), f"/publications/{row(post, desk.wechat).id}")
    assert "原创校验：判为转载，可以群发。" in page
    assert "约 12,345 人" in page
