"""Several publications in one transaction: each as it would be alone, whatever becomes of the others."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from app.accounts.models import Account
from app.db import atomic, db
from app.publishing import batches, claims, committing, stops
from app.publishing.batches import Answer
from app.publishing.committing import Started
from app.publishing.models import Attempt, Publication
from app.publishing.values import Claim, Lost, Outcome
from connectors.values import Receipt
from tests.app.publishing.kit import Desk, force, fresh_post, row
from tests.app.publishing.test_claims import planned


def claimed(desk: Desk, now: datetime, posts: int) -> list[Claim]:
    """Of so many posts both sides, claimed; the sides of a post follow each other."""
    for _number in range(posts):
        planned(desk, now)
    found = claims.claim_commits("w", 2 * posts, now)
    assert len(found) == 2 * posts
    return found


def row_of(claim: Claim) -> Publication:
    db.session.rollback()
    return db.session.get_one(Publication, claim.publication_id, populate_existing=True)


def started_of(told: object) -> Started:
    assert isinstance(told, Started)
    return told


def answer_of(claim: Claim, started: Started, outcome: Outcome, now: datetime) -> Answer:
    return Answer(
        claim=claim, attempt_id=started.attempt_id, outcome=outcome, exchanges=[{"url": "x"}], at=now, ids=started.ids
    )


def given_away(desk: Desk) -> None:
    """The Weibo account is another unit's now."""
    with atomic():
        db.session.get_one(Account, desk.weibo.id).unit_id = desk.other.id


def live(number: int) -> Outcome:
    return Outcome(
        kind="receipt", receipt=Receipt(external_id=f"5{number}", url=f"https://weibo.com/5{number}", live=True)
    )


def test_each_gets_its_own_attempt_and_its_own_answer(desk: Desk, now: datetime) -> None:
    taken = claimed(desk, now, 3)
    begun = [started_of(told) for told in batches.begin_all(taken, "w", now)]
    assert len({started.key for started in begun}) == len(begun)
    for claim, started in zip(taken, begun, strict=True):
        (attempt,) = row_of(claim).attempts
        assert (attempt.id, attempt.number, attempt.fence, attempt.worker) == (started.attempt_id, 1, claim.fence, "w")
        assert row_of(claim).status == "committing"
    after = now + timedelta(seconds=2)
    waiting = Outcome(kind="receipt", receipt=Receipt(external_id="w1"))
    refused = Outcome(kind="refused", error={"cause": "平台拒绝。"})
    unknown = Outcome(kind="unknown", error={"cause": "没有答复。"})
    again = Outcome(kind="not_sent", error={"cause": "平台忙。"}, retry_at=after + timedelta(seconds=5))
    outcomes = [live(0), live(1), waiting, refused, unknown, again]
    answers = [
        answer_of(claim, started, outcome, now + timedelta(seconds=number / 10))
        for number, (claim, started, outcome) in enumerate(zip(taken, begun, outcomes, strict=True))
    ]
    assert batches.record_all(answers, after) == [None] * 6
    rows = [row_of(claim) for claim in taken]
    assert [row.status for row in rows] == ["published", "published", "processing", "failed", "unknown", "ready"]
    assert [row.external_id for row in rows[:3]] == ["50", "51", "w1"]
    # Live when its own answer came, not when all were saved.
    assert [row.live_at for row in rows[:2]] == [now, now + timedelta(seconds=0.1)]
    assert rows[5].next_attempt_at == after + timedelta(seconds=5)
    assert [row.attempts[0].exchanges for row in rows] == [[{"url": "x"}]] * 6
    first = fresh_post(rows[0].post)
    assert (first.status, first.skew_seconds) == ("published", pytest.approx(0.1))
    assert first.public_revision_id == first.revision_id
    assert rows[4].post.needs_attention
    assert [(change.before, change.after, change.reason) for change in rows[0].changes[-1:]] == [
        ("committing", "published", "已上线")
    ]


def test_who_lost_its_claim_is_told_and_the_others_go(desk: Desk, now: datetime) -> None:
    taken = claimed(desk, now, 2)
    force(row_of(taken[1]), "committing", now, fence=taken[1].fence + 1)
    begun = batches.begin_all(taken, "w", now)
    assert [isinstance(told, Lost) for told in begun] == [False, True, False, False]
    assert db.session.query(Attempt).count() == 3
    # Twice the same claim: it was begun, and may be on its way.
    assert all(isinstance(told, Lost) for told in batches.begin_all(taken, "w", now))
    assert db.session.query(Attempt).count() == 3
    going = [(claim, told) for claim, told in zip(taken, begun, strict=True) if isinstance(told, Started)]
    force(row_of(going[0][0]), "unknown", now, fence=going[0][0].fence + 1, claim_owner="")
    answers = [answer_of(claim, told, live(n), now) for n, (claim, told) in enumerate(going)]
    told = batches.record_all(answers, now)
    assert [isinstance(each, Lost) for each in told] == [True, False, False]
    late = row_of(going[0][0])
    # The answer is kept, and the next check reads it at once.
    assert (late.status, late.next_attempt_at, late.attempts[0].outcome) == ("unknown", now, "receipt")
    assert [row_of(claim).status for claim, _told in going[1:]] == ["published", "published"]


def test_what_must_not_go_is_kept_back_alone(desk: Desk, now: datetime) -> None:
    taken = claimed(desk, now, 2)
    force(row_of(taken[0]), "committing", now, late_from=now - timedelta(days=1))
    desk_account: Account = row_of(taken[2]).account
    stops.start_stop(desk.admin, scope="account", scope_id=desk_account.id, reason="演练", now=now)
    stopped = [claim for claim in taken[1:] if row_of(claim).account_id == desk_account.id]
    begun = dict(zip([claim.publication_id for claim in taken], batches.begin_all(taken, "w", now), strict=True))
    for claim in taken:
        expected = "missed" if claim is taken[0] else "held" if claim in stopped else "committing"
        if claim is taken[0] and row_of(claim).account_id == desk_account.id:
            expected = "held"
        assert row_of(claim).status == expected
        assert (begun[claim.publication_id] is None) == (expected != "committing")


def test_one_statement_serves_them_all(desk: Desk, now: datetime) -> None:
    """What is asked of the database does not grow with the number of those that go together."""
    counted: list[str] = []

    def count(*values: object) -> None:
        counted.append(str(values[2]))

    taken = claimed(desk, now, 4)
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        sizes = []
        for company in (taken[:2], taken[2:8]):
            counted.clear()
            begun = batches.begin_all(company, "w", now)
            answers = [
                answer_of(c, started_of(told), live(n), now)
                for n, (c, told) in enumerate(zip(company, begun, strict=True))
            ]
            batches.record_all(answers, now)
            sizes.append(len(counted))
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("together", [True, False])
def test_out_of_the_posts_reach_meanwhile_nothing_is_begun(desk: Desk, now: datetime, together: bool) -> None:
    taken = claimed(desk, now, 1)
    given_away(desk)
    begun = batches.begin_all(taken, "w", now) if together else [committing.begin(claim, "w", now) for claim in taken]
    for claim, told in zip(taken, begun, strict=True):
        found = row_of(claim)
        if claim.account_id == desk.weibo.id:
            assert (told, found.status, found.attempts) == (None, "held", [])
            assert "不在“青岚市政府办”之下" in found.why
        else:
            assert found.attempts != []


def test_out_of_the_posts_reach_at_the_hour_it_is_not_even_claimed(desk: Desk, now: datetime) -> None:
    post = planned(desk, now)
    given_away(desk)
    assert {claim.account_id for claim in claims.claim_commits("w", 8, now)} <= {desk.wechat.id}
    held = row(post, desk.weibo)
    assert (held.status, held.fence) == ("held", 0)
    assert "不在“青岚市政府办”之下" in held.why
