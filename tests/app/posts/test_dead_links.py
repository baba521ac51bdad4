"""Links of posts under way: noted with every edit, claimed sparsely, told when they turn out to lead nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.checks import verdicts
from app.checks.models import LinkVerdict
from app.checks.verdicts import LEASE, LONGEST, SPACING
from app.db import atomic, db, utcnow
from app.posts import linking
from app.posts import services as posts
from app.posts.models import Post, PostLink, Revision
from app.review.models import Review
from app.review.services import submit
from connectors.visiting import Seen
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import World

GONE = Seen(verdict="dead", reason="gone", status=404)
AWAY = Seen(verdict="unsure", reason="unreachable")
ALIVE = Seen(verdict="alive", status=200)
POLICY = "http://zjj.example.gov.cn/policy.html"
BODY = f'<p>见<a href="{POLICY}">办法全文</a>。</p>'


@pytest.fixture
def now() -> datetime:
    """Links are noted by the clock of the machine."""
    return utcnow()


def write(world: World, now: datetime, body: str = BODY, **changes: object) -> Post:
    return posts.create_post(world.author, world.fields(body_html=body, **changes), now)


def claimed(now: datetime, limit: int = 9) -> list[str]:
    found = [visit.url for visit in linking.claim(limit, now)]
    db.session.rollback()
    return found


def tell(seen: Seen, now: datetime, url: str = POLICY) -> bool:
    found = verdicts.record(verdicts.hash_of(url), seen, now)
    db.session.rollback()
    return found


def told(post: Post) -> list[tuple[str, int | None, int | None]]:
    db.session.rollback()
    own, _by_variant = posts.problems_now(posts.current_revision(db.session.get_one(Post, post.id)))
    return [(p["rule"], p["start"], p["end"]) for p in own if p["rule"].startswith("link.")]


def test_a_new_link_is_looked_at_once_and_told(world: World, now: datetime) -> None:
    post = write(world, now)
    later = utcnow()
    assert claimed(later) == [POLICY]
    assert claimed(later) == [], "it is under way"
    assert told(post) == [], "nothing is known yet"
    assert tell(GONE, later) is True
    assert tell(GONE, later) is False, "known already"
    assert told(post) == [("link.dead", 1, 5)]
    assert tell(ALIVE, later + SPACING) is False
    assert told(post) == []


def test_looks_are_sparse(world: World, now: datetime) -> None:
    write(world, now)
    later = utcnow()
    tell(ALIVE, later)
    assert claimed(later + LONGEST - timedelta(minutes=1)) == []
    assert claimed(later + LONGEST) == [POLICY]
    for failures, hours in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 24), (7, 24)):
        tell(AWAY, later)
        row = db.session.scalars(select(LinkVerdict)).one()
        assert (row.failures, row.next_at - later) == (failures, timedelta(hours=hours))


def test_a_scheduler_that_died_while_looking_keeps_nothing(world: World, now: datetime) -> None:
    write(world, now)
    later = utcnow()
    assert claimed(later) == [POLICY]
    assert claimed(later + LEASE) == [POLICY]


def test_of_one_site_one_at_a_time(world: World, now: datetime) -> None:
    links = [f"http://a.example.cn/{n}" for n in range(3)] + ["http://b.example.cn/"]
    write(world, now, "".join(f'<p><a href="{url}">甲</a></p>' for url in links))
    later = utcnow()
    assert sorted(url.split("/")[2] for url in claimed(later)) == ["a.example.cn", "b.example.cn"]
    assert [url.split("/")[2] for url in claimed(later)] == ["a.example.cn"]
    assert len(claimed(later, limit=0)) == 0
    assert len(claimed(later)) == 1


def test_nothing_of_ours_is_looked_at(world: World, now: datetime) -> None:
    ours = (
        "http://127.0.0.1:8000/p/x", "http://127.0.0.1:8010/weibo/1", f"https://www.qinglan.gov.cn/p/{'0a' * 10}?w=1",
        "/media/1", "mailto:a@b.cn",
    )  # fmt: skip
    post = write(world, now, "".join(f'<p><a href="{url}">甲</a></p>' for url in ours))
    variant = posts.current_variants(post)[0]
    link = variant.payload["link"]
    posts.override_variant(world.author, post.id, variant.id, {"text": f"停水 {link}"}, now)
    assert claimed(utcnow()) == []
    assert db.session.scalars(select(LinkVerdict)).all() == []


def test_what_no_machine_reaches_is_not_the_sites_fault(world: World, now: datetime) -> None:
    post = write(world, now, f'{BODY}<p><a href="http://b.example.cn/">乙</a></p>')
    later = utcnow()
    for _ in range(3):
        tell(AWAY, later)
    assert told(post) == [], "this machine may be cut off"
    tell(ALIVE, later, "http://b.example.cn/")
    assert tell(AWAY, later + SPACING) is True
    assert told(post) == [("link.dead", 1, 5)]


def test_working_on_a_text_looks_again(world: World, now: datetime) -> None:
    post = write(world, now)
    tell(GONE, utcnow() - 2 * SPACING)
    tell(GONE, utcnow() - 2 * SPACING)
    assert claimed(utcnow()) == [POLICY], "due"
    tell(GONE, utcnow() - timedelta(minutes=10))
    posts.revise_post(world.author, post.id, {"summary": "新"}, 1, utcnow())
    assert claimed(utcnow()) == [], "looked at ten minutes ago"
    with atomic():
        db.session.scalars(select(LinkVerdict)).one().checked_at = utcnow() - timedelta(hours=1, minutes=1)
    posts.revise_post(world.author, post.id, {"summary": "又新"}, 2, utcnow())
    assert claimed(utcnow()) == [POLICY]


def test_what_nobody_needs_is_forgotten(world: World, now: datetime) -> None:
    post = write(world, now)
    other = write(world, now, title="另一篇")
    posts.revise_post(world.author, post.id, {"body_html": "<p>没有链接。</p>"}, 1, utcnow())
    assert [row.post_id for row in db.session.scalars(select(PostLink))] == [other.id]
    with atomic():
        db.session.get_one(Post, other.id).status = "published"
    assert claimed(utcnow()) == []
    assert db.session.scalars(select(LinkVerdict)).all() == []


def test_a_draft_that_was_left_waits(world: World, now: datetime) -> None:
    post = write(world, now - timedelta(days=31))
    assert claimed(utcnow()) == []
    posts.revise_post(world.author, post.id, {"summary": "新"}, 1, utcnow())
    assert claimed(utcnow()) == [POLICY]


def test_links_are_looked_at_again_before_the_hour(world: World, now: datetime) -> None:
    post = write(world, now)
    tell(ALIVE, utcnow() - timedelta(hours=7))
    assert claimed(utcnow()) == []
    with atomic():
        found = db.session.get_one(Post, post.id)
        found.status, found.publish_at = "scheduled", utcnow() + timedelta(hours=1)
    assert claimed(utcnow()) == [POLICY]
    tell(ALIVE, utcnow())
    assert claimed(utcnow()) == []


def test_a_part_set_by_hand_has_links_of_its_own(world: World, now: datetime) -> None:
    post = write(world, now, "<p>停水。</p>")
    variant = next(v for v in posts.current_variants(post) if v.account_id == world.wechat.id)
    posts.override_variant(world.author, post.id, variant.id, {"content_html": BODY}, now)
    assert claimed(utcnow()) == [POLICY]
    tell(GONE, utcnow())
    revision = posts.current_revision(db.session.get_one(Post, post.id))
    own, by_variant = posts.problems_now(revision)
    assert [p for p in own if p["rule"] == "link.dead"] == []
    found = {key: [p["field"] for p in all_ if p["rule"] == "link.dead"] for key, all_ in by_variant.items()}
    assert sorted(found.values()) == [[], ["content_html"]]


def test_summary_and_what_the_account_puts_around_have_links_too(world: World, now: datetime) -> None:
    head, foot = "http://head.example.cn/x", "http://foot.example.cn/"
    with atomic():
        world.wechat.settings = {"head_html": head, "foot_html": f'<p><a href="{foot}">办事大厅</a></p>'}
        # A microblog of this kind drops all addresses but the post's own.
        world.weibo.settings = {"head_text": "http://dropped.example.cn/"}
    summary = f"全文见 {POLICY}"
    post = write(world, now, "<p>停水。</p>", summary=summary)
    assert sorted(claimed(utcnow())) == [foot, head, POLICY]
    for url in (POLICY, foot, head):
        tell(GONE, utcnow(), url)
    found = posts.post_json(db.session.get_one(Post, post.id))
    own = [p for p in found["revision"]["problems"] if p["rule"] == "link.dead"]
    assert [(p["field"], summary[p["start"] : p["end"]]) for p in own] == [("summary", POLICY)]
    framed = {
        one["platform"]: [p for p in one["problems"] if (p["rule"], p["field"]) == ("link.dead", "account_ids")]
        for one in found["variants"]
    }
    assert framed["weibo"] == []
    assert [f"“{label}”" in p["message"] for label, p in zip(("片头", "片尾"), framed["wechat"], strict=True)] == [
        True
    ] * 2
    assert all("账号管理员" in p["message"] for p in framed["wechat"])
    posts.dismiss_problem(world.author, post.id, framed["wechat"][1]["key"], "下月启用", now)


def test_what_does_not_go_out_of_the_accounts_words_is_not_told(world: World, now: datetime) -> None:
    with atomic():
        world.wechat.settings = {"foot_html": '<p><a href="http://foot.example.cn/">办事大厅</a></p>'}
    post = write(world, now, "<p>停水。</p>", account_ids=[world.wechat.id])
    variant = posts.current_variants(post)[0]
    posts.override_variant(world.author, post.id, variant.id, {"content_html": "<p>停水。</p>"}, now)
    assert claimed(utcnow()) == []


def test_who_schedules_hears_what_is_known_of_today(world: World, now: datetime) -> None:
    """A post that lay for long: its links were forgotten, or what is known of them is old."""
    post = write(world, now, f'{BODY}<p><a href="http://b.example.cn/">乙</a></p>')
    tell(ALIVE, now - timedelta(hours=25), "http://b.example.cn/")
    with atomic():
        verdicts.forget([verdicts.hash_of(POLICY)])
        row = db.session.scalars(select(LinkVerdict)).one()
        row.next_at = now + timedelta(days=9)
    assert claimed(now) == []
    with atomic():
        linking.look_again(db.session.get_one(Post, post.id), now)
    assert sorted(claimed(now)) == ["http://b.example.cn/", POLICY]
    tell(ALIVE, now)
    tell(ALIVE, now - timedelta(hours=23), "http://b.example.cn/")
    with atomic():
        linking.look_again(db.session.get_one(Post, post.id), now)
    assert claimed(now) == [], "known of today"


def test_it_is_shown_explained_and_does_not_keep_from_review(world: World, enter: Enter, now: datetime) -> None:
    post = write(world, now)
    tell(GONE, utcnow())
    client = enter(world.author)
    assert "link.dead" in client.get(f"/posts/{post.id}").text, "opened after the look"
    shown = posts.post_json(db.session.get_one(Post, post.id))
    assert [p["field"] for p in shown["revision"]["problems"] if p["rule"] == "link.dead"] == ["body"], (
        "the API says so, too"
    )
    assert all("link.dead" in str(variant["problems"]) for variant in shown["variants"])
    beat = client.post(f"/posts/{post.id}/presence", json={"typed": False}).get_json()
    key = next(p["key"] for p in beat["problems"] if p["rule"] == "link.dead")
    saved = posts.dismiss_problem(world.author, post.id, key, "内网可开", now)
    shown = [p for p in posts.post_json(saved)["revision"]["problems"] if p["rule"] == "link.dead"]
    assert [p["dismissed"]["reason"] for p in shown] == ["内网可开"]
    submit(world.author, post.id, now)
    assert db.session.get_one(Post, post.id).status == "in_review"
    reviewer, run = enter(world.reviewers[0]), db.session.scalars(select(Review)).one()
    for page in (f"/posts/{post.id}", f"/review/{run.id}"):
        assert "链接打不开：404，网页不存在" in reviewer.get(page).text
    tell(ALIVE, utcnow())
    own, _by_variant = posts.problems_now(db.session.get_one(Revision, run.revision_id))
    assert not [p for p in own if p["rule"] == "link.dead"]
