"""A scheduler without a free moment: what it has in hand stays its own, and it judges nobody more strictly than itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.db import atomic, db
from app.publishing import claims, committing, heartbeats
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.values import LEASE, Lost, Outcome
from connectors.values import Receipt
from scheduler.heart import Heart
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.saving import way

__all__ = ["way"]

READY = {"steps": {"draft": "m1"}, "ready": True}
SILENCE = timedelta(seconds=31)


@pytest.fixture
def post_id(desk: Desk, now: datetime) -> str:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    force(row(post, desk.weibo), "ready", now, prepared=READY, next_attempt_at=now)
    heartbeats.beat("w", host="h", pid=1, version="", now=now)
    return post.id


def test_who_was_late_itself_waits_longer_for_the_others(desk: Desk, post_id: str, now: datetime) -> None:
    claims.claim_commits("w", 8, now)
    at = now + SILENCE
    # It slept for half a minute longer than it may, as they may have.
    assert claims.take_over(at, worker="other", patience=timedelta(seconds=30)) == 0
    assert row(post_id, desk.weibo).status == "committing"
    assert claims.take_over(now + timedelta(seconds=59), worker="other", patience=timedelta(seconds=30)) == 0
    assert claims.take_over(now + timedelta(seconds=61), worker="other", patience=timedelta(seconds=30)) == 1


def test_nobody_takes_itself_for_dead(desk: Desk, post_id: str, now: datetime) -> None:
    (claim,) = claims.claim_commits("w", 8, now)
    assert committing.begin(claim, "w", now) is not None
    at = now + SILENCE
    assert claims.take_over(at, worker="w", kept=[claim.publication_id]) == 0
    # Its lease is over, it still has it in hand: no other process could know, it does.
    over = now + timedelta(seconds=LEASE + 1)
    assert claims.take_over(over, worker="w", kept=[claim.publication_id]) == 0
    # Not in hand any more: nobody else would ever finish it.
    assert claims.take_over(over, worker="w") == 1
    assert row(post_id, desk.weibo).status == "unknown"


def test_the_others_still_take_over_what_a_silent_one_kept(desk: Desk, post_id: str, now: datetime) -> None:
    (claim,) = claims.claim_commits("w", 8, now)
    assert claims.take_over(now + SILENCE, worker="other", kept=[claim.publication_id]) == 1
    assert row(post_id, desk.weibo).status == "ready"


def test_what_is_in_hand_keeps_its_lease_and_its_fence(desk: Desk, post_id: str, now: datetime) -> None:
    (claim,) = claims.claim_commits("w", 8, now)
    started = committing.begin(claim, "w", now)
    assert started is not None
    soon = now + timedelta(seconds=LEASE / 4)
    assert claims.keep("w", [claim.publication_id], soon) == 0, "most of it is left"
    late = now + timedelta(seconds=LEASE * 0.9)
    assert claims.keep("w", [claim.publication_id], late) == 1
    heartbeats.beat("w", host="h", pid=1, version="", now=late)
    assert claims.take_over(now + timedelta(seconds=LEASE + 1), worker="other") == 0
    found = row(post_id, desk.weibo)
    assert (found.status, found.fence) == ("committing", claim.fence)
    answer = Outcome(kind="receipt", receipt=Receipt(external_id="1", live=True))
    committing.record_answer(claim, started.attempt_id, answer, [], now + timedelta(seconds=LEASE + 2))
    assert row(post_id, desk.weibo).status == "published"


def test_what_was_taken_over_is_not_kept_any_more(desk: Desk, post_id: str, now: datetime) -> None:
    """Awake after its claim went to another it renews nothing of that one's, and its fence refuses it as before."""
    (lost,) = claims.claim_commits("w", 8, now)
    at = now + SILENCE
    claims.take_over(at, worker="other")
    (taken,) = claims.claim_commits("other", 8, at)
    later = at + timedelta(seconds=LEASE * 0.9)
    assert claims.keep("w", [lost.publication_id], later) == 0
    with pytest.raises(Lost):
        committing.begin(lost, "w", later)
    found = row(post_id, desk.weibo)
    assert (found.claim_owner, found.fence) == ("other", taken.fence)


def test_one_that_said_goodbye_is_no_longer_waited_for(desk: Desk, post_id: str, now: datetime) -> None:
    claims.claim_commits("w", 8, now)
    heartbeats.stop_worker("w", now)
    assert claims.take_over(now, worker="other", patience=timedelta(hours=1)) == 1


def test_a_heart_remembers_how_late_it_was(now: datetime) -> None:
    heart = Heart(10)
    assert heart.lateness(now) == timedelta(), "it has not begun"
    heart.begin(now)
    heart.beaten(now + timedelta(seconds=10))
    assert heart.lateness(now + timedelta(seconds=20)) == timedelta()
    # At this moment, before it beats again, and after it did.
    awake = now + timedelta(seconds=80)
    assert heart.lateness(awake) == timedelta(seconds=60)
    heart.beaten(awake)
    assert heart.lateness(awake + timedelta(seconds=5)) == timedelta(seconds=60)
    for beat in range(1, 40):
        heart.beaten(awake + timedelta(seconds=10 * beat))
    assert heart.lateness(awake + timedelta(seconds=395)) == timedelta()


def test_a_clock_that_is_set_back_makes_nobody_late(now: datetime) -> None:
    heart = Heart(10)
    heart.begin(now)
    heart.beaten(now - timedelta(hours=1))
    assert heart.lateness(now - timedelta(hours=1) + timedelta(seconds=10)) == timedelta()


def test_an_idle_process_keeps_nothing(desk: Desk, post_id: str, now: datetime) -> None:
    claims.claim_commits("w", 8, now)
    assert claims.keep("w", [], now + timedelta(seconds=LEASE)) == 0
    with atomic():
        assert db.session.query(Publication).filter(Publication.claim_owner == "w").count() == 1
