"""Turns: nobody waits behind one big or slow account; whose quota is used up waits unclaimed and says until when."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from app.accounts import connections, quotas
from app.accounts.models import Account, QuotaUse, SharedUse
from app.accounts.services import note_limit
from app.db import atomic, db, new_id
from app.posts.models import Post
from app.publishing import claims, waiting
from app.publishing import services as publishing
from app.publishing.models import Attempt, Publication
from app.publishing.turns import Turns, in_turn
from app.publishing.values import Claim
from connectors.errors import RateLimited
from tests.app.publishing.kit import Desk, force, fresh_post, row

READY = {"steps": {"checked": True}, "ready": True}


def other_account(desk: Desk, name: str, app_key: str = "") -> Account:
    """Another Weibo account of the city, of the same app unless it is given."""
    with atomic():
        account = Account(
            unit_id=desk.city.id,
            platform="weibo",
            external_id=name,
            name=name,
            environment="simulator",
            mode="share",
            credentials={**desk.weibo.credentials, "uid": name, **({"app_key": app_key} if app_key else {})},
            callback_key=f"key-{name}",
            created_at=desk.now,
        )
        db.session.add(account)
    return account


def waiting_one(desk: Desk, account: Account, at: datetime, status: str = "ready", *, urgent: bool = False) -> Post:
    post = desk.approved(f"第{new_id()[-6:]}篇", [account])
    publishing.schedule(desk.author, post.id, publish_at="now", now=at)
    force(row(post, account), status, at, prepared=READY if status == "ready" else {}, next_attempt_at=at)
    if urgent:
        with atomic():
            db.session.get_one(Post, post.id).urgent = True
    return post


def accounts_of(taken: list[Claim]) -> list[str]:
    return [db.session.get_one(Publication, claim.publication_id).account_id for claim in taken]


def test_a_later_post_of_another_account_does_not_wait_behind_a_big_one(desk: Desk, now: datetime) -> None:
    for _n in range(8):
        waiting_one(desk, desk.weibo, now)
    later = now + timedelta(minutes=1)
    small = other_account(desk, "1002")
    waiting_one(desk, small, later)
    waiting_one(desk, desk.wechat, later)
    assert set(accounts_of(claims.claim_commits("w", 3, later))) == {desk.weibo.id, small.id, desk.wechat.id}


def test_preparing_takes_turns_as_well(desk: Desk, now: datetime) -> None:
    for _n in range(4):
        waiting_one(desk, desk.weibo, now, "scheduled")
    small = other_account(desk, "1002")
    waiting_one(desk, small, now + timedelta(seconds=1), "scheduled")
    taken = claims.claim_preparations("w", 2, now + timedelta(seconds=2))
    assert accounts_of(taken) == [desk.weibo.id, small.id]


def test_an_urgent_post_goes_before_everybody(desk: Desk, now: datetime) -> None:
    waiting_one(desk, desk.wechat, now)
    for _n in range(3):
        waiting_one(desk, desk.weibo, now)
    urgent = waiting_one(desk, desk.weibo, now + timedelta(seconds=5), urgent=True)
    (first,) = claims.claim_commits("w", 1, now + timedelta(seconds=5))
    assert first.publication_id == row(urgent, desk.weibo).id


def test_within_an_account_the_earlier_hour_goes_first(desk: Desk, now: datetime) -> None:
    second = waiting_one(desk, desk.weibo, now + timedelta(seconds=9))
    first = waiting_one(desk, desk.weibo, now)
    taken = claims.claim_commits("w", 1, now + timedelta(seconds=10))
    assert [claim.publication_id for claim in taken] == [row(first, desk.weibo).id]
    assert row(second, desk.weibo).status == "ready"


def test_one_account_holds_half_of_a_worker_at_most(desk: Desk, now: datetime) -> None:
    for _n in range(8):
        waiting_one(desk, desk.weibo, now)
    held: dict[str, int] = {}
    turns = Turns("w", lambda: held)
    assert len(claims.claim_commits("w", 8, now, turns)) == 4
    held[desk.weibo.id] = 4
    assert claims.claim_commits("w", 4, now, turns) == []
    small = other_account(desk, "1002")
    waiting_one(desk, small, now)
    # Seen without waiting for the reading to grow old: what was read is used up or over its share.
    assert accounts_of(claims.claim_commits("w", 4, now, Turns("w", lambda: held))) == [small.id]


def test_one_app_leaves_room_for_another(desk: Desk, now: datetime) -> None:
    """Of sixteen threads fourteen hang for two accounts of one app: a third of it waits, another app goes."""
    slow, same, foreign = (other_account(desk, f"200{n}") for n in range(3))
    with atomic():
        foreign = db.session.get_one(Account, foreign.id)
        foreign.credentials = {**foreign.credentials, "app_key": "another"}
    for account in (same, foreign):
        waiting_one(desk, account, now)
    turns = Turns("w", lambda: {desk.weibo.id: 7, slow.id: 7})
    assert accounts_of(claims.claim_commits("w", 2, now, turns)) == [foreign.id]


def test_workers_reach_for_different_accounts(desk: Desk, now: datetime) -> None:
    many = [other_account(desk, f"4{n:03}") for n in range(12)]
    for account in many:
        waiting_one(desk, account, now)
    turns = {name: Turns(name) for name in ("w1", "w2")}
    for each in turns.values():
        each.read(Publication.status == "ready")
    firsts = {name: set(each.next_publications(4)) for name, each in turns.items()}
    assert firsts["w1"] != firsts["w2"]


def test_what_another_worker_took_is_passed_over(desk: Desk, now: datetime) -> None:
    for _n in range(6):
        waiting_one(desk, desk.weibo, now)
    first, second = Turns("w1"), Turns("w2")
    for turns in (first, second):
        turns.read(Publication.status == "ready")
    taken = {claim.publication_id for claim in claims.claim_commits("w1", 3, now, first)}
    others = {claim.publication_id for claim in claims.claim_commits("w2", 3, now, second)}
    assert len(taken) == len(others) == 3
    assert not taken & others


def test_a_blocked_account_is_not_claimed_and_says_until_when(desk: Desk, now: datetime) -> None:
    posts = [waiting_one(desk, desk.weibo, now) for _n in range(3)]
    small = other_account(desk, "1002")
    waiting_one(desk, small, now)
    until = now + timedelta(minutes=10)
    quotas.block(desk.weibo.id, "statuses/share", until)
    assert accounts_of(claims.claim_commits("w", 8, now)) == [small.id]
    for post in posts:
        found = row(post, desk.weibo)
        assert (found.status, found.next_attempt_at, found.fence) == ("ready", until, 0)
        told = waiting.outlook(found, now)
        assert "额度已用完" in told.why
        assert told.at == until
        assert fresh_post(post).public_revision_id is None, "nobody went: no page"
    assert db.session.query(Attempt).count() == 0
    assert claims.claim_commits("w", 8, until - timedelta(seconds=1)) == []
    assert len(claims.claim_commits("w", 8, until)) == 3


def test_only_as_many_go_as_the_quota_leaves(desk: Desk, now: datetime) -> None:
    posts = [waiting_one(desk, desk.weibo, now) for _n in range(4)]
    start, end = quotas.bounds("day", now)
    with atomic():
        account = db.session.get_one(Account, desk.weibo.id)
        account.settings = {"quotas": {"daily_calls": 10}}
        db.session.add(QuotaUse(account_id=account.id, key="daily_calls@day", period_start=start, used=8))
    assert len(claims.claim_commits("w", 8, now)) == 2
    with atomic():
        db.session.query(QuotaUse).update({"used": 10})
    again = now + timedelta(seconds=2)
    assert claims.claim_commits("w", 8, again) == []
    waiting_still = [found for post in posts if (found := row(post, desk.weibo)).status == "ready"]
    held = [found for post in posts if (found := row(post, desk.weibo)).status == "held"]
    left = waiting_still if end <= again + timedelta(minutes=19) else held
    assert len(left) == 2
    assert all("10 次" in found.why for found in left)


def test_partners_that_go_together_wait_together(desk: Desk, now: datetime) -> None:
    """One side's calls are used up until later: the other does not go out alone."""
    post = desk.approved("一起发")
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    for account in (desk.weibo, desk.wechat):
        force(row(post, account), "ready", now, prepared=READY, next_attempt_at=now)
    until = now + timedelta(minutes=10)
    quotas.block(desk.weibo.id, "statuses/share", until)
    assert claims.claim_commits("w", 8, now) == []
    for account in (desk.weibo, desk.wechat):
        found = row(post, account)
        assert (found.status, found.next_attempt_at) == ("ready", until)
    # Also when something wakes the one before its time.
    force(row(post, desk.wechat), "ready", now, next_attempt_at=now)
    assert claims.claim_commits("w", 8, now) == []
    assert len(claims.claim_commits("w", 8, until)) == 2


def test_partners_of_one_that_is_held_for_its_quota_are_held(desk: Desk, now: datetime) -> None:
    post = desk.approved("一起发")
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    for account in (desk.weibo, desk.wechat):
        force(row(post, account), "ready", now, prepared=READY, next_attempt_at=now)
    quotas.block(desk.weibo.id, "statuses/share", now + timedelta(days=2))
    for _round in range(2):
        assert claims.claim_commits("w", 8, now) == []
    assert {row(post, account).status for account in (desk.weibo, desk.wechat)} == {"held"}
    assert "系统会自动继续" not in row(post, desk.weibo).why


def test_an_address_that_is_blocked_keeps_back_all_accounts_of_the_app(desk: Desk, now: datetime) -> None:
    """Also those that never heard of it, and have made no call yet."""
    heard, quiet = desk.weibo, other_account(desk, "1002")
    posts = [(waiting_one(desk, account, now), account) for account in (heard, quiet)]
    error = RateLimited("服务器 IP 的微博调用次数已用完。", code="10022")
    error.until, error.shared = now + timedelta(minutes=10), True
    note_limit(heard.id, "statuses/share", error, now)
    waiting_one(desk, desk.wechat, now)
    assert accounts_of(claims.claim_commits("w", 8, now)) == [desk.wechat.id]
    for post, account in posts:
        found = row(post, account)
        assert (found.status, found.next_attempt_at) == ("ready", error.until)
        assert "同一应用" in found.why
    assert len(claims.claim_commits("w", 8, error.until)) == 2


def test_what_others_of_the_app_are_sending_counts(desk: Desk, now: datetime) -> None:
    """Four calls are left to the app, whichever accounts make them."""
    small = other_account(desk, "1002")
    for account in (desk.weibo, small):
        with atomic():
            found = db.session.get_one(Account, account.id)
            found.mode, found.settings = "business", {"quotas": {"biz_calls": 10}}
    for account in (desk.weibo, small):
        for _n in range(4):
            waiting_one(desk, account, now)
    start, _end = quotas.bounds("hour", now)
    scope = connections.scopes_of([small.id])[small.id]
    with atomic():
        db.session.add(SharedUse(scope=scope, key="biz_calls@hour", period_start=start, used=6))
    assert set(accounts_of(claims.claim_commits("w", 3, now))) == {desk.weibo.id, small.id}
    assert len(claims.claim_commits("w", 8, now)) == 1
    assert claims.claim_commits("w", 8, now + timedelta(seconds=2)) == []


def test_turns_go_on_where_the_last_reading_ended(desk: Desk, now: datetime) -> None:
    """A backlog that is read again and again does not begin each time."""
    for _n in range(6):
        waiting_one(desk, desk.weibo, now)
    small = other_account(desk, "1002")
    for _n in range(2):
        waiting_one(desk, small, now + timedelta(seconds=1))
    at, turns, order = now + timedelta(seconds=2), Turns("w"), list[str]()
    for _round in range(4):
        turns._read_at = float("-inf")
        order += accounts_of(claims.claim_commits("w", 1, at, turns))
    assert order == [desk.weibo.id, small.id, desk.weibo.id, small.id]


def test_an_urgent_post_is_not_kept_back_by_its_accounts_share(desk: Desk, now: datetime) -> None:
    waiting_one(desk, desk.weibo, now)
    urgent = waiting_one(desk, desk.weibo, now, urgent=True)
    turns = Turns("w", lambda: {desk.weibo.id: 14})
    taken = claims.claim_commits("w", 2, now, turns)
    assert [claim.publication_id for claim in taken] == [row(urgent, desk.weibo).id]


def test_platforms_apps_and_accounts_take_turns(app: Flask, desk: Desk, now: datetime) -> None:
    big = [waiting_one(desk, desk.weibo, now) for _n in range(3)]
    same_app = waiting_one(desk, other_account(desk, "1002"), now)
    other_app = waiting_one(desk, other_account(desk, "1003", app_key="another"), now)
    wechat = waiting_one(desk, desk.wechat, now)
    turns = Turns()
    turns.read(Publication.status == "ready")
    order = [db.session.get_one(Publication, each).post_id for each in turns.next_publications(20)]
    assert set(order[:2]) & {wechat.id}
    assert {wechat.id, other_app.id, same_app.id} < set(order[:5])
    assert order[-1] == big[-1].id
    assert in_turn([]) == []
