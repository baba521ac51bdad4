"""Templates: shipped ones are sound, blanks are filled in, fixed parts stay as they are or keep the post from review."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from app.db import atomic, db
from app.errors import ContentBlocked, Forbidden, Invalid, NotFound
from app.media.services import add_media
from app.posts import services as posts
from app.posts import templates, templates_keeping
from app.posts.models import Post, Template
from app.posts.templates_filling import BLANK, KINDS, blanks_in
from app.review import services as review
from tests.app.posts.helpers import World, png

OUTAGE = {
    "停供": "停水",
    "原因": "主管道检修",
    "开始时间": "2026-07-12T22:00",
    "结束时间": "2026-07-13T06:30",
    "范围摘要": "城东片区部分小区",
    "详细范围": "<滨河路>、新民小区",
    "负责单位": "青岚市供水公司",
    "服务电话": "0512-12345",
}
BODY = '<h2>{{事项}}须知</h2><p>请于{{时间}}前办理。</p><p data-locked="1">咨询电话{{电话}}，<a href="https://qinglan.example/g">办事指南</a>。</p>'


def given(world: World, **changes: Any) -> dict[str, Any]:
    field = {"kind": "text", "required": True, "choices": [], "hint": ""}
    fields = [{**field, "name": name} for name in ("事项", "时间", "电话")]
    return {
        "unit_id": world.city.id,
        "name": "办事须知",
        "title": "{{事项}}须知",
        "body_html": BODY,
        "fields": fields,
    } | changes


def write(world: World, template_id: str, values: dict[str, str], **kwargs: Any) -> Post:
    unit_id = kwargs.pop("unit_id", world.city.id)
    return templates.write_from(world.author, template_id, unit_id=unit_id, values=values, now=world.now, **kwargs)


def rules(post: Post) -> list[str]:
    return [
        problem["rule"] for problem in posts.current_revision(post).problems if problem["rule"].startswith("template")
    ]


def change_body(world: World, post: Post, old: str, new: str) -> Post:
    body = posts.current_revision(post).body_html
    assert old in body
    return posts.revise_post(world.author, post.id, {"body_html": body.replace(old, new)}, post.version, world.now)


def test_the_shipped_templates_are_sound(world: World) -> None:
    offered = templates.templates_for(world.author)
    assert [item.name for item in offered] == ["天气预警", "停水停电", "会议通知", "政策解读", "招聘公示", "辟谣"]
    for item in offered:
        names = [field["name"] for field in item.fields]
        texts = [item.title, item.summary, item.source, *(block["html"] for block in item.blocks)]
        assert set(names) <= set(blanks_in(texts)), f"{item.name} asks for what it does not use"
        fixed = blanks_in(block["html"] for block in item.blocks if block["locked"])
        assert set(fixed) <= set(names), f"{item.name} fixes what nobody can fill in"
        assert item.locked
        assert {field["kind"] for field in item.fields} <= set(KINDS)
        values = {"choice": "", "datetime": "2026-07-12T08:00", "date": "2026-07-12", "number": "3", "text": "某某"}
        filled = {
            field["name"]: field["choices"][0] if field["choices"] else values[field["kind"]] for field in item.fields
        }
        post = write(world, item.id, filled)
        problems = {problem["rule"] for problem in posts.current_revision(post).problems}
        assert problems <= {"template.blank"}, f"{item.name}: {problems}"
        left = BLANK.findall(posts.current_revision(post).body_html)
        assert all(name.startswith("写：") for name in left), left


def test_a_draft_with_its_blanks_filled_in(world: World) -> None:
    post = write(world, "shipped-outage", OUTAGE, account_ids=[world.wechat.id])
    shown = posts.post_json(post)
    assert shown["title"] == "停水通知：城东片区部分小区"
    assert shown["summary"].startswith("7月12日22时至7月13日6时30分，")
    assert shown["source"] == "青岚市供水公司"
    assert "<p>&lt;滨河路&gt;、新民小区。</p>" in shown["body_html"], "what is filled in is text, not HTML"
    assert shown["account_ids"] == [world.wechat.id]
    assert rules(post) == []
    assert post.template is not None
    assert [part["words"] for part in post.template["locked"]] == [
        "实际恢复时间以现场施工进度为准。咨询和报修请拨打0512-12345。",
        "青岚市供水公司",
    ]
    assert review.submit(world.author, post.id, world.now).status == "in_review"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("停供", "停课", "列出"),
        ("停供", "", "必填"),
        ("开始时间", "明天", "日期和时间"),
        ("服务电话", "9" * 501, "500"),
    ],
)
def test_a_wrong_value_is_named(world: World, name: str, value: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        write(world, "shipped-outage", {**OUTAGE, name: value})
    assert list(refused.value.errors) == [name]
    assert words in refused.value.errors[name][0]
    assert db.session.query(Post).count() == 0


def test_an_optional_blank_left_empty_takes_its_block_along(world: World) -> None:
    values = {
        "会议名称": "听证会", "会议时间": "2027-01-02T09:00", "地点": "一楼", "参加人员": "市民", "联系电话": "12345",
        "主办单位": "办公室",
    }  # fmt: skip
    body = posts.current_revision(write(world, "shipped-meeting", values)).body_html
    assert "人数上限" not in body
    assert "2027年1月2日9时" in body, "another year is said"
    with pytest.raises(Invalid) as refused:
        write(world, "shipped-meeting", {**values, "人数上限": "很多"})
    assert list(refused.value.errors) == ["人数上限"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("现场施工进度", "天气", ["template.locked"]),
        ("<p>青岚市供水公司</p>", "", ["template.locked"]),
        # What lies between may be written freely, layout may change, and blanks within do not count.
        ("<p>请提前做好储备", "<p>另加一段。</p><p>请提前做好储备", []),
        ("咨询和报修", "<strong>咨询和</strong>报修", []),
        ("主管道检修", "{{原因}}", ["template.blank"]),
    ],
)
def test_fixed_parts_and_open_blanks_keep_a_post_from_review(
    world: World, old: str, new: str, found: list[str]
) -> None:
    post = change_body(world, write(world, "shipped-outage", OUTAGE, account_ids=[world.wechat.id]), old, new)
    assert rules(post) == found
    if found:
        with pytest.raises(ContentBlocked):
            review.submit(world.author, post.id, world.now)


def test_parts_in_another_order_are_told(world: World) -> None:
    post = write(world, "shipped-outage", OUTAGE)
    last = "<p>青岚市供水公司</p>"
    body = posts.current_revision(post).body_html
    post = posts.revise_post(world.author, post.id, {"body_html": last + body.replace(last, "")}, 1, world.now)
    assert rules(post) == ["template.locked"]


def picture(world: World, colour: str) -> str:
    content = png(colour)
    return add_media(world.author, unit_id=world.city.id, name=f"{colour}.png", content=content, now=world.now).sha256


def test_the_pictures_of_a_fixed_part_are_fixed_too(world: World, now: datetime) -> None:
    """Also in a version written by hand, which shows what was made of the picture to fit the platform."""
    own, other = picture(world, "red"), picture(world, "green")
    body = BODY + f'<p data-locked="1"><img src="/media/{own}" alt="二维码"></p>'
    made = templates_keeping.save_template(world.admin, None, given(world, body_html=body), now)
    values = {"事项": "落户", "时间": "本周五", "电话": "12345"}
    post = write(world, made.id, values, account_ids=[world.wechat.id])
    assert rules(post) == []
    html = posts.current_variants(post)[0].payload["content_html"]
    assert "/media/" in html
    for text, expected in ((html, []), (html.replace("/media/", "/elsewhere/"), ["template.locked"])):
        variant = posts.current_variants(posts.get_post(world.author, post.id))[0]
        posts.override_variant(world.author, post.id, variant.id, {"content_html": text}, now)
        variant = posts.current_variants(posts.get_post(world.author, post.id))[0]
        assert [p["rule"] for p in variant.problems if p["rule"] == "template.locked"] == expected
    variant = posts.current_variants(posts.get_post(world.author, post.id))[0]
    post = posts.override_variant(world.author, post.id, variant.id, {"content_html": None}, now)
    post = change_body(world, post, own, other)
    assert rules(post) == ["template.locked"]
    with atomic():
        # A post of before remembers no pictures.
        assert post.template is not None
        locked = [{k: v for k, v in part.items() if k != "pictures"} for part in post.template["locked"]]
        post.template = {**post.template, "locked": locked}
    post = change_body(world, post, "本周五", "下周五")
    assert rules(post) == []


def test_a_captioned_picture_can_be_fixed(world: World, now: datetime) -> None:
    shown = picture(world, "red")
    figure = f'<figure><img src="/media/{shown}" alt="停水范围"><figcaption>停水范围图</figcaption></figure>'
    body = BODY + figure.replace("<figure>", '<figure data-locked="1">')
    made = templates_keeping.save_template(world.admin, None, given(world, body_html=body), now)
    assert '<figure data-locked="1"><img' in templates_keeping.body_of(made.blocks)
    post = write(world, made.id, {"事项": "落户", "时间": "本周五", "电话": "12345"})
    assert figure in posts.current_revision(post).body_html
    for other in (figure.replace("停水范围图", "示意图"), figure.replace(shown, picture(world, "green"))):
        assert rules(change_body(world, post, figure, other)) == ["template.locked"]
        post = change_body(world, posts.get_post(world.author, post.id), other, figure)
        assert rules(post) == []


def test_a_fixed_picture_has_its_words(world: World, now: datetime) -> None:
    """Who writes the post could not add them."""
    shown = f'<img src="/media/{picture(world, "red")}">'
    with pytest.raises(Invalid) as refused:
        templates_keeping.save_template(
            world.admin, None, given(world, body_html=f'{BODY}<p data-locked="1">{shown}</p>'), now
        )
    assert "替代文字" in refused.value.errors["body_html"][0]
    templates_keeping.save_template(world.admin, None, given(world, body_html=f"{BODY}<p>{shown}</p>"), now)


def test_a_version_written_by_hand_must_hold_them_too(world: World) -> None:
    post = write(world, "shipped-outage", OUTAGE, account_ids=[world.wechat.id])
    variant = posts.current_variants(post)[0]
    text = variant.payload["content_html"]
    for html, expected in ((text + "<p>补充。</p>", False), (text.replace("现场施工进度", "天气"), True)):
        variant = posts.current_variants(posts.get_post(world.author, post.id))[0]
        posts.override_variant(world.author, post.id, variant.id, {"content_html": html}, world.now)
        variant = posts.current_variants(posts.get_post(world.author, post.id))[0]
        assert any(problem["rule"] == "template.locked" for problem in variant.problems) is expected


def test_a_unit_makes_and_changes_its_own(world: World, now: datetime) -> None:
    made = templates_keeping.save_template(world.admin, None, given(world), now)
    assert [block["locked"] for block in made.blocks] == [False, False, True]
    assert "data-locked" not in made.blocks[2]["html"]
    post = write(world, made.id, {"事项": "落户", "时间": "本周五", "电话": "12345"}, unit_id=world.bureau.id)
    assert rules(post) == [], "the city's template serves its bureau"
    body = posts.current_revision(post).body_html
    changed = body.replace("https://qinglan.example/g", "https://elsewhere.example/")
    post = posts.revise_post(world.author, post.id, {"body_html": changed}, 1, now)
    assert rules(post) == ["template.locked"], "a link of a fixed part is fixed, too"
    shown = templates_keeping.body_of(made.blocks)
    assert '<p data-locked="1">' in shown
    templates_keeping.save_template(
        world.admin, made.id, given(world, body_html=shown.replace(' data-locked="1"', "")), now
    )
    assert not any(block["locked"] for block in db.session.get_one(Template, made.id).blocks)
    assert rules(posts.get_post(world.author, post.id)) == ["template.locked"], "posts made before keep what they had"
    templates_keeping.remove_template(world.admin, made.id, now)
    with pytest.raises(NotFound):
        write(world, made.id, {})


def test_who_may_make_and_see_them(world: World, now: datetime) -> None:
    with pytest.raises(Forbidden):
        templates_keeping.save_template(world.author, None, given(world), now)
    made = templates_keeping.save_template(world.admin, None, given(world), now)
    assert made.id in {item.id for item in templates.templates_for(world.author)}
    assert made.id not in {item.id for item in templates.templates_for(world.outsider)}
    with pytest.raises(NotFound):
        templates_keeping.save_template(world.outsider, made.id, given(world), now)
    with pytest.raises(NotFound):
        templates.write_from(world.outsider, made.id, unit_id=world.other.id, values={}, now=now)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"title": "长" * 201}, "title"),
        ({"body_html": "<p> </p>"}, "body_html"),
        ({"fields": []}, "fields"),
        ({"fields": [{"name": "没用到", "kind": "text", "required": True}]}, "fields"),
        ({"fields": [{"name": "a}}b", "kind": "text", "required": True}]}, "fields"),
        ({"fields": [{"name": "电话", "kind": "choice", "choices": ["一"], "required": True}]}, "fields"),
    ],
)
def test_a_template_that_will_not_do_is_refused(world: World, now: datetime, changes: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        templates_keeping.save_template(world.admin, None, given(world, **changes), now)
    assert field in refused.value.errors
    assert db.session.query(Template).count() == 0


def test_a_template_begins_from_a_post(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(tags=["天气"]), now)
    begun = templates_keeping.begin_from_post(world.admin, post.id)
    assert (begun["title"], begun["tags"], begun["unit_id"]) == ("暴雨橙色预警", ["天气"], world.city.id)
    assert [block["locked"] for block in begun["blocks"]] == [False]
    with pytest.raises(NotFound):
        templates_keeping.begin_from_post(world.outsider, post.id)
