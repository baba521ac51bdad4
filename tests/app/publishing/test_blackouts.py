"""Black-outs: refused while planning, held at the hour, urgent posts exempt, shown where people look."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.posts.models import Post
from app.publishing import blackouts, claims
from app.publishing import services as publishing
from app.publishing.models import Blackout
from app.publishing.outlook import outlook
from tests.app.publishing.kit import Desk, fresh_post, row
from tests.app.publishing.test_claims import planned
from tests.app.publishing.web import Api, browser, sound

HOUR = timedelta(hours=1)


def silence(desk: Desk, now: datetime, *, scope: str = "site", urgent_too: bool = False) -> Blackout:
    """From an hour ago until in two hours."""
    ids = {"site": None, "unit": desk.city.id, "account": desk.weibo.id}
    made = blackouts.announce(
        desk.admin,
        scope=scope,
        scope_id=ids[scope],
        starts_at=now - HOUR,
        ends_at=now + 2 * HOUR,
        reason="全国哀悼日",
        urgent_too=urgent_too,
        now=now - 2 * HOUR,
    )
    return made.blackout


def make_urgent(post: Post | str) -> None:
    with atomic():
        db.session.get_one(Post, post if isinstance(post, str) else post.id).urgent = True


@pytest.mark.parametrize("scope", ["site", "unit", "account"])
def test_planning_into_it_is_refused_and_says_what_to_do(desk: Desk, now: datetime, scope: str) -> None:
    silence(desk, now, scope=scope)
    post = desk.approved(accounts=[desk.weibo])
    for at in ("now", now + HOUR):
        with pytest.raises(Conflict) as refused:
            publishing.schedule(desk.author, post.id, publish_at=at, now=now)  # type: ignore[arg-type]
        assert "静默期" in refused.value.message
        assert "全国哀悼日" in refused.value.message
        assert "紧急稿件不受此限" in refused.value.message
    publishing.schedule(desk.author, post.id, publish_at=now + 2 * HOUR, now=now)
    with pytest.raises(Conflict):
        publishing.schedule(desk.author, post.id, publish_at=now + HOUR, now=now)


def test_it_concerns_its_scope_only(desk: Desk, now: datetime) -> None:
    silence(desk, now, scope="account")
    post = desk.approved(accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    assert row(post, desk.wechat).status == "scheduled"


def test_urgent_posts_go_out_unless_it_says_otherwise(desk: Desk, now: datetime) -> None:
    first = silence(desk, now)
    post = desk.approved(accounts=[desk.weibo])
    make_urgent(post)
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    publishing.unschedule(desk.author, post.id, now=now)
    blackouts.end(desk.admin, first.id, now=now)
    silence(desk, now, urgent_too=True)
    with pytest.raises(Conflict) as refused:
        publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    assert "紧急稿件不受此限" not in refused.value.message


def test_what_was_planned_before_is_held_at_its_hour_and_named_at_once(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    urgent = planned(desk, now)
    make_urgent(urgent)
    made = blackouts.announce(
        desk.admin, scope="unit", scope_id=desk.city.id, starts_at=now, ends_at=now + HOUR, reason="高考", now=now
    )
    assert {one.post_id for one in made.falling} == {post_id}
    assert "静默期" in outlook(row(post_id, desk.weibo), now).why
    taken = claims.claim_commits("w", 8, now)
    assert len(taken) == 2
    assert {row(post_id, desk.weibo).status, row(post_id, desk.wechat).status} == {"held"}
    assert row(urgent, desk.weibo).status == "committing"
    assert "高考" in row(post_id, desk.weibo).why
    assert fresh_post(row(post_id, desk.weibo).post).needs_attention


def test_a_held_one_is_released_only_after_it(desk: Desk, now: datetime) -> None:
    post_id = planned(desk, now)
    made = silence(desk, now)
    claims.claim_commits("w", 8, now)
    held = row(post_id, desk.weibo)
    assert outlook(held, now).following == "静默期结束后才能放行；也可以改期到静默期以外，或取消。"
    with pytest.raises(Conflict) as refused:
        publishing.release(desk.publisher, held.id, reason="现在发", now=now)
    assert "静默期结束" in refused.value.message
    assert outlook(held, made.ends_at).following == "不会自动补发。请放行、改期或取消。"
    publishing.release(desk.publisher, held.id, reason="已结束", now=made.ends_at)
    assert row(post_id, desk.weibo).status == "scheduled"


def test_ended_early_it_is_in_nobodys_way(desk: Desk, now: datetime) -> None:
    made = silence(desk, now)
    blackouts.end(desk.admin, made.id, now=now)
    with pytest.raises(Conflict):
        blackouts.end(desk.admin, made.id, now=now)
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    assert blackouts.coming(desk.admin, now) == []


@pytest.mark.parametrize(
    ("start", "end", "reason"), [(1, 1, "演练"), (2, 1, "演练"), (-3, -1, "演练"), (1, 24 * 61, "演练"), (1, 2, " ")]
)
def test_senseless_hours_and_missing_reasons_are_refused(
    desk: Desk, now: datetime, start: int, end: int, reason: str
) -> None:
    with pytest.raises(Invalid):
        blackouts.announce(
            desk.admin,
            scope="unit",
            scope_id=desk.city.id,
            starts_at=now + start * HOUR,
            ends_at=now + end * HOUR,
            reason=reason,
            now=now,
        )


def test_only_who_may_stop_may_silence(desk: Desk, now: datetime) -> None:
    hours = {"starts_at": now, "ends_at": now + HOUR, "reason": "演练", "now": now}
    with pytest.raises(Forbidden):
        blackouts.announce(desk.author, scope="unit", scope_id=desk.city.id, **hours)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        blackouts.announce(desk.admin, scope="unit", scope_id=desk.other.id, **hours)  # type: ignore[arg-type]
    made = silence(desk, now, scope="unit")
    with pytest.raises(NotFound):
        blackouts.end(desk.outsider, made.id, now=now)


def test_by_api(app: Flask, desk: Desk) -> None:
    now = utcnow()
    admin, author = Api(app, desk.admin), Api(app, desk.author)
    post = desk.approved(accounts=[desk.weibo])
    at = now + 10 * HOUR
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    body = {
        "scope": "account",
        "id": desk.weibo.id,
        "starts_at": (at - HOUR).isoformat(),
        "ends_at": (at + HOUR).isoformat(),
        "reason": "系统维护",
    }
    assert author("POST", "/blackouts", body).status_code == 403
    assert admin("POST", "/blackouts", {**body, "ends_at": body["starts_at"]}).status_code == 422
    made = admin("POST", "/blackouts", body)
    assert made.status_code == 201, made.text
    assert made.json["falling"] == [row(post, desk.weibo).id]  # type: ignore[index]
    assert [one["id"] for one in author("GET", "/blackouts").json["items"]] == [made.json["id"]]  # type: ignore[index]
    assert Api(app, desk.outsider)("GET", "/blackouts").json["items"] == []  # type: ignore[index]
    moved = author("PUT", f"/posts/{post.id}/schedule", {"publish_at": (at + timedelta(minutes=5)).isoformat()})
    assert moved.status_code == 409
    assert admin("DELETE", f"/blackouts/{made.json['id']}").status_code == 204  # type: ignore[index]
    assert admin("DELETE", f"/blackouts/{made.json['id']}").status_code == 409  # type: ignore[index]


def test_on_screen_and_in_the_calendar(app: Flask, desk: Desk) -> None:
    now = utcnow()
    admin, author = browser(app, desk.admin), browser(app, desk.author)
    form = {"scope": f"account:{desk.weibo.id}", "starts_at": "2030-06-07T00:00", "ends_at": "2030-06-09T00:00"}
    said = admin.post("/blackouts", data={**form, "reason": "高考"}, follow_redirects=True)
    assert "这段时间没有已排期的稿件" in said.text
    assert "高考" in sound(author, "/stops")
    assert "静默期中" not in author.get("/stops").text
    standing = silence(desk, now)
    assert "静默期中" in sound(author, "/stops")
    blackouts.end(desk.admin, standing.id, now=now)
    feed = author.get("/calendar/feed?start=2030-06-03&end=2030-06-10").json
    assert feed is not None
    assert "高考" in feed["heads"]["2030-06-07"]
    assert "高考" in feed["heads"]["2030-06-08"]
    assert "高考" not in feed["heads"].get("2030-06-09", "")
    assert [(one["start"], one["end"]) for one in feed["silences"]] == [("2030-06-07T00:00:00", "2030-06-09T00:00:00")]
    month = author.get("/calendar/feed?start=2030-06-01&end=2030-07-01").json
    assert month is not None
    assert len(month["silences"]) == 1
    (made,) = blackouts.coming(desk.admin, now)
    assert author.post(f"/blackouts/{made.id}/end").status_code == 403
    admin.post(f"/blackouts/{made.id}/end")
    assert blackouts.coming(desk.admin, now) == []
