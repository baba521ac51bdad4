"""Packs in a post's checks: found, explained with a reason, back when the text changes, and looked for in what is out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from app.audit.models import Event
from app.checks import keeping
from app.checks.builtin import builtin_packs
from app.checks.models import PackHit, WordPack
from app.checks.words import Matcher, Term
from app.db import atomic, db, utcnow
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid
from app.media import services as media
from app.posts import lookback, lookback_shipped
from app.posts import services as posts
from app.posts.conflicts import compare_with_newest
from app.posts.history import history_of
from app.posts.models import Post
from app.review import services as review
from app.units.access import SYSTEM
from app.units.services import issue_token
from tests.app.posts.helpers import World, png
from tests.app.review.test_review import issue_session

SLIP = "<p>截止目前已通车。</p><p>第二段。</p>"


def wording(post: Post) -> list[dict[str, object]]:
    return [p for p in posts.current_revision(post).problems if p["rule"].startswith("wording.")]


def draft(world: World, body: str = SLIP) -> Post:
    return posts.create_post(world.author, world.fields(body_html=body), world.now)


def key_of(post: Post) -> str:
    (problem,) = wording(post)
    return str(problem["key"])


def explained(world: World, post: Post) -> Post:
    return posts.dismiss_problem(world.author, post.id, key_of(post), "引用原文", world.now)


def published(world: World, body: str = SLIP, unit_id: str = "", **changes: object) -> Post:
    fields = world.fields(**{"body_html": body, "account_ids": [], "unit_id": unit_id or world.city.id, **changes})
    author = world.person(f"writer-{db.session.query(Post).count()}", world.city, "author")
    post = posts.create_post(author, fields, world.now)
    with atomic():
        post.status = "published"
        post.public_revision_id = post.revision_id
    return post


def pack_of(world: World, *terms: Term) -> WordPack:
    return keeping.create_pack(world.admin, unit_id=world.city.id, name="词", source="", now=world.now, terms=terms)


SLIP_TERM = Term(wrong="通车", right="开通", reason="用语统一")


def test_a_post_carries_what_its_units_packs_find(world: World) -> None:
    pack_of(world, SLIP_TERM)
    post = draft(world)
    assert [(p["field"], p["start"], p["end"], p["suggestion"]) for p in wording(post)] == [
        ("body", 0, 4, "截至目前"),
        ("body", 5, 7, "开通"),
    ]
    _weibo, wechat = posts.current_variants(post)
    assert [p for p in wechat.problems if p["rule"] == "wording.error"] == wording(post)
    shown = posts.post_json(post)["revision"]["problems"]
    assert [p["key"] for p in shown if p["rule"] == "wording.error"] == [p["key"] for p in wording(post)]


def test_parts_written_by_hand_are_checked_too(world: World) -> None:
    post = draft(world, "<p>正文。</p>")
    weibo, _wechat = posts.current_variants(post)
    posts.override_variant(world.author, post.id, weibo.id, {"text": "截止目前，其它路段畅通"}, world.now)
    weibo, wechat = posts.current_variants(post)
    assert [p["suggestion"] for p in weibo.problems if p["rule"] == "wording.error"] == ["截至目前", "其他"]
    assert [p for p in wechat.problems if p["rule"] == "wording.error"] == []
    key = next(p["key"] for p in weibo.problems if p["suggestion"] == "其他")
    post = posts.dismiss_problem(world.author, post.id, key, "引用", world.now)
    weibo, _wechat = posts.current_variants(post)
    assert [p["suggestion"] for p in weibo.problems if p.get("dismissed")] == ["其他"]


def test_severe_words_keep_a_post_from_review(world: World) -> None:
    post = draft(world, "<p>市人名政府发布。</p>")
    with pytest.raises(ContentBlocked) as refused:
        review.submit(world.author, post.id, world.now)
    assert [p["rule"] for p in refused.value.extra["problems"] if p["severity"] == "block"] == ["wording.severe"]
    with pytest.raises(Conflict):
        posts.dismiss_problem(world.author, post.id, "", "不能", world.now)


def test_words_that_became_severe_meanwhile_stop_the_approval(world: World) -> None:
    post = review.submit(world.author, draft(world).id, world.now)
    pack_of(world, Term(wrong="通车", severity="block"))
    with pytest.raises(ContentBlocked):
        review.decide(world.reviewers[0], posts.current_revision(post).id, "approved", "", None, world.now)


def test_an_explanation_stays_with_the_revision_and_is_told(app: Flask, world: World) -> None:
    post = explained(world, draft(world))
    (problem,) = wording(post)
    assert problem["dismissed"] == {"reason": "引用原文", "by_name": "author", "at": world.now.isoformat()}
    post = review.submit(world.author, post.id, world.now)
    shown = review.review_of(posts.current_revision(post).id)
    assert shown is not None
    page = issue_session(app, world.reviewers[0]).get(f"/review/{shown.id}").text
    assert "已说明：引用原文（author）" in page
    event = db.session.query(Event).filter_by(action="post.dismiss").one()
    assert event.after["reason"] == "引用原文"


def test_a_changed_line_brings_the_problem_back_and_another_line_does_not(world: World) -> None:
    post = explained(world, draft(world))
    body = SLIP.replace("第二段", "第二段改了")
    post = posts.revise_post(world.author, post.id, {"body_html": body}, post.version, world.now)
    assert "dismissed" in wording(post)[0]
    body = SLIP.replace("已通车", "全线已通车")
    post = posts.revise_post(world.author, post.id, {"body_html": body}, post.version, world.now)
    assert "dismissed" not in wording(post)[0]
    post = posts.revise_post(world.author, post.id, {"body_html": SLIP}, post.version, world.now)
    assert "dismissed" in wording(post)[0]


def test_an_explanation_can_be_taken_back(world: World) -> None:
    post = explained(world, draft(world))
    post = posts.undismiss_problem(world.author, post.id, key_of(post), world.now)
    assert "dismissed" not in wording(post)[0]


def test_explaining_a_submitted_post_opens_a_new_revision_with_what_was_said(world: World) -> None:
    post = review.submit(world.author, draft(world, SLIP + "<p>其它。</p>").id, world.now)
    first = posts.current_revision(post)
    keys = [str(p["key"]) for p in wording(post)]
    post = posts.dismiss_problem(world.colleague, post.id, keys[0], "引用原文", world.now)
    assert (post.status, posts.current_revision(post).number) == ("draft", 2)
    assert (first.dismissals, [p.get("dismissed") for p in first.problems if p["key"] in keys]) == ([], [None, None])
    assert world.colleague.user_id in posts.current_revision(post).editors
    post = review.submit(world.author, post.id, world.now)
    post = posts.dismiss_problem(world.author, post.id, keys[1], "也是", world.now)
    assert [one["reason"] for one in posts.current_revision(post).dismissals] == ["引用原文", "也是"]


def test_explaining_on_a_draft_puts_nobody_elses_saving_out(world: World) -> None:
    post = draft(world)
    seen, states = post.version, history_of(world.author, post.id).items
    post = explained(world, post)
    assert post.version == seen
    assert [one.id for one in history_of(world.author, post.id).items] == [one.id for one in states]
    # A colleague who had opened it before saves without a conflict, and what was said stays.
    post = posts.revise_post(world.colleague, post.id, {"title": "改题"}, seen, world.now)
    assert "dismissed" in wording(post)[0]
    post = posts.undismiss_problem(world.author, post.id, key_of(post), world.now, version=post.version)
    assert post.version == seen + 1


def test_explaining_on_a_submitted_post_is_an_edit_and_kept_as_one(world: World) -> None:
    post = review.submit(world.author, draft(world).id, world.now)
    seen, key = post.version, key_of(post)
    post = posts.dismiss_problem(world.colleague, post.id, key, "引用原文", world.now)
    assert post.version == seen + 1
    newest = history_of(world.author, post.id).items[0]
    assert (newest.kind, newest.revision_number, newest.actor_id) == ("edited", 2, world.colleague.user_id)
    # Whoever had it open is told by whom.
    with pytest.raises(Conflict):
        posts.revise_post(world.author, post.id, {"title": "改题"}, seen, world.now)
    told = compare_with_newest(world.author, post.id, mine={"title": "改题"}, base={}, now=world.now)
    assert told.who == "colleague"


@pytest.mark.parametrize("reason", ["", "   ", "长" * 301])
def test_an_explanation_has_a_reason(world: World, reason: str) -> None:
    post = draft(world)
    with pytest.raises(Invalid):
        posts.dismiss_problem(world.author, post.id, key_of(post), reason, world.now)


def test_what_is_gone_or_overtaken_or_not_ones_own_cannot_be_explained(world: World) -> None:
    post = draft(world)
    key = key_of(post)
    with pytest.raises(Forbidden):
        posts.dismiss_problem(world.admin, post.id, key, "理由", world.now)
    with pytest.raises(Conflict):
        posts.dismiss_problem(world.author, post.id, key, "理由", world.now, version=post.version + 1)
    post = posts.revise_post(world.author, post.id, {"body_html": "<p>好。</p>"}, post.version, world.now)
    with pytest.raises(Conflict, match="已经不在了"):
        posts.dismiss_problem(world.author, post.id, key, "理由", world.now)


def test_the_composers_routes(app: Flask, world: World) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    post = draft(world)
    client, key = issue_session(app, world.author), key_of(post)
    refused = client.post(f"/posts/{post.id}/dismissals", json={"key": key, "reason": ""})
    assert refused.status_code == 422
    answer = client.post(f"/posts/{post.id}/dismissals", json={"key": key, "reason": "引用"}).get_json()
    (problem,) = [p for p in answer["post"]["revision"]["problems"] if p["rule"] == "wording.error"]
    assert problem["dismissed"]["reason"] == "引用"
    stale = client.delete(f"/posts/{post.id}/dismissals/{key}?version={post.version - 1}")
    assert stale.status_code == 409
    answer = client.delete(f"/posts/{post.id}/dismissals/{key}?version={answer['post']['version']}").get_json()
    (problem,) = [p for p in answer["post"]["revision"]["problems"] if p["rule"] == "wording.error"]
    assert "dismissed" not in problem
    assert client.delete(f"/posts/{post.id}/dismissals/{key}").status_code == 404


def test_a_changed_pack_has_what_is_out_looked_through(app: Flask, world: World) -> None:
    out = published(world)
    below = published(world, "<p>区县通车。</p>", unit_id=world.bureau.id)
    draft(world, "<p>没有发布的通车。</p>")
    pack = pack_of(world, SLIP_TERM)
    before = (out.version, posts.current_revision(out).problems)
    assert lookback.look_back(world.now) >= 2
    hits = lookback.hits_of(world.admin, pack.id).items
    assert {(hit.post_id, hit.quote[hit.start : hit.start + hit.length]) for hit in hits} == {
        (out.id, "通车"),
        (below.id, "通车"),
    }
    assert (out.version, posts.current_revision(out).problems) == before
    page = issue_session(app, world.admin).get(f"/settings/packs/{pack.id}").text
    assert f"/posts/{out.id}" in page
    assert "2 篇中有 2 处" in page
    assert lookback.look_back(world.now) == 0
    keeping.add_term(world.admin, pack.id, {"wrong": "已通", "right": "已开通"}, world.now)
    lookback.look_back(world.now + timedelta(minutes=1))
    assert {hit.version for hit in lookback.hits_of(world.admin, pack.id).items} == {2}


def test_looking_back_goes_on_where_it_was_and_leaves_out_what_was_explained(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookback, "_BATCH", 2)
    monkeypatch.setattr(lookback, "_ROUND", 2)
    outs = [published(world, f"<p>第{number}条通车。</p>") for number in range(5)]
    pack = pack_of(world, SLIP_TERM)
    with atomic():
        revision = posts.current_revision(outs[0])
        (place,) = Matcher([SLIP_TERM]).find("第0条通车。")
        key = lookback.key_of_place(place, "body", "第0条通车。")
        revision.dismissals = [{"key": key, "rule": "", "reason": "", "by": "", "by_name": "", "at": ""}]
    counts = []
    for _round in range(3):
        assert lookback.look_back(world.now) > 0
        counts.append(lookback.count_hits(world.admin, pack.id)[0])
    assert counts == [2, 4, 4]
    assert (pack.looked_at_version, pack.looked_posts) == (1, 5)


def test_looking_back_reads_all_that_readers_got(world: World) -> None:
    """Descriptions of pictures, topics, and what the account puts above and below every text."""
    image = media.add_media(world.author, unit_id=world.city.id, name="图.png", content=png(), now=world.now)
    with atomic():
        world.wechat.settings = {"foot_html": "<p>编辑：停气服务组</p>"}
    body = f'<p>正文。</p><img src="/media/{image.sha256}" alt="停水现场">'
    published(world, body, tags=["停电"], account_ids=[world.wechat.id])
    pack = pack_of(world, Term(wrong="停水", right="暂停供水"), Term(wrong="停电"), Term(wrong="停气"))
    lookback.look_back(world.now)
    hits = lookback.hits_of(world.admin, pack.id).items
    assert {(hit.field, hit.wrong) for hit in hits} == {("body", "停水"), ("tags", "停电"), ("content_html", "停气")}
    assert len(hits) == 3


def test_a_post_that_is_wrong_throughout_is_not_looked_through_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = published(world, "<p>" + "通车" * 2_000 + "</p>")
    with atomic():
        posts.current_revision(post).dismissals = [
            {"key": "0", "rule": "", "reason": "", "by": "", "by_name": "", "at": ""}
        ]
    asked: list[str] = []
    plain = lookback.key_of_place
    monkeypatch.setattr(lookback, "key_of_place", lambda *given: asked.append("") or plain(*given))
    pack = pack_of(world, SLIP_TERM)
    lookback.look_back(world.now)
    assert lookback.count_hits(world.admin, pack.id) == (50, 1)
    assert len(asked) == 50


def test_a_pack_switched_off_forgets_what_it_found(world: World) -> None:
    published(world)
    pack = pack_of(world, SLIP_TERM)
    lookback.look_back(world.now)
    assert db.session.query(PackHit).count() == 1
    keeping.switch_pack(world.admin, pack.id, False, world.now)
    assert (db.session.query(PackHit).count(), lookback.look_back(world.now)) == (0, 0)
    keeping.switch_pack(world.admin, pack.id, True, world.now)
    lookback.look_back(world.now)
    assert db.session.query(PackHit).count() == 1


def test_a_pack_of_the_product_looks_back_when_it_is_new_to_a_unit(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once; again when it was off in between or an upgrade brought another version. Each unit's places are its own."""
    monkeypatch.setattr(lookback_shipped, "_BATCH", 2)
    key = "1-notices"
    (slip,) = [term for pack in builtin_packs() if pack.key == key for term in pack.terms if term.wrong == "帐号"]
    outs = [published(world, f"<p>第{number}个帐号。</p>") for number in range(3)]
    below = published(world, "<p>区县的帐号。</p>", unit_id=world.bureau.id)
    assert lookback_shipped.look_back_shipped(world.now) >= 4
    look = lookback_shipped.looks_of(world.admin, key)
    assert (look.looked, look.places, look.posts, look.busy) == (4, 4, 4, False)
    assert {hit["post_id"] for hit in look.hits} == {below.id, *(post.id for post in outs)}
    assert {hit["quote"][hit["start"] : hit["start"] + hit["length"]] for hit in look.hits} == {slip.wrong}
    reader = world.person("bureau-author", world.bureau, "author")
    assert [hit["post_id"] for hit in lookback_shipped.looks_of(reader, key).hits] == [below.id]
    assert lookback_shipped.looks_of(world.outsider, key).hits == []
    assert lookback_shipped.look_back_shipped(world.now) == 0
    page = issue_session(app, world.admin).get(f"/settings/packs/builtin/{key}").text
    assert f"/posts/{below.id}" in page
    keeping.switch_builtin(world.admin, world.bureau.id, key, False, world.now)
    lookback_shipped.look_back_shipped(world.now)
    assert lookback_shipped.looks_of(world.admin, key).looked == 3
    keeping.switch_builtin(world.admin, world.bureau.id, key, True, world.now)
    newer = tuple(replace(pack, version="2099-01-01") for pack in builtin_packs())
    lookback_shipped.look_back_shipped(world.now)
    assert lookback_shipped.looks_of(world.admin, key).looked == 4
    monkeypatch.setattr(lookback_shipped, "builtin_packs", lambda: newer)
    monkeypatch.setattr(lookback_shipped, "_ROUND", 1)
    assert lookback_shipped.look_back_shipped(world.now) > 0
    monkeypatch.setattr(lookback_shipped, "_ROUND", 500)
    lookback_shipped.look_back_shipped(world.now)
    look = lookback_shipped.looks_of(world.admin, key)
    assert (look.looked, look.places, look.busy) == (4, 4, False)


def test_places_are_shown_to_those_who_may_read_the_post(world: World) -> None:
    published(world, "<p>区县通车。</p>", unit_id=world.bureau.id)
    published(world)
    pack = pack_of(world, SLIP_TERM)
    lookback.look_back(world.now)
    reader = world.person("bureau-author", world.bureau, "author")
    assert lookback.count_hits(reader, pack.id) == (1, 1)
    assert lookback.count_hits(world.outsider, pack.id) == (0, 0)


def test_the_api_tells_keys_and_takes_explanations(app: Flask, world: World) -> None:
    token = issue_token(SYSTEM, user_id=world.author.user_id, name="t", days=1, scopes=[], now=utcnow())
    headers = {"Authorization": f"Bearer {token}"}
    post = draft(world)
    path = f"/api/v1/posts/{post.id}"
    shown = app.test_client().get(path, headers=headers).get_json()
    (problem,) = [p for p in shown["revision"]["problems"] if p["rule"] == "wording.error"]
    assert "dismissed" not in problem
    given = {"key": problem["key"], "reason": "引用"}
    answer = app.test_client().post(f"{path}/dismissals", json=given, headers=headers)
    (problem,) = [p for p in answer.get_json()["revision"]["problems"] if p["rule"] == "wording.error"]
    assert problem["dismissed"]["by_name"] == "author"
    assert app.test_client().delete(f"{path}/dismissals/{problem['key']}", headers=headers).status_code == 200
    refused = app.test_client().post(f"{path}/dismissals", json={**given, "key": "x"}, headers=headers)
    assert refused.status_code == 409
