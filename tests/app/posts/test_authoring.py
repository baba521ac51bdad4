"""Writing: each edit adapts anew; versions guard against overwriting; what was submitted is never changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.audit.services import verify
from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound
from app.media.services import add_media
from app.posts import services as posts
from app.posts.adapting import all_problems
from app.posts.models import Revision, Variant
from app.review import services as review
from tests.app.posts.helpers import World, png


def payloads(post_id: str) -> list[str]:
    db.session.expire_all()
    return list(
        db.session.scalars(
            select(Variant.sha256).join(Revision).where(Revision.post_id == post_id).order_by(Variant.position)
        )
    )


def test_a_new_post_is_adapted_for_each_account(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(tags=["天气", "天气", " "], urgent=True), now)
    shown = posts.post_json(post)
    assert (shown["status"], shown["version"], shown["revision"]["number"], shown["urgent"]) == ("draft", 1, 1, True)
    assert shown["tags"] == ["天气"]
    assert shown["account_ids"] == [world.weibo.id, world.wechat.id]
    weibo, wechat = shown["variants"]
    assert weibo["payload"]["link"] in weibo["payload"]["text"]
    assert f"/p/{post.slug}?w=" in weibo["payload"]["link"]
    assert wechat["payload"]["title"] == "暴雨橙色预警"
    for variant in shown["variants"]:
        canonical = json.dumps(variant["payload"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256(canonical.encode()).hexdigest() == variant["sha256"]
        assert {"used", "limit", "unit"} <= set(variant["length"])
    assert wechat["problems"] == []


def test_the_same_content_gives_the_same_payload(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    before = payloads(post.id)
    post = posts.revise_post(world.author, post.id, {"title": "另一个标题"}, 1, now)
    assert payloads(post.id) != before
    posts.revise_post(world.author, post.id, {"title": "暴雨橙色预警"}, 2, now)
    assert payloads(post.id) == before


def test_a_stale_version_changes_nothing(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    posts.revise_post(world.colleague, post.id, {"title": "同事改过"}, 1, now)
    with pytest.raises(Conflict) as refused:
        posts.revise_post(world.author, post.id, {"title": "我改的"}, 1, now)
    assert refused.value.extra == {"version": 2}
    assert posts.get_post(world.author, post.id).title == "同事改过"


def test_a_draft_is_edited_in_place_and_remembers_everyone(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    post = posts.revise_post(world.colleague, post.id, {"summary": "新摘要"}, 1, now)
    revision = posts.current_revision(post)
    assert (revision.number, post.version) == (1, 2)
    assert revision.editors == [world.author.user_id, world.colleague.user_id]


def test_nothing_changed_is_no_new_version(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    review.submit(world.author, post.id, now)
    post = posts.revise_post(world.author, post.id, {"title": post.title}, 1, now)
    assert (post.version, post.status) == (1, "in_review")


def test_an_edit_of_what_was_submitted_opens_a_new_revision(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    variant_id = posts.current_variants(post)[0].id
    text = posts.current_variants(post)[0].payload["text"]
    post = posts.override_variant(world.author, post.id, variant_id, {"text": "手写的 " + text}, now)
    review.submit(world.author, post.id, now)
    old = posts.current_revision(post)
    frozen = (old.id, old.title, [v.sha256 for v in old.variants], {v.mark for v in old.variants})
    post = posts.revise_post(world.author, post.id, {"title": "改后的标题"}, post.version, now + timedelta(minutes=1))
    new = posts.current_revision(post)
    assert (post.status, new.number, new.frozen_at) == ("draft", 2, None)
    assert new.variants[0].overrides == {"text": "手写的 " + text}
    assert not {v.mark for v in new.variants} & frozen[3]
    kept = db.session.get(Revision, frozen[0])
    assert kept is not None
    assert (kept.title, [v.sha256 for v in kept.variants]) == frozen[1:3]
    voided = review.review_of(frozen[0])
    assert voided is not None
    assert voided.status == "void"
    assert [r.number for r in posts.revisions_of(world.author, post.id).items] == [2, 1]


def test_a_hook_can_refuse_an_edit_and_then_nothing_changed(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    review.submit(world.author, post.id, now)

    def refuse(*_args: object) -> None:
        raise Conflict("发送中，不能修改。")

    posts.on_revised.append(refuse)
    try:
        with pytest.raises(Conflict):
            posts.revise_post(world.author, post.id, {"title": "晚了"}, 1, now)
    finally:
        posts.on_revised.remove(refuse)
    post = posts.get_post(world.author, post.id)
    assert (post.status, post.version, posts.current_revision(post).number) == ("in_review", 1, 1)


@pytest.mark.parametrize("status", ["publishing", "published", "partly_published"])
def test_what_has_gone_out_is_not_edited(world: World, now: datetime, status: str) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    review.submit(world.author, post.id, now)
    with atomic():
        posts.set_status(posts.get_post(world.author, post.id), status, now)
    with pytest.raises(Conflict):
        posts.revise_post(world.author, post.id, {"title": "晚了"}, 1, now)


def test_overrides_are_marked_and_reset(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    before = wechat.sha256
    post = posts.override_variant(world.author, post.id, wechat.id, {"digest": "手写摘要", "author": "值班室"}, now)
    wechat = posts.current_variants(post)[1]
    assert (wechat.payload["digest"], wechat.payload["author"], post.version) == ("手写摘要", "值班室", 2)
    assert any(note["kind"] == "override" for note in wechat.notes)
    post = posts.override_variant(world.author, post.id, wechat.id, {"digest": None, "author": None}, now)
    wechat = posts.current_variants(post)[1]
    assert (wechat.overrides, wechat.sha256) == ({}, before)


def test_an_override_is_checked_like_the_text(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    changes = {"content_html": "<p>联系人电话13800138000</p>", "digest": "身份证110101199003071233"}
    post = posts.override_variant(world.author, post.id, wechat.id, changes, now)
    found = [p for p in posts.current_variants(post)[1].problems if p["rule"].startswith("privacy.")]
    assert {(p["field"], p["severity"]) for p in found} == {("content_html", "block"), ("digest", "block")}


@pytest.mark.parametrize("overrides", [{"link": "https://x.example"}, {"nonsense": "1"}])
def test_fixed_and_unknown_parts_cannot_be_overridden(world: World, now: datetime, overrides: dict[str, str]) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    with pytest.raises(Invalid) as refused:
        posts.override_variant(world.author, post.id, posts.current_variants(post)[0].id, overrides, now)
    assert list(refused.value.errors) == [f"overrides.{next(iter(overrides))}"]


@pytest.mark.parametrize(
    ("at", "overrides"),
    [
        (1, {"title": 13800138000}),
        (0, {"text": ["电话13800138000"]}),
        (0, {"images": "13800138000"}),
        (1, {"cover": "13800138000"}),
        (1, {"comments": 1}),
        (1, {"form": []}),
        (1, {"form": {"a": 1}}),
        (1, {"theme": ["service"]}),
    ],
)
def test_a_part_set_by_hand_is_of_its_own_kind(
    world: World, now: datetime, at: int, overrides: dict[str, object]
) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    with pytest.raises(Invalid) as refused:
        posts.override_variant(world.author, post.id, posts.current_variants(post)[at].id, overrides, now)
    assert list(refused.value.errors) == [f"overrides.{next(iter(overrides))}"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_picture_that_the_library_never_had_is_named_as_that(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    weibo, wechat = posts.current_variants(post)
    never = "ab" * 32
    for variant, part in (
        (weibo, {"images": [{"sha256": never, "media_id": ""}]}),
        (wechat, {"content_html": f'<p>甲<img src="/media/{never}"></p>'}),
    ):
        with pytest.raises(Invalid) as refused:
            posts.override_variant(world.author, post.id, variant.id, part, now)
        ((name, (words,)),) = refused.value.errors.items()
        assert name == f"overrides.{next(iter(part))}"
        assert "不在素材库中" in words


def test_words_and_numbers_inside_a_structured_part_are_checked(world: World, now: datetime) -> None:
    """Also in parts that were stored when any kind was taken."""
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    audience = {"is_to_all": False, "tag_id": 2, "tag_name": "联系13800138000"}
    post = posts.override_variant(world.author, post.id, wechat.id, {"delivery": {"audience": audience}}, now)
    found = [p for p in posts.current_variants(post)[1].problems if p["rule"] == "privacy.mobile"]
    assert [(p["field"], p["severity"], p["start"]) for p in found] == [("delivery", "block", None)]
    with atomic():
        posts.current_variants(post)[0].overrides = {"text": 13800138000, "images": [{"sha256": "13800138000"}]}
    found = [p.field for p in all_problems(posts.current_revision(post)) if p.rule == "privacy.mobile"]
    assert found == ["text", "delivery"]


def test_what_an_account_puts_around_its_texts_is_checked(world: World, now: datetime) -> None:
    """It is told on that account's version alone, with who must act; what the author wrote instead is not held up."""
    with atomic():
        world.weibo.settings = {"foot_text": "咨询13800138000"}
        world.wechat.settings = {"head_html": "<p>值班：138 0013 8001</p>", "foot_html": "公示 110101199003071233"}
    post = posts.create_post(world.author, world.fields(), now)
    weibo, wechat = posts.current_variants(post)
    found = [(p["rule"], p["severity"], p["field"]) for p in weibo.problems if p["severity"] == "block"]
    assert found == [("account.foot_text", "block", "account_ids")]
    (told,) = (p["message"] for p in weibo.problems if p["severity"] == "block")
    assert "账号“青岚发布weibo”的设置“片尾文字”" in told
    assert "138****8000" in told
    assert "账号管理员" in told
    assert [p["rule"] for p in wechat.problems if p["severity"] == "block"] == [
        "account.head_html",
        "account.foot_html",
    ]
    assert not posts.current_revision(post).problems
    with pytest.raises(ContentBlocked):
        review.submit(world.author, post.id, now)
    own = {"content_html": "<p>手写的正文</p>"}
    post = posts.override_variant(world.author, post.id, wechat.id, own, now)
    assert not [p for p in posts.current_variants(post)[1].problems if p["severity"] == "block"]


def test_accounts_come_and_go_and_keep_their_overrides(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    post = posts.override_variant(world.author, post.id, wechat.id, {"digest": "手写"}, now)
    post = posts.revise_post(world.author, post.id, {"account_ids": [world.wechat.id]}, 2, now)
    (only,) = posts.current_variants(post)
    assert (only.account_id, only.overrides) == (world.wechat.id, {"digest": "手写"})
    post = posts.revise_post(world.author, post.id, {"account_ids": [world.weibo.id, world.wechat.id]}, 3, now)
    assert [v.account_id for v in posts.current_variants(post)] == [world.weibo.id, world.wechat.id]


def test_cover_and_attachments_must_be_in_the_library(world: World, now: datetime) -> None:
    picture = add_media(world.author, unit_id=world.city.id, name="a.png", content=png(), now=now)
    post = posts.create_post(world.author, world.fields(cover_media_id=picture.id), now)
    wechat = posts.current_variants(post)[1]
    assert wechat.payload["cover"]["media_id"] == picture.id
    with pytest.raises(Invalid) as refused:
        posts.create_post(world.author, world.fields(cover_media_id="none", attachments=["none"]), now)
    assert set(refused.value.errors) == {"cover_media_id", "attachments"}


def test_the_name_of_an_attached_picture_is_checked(world: World, now: datetime) -> None:
    picture = add_media(world.author, unit_id=world.city.id, name="王某_13800138000.png", content=png(), now=now)
    post = posts.create_post(world.author, world.fields(attachments=[picture.id]), now)
    found = [p for p in posts.current_revision(post).problems if p["field"].startswith("attachment:")]
    assert [(p["rule"], p["severity"]) for p in found] == [("privacy.mobile", "block")]


def test_wrong_fields_are_all_named(world: World, now: datetime) -> None:
    given = world.fields(
        title="长" * 201, tags=["x" * 50], account_ids=["nobody"], body_markdown="x", corrects_id="none", colour="red"
    )
    with pytest.raises(Invalid) as refused:
        posts.create_post(world.author, given, now)
    assert set(refused.value.errors) == {"title", "tags", "account_ids", "body_markdown", "corrects_id", "colour"}


def test_permissions(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    with pytest.raises(NotFound):
        posts.get_post(world.outsider, post.id)
    with pytest.raises(NotFound):
        posts.revise_post(world.outsider, post.id, {"title": "x"}, 1, now)
    with pytest.raises(Forbidden):
        posts.revise_post(world.reviewers[0], post.id, {"title": "x"}, 1, now)
    with pytest.raises(Invalid):
        posts.create_post(world.outsider, {**world.fields(), "unit_id": world.other.id}, now)
    assert posts.posts_of(world.outsider).items == []
    assert [p.id for p in posts.posts_of(world.reviewers[0], status="draft", q="橙色").items] == [post.id]
    assert posts.posts_of(world.author, status="approved").items == []


def test_control_characters_never_reach_the_database(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(title="甲\x00乙", body_html="<p>a\x00b\x0bc</p>"), now)
    assert (post.title, posts.current_revision(post).body_html) == ("甲乙", "<p>abc</p>")


def test_every_act_is_in_the_log(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    posts.revise_post(world.author, post.id, {"title": "新"}, 1, now)
    posts.override_variant(world.author, post.id, posts.current_variants(post)[1].id, {"digest": "d"}, now)
    events = db.session.scalars(select(Event).where(Event.object_id == post.id).order_by(Event.seq)).all()
    assert [event.action for event in events] == ["post.create", "post.edit", "post.override"]
    assert events[1].after["fields"] == ["title"]
    assert verify() == []


@pytest.mark.parametrize(("origin", "blocked"), [("211.156.0.1", False), ("192.168.1.20", True), ("", True)])
def test_a_live_weibo_wants_a_public_address_of_the_writer_or_of_the_server(
    world: World, now: datetime, origin: str, blocked: bool
) -> None:
    with atomic():
        world.weibo.environment = "live"
    author = dataclasses.replace(world.author, origin=origin)
    post = posts.create_post(author, world.fields(account_ids=[world.weibo.id]), now=now)
    (variant,) = posts.current_variants(post)
    named = [problem for problem in variant.problems if "TANDEM_EGRESS_IP" in problem["message"]]
    assert [problem["severity"] for problem in named] == (["block"] if blocked else [])


def test_the_author_chooses_the_form_of_a_wechat_post_and_back(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    before = wechat.sha256
    post = posts.override_variant(world.author, post.id, wechat.id, {"form": "newspic"}, now)
    wechat = posts.current_variants(post)[1]
    assert wechat.payload["form"] == "newspic"
    assert [problem["field"] for problem in wechat.problems if problem["severity"] == "block"] == ["images"]
    post = posts.override_variant(world.author, post.id, wechat.id, {"text": "只有几个字"}, now)
    wechat = posts.current_variants(post)[1]
    assert wechat.payload["text"] == "只有几个字"
    # The text is no part of an article: it may still be reset.
    post = posts.override_variant(world.author, post.id, wechat.id, {"form": None}, now)
    wechat = posts.current_variants(post)[1]
    post = posts.override_variant(world.author, post.id, wechat.id, {"text": None}, now)
    wechat = posts.current_variants(post)[1]
    assert (wechat.overrides, wechat.sha256) == ({}, before)


@pytest.mark.parametrize("form", ["video", "", 1])
def test_an_unknown_form_is_refused(world: World, now: datetime, form: object) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    for variant in posts.current_variants(post):
        with pytest.raises(Invalid):
            posts.override_variant(world.author, post.id, variant.id, {"form": form}, now)
