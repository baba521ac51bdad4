"""Credentials that no key opens (a restored database under other keys): nothing is asked of the platform, people are told why
and what to do, others go on, and so does it when the key is back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import exists, select, text
from structlog.testing import capture_logs

from app.accounts import connections
from app.accounts import services as accounts
from app.accounts.models import Account
from app.accounts.sealed import CredentialsSealed
from app.db import atomic, db, utcnow
from app.errors import Conflict
from app.inbox.models import Message
from app.inbox.services import reply
from app.notices.models import Notice, NoticeRead
from app.posts.models import Post
from app.publishing import services as publishing
from app.publishing.waiting import outlook
from app.sealing import cipher, use_keys
from connectors.base import Connector
from scheduler import counter, poller, reader, sender
from tests.app.accounts.kit import WEIBO, Sim
from tests.app.publishing.kit import Clockwork, Desk, force, hurry, row
from tests.conftest import ENCRYPTION_KEY
from tests.scheduler.test_bad_weather import accepted
from tests.scheduler.test_poller import fresh, poll
from tests.scheduler.test_sender import TEXT, letter, state

LOST = Fernet.generate_key().decode()
REMEDY = "TANDEM_ENCRYPTION_KEYS"


def seal(account: Account) -> None:
    """As a restore leaves it whose keys stayed behind: encrypted with a key that this process has not."""
    stored = text("SELECT credentials FROM accounts WHERE id = :id")
    with atomic():
        clear = cipher().decrypt(str(db.session.scalar(stored, {"id": account.id})).encode())
        change = text("UPDATE accounts SET credentials = :it WHERE id = :id")
        db.session.execute(change, {"it": Fernet(LOST).encrypt(clear).decode(), "id": account.id})


def give_the_key() -> None:
    use_keys([ENCRYPTION_KEY, LOST])
    db.session.rollback()


def give_other_keys() -> None:
    """What was opened before by this process is not known any more, as after a restart."""
    use_keys([ENCRYPTION_KEY])
    db.session.rollback()


def told_of(path: str) -> list[bool]:
    """Of each alarm about it whether it is settled."""
    db.session.rollback()
    read = exists().where(NoticeRead.notice_id == Notice.id)
    return list(
        db.session.scalars(select(read).select_from(Notice).where(Notice.path == path, Notice.level == "alarm"))
    )


def test_at_the_hour_it_is_held_and_goes_out_once_the_key_is_back(desk: Desk, sim: Sim) -> None:
    post, other = desk.approved("打不开", accounts=[desk.weibo]), desk.approved("另一篇", accounts=[desk.wechat])
    seal(desk.weibo)
    for each in (post, other):
        publishing.schedule(desk.author, each.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(other, desk.wechat).status in ("processing", "published"))
    clock.until(lambda: row(post, desk.weibo).status == "held")
    found = row(post, desk.weibo)
    assert (found.claim_owner, found.attempts) == ("", [])
    assert desk.weibo.name in found.why
    assert REMEDY in found.why
    assert told_of(f"/publications/{found.id}") == [False]
    assert outlook(found, utcnow()).who == "系统管理员"
    assert sim.asked("statuses/share.json") == 0
    with pytest.raises(Conflict, match=REMEDY):
        publishing.release(desk.publisher, found.id, reason="再试", now=utcnow())
    give_the_key()
    assert "现在已能打开" in outlook(row(post, desk.weibo), utcnow()).why
    publishing.release(desk.publisher, found.id, reason="密钥已补上", now=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "published")
    assert accepted(sim, "status") == 1


def test_before_the_hour_it_waits_for_the_key_and_goes_on_by_itself(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.weibo])
    seal(desk.weibo)
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(minutes=5), now=utcnow())
    clock = Clockwork.make()
    for _round in range(2):
        clock.publish()
        found = row(post, desk.weibo)
        assert (found.status, found.claim_owner, found.prepare_tries) == ("preparing", "", 0)
        assert REMEDY in found.why
        assert found.next_attempt_at is not None
        assert utcnow() < found.next_attempt_at <= found.due_at
        hurry(found)
    path = f"/publications/{row(post, desk.weibo).id}"
    assert told_of(path) == [False], "told once, however often it is tried"
    give_the_key()
    clock.publish()
    found = row(post, desk.weibo)
    assert (found.status, found.why) == ("ready", "")
    assert told_of(path) == [True]


def test_partners_wait_for_the_one_that_cannot_go(desk: Desk, sim: Sim) -> None:
    """The key was lost between preparing and the hour."""
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(minutes=5), now=utcnow())
    clock, both = Clockwork.make(), (desk.weibo, desk.wechat)
    clock.until(lambda: all(row(post, account).status == "ready" for account in both))
    seal(desk.weibo)
    for account in both:
        force(row(post, account), "ready", utcnow(), due_at=utcnow(), late_from=utcnow(), next_attempt_at=utcnow())
    give_other_keys()
    clock.until(lambda: all(row(post, account).status == "held" for account in both))
    assert REMEDY in row(post, desk.weibo).why
    assert "另一渠道" in row(post, desk.wechat).why
    assert accepted(sim, "status") == accepted(sim, "publish") == 0


def test_claimed_before_it_was_noticed_it_is_held_too(desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.publish()
    seal(desk.weibo)
    # This process opened it once, and still believes that it can.
    clock.publish()
    found = row(post, desk.weibo)
    assert (found.status, found.claim_owner, found.attempts) == ("held", "", [])
    assert [change.after for change in found.changes][-3:] == ["committing", "ready", "held"]
    assert sim.asked("statuses/share.json") == 0


def test_what_became_of_it_is_asked_later_and_uses_up_no_question(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    sim.fault("drop_answer", path="statuses/share")
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.weibo).status == "unknown")
    seal(desk.weibo)
    give_other_keys()
    hurry(row(post, desk.weibo))
    clock.reconcile()
    found = row(post, desk.weibo)
    assert (found.status, found.checks, found.claim_owner) == ("unknown", 0, "")
    assert REMEDY in found.why
    assert found.next_attempt_at is not None
    assert found.next_attempt_at > utcnow() + timedelta(minutes=4)
    give_the_key()
    hurry(found)
    clock.until(lambda: row(post, desk.weibo).status == "published", reconcile=True)
    assert accepted(sim, "status") == 1


def test_a_recall_waits_and_says_so(desk: Desk, sim: Sim) -> None:
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    clock.until(lambda: row(post, desk.wechat).status in ("processing", "published"))
    found = row(post, desk.wechat)
    force(found, "published", utcnow(), next_attempt_at=None)
    publishing.recall(desk.publisher, found.id, reason="有误", now=utcnow())
    seal(desk.wechat)
    give_other_keys()
    clock.reconcile()
    found = row(post, desk.wechat)
    assert (found.status, found.claim_owner) == ("published", "")
    assert found.recall_at is not None
    assert found.recall_at > utcnow()
    assert REMEDY in found.why
    assert sim.asked("freepublish/delete") == 0


def overtaken(post: Post, account: Account) -> Callable[..., Connector]:
    """Instead of connect(): it takes so long that somebody else takes the publication over; then no key is found."""

    def connect(*_values: object, **_named: object) -> Connector:
        found = row(post, account)
        force(found, found.status, utcnow(), fence=found.fence + 1)
        raise CredentialsSealed(account.name)

    return connect


@pytest.mark.parametrize("work", ["prepare", "commit", "check", "errand"])
def test_overtaken_before_it_could_be_put_off_is_no_failure(
    desk: Desk, sim: Sim, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    post, account = desk.approved(accounts=[desk.weibo]), desk.weibo
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock = Clockwork.make()
    if work == "commit":
        clock.publish()
    elif work != "prepare":
        clock.until(lambda: row(post, account).status == "published")
        due: dict[str, Any] = {"recall_at": utcnow()} if work == "errand" else {"next_attempt_at": utcnow()}
        force(row(post, account), "published", utcnow(), **{"next_attempt_at": None, **due})
    monkeypatch.setattr(connections, "connect", overtaken(post, account))
    with capture_logs() as lines:
        clock.publish() if work in ("prepare", "commit") else clock.reconcile()
    told = {line["event"] for line in lines}
    assert told & {"claim lost", "finding came late", "errand overtaken"}
    assert "work failed" not in told
    assert row(post, account).why == ""


def test_an_answer_stays_queued_says_why_and_goes_when_the_key_is_back(desk: Desk, sim: Sim) -> None:
    responder = desk.person("responder", desk.city, "responder")
    answer = reply(responder, letter(desk, sim), text=TEXT, now=utcnow()).id
    seal(desk.wechat)
    give_other_keys()
    clock = Clockwork.make()
    for _round in range(2):
        queue_now(answer)
        clock.aside(lambda: sender.tick(clock.runtime, clock.runtime.clock()))
        message = state(answer)
        assert (message.status, message.claim_owner) == ("queued", "")
        assert REMEDY in message.error_remedy
        assert message.next_attempt_at is not None
        assert message.next_attempt_at > utcnow()
    assert db.session.query(Notice).filter(Notice.kind == "reply").count() == 1
    assert sim.asked("message/custom/send") == 0
    give_the_key()
    queue_now(answer)
    clock.aside(lambda: sender.tick(clock.runtime, clock.runtime.clock()))
    assert state(answer).status == "sent"


def queue_now(message_id: str) -> None:
    with atomic():
        db.session.get_one(Message, message_id).next_attempt_at = utcnow()


def test_reading_says_why_and_the_next_account_is_read(desk: Desk, sim: Sim) -> None:
    seal(desk.weibo)
    give_other_keys()
    clock = Clockwork.make()
    poll(clock)
    with atomic():
        for account in db.session.scalars(select(Account)):
            account.probe_requested_at, account.next_reading_at = utcnow(), utcnow()
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))
    clock.aside(lambda: reader.tick(clock.runtime, clock.runtime.clock()))
    clock.aside(lambda: counter.tick(clock.runtime, clock.runtime.clock()))
    sealed, other = fresh(desk.weibo), fresh(desk.wechat)
    notes = (sealed.poll_note, sealed.history_note, sealed.reading_note, sealed.rights[0]["remedy"])
    assert all(REMEDY in note for note in notes), notes
    assert sealed.poll_claim_until is None
    assert sealed.next_poll_at is not None
    assert sealed.next_poll_at > utcnow()
    assert sealed.probe_requested_at is not None
    assert sealed.probe_requested_at > utcnow() + timedelta(minutes=20)
    assert REMEDY not in other.poll_note
    assert other.polled_at is not None
    assert sim.asked("/2/remind/unread_count.json") == 0


def test_where_the_key_is_lost_for_good_the_credentials_are_given_anew(desk: Desk, sim: Sim) -> None:
    seal(desk.weibo)
    give_other_keys()
    account = fresh(desk.weibo)
    with pytest.raises(CredentialsSealed):
        connections.connect(account)
    accounts.update_account(desk.admin, account.id, credentials=dict(WEIBO), now=utcnow())
    found = fresh(desk.weibo)
    assert not found.sealed
    assert found.credentials["app_secret"] == WEIBO["app_secret"]
    assert accounts.probe(found.id, utcnow()).status in ("ok", "limited")
