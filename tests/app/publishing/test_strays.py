"""What was cancelled, or taken for failed, and stands at the platform all the same: found by its link, left to a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict
from app.notices.models import Notice
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import appearing, claims, committing, outlook, pushdown, strays, verifying
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.values import LEASE, Lost, Outcome
from app.publishing.waiting import outlook as told_of
from connectors.values import CannotTell, Found, ProvenAbsent, PublishedItem, PublishResult, Receipt, Rejected, Removed
from tests.app.publishing.kit import Desk, force, fresh_post, row, schedule_of
from tests.app.publishing.test_late_words import READY, UNKNOWN, begun, sent

LATER = timedelta(hours=3)


@pytest.fixture
def post(desk: Desk, now: datetime) -> Post:
    """On WeChat: sent, the answer lost, said by a person not to be out, and cancelled."""
    made = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, made.id, publish_at="now", now=now)
    force(row(made, desk.wechat), "ready", now, prepared=READY, next_attempt_at=now)
    sent(now, UNKNOWN)
    publication_id = row(made, desk.wechat).id
    at = now + timedelta(hours=1)
    publishing.resolve(desk.publisher, publication_id, outcome="not_published", reason="没看到", now=at)
    publishing.cancel(desk.publisher, publication_id, reason="不发了", now=at)
    assert row(made, desk.wechat).status == "cancelled"
    return made


def listed(publication: Publication, number: str = "a1", at: datetime | None = None) -> PublishedItem:
    """As the account's list shows it: by the link of this very publication."""
    return PublishedItem(
        external_id=number,
        url=f"https://mp.weixin.qq.com/s/{number}",
        published_at=at or publication.due_at,
        addresses=(f"https://gov.example/p/x?w={publication.mark}",),
    )


def as_it_is(publication: Publication | str) -> Publication:
    db.session.rollback()
    publication_id = publication if isinstance(publication, str) else publication.id
    return db.session.get_one(Publication, publication_id, populate_existing=True)


def assert_held(desk: Desk, post: Post, now: datetime) -> None:
    """What waits anew for the same account, and keeps waiting."""
    queued = row(post, desk.wechat)
    assert queued.status == "held"
    assert "没有发出的再放行" in queued.why
    assert claims.claim_preparations("w", 8, now) == []


def titles() -> list[str]:
    db.session.rollback()
    return [title.split("：")[0] for title in db.session.scalars(select(Notice.title).order_by(Notice.id))]


def test_what_was_cancelled_and_is_listed_waits_for_a_person(desk: Desk, post: Post, now: datetime) -> None:
    gone, later = row(post, desk.wechat), now + LATER
    assert fresh_post(post).status == "approved"
    assert strays.note_listed(desk.wechat.id, [listed(gone)], later) == 1
    found = row(post, desk.wechat)
    assert (found.status, found.error_code, found.url) == ("unknown", "appeared", "https://mp.weixin.qq.com/s/a1")
    assert (found.why, found.next_attempt_at) == (appearing.HAS_APPEARED, None)
    assert titles()[-1] == "已撤销，但平台上出现了"
    told = told_of(found, later)
    assert (told.who, told.following) == ("发布人", appearing.DECIDE_APPEARED)
    shown = fresh_post(post)
    assert shown.needs_attention
    assert shown.public_revision_id is None, "the page stays closed until somebody decides"
    assert found in outlook.attention(desk.publisher)
    assert outlook.strays_of(shown, []) == [found]
    assert claims.claim_checks("w", 8, later + LATER) == [], "nothing settles it but a person"
    # Looked at again it is the same news.
    assert strays.note_listed(desk.wechat.id, [listed(gone)], later) == 0


def test_a_person_says_that_it_is_out_and_may_recall_it(desk: Desk, post: Post, now: datetime) -> None:
    later = now + LATER
    strays.note_listed(desk.wechat.id, [listed(row(post, desk.wechat), at=now + timedelta(hours=2))], later)
    publication_id = row(post, desk.wechat).id
    publishing.resolve(desk.publisher, publication_id, outcome="published", reason="确是这一条", now=later)
    found = row(post, desk.wechat)
    assert (found.status, found.external_id, found.published_at) == ("published", "a1", now + timedelta(hours=2))
    assert fresh_post(post).public_revision_id == post.revision_id
    publishing.recall(desk.publisher, publication_id, reason="不该发", now=later)
    assert row(post, desk.wechat).recall_at == later


def test_what_a_person_says_is_out_is_not_sent_a_second_time(desk: Desk, post: Post, now: datetime) -> None:
    """Cancelled, its schedule was withdrawn: it stands again, and the post shows as public."""
    later = now + LATER
    strays.note_listed(desk.wechat.id, [listed(row(post, desk.wechat))], later)
    publishing.resolve(desk.publisher, row(post, desk.wechat).id, outcome="published", reason="确是这一条", now=later)
    shown = fresh_post(post)
    assert (shown.status, shown.needs_attention, schedule_of(post).withdrawn_at) == ("published", False, None)
    with pytest.raises(Conflict, match="不能改期"):
        publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    with pytest.raises(Conflict, match="已经发布"):
        posts.revise_post(desk.author, post.id, {"title": "改过的标题"}, shown.version, later)
    assert len(outlook.of_post(shown)) == 1


@pytest.mark.parametrize("door", ["cancel", "unschedule"])
def test_beside_one_that_is_out_what_waits_again_can_only_be_taken_off(
    desk: Desk, post: Post, now: datetime, door: str
) -> None:
    gone, later = row(post, desk.wechat), now + LATER
    publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    strays.note_listed(desk.wechat.id, [listed(gone)], later)
    publishing.resolve(desk.publisher, gone.id, outcome="published", reason="确是这一条", now=later)
    queued = row(post, desk.wechat)
    assert (queued.id != gone.id, queued.status) == (True, "held")
    shown = fresh_post(post)
    assert [one.id for one in outlook.strays_of(shown, [queued])] == [gone.id]
    with pytest.raises(Conflict, match="已在这个账号上公开"):
        publishing.release(desk.publisher, queued.id, reason="再发", now=later)
    with pytest.raises(Conflict, match="已在这个账号上公开"):
        publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    force(queued, "failed", later)
    with pytest.raises(Conflict, match="已在这个账号上公开"):
        publishing.retry(desk.publisher, queued.id, reason="再发", now=later)
    if door == "cancel":
        publishing.cancel(desk.publisher, queued.id, reason="已经发出", now=later)
    else:
        publishing.unschedule(desk.author, post.id, now=later)
    assert fresh_post(post).status == "published"


def test_an_older_version_that_is_out_bars_a_newer_one_from_the_account(desk: Desk, post: Post, now: datetime) -> None:
    gone, later = row(post, desk.wechat), now + LATER
    strays.note_listed(desk.wechat.id, [listed(gone)], later)
    posts.revise_post(desk.author, post.id, {"title": "改过的标题"}, fresh_post(post).version, later)
    publishing.resolve(desk.publisher, gone.id, outcome="published", reason="确是这一条", now=later)
    assert fresh_post(post).status == "draft", "the draft can be finished, for other accounts"
    with pytest.raises(Conflict, match="已在这个账号上公开"):
        appearing.refuse_if_out(post.id, desk.wechat.id)
    appearing.refuse_if_out(post.id, desk.weibo.id)
    assert outlook.strays_of(fresh_post(post), []) == [as_it_is(gone)]
    force(gone, "processing", later)
    with pytest.raises(Conflict, match="还没有结果"):
        appearing.refuse_if_out(post.id, desk.wechat.id)


def test_a_person_says_that_it_is_another_and_is_not_asked_again(desk: Desk, post: Post, now: datetime) -> None:
    gone, later = row(post, desk.wechat), now + LATER
    strays.note_listed(desk.wechat.id, [listed(gone)], later)
    publishing.resolve(desk.publisher, gone.id, outcome="not_published", reason="是转发的", now=later)
    found = row(post, desk.wechat)
    assert (found.status, found.external_id, found.url) == ("cancelled", "", "")
    assert found.changes[-1].actor == desk.publisher.name
    assert schedule_of(post).withdrawn_at is not None
    assert strays.note_listed(desk.wechat.id, [listed(gone)], later + LATER) == 0
    assert not fresh_post(post).needs_attention
    assert strays.note_listed(desk.wechat.id, [listed(gone, "a2")], later + LATER) == 1


def test_what_was_cancelled_is_never_sent_again(desk: Desk, post: Post, now: datetime) -> None:
    """Neither by the word that it is not out, nor as a failure of its old schedule, while the post may stand on a new one."""
    gone, later = row(post, desk.wechat), now + LATER
    strays.note_listed(desk.wechat.id, [listed(gone)], later)
    with pytest.raises(Conflict, match="不能取消"):
        publishing.cancel(desk.publisher, gone.id, reason="不发", now=later)
    publishing.resolve(desk.publisher, gone.id, outcome="not_published", reason="是转发的", now=later)
    with pytest.raises(Conflict, match="不能重试"):
        publishing.retry(desk.publisher, gone.id, reason="再发", now=later)
    publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    force(gone, "failed", later)
    with pytest.raises(Conflict, match="排期已经撤下"):
        publishing.retry(desk.publisher, gone.id, reason="再发", now=later)
    force(gone, "held", later)
    with pytest.raises(Conflict, match="排期已经撤下"):
        publishing.release(desk.publisher, gone.id, reason="再发", now=later)
    assert claims.claim_commits("w", 8, later) == []


@pytest.mark.parametrize("word", ["published", "not_published"])
def test_one_that_turned_up_and_is_gone_again_is_still_a_persons(
    desk: Desk, post: Post, now: datetime, word: str
) -> None:
    """Nobody said yet that it was out in our name: it is neither shown as published nor as deleted by the platform."""
    gone, later = row(post, desk.wechat), now + LATER
    strays.note_listed(desk.wechat.id, [listed(gone)], later)
    publishing.check_now(desk.publisher, gone.id, now=later)
    for _again in range(2):
        force(gone, "unknown", later, next_attempt_at=later)
        (check,) = claims.claim_checks("w", 8, later)
        verifying.record_finding(check, Removed(reason="平台上已看不到。"), [], later)
    found = row(post, desk.wechat)
    assert (found.status, found.why, found.next_attempt_at) == ("unknown", appearing.HAS_VANISHED, None)
    assert found.published_at is None
    assert fresh_post(post).public_revision_id is None
    assert titles().count(appearing.HAS_VANISHED) == 1
    said = told_of(found, later)
    assert (said.who, said.following) == ("发布人", appearing.DECIDE_VANISHED)
    publishing.resolve(desk.publisher, gone.id, outcome=word, reason="核对过", now=later)
    if word == "not_published":
        assert row(post, desk.wechat).status == "cancelled"
        return
    assert row(post, desk.wechat).status == "published"
    (check,) = claims.claim_checks("w", 8, later + LATER)
    verifying.record_finding(check, Removed(reason="平台上已看不到。"), [], later + LATER)
    assert row(post, desk.wechat).status == "removed", "its read-back finds it gone"


@pytest.mark.parametrize("finding", [ProvenAbsent(reason="草稿还在"), Rejected(cause="原创校验失败")])
def test_one_that_is_proven_not_to_be_out_is_cancelled_again(
    desk: Desk, post: Post, now: datetime, finding: ProvenAbsent | Rejected
) -> None:
    later = now + LATER
    publishing.record_result(desk.wechat, told("7"), later)
    (check,) = claims.claim_checks("w", 8, later)
    verifying.record_finding(check, finding, [], later)
    found = row(post, desk.wechat)
    assert (found.status, found.claim_owner, found.error_code) == ("cancelled", "", "")
    assert found.attempts[-1].outcome == ("absent" if isinstance(finding, ProvenAbsent) else "rejected")
    assert not fresh_post(post).needs_attention
    assert fresh_post(post).status == "approved"


def test_one_of_two_is_cancelled_again_and_the_schedule_stands(desk: Desk, now: datetime) -> None:
    """The last one that is cancelled takes the schedule with it, also when it turned up meanwhile."""
    made = desk.approved()
    publishing.schedule(desk.author, made.id, publish_at=now + timedelta(days=1), now=now)
    gone, other = row(made, desk.wechat), row(made, desk.weibo)
    publishing.cancel(desk.publisher, gone.id, reason="不发", now=now)
    later = now + LATER
    for number in ("a1", "a2"):
        assert strays.note_listed(desk.wechat.id, [listed(gone, number)], later) == 1
        if number == "a2":
            publishing.cancel(desk.publisher, other.id, reason="不发", now=later)
        publishing.resolve(desk.publisher, gone.id, outcome="not_published", reason="是转发的", now=later)
        assert row(made, desk.wechat).status == "cancelled"
        assert (schedule_of(made).withdrawn_at is None) == (number == "a1")


def test_nothing_goes_out_a_second_time_meanwhile(desk: Desk, post: Post, now: datetime) -> None:
    gone, later = row(post, desk.wechat), now + LATER
    publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    assert strays.note_listed(desk.wechat.id, [listed(gone)], later) == 1
    queued = row(post, desk.wechat)
    assert (queued.id != gone.id, queued.status) == (True, "held")
    assert "没有发出的再放行" in queued.why
    assert fresh_post(post).needs_attention
    for door in (publishing.release, publishing.retry):
        force(queued, "held" if door is publishing.release else "failed", later)
        with pytest.raises(Conflict, match="已撤销的一次发送在平台上出现了"):
            door(desk.publisher, queued.id, reason="再发", now=later)
    with pytest.raises(Conflict, match="已撤销的一次发送在平台上出现了"):
        publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)
    publishing.unschedule(desk.author, post.id, now=later)
    with pytest.raises(Conflict, match="已撤销的一次发送在平台上出现了"):
        publishing.schedule(desk.author, post.id, publish_at=later + LATER, now=later)


def test_an_edit_does_not_hide_it(desk: Desk, post: Post, now: datetime) -> None:
    gone, later = row(post, desk.wechat), now + LATER
    strays.note_listed(desk.wechat.id, [listed(gone)], later)
    posts.revise_post(desk.author, post.id, {"title": "改过的标题"}, fresh_post(post).version, later)
    assert fresh_post(post).needs_attention
    assert pushdown.compute(post.id).needs_attention


def test_an_entry_belongs_to_the_one_that_has_its_number(desk: Desk, post: Post, now: datetime) -> None:
    """Scheduled anew it went out: what is listed under that number is that one. One with no number yet may be it, too."""
    gone, later = row(post, desk.wechat), now + LATER
    publishing.schedule(desk.author, post.id, publish_at="now", now=later)
    again = row(post, desk.wechat)
    assert again.mark == gone.mark
    force(again, "processing", later)
    assert strays.note_listed(desk.wechat.id, [listed(gone)], later) == 0
    force(again, "published", later, external_id="a1")
    assert strays.note_listed(desk.wechat.id, [listed(gone)], later) == 0
    # Both are out: that must be known.
    assert strays.note_listed(desk.wechat.id, [listed(gone), listed(gone, "a2")], later) == 1
    db.session.rollback()
    assert db.session.get_one(Publication, gone.id).external_id == "a2"


@pytest.mark.parametrize("case", ["deleted", "another link", "another account", "no link"])
def test_what_is_not_it_changes_nothing(desk: Desk, post: Post, now: datetime, case: str) -> None:
    gone = row(post, desk.wechat)
    item = listed(gone)
    values = {
        "deleted": {"deleted": True},
        "another link": {"addresses": (f"https://gov.example/p/x?w={gone.mark}9",)},
        "no link": {"addresses": ("https://[broken",)},
    }.get(case, {})
    changed = PublishedItem(**{**vars(item), **values})
    account = desk.weibo if case == "another account" else desk.wechat
    assert strays.note_listed(account.id, [changed], now + LATER) == 0
    assert row(post, desk.wechat).status == "cancelled"


def test_one_taken_for_failed_is_looked_up_and_shown_as_public(desk: Desk, now: datetime) -> None:
    made = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, made.id, publish_at="now", now=now)
    force(row(made, desk.wechat), "ready", now, prepared=READY, next_attempt_at=now)
    sent(now, UNKNOWN)
    later = now + LATER
    failed = row(made, desk.wechat)
    publishing.resolve(desk.publisher, failed.id, outcome="not_published", reason="没看到", now=later)
    assert strays.note_listed(desk.wechat.id, [listed(failed)], later) == 1
    (check,) = claims.claim_checks("w", 8, later)
    verifying.record_finding(check, Found(receipt=Receipt(external_id="a1", live=True)), [], later)
    assert row(made, desk.wechat).status == "published"


@pytest.mark.parametrize("again", ["retried", "moved", "held"])
def test_one_taken_for_not_sent_is_held_when_it_is_listed_before_it_goes_again(
    desk: Desk, now: datetime, again: str
) -> None:
    made = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, made.id, publish_at="now", now=now)
    force(row(made, desk.weibo), "ready", now, prepared=READY, next_attempt_at=now)
    sent(now, UNKNOWN)
    later, first = now + LATER, row(made, desk.weibo)
    publishing.resolve(desk.publisher, first.id, outcome="not_published", reason="没看到", now=later)
    if again == "retried":
        publishing.retry(desk.publisher, first.id, reason="再发", now=later)
    else:
        publishing.schedule(desk.author, made.id, publish_at=later, now=later)
    if again == "held":
        force(first, "held", later, why="账号已停发。")
    assert strays.note_listed(desk.weibo.id, [listed(first)], later) == 1
    found = row(made, desk.weibo)
    assert (found.id, found.status) == (first.id, "held")
    assert found.why.startswith(strays.LISTED)
    assert fresh_post(made).needs_attention
    assert claims.claim_commits("w", 8, later) == claims.claim_preparations("w", 8, later) == []
    assert strays.note_listed(desk.weibo.id, [listed(first)], later) == 0, "told once"
    publishing.release(desk.publisher, first.id, reason="是别人转发的", now=later)
    assert strays.note_listed(desk.weibo.id, [listed(first)], later) == 0, "a person let it go"
    assert row(made, desk.weibo).status == "scheduled"


def test_one_that_is_out_and_was_cancelled_instead_of_sent_again_is_asked_about(desk: Desk, now: datetime) -> None:
    """Held because it is listed, it is taken off, as it says there: then a person says that it is out."""
    made = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, made.id, publish_at="now", now=now)
    force(row(made, desk.weibo), "ready", now, prepared=READY, next_attempt_at=now)
    sent(now, UNKNOWN)
    later, first = now + LATER, row(made, desk.weibo)
    publishing.resolve(desk.publisher, first.id, outcome="not_published", reason="没看到", now=later)
    publishing.retry(desk.publisher, first.id, reason="再发", now=later)
    strays.note_listed(desk.weibo.id, [listed(first)], later)
    publishing.cancel(desk.publisher, first.id, reason="已经发出", now=later)
    assert strays.note_listed(desk.weibo.id, [listed(first)], later) == 1
    assert appearing.undecided(row(made, desk.weibo))
    publishing.resolve(desk.publisher, first.id, outcome="published", reason="确是这一条", now=later)
    assert row(made, desk.weibo).external_id == "a1"


def test_one_that_waits_and_was_never_sent_is_no_suspect(desk: Desk, now: datetime) -> None:
    made = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, made.id, publish_at=now + LATER, now=now)
    assert strays.note_listed(desk.weibo.id, [listed(row(made, desk.weibo))], now) == 0
    assert row(made, desk.weibo).status == "scheduled"


def told(ref: str) -> PublishResult:
    live = Found(receipt=Receipt(external_id="a1", url="https://mp.weixin.qq.com/s/1", live=True))
    return PublishResult(ref_name="publish_id", ref=ref, finding=live)


def test_a_push_of_an_unknown_number_has_it_looked_up_but_not_settled(desk: Desk, post: Post, now: datetime) -> None:
    later = now + LATER
    publishing.record_result(desk.wechat, told("7"), later)
    found = row(post, desk.wechat)
    assert (found.status, found.why, found.next_attempt_at) == ("unknown", appearing.MAY_HAVE, later)
    (check,) = claims.claim_checks("w", 8, later)
    verifying.record_finding(check, CannotTell(reason="列表里还没有。"), [], later)
    found = row(post, desk.wechat)
    assert (found.status, found.next_attempt_at is None) == ("unknown", False)
    with atomic():
        db.session.get_one(Publication, found.id).next_attempt_at = later
    (check,) = claims.claim_checks("w", 8, later)
    verifying.record_finding(check, Found(receipt=Receipt(external_id="a1", live=True)), [], later)
    found = row(post, desk.wechat)
    assert (found.status, found.why, found.next_attempt_at) == ("unknown", appearing.HAS_APPEARED, None)
    assert titles()[-2:] == ["已撤销，但平台上可能出现了", "已撤销，但平台上出现了"]


def test_a_push_that_bears_its_number_is_enough(desk: Desk, post: Post, now: datetime) -> None:
    with atomic():
        found = db.session.get_one(Publication, row(post, desk.wechat).id)
        found.attempts[-1].receipt = {"details": {"publish_id": "7"}}
    gone, later = row(post, desk.wechat), now + LATER
    publishing.schedule(desk.author, post.id, publish_at=later, now=later)
    assert publishing.record_result(desk.wechat, told("7"), later)
    found = as_it_is(gone)
    assert (found.status, found.why, found.external_id) == ("unknown", appearing.HAS_APPEARED, "a1")
    assert fresh_post(post).needs_attention
    assert_held(desk, post, later)


def test_the_late_answer_of_the_call_itself_is_told_on_the_row(desk: Desk, now: datetime) -> None:
    made = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, made.id, publish_at="now", now=now)
    force(row(made, desk.wechat), "ready", now, prepared=READY, next_attempt_at=now)
    claim, started = begun(now)
    later = now + timedelta(seconds=LEASE + 1)
    claims.take_over(later)
    at, publication_id = later + timedelta(minutes=10), row(made, desk.wechat).id
    publishing.resolve(desk.publisher, publication_id, outcome="not_published", reason="没看到", now=at)
    publishing.cancel(desk.publisher, publication_id, reason="不发了", now=at)
    publishing.schedule(desk.author, made.id, publish_at=at, now=at)
    taken = Outcome(kind="receipt", receipt=Receipt(details={"publish_id": "7"}))
    with pytest.raises(Lost):
        committing.record_answer(claim, started.attempt_id, taken, [], at)
    found = as_it_is(publication_id)
    assert (found.status, found.error_code) == ("unknown", "appeared")
    assert fresh_post(made).needs_attention
    assert_held(desk, made, at)
