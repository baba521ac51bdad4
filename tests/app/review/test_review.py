"""Three people, three stages, one text: nobody decides on their own, nobody twice, nothing but what was shown."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound
from app.media.services import add_media, describe
from app.posts import services as posts
from app.posts.models import Post, Revision
from app.review import services as review
from app.review.models import Decision
from app.units.access import Actor, actor_for
from app.units.models import Grant, User
from app.units.open_sessions import open_session
from tests.app.posts.helpers import World, png


def submitted(world: World, **changes: object) -> Post:
    post = posts.create_post(world.author, world.fields(**changes), world.now)
    return review.submit(world.author, post.id, world.now)


def issue_session(app: Flask, actor: Actor) -> FlaskClient:
    """A browser in which this person is signed in."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = db.session.get_one(User, actor.user_id).get_id()
        session["sid"] = open_session(
            actor.user_id, epoch=0, how="password", user_agent="", address="127.0.0.1", now=utcnow()
        )
    return client


def revision_id(post: Post) -> str:
    return posts.current_revision(post).id


def hashes(post: Post) -> dict[str, str]:
    return {variant.id: variant.sha256 for variant in posts.current_variants(post)}


def test_three_stages_by_three_people(world: World, now: datetime) -> None:
    post = submitted(world)
    assert (post.status, posts.current_revision(post).frozen_at) == ("in_review", now)
    for number, reviewer in enumerate(world.reviewers[:3]):
        assert post.status == "in_review"
        assert [r.post_id for r in review.waiting_for(reviewer)] == [post.id]
        run = review.decide(reviewer, revision_id(post), "approved", "同意", hashes(post), now)
        assert run.decisions[number].stage == number
        assert review.waiting_for(reviewer) == []
        post = posts.get_post(world.author, post.id)
    assert post.status == "approved"
    approved = review.approval_of(revision_id(post))
    assert approved is not None
    assert [d.sha256s for d in approved.decisions] == [hashes(post)] * 3
    actions = db.session.scalars(select(Event.action).where(Event.object_id == post.id).order_by(Event.seq)).all()
    assert actions == ["post.create", "review.submit", "review.decide", "review.decide", "review.decide"]


def test_blocked_content_is_not_submitted_and_every_problem_is_named(world: World, now: datetime) -> None:
    body = "<p>电话13800138000，身份证110101199003071233</p>"
    post = posts.create_post(world.author, world.fields(body_html=body), now)
    with pytest.raises(ContentBlocked) as refused:
        review.submit(world.author, post.id, now)
    rules = {(p["rule"], p["start"]) for p in refused.value.extra["problems"] if p["severity"] == "block"}
    assert rules == {("privacy.mobile", 2), ("privacy.citizen_id", 17)}
    post = posts.get_post(world.author, post.id)
    assert (post.status, posts.current_revision(post).frozen_at) == ("draft", None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_handing_in_is_refused_once_for_all_that_stands_in_the_way(world: World, now: datetime) -> None:
    picture = add_media(world.author, unit_id=world.city.id, name="a.png", content=png(), now=now)
    bare = f'<p><img src="/media/{picture.sha256}"></p>'
    post = posts.create_post(world.author, world.fields(body_html=f"<p>电话13800138000</p>{bare}"), now)
    with pytest.raises(
        ContentBlocked, match=r"^稿件没有提交。有 1 个问题必须先解决，另外正文第 1 张图片没有替代文字。"
    ) as refused:
        review.submit(world.author, post.id, now, described=True)
    assert {"privacy.mobile", "media.alt"} <= {problem["rule"] for problem in refused.value.extra["problems"]}
    post = posts.revise_post(world.author, post.id, {"body_html": bare + "<p>正文。</p>"}, 1, now)
    with pytest.raises(ContentBlocked, match=r"^稿件没有提交。正文第 1 张图片没有替代文字。") as refused:
        review.submit(world.author, post.id, now, described=True)
    (problem,) = refused.value.extra["problems"]
    # The whole of it stands in the list beside.
    assert problem["message"] not in refused.value.message


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_text_says_of_its_pictures_goes_to_the_library(world: World, now: datetime) -> None:
    bare, named, other = (
        add_media(world.author, unit_id=world.city.id, name="a.png", content=png(colour), now=now)
        for colour in ("red", "green", "blue")
    )
    describe(world.author, named.id, alt="供水车", now=now)
    body = "".join(
        f'<p><img src="/media/{media.sha256}" alt="{alt}"></p>'
        for media, alt in ((bare, "城东停水范围"), (named, "另一句"), (other, "IMG_1.PNG"), (bare, "第二次"))
    )
    post = posts.create_post(world.author, world.fields(body_html=body), now)
    assert bare.alt == "", "not before it is handed in: until then the words may change"
    review.submit(world.author, post.id, now)
    assert [media.alt for media in (bare, named, other)] == ["城东停水范围", "供水车", ""]
    edits = select(Event.object_id).where(Event.action == "media.edit").order_by(Event.seq)
    assert db.session.scalars(edits).all() == [named.id, bare.id]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({"title": ""}, "post.title"), ({"body_html": ""}, "post.body"), ({"account_ids": []}, "post.accounts")],
)
def test_an_unfinished_post_is_not_submitted(
    world: World, now: datetime, changes: dict[str, object], rule: str
) -> None:
    post = posts.create_post(world.author, world.fields(**changes), now)
    with pytest.raises(ContentBlocked) as refused:
        review.submit(world.author, post.id, now)
    assert rule in {p["rule"] for p in refused.value.extra["problems"]}


def test_nobody_decides_on_what_they_wrote_or_edited(world: World, now: datetime) -> None:
    both = world.person("both", world.city, "author", "reviewer")
    post = posts.create_post(both, world.fields(), now)
    post = posts.revise_post(world.author, post.id, {"title": "改过的标题"}, 1, now)
    review.submit(world.author, post.id, now)
    with pytest.raises(Forbidden):
        review.decide(both, revision_id(post), "approved", "", None, now)
    # An author has not the right at all, and an outsider may not even know that it exists.
    with pytest.raises(Forbidden):
        review.decide(world.author, revision_id(post), "approved", "", None, now)
    with pytest.raises(NotFound):
        review.decide(world.outsider, revision_id(post), "approved", "", None, now)
    assert db.session.scalars(select(Decision)).all() == []


def test_an_earlier_editor_stays_barred_in_later_revisions(world: World, now: datetime) -> None:
    both = world.person("both", world.city, "author", "reviewer")
    post = posts.create_post(both, world.fields(), now)
    review.submit(world.author, post.id, now)
    post = posts.revise_post(world.author, post.id, {"title": "再改"}, 1, now)
    review.submit(world.author, post.id, now)
    with pytest.raises(Forbidden):
        review.decide(both, revision_id(post), "approved", "", None, now)


def test_nobody_takes_two_stages(world: World, now: datetime) -> None:
    post = submitted(world)
    review.decide(world.reviewers[0], revision_id(post), "approved", "", None, now)
    with pytest.raises(Forbidden):
        review.decide(world.reviewers[0], revision_id(post), "approved", "", None, now)
    assert len(db.session.scalars(select(Decision)).all()) == 1


def test_a_closed_review_takes_no_more(world: World, now: datetime) -> None:
    post = submitted(world)
    review.decide(world.reviewers[0], revision_id(post), "returned", "标题不准", None, now)
    for reviewer in world.reviewers[:2]:
        with pytest.raises(Conflict):
            review.decide(reviewer, revision_id(post), "approved", "", None, now)
    post = posts.get_post(world.author, post.id)
    assert post.status == "returned"
    assert [r.post_id for r in review.returned_to(world.author)] == [post.id]


def test_only_what_was_shown_is_approved(world: World, now: datetime) -> None:
    post = submitted(world)
    wrong = {**hashes(post), posts.current_variants(post)[0].id: "0" * 64}
    fewer = dict(list(hashes(post).items())[:1])
    for shown in (wrong, fewer, {}):
        with pytest.raises(Conflict):
            review.decide(world.reviewers[0], revision_id(post), "approved", "", shown, now)
    assert review.decide(world.reviewers[0], revision_id(post), "approved", "", None, now).stage == 1


def test_a_payload_changed_in_the_database_cannot_be_approved(world: World, now: datetime) -> None:
    post = submitted(world)
    with atomic():
        variant = posts.current_variants(post)[0]
        variant.payload = {**variant.payload, "text": "掉包"}
    with pytest.raises(Conflict):
        review.decide(world.reviewers[0], revision_id(post), "approved", "", None, now)


def test_the_stage_that_the_page_showed_must_still_be_open(world: World, now: datetime) -> None:
    post = submitted(world)
    review.decide(world.reviewers[0], revision_id(post), "approved", "", None, now, stage=0)
    with pytest.raises(Conflict):
        review.decide(world.reviewers[1], revision_id(post), "approved", "", None, now, stage=0)


def test_checks_run_again_at_each_approval(world: World, now: datetime) -> None:
    post = submitted(world)
    with atomic():
        revision = db.session.get(Revision, revision_id(post))
        assert revision is not None
        revision.summary = "电话13800138000"
    with pytest.raises(ContentBlocked):
        review.decide(world.reviewers[0], revision_id(post), "approved", "", None, now)
    returned = review.decide(world.reviewers[0], revision_id(post), "returned", "有手机号", None, now)
    assert returned.status == "returned"


def test_returning_needs_a_reason(world: World, now: datetime) -> None:
    post = submitted(world)
    for decision, comment in (("returned", " "), ("maybe", "x"), ("approved", "长" * 2001)):
        with pytest.raises(Invalid):
            review.decide(world.reviewers[0], revision_id(post), decision, comment, None, now)


def test_all_of_a_stage_must_agree(world: World, now: datetime) -> None:
    review.set_chain(world.admin, world.city.id, [{"name": "会签", "role": "reviewer", "rule": "all"}], now)
    post = submitted(world)
    for reviewer in world.reviewers[:3]:
        run = review.decide(reviewer, revision_id(post), "approved", "", None, now)
        assert run.status == "open"
        with pytest.raises(Conflict):
            review.decide(reviewer, revision_id(post), "approved", "", None, now)
    run = review.decide(world.reviewers[3], revision_id(post), "approved", "", None, now)
    assert (run.status, run.post.status) == ("approved", "approved")


def test_chains_are_inherited_and_kept_by_runs_under_way(world: World, now: datetime) -> None:
    assert [stage["name"] for stage in review.chain_of(world.bureau.id).stages] == ["初审", "复审", "终审"]
    post = submitted(world)
    review.set_chain(world.admin, world.city.id, [{"name": "一审", "role": "reviewer", "rule": "any"}], now)
    inherited = review.chain_of(world.bureau.id)
    assert (inherited.unit_id, [s["name"] for s in inherited.stages]) == (world.city.id, ["一审"])
    run = review.review_of(revision_id(post))
    assert run is not None
    assert len(run.stages) == 3
    review.set_chain(world.admin, world.city.id, [], now)
    assert review.chain_of(world.bureau.id).unit_id == ""


def test_a_chain_is_checked(world: World, now: datetime) -> None:
    bad = [{"name": "", "role": "author", "rule": "some"}, *[{"name": "审", "role": "reviewer", "rule": "any"}] * 5]
    with pytest.raises(Invalid) as refused:
        review.set_chain(world.admin, world.city.id, bad, now)
    assert {"stages", "stages.0.name", "stages.0.role", "stages.0.rule", "stages.1.name"} <= set(refused.value.errors)
    with pytest.raises(Forbidden):
        review.set_chain(world.author, world.city.id, [], now)


def test_submitting_twice_and_withdrawing(world: World, now: datetime) -> None:
    post = submitted(world)
    first = revision_id(post)
    with pytest.raises(Conflict):
        review.submit(world.author, post.id, now)
    post = review.withdraw_submission(world.author, post.id, now)
    assert (post.status, posts.current_revision(post).number) == ("draft", 2)
    with pytest.raises(Conflict):
        review.withdraw_submission(world.author, post.id, now)
    with pytest.raises(Conflict):
        review.decide(world.reviewers[0], first, "approved", "", None, now)
    assert review.submit(world.author, post.id, now).status == "in_review"


def test_a_returned_post_can_be_submitted_again(world: World, now: datetime) -> None:
    post = submitted(world)
    review.decide(world.reviewers[0], revision_id(post), "returned", "请核对", None, now)
    post = review.submit(world.author, post.id, now)
    assert (post.status, posts.current_revision(post).number) == ("in_review", 2)
    # A new run: whoever returned the first one may decide again.
    review.decide(world.reviewers[0], revision_id(post), "approved", "已核对", None, now)


def test_an_edit_after_approval_starts_again(world: World, now: datetime) -> None:
    post = submitted(world)
    for reviewer in world.reviewers[:3]:
        review.decide(reviewer, revision_id(post), "approved", "", None, now)
    approved = revision_id(post)
    post = posts.revise_post(world.author, post.id, {"title": "通过后又改"}, 1, now)
    assert post.status == "draft"
    assert review.approval_of(revision_id(post)) is None
    before = review.last_approved(post.id, before=posts.current_revision(post).number)
    assert before is not None
    assert before.id == approved


def test_a_reviewer_sees_attachments_of_any_library(world: World, now: datetime, app: Flask) -> None:
    """The author took a file from another unit's library, into which the reviewer cannot look."""
    with atomic():
        db.session.add(Grant(user_id=world.author.user_id, role="author", unit_id=world.other.id))
    author = actor_for(db.session.get_one(User, world.author.user_id))
    picture = add_media(author, unit_id=world.other.id, name="别处的图.png", content=png(), now=now)
    post = posts.create_post(author, world.fields(attachments=[picture.id]), now)
    run = review.review_of(revision_id(review.submit(author, post.id, now)))
    assert run is not None
    token = issue_session(app, world.reviewers[0])
    for path in (f"/review/{run.id}", f"/posts/{post.id}"):
        assert "别处的图.png" in token.get(path).get_data(as_text=True)


def test_a_reviewer_returns_it_to_whom_every_page_calls_the_same(world: World, now: datetime, app: Flask) -> None:
    """作者 is the byline of the article, 拟稿人 who wrote it here."""
    run = review.review_of(revision_id(submitted(world)))
    assert run is not None
    page = issue_session(app, world.reviewers[0]).get(f"/review/{run.id}").get_data(as_text=True)
    assert "退回给拟稿人？" in page
    assert "告诉拟稿人要改什么" in page


def test_a_title_keeps_its_own_marks_where_none_stand_around_it(world: World, now: datetime, app: Flask) -> None:
    post = posts.create_post(world.author, world.fields(title="《住房租赁管理办法》解读"), now)
    run = review.review_of(revision_id(review.submit(world.author, post.id, now)))
    assert run is not None
    page = issue_session(app, world.reviewers[0]).get(f"/review/{run.id}").get_data(as_text=True)
    assert "审核：《住房租赁管理办法》解读</h1>" in page
    assert "把《〈住房租赁管理办法〉解读》退回给拟稿人？" in page


def test_who_waits_for_whom_is_decided_by_the_units_above(world: World, now: datetime) -> None:
    stranger = world.person("reviewer-elsewhere", world.other, "reviewer")
    post = submitted(world)
    run = review.review_of(revision_id(post))
    assert run is not None
    assert review.eligible(run) == {reviewer.user_id for reviewer in world.reviewers}
    assert stranger.user_id not in review.eligible(run)


def test_the_queue_asks_no_more_the_longer_it_is(world: World, now: datetime) -> None:
    def asked() -> int:
        db.session.rollback()
        statements: list[str] = []
        hook = lambda *args: statements.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", hook)
        review.waiting_for(world.reviewers[0])
        event.remove(db.engine, "before_cursor_execute", hook)
        return len(statements)

    submitted(world)
    few = asked()
    for _ in range(4):
        submitted(world)
    assert len(review.waiting_for(world.reviewers[0])) == 5
    assert asked() == few


def test_a_decision_and_an_edit_lock_in_the_same_order(world: World, now: datetime) -> None:
    """Post before review, or PostgreSQL ends one of the two; SQLite has one lock for all."""
    post = submitted(world)
    wanted = revision_id(post)
    locks: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        locks.extend(re.findall(r"FROM (posts|reviews)\b.* FOR UPDATE", " ".join(statement.split())))

    event.listen(db.engine, "before_cursor_execute", note)
    review.decide(world.reviewers[0], wanted, "approved", "", None, now)
    posts.revise_post(world.author, post.id, {"title": "改过"}, post.version, now)
    event.remove(db.engine, "before_cursor_execute", note)
    assert locks == (["posts", "reviews"] * 2 if db.engine.dialect.name == "postgresql" else [])
