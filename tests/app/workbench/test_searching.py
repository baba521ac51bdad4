"""The search of the top bar: posts, messages and people, each for who may read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.db import atomic, db
from app.inbox.services import ingest
from app.posts.services import create_post, revise_post
from app.search.rebuilding import unindexed
from app.units.access import Actor, actor_for
from app.units.models import Grant, User
from app.workbench import searching
from app.workbench.searching import Wanted
from connectors.values import InboundMessage
from tests.app.inbox.conftest import City
from tests.app.inbox.conftest import browse as browse
from tests.app.inbox.conftest import city as city
from tests.app.inbox.conftest import comment as comment
from tests.app.inbox.conftest import letter as letter

Make = Callable[..., InboundMessage]
one_kind = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def found(actor: Actor, q: str, **more: object) -> dict[str, int]:
    groups = searching.find(actor, Wanted(q=q, **more), limit=5)  # type: ignore[arg-type]
    return {group.kind: len(group.rows) for group in groups if group.rows}


@pytest.fixture
def author(city: City) -> Actor:
    with atomic():
        db.session.add(Grant(user_id=city.wang.user_id, role="author", unit_id=city.office.id))
    return actor_for(db.session.get_one(User, city.wang.user_id))


@pytest.fixture
def written(city: City, author: Actor, comment: Make, now: datetime) -> Actor:
    fields = {
        "unit_id": city.office.id,
        "title": "住房租赁新政解读",
        "summary": "押金怎么退",
        "body_html": "<p>租客须备案，热线１２３４５。</p>",
        "tags": ["民生"],
        "account_ids": [city.weibo.id],
    }
    create_post(author, fields, now)
    ingest(city.weibo, [comment(1, text="押金 <b>不退</b> 找谁？", sender_name="租客小李")], now=now)
    return author


def test_every_kind_is_found(written: Actor, city: City) -> None:
    assert found(written, "押金") == {"post": 1, "message": 1}
    assert found(written, "租客") == {"post": 1, "contact": 1}
    assert found(written, "12345") == {"post": 1}
    assert found(written, "民生") == found(written, "解读 押金") == {"post": 1}
    assert found(written, "李") == {"contact": 1, "user": 1}
    assert found(written, "王敏@example") == {"user": 1}
    assert found(written, "押金", account_id=city.wechat.id) == {}
    assert found(written, "押金", account_id=city.weibo.id) == {"post": 1, "message": 1}
    assert found(written, "押金", kind="message") == {"message": 1}
    assert found(written, "") == found(written, "？！") == {}
    assert unindexed() == 0


def test_days_narrow_it(written: Actor, now: datetime) -> None:
    today = now.date()
    assert found(written, "押金", since=today, until=today) == {"post": 1, "message": 1}
    assert found(written, "押金", until=today - timedelta(days=1)) == {}
    assert found(written, "押金", since=today + timedelta(days=1)) == {}
    assert found(written, "王敏", since=today) == {}


def test_nobody_finds_what_is_not_theirs(written: Actor, city: City) -> None:
    assert found(city.stranger, "押金") == found(city.stranger, "租客") == found(city.stranger, "王敏") == {}
    assert found(city.chen, "押金") == {}
    # The bureau's own people are below the office, not the other way round.
    assert (found(city.chen, "王敏"), found(written, "陈静")) == ({}, {"user": 1})


def test_a_new_revision_is_found_and_the_old_words_are_not(written: Actor, now: datetime) -> None:
    post = searching.find(written, Wanted(q="解读", kind="post"), limit=1)[0].rows[0].thing
    fields = {"title": "住房租赁新政问答", "body_html": "<p>只用中介合同。</p>"}
    revise_post(written, post.id, fields, post.version, now)
    assert found(written, "问答 中介") == {"post": 1}
    assert found(written, "解读") == found(written, "备案") == {}


@pytest.fixture
def page(written: Actor, browse: Callable[[Actor], FlaskClient]) -> Callable[[str], tuple[int, str]]:
    client = browse(written)

    def get(address: str) -> tuple[int, str]:
        answer = client.get(address)
        return answer.status_code, answer.get_data(as_text=True)

    return get


@one_kind
def test_the_page_marks_what_was_found_and_leads_there(page: Callable[[str], tuple[int, str]]) -> None:
    status, html = page("/search?q=押金")
    assert status == 200
    assert "<mark>押金</mark> &lt;b&gt;不退&lt;/b&gt; 找谁？" in html
    assert "#message-" in html
    assert '<a href="/search?q=' not in html
    assert 'action="/search"' in html
    assert "没有找到" in page("/search?q=无此事")[1]
    assert "放宽种类" in page("/search?q=押金&until=2020-01-01")[1]
    assert "输入要找的字" in page("/search")[1]
    status, html = page(f"/search?q={'长' * 101}")
    assert (status, "太长，一次最多 100 字" in html) == (422, True)
    assert page("/search?q=押金&since=明天")[0] == 422
    assert page("/search?q=押金&kind=message&cursor=x")[0] == 422
    assert page("/search?q=押金&kind=nothing&until=9999-12-31&since=0001-01-01")[0] == 200


@one_kind
def test_below_the_box_stand_the_first_of_each_kind(page: Callable[[str], tuple[int, str]]) -> None:
    status, html = page("/search/suggest?q=押金")
    assert (status, html.count('role="option"'), html.count('role="group"')) == (200, 3, 2)
    assert "太长" in page(f"/search/suggest?q={'长' * 101}")[1]
    assert "没有找到“&lt;i&gt;”。" in page("/search/suggest?q=<i>")[1]


@one_kind
def test_pages_of_one_kind_go_on(
    written: Actor, city: City, letter: Make, page: Callable[[str], tuple[int, str]], now: datetime
) -> None:
    ingest(city.wechat, [letter(100 + n, "oOther", text=f"第{n}次问停水") for n in range(25)], now=now)
    html = page("/search?q=停水")[1]
    assert (html.count('class="found-row"'), "kind=message" in html) == (5, True)
    html = page("/search?q=停水&kind=message")[1]
    assert html.count('class="found-row"') == 20
    cursor = searching.find(written, Wanted(q="停水", kind="message"), limit=20)[0].next_cursor
    html = page(f"/search?q=停水&kind=message&cursor={cursor}")[1]
    assert (html.count('class="found-row"'), "更早的结果" in html) == (5, False)
