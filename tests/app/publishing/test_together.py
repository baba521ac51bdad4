"""Orders for a whole post: released in step, taken back where the platforms let us, and what is said where they do not."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.publishing import claims, preparing
from app.publishing import services as publishing
from app.publishing.barrier import Go, Hold, Rules, Wait, judge
from app.publishing.models import Blackout
from connectors.values import Prepared
from tests.app.publishing.kit import Desk, force, fresh_post, row
from tests.app.publishing.test_barrier import Side
from tests.app.publishing.web import Api, browser, sound


@pytest.fixture
def now() -> datetime:
    """Pages read the real clock."""
    return utcnow()


@pytest.fixture
def post_id(desk: Desk, now: datetime) -> str:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now, now=now)
    return post.id


@pytest.fixture
def held(desk: Desk, post_id: str, now: datetime) -> str:
    for account in (desk.weibo, desk.wechat):
        force(row(post_id, account), "held", now, next_attempt_at=None)
    return post_id


def test_released_together_none_goes_before_the_other_is_ready(desk: Desk, held: str, now: datetime) -> None:
    publishing.release_all(desk.publisher, held, reason="恢复", now=now)
    first, second = claims.claim_preparations("w", 8, now)
    preparing.save_step(first, Prepared(ready=True), [], now)
    assert claims.claim_commits("w", 8, now) == [], "the other is still being prepared"
    preparing.save_step(second, Prepared(ready=True), [], now + timedelta(seconds=30))
    assert len(claims.claim_commits("w", 8, now + timedelta(seconds=31))) == 2


def test_together_is_all_or_none_and_needs_a_reason_and_a_right(desk: Desk, held: str, now: datetime) -> None:
    stop = publishing.start_stop(desk.publisher, scope="account", scope_id=desk.wechat.id, reason="核查", now=now)
    with pytest.raises(Conflict, match=r"没有放行。发布已暂停.*核查。请先恢复发布"):
        publishing.release_all(desk.publisher, held, reason="恢复", now=now)
    assert [row(held, account).status for account in (desk.weibo, desk.wechat)] == ["held", "held"]
    with pytest.raises(Conflict, match="请先恢复发布"):
        publishing.release(desk.publisher, row(held, desk.wechat).id, reason="恢复", now=now)
    publishing.end_stop(desk.publisher, stop.id, now=now)
    with pytest.raises(Invalid):
        publishing.release_all(desk.publisher, held, reason=" ", now=now)
    with pytest.raises(NotFound):
        publishing.release_all(desk.outsider, held, reason="恢复", now=now)
    with pytest.raises(Forbidden):
        publishing.release_all(desk.person("reader", desk.city, "reviewer"), held, reason="恢复", now=now)
    publishing.release_all(desk.author, held, reason="恢复", now=now)
    with pytest.raises(Conflict, match="没有已暂缓"):
        publishing.release_all(desk.author, held, reason="恢复", now=now)


AT = datetime.fromisoformat("2026-07-12T03:00:00+00:00")


def test_those_released_in_one_breath_keep_their_order_and_forget_the_others() -> None:
    rules = Rules(
        first=frozenset({"a"}),
        proceed=False,
        publish_at=AT - timedelta(hours=2),
        prepare_from=AT - timedelta(hours=3),
        partner_wait=timedelta(minutes=45),
    )
    a = Side(id="a", released=True, due_at=AT)
    b = Side(id="b", released=True, due_at=AT)
    failed = Side(id="c", status="failed")
    assert judge(a, [b, failed], rules, AT) == Go()
    assert isinstance(judge(b, [a, failed], rules, AT), Wait), "the first must be live"
    a.status, a.live_at = "published", AT
    assert judge(b, [a, failed], rules, AT) == Go(late_from=AT)
    a.status = "failed"
    assert isinstance(judge(b, [a], rules, AT), Hold)
    alone = Side(id="b", released=True, due_at=AT + timedelta(seconds=9))
    assert judge(alone, [a], rules, AT) == Go(), "released on its own it waits for nobody"


def panel(app: Flask, actor: object, post_id: str) -> str:
    return browser(app, actor).get(f"/posts/{post_id}/publications-panel").text  # type: ignore[arg-type]


def test_the_panel_offers_it_where_several_wait(app: Flask, desk: Desk, held: str, now: datetime) -> None:
    assert "一起放行（2 条）" in panel(app, desk.author, held)
    answer = browser(app, desk.author).post(f"/posts/{held}/release", data={"reason": "恢复"}, follow_redirects=True)
    assert "已放行 2 条" in answer.text
    assert "一起放行" not in panel(app, desk.author, held)


def test_what_the_system_cannot_take_back_is_said_before_the_click(
    app: Flask, desk: Desk, post_id: str, now: datetime
) -> None:
    force(row(post_id, desk.weibo), "published", now, url="https://weibo.com/1/a")
    force(row(post_id, desk.wechat), "published", now)
    text = panel(app, desk.publisher, post_id)
    assert "系统不能撤回这一条：“分享”级别的应用不能删除微博" in text
    assert "撤回系统能撤回的（1 条）" in text
    assert "不能由系统删除，请登录平台手动删除后登记" in text
    assert "“撤回”要由发布人办理" in panel(app, desk.author, post_id)
    client = browser(app, desk.publisher)
    answer = client.post(f"/posts/{post_id}/recall", data={"reason": "有误"}, follow_redirects=True)
    assert "已向平台申请撤回 1 条" in answer.text
    assert row(post_id, desk.wechat).recall_at is not None
    assert row(post_id, desk.weibo).recall_at is None
    path = f"/publications/{row(post_id, desk.weibo).id}/act"
    answer = client.post(path, data={"order": "deleted", "reason": "王敏已删"}, follow_redirects=True)
    assert "已登记" in answer.text
    found = row(post_id, desk.weibo)
    assert (found.status, found.readbacks[-1]["finding"]) == ("recalled", "stated_deleted")
    assert fresh_post(found.post).status == "partly_published"


def test_deleted_by_hand_is_no_word_where_the_system_takes_back(desk: Desk, post_id: str, now: datetime) -> None:
    """Screens do not offer it there; a page of yesterday and a client of the API may still ask."""
    force(row(post_id, desk.wechat), "published", now)
    publication_id = row(post_id, desk.wechat).id
    with pytest.raises(Conflict, match="系统可以撤回"):
        publishing.note_deleted(desk.publisher, publication_id, reason="已删", now=now)
    publishing.recall(desk.publisher, publication_id, reason="有误", now=now)
    with pytest.raises(Conflict, match="还没有结果"):
        publishing.note_deleted(desk.publisher, publication_id, reason="已删", now=now)
    # The platform refused: what a person did there counts.
    force(row(post_id, desk.wechat), "published", now, recall_at=None)
    publishing.note_deleted(desk.publisher, publication_id, reason="已删", now=now)
    assert row(post_id, desk.wechat).status == "recalled"


def test_why_is_told_once_and_what_would_be_refused_is_not_pointed_to(
    app: Flask, desk: Desk, held: str, now: datetime
) -> None:
    why = "另一渠道不能发布，按“全部等待”的约定暂缓。"
    force(row(held, desk.weibo), "held", now, why=f"{why}请放行、改期或取消。")
    publisher, path = browser(app, desk.publisher), f"/posts/{held}"
    page = sound(publisher, path)
    assert f"{why}</p>" in page
    assert '<summary class="btn btn-sm btn-primary">一起放行' in page
    assert page.count('<summary class="btn btn-sm btn-outline-primary">放行') == 2
    publishing.start_stop(desk.admin, scope="account", scope_id=desk.weibo.id, reason="突发事件", now=now)
    page = sound(publisher, path)
    assert '<summary class="btn btn-sm">一起放行' in page
    assert page.count('<summary class="btn btn-sm btn-outline-primary">放行') == 1


def test_what_is_left_of_a_mass_send_and_the_calls_that_took_it_back_are_told(
    app: Flask, desk: Desk, post_id: str, now: datetime
) -> None:
    with atomic():
        db.session.get_one(Account, desk.wechat.id).mode = "mass"
    call = {"method": "POST", "request": {}, "answer": "{}", "status": 200, "error": "", "answered_at": None}
    calls = [
        {**call, "url": f"https://api.weixin.qq.com/{name}", "sent_at": (now + timedelta(seconds=at)).isoformat()}
        for name, at in (("draft/add", -5), ("message/mass/delete", 5))
    ]
    force(row(post_id, desk.wechat), "recalled", now, exchanges=calls, live_at=now, url="https://mp.weixin.qq.com/s/1")
    left = "群发后只能删除内容，粉丝收到的卡片仍在。"
    publisher = browser(app, desk.publisher)
    panel = publisher.get(f"/posts/{post_id}/publications-panel").text
    assert left in panel
    assert "https://mp.weixin.qq.com/s/1" not in panel
    page = sound(publisher, f"/publications/{row(post_id, desk.wechat).id}")
    assert left in page
    sections = page.split("<h2>")
    taking_back = next(part for part in sections if part.startswith("撤回<"))
    preparing = next(part for part in sections if part.startswith("准备<"))
    assert ("mass/delete" in taking_back, "draft/add" in taking_back) == (True, False)
    assert ("mass/delete" in preparing, "draft/add" in preparing) == (False, True)


def test_what_a_stop_or_a_black_out_held_may_go_together(app: Flask, desk: Desk, now: datetime) -> None:
    stop = publishing.start_stop(desk.publisher, scope="account", scope_id=desk.wechat.id, reason="核查", now=now)
    scope = {"scope": f"account:{desk.wechat.id}", "reason": "哀悼日"}
    client = browser(app, desk.publisher)
    assert "可一起放行" in client.post(f"/stops/{stop.id}/end", follow_redirects=True).text
    local = now.astimezone(ZoneInfo("Asia/Shanghai"))
    hours = {
        name: f"{local + timedelta(hours=after):%Y-%m-%dT%H:%M}" for name, after in (("starts_at", -1), ("ends_at", 2))
    }
    assert "已设静默期" in client.post("/blackouts", data=scope | hours, follow_redirects=True).text
    (silent,) = db.session.scalars(select(Blackout.id)).all()
    assert "可一起放行" in client.post(f"/blackouts/{silent}/end", follow_redirects=True).text


def test_the_api_orders_for_a_whole_post(app: Flask, desk: Desk, held: str, now: datetime) -> None:
    call = Api(app, desk.publisher)
    assert call("POST", f"/posts/{held}/release", {"reason": " "}).status_code == 422
    released = call("POST", f"/posts/{held}/release", {"reason": "恢复"})
    assert released.status_code == 200, released.text
    assert [item["status"] for item in released.json["items"]] == ["scheduled", "scheduled"]
    assert call("POST", f"/posts/{held}/release", {"reason": "恢复"}).status_code == 409
    for account in (desk.weibo, desk.wechat):
        force(row(held, account), "published", now)
    deletion = f"/publications/{row(held, desk.weibo).id}/deletion"
    assert call("POST", f"/publications/{row(held, desk.wechat).id}/deletion", {"reason": "已删"}).status_code == 409
    taken = call("POST", f"/posts/{held}/recall", {"reason": "有误"})
    assert [item["account_id"] for item in taken.json["items"]] == [desk.wechat.id], "Weibo's level cannot"
    gone = call("POST", deletion, {"reason": "已在平台删除"})
    assert (gone.status_code, gone.json["status"]) == (200, "recalled")
    assert Api(app, desk.outsider)("POST", f"/posts/{held}/recall", {"reason": "有误"}).status_code == 404
    assert Api(app, desk.author)("POST", deletion, {"reason": "已删"}).status_code == 403


def test_both_are_taken_back_at_once(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    with atomic():
        db.session.get_one(Account, desk.weibo.id).mode = "full"
    for account in (desk.weibo, desk.wechat):
        force(row(post_id, account), "published", now)
    assert "全部撤回（2 条）" in panel(app, desk.publisher, post_id)
    publishing.recall_all(desk.publisher, post_id, reason="有误", now=now)
    assert all(row(post_id, account).recall_at == now for account in (desk.weibo, desk.wechat))
    with pytest.raises(Conflict, match="没有可由系统撤回"):
        publishing.recall_all(desk.publisher, post_id, reason="有误", now=now)
