"""变更所属单位: an account goes to another unit when nothing under way would point outside, and takes its inbox along."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.answering import people_for
from app.accounts.models import Account
from app.accounts.moving import move
from app.audit.models import Event
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.inbox.models import Conversation
from app.inbox.services import ingest
from app.inspection.models import Finding
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import services as publishing
from app.units.models import Unit
from connectors.values import InboundMessage
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.web import browser, sound


def below(desk: Desk, name: str) -> Unit:
    with atomic():
        unit = Unit(name=name, level="county", parent_id=desk.city.id, created_at=desk.now)
        db.session.add(unit)
        db.session.flush()
        unit.path = f"{desk.city.path}{unit.id}/"
    return unit


def test_an_account_goes_with_its_open_work(desk: Desk) -> None:
    bureau = below(desk, "水务局")
    answerer = desk.person("answerer", bureau, "responder")
    message = InboundMessage(
        external_id="msg:1",
        kind="private",
        thread="o1",
        sender_id="o1",
        sender_name="",
        text="问",
        sent_at=desk.now,
        target={"kind": "private", "openid": "o1"},
    )
    with atomic():
        desk.wechat.unit_id = bureau.id
    talk = db.session.get_one(Conversation, ingest(desk.wechat, [message], now=desk.now)[0].conversation_id)
    with atomic():
        talk.assignee_id, desk.wechat.responsible_id = answerer.user_id, answerer.user_id
        desk.wechat.deputy_id = desk.author.user_id
        finding = Finding(rule="dormant", unit_id=bureau.id, account_id=desk.wechat.id, summary="久", found_at=desk.now)
        db.session.add(finding)
    move(desk.admin, desk.wechat.id, desk.city.id, "机构改革", now=desk.now)
    db.session.rollback()
    account = db.session.get_one(Account, desk.wechat.id)
    assert (account.unit_id, account.responsible_id, account.deputy_id) == (desk.city.id, None, desk.author.user_id)
    assert (talk.unit_id, talk.assignee_id, finding.unit_id) == (desk.city.id, None, desk.city.id)
    left, told = db.session.scalars(select(Event).where(Event.action == "account.move").order_by(Event.seq))
    assert (left.unit_id, told.unit_id) == (bureau.id, desk.city.id)
    assert (left.before, left.after, left.summary) == (told.before, told.after, told.summary)
    deputy = {"deputy_id": desk.author.user_id}
    assert told.before == {"unit_id": bureau.id, "responsible_id": answerer.user_id, **deputy}
    assert told.after == {"unit_id": desk.city.id, "responsible_id": "", **deputy}


@pytest.mark.parametrize("status", ["scheduled", "unknown", "held", "handed_over", "failed"])
def test_what_is_under_way_keeps_it(desk: Desk, status: str) -> None:
    bureau, post = below(desk, "水务局"), desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=desk.now + timedelta(hours=3), now=desk.now)
    force(row(post, desk.wechat), status, desk.now)
    with pytest.raises(Conflict, match=post.title):
        move(desk.admin, desk.wechat.id, bureau.id, "改革", now=desk.now)
    for account in (desk.weibo, desk.wechat):
        force(row(post, account), "published", desk.now)
    with atomic():
        db.session.get_one(Post, post.id).status = "published"
    move(desk.admin, desk.wechat.id, bureau.id, "改革", now=desk.now)


def test_a_refusal_stands_in_the_form_with_the_posts_as_links_and_what_was_typed(app: Flask, desk: Desk) -> None:
    bureau, post = below(desk, "水务局"), desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=desk.now + timedelta(hours=3), now=desk.now)
    sent = {"unit_id": bureau.id, "reason": "机构改革第二批"}
    client, path = browser(app, desk.admin), f"/accounts/{desk.wechat.id}"
    answer = client.post(f"{path}/unit", data=sent)
    assert answer.status_code == 409
    page = answer.text
    assert f'<a href="/posts/{post.id}">《{post.title}》</a>' in page
    assert 'value="机构改革第二批"' in page
    assert f'value="{bureau.id}" selected' in page


def test_who_looks_on_is_not_offered_and_who_acts_from_above_is(app: Flask, desk: Desk) -> None:
    bureau = below(desk, "水务局")
    with atomic():
        desk.wechat.unit_id = bureau.id
    desk.person("onlooker", desk.city, "inspector")
    desk.person("keeper", desk.city, "auditor")
    offered = {user.name for user, _may in people_for(desk.wechat)}
    assert "author" in offered
    assert not {"onlooker", "keeper"} & offered
    page = sound(browser(app, desk.admin), f"/accounts/{desk.wechat.id}")
    assert f"author（{desk.city.name}）" in page


def test_a_post_that_would_point_outside_keeps_it(desk: Desk) -> None:
    bureau, office = below(desk, "水务局"), below(desk, "住建局")
    with atomic():
        desk.wechat.unit_id = bureau.id
    writer = desk.person("writer", bureau, "author")
    fields = {"unit_id": bureau.id, "title": "停水通知", "body_html": "<p>停水。</p>", "account_ids": [desk.wechat.id]}
    post = posts.create_post(writer, fields, desk.now)
    with pytest.raises(Conflict, match="停水通知"):
        move(desk.admin, desk.wechat.id, office.id, "改革", now=desk.now)
    posts.revise_post(writer, post.id, {"account_ids": []}, post.version, desk.now)
    move(desk.admin, desk.wechat.id, office.id, "改革", now=desk.now)


def test_both_units_must_be_ones_own_to_manage(desk: Desk) -> None:
    bureau = below(desk, "水务局")
    lower = desk.person("lower", bureau, "administrator")
    with pytest.raises(NotFound):
        move(lower, desk.wechat.id, bureau.id, "要过来", now=desk.now)
    with pytest.raises(NotFound):
        move(desk.admin, desk.wechat.id, desk.other.id, "送出去", now=desk.now)
    with pytest.raises(Forbidden):
        move(desk.author, desk.wechat.id, bureau.id, "改革", now=desk.now)
    with pytest.raises(Invalid, match="事由"):
        move(desk.admin, desk.wechat.id, bureau.id, " ", now=desk.now)
    with pytest.raises(Invalid, match="已经属于"):
        move(desk.admin, desk.wechat.id, desk.city.id, "改革", now=desk.now)
