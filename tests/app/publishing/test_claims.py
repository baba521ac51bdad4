"""Claims: one holder, fences, take-over, lateness, the stop switch at the hour."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.accounts import verdicts
from app.accounts.models import Account
from app.db import atomic, db
from app.errors import Conflict
from app.publishing import claims, committing, heartbeats, preparing, telling
from app.publishing import services as publishing
from app.publishing.models import Attempt, Publication
from app.publishing.values import LEASE, Claim, Lost, Outcome
from app.units.models import Unit
from connectors.values import Prepared, Receipt, Right
from tests.app.publishing.kit import Desk, force, fresh_post, row
from tests.app.publishing.saving import way

__all__ = ["way"]

READY = {"steps": {"draft": "m1"}, "ready": True}


def planned(desk: Desk, now: datetime, **rules: str) -> str:
    """A post both of whose publications are ready at `now`."""
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=now, **rules)  # type: ignore[arg-type]
    for account in (desk.weibo, desk.wechat):
        force(row(post, account), "ready", now, prepared=READY, next_attempt_at=now)
    return post.id


def test_two_workers_at_once_get_each_publication_once(app: Flask, desk: Desk, now: datetime) -> None:
    for _n in range(6):
        planned(desk, now)
    start, found = threading.Barrier(6), []

    def work(name: str) -> None:
        with app.app_context():
            start.wait()
            for _round in range(20):
                found.extend(claims.claim_commits(name, 3, now))
            db.session.remove()

    db.session.rollback()
    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 12
    assert len({claim.publication_id for claim in found}) == 12


def test_never_more_claims_than_free_slots_and_partners_together(desk: Desk, now: datetime) -> None:
    for _n in range(3):
        planned(desk, now)
    taken = claims.claim_commits("w", 3, now)
    assert len(taken) == 2
    posts = {db.session.get_one(Publication, claim.publication_id).post_id for claim in taken}
    assert len(posts) == 1
    assert claims.claim_commits("w", 0, now) == []


def test_the_permalink_opens_with_the_first_commit(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    assert fresh_post(row(post_id, desk.weibo).post).public_revision_id is None
    claims.claim_commits("w", 8, now)
    post = fresh_post(row(post_id, desk.weibo).post)
    assert post.public_revision_id == post.revision_id
    assert post.status == "publishing"


def test_the_permalink_closes_again_when_nobody_went(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    taken = claims.claim_commits("w", 8, now)
    refused = Outcome(kind="refused", error={"cause": "平台拒绝。"})
    for number, claim in enumerate(taken):
        started = committing.begin(claim, "w", now)
        assert started is not None
        committing.record_answer(claim, started.attempt_id, refused, [], now)
        post = fresh_post(row(post_id, desk.weibo).post)
        assert (post.public_revision_id is None) == (number == 1)
    assert post.status == "failed"


def test_a_claim_that_was_taken_over_is_refused_everywhere(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    claim = claims.claim_commits("slow", 8, now)[0]
    later = now + timedelta(seconds=LEASE + 1)
    claims.take_over(later)
    assert {row(post_id, a).status for a in (desk.weibo, desk.wechat)} == {"ready"}
    with pytest.raises(Lost):
        committing.begin(claim, "slow", later)
    assert preparing.load(claim) is None
    assert db.session.query(Attempt).count() == 0


def test_an_answer_after_the_take_over_is_kept_but_changes_nothing(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    claim = next(c for c in claims.claim_commits("slow", 8, now) if c.publication_id == row(post_id, desk.weibo).id)
    started = committing.begin(claim, "slow", now)
    assert started is not None
    later = now + timedelta(seconds=LEASE + 1)
    claims.take_over(later)
    assert row(post_id, desk.weibo).status == "unknown"
    answer = Outcome(kind="receipt", receipt=Receipt(external_id="5", live=True))
    with pytest.raises(Lost):
        committing.record_answer(claim, started.attempt_id, answer, [], later)
    found = row(post_id, desk.weibo)
    assert found.status == "unknown"
    assert found.next_attempt_at == later
    assert found.attempts[0].receipt["external_id"] == "5"


def test_a_late_answer_puts_right_what_a_person_took_for_failed(desk: Desk, now: datetime) -> None:
    """A worker paused for an hour wakes with the platform's answer: a live post is never shown as failed."""
    post_id = planned(desk, now)
    claim = next(c for c in claims.claim_commits("slow", 8, now) if c.publication_id == row(post_id, desk.weibo).id)
    started = committing.begin(claim, "slow", now)
    assert started is not None
    later = now + timedelta(hours=1)
    claims.take_over(later)
    publishing.resolve(desk.publisher, claim.publication_id, outcome="not_published", reason="没看到", now=later)
    assert row(post_id, desk.weibo).status == "failed"
    answer = Outcome(kind="receipt", receipt=Receipt(external_id="5", live=True))
    with pytest.raises(Lost):
        committing.record_answer(claim, started.attempt_id, answer, [], later)
    assert row(post_id, desk.weibo).status == "published"
    assert fresh_post(row(post_id, desk.weibo).post).public_revision_id is not None


def test_what_the_platform_took_is_never_sent_again(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    claim = next(c for c in claims.claim_commits("slow", 8, now) if c.publication_id == row(post_id, desk.wechat).id)
    started = committing.begin(claim, "slow", now)
    assert started is not None
    later = now + timedelta(hours=1)
    claims.take_over(later)
    publishing.resolve(desk.publisher, claim.publication_id, outcome="not_published", reason="没看到", now=later)
    taken = Outcome(kind="receipt", receipt=Receipt(details={"publish_id": "7"}))
    with pytest.raises(Lost):
        committing.record_answer(claim, started.attempt_id, taken, [], later)
    with pytest.raises(Conflict):
        publishing.retry(desk.publisher, claim.publication_id, reason="再发", now=later)
    # Taken after all: looked up until it is live, and its page is open.
    found = row(post_id, desk.wechat)
    assert (found.status, found.receipt["details"]) == ("processing", {"publish_id": "7"})
    assert fresh_post(found.post).public_revision_id is not None


def test_a_saved_answer_is_acted_on_after_a_crash(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    claim = next(c for c in claims.claim_commits("w", 8, now) if c.publication_id == row(post_id, desk.weibo).id)
    started = committing.begin(claim, "w", now)
    assert started is not None
    with atomic():
        attempt = db.session.get_one(Attempt, started.attempt_id)
        attempt.outcome, attempt.answered_at = "receipt", now + timedelta(seconds=1)
        attempt.receipt = {"external_id": "5", "url": "u", "live": True, "published_at": None, "details": {}}
    claims.take_over(now + timedelta(seconds=LEASE + 1))
    found = row(post_id, desk.weibo)
    assert (found.status, found.external_id) == ("published", "5")
    assert found.published_at == now + timedelta(seconds=1)


def test_a_dead_worker_is_taken_over_before_its_lease_ends(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    heartbeats.beat("w", host="h", pid=1, version="", now=now)
    claims.claim_commits("w", 8, now)
    assert claims.take_over(now + timedelta(seconds=29)) == 0
    assert claims.take_over(now + timedelta(seconds=31)) == 2
    assert row(post_id, desk.weibo).status == "ready"


def test_interrupted_preparing_keeps_its_finished_steps(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    first = next(c for c in claims.claim_preparations("w1", 8, now) if c.publication_id == row(post, desk.wechat).id)
    preparing.save_step(first, Prepared(steps={"cover": "m0"}), [], now)
    later = now + timedelta(seconds=LEASE + 1)
    claims.take_over(later)
    second = next(c for c in claims.claim_preparations("w2", 8, later) if c.publication_id == first.publication_id)
    work = preparing.load(second)
    assert work is not None
    assert work.prepared.steps == {"cover": "m0"}
    with pytest.raises(Lost):
        preparing.save_step(first, Prepared(steps={"cover": "m0", "draft": "stale"}, ready=True), [], later)
    assert row(post, desk.wechat).prepared["steps"] == {"cover": "m0"}
    # Only a draft of its own is to be deleted: one that it had merely begun may by now be the other's.
    begun = {"cover": "m0", "draft_begun": "https://a.gov.cn/p/1"}
    assert preparing.leave_behind(first, Prepared(steps=begun), later) is None
    left = preparing.leave_behind(first, Prepared(steps={**begun, "draft": "stale"}), later)
    assert left is not None
    assert left.steps["draft"] == "stale"


def test_too_late_is_missed_and_told(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    claims.lapse(now + timedelta(seconds=1200))
    assert row(post_id, desk.weibo).status == "ready"
    late = now + timedelta(seconds=1201)
    assert claims.claim_commits("w", 8, late) == []
    assert {row(post_id, a).status for a in (desk.weibo, desk.wechat)} == {"missed"}
    assert fresh_post(row(post_id, desk.weibo).post).needs_attention


def test_a_unit_may_set_its_own_lateness(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    with atomic():
        db.session.get_one(Unit, desk.city.id).lateness_seconds = 60
    assert claims.lapse(now + timedelta(seconds=61)) == 2
    assert row(post_id, desk.weibo).status == "missed"


@pytest.mark.parametrize("scope", ["site", "unit", "account"])
def test_a_stop_holds_at_the_hour(desk: Desk, now: datetime, scope: str) -> None:
    post_id = planned(desk, now)
    ids = {"site": None, "unit": desk.city.id, "account": desk.weibo.id}
    publishing.start_stop(desk.admin, scope=scope, scope_id=ids[scope], reason="突发事件", now=now)
    assert claims.claim_commits("w", 8, now) == []
    # With "hold" the partner of a stopped one waits, too.
    assert {row(post_id, a).status for a in (desk.weibo, desk.wechat)} == {"held"}
    assert "突发事件" in row(post_id, desk.weibo).why


def test_a_stop_thrown_after_the_claim_still_stops(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    taken = claims.claim_commits("w", 8, now)
    publishing.start_stop(desk.admin, scope="site", scope_id=None, reason="突发事件", now=now)
    assert [committing.begin(claim, "w", now) for claim in taken] == [None, None]
    assert {row(post_id, a).status for a in (desk.weibo, desk.wechat)} == {"held"}
    assert fresh_post(row(post_id, desk.weibo).post).public_revision_id is None
    assert db.session.query(Attempt).count() == 0


def test_a_stop_of_one_account_lets_the_other_proceed(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now, on_partner_failure="proceed")
    publishing.start_stop(desk.admin, scope="account", scope_id=desk.weibo.id, reason="换人", now=now)
    taken = claims.claim_commits("w", 8, now)
    assert [claim.publication_id for claim in taken] == [row(post_id, desk.wechat).id]
    assert row(post_id, desk.weibo).status == "held"


def test_the_second_of_a_pair_goes_after_the_first_is_live(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now, order="wechat_first")
    taken = claims.claim_commits("w", 8, now)
    assert [claim.publication_id for claim in taken] == [row(post_id, desk.wechat).id]
    waiting = row(post_id, desk.weibo)
    assert waiting.status == "ready"
    assert "先发" in waiting.why
    later = now + timedelta(minutes=30)
    started = committing.begin(taken[0], "w", now)
    assert started is not None
    live = Outcome(kind="receipt", receipt=Receipt(external_id="9", live=True))
    committing.record_answer(taken[0], started.attempt_id, live, [], later)
    # Half an hour is later than the limit of 20 minutes, but lateness counts from the first one's going live.
    second = claims.claim_commits("w", 8, later)
    assert [claim.publication_id for claim in second] == [row(post_id, desk.weibo).id]


def test_quota_used_up_waits_or_is_held_beyond_lateness(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now, on_partner_failure="proceed")
    by_id = {c.publication_id: c for c in claims.claim_commits("w", 8, now)}
    for account, minutes, expected in ((desk.weibo, 10, "ready"), (desk.wechat, 30, "held")):
        claim = by_id[row(post_id, account).id]
        started = committing.begin(claim, "w", now)
        assert started is not None
        until = now + timedelta(minutes=minutes)
        limited = Outcome(kind="not_sent", error={"cause": "额度已用完。"}, retry_at=until)
        committing.record_answer(claim, started.attempt_id, limited, [], now)
        found = row(post_id, account)
        assert found.status == expected
        assert "额度已用完" in found.why
        assert found.next_attempt_at == (until if expected == "ready" else None)


def test_the_key_stays_the_same_until_the_platform_rejected_it(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    claim = next(c for c in claims.claim_commits("w", 8, now) if c.publication_id == row(post_id, desk.wechat).id)
    first = committing.begin(claim, "w", now)
    assert first is not None
    not_sent = Outcome(kind="not_sent", error={"cause": "连接不上。"}, retry_at=now)
    committing.record_answer(claim, first.attempt_id, not_sent, [], now)
    force(row(post_id, desk.wechat), "ready", now, released=True, next_attempt_at=now)
    again = claims.claim_commits("w", 8, now)[0]
    second = committing.begin(again, "w", now)
    assert second is not None
    assert second.key == first.key


def test_draft_mode_is_handed_over_at_the_hour(app: Flask, now: datetime) -> None:
    desk = Desk(now, wechat_mode="draft")
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    for account in (desk.weibo, desk.wechat):
        force(row(post, account), "ready", now, prepared=READY, next_attempt_at=now)
    taken = claims.claim_commits("w", 8, now)
    assert [claim.publication_id for claim in taken] == [row(post, desk.weibo).id]
    assert row(post, desk.wechat).status == "handed_over"
    assert fresh_post(post).needs_attention


def test_a_changed_draft_is_held_and_restored_on_release(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    claim = next(c for c in claims.claim_commits("w", 8, now) if c.publication_id == row(post_id, desk.wechat).id)
    anew = Prepared(steps={"draft": "d", "restore": "1"})
    committing.hold_changed(claim, "草稿被人改过。", [], now, anew=anew)
    found = row(post_id, desk.wechat)
    assert (found.status, found.prepared) == ("held", {"steps": anew.steps, "ready": False})
    publishing.release(desk.publisher, found.id, reason="已核对", now=now)
    assert row(post_id, desk.wechat).status == "scheduled"


def test_a_made_up_claim_is_nobodys(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    real = claims.claim_commits("w", 8, now)[0]
    with pytest.raises(Lost):
        committing.begin(replace(real, fence=real.fence + 1), "w", now)
    assert preparing.load(Claim(publication_id="none", fence=1)) is None
    assert row(post_id, desk.weibo).attempts == []


def test_secrets_that_cannot_be_opened_keep_no_round_from_the_others(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now, on_partner_failure="proceed")
    other = desk.approved(title="另一篇", accounts=[desk.wechat])
    publishing.schedule(desk.author, other.id, publish_at=now + timedelta(days=1), now=now)
    with atomic():
        db.session.execute(text("UPDATE accounts SET credentials = 'x' WHERE id = :id"), {"id": desk.weibo.id})
    db.session.rollback()
    (theirs,) = claims.claim_commits("w", 8, now)
    assert theirs.account_id == desk.wechat.id
    assert "TANDEM_ENCRYPTION_KEYS" in row(post_id, desk.weibo).why
    assert telling.tell_others(now) == 2
    assert committing.begin(theirs, "w", now) is not None
    assert claims.lapse(now + timedelta(days=30)) == 1
    assert row(post_id, desk.wechat).status == "committing"


def test_what_went_out_shows_what_its_account_may(desk: Desk, now: datetime) -> None:
    with atomic():
        for account in (desk.weibo, desk.wechat):
            account.rights = [verdicts.row(Right(key="publish", ok=None, detail="首次发布时验证"))]
    planned(desk, now)
    (claim,) = [each for each in claims.claim_commits("w", 8, now) if each.account_id == desk.weibo.id]
    started = committing.begin(claim, "w", now)
    assert started is not None
    answer = Outcome(kind="receipt", receipt=Receipt(external_id="5", live=True))
    committing.record_answer(claim, started.attempt_id, answer, [], now)
    telling.tell_others(now)
    known = {account.id: account.rights[0]["ok"] for account in db.session.scalars(select(Account))}
    assert (known[desk.weibo.id], known[desk.wechat.id]) == (True, None)
