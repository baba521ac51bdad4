"""A post that its author made a 头条文章: out once, read back as its status, and shown as such."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts import verdicts
from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Attempt
from connectors.values import Right
from tests.app.accounts.kit import UID, WEIBO, Sim
from tests.app.publishing.kit import Clockwork, Desk, row

COVER = "https://wx1.sinaimg.cn/large/71666d49jw1dy6q8t3p0rj.jpg"


def entitle(desk: Desk, sim: Sim) -> None:
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {**WEIBO, "name": "青岚发布", "rights": ["article"]})
    with atomic():
        desk.weibo.settings = {"article": True, "article_cover": COVER}


def test_an_article_goes_out_once_and_is_read_back(desk: Desk, sim: Sim) -> None:
    entitle(desk, sim)
    clock = Clockwork.make()
    post = desk.approved(accounts=[desk.weibo], form="article")
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "published", reconcile=True)
    publication = row(post, desk.weibo)
    assert publication.url.startswith(f"https://weibo.com/{UID}/")
    assert publication.receipt is not None
    assert publication.receipt["details"]["article_url"]
    [item] = [each for each in sim.call("GET", "/_sim/accepted")["items"] if each["kind"] == "article"]
    assert item["title"] == "住房租赁新政解读"
    attempts = db.session.scalars(select(Attempt).where(Attempt.publication_id == publication.id)).all()
    assert WEIBO["access_token"] not in str([attempt.exchanges for attempt in attempts])


def test_without_the_right_at_weibo_it_fails_with_the_reason(desk: Desk, sim: Sim) -> None:
    entitle(desk, sim)
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {**WEIBO, "name": "青岚发布", "rights": []})
    with atomic():
        desk.weibo.rights = [verdicts.row(Right(key=key, ok=None)) for key in ("token", "publish", "article")]
    clock = Clockwork.make()
    post = desk.approved(accounts=[desk.weibo], form="article")
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "failed")
    assert row(post, desk.weibo).error_code == "10014"
    # The account's page says so from now on.
    account = db.session.get_one(Account, desk.weibo.id, populate_existing=True)
    assert {right["key"]: right["ok"] for right in account.rights} == {"token": None, "publish": None, "article": False}
