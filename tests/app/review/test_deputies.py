"""A deputy decides for somebody for a time, on record as what it is, and never around the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.review import deputies
from app.review import services as review
from app.review.models import Deputy
from app.units.access import SYSTEM, Actor, actor_for
from app.units.models import Grant, Unit, User
from app.units.second_factor import require_second_factor
from tests.app.posts.helpers import World
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import STAGES, again, approve, bell, submitted
from tests.app.units.trusted import give_authenticator
from tests.architecture.pages import faults

WEEK = timedelta(days=7)


def appoint(world: World, principal: Actor, deputy: Actor, by: Actor | None = None, **changes: object) -> Deputy:
    given = {"starts_at": world.now, "ends_at": world.now + WEEK, "reason": "出差", "now": world.now, **changes}
    return deputies.appoint(
        by or principal,
        user_id=principal.user_id,
        deputy_id=deputy.user_id,
        **given,  # type: ignore[arg-type]
    )


@pytest.fixture
def clerk(world: World) -> Actor:
    """Reads posts, reviews nothing."""
    return world.person("clerk", world.city, "publisher")


def test_a_deputy_decides_for_somebody_and_it_is_told(world: World, clerk: Actor, now: datetime) -> None:
    chief = world.reviewers[0]
    appoint(world, chief, clerk)
    assert bell(clerk) == ["代理审核"]
    run = submitted(world)
    assert bell(clerk)[0] == "待您审核"
    assert [one.id for one in review.waiting_for(clerk, now)] == [run.id]
    done = approve(clerk, run, now, "代为审阅，同意")
    (decision,) = done.decisions
    assert (decision.user_id, decision.for_user_id) == (clerk.user_id, chief.user_id)
    shown = review.review_json(done)["stages"][0]["decisions"][0]
    assert (shown["user_name"], shown["for_user_name"]) == ("clerk", "reviewer0")
    told = db.session.scalars(select(Event).where(Event.action == "review.decide")).one()
    assert (told.actor_id, told.after["for"]) == (clerk.user_id, chief.user_id)
    assert "代reviewer0审核通过" in told.summary
    # Neither of them takes another stage.
    for person in (clerk, chief):
        with pytest.raises(Forbidden):
            approve(person, run, now)
    assert review.waiting_for(clerk, now) == review.waiting_for(chief, now) == []


@pytest.mark.parametrize("moment", [timedelta(seconds=-1), WEEK])
def test_only_within_the_time(world: World, clerk: Actor, now: datetime, moment: timedelta) -> None:
    appoint(
        world, world.reviewers[0], clerk, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=1) + WEEK
    )
    run = submitted(world)
    with pytest.raises(Forbidden):
        approve(clerk, run, now + timedelta(hours=1) + moment)
    assert approve(clerk, run, now + timedelta(hours=1)).stage == 1


def test_ended_is_ended_at_once(world: World, clerk: Actor, now: datetime) -> None:
    row = appoint(world, world.reviewers[0], clerk)
    run = submitted(world)
    with pytest.raises(Forbidden):
        deputies.end(world.reviewers[1], row.id, now)
    deputies.end(clerk, row.id, now)
    assert bell(world.reviewers[0])[0] == "代理已结束"
    with pytest.raises(Conflict):
        deputies.end(world.reviewers[0], row.id, now)
    with pytest.raises(Forbidden):
        approve(clerk, run, now)
    with pytest.raises(NotFound):
        deputies.end(world.outsider, row.id, now)


def test_who_wrote_it_decides_neither_as_a_deputy_nor_through_one(world: World, clerk: Actor, now: datetime) -> None:
    both = world.person("both", world.city, "author", "reviewer")
    appoint(world, world.reviewers[0], world.author)
    appoint(world, both, clerk)
    mine = submitted(world)
    with pytest.raises(Forbidden, match="自己写过"):
        approve(world.author, mine, now, for_user_id=world.reviewers[0].user_id)
    theirs = submitted(world, author=both)
    with pytest.raises(Forbidden, match="不能代为审核"):
        approve(clerk, theirs, now)
    with pytest.raises(Forbidden, match="不能代为审核"):
        approve(clerk, theirs, now, for_user_id=both.user_id)
    assert again(theirs).decisions == again(mine).decisions == []


def test_no_second_stage_by_way_of_a_deputy(world: World, clerk: Actor, now: datetime) -> None:
    appoint(world, world.reviewers[0], clerk)
    run = submitted(world)
    approve(world.reviewers[0], run, now)
    with pytest.raises(Forbidden, match="不能代为审核"):
        approve(clerk, run, now)
    assert len(again(run).decisions) == 1


def test_a_reviewer_speaks_for_themselves(world: World, now: datetime) -> None:
    first, second = world.reviewers[:2]
    appoint(world, second, first)
    run = submitted(world)
    with pytest.raises(Forbidden, match="以本人名义"):
        approve(first, run, now, for_user_id=second.user_id)
    assert approve(first, run, now).decisions[0].for_user_id is None
    # The other one has not spoken by it.
    assert approve(second, run, now).stage == 2


def test_all_of_a_stage_are_complete_with_a_deputy(world: World, clerk: Actor, now: datetime) -> None:
    review.set_chain(world.admin, world.city.id, [{**STAGES[0], "rule": "all"}], now)
    appoint(world, world.reviewers[3], clerk)
    run = submitted(world)
    for reviewer in world.reviewers[:3]:
        assert approve(reviewer, run, now).status == "open"
    assert approve(clerk, run, now).status == "approved"


def test_a_deputys_deputy_is_none(world: World, clerk: Actor, now: datetime) -> None:
    appoint(world, world.reviewers[0], world.reviewers[1])
    other = world.person("other", world.city, "publisher")
    appoint(world, world.reviewers[1], other)
    run = submitted(world)
    approve(world.reviewers[1], run, now)
    with pytest.raises(Forbidden):
        approve(other, run, now)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_out_of_sight_is_told_like_who_does_not_exist(
    world: World, clerk: Actor, call: Call, now: datetime
) -> None:
    """By ids nobody finds out who works elsewhere, decides there, or has left."""
    chief = world.reviewers[0]
    gone = world.person("gone", world.other, "reviewer")
    with atomic():
        db.session.get_one(User, gone.user_id).active = False
    hours = {"starts_at": "2026-07-13T09:00:00+08:00", "ends_at": "2026-07-14T09:00:00+08:00", "reason": ""}
    told = set()
    for stranger in (world.outsider.user_id, gone.user_id, "0" * 24):
        for pair in ((chief.user_id, stranger), (stranger, clerk.user_id)):
            body = {"user_id": pair[0], "deputy_id": pair[1], **hours}
            for by in (chief, world.admin):
                answer = call(by, "POST", "/deputies", body)
                told.add((answer.status_code, answer.json["message"]))
    assert [status for status, _message in told] == [404]


def test_who_may_appoint_whom(world: World, clerk: Actor, now: datetime) -> None:
    chief = world.reviewers[0]
    appoint(world, chief, clerk, by=world.admin)
    with pytest.raises(Conflict):
        appoint(world, chief, clerk)
    with pytest.raises(Forbidden):
        appoint(world, chief, world.colleague, by=world.reviewers[1])
    with pytest.raises(NotFound):
        appoint(world, chief, world.colleague, by=world.outsider)
    blind = world.person("blind", world.city, "auditor")
    for person, deputy, field, changes in (
        (clerk, world.colleague, "user_id", {}),
        (chief, chief, "deputy_id", {}),
        (chief, blind, "deputy_id", {}),
        (chief, world.colleague, "ends_at", {"ends_at": now}),
        (chief, world.colleague, "ends_at", {"ends_at": now + timedelta(days=400)}),
        (chief, world.colleague, "reason", {"reason": "长" * 201}),
    ):
        with pytest.raises(Invalid) as refused:
            appoint(world, person, deputy, **changes)
        assert field in refused.value.errors


def test_a_deputy_from_below_sees_the_item_and_nothing_else(world: World, enter: Enter, now: datetime) -> None:
    below = world.person("below", world.bureau, "publisher")
    appoint(world, world.reviewers[0], below, ends_at=now + timedelta(days=366))
    run = submitted(world)
    client = enter(below)
    page = client.get(f"/review/{run.id}")
    assert page.status_code == 200
    assert "代谁审核" in page.text
    assert client.get(f"/posts/{run.post_id}").status_code == 404
    shown = {f"sha256-{variant.id}": variant.sha256 for variant in run.revision.variants}
    assert client.post(f"/review/{run.id}", data={"decision": "approved", **shown}).status_code == 302
    assert again(run).decisions[0].for_user_id == world.reviewers[0].user_id
    assert "代reviewer0" in enter(world.author).get(f"/review/{run.id}").text


def test_a_token_that_only_reads_decides_for_nobody(world: World, clerk: Actor, call: Call, now: datetime) -> None:
    appoint(world, world.reviewers[0], clerk, ends_at=now + timedelta(days=366))
    run = submitted(world)
    path, body = f"/revisions/{run.revision_id}/decisions", {"decision": "approved"}
    assert call(clerk, "POST", path, body, scopes=("post.read",)).status_code == 403
    assert call(clerk, "POST", path, body).status_code == 200


def test_on_the_page(world: World, clerk: Actor, enter: Enter) -> None:
    chief = enter(world.reviewers[0])
    data = {
        "user_id": world.reviewers[0].user_id,
        "deputy_id": clerk.user_id,
        "starts_at": "2099-01-01T09:00",
        "ends_at": "2099-01-08T09:00",
        "reason": "休假",
    }
    page = chief.get("/settings/deputies").text
    assert faults(page) == []
    choice = page.partition('id="deputy_id"')[2].partition("</select>")[0]
    assert '<option value="" selected>请选择' in choice
    assert choice.count("selected") == 1, "nobody is chosen beforehand"
    assert world.reviewers[0].user_id not in choice, "nobody is their own deputy"
    bad = chief.post("/settings/deputies", data={**data, "ends_at": "2098-01-01T09:00"})
    assert bad.status_code == 422
    assert "应晚于开始时间" in bad.text
    assert chief.post("/settings/deputies", data={**data, "starts_at": "?"}).status_code == 422
    assert chief.post("/settings/deputies", data=data).status_code == 302
    page = chief.get("/settings/deputies").text
    assert "clerk代reviewer0审核" in page
    row = db.session.scalars(select(Deputy)).one()
    assert row.starts_at.isoformat() == "2099-01-01T01:00:00+00:00"
    assert "clerk代reviewer0审核" in enter(clerk).get("/settings/deputies").text
    assert "clerk代reviewer0审核" not in enter(world.colleague).get("/settings/deputies").text
    assert chief.post(f"/settings/deputies/{row.id}/end").status_code == 302
    assert "没有代理" in chief.get("/settings/deputies").text


def test_an_administrator_hands_out_only_what_is_theirs(world: World, clerk: Actor, call: Call, now: datetime) -> None:
    """Neither what somebody of their unit decides higher up, nor anything to themselves."""
    low = world.person("low", world.bureau, "administrator", "reviewer")
    peer = world.person("peer", world.bureau, "reviewer")
    chief = world.person("chief", world.bureau, "reviewer")
    with atomic():
        db.session.add(Grant(user_id=chief.user_id, role="reviewer", unit_id=world.city.id))
    with pytest.raises(Forbidden, match="此人在其他单位也有审核权限"):
        appoint(world, chief, peer, by=low)
    body = {"user_id": chief.user_id, "deputy_id": peer.user_id, "starts_at": now.isoformat()}
    body |= {"ends_at": "2099-01-01T00:00:00Z", "reason": ""}
    assert call(low, "POST", "/deputies", body).status_code in (403, 422)
    assert chief.user_id not in {user.id for user in deputies.reviewers_for(low)}
    with pytest.raises(Forbidden, match="自己"):
        appoint(world, peer, low, by=low)
    appoint(world, peer, clerk, by=low)
    appoint(world, chief, peer, by=world.admin)
    appoint(world, chief, low)


def test_the_rule_of_a_second_factor_holds_for_deputies(world: World, clerk: Actor, now: datetime) -> None:
    appoint(world, world.reviewers[0], clerk)
    run = submitted(world)
    require_second_factor(SYSTEM, world.city.id, True, now=now)
    with pytest.raises(Forbidden, match="两步验证"):
        approve(clerk, run, now)
    with pytest.raises(Invalid) as refused:
        appoint(world, world.reviewers[1], clerk)
    assert "deputy_id" in refused.value.errors
    give_authenticator(clerk, now)
    appoint(world, world.reviewers[1], clerk)
    assert approve(clerk, run, now).stage == 1


def give(person: Actor, unit: Unit, role: str = "reviewer") -> None:
    with atomic():
        db.session.add(Grant(user_id=person.user_id, role=role, unit_id=unit.id))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_absent_are_given_later_is_not_the_deputys(world: World, clerk: Actor, enter: Enter) -> None:
    """Whoever gives a right to the absent person thinks of that person; and an administrator who set the deputy had a right to
    give no more than what there was (docs/decisions/0014)."""
    now = utcnow()
    chief = world.person("chief", world.bureau, "reviewer")
    row = appoint(world, chief, clerk, starts_at=now, ends_at=now + WEEK, now=now)
    assert row.covers == [{"role": "reviewer", "unit_id": world.bureau.id}]
    give(chief, world.city)
    run = submitted(world)
    assert chief.user_id in review.deciders(run, now)
    assert clerk.user_id not in review.deciders(run, now)
    assert "待您审核" not in bell(clerk)
    assert review.waiting_for(clerk, now) == []
    with pytest.raises(Forbidden):
        approve(clerk, run, now)
    page = enter(chief).get("/settings/deputies").text
    assert faults(page) == []
    assert "又得到审核权限" in page
    assert world.city.name in page
    # Ended and set anew, it covers both.
    deputies.end(chief, row.id, now)
    appoint(world, chief, clerk, starts_at=now, ends_at=now + WEEK, now=now)
    assert clerk.user_id in review.deciders(run, now)
    assert approve(clerk, run, now).decisions[0].for_user_id == chief.user_id
    assert "又得到审核权限" not in enter(chief).get("/settings/deputies").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_absent_lose_the_deputy_loses(world: World, clerk: Actor, enter: Enter) -> None:
    now = utcnow()
    chief = world.reviewers[0]
    appoint(world, chief, clerk, starts_at=now, ends_at=now + WEEK, now=now)
    run = submitted(world)
    with atomic():
        db.session.query(Grant).filter(Grant.user_id == chief.user_id).delete()
    with pytest.raises((Forbidden, NotFound)):
        approve(clerk, run, now)
    assert clerk.user_id not in review.deciders(run, now)
    assert "现在不能代为审核" in enter(clerk).get("/settings/deputies").text
    # Taken away and given back is what it was.
    give(chief, world.city)
    assert approve(clerk, run, now).stage == 1


@pytest.mark.parametrize("office", ["auditor", "system_administrator", "security_administrator"])
def test_who_only_administers_does_not_review_by_way_of_somebody(world: World, now: datetime, office: str) -> None:
    officer, (first, *_others) = world.person("officer", world.city, "inspector"), world.reviewers
    appoint(world, first, officer)
    give(officer, world.city, office)
    run = submitted(world)
    deciders = review.deciders(run, now)
    assert officer.user_id not in deciders
    assert first.user_id in deciders
    with pytest.raises(Forbidden):
        approve(actor_for(db.session.get_one(User, officer.user_id)), run, now)
    with pytest.raises(Invalid, match="不能代人审核"):
        appoint(world, world.reviewers[1], officer)
    give(officer, world.city)
    appoint(world, world.reviewers[1], officer)
