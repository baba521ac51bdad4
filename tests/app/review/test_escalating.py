"""请示: a stage goes up to somebody of a higher unit with a question; the answer is part of the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.audit.models import Event
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.posts import services as posts
from app.review import deputies
from app.review import services as review
from app.review.capacity import deciders
from app.review.models import Review
from app.units.access import Actor
from tests.app.posts.helpers import World
from tests.app.review.conftest import Enter
from tests.app.review.kit import STAGES, again, approve, bell, submitted
from tests.architecture.pages import faults


class Bureau:
    """A lower unit with an author and two reviewers of its own; the city's reviewers are above it."""

    def __init__(self, world: World) -> None:
        self.author = world.person("b-author", world.bureau, "author")
        self.first, self.second = (world.person(f"b-reviewer{n}", world.bureau, "reviewer") for n in range(2))
        with atomic():
            self.account = Account(
                unit_id=world.bureau.id,
                platform="wechat",
                external_id="wechat-2",
                name="青岚水务",
                environment="simulator",
                mode="publish",
                credentials={"app_id": "wx2", "app_secret": "s"},
                callback_key="key-bureau",
                created_at=world.now,
            )
            db.session.add(self.account)

    def run(self, world: World, author: Actor | None = None) -> Review:
        return submitted(world, author or self.author, unit_id=world.bureau.id, account_ids=[self.account.id])


@pytest.fixture
def bureau(world: World) -> Bureau:
    return Bureau(world)


def ask(world: World, run: Review, actor: Actor, chief: Actor, question: str = "能否提前公布？") -> None:
    review.escalate(actor, run.revision_id, chief.user_id, question, world.now)


def test_the_one_who_is_asked_decides_with_an_answer(world: World, bureau: Bureau, now: datetime) -> None:
    run, chief = bureau.run(world), world.reviewers[0]
    assert {user.name for user in review.askable(run)} == {f"reviewer{n}" for n in range(4)}
    ask(world, run, bureau.first, chief)
    assert bell(chief)[0] == "向您请示"
    assert review.waiting_for(bureau.second, now) == []
    assert [one.id for one in review.waiting_for(chief, now)] == [run.id]
    for other in (bureau.first, bureau.second, world.reviewers[1]):
        with pytest.raises(Forbidden, match="已请示reviewer0"):
            approve(other, run, now)
    with pytest.raises(Invalid, match="书面答复"):
        approve(chief, run, now, " ")
    done = approve(chief, run, now, "可以，周五公布。")
    assert (done.stage, done.decisions[0].user_id) == (1, chief.user_id)
    (told,) = review.review_json(done)["stages"][0]["escalations"]
    assert (told["question"], told["answer"], told["outcome"]) == ("能否提前公布？", "可以，周五公布。", "approved")
    assert "请示已答复" in bell(bureau.first)
    actions = db.session.scalars(select(Event.action).where(Event.object_id == run.post_id).order_by(Event.seq)).all()
    assert actions[-2:] == ["review.escalate", "review.decide"]
    # The next stage is the reviewers' again, but not that of whoever answered.
    with pytest.raises(Forbidden):
        approve(chief, run, now)
    assert approve(bureau.second, run, now).stage == 2


def test_the_answer_may_be_to_return_it(world: World, bureau: Bureau, now: datetime) -> None:
    run = bureau.run(world)
    ask(world, run, bureau.first, world.reviewers[0])
    done = review.decide(world.reviewers[0], run.revision_id, "returned", "暂缓公布。", None, now)
    assert (done.post.status, done.escalations[0].outcome) == ("returned", "returned")


def test_a_stage_of_all_is_settled_by_the_answer(world: World, bureau: Bureau, now: datetime) -> None:
    review.set_chain(world.admin, world.bureau.id, [{**STAGES[0], "rule": "all"}], now)
    run = bureau.run(world)
    ask(world, run, bureau.first, world.reviewers[0])
    assert approve(world.reviewers[0], run, now, "同意。").status == "approved"


def test_only_reviewers_above_who_did_not_write_it(world: World, bureau: Bureau, now: datetime) -> None:
    both = world.person("both", world.city, "author", "reviewer")
    run = bureau.run(world, both)
    for user in (both, bureau.second, bureau.first, world.admin, world.outsider):
        with pytest.raises(Invalid, match="上级单位的审核人"):
            ask(world, run, bureau.first, user)
    for nobody, wrong in ((both, Forbidden), (bureau.author, Forbidden)):
        with pytest.raises(wrong):
            ask(world, run, nobody, world.reviewers[0])
    for question in ("", "  ", "长" * 1001):
        with pytest.raises(Invalid):
            ask(world, run, bureau.first, world.reviewers[0], question)
    assert again(run).escalations == []


def test_whoever_is_asked_and_then_edits_may_not_answer(world: World, bureau: Bureau, now: datetime) -> None:
    both = world.person("both", world.city, "author", "reviewer")
    run = bureau.run(world)
    ask(world, run, bureau.first, both)
    posts.revise_post(both, run.post_id, {"title": "改过"}, run.post.version, now)
    assert again(run).escalations[0].outcome == "void"
    with pytest.raises((Conflict, Forbidden)):
        approve(both, run, now, "同意")
    post = review.submit(bureau.author, run.post_id, now)
    new = review.review_of(posts.current_revision(post).id)
    assert new is not None
    with pytest.raises(Forbidden, match="自己写过"):
        approve(both, new, now, "同意")


def test_the_question_is_taken_back_by_whoever_asked(world: World, bureau: Bureau, now: datetime) -> None:
    run = bureau.run(world)
    with pytest.raises(Conflict):
        review.withdraw_escalation(bureau.first, run.revision_id, now)
    ask(world, run, bureau.first, world.reviewers[0])
    with pytest.raises(Forbidden):
        ask(world, run, bureau.second, world.reviewers[1])
    for nobody in (bureau.author, world.author, world.person("clerk", world.bureau, "publisher")):
        with pytest.raises(Forbidden):
            review.withdraw_escalation(nobody, run.revision_id, now)
    review.withdraw_escalation(bureau.first, run.revision_id, now)
    assert again(run).escalations[0].outcome == "withdrawn"
    assert approve(bureau.second, run, now).stage == 1


def test_a_stage_is_freed_by_its_people_and_has_its_own_limit_again(
    world: World, bureau: Bureau, now: datetime
) -> None:
    """Not by whoever asked and reviews no more."""
    review.set_chain(world.admin, world.bureau.id, [{**STAGES[0], "hours": 4, "working": False}], now)
    run, later = bureau.run(world), now + timedelta(hours=1)
    limit = (again(run).due_at, again(run).remind_at)
    gone = replace(bureau.first, held=())
    for person in (bureau.second, world.admin):
        review.escalate(bureau.first, run.revision_id, world.reviewers[0].user_id, "可否？", later)
        assert again(run).due_at == later + timedelta(hours=4)
        with pytest.raises(NotFound):
            review.withdraw_escalation(gone, run.revision_id, later)
        review.withdraw_escalation(person, run.revision_id, later)
        assert (again(run).due_at, again(run).remind_at) == limit


def test_the_time_begins_anew(world: World, bureau: Bureau, now: datetime) -> None:
    review.set_chain(world.admin, world.bureau.id, [{**STAGES[0], "hours": 4, "working": False}], now)
    run, later = bureau.run(world), now + timedelta(hours=3)
    review.escalate(bureau.first, run.revision_id, world.reviewers[0].user_id, "可否？", later)
    assert again(run).due_at == later + timedelta(hours=4)
    assert review.expire_overdue(later + timedelta(hours=4)) == 1
    assert again(run).escalations[0].outcome == "void"


def test_on_the_page(world: World, bureau: Bureau, enter: Enter) -> None:
    run, chief = bureau.run(world), world.reviewers[0]
    first = enter(bureau.first)
    path = f"/review/{run.id}"
    page = first.get(path)
    assert faults(page.text) == []
    assert f'value="{chief.user_id}"' in page.text
    bad = first.post(f"{path}/escalation", data={"user_id": chief.user_id, "question": ""})
    assert bad.status_code == 422
    given = {"user_id": chief.user_id, "question": "数字以哪一版为准？"}
    assert first.post(f"{path}/escalation", data=given).status_code == 302
    page = first.get(path).text
    assert faults(page) == []
    assert "b-reviewer0请示reviewer0" in page
    assert "数字以哪一版为准？" in page
    assert 'id="approve"' not in page
    assert "撤回请示" in page
    answering = enter(chief)
    page = answering.get(path).text
    assert faults(page) == []
    assert 'id="approve"' in page
    for words in ("向您请示：数字以哪一版为准？", "答复请示（必填）", "答复并退回", "答复并通过"):
        assert words in page
    assert "退回时必填" not in page
    assert "撤回请示" not in page, "it is not theirs"
    shown = {f"sha256-{variant.id}": variant.sha256 for variant in run.revision.variants}
    mute = answering.post(path, data={"decision": "approved", "stage": 0, **shown})
    assert mute.status_code == 422
    assert "书面答复" in mute.text
    assert enter(world.outsider).get(path).status_code == 404


def test_whoever_asked_answers_not_as_the_deputy_of_whom_they_asked(
    world: World, bureau: Bureau, now: datetime
) -> None:
    chief = world.reviewers[0]
    for deputy in (bureau.first, bureau.second):
        deputies.appoint(
            chief, user_id=chief.user_id, deputy_id=deputy.user_id,
            starts_at=now, ends_at=now + timedelta(days=7), reason="", now=now,
        )  # fmt: skip
    run = bureau.run(world)
    ask(world, run, bureau.first, chief)
    with pytest.raises(Forbidden, match="您是请示人"):
        approve(bureau.first, run, now, "同意", for_user_id=chief.user_id)
    assert review.waiting_for(bureau.first, now) == []
    assert deciders(again(run), now) == {chief.user_id, bureau.second.user_id}
    assert approve(bureau.second, run, now, "同意").stage == 1
