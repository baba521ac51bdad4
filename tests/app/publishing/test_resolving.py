"""What people do with one publication, and what the platform later says about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.notices.models import Notice
from app.publishing import claims, errands, outlook, pushdown, verifying
from app.publishing import services as publishing
from app.publishing.models import STATUSES, Attempt
from app.publishing.values import ANSWER_WAIT, SEND_WINDOW
from connectors.values import CannotTell, Found, ProvenAbsent, PublishResult, Receipt, Rejected, Removed
from tests.app.publishing.kit import Desk, force, fresh_post, row

BEIJING = ZoneInfo("Asia/Shanghai")
READY = {"steps": {"draft": "m1"}, "ready": True}


@pytest.fixture
def post_id(desk: Desk, now: datetime) -> str:
    """Both ready, the hour has come."""
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    for account in (desk.weibo, desk.wechat):
        force(row(post, account), "ready", now, prepared=READY, next_attempt_at=now)
    return post.id


def unknown(desk: Desk, post_id: str, now: datetime) -> str:
    """The Weibo publication sent at `now`, its answer lost; its id."""
    found = row(post_id, desk.weibo)
    force(found, "unknown", now, next_attempt_at=now)
    with atomic():
        db.session.add(
            Attempt(
                publication_id=found.id,
                number=1,
                key=new_id(),
                fence=found.fence,
                started_at=now,
                send_before=now + timedelta(seconds=SEND_WINDOW),
                outcome="unknown",
            )
        )
    return found.id


@pytest.mark.parametrize("status", ["held", "missed"])
def test_release_sends_now_whatever_the_partner_does(desk: Desk, post_id: str, now: datetime, status: str) -> None:
    force(row(post_id, desk.weibo), status, now)
    force(row(post_id, desk.wechat), "failed", now)
    later = now + timedelta(hours=5)
    publishing.release(desk.publisher, row(post_id, desk.weibo).id, reason="已核对", now=later)
    found = row(post_id, desk.weibo)
    assert (found.status, found.due_at, found.late_from, found.released) == ("scheduled", later, later, True)
    force(found, "ready", later, next_attempt_at=later)
    assert [c.publication_id for c in claims.claim_commits("w", 8, later)] == [found.id]


def test_release_of_anything_else_is_a_conflict(desk: Desk, post_id: str, now: datetime) -> None:
    for status in set(STATUSES) - {"held", "missed"}:
        force(row(post_id, desk.weibo), status, now)
        with pytest.raises(Conflict):
            publishing.release(desk.publisher, row(post_id, desk.weibo).id, reason="x", now=now)


def test_retry_of_exactly_the_failed_part(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.weibo), "published", now)
    force(row(post_id, desk.wechat), "failed", now)
    publishing.retry(desk.publisher, row(post_id, desk.wechat).id, reason="已修复", now=now)
    assert row(post_id, desk.wechat).status == "ready"
    assert [c.publication_id for c in claims.claim_commits("w", 8, now)] == [row(post_id, desk.wechat).id]
    with pytest.raises(Conflict):
        publishing.retry(desk.publisher, row(post_id, desk.weibo).id, reason="再来", now=now)


def test_retry_of_a_failed_preparation_prepares_again(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.wechat), "failed", now, prepared={"steps": {"cover": "m0"}, "ready": False})
    publishing.retry(desk.publisher, row(post_id, desk.wechat).id, reason="已修复", now=now)
    found = row(post_id, desk.wechat)
    assert (found.status, found.prepared["steps"]) == ("scheduled", {"cover": "m0"})


def test_not_published_may_be_said_only_when_nothing_can_be_on_its_way(desk: Desk, post_id: str, now: datetime) -> None:
    publication_id = unknown(desk, post_id, now)
    safe = now + timedelta(seconds=SEND_WINDOW + ANSWER_WAIT)
    with pytest.raises(Conflict):
        publishing.resolve(
            desk.publisher, publication_id, outcome="not_published", reason="没看到", now=safe - timedelta(seconds=1)
        )
    assert row(post_id, desk.weibo).status == "unknown"
    publishing.resolve(desk.publisher, publication_id, outcome="not_published", reason="没看到", now=safe)
    found = row(post_id, desk.weibo)
    assert found.status == "failed"
    assert "没看到" in found.error_cause


def test_published_may_be_said_with_the_link(desk: Desk, post_id: str, now: datetime) -> None:
    publication_id = unknown(desk, post_id, now)
    with pytest.raises(Invalid):
        publishing.resolve(
            desk.publisher, publication_id, outcome="published", url="javascript:x", reason="看到了", now=now
        )
    url = "https://weibo.com/1902538057/abc"
    publishing.resolve(desk.publisher, publication_id, outcome="published", url=url, reason="看到了", now=now)
    found = row(post_id, desk.weibo)
    assert (found.status, found.url, found.published_at) == ("published", url, now)
    assert found.readbacks[-1]["by"] == "publisher"


def test_a_handed_over_one_is_published_by_its_link(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.wechat), "handed_over", now)
    publication_id = row(post_id, desk.wechat).id
    with pytest.raises(Conflict):
        publishing.resolve(desk.publisher, publication_id, outcome="not_published", reason="x", now=now)
    publishing.resolve(
        desk.author, publication_id, outcome="published", url="https://mp.weixin.qq.com/s/x", reason="手动群发", now=now
    )
    assert row(post_id, desk.wechat).status == "published"


def test_an_author_does_not_say_what_became_of_an_unknown_one(desk: Desk, post_id: str, now: datetime) -> None:
    """Only the link of what a person sends is the author's to give."""
    force(row(post_id, desk.weibo), "unknown", now)
    publication_id = row(post_id, desk.weibo).id
    with pytest.raises(Forbidden):
        publishing.resolve(desk.author, publication_id, outcome="published", reason="看到了", now=now)
    assert row(post_id, desk.weibo).status == "unknown"


def test_every_order_needs_a_reason_a_right_and_leaves_an_event(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.weibo), "held", now)
    publication_id = row(post_id, desk.weibo).id
    with pytest.raises(Invalid):
        publishing.release(desk.publisher, publication_id, reason=" ", now=now)
    with pytest.raises(NotFound):
        publishing.release(desk.outsider, publication_id, reason="x", now=now)
    with pytest.raises(Forbidden):
        publishing.release(desk.person("reader", desk.city, "reviewer"), publication_id, reason="x", now=now)
    publishing.cancel(desk.publisher, publication_id, reason="不发了", now=now)
    event = db.session.scalars(select(Event).where(Event.action == "publication.cancel")).one()
    assert (event.actor_name, event.object_id) == ("publisher", publication_id)


def test_cancelling_all_parts_takes_the_post_off_the_schedule(desk: Desk, post_id: str, now: datetime) -> None:
    for account in (desk.weibo, desk.wechat):
        publishing.cancel(desk.publisher, row(post_id, account).id, reason="不发了", now=now)
    post = fresh_post(row(post_id, desk.weibo).post)
    assert (post.status, post.publish_at) == ("approved", None)
    assert {c.publication_id for c in claims.claim_errands("w", 8, now + timedelta(seconds=6))} == {
        row(post_id, a).id for a in (desk.weibo, desk.wechat)
    }


def test_a_recall_is_done_by_the_scheduler_and_closes_the_page(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.weibo), "published", now)
    force(row(post_id, desk.wechat), "failed", now)
    with atomic():
        post = row_post(post_id, desk)
        post.public_revision_id = post.revision_id
        post.public_at = now
    with pytest.raises(Conflict):
        publishing.recall(desk.publisher, row(post_id, desk.wechat).id, reason="有误", now=now)
    publishing.recall(desk.publisher, row(post_id, desk.weibo).id, reason="有误", now=now)
    assert row(post_id, desk.weibo).status == "published"
    (claim,) = claims.claim_errands("w", 8, now)
    errands.finish_recall(claim, [], now)
    assert row(post_id, desk.weibo).status == "recalled"
    assert fresh_post(row(post_id, desk.weibo).post).public_revision_id is None


def row_post(post_id: str, desk: Desk):  # type: ignore[no-untyped-def]
    return db.session.get_one(type(row(post_id, desk.weibo).post), post_id)


def test_a_recall_by_hand_is_noticed_by_the_read_back(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.weibo), "published", now)
    publishing.recall(desk.publisher, row(post_id, desk.weibo).id, reason="有误", now=now)
    (claim,) = claims.claim_errands("w", 8, now)
    errands.leave_recall_to_people(claim, "接口不能删除。", "请手动删除。", [], now)
    found = row(post_id, desk.weibo)
    assert (found.status, found.next_attempt_at) == ("published", now)
    (check,) = claims.claim_checks("w", 8, now)
    verifying.record_finding(check, Removed(reason="看不到了"), [], now)
    assert row(post_id, desk.weibo).status == "recalled"


FINDINGS = [
    ("unknown", Found(receipt=Receipt(external_id="1", live=True)), "published"),
    ("unknown", Found(receipt=Receipt(external_id="1")), "processing"),
    ("unknown", ProvenAbsent(reason="草稿还在"), "failed"),
    ("unknown", Rejected(cause="原创校验失败"), "failed"),
    ("unknown", CannotTell(reason="没找到"), "unknown"),
    ("unknown", Removed(reason="被删"), "removed"),
    ("processing", Found(receipt=Receipt(external_id="1", live=True)), "published"),
    ("processing", Found(receipt=Receipt(external_id="1")), "processing"),
    ("processing", Rejected(cause="原创校验失败"), "failed"),
    ("processing", CannotTell(reason="没找到"), "processing"),
    ("published", Found(receipt=Receipt(external_id="1", live=True)), "published"),
    ("published", Removed(reason="被删"), "removed"),
    ("published", CannotTell(reason="没找到"), "published"),
    ("published", ProvenAbsent(reason="没有"), "published"),
]


@pytest.mark.parametrize(("before", "finding", "after"), FINDINGS)
def test_what_a_finding_does(desk: Desk, post_id: str, now: datetime, before: str, finding: object, after: str) -> None:
    force(row(post_id, desk.weibo), before, now, next_attempt_at=now)
    (claim,) = claims.claim_checks("w", 8, now)
    verifying.record_finding(claim, finding, [{"method": "GET"}], now)  # type: ignore[arg-type]
    found = row(post_id, desk.weibo)
    assert found.status == after
    assert found.readbacks[-1]["exchanges"] == [{"method": "GET"}]
    assert found.claim_owner == ""


def test_the_rhythm_is_sparse_and_ends_with_a_person(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.weibo), "processing", now, next_attempt_at=now)
    gaps, at = [], now
    while (following := row(post_id, desk.weibo).next_attempt_at) is not None:
        at = following
        (claim,) = claims.claim_checks("w", 8, at)
        verifying.record_finding(claim, CannotTell(reason="还没有"), [], at)
        after = row(post_id, desk.weibo).next_attempt_at
        gaps.append((after - at).total_seconds() if after else None)
    assert gaps == [20, 30, 120, 420, *[1800] * 7, None]
    assert row(post_id, desk.weibo).status == "unknown"


def test_a_person_may_ask_at_once(desk: Desk, post_id: str, now: datetime) -> None:
    publication_id = unknown(desk, post_id, now)
    force(row(post_id, desk.weibo), "unknown", now, next_attempt_at=None, checks=12)
    publishing.check_now(desk.author, publication_id, now=now)
    assert row(post_id, desk.weibo).next_attempt_at == now


def test_a_callback_settles_by_the_receipts_reference(desk: Desk, post_id: str, now: datetime) -> None:
    receipt = {"external_id": "", "url": "", "live": False, "published_at": None, "details": {"publish_id": "77"}}
    force(row(post_id, desk.wechat), "processing", now, receipt=receipt, next_attempt_at=now)
    force(row(post_id, desk.weibo), "published", now)
    at = now + timedelta(seconds=3)
    live = Found(receipt=Receipt(external_id="a1", url="https://mp.weixin.qq.com/s/1", live=True, published_at=at))
    other = PublishResult(ref_name="publish_id", ref="78", finding=live)
    assert publishing.record_result(desk.wechat, other, at) is False
    mine = PublishResult(ref_name="publish_id", ref="77", finding=live)
    for _again in range(3):
        assert publishing.record_result(desk.wechat, mine, at) is True
    found = row(post_id, desk.wechat)
    assert (found.status, found.external_id, found.published_at) == ("published", "a1", at)
    assert len([change for change in found.changes if change.after == "published"]) == 1
    post = fresh_post(found.post)
    assert (post.status, post.skew_seconds) == ("published", 3.0)


def test_the_platforms_later_word_shows_that_a_failed_one_is_live(desk: Desk, post_id: str, now: datetime) -> None:
    receipt = {"details": {"msg_id": "5"}}
    force(row(post_id, desk.wechat), "failed", now, receipt=receipt)
    live = PublishResult(ref_name="msg_id", ref="5", finding=Found(receipt=Receipt(external_id="5", live=True)))
    publishing.record_result(desk.wechat, live, now)
    assert row(post_id, desk.wechat).status == "published"


def test_a_missing_link_is_looked_for_every_morning_and_not_for_ever(desk: Desk, post_id: str, now: datetime) -> None:
    """Sent at seven: the figures that tell the link are there on the next morning, from eight in Beijing on."""
    seven = now.astimezone(BEIJING).replace(hour=7, minute=0, second=0, microsecond=0)
    force(row(post_id, desk.weibo), "published", seven, published_at=seven, next_attempt_at=seven, url="")
    there = Found(receipt=Receipt(external_id="m_1", live=True))
    looks, at = [], seven
    while at is not None and len(looks) < 40:
        looks.append(at.astimezone(BEIJING))
        (claim,) = claims.claim_checks("w", 8, at)
        verifying.record_finding(claim, there, [], at)
        at = row(post_id, desk.weibo).next_attempt_at
    tomorrow = (seven + timedelta(days=1)).date()
    assert [look.strftime("%H:%M") for look in looks if look.date() == tomorrow][:2] == ["08:30", "12:30"]
    assert timedelta(days=4) < looks[-1] - seven <= timedelta(days=6)


def test_a_link_that_came_is_not_looked_for_again(desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.weibo), "published", now, published_at=now, next_attempt_at=now, checks=3, url="")
    (claim,) = claims.claim_checks("w", 8, now)
    found = Found(receipt=Receipt(external_id="m_1", url="https://mp.weixin.qq.com/s/1", live=True))
    verifying.record_finding(claim, found, [], now)
    assert (row(post_id, desk.weibo).url, row(post_id, desk.weibo).next_attempt_at) == (found.receipt.url, None)


def test_what_needs_a_person_is_on_the_list_with_words(desk: Desk, post_id: str, now: datetime) -> None:
    assert publishing.attention(desk.publisher) == []
    for status in ("unknown", "held", "missed", "handed_over", "failed"):
        force(row(post_id, desk.weibo), status, now)
        found = row(post_id, desk.weibo)
        assert [p.id for p in publishing.attention(desk.publisher)] == [found.id]
        assert publishing.attention(desk.outsider) == []
        words = outlook.outlook(found, now)
        assert words.following
        assert words.who


def test_what_is_pushed_down_is_what_is_computed(desk: Desk, post_id: str, now: datetime) -> None:
    for status in STATUSES:
        force(row(post_id, desk.weibo), status, now)
        with atomic():
            pushdown.push([post_id], now)
        post, state = fresh_post(row(post_id, desk.weibo).post), pushdown.compute(post_id)
        assert (post.needs_attention, post.skew_seconds, post.publish_at) == (
            state.needs_attention,
            state.skew_seconds,
            state.publish_at,
        )
        assert post.status == state.status


STATUS_OF = [
    (["scheduled", "ready"], "scheduled"),
    (["held", "ready"], "scheduled"),
    (["missed", "failed"], "scheduled"),
    (["committing", "ready"], "publishing"),
    (["published", "processing"], "publishing"),
    (["published", "unknown"], "publishing"),
    (["published", "ready"], "publishing"),
    (["handed_over", "ready"], "publishing"),
    (["published", "published"], "published"),
    (["published", "failed"], "partly_published"),
    (["published", "held"], "partly_published"),
    (["published", "removed"], "partly_published"),
    (["recalled", "failed"], "partly_published"),
    (["recalled", "removed"], "withdrawn"),
    (["failed", "failed"], "failed"),
    ([], None),
]


@pytest.mark.parametrize(("found", "expected"), STATUS_OF)
def test_the_posts_one_status(found: list[str], expected: str | None) -> None:
    assert pushdown.status_of(found) == expected
    assert pushdown.status_of(found[::-1]) == expected


def test_alarms_reach_the_unit_once(desk: Desk, post_id: str, now: datetime) -> None:
    claims.lapse(now + timedelta(hours=1))
    claims.lapse(now + timedelta(hours=1))
    notices = db.session.scalars(select(Notice).where(Notice.kind == "publication.missed")).all()
    assert len(notices) == 2
    assert {notice.level for notice in notices} == {"alarm"}


def test_app_starts_with_its_hook_once(app: Flask) -> None:
    from app import create_app
    from app.posts.services import on_revised
    from app.publishing.withdrawing import on_revised as ours

    create_app(app.extensions["tandem_config"])
    assert on_revised.count(ours) == 1
