"""Comments and what was posted by other means, fetched over real HTTP within the day's budget."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.inbox import polling
from app.inbox.models import Conversation, Message
from app.inspection.models import HistoryItem
from app.publishing import services as publishing
from connectors.values import InboundMessage, Page
from scheduler import poller
from tests.app.accounts.kit import GH, UID, Sim
from tests.app.publishing.kit import Clockwork, Desk, force, fresh_post, hurry, row


def poll(clock: Clockwork) -> None:
    """Every account's turn is now."""
    with atomic():
        for account in db.session.scalars(select(Account)):
            account.next_poll_at = None
            account.poll_claim_until = None
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))


def fresh(account: Account) -> Account:
    db.session.rollback()
    return db.session.get_one(Account, account.id, populate_existing=True)


def published(desk: Desk, clock: Clockwork, account: Account) -> str:
    """A post of ours on this account; its id."""
    post = desk.approved(accounts=[account])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, account).status in ("published", "processing"))
    return post.id


def total() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Message.id))) or 0


def test_a_comment_on_weibo_becomes_one_conversation(desk: Desk, sim: Sim) -> None:
    clock = Clockwork.make()
    post_id = published(desk, clock, desk.weibo)
    status_id = row(post_id, desk.weibo).external_id
    poll(clock)
    assert total() == 0
    sim.call(
        "POST",
        "/_sim/comments",
        {"platform": "weibo", "external_id": UID, "post": status_id, "author": "小张", "text": "押金怎么退？"},
    )
    poll(clock)
    poll(clock)
    assert total() == 1
    conversation = db.session.scalars(select(Conversation)).one()
    assert (conversation.kind, conversation.post_id) == ("comment", post_id)
    assert conversation.contact.name == "小张"
    assert fresh(desk.weibo).polled_at is not None


def test_two_pollers_do_not_double(desk: Desk, sim: Sim) -> None:
    clock = Clockwork.make()
    assert len(polling.claim_polls(10, utcnow())) == 2
    assert polling.claim_polls(10, utcnow()) == []
    later = utcnow() + polling.LEASE + timedelta(seconds=1)
    assert len(polling.claim_polls(10, later)) == 2
    poll(clock)
    assert fresh(desk.weibo).poll_claim_until is None
    assert fresh(desk.weibo).next_poll_at is not None


def test_a_list_found_open_while_it_was_asked_for_stays_open(desk: Desk, sim: Sim) -> None:
    """A probe finds it open while a poll is on its way that had been told it was shut."""
    before = {"denied:comments/to_me": "2026-01-01", "denied:statuses/mentions": "2026-01-01", "since_id": "9"}
    with atomic():
        fresh(desk.weibo).poll_cursor = {"denied:statuses/mentions": "2026-01-01", "since_id": "9"}
    page: Page[InboundMessage] = Page(items=(), cursor={**before, "since_id": "12"})
    polling.record_poll(desk.weibo.id, page, utcnow(), asked_with=before)
    assert fresh(desk.weibo).poll_cursor == {"denied:statuses/mentions": "2026-01-01", "since_id": "12"}
    # Refused anew by this very poll, it is shut.
    page = Page(items=(), cursor={"denied:comments/to_me": "2026-07-12", "since_id": "13"})
    polling.record_poll(desk.weibo.id, page, utcnow(), asked_with=before)
    assert fresh(desk.weibo).poll_cursor == {"denied:comments/to_me": "2026-07-12", "since_id": "13"}


def test_what_cannot_be_had_is_said(desk: Desk, sim: Sim) -> None:
    clock = Clockwork.make()
    poll(clock)
    assert "没有这个编号" in fresh(desk.wechat).poll_note


def test_a_dead_platform_is_said_and_asked_again(desk: Desk, sim: Sim) -> None:
    sim.fault("http_502", platform="weibo", path="remind/unread_count", times=-1)
    clock = Clockwork.make()
    poll(clock)
    weibo = fresh(desk.weibo)
    assert weibo.poll_note
    assert weibo.next_poll_at is not None
    assert weibo.next_poll_at <= utcnow() + timedelta(minutes=6)
    sim.call("DELETE", "/_sim/faults")
    poll(clock)
    assert "502" not in fresh(desk.weibo).poll_note


def passes(account: Account, minutes: int) -> None:
    """As if the account's last look had been so much earlier."""
    with atomic():
        if (tried := fresh(account).history_tried_at) is not None:
            fresh(account).history_tried_at = tried - timedelta(minutes=minutes)


def test_a_look_at_the_history_that_nobody_answered_is_made_again_soon(desk: Desk, sim: Sim) -> None:
    """An outage of a minute must not leave dormancy unknown for hours."""
    sim.fault("http_502", platform="weibo", path="statuses/user_timeline", times=1)
    clock = Clockwork.make()
    poll(clock)
    assert "自动重试" in fresh(desk.weibo).history_note
    poll(clock)
    assert fresh(desk.weibo).history_at is None
    passes(desk.weibo, 6)
    poll(clock)
    weibo = fresh(desk.weibo)
    assert (weibo.history_note, weibo.history_at is not None) == ("", True)


def test_looks_that_nobody_answers_are_made_ever_more_seldom(desk: Desk, sim: Sim) -> None:
    """Of WeChat's calls a day none may be missing where the outcome of a publication must be asked."""
    sim.fault("http_502", platform="wechat", path="freepublish/batchget", times=-1)
    clock, asked = Clockwork.make(), []
    for _hour in range(8):
        for _turn in range(12):
            passes(desk.wechat, 5)
            poll(clock)
        asked.append(sim.asked("/cgi-bin/freepublish/batchget"))
    assert fresh(desk.wechat).history_misses == asked[-1]
    assert asked[0] >= 4
    assert asked[-1] <= 12


def test_an_address_that_waits_for_an_administrator_is_not_asked_about_by_every_poll(desk: Desk, sim: Sim) -> None:
    """Each question may ring at the administrator's phone."""
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": "ask"})
    clock = Clockwork.make()
    poll(clock)
    wechat = fresh(desk.wechat)
    assert (wechat.history_misses, "管理员" in wechat.history_note) == (0, True)
    passes(desk.wechat, 60)
    with atomic():
        assert not polling.history_due(fresh(desk.wechat), utcnow())


def test_a_look_at_the_history_that_was_refused_waits_its_turn(desk: Desk, sim: Sim) -> None:
    sim.fault("expire_token", platform="weibo", times=-1)
    clock = Clockwork.make()
    poll(clock)
    asked = sim.asked("/2/statuses/user_timeline.json")
    passes(desk.weibo, 60)
    poll(clock)
    assert sim.asked("/2/statuses/user_timeline.json") == asked


def test_a_dead_token_says_who_must_act(desk: Desk, sim: Sim) -> None:
    sim.fault("expire_token", platform="weibo", times=-1)
    clock = Clockwork.make()
    poll(clock)
    weibo = fresh(desk.weibo)
    assert "重新" in weibo.poll_note
    assert weibo.history_note
    assert weibo.next_poll_at is not None
    assert weibo.next_poll_at > utcnow() + timedelta(minutes=50)


def test_polling_keeps_to_its_budget(desk: Desk, sim: Sim) -> None:
    """Of 100 calls a day 25 are for asking whether anything is new; the rest stays for publishing."""
    clock = Clockwork.make()
    for _round in range(30):
        poll(clock)
    assert sim.asked("/2/remind/unread_count.json") <= 25
    weibo = fresh(desk.weibo)
    assert "额度" in weibo.poll_note
    assert weibo.next_poll_at is not None
    assert weibo.next_poll_at > utcnow() + timedelta(seconds=290)


def test_the_rhythm_slows_before_the_budget_is_gone(desk: Desk, sim: Sim) -> None:
    clock = Clockwork.make()
    poll(clock)
    first = fresh(desk.weibo).next_poll_at
    assert first is not None
    assert first <= utcnow() + timedelta(seconds=300)


def test_posts_by_other_means_count_and_deleted_ones_do_not(desk: Desk, sim: Sim) -> None:
    clock = Clockwork.make()
    post_id = published(desk, clock, desk.weibo)
    poll(clock)
    items = list(db.session.scalars(select(HistoryItem)))
    assert [item.external_id for item in items] == [row(post_id, desk.weibo).external_id]
    weibo = fresh(desk.weibo)
    assert weibo.last_published_at == items[0].published_at
    assert weibo.history_at is not None
    assert weibo.history_note == ""


def test_a_comment_on_a_mass_sent_article(app_on_simulator: object, sim: Sim) -> None:
    desk = Desk(utcnow(), wechat_mode="mass")
    with atomic():
        db.session.get_one(Account, desk.wechat.id).settings = {"comments": True}
    clock = Clockwork.make()
    post_id = published(desk, clock, desk.wechat)
    sim.call("POST", "/_sim/clock", {"offset_seconds": 5})
    hurry(row(post_id, desk.wechat))
    clock.until(lambda: row(post_id, desk.wechat).status == "published", reconcile=True)
    details = row(post_id, desk.wechat).receipt["details"]
    sim.call(
        "POST",
        "/_sim/comments",
        {"platform": "wechat", "external_id": GH, "post": details["msg_data_id"], "author": "市民", "text": "讲得清楚"},
    )
    poll(clock)
    poll(clock)
    conversation = db.session.scalars(select(Conversation)).one()
    assert (conversation.kind, conversation.post_id) == ("article_comment", post_id)
    assert total() == 1


def test_what_was_cancelled_and_is_listed_is_told(desk: Desk, sim: Sim) -> None:
    """The call of a post that was cancelled arrived all the same: the account's own list shows it by its link."""
    sim.fault("drop_answer", path="statuses/share")
    sim.fault("drop_answer", path="freepublish/submit")
    clock, both = Clockwork.make(), (desk.weibo, desk.wechat)
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: all(row(post, account).status == "unknown" for account in both))
    for account in both:
        found = row(post, account)
        force(found, "failed", utcnow(), next_attempt_at=None)
        publishing.cancel(desk.publisher, found.id, reason="不发了", now=utcnow())
    # The platforms' own review takes its seconds on their clock.
    sim.call("POST", "/_sim/clock", {"offset_seconds": 60})
    poll(clock)
    for account in both:
        found = row(post, account)
        assert (found.status, found.why) == ("unknown", "已撤销，但平台上出现了"), account.platform
        assert found.external_id
        assert found.url
    assert fresh_post(post).needs_attention
