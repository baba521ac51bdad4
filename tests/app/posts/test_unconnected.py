"""An account from which nothing can go out is named while writing, and keeps the post from review."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import text

from app.accounts.models import Account
from app.db import atomic, db
from app.errors import ContentBlocked
from app.posts.models import Post
from app.posts.services import create_post, current_variants
from app.publishing.reserving import places
from app.review.services import submit
from tests.app.publishing.kit import Desk
from tests.app.publishing.web import browser


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)


def change(account: Account, **values: object) -> None:
    with atomic():
        found = db.session.get_one(Account, account.id)
        for name, value in values.items():
            setattr(found, name, value)


def written(desk: Desk, account: Account) -> Post:
    fields = {
        "unit_id": desk.city.id,
        "title": "住房租赁新政解读",
        "body_html": "<p>租金押金有了上限。</p>",
        "source": "青岚市住建局",
        "account_ids": [account.id],
    }
    return create_post(desk.author, fields, desk.now)


def found(post: Post) -> dict[str, str]:
    return {p["rule"]: p["severity"] for p in current_variants(post)[0].problems if p["rule"].startswith("account.")}


def test_a_connected_one_says_nothing(desk: Desk, now: datetime) -> None:
    assert found(written(desk, desk.weibo)) == {}
    assert len(places([desk.wechat], [now])[now]) == 1


def test_never_authorised(desk: Desk, now: datetime) -> None:
    change(desk.weibo, credentials={"app_key": "1352222456", "app_secret": "s"})
    post = written(desk, desk.weibo)
    assert found(post) == {"account.connection": "block"}
    with pytest.raises(ContentBlocked) as refused:
        submit(desk.author, post.id, now)
    assert "还没有授权" in str(refused.value.extra["problems"])


def test_credentials_refused(app: Flask, desk: Desk, now: datetime) -> None:
    change(desk.wechat, status="refused")
    post = written(desk, desk.wechat)
    assert found(post) == {"account.connection": "warn"}
    assert places([desk.wechat], [now])[now] == [], "no place to give while it cannot publish"
    page = browser(app, desk.author).get(f"/posts/{post.id}").text
    assert page.count("须重新连接</span>") >= 2, "on the channel and on the preview"
    submit(desk.author, post.id, now)


def test_a_missing_right_is_a_warning(desk: Desk, now: datetime) -> None:
    change(desk.wechat, status="limited", rights=[{"key": "publish", "ok": False, "detail": "", "remedy": ""}])
    post = written(desk, desk.wechat)
    assert found(post) == {"account.right": "warn"}
    submit(desk.author, post.id, now)


def test_refused_after_approval_the_panel_says_so(app: Flask, desk: Desk) -> None:
    post = desk.approved(accounts=[desk.wechat])
    change(desk.wechat, status="refused")
    text = browser(app, desk.author).get(f"/posts/{post.id}/publications-panel").text
    assert "连接前什么都发不出去" in text


def test_an_account_whose_secrets_no_key_opens_is_written_for_all_the_same(desk: Desk) -> None:
    with atomic():
        db.session.execute(text("UPDATE accounts SET credentials = 'x' WHERE id = :id"), {"id": desk.weibo.id})
    db.session.expire_all()
    (variant,) = current_variants(written(desk, desk.weibo))
    assert variant.payload["text"]
    (problem,) = [each for each in variant.problems if each["rule"] == "account.connection"]
    assert problem["severity"] == "warn"
    assert "补上密钥" in problem["message"]


@pytest.mark.parametrize("environment", ["live", "simulator"])
def test_what_it_is_linked_by_is_known_while_its_secrets_are_shut(desk: Desk, now: datetime, environment: str) -> None:
    """It said that the account had no safe domain, which kept the post from review."""
    change(desk.weibo, environment=environment)
    (open_,) = current_variants(written(desk, desk.weibo))
    with atomic():
        db.session.execute(text("UPDATE accounts SET credentials = 'x' WHERE id = :id"), {"id": desk.weibo.id})
    db.session.expire_all()
    post = written(desk, desk.weibo)
    (shut,) = current_variants(post)
    assert "weibo.link" not in {problem["rule"] for problem in shut.problems}
    assert urlsplit(shut.payload["link"]).netloc == urlsplit(open_.payload["link"]).netloc
    if environment == "simulator":
        submit(desk.author, post.id, now)


def test_what_was_stored_before_is_known_once_it_was_tested(desk: Desk) -> None:
    account = db.session.get_one(Account, desk.weibo.id)
    with atomic():
        account.open_credentials = {}
        account.keep_open()
    assert account.open_credentials == {"safe_domain": account.known["safe_domain"]}
