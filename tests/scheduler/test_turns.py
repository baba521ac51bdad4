"""A real scheduler and a platform that does not answer one account: the others' posts go out meanwhile."""

from __future__ import annotations

from datetime import timedelta

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.waking import wake
from tests.app.accounts.kit import UID, WEIBO, Sim
from tests.app.publishing.kit import Desk, force, row
from tests.scheduler.fleet import Fleet

OTHER = {**WEIBO, "uid": "1780002222", "access_token": "2.00token-of-the-other"}
READY = {"steps": {"checked": True}, "ready": True}


def other_of_the_app(desk: Desk, sim: Sim) -> Account:
    """Another Weibo account in the name of the same app."""
    known = {key: value for key, value in OTHER.items() if key != "uid"}
    sim.call("PUT", f"/_sim/accounts/weibo/{OTHER['uid']}", {**known, "name": "青岚交警"})
    with atomic():
        account = Account(
            unit_id=desk.city.id,
            platform="weibo",
            external_id=OTHER["uid"],
            name="青岚交警",
            environment="simulator",
            mode="share",
            credentials=OTHER,
            callback_key="key-other",
            created_at=desk.now,
        )
        db.session.add(account)
    return account


def due(desk: Desk, title: str, account: Account) -> Publication:
    post = desk.approved(title, accounts=[account])
    publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(hours=1), now=utcnow())
    return row(post, account)


def ready(publications: list[Publication]) -> None:
    now = utcnow()
    for each in publications:
        force(each, "ready", now, due_at=now, late_from=now, next_attempt_at=now, prepared=READY)
    with atomic():
        wake()


def test_nobody_waits_behind_an_account_that_is_not_answered(desk: Desk, sim: Sim, fleet: Fleet) -> None:
    big = [due(desk, f"第{number}篇公告", desk.weibo) for number in range(6)]
    small = [due(desk, "交通管制", other_of_the_app(desk, sim))]
    sim.fault("hang", platform="weibo", external_id=UID, path="statuses/share", seconds=12, times=-1)
    fleet.start(threads=4)
    ready(big)
    fleet.until("the big one's calls are on their way", lambda: sim.asked("statuses/share.json") >= 2)
    ready(small)
    fleet.until("the other's post is out", lambda: row(small[0].post_id, small[0].account).status == "published")
    statuses = [row(each.post_id, desk.weibo).status for each in big]
    # Half of the worker's threads at most wait for the big one's answers; the rest was never claimed.
    assert statuses.count("committing") <= 2
    assert "ready" in statuses
    assert "published" not in statuses
