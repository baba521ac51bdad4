"""Asking for a preview: who may, on which account, to whom, and once however often the button is pressed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound, TooMany
from app.posts import services as posts
from app.previews import sending, services
from app.previews.models import PreviewSend
from app.previews.recipients import recipients_of
from connectors.values import Prepared
from tests.app.previews.kit import ME, ask, draft, state
from tests.app.publishing.kit import Desk
from tests.app.publishing.web import Api, browser, sound
from tests.app.waiting import until_somebody_waits


def finish(row: PreviewSend) -> None:
    """As if it had been sent a while ago."""
    with atomic():
        found = db.session.get_one(PreviewSend, row.id)
        found.status, found.finished_at = "sent", utcnow()
        found.created_at = utcnow() - timedelta(minutes=1)


def deliver(row: PreviewSend) -> None:
    """As the worker does when the platform took it."""
    claim = sending.claim_sends("w", 1, utcnow())[0]
    sending.begin(claim, utcnow())
    sending.record_sent(claim, [], utcnow())
    finish(row)


def test_what_is_sent_is_the_post_as_it_stands(desk: Desk) -> None:
    post = draft(desk)
    row = ask(desk, post)
    assert (row.status, row.recipient, row.lives_seconds) == ("queued", ME, 1800)
    wanted = next(v for v in posts.current_variants(post) if v.account_id == desk.wechat.id)
    assert row.payload == wanted.payload
    posts.revise_post(desk.author, post.id, {"title": "改过的标题"}, 1, desk.now)
    assert state(row).payload["title"] == "住房租赁新政解读"


def test_the_event_names_who_and_where_but_not_the_whole_id(desk: Desk) -> None:
    ask(desk, draft(desk))
    event = db.session.scalars(select(Event).where(Event.action == "preview.send")).one()
    assert event.actor_id == desk.author.user_id
    assert "住房租赁新政解读" in event.summary
    assert ME not in event.summary + str(event.after)
    assert "wa******ql" in event.summary


def test_the_same_order_twice_is_one_preview(desk: Desk) -> None:
    post = draft(desk)
    first, second = ask(desk, post, key="k-1"), ask(desk, post, key="k-1")
    assert first.id == second.id
    assert db.session.scalar(select(func.count()).select_from(PreviewSend)) == 1
    with pytest.raises(Conflict, match="另一篇"):
        ask(desk, draft(desk, title="另一篇稿件"), key="k-1")


def test_one_at_a_time_and_a_pause_between(desk: Desk) -> None:
    post = draft(desk)
    row = ask(desk, post)
    with pytest.raises(Conflict, match="还在发送"):
        ask(desk, post)
    with atomic():
        found = db.session.get_one(PreviewSend, row.id)
        found.status, found.finished_at = "sent", utcnow()
    with pytest.raises(TooMany, match="几秒钟前刚发过"):
        ask(desk, post)
    with pytest.raises(TooMany, match="几秒钟前刚发过"):
        ask(desk, post, recipient="wangmin_neu")
    finish(row)
    assert ask(desk, post).id != row.id


def test_a_corrected_id_goes_at_once_after_a_refusal(desk: Desk) -> None:
    post = draft(desk)
    row = ask(desk, post, recipient="wangmin_tpyo")
    with atomic():
        found = db.session.get_one(PreviewSend, row.id)
        found.status, found.finished_at = "failed", utcnow()
    with pytest.raises(TooMany, match="没有发成"):
        ask(desk, post, recipient="wangmin_tpyo")
    assert ask(desk, post).recipient == ME


def test_who_edits_or_reviews_may_and_nobody_else(desk: Desk) -> None:
    post = draft(desk)
    reviewer = desk.person("reviewer", desk.city, "reviewer")
    finish(ask(desk, post, reviewer))
    assert ask(desk, post).user_id == desk.author.user_id
    for other in (desk.publisher, desk.admin):
        with pytest.raises(Forbidden, match="修改或审核"):
            ask(desk, post, other)
        with pytest.raises(Forbidden):
            services.sends_of(other, post.id)
    with pytest.raises(NotFound):
        ask(desk, post, desk.outsider)
    with pytest.raises(NotFound):
        services.get_send(desk.author, draft(desk, title="别的").id, ask(desk, draft(desk, title="第三篇")).id)


@pytest.mark.parametrize("wrong", ["", "  ", "13800138000", "王敏", "ab", "wang min", "a" * 40])
def test_what_is_no_wechat_id_is_refused_before_anything(desk: Desk, wrong: str) -> None:
    with pytest.raises(Invalid, match="微信号") as caught:
        ask(desk, draft(desk), recipient=wrong)
    assert "昵称" in caught.value.errors["recipient"][0]
    assert db.session.scalar(select(func.count()).select_from(PreviewSend)) == 0


def test_the_id_is_remembered_changed_and_forgotten(desk: Desk) -> None:
    post = draft(desk)
    deliver(ask(desk, post, recipient=f" {ME} "))
    assert recipients_of(desk.author) == {"wechat": ME}
    finish(ask(desk, post, recipient="wangmin_tpyo"))
    assert recipients_of(desk.author) == {"wechat": ME}
    assert ask(desk, post, recipient=None).recipient == ME
    services.remember(desk.author, "wechat", "wangmin_neu", utcnow())
    assert recipients_of(desk.author) == {"wechat": "wangmin_neu"}
    with pytest.raises(Invalid):
        services.remember(desk.author, "weibo", "wangmin_neu", utcnow())
    services.remember(desk.author, "wechat", "", utcnow())
    assert recipients_of(desk.author) == {}
    assert recipients_of(desk.publisher) == {}


def test_weibo_and_accounts_without_the_right_say_why(desk: Desk) -> None:
    post = draft(desk)
    with pytest.raises(Conflict, match="微博没有把预览发到手机的接口"):
        ask(desk, post, account_id=desk.weibo.id)
    with atomic():
        desk.wechat.mode = "draft"
    with pytest.raises(Conflict, match="草稿箱"):
        ask(desk, post)
    offered = services.channels(desk.author, post, utcnow())
    assert all(channel.why_not for channel in offered)
    with pytest.raises(Invalid, match="不在这篇稿件的渠道里"):
        ask(desk, draft(desk, desk.weibo, title="只发微博"))


def test_an_account_at_rest_sends_nothing(desk: Desk) -> None:
    post = draft(desk)
    with atomic():
        desk.wechat.active = False
    with pytest.raises(Conflict, match="已停用"):
        ask(desk, post)


def test_problems_do_not_stop_it_but_an_empty_post_does(desk: Desk) -> None:
    leak = draft(desk, body_html="<p>联系人身份证号 11010519491231002X。</p>")
    channel = services.channels(desk.author, leak, utcnow())[0]
    assert channel.problems
    assert ask(desk, leak).status == "queued"
    empty = draft(desk, body_html="", title="没有正文")
    with pytest.raises(ContentBlocked, match="正文"):
        ask(desk, empty)


def test_late_orders_are_not_sent_behind_anybodys_back(desk: Desk) -> None:
    """Also after a restored backup: what waited from before is over."""
    row = ask(desk, draft(desk), now=utcnow() - timedelta(minutes=3))
    assert sending.recover(utcnow()) == 1
    found = state(row)
    assert (found.status, found.error_code, found.discard_at) == ("failed", "late", None)
    assert "调度" in found.error_remedy
    assert sending.claim_sends("w", 5, utcnow()) == []


def test_a_dead_worker_leaves_words_and_its_draft_is_due_for_deletion(desk: Desk) -> None:
    row = ask(desk, draft(desk))
    [claim] = sending.claim_sends("w", 5, utcnow())
    assert sending.claim_sends("other", 5, utcnow()) == []
    sending.save_step(claim, Prepared(steps={"cover": "m-1"}), [], utcnow())
    later = utcnow() + timedelta(minutes=5)
    assert sending.anything_due(later)
    sending.recover(later)
    found = state(row)
    assert (found.status, found.error_code, found.discard_at) == ("failed", "lost", later)
    with pytest.raises(sending.Lost):
        sending.begin(claim, later)
    [again] = sending.claim_discards("other", 5, later)
    sending.record_discarded(again, False, later)
    assert state(row).discard_at == later + sending.LOOK_AGAIN
    [last] = sending.claim_discards("other", 5, later + sending.LOOK_AGAIN)
    sending.record_discarded(last, False, later)
    assert state(row).discard_at is None


def test_a_call_that_had_begun_ends_as_perhaps_arrived(desk: Desk) -> None:
    row = ask(desk, draft(desk))
    [claim] = sending.claim_sends("w", 5, utcnow())
    sending.save_step(claim, Prepared(steps={"draft": "m-1"}, ready=True), [], utcnow())
    sending.begin(claim, utcnow())
    later = utcnow() + timedelta(minutes=5)
    sending.recover(later)
    found = state(row)
    assert (found.status, found.finished_at) == ("unknown", later)
    assert "可能已收到" in found.error_cause
    assert "请看手机" in found.error_remedy
    # Somebody may be looking at it.
    assert found.discard_at == later + timedelta(minutes=30)


def test_old_ones_are_forgotten_but_not_before_they_are_cleared_away(desk: Desk) -> None:
    kept, gone = ask(desk, draft(desk)), ask(desk, draft(desk, title="另一篇"))
    finish(kept)
    finish(gone)
    with atomic():
        db.session.get_one(PreviewSend, kept.id).discard_at = utcnow()
    assert services.forget_old(utcnow()) == 0
    assert services.forget_old(utcnow() + timedelta(days=31)) == 1
    assert db.session.scalars(select(PreviewSend.id)).all() == [kept.id]


def test_the_api_sends_and_tells(app: Flask, desk: Desk) -> None:
    post = draft(desk)
    author, other = Api(app, desk.author), Api(app, desk.person("reviewer", desk.city, "reviewer"))
    body = {"account_id": desk.wechat.id, "recipient": ME, "key": "order-1"}
    sent = author("POST", f"/posts/{post.id}/preview-sends", body)
    assert sent.status_code == 202, sent.text
    assert (sent.json["status"], sent.json["recipient"], sent.json["error"]) == ("queued", ME, None)
    assert author("POST", f"/posts/{post.id}/preview-sends", body).json["id"] == sent.json["id"]
    assert author("POST", f"/posts/{post.id}/preview-sends", {**body, "key": "order-2"}).status_code == 409
    wrong = author("POST", f"/posts/{post.id}/preview-sends", {**body, "key": "order-3", "recipient": "王敏"})
    assert (wrong.status_code, "recipient" in wrong.json["errors"]) == (422, True)
    shown = other("GET", f"/posts/{post.id}/preview-sends/{sent.json['id']}").json
    assert shown["recipient"] == "wa******ql"
    assert [item["id"] for item in other("GET", f"/posts/{post.id}/preview-sends").json["items"]] == [sent.json["id"]]
    assert Api(app, desk.publisher)("GET", f"/posts/{post.id}/preview-sends").status_code == 403
    assert Api(app, desk.outsider)("POST", f"/posts/{post.id}/preview-sends", body).status_code == 404


def test_the_dialog_the_result_and_the_settings(app: Flask, desk: Desk) -> None:
    post = draft(desk, body_html="<p>联系人身份证号 11010519491231002X。</p>")
    client = browser(app, desk.author)
    assert "data-phone-preview" in sound(client, f"/posts/{post.id}")
    dialog = client.get(f"/posts/{post.id}/phone-preview").text
    for words in ("微信号", "今天还可发 100 次", "个阻断问题", "30 分钟后自动删除", "微博没有把预览发到手机的接口"):
        assert words in dialog
    form = {"account_id": desk.wechat.id, "recipient": "王敏", "key": "k-1"}
    assert "不是昵称" in client.post(f"/posts/{post.id}/phone-preview", data=form).text
    going = client.post(f"/posts/{post.id}/phone-preview", data={**form, "recipient": ME}).text
    assert "排队中" in going
    assert "every 1s" in going
    assert "hx-swap-oob" in going
    row = db.session.scalars(select(PreviewSend)).one()
    deliver(row)
    done = client.get(f"/posts/{post.id}/phone-preview/{row.id}").text
    assert f"已发到 {ME}。请在微信里查看" in done
    assert "every 1s" not in done
    assert ME in client.get(f"/posts/{post.id}/phone-preview").text
    assert 'hx-get="/settings/preview-recipients"' in sound(client, "/settings/profile")
    assert ME in client.get("/settings/preview-recipients").text
    saved = client.post("/settings/preview-recipients", data={"wechat": "王敏"}, follow_redirects=True).text
    assert "这不是微信号" in saved
    client.post("/settings/preview-recipients", data={"wechat": ""})
    assert recipients_of(desk.author) == {}


def test_pages_offer_it_to_who_may(app: Flask, desk: Desk) -> None:
    post = desk.approved()
    reviewer = desk.person("reviewer", desk.city, "reviewer")
    assert "data-phone-preview" in sound(browser(app, reviewer), f"/posts/{post.id}")
    publisher = browser(app, desk.publisher)
    assert "data-phone-preview" not in sound(publisher, f"/posts/{post.id}")
    assert publisher.get(f"/posts/{post.id}/phone-preview").status_code == 403
    assert publisher.get("/settings/preview-recipients").text == ""


def test_a_post_for_weibo_alone_says_that_there_is_none(app: Flask, desk: Desk) -> None:
    post = draft(desk, desk.weibo)
    dialog = browser(app, desk.author).get(f"/posts/{post.id}/phone-preview").text
    assert "没有能发手机预览的账号" in dialog
    assert "微博没有把预览发到手机的接口" in dialog


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_previews_that_arrive_at_one_moment_have_both_arrived(app: Flask, desk: Desk) -> None:
    """The first two of a person: neither finds where previews went last, both note it."""
    first, second = ask(desk, draft(desk)), ask(desk, draft(desk))
    ids, kept = [first.id, second.id], threading.Event()
    one, other = sending.claim_sends("w", 2, utcnow())
    for claim in (one, other):
        sending.begin(claim, utcnow())
    db.session.rollback()

    def arrive() -> None:
        with app.app_context(), atomic():
            sending.record_sent(one, [], utcnow())
            kept.set()
            until_somebody_waits()

    worker = threading.Thread(target=arrive)
    worker.start()
    assert kept.wait(30)
    sending.record_sent(other, [], utcnow())
    worker.join()
    assert [state(preview_id).status for preview_id in ids] == ["sent", "sent"]
    assert recipients_of(desk.author) == {"wechat": ME}
