"""The scheduler looks at the links of posts over real HTTP; authors of what is in review are told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import select

from app.checks.models import LinkVerdict
from app.db import db, utcnow
from app.notices.models import Notice
from app.posts import services as posts
from app.review.services import submit
from connectors.visiting import Visitor
from scheduler import linker
from tests.app.publishing.kit import Clockwork, Desk
from tests.connectors.visited import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as found:
        yield found


# The guard of the product lets nothing inside be asked: the tests' own server is.
there = partial(Visitor, allows=lambda _address: True, look_up=lambda _host, _port: ["127.0.0.1"], ports=range(65536))


def look(clock: Clockwork) -> int:
    taken: list[int] = []
    clock.aside(lambda: taken.append(linker.tick(clock.runtime, utcnow(), there)))
    return taken[0]


def test_dead_and_living(desk: Desk, site: Site) -> None:
    base = f"http://www.example.gov.cn:{site.port}"
    body = f'<p><a href="{base}/404">旧办法</a>，<a href="http://b.example.gov.cn:{site.port}/200">新办法</a></p>'
    fields = {"unit_id": desk.city.id, "title": "停水通知", "body_html": body, "account_ids": [desk.wechat.id]}
    post = posts.create_post(desk.author, fields, utcnow())
    submit(desk.author, post.id, utcnow())
    clock = Clockwork.make()
    look(clock)
    db.session.rollback()
    found = {row.url.rsplit("/", 1)[1]: row.verdict for row in db.session.scalars(select(LinkVerdict))}
    assert found == {"404": "dead", "200": "alive"}
    notice = db.session.scalars(select(Notice).where(Notice.kind == "link")).one()
    assert (notice.user_id, notice.path) == (desk.author.user_id, f"/posts/{post.id}")
    asked = len(site.asked)
    look(clock)
    assert len(site.asked) == asked, "each once"


def test_nothing_inside_is_ever_asked(desk: Desk, site: Site) -> None:
    body = f'<p><a href="http://127.0.0.1:{site.port}/404">甲</a></p>'
    fields = {"unit_id": desk.city.id, "title": "停水通知", "body_html": body, "account_ids": [desk.wechat.id]}
    posts.create_post(desk.author, fields, utcnow())
    clock = Clockwork.make()
    clock.aside(lambda: linker.tick(clock.runtime, utcnow(), partial(Visitor, ports=range(65536))))
    db.session.rollback()
    assert db.session.scalars(select(LinkVerdict)).one().reason == "inside"
    assert site.asked == []


def test_a_look_that_breaks_is_not_repeated_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"unit_id": desk.city.id, "title": "停水", "body_html": '<p><a href="http://a.example.cn/">甲</a></p>'}
    posts.create_post(desk.author, {**fields, "account_ids": [desk.wechat.id]}, utcnow())
    monkeypatch.setattr(Visitor, "visit", lambda _self, _url: 1 // 0)
    clock = Clockwork.make()
    assert look(clock) == 1
    assert look(clock) == 0
