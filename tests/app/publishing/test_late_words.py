"""The platform's word comes late, early, or twice: nothing goes out again, nothing is shown as it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict
from app.notices.models import Notice
from app.publishing import claims, committing, preparing, rhythm, stops, verifying
from app.publishing import services as publishing
from app.publishing.models import Attempt
from app.publishing.values import LEASE, Claim, Lost, Outcome
from connectors.values import CannotTell, Found, Prepared, PublishResult, Receipt, Rejected
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.saving import way

__all__ = ["way"]

READY = {"steps": {"draft": "m1"}, "ready": True}
TAKEN = Outcome(kind="receipt", receipt=Receipt(details={"publish_id": "7"}))
UNKNOWN = Outcome(kind="unknown", error={"cause": "没有收到答复。"})
NOT_SENT = Outcome(kind="not_sent", error={"cause": "连接不上。"})
LIVE = Found(receipt=Receipt(external_id="a1", url="https://mp.weixin.qq.com/s/1", live=True))


@pytest.fixture
def post_id(desk: Desk, now: datetime) -> str:
    """One WeChat publication, ready, its hour come."""
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    force(row(post, desk.wechat), "ready", now, prepared=READY, next_attempt_at=now)
    return post.id


def begun(now: datetime, worker: str = "w") -> tuple[Claim, committing.Started]:
    (claim,) = claims.claim_commits(worker, 8, now)
    started = committing.begin(claim, worker, now)
    assert started is not None
    return claim, started


def sent(now: datetime, outcome: Outcome) -> None:
    claim, started = begun(now)
    committing.record_answer(claim, started.attempt_id, outcome, [], now)


def told(ref: str, finding: Found | Rejected) -> PublishResult:
    return PublishResult(ref_name="publish_id", ref=ref, finding=finding)


def attempts(post_id: str, desk: Desk) -> list[str]:
    return [attempt.outcome for attempt in row(post_id, desk.wechat).attempts]


def test_a_late_answer_keeps_what_a_retry_queued_from_going_out_twice(desk: Desk, post_id: str, now: datetime) -> None:
    """Taken over, taken for not sent, queued again by a person: then the first worker wakes with the answer."""
    claim, started = begun(now, "slow")
    later = now + timedelta(hours=1)
    claims.take_over(later)
    publication_id = row(post_id, desk.wechat).id
    publishing.resolve(desk.publisher, publication_id, outcome="not_published", reason="没看到", now=later)
    publishing.retry(desk.publisher, publication_id, reason="再发", now=later)
    with pytest.raises(Lost):
        committing.record_answer(claim, started.attempt_id, TAKEN, [], later)
    assert db.session.scalars(select(Notice.title).where(Notice.title.startswith("平台迟到的答复"))).all()
    (second,) = claims.claim_commits("w", 8, later)
    assert committing.begin(second, "w", later) is None
    found = row(post_id, desk.wechat)
    assert (found.status, len(found.attempts)) == ("unknown", 1)
    question = verifying.load(Claim(publication_id=found.id, fence=found.fence))
    assert question is not None
    assert question.attempted.receipt is not None
    assert question.attempted.receipt.details == {"publish_id": "7"}


def test_what_was_taken_goes_out_by_no_door(desk: Desk, post_id: str, now: datetime) -> None:
    """Not by retry, not by moving the schedule, not by release."""
    claim, started = begun(now)
    committing.record_answer(claim, started.attempt_id, TAKEN, [], now)
    found = row(post_id, desk.wechat)
    force(found, "failed", now)
    with pytest.raises(Conflict):
        publishing.retry(desk.publisher, found.id, reason="再发", now=now)
    with pytest.raises(Conflict):
        publishing.schedule(desk.author, post_id, publish_at=now + timedelta(hours=1), now=now)
    force(found, "held", now)
    publishing.release(desk.publisher, found.id, reason="再发", now=now)
    force(found, "ready", now, prepared=READY, next_attempt_at=now)
    (again,) = claims.claim_commits("w", 8, now)
    assert committing.begin(again, "w", now) is None
    assert attempts(post_id, desk) == ["receipt"]


def test_a_moved_one_is_not_looked_up_by_what_was_rejected_before(desk: Desk, post_id: str, now: datetime) -> None:
    """Rejected, moved to another hour, sent again, its answer lost: the old number says nothing about the new call."""
    sent(now, TAKEN)
    publishing.record_result(desk.wechat, told("7", Rejected(cause="原创校验失败")), now)
    assert row(post_id, desk.wechat).status == "failed"
    later = now + timedelta(hours=2)
    publishing.schedule(desk.author, post_id, publish_at=later, now=now)
    force(row(post_id, desk.wechat), "ready", later, prepared=READY, next_attempt_at=later)
    sent(later, UNKNOWN)
    found = row(post_id, desk.wechat)
    question = verifying.load(Claim(publication_id=found.id, fence=found.fence))
    assert question is not None
    assert question.attempted.receipt is None


def test_the_rejection_of_an_earlier_call_does_not_fail_the_next(desk: Desk, post_id: str, now: datetime) -> None:
    """A poll found the rejection and a person sent it again; only then the callback of the first call arrives."""
    sent(now, TAKEN)
    force(row(post_id, desk.wechat), "processing", now, next_attempt_at=now)
    (check,) = claims.claim_checks("w", 8, now)
    verifying.record_finding(check, Rejected(cause="原创校验失败"), [], now)
    publication_id = row(post_id, desk.wechat).id
    publishing.retry(desk.publisher, publication_id, reason="已处理", now=now)
    sent(now, Outcome(kind="receipt", receipt=Receipt(details={"publish_id": "8"})))
    assert publishing.record_result(desk.wechat, told("7", Rejected(cause="原创校验失败")), now) is True
    assert row(post_id, desk.wechat).status == "processing"
    publishing.record_result(desk.wechat, told("8", Rejected(cause="又没有通过")), now)
    assert row(post_id, desk.wechat).status == "failed"


def test_a_callback_that_overtakes_the_answer_is_kept(desk: Desk, post_id: str, now: datetime) -> None:
    claim, started = begun(now)
    for ref in ("99", "7"):
        finding = LIVE if ref == "7" else Rejected(cause="别人的")
        assert publishing.record_result(desk.wechat, told(ref, finding), now) is False
    assert row(post_id, desk.wechat).status == "committing"
    committing.record_answer(claim, started.attempt_id, TAKEN, [], now)
    found = row(post_id, desk.wechat)
    assert (found.status, found.url) == ("published", "https://mp.weixin.qq.com/s/1")
    # What was about something else is not kept as evidence of this one.
    assert [entry["callback"] for entry in found.readbacks] == [{"publish_id": "7"}]


def test_an_early_rejection_is_acted_on_too(desk: Desk, post_id: str, now: datetime) -> None:
    claim, started = begun(now)
    publishing.record_result(desk.wechat, told("7", Rejected(cause="原创校验失败", remedy="改稿。")), now)
    committing.record_answer(claim, started.attempt_id, TAKEN, [], now)
    found = row(post_id, desk.wechat)
    assert (found.status, found.error_cause, found.error_remedy) == ("failed", "原创校验失败", "改稿。")
    assert attempts(post_id, desk) == ["rejected"]


def test_a_callback_without_a_known_number_hurries_what_is_unknown(desk: Desk, post_id: str, now: datetime) -> None:
    sent(now, UNKNOWN)
    assert row(post_id, desk.wechat).next_attempt_at != now
    assert publishing.record_result(desk.wechat, told("7", LIVE), now) is False
    assert row(post_id, desk.wechat).next_attempt_at == now


def test_a_callback_for_what_waits_to_go_again_stops_it(desk: Desk, post_id: str, now: datetime) -> None:
    """Accepted, never heard of, stated as not published, queued again: the callback says that it is live."""
    sent(now, TAKEN)
    found = row(post_id, desk.wechat)
    force(found, "unknown", now)
    later = now + timedelta(hours=1)
    publishing.resolve(desk.publisher, found.id, outcome="not_published", reason="没看到", now=later)
    publishing.retry(desk.publisher, found.id, reason="再发", now=later)
    assert publishing.record_result(desk.wechat, told("7", LIVE), later) is True
    (claim,) = claims.claim_commits("w", 8, later)
    assert committing.begin(claim, "w", later) is None
    (check,) = claims.claim_checks("w", 8, later + timedelta(seconds=30))
    verifying.record_finding(check, LIVE, [], later)
    assert (row(post_id, desk.wechat).status, db.session.query(Attempt).count()) == ("published", 1)


def taken_for_not_sent(desk: Desk, post_id: str, at: datetime) -> str:
    """Sent, the answer lost, said by a person not to be out."""
    sent(at, UNKNOWN)
    publication_id = row(post_id, desk.wechat).id
    later = at + timedelta(hours=1)
    publishing.resolve(desk.publisher, publication_id, outcome="not_published", reason="没看到", now=later)
    return publication_id


def test_the_end_of_an_unknown_number_makes_what_was_taken_for_not_sent_doubtful(
    desk: Desk, post_id: str, now: datetime
) -> None:
    """Its number was lost with the answer: the word may be about it. Looked up, it is found, and never sent again."""
    taken_for_not_sent(desk, post_id, now)
    later = now + timedelta(hours=5)
    assert publishing.record_result(desk.wechat, told("7", LIVE), later) is False
    found = row(post_id, desk.wechat)
    assert (found.status, found.next_attempt_at) == ("unknown", later)
    assert found.readbacks[-1]["callback"] == {"publish_id": "7"}
    with pytest.raises(Conflict):
        publishing.retry(desk.publisher, found.id, reason="再发", now=later)
    (check,) = claims.claim_checks("w", 8, later)
    verifying.record_finding(check, LIVE, [], later)
    found = row(post_id, desk.wechat)
    assert (found.status, found.url, attempts(post_id, desk)) == (
        "published",
        "https://mp.weixin.qq.com/s/1",
        ["unknown"],
    )


def test_what_was_queued_again_is_held_when_something_of_an_unknown_number_went_public(
    desk: Desk, post_id: str, now: datetime
) -> None:
    publication_id = taken_for_not_sent(desk, post_id, now)
    later = now + timedelta(hours=2)
    publishing.retry(desk.publisher, publication_id, reason="再发", now=later)
    publishing.record_result(desk.wechat, told("7", LIVE), later)
    found = row(post_id, desk.wechat)
    assert found.status == "held"
    assert "没有发出的再放行" in found.why
    assert claims.claim_commits("w", 8, later) == []


def test_the_post_scheduled_anew_is_held_too_when_its_first_try_may_have_gone_out(
    desk: Desk, post_id: str, now: datetime
) -> None:
    """Taken for not sent, taken off, scheduled again: the new row is another, with another key."""
    first = taken_for_not_sent(desk, post_id, now)
    later = now + timedelta(hours=2)
    publishing.unschedule(desk.author, post_id, now=later)
    publishing.schedule(desk.author, post_id, publish_at="now", now=later)
    assert row(post_id, desk.wechat).id != first
    publishing.record_result(desk.wechat, told("7", LIVE), later)
    found = row(post_id, desk.wechat)
    assert (found.status, found.attempts) == ("held", [])
    assert "没有发出的再放行" in found.why


def test_while_another_has_no_answer_yet_the_word_may_be_about_that_one(
    desk: Desk, post_id: str, now: datetime
) -> None:
    """The event overtook the answer of a sibling: nobody's old failure is stirred up, unless the answer names another."""
    taken_for_not_sent(desk, post_id, now)
    for told_of, taken_as, expected in (("7", "7", "failed"), ("9", "8", "unknown")):
        later = now + timedelta(hours=int(taken_as))
        sibling = desk.approved(accounts=[desk.wechat])
        publishing.schedule(desk.author, sibling.id, publish_at="now", now=later)
        force(row(sibling, desk.wechat), "ready", later, prepared=READY, next_attempt_at=later)
        claim, started = begun(later)
        publishing.record_result(desk.wechat, told(told_of, LIVE), later)
        assert row(post_id, desk.wechat).status == "failed"
        taken = Outcome(kind="receipt", receipt=Receipt(details={"publish_id": taken_as}))
        committing.record_answer(claim, started.attempt_id, taken, [], later)
        assert row(post_id, desk.wechat).status == expected
        assert row(sibling, desk.wechat).status == ("published" if taken_as == told_of else "processing")


@pytest.mark.parametrize("ends", ["refused", "not_sent", "unknown", "stepped back", "stopped"])
def test_the_word_is_remembered_however_the_sibling_ends(
    desk: Desk, post_id: str, now: datetime, ends: Literal["refused", "not_sent", "unknown", "stepped back", "stopped"]
) -> None:
    """The call it might have been about was not taken after all: the platform will not say it again."""
    taken_for_not_sent(desk, post_id, now)
    later = now + timedelta(hours=2)
    sibling = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, sibling.id, publish_at="now", now=later)
    force(row(sibling, desk.wechat), "ready", later, prepared=READY, next_attempt_at=later)
    if ends in ("stepped back", "stopped"):
        (claim,) = claims.claim_commits("w", 8, later)
    else:
        claim, started = begun(later)
    publishing.record_result(desk.wechat, told("7", LIVE), later)
    assert row(post_id, desk.wechat).status == "failed"
    if ends == "stepped back":
        committing.step_back(claim, why="尚未发出。", at=later, exchanges=[], now=later)
    elif ends == "stopped":
        stops.start_stop(desk.admin, scope="site", scope_id=None, reason="演练", now=later)
        assert committing.begin(claim, "w", later) is None
    else:
        answer = Outcome(kind=ends, error={"cause": "连接不上。"})
        committing.record_answer(claim, started.attempt_id, answer, [], later)
    assert row(post_id, desk.wechat).status == "unknown"


def test_what_was_queued_again_is_held_even_while_another_is_being_sent(
    desk: Desk, post_id: str, now: datetime
) -> None:
    """To hold can be taken back, a second sending cannot."""
    publication_id = taken_for_not_sent(desk, post_id, now)
    later = now + timedelta(hours=2)
    sibling = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, sibling.id, publish_at="now", now=later)
    force(row(sibling, desk.wechat), "ready", later, prepared=READY, next_attempt_at=later)
    begun(later)
    publishing.retry(desk.publisher, publication_id, reason="再发", now=later)
    publishing.record_result(desk.wechat, told("7", LIVE), later)
    assert row(post_id, desk.wechat).status == "held"


def test_one_that_is_held_already_is_told_of_the_word(desk: Desk, post_id: str, now: datetime) -> None:
    publication_id = taken_for_not_sent(desk, post_id, now)
    later = now + timedelta(hours=2)
    publishing.retry(desk.publisher, publication_id, reason="再发", now=later)
    publishing.start_stop(desk.admin, scope="account", scope_id=desk.wechat.id, reason="暂停", now=later)
    claims.claim_commits("w", 8, later)
    force(row(post_id, desk.wechat), "held", later, why="账号已停发。", next_attempt_at=None)
    publishing.record_result(desk.wechat, told("7", LIVE), later)
    found = row(post_id, desk.wechat)
    assert found.status == "held"
    assert "没有发出的再放行" in found.why


@pytest.mark.parametrize("case", ["rejection", "long ago", "refused", "other account"])
def test_what_cannot_be_about_it_leaves_a_failed_one_alone(desk: Desk, post_id: str, now: datetime, case: str) -> None:
    if case == "refused":
        sent(now, Outcome(kind="refused", error={"cause": "没有权限。"}))
    else:
        taken_for_not_sent(desk, post_id, now)
    later = now + (timedelta(days=8) if case == "long ago" else timedelta(hours=2))
    finding = Rejected(cause="别人的") if case == "rejection" else LIVE
    account = desk.weibo if case == "other account" else desk.wechat
    publishing.record_result(account, told("7", finding), later)
    assert row(post_id, desk.wechat).status == "failed"


def test_nobody_takes_over_while_the_answer_may_still_come(desk: Desk, post_id: str, now: datetime) -> None:
    """Looking at the draft took most of the lease: the call itself gets a whole one."""
    (claim,) = claims.claim_commits("w", 8, now)
    later = now + timedelta(seconds=LEASE - 5)
    assert committing.begin(claim, "w", later) is not None
    assert claims.take_over(now + timedelta(seconds=LEASE + 20)) == 0
    assert row(post_id, desk.wechat).status == "committing"


def test_a_worker_that_gets_on_with_preparing_keeps_its_claim(desk: Desk, now: datetime) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    (claim,) = claims.claim_preparations("w", 8, now)
    later = now + timedelta(seconds=LEASE - 5)
    preparing.save_step(claim, Prepared(steps={"token": "ok"}), [], later)
    assert claims.take_over(now + timedelta(seconds=LEASE + 20)) == 0
    preparing.save_step(claim, Prepared(steps={"token": "ok", "draft": "m"}, ready=True), [], later)
    assert row(post, desk.wechat).status == "ready"


@pytest.mark.parametrize("claimed", [False, True])
def test_an_account_switched_off_meanwhile_is_held(desk: Desk, post_id: str, now: datetime, claimed: bool) -> None:
    taken = claims.claim_commits("w", 8, now) if claimed else []
    with atomic():
        db.session.get_one(type(desk.wechat), desk.wechat.id).active = False
    if claimed:
        assert committing.begin(taken[0], "w", now) is None
    else:
        assert claims.claim_commits("w", 8, now) == []
    found = row(post_id, desk.wechat)
    assert found.status == "held"
    assert "停用" in found.why
    assert found.attempts == []


def test_the_second_question_does_not_end_before_the_first(desk: Desk, post_id: str, now: datetime) -> None:
    """A callback decided while a check was on its way: the check's older word changes nothing."""
    sent(now, TAKEN)
    force(row(post_id, desk.wechat), "processing", now, next_attempt_at=now)
    (check,) = claims.claim_checks("w", 8, now)
    publishing.record_result(desk.wechat, told("7", LIVE), now)
    verifying.record_finding(check, CannotTell(reason="还在处理"), [], now)
    found = row(post_id, desk.wechat)
    assert (found.status, found.url) == ("published", "https://mp.weixin.qq.com/s/1")


def test_who_asks_again_by_hand_alarms_nobody_again(desk: Desk, post_id: str, now: datetime) -> None:
    """The rhythm is used up once: people are told once, however often [立即核实] is pressed afterwards."""
    sent(now, UNKNOWN)

    def last_look(at: datetime) -> int:
        force(row(post_id, desk.wechat), "unknown", at, checks=rhythm.MOST_CHECKS, next_attempt_at=at)
        (check,) = claims.claim_checks("w", 8, at)
        verifying.record_finding(check, CannotTell(reason="没有找到。"), [], at)
        told = db.session.scalars(select(Notice).where(Notice.title.startswith("请人工认定发布结果"))).all()
        return len({notice.key for notice in told})

    assert last_look(now + timedelta(hours=5)) == 1
    for hours in (6, 7):
        again = now + timedelta(hours=hours)
        publishing.check_now(desk.publisher, row(post_id, desk.wechat).id, now=again)
        assert last_look(again) == 1
    assert row(post_id, desk.wechat).next_attempt_at is None
