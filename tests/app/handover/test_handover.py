"""离任交接: all that hangs on a person, taken over at once or not at all, and no way round the four eyes."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.models import Account
from app.audit.models import Event
from app.audit.services import verify
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, TandemError
from app.handover import services
from app.handover.models import Handover
from app.inbox.models import Conversation
from app.inbox.services import ingest
from app.notices.channels import add_channel
from app.notices.models import AlertChannel
from app.posts import services as posts
from app.posts.models import Post, Revision, Variant
from app.publishing.models import Publication, Schedule
from app.review import deciding, deputies
from app.review import services as review
from app.review.capacity import OWN
from app.review.models import Deputy
from app.units.access import Actor, actor_for
from app.units.models import ApiToken, User
from app.units.services import deactivate_user, issue_token
from connectors.values import InboundMessage
from tests.app.posts.helpers import World
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import STAGES, again, approve, bell, submitted
from tests.app.waiting import until_somebody_waits
from tests.patience import PATIENCE


def person(actor: Actor) -> User:
    return db.session.get_one(User, actor.user_id, populate_existing=True)


def planned(world: World, leaver: Actor, **chosen: str) -> services.Plan:
    return services.plan(world.admin, person(leaver), chosen, world.now)


def hand(world: World, leaver: Actor, **chosen: str) -> Handover:
    digest = planned(world, leaver, **chosen).digest
    return services.hand_over(world.admin, leaver.user_id, chosen, digest=digest, reason="调离", now=world.now)


def lines(found: services.Plan) -> dict[str, list[tuple[str, str]]]:
    return {group.kind.key: [(line.outcome, line.refusal) for line in group.lines] for group in found.groups}


def letter(world: World) -> Conversation:
    message = InboundMessage(
        external_id="msg:1",
        kind="private",
        thread="oCitizen",
        sender_id="oCitizen",
        sender_name="市民甲",
        text="社保卡丢了",
        sent_at=world.now,
        target={"kind": "private", "openid": "oCitizen"},
    )
    found = ingest(world.wechat, [message], now=world.now)[0]
    return db.session.get_one(Conversation, found.conversation_id)


def test_everything_goes_to_whom_it_is_given_and_the_person_is_out(world: World) -> None:
    leaver = world.person("leaver", world.city, "author", "responder", "reviewer")
    heir = world.person("heir", world.city, "author", "responder")
    post = posts.create_post(leaver, world.fields(), world.now)
    talk = letter(world)
    with atomic():
        db.session.get_one(Conversation, talk.id).assignee_id = leaver.user_id
        db.session.get_one(Account, world.weibo.id).responsible_id = leaver.user_id
        # Who moves up is not both.
        db.session.get_one(Account, world.weibo.id).deputy_id = heir.user_id
        db.session.get_one(Account, world.wechat.id).deputy_id = leaver.user_id
    channel = add_channel(world.admin, unit_id=world.city.id, kind="email", target="Leaver@example.cn", now=world.now)
    token = issue_token(leaver, user_id=leaver.user_id, name="程序", days=9, scopes=[], now=world.now)
    deputies.appoint(
        leaver,
        user_id=leaver.user_id,
        deputy_id=world.reviewers[0].user_id,
        starts_at=world.now,
        ends_at=world.now + timedelta(days=1),
        reason="",
        now=world.now,
    )
    with pytest.raises(Conflict, match="先办理离任交接"):
        deactivate_user(world.admin, leaver.user_id, now=world.now)
    assert person(leaver).active
    to = heir.user_id
    row = hand(world, leaver, drafts=to, conversations=to, accounts=to, deputised=to, channels=to)
    assert db.session.get_one(Post, post.id, populate_existing=True).created_by == to
    assert db.session.get_one(Conversation, talk.id, populate_existing=True).assignee_id == to
    weibo = db.session.get_one(Account, world.weibo.id, populate_existing=True)
    assert (weibo.responsible_id, weibo.deputy_id) == (to, None)
    assert db.session.get_one(Account, world.wechat.id, populate_existing=True).deputy_id == to
    assert db.session.get_one(AlertChannel, channel.id, populate_existing=True).target["to"] == "heir@example.cn"
    assert db.session.scalars(select(Deputy.ended_at)).one() == world.now
    assert not person(leaver).active
    assert token
    assert db.session.scalars(select(ApiToken.revoked_at).where(ApiToken.user_id == leaver.user_id)).one() == world.now
    actions = list(db.session.scalars(select(Event.action).order_by(Event.seq)))
    assert actions[-1] == "user.deactivate"
    assert actions.count("handover.give") == 4
    assert {"handover.finish", "conversation.assign", "review.deputy_end"} <= set(actions)
    assert not verify()
    assert bell(heir)[0] == "leaver离任，5 项工作移交给您"
    # What is printed names no citizen.
    assert "市民甲" not in str(row.groups)
    assert {"没有发出的稿件", "负责的账号", "接口令牌", "角色"} <= {group["title"] for group in row.groups}


def test_who_takes_a_post_over_may_not_decide_on_it(world: World) -> None:
    """Else an author could have their own text passed by whoever is made its author."""
    heir = world.person("heir", world.city, "author", "reviewer")
    run = submitted(world)
    hand(world, world.author, drafts=heir.user_id)
    with pytest.raises(Forbidden, match=OWN[:10]):
        approve(actor_for(person(heir)), again(run), world.now)
    assert heir.user_id in db.session.get_one(Revision, run.revision_id).editors
    approve(world.reviewers[0], again(run), world.now)


def test_who_has_decided_on_a_post_does_not_take_it_over(world: World) -> None:
    heir = world.person("heir", world.city, "author", "reviewer")
    run = submitted(world)
    approve(heir, run, world.now)
    found = planned(world, world.author, drafts=heir.user_id)
    assert "已审过这个版本" in lines(found)["drafts"][0][1]
    with pytest.raises(Conflict, match="1 项不能移交"):
        hand(world, world.author, drafts=heir.user_id)
    assert person(world.author).active


def test_a_receiver_without_the_right_is_refused_and_nothing_happens(world: World) -> None:
    posts.create_post(world.author, world.fields(), world.now)
    found = planned(world, world.author, drafts=world.reviewers[0].user_id)
    assert lines(found)["drafts"] == [
        ("由reviewer0接着写；此后reviewer0不能审这一篇", "reviewer0在“青岚市政府办”没有撰写稿件的权限")
    ]
    assert lines(planned(world, world.author))["drafts"][0][1] == "须选择接收人"
    with pytest.raises(Invalid, match="接收人不存在"):
        planned(world, world.author, drafts=world.outsider.user_id)
    with pytest.raises(Conflict, match="不能移交"):
        hand(world, world.author)
    assert db.session.scalars(select(Handover)).all() == []


def test_what_changed_since_the_preview_is_shown_again(world: World) -> None:
    digest = planned(world, world.author).digest
    posts.create_post(world.author, world.fields(), world.now)
    with pytest.raises(Conflict, match="其间有了变化"):
        services.hand_over(world.admin, world.author.user_id, {}, digest=digest, reason="", now=world.now)


def test_a_stage_that_only_they_can_pass_keeps_them(world: World) -> None:
    only = world.person("only", world.city, "reviewer")
    for reviewer in world.reviewers:
        deactivate_user(world.admin, reviewer.user_id, now=world.now)
    review.set_chain(world.admin, world.city.id, STAGES[:1], world.now)
    run = submitted(world)
    assert lines(planned(world, only))["stuck"][0][1].startswith("不能移交：先给另一位成员授予")
    with pytest.raises(Conflict, match="离任交接"):
        deactivate_user(world.admin, only.user_id, now=world.now)
    world.person("second", world.city, "reviewer")
    found = lines(planned(world, only))
    assert "stuck" not in found
    assert found["reviews"] == [("由其他审核人处理", "")]
    hand(world, only)
    assert again(run).status == "open"


def test_a_question_goes_to_another_or_back_to_the_stage(world: World) -> None:
    elder = world.person("elder", world.city, "reviewer")
    other = world.person("other", world.city, "reviewer")
    below = world.person("below", world.bureau, "reviewer")
    writer = world.person("writer", world.bureau, "author")
    world.wechat.unit_id = world.weibo.unit_id = world.bureau.id
    db.session.commit()
    run = submitted(world, writer, unit_id=world.bureau.id)
    review.escalate(below, run.revision_id, elder.user_id, "可否", world.now)
    assert "就是请示人" in lines(planned(world, elder, escalations=below.user_id))["escalations"][0][1]
    hand(world, elder, escalations=other.user_id)
    approve(actor_for(person(other)), again(run), world.now, "可以")
    assert again(run).stage == 1


def test_nobody_hands_over_for_themselves_and_the_last_administrator_stays(world: World) -> None:
    with pytest.raises(Forbidden, match="为自己"):
        services.leaver(world.admin, world.admin.user_id)
    second = world.person("second", world.city, "administrator")
    found = services.plan(second, person(world.admin), {}, world.now)
    assert found.barred == ""
    with atomic():
        person(second).active = False
    assert "只剩" in services.plan(second, person(world.admin), {}, world.now).barred


def test_the_page_previews_hands_over_and_prints(world: World, enter: Enter, call: Call) -> None:
    post = posts.create_post(world.author, world.fields(), world.now)
    told = call(world.admin, "GET", f"/users/{world.author.user_id}/holdings").json
    assert told["must_hand_over"] == 1
    assert told["groups"][0]["items"][0]["words"] == f"《{post.title}》"
    client, base = enter(world.admin), f"/settings/people/{world.author.user_id}"
    led = client.post(f"{base}/deactivation")
    assert led.headers["Location"].endswith("/handover")
    page = client.get(f"{base}/handover?everyone={world.colleague.user_id}").text
    assert "由colleague接着写" in page
    # What was typed below goes along with the preview and comes back.
    assert 'data-carry="reason"' in page
    assert 'value="调任省厅"' in client.get(f"{base}/handover?reason=调任省厅").text
    digest = page.split('name="digest" value="')[1].split('"')[0]
    stale = client.post(f"{base}/handover", data={"digest": "0", "drafts": world.colleague.user_id})
    assert stale.status_code == 409
    done = client.post(f"{base}/handover", data={"digest": digest, "drafts": world.colleague.user_id, "reason": "退休"})
    assert done.status_code == 302, done.text
    printed = client.get(done.headers["Location"]).text
    assert "离任交接清单" in printed
    assert f"《{post.title}》" in printed
    assert "退休" in printed


def test_a_post_is_listed_by_what_became_of_it_at_the_accounts(world: World) -> None:
    post = posts.create_post(world.author, world.fields(), world.now)
    with atomic():
        db.session.get_one(Post, post.id).status = "publishing"
        schedule = Schedule(post_id=post.id, revision_id=post.revision_id, publish_at=world.now, created_at=world.now)
        schedule.created_by = world.author.user_id
        schedule.prepare_from = world.now
        db.session.add(schedule)
        db.session.flush()
        variants = db.session.scalars(select(Variant).where(Variant.revision_id == post.revision_id)).all()
        for variant, status in zip(variants, ("missed", "unknown"), strict=True):
            row = Publication(
                schedule_id=schedule.id,
                post_id=post.id,
                variant_id=variant.id,
                account_id=variant.account_id,
                unit_id=world.city.id,
                payload={},
                sha256="-",
                status=status,
                due_at=world.now,
                late_from=world.now,
                created_at=world.now,
                updated_at=world.now,
            )
            db.session.add(row)
    found = planned(world, world.author)
    [line] = [line for group in found.groups if group.kind.key == "scheduled" for line in group.lines]
    assert set(line.item.detail.split("、")) == {"已错过", "待核实"}


def test_who_may_not_read_posts_hands_them_over_unread(world: World) -> None:
    system = world.person("system", world.city, "system_administrator")
    posts.create_post(world.author, world.fields(), world.now)
    chosen = {"drafts": world.colleague.user_id}
    found = services.plan(system, person(world.author), chosen, world.now)
    line = found.groups[0].lines[0]
    assert line.words.startswith("一篇稿件（编号尾")
    assert line.path == ""
    row = services.hand_over(system, world.author.user_id, chosen, digest=found.digest, reason="", now=world.now)
    assert "暴雨" not in str(row.groups)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_decision_at_that_very_moment_goes_first(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the post and then tells the person who leaves: neither may wait for what the other one has."""
    leaver, heir = world.person("leaver", world.city, "author"), world.person("heir", world.city, "author")
    run = submitted(world, leaver)
    digest = planned(world, leaver, drafts=heir.user_id).digest
    db.session.rollback()
    ended: list[type[Exception]] = []

    def give() -> None:
        with app.app_context():
            try:
                services.hand_over(
                    world.admin, leaver.user_id, {"drafts": heir.user_id}, digest=digest, reason="调离", now=world.now
                )
            except (TandemError, SQLAlchemyError) as error:
                ended.append(type(error))
            finally:
                db.session.remove()

    other, old = threading.Thread(target=give), deciding._advance

    def between(*args: Any, **kwargs: Any) -> None:
        other.start()
        until_somebody_waits()
        old(*args, **kwargs)

    monkeypatch.setattr(deciding, "_advance", between)
    review.decide(world.reviewers[0], run.revision_id, "returned", "请改", None, world.now)
    other.join(PATIENCE)
    assert ended in ([], [Conflict])
