"""The emergency lane: a reason, one final approver first, and the other stages in time or a finding."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid
from app.inspection import services as inspection
from app.inspection.models import Finding
from app.inspection.rules import AFTER_REVIEW
from app.media.services import add_media
from app.notices import services as notices
from app.notices.models import Notice
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import batches, claims, committing, pushdown
from app.publishing import services as publishing
from app.review import services as review
from app.review.models import Review
from app.workbench.gathering_views import errands
from tests.app.posts.helpers import World, png
from tests.app.publishing.kit import claim_of, force, row
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import STAGES, again, approve, bell, run_of
from tests.architecture.pages import faults

REASON = "台风红色预警，须立即转移"
DAY = timedelta(hours=24)


@pytest.fixture
def run(world: World, now: datetime) -> Review:
    post = posts.create_post(world.author, world.fields(), now)
    return run_of(review.submit(world.author, post.id, now, emergency=REASON))


def findings() -> list[Finding]:
    db.session.rollback()
    query = select(Finding).where(Finding.rule == AFTER_REVIEW, Finding.closed_at.is_(None))
    return list(db.session.scalars(query.order_by(Finding.id)))


def test_the_last_stage_comes_first_and_the_post_may_go_out(run: Review, world: World, now: datetime) -> None:
    assert [stage["name"] for stage in run.stages] == ["终审", "初审", "复审"]
    with pytest.raises(Conflict):
        publishing.schedule(world.author, run.post_id, publish_at="now", now=now)
    with pytest.raises(Invalid):
        approve(world.reviewers[0], run, now, secrecy=False)
    early = approve(world.reviewers[0], run, now, "同意先发。", secrecy=True)
    assert (early.status, early.post.status, early.after_due_at) == ("open", "approved", now + DAY)
    assert bell(world.author) == ["已紧急通过"]
    schedule = publishing.schedule(world.author, run.post_id, publish_at=now + timedelta(hours=1), now=now)
    assert len(schedule.publications) == 2
    # The others follow, and what publishing made of the post stays.
    approve(world.reviewers[1], run, now + timedelta(hours=2))
    done = approve(world.reviewers[2], run, now + timedelta(hours=3))
    assert (done.status, done.post.status) == ("approved", "scheduled")
    assert inspection.evaluate_late_reviews(now + 2 * DAY) == 0
    (told,) = db.session.scalars(select(Event).where(Event.action == "review.submit"))
    assert told.after["emergency"] == REASON


def test_the_rules_hold_as_ever(run: Review, world: World, now: datetime) -> None:
    with pytest.raises(Forbidden):
        approve(world.author, run, now)
    approve(world.reviewers[0], run, now)
    with pytest.raises(Forbidden):
        approve(world.reviewers[0], run, now)
    assert [one.id for one in review.waiting_for(world.reviewers[1], now)] == [run.id]


def test_what_is_late_is_a_finding_until_it_is_made_up_for(run: Review, world: World, now: datetime) -> None:
    approve(world.reviewers[0], run, now)
    assert notices.remind_of_reviews(now + DAY * 0.75) == 3
    assert "审核将到期" in bell(world.reviewers[1])
    assert inspection.evaluate_late_reviews(now + DAY - timedelta(seconds=1)) == 0
    assert review.expire_overdue(now + 10 * DAY) == 0, "it is not returned: it may have gone out"
    assert inspection.evaluate_late_reviews(now + DAY) == 2
    assert inspection.evaluate_late_reviews(now + DAY) == 0
    inspection.evaluate(now + DAY)
    assert {one.account_id for one in findings()} == {world.weibo.id, world.wechat.id}
    assert findings()[0].evidence["missing"] == "初审、复审"
    assert findings()[0].evidence["reason"] == REASON
    alarm = db.session.scalars(select(Notice).where(Notice.level == "alarm")).one()
    assert "没有按时补审" in alarm.title
    approve(world.reviewers[1], run, now + DAY)
    assert inspection.evaluate_late_reviews(now + DAY) == 0
    assert len(findings()) == 2
    approve(world.reviewers[2], run, now + DAY)
    inspection.evaluate_late_reviews(now + DAY)
    assert findings() == []


def test_returned_afterwards_it_is_called_back_while_it_can(run: Review, world: World, now: datetime) -> None:
    approve(world.reviewers[0], run, now)
    publishing.schedule(world.author, run.post_id, publish_at=now + timedelta(hours=5), now=now)
    done = review.decide(world.reviewers[1], run.revision_id, "returned", "地名有误。", None, now + timedelta(hours=1))
    assert (done.status, done.post.status, done.post.publish_at) == ("returned", "returned", None)
    assert [one.status for one in posts.publications_of([run.post_id]).get(run.post_id, [])] == []
    assert [one.id for one in review.returned_to(world.author)] == [run.id]
    assert review.submit(world.author, run.post_id, now + timedelta(hours=2)).status == "in_review"
    assert db.session.scalars(select(Notice).where(Notice.level == "alarm")).all() == []


def test_returned_after_it_went_out_rings_an_alarm(run: Review, world: World, now: datetime) -> None:

    approve(world.reviewers[0], run, now)
    with atomic():
        db.session.get_one(Post, run.post_id).status = "published"
    done = review.decide(world.reviewers[1], run.revision_id, "returned", "地名有误。", None, now)
    assert (done.status, done.post.status) == ("returned", "published")
    alarm = db.session.scalars(select(Notice).where(Notice.level == "alarm")).one()
    assert "补审没有通过" in alarm.title


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_stands_in_public_against_the_review_waits_for_its_people(
    run: Review, world: World, enter: Enter, now: datetime
) -> None:
    """On the first page of who may recall it and of who wrote it, and on the post, until it is dealt with."""
    publisher = world.person("publisher", world.city, "publisher")
    approve(world.reviewers[0], run, now)
    with atomic():
        db.session.get_one(Post, run.post_id).status = "published"
    author = enter(world.author)
    assert "已先行通过，其余环节补审最迟" in author.get(f"/posts/{run.post_id}").text
    before = len(bell(world.author))
    review.decide(world.reviewers[1], run.revision_id, "returned", "地名有误。", None, now)
    assert len(bell(world.author)) == before + 1
    page = author.get(f"/posts/{run.post_id}").text
    assert faults(page) == []
    assert "补审没有通过" in page
    assert "地名有误。" in page
    assert "其余环节补审最迟" not in page
    (task,) = errands(publisher, now)
    assert (task.action, task.href) == ("决定是否撤回", f"/posts/{run.post_id}")
    assert "reviewer1：地名有误。" in task.detail
    assert [one.action for one in errands(world.author, now)] == ["去处理"]
    assert errands(world.colleague, now) == []
    with atomic():
        db.session.get_one(Post, run.post_id).status = "withdrawn"
    assert errands(publisher, now) == []
    with atomic():
        db.session.get_one(Post, run.post_id).status = "published"
    correction = posts.create_post(world.author, world.fields(corrects_id=run.post_id), now)
    assert len(errands(publisher, now)) == 1
    with atomic():
        db.session.get_one(Post, correction.id).status = "published"
    assert errands(publisher, now) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_first_approval_says_that_it_may_go_out(run: Review, world: World, enter: Enter) -> None:
    path = f"/review/{run.id}"
    first, second = enter(world.reviewers[0]), enter(world.reviewers[1])
    assert "通过后即可排期发布，其余环节事后补审。" in first.get(path).text
    given = {f"sha256-{variant.id}": variant.sha256 for variant in run.revision.variants}
    assert first.post(path, data={"decision": "approved", "secrecy": "1", **given}).status_code == 302
    assert "已先行通过，现在可以排期发布" in first.get("/review").text
    assert "通过后即可排期发布" not in second.get(path).text
    assert second.post(path, data={"decision": "approved", **given}).status_code == 302
    assert "转入下一环节" in second.get("/review").text


def test_an_edit_ends_it(run: Review, world: World, now: datetime) -> None:
    approve(world.reviewers[0], run, now)
    posts.revise_post(world.author, run.post_id, {"title": "改过"}, run.post.version, now)
    assert again(run).status == "void"
    assert inspection.evaluate_late_reviews(now + 2 * DAY) == 0


def test_without_a_reason_or_anything_to_follow_it_is_refused(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    for reason in ("", "  ", "长" * 501):
        with pytest.raises(Invalid):
            review.submit(world.author, post.id, now, emergency=reason)
    review.set_chain(world.admin, world.city.id, STAGES[:1], now)
    with pytest.raises(Invalid, match="只有一个审核环节"):
        review.submit(world.author, post.id, now, emergency=REASON)
    assert posts.get_post(world.author, post.id).status == "draft"


def test_each_unit_says_how_long(world: World, enter: Enter, now: datetime) -> None:
    chain = {"unit_id": world.city.id, "name": ["初审", "终审"], "role": ["reviewer"] * 2, "rule": ["any"] * 2}
    admin = enter(world.admin)
    for wrong in ("0", "169", "x"):
        assert admin.post("/settings/review-chain", data={**chain, "after_hours": wrong}).status_code == 422
    assert admin.post("/settings/review-chain", data={**chain, "after_hours": "6"}).status_code == 302
    post = posts.create_post(world.author, world.fields(), now)
    run = run_of(review.submit(world.author, post.id, now, emergency=REASON))
    assert approve(world.reviewers[0], run, now).after_due_at == now + timedelta(hours=6)


def test_on_the_page_and_on_the_form(world: World, enter: Enter, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    author, path = enter(world.author), f"/posts/{post.id}/emergency"
    assert path in author.get(f"/posts/{post.id}").text
    page = author.get(path).text
    assert faults(page) == []
    assert "24 小时内补审" in page
    assert author.post(path, data={"emergency": ""}).status_code == 422
    assert author.post(path, data={"emergency": REASON}).status_code == 302
    run = run_of(posts.get_post(world.author, post.id))
    first = enter(world.reviewers[0])
    for address in ("/review", f"/review/{run.id}", f"/posts/{post.id}/approval-form"):
        assert REASON in first.get(address).text or address == "/review"
        assert faults(first.get(address).text) == []
    assert "紧急通道" in first.get("/review").text
    approve(world.reviewers[0], run, now)
    assert "事后补审" in enter(world.reviewers[1]).get("/review").text
    assert enter(world.reviewers[0]).get(path).status_code == 403
    assert enter(world.outsider).get(path).status_code == 404


def test_no_screen_hands_in_a_picture_without_words(world: World, enter: Enter, call: Call, now: datetime) -> None:
    """By each way of the screen the same words, and a way to the picture; a program is warned only."""
    picture = add_media(world.author, unit_id=world.city.id, name="a.png", content=png(), now=now)
    body = f'<p>甲<img src="/media/{picture.sha256}" alt="IMG_1.PNG"></p>'
    post = posts.create_post(world.author, world.fields(body_html=body), now)
    (bare,) = [p for p in posts.current_revision(post).problems if p["rule"] == "media.alt"]
    author, place = enter(world.author), f"/posts/{post.id}#problem-{bare['key']}"
    page = author.post(f"/posts/{post.id}/emergency", data={"emergency": REASON})
    assert page.status_code == 422
    assert faults(page.text) == []
    short = "稿件没有提交。正文第 1 张图片没有替代文字。"
    assert short in page.text
    assert page.text.count(bare["message"]) == 1, "in the list alone"
    assert "送审前处理" in page.text
    assert f'href="{place}"' in page.text
    path = f"/posts/{post.id}/submission"
    answer = author.post(path, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json["message"].startswith(short)
    assert [one["key"] for one in answer.json["problems"]] == [bare["key"]]
    sent = author.post(path)
    assert (sent.status_code, sent.headers["Location"]) == (302, place)
    assert short in author.get(f"/posts/{post.id}").text
    posts.dismiss_problem(world.author, post.id, bare["key"], "原图只有文字", now)
    assert author.post(path, headers={"Accept": "application/json"}).status_code == 200
    other = posts.create_post(world.author, world.fields(body_html=body), now)
    handed = call(world.author, "POST", f"/posts/{other.id}/submission")
    assert handed.json["status"] == "in_review"
    assert "media.alt" in str(handed.json["revision"]["problems"])


def test_by_the_api(world: World, call: Call, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    path = f"/posts/{post.id}/submission"
    assert call(world.author, "POST", path, {"emergency": ""}).status_code == 422
    assert call(world.author, "POST", path, {"emergency": REASON}).json["status"] == "in_review"
    (item,) = call(world.reviewers[0], "GET", "/reviews").json["items"]
    assert (item["emergency"], item["after_due_at"]) == (REASON, None)


def test_the_first_approval_always_checks_for_secrets(world: World, now: datetime) -> None:
    """Also where the chain puts the check elsewhere."""
    review.set_chain(world.admin, world.city.id, [{**STAGES[0], "secrecy": True}, *STAGES[1:]], now)
    post = posts.create_post(world.author, world.fields(), now)
    run = run_of(review.submit(world.author, post.id, now, emergency=REASON))
    assert [stage["secrecy"] for stage in run.stages] == [True, True, False]
    with pytest.raises(Invalid, match="保密审查"):
        approve(world.reviewers[0], run, now, secrecy=False)
    # Several at once: who says nothing of it has not done it.
    review.opened(world.reviewers[0], review.look_at(run), now)
    (outcome,) = review.approve_opened(world.reviewers[0], [run.id], "", now, secrecy=None)
    assert (outcome.done, "保密审查" in outcome.words) == (False, True)


@pytest.mark.parametrize("alone", [True, False])
def test_returned_while_one_part_is_out_the_others_do_not_go(
    run: Review, world: World, now: datetime, alone: bool
) -> None:
    approve(world.reviewers[0], run, now)
    publishing.schedule(world.author, run.post_id, publish_at=now + timedelta(hours=1), now=now)
    later = now + timedelta(hours=1)
    force(row(run.post_id, world.weibo), "published", later)
    force(row(run.post_id, world.wechat), "committing", later, claim_owner="w", claim_until=later, fence=1)
    with atomic():
        pushdown.push([run.post_id], later)
    review.decide(world.reviewers[1], run.revision_id, "returned", "地名有误", None, later)
    # What was just being sent is looked at once more directly before.
    begin = committing.begin if alone else lambda claim, *rest: batches.begin_all([claim], *rest)[0]
    assert begin(claim_of(row(run.post_id, world.wechat)), "w", later) is None
    held = row(run.post_id, world.wechat)
    assert (held.status, "补审中被退回" in held.why) == ("held", True)
    with pytest.raises(Conflict, match="补审中被退回"):
        publishing.release(world.author, held.id, reason="放行", now=later)
    with pytest.raises(Conflict, match="补审中被退回"):
        publishing.schedule(world.author, run.post_id, publish_at=later + timedelta(hours=1), now=later)


@pytest.mark.parametrize("status", ["scheduled", "ready", "held", "handed_over"])
def test_returned_while_one_part_is_out_what_is_open_is_cancelled(
    run: Review, world: World, now: datetime, status: str
) -> None:
    approve(world.reviewers[0], run, now)
    publishing.schedule(world.author, run.post_id, publish_at=now + timedelta(hours=1), now=now)
    force(row(run.post_id, world.weibo), "published", now)
    force(row(run.post_id, world.wechat), status, now)
    with atomic():
        pushdown.push([run.post_id], now)
    review.decide(world.reviewers[1], run.revision_id, "returned", "地名有误", None, now)
    assert [row(run.post_id, account).status for account in (world.weibo, world.wechat)] == ["published", "cancelled"]
    told = db.session.scalars(select(Notice.title).where(Notice.level == "alarm")).all()
    assert [title.partition("：")[0] for title in sorted(told)] == [
        "已取消，补审没有通过",
        "补审没有通过，稿件已在发布",
    ]
    assert again(run).post.status == "partly_published"


def test_what_is_no_longer_approved_does_not_pass_its_hour(run: Review, world: World, now: datetime) -> None:
    """Whatever undid the approval."""
    approve(world.reviewers[0], run, now)
    publishing.schedule(world.author, run.post_id, publish_at=now + timedelta(hours=1), now=now)
    for account in (world.weibo, world.wechat):
        force(row(run.post_id, account), "ready", now)
    with atomic():
        found = db.session.get_one(Review, run.id)
        found.status, found.closed_at = "void", now
    assert claims.claim_commits("w", 10, now + timedelta(hours=1)) == []
    assert {row(run.post_id, account).status for account in (world.weibo, world.wechat)} == {"held"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_goes_out_on_one_approval_is_checked_for_secrets_also_by_a_program(
    world: World, call: Call, now: datetime
) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    run = run_of(review.submit(world.author, post.id, now, emergency=REASON))
    path = f"/revisions/{run.revision_id}/decisions"
    said = {"decision": "approved", "comment": ""}
    for body in (said, {**said, "secrecy": None}, {**said, "secrecy": False}):
        answer = call(world.reviewers[0], "POST", path, body)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["secrecy"])
    assert call(world.reviewers[0], "POST", path, {**said, "secrecy": True}).status_code == 200
    assert call(world.reviewers[1], "POST", path, said).status_code == 200, "the stages that follow ask for nothing"
