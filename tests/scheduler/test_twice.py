"""The same request twice at the same moment: by the API, by the API with a key, by a double click.

Real HTTP on both sides: the console's own server, and a scheduler against the simulator. docs/crash-matrix.md lists
the cells.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from app.db import db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.units.access import Actor
from app.units.services import issue_token
from tests.app.accounts.kit import UID, WEIBO, Sim
from tests.app.publishing.kit import Desk, hurry, row
from tests.app.publishing.web import browser
from tests.scheduler.fleet import Fleet

WAYS = ("api", "api with a key", "double click")


@dataclass
class Twice:
    """Asks the console's server for the same thing by two connections at once."""

    app: Flask
    url: str
    way: str
    asked: int = 0

    def __call__(
        self, actor: Actor, api: tuple[str, str, dict[str, Any]], page: tuple[str, dict[str, str]]
    ) -> list[int]:
        """The two answers' statuses, the lower first; of a page both redirect."""
        self.asked += 1
        if self.way == "double click":
            cookie = browser(self.app, actor).get_cookie("session")
            assert cookie is not None
            path, fields = page
            send = {"method": "POST", "url": self.url + path, "data": fields, "cookies": {"session": cookie.value}}
        else:
            method, path, body = api
            token = issue_token(actor, user_id=actor.user_id, name="t", days=1, scopes=[], now=utcnow())
            headers = {"Authorization": f"Bearer {token}"}
            if self.way == "api with a key":
                headers["Idempotency-Key"] = f"k{self.asked}"
            send = {"method": method, "url": f"{self.url}/api/v1{path}", "json": body, "headers": headers}
        db.session.rollback()
        together = threading.Barrier(2)

        def ask(_number: int) -> int:
            together.wait()
            return requests.request(**send, timeout=30, allow_redirects=False).status_code  # type: ignore[arg-type]

        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(ask, range(2)))

    def act(self, actor: Actor, publication: Publication, order: str) -> list[int]:
        path = f"/publications/{publication.id}"
        return self(
            actor, ("POST", f"{path}/{order}", {"reason": "两次"}), (f"{path}/act", {"order": order, "reason": "两次"})
        )


@pytest.fixture
def twice(app_on_simulator: Flask, request: pytest.FixtureRequest) -> Iterator[Twice]:
    server = make_server("127.0.0.1", 0, app_on_simulator, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Twice(app_on_simulator, f"http://127.0.0.1:{server.server_port}", request.param)
    server.shutdown()
    server.server_close()


def once(twice: Twice, answers: list[int]) -> None:
    """One was carried out; the other was refused, told the same again, or sent back to the page to read why not."""
    expected = {
        "api": ([200, 409],),
        "api with a key": ([200, 200], [200, 409]),
        "double click": ([303, 303],),
    }
    assert answers in expected[twice.way], answers


@pytest.mark.parametrize("twice", WAYS, indirect=True)
def test_schedule_recall_retry_and_release(twice: Twice, sim: Sim, fleet: Fleet) -> None:
    desk = Desk(utcnow(), weibo_mode="full")
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {**WEIBO, "name": "青岚发布", "level": "full"})
    sim.call("POST", "/_sim/clock", {"offset_seconds": 60})
    fleet.start()

    def accepted(kind: str) -> int:
        return sum(1 for item in sim.call("GET", "/_sim/accepted")["items"] if item["kind"] == kind)

    def until(publication: Publication, status: str) -> None:
        fleet.until(status, lambda: row(publication.post_id, publication.account).status == status)

    # Both may be carried out: the second is a new schedule of the same, in place of the first.
    post = desk.approved("第1篇公告")
    answers = twice(
        desk.author,
        ("PUT", f"/posts/{post.id}/schedule", {"publish_at": "now"}),
        (f"/posts/{post.id}/schedule", {"when": "now"}),
    )
    assert set(answers) <= {200, 303, 409}
    assert min(answers) < 400
    weibo, wechat = row(post, desk.weibo), row(post, desk.wechat)
    fleet.until(
        "out", lambda: row(post, desk.weibo).status == "published" == row(post, desk.wechat).status or _hurry(wechat)
    )
    assert (accepted("status"), accepted("publish")) == (1, 1)

    # Asked for twice, taken back once.
    answers = twice.act(desk.publisher, row(post, desk.weibo), "recall")
    assert min(answers) < 400
    until(weibo, "recalled")
    assert accepted("destroy") == 1

    second = desk.approved("第2篇公告", accounts=[desk.weibo])
    sim.fault("refuse", path="statuses/update", code=20008)
    publishing.schedule(desk.author, second.id, publish_at="now", now=utcnow())
    until(row(second, desk.weibo), "failed")
    once(twice, twice.act(desk.publisher, row(second, desk.weibo), "retry"))
    until(row(second, desk.weibo), "published")
    assert accepted("status") == 2

    third = desk.approved("第3篇公告", accounts=[desk.weibo])
    stop = publishing.start_stop(desk.admin, scope="account", scope_id=desk.weibo.id, reason="暂停", now=utcnow())
    publishing.schedule(desk.author, third.id, publish_at="now", now=utcnow())
    until(row(third, desk.weibo), "held")
    publishing.end_stop(desk.admin, stop.id, now=utcnow())
    once(twice, twice.act(desk.publisher, row(third, desk.weibo), "release"))
    until(row(third, desk.weibo), "published")
    assert accepted("status") == 3


def _hurry(publication: Publication) -> bool:
    """The sparse rhythm of checks would wait; the clock of the test does not."""
    found = row(publication.post_id, publication.account)
    if found.status == "processing" and not found.claim_owner:
        hurry(found)
    return False
