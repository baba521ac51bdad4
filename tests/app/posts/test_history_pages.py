"""History, conflict, presence and templates on a signed-in browser, and the history by the API."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.db import db, utcnow
from app.posts import services as posts
from app.posts.models import Template
from app.review import services as review
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import World
from tests.app.posts.test_pages import sound

JSON = {"Accept": "application/json"}


def test_history_is_read_compared_and_restored(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    client, path = enter(world.author), f"/posts/{post.id}/history"
    assert "还没有可比较的" in sound(client, path)
    posts.revise_post(world.colleague, post.id, {"title": "暴雨红色预警", "summary": ""}, 1, now + timedelta(minutes=1))
    shown = sound(client, path)
    assert "历史版本 1 与 2 的差别" in shown
    assert (
        '暴雨<del><span class="visually-hidden">【删】</span>橙</del><ins><span class="visually-hidden">【增】</span>红</ins>色预警'
        in shown
    )
    assert "改了：标题、摘要" in shown.replace("\n", "")
    assert shown.count(world.weibo.name) == 1, "what Weibo would have got, by itself"
    assert "历史版本 1 与 2 的差别" in sound(client, f"{path}?from=2&to=1"), "the older one is the old one"
    old = sound(client, f"{path}/1")
    assert "暴雨橙色预警" in old
    assert 'class="phone"' in old
    assert client.get(f"{path}/9").status_code == 404
    assert enter(world.outsider).get(path).status_code == 404
    reader = sound(enter(world.reviewers[0]), path)
    assert "restoration" not in reader
    stale = client.post(f"{path}/1/restoration", data={"version": "1"}, headers=JSON)
    assert (stale.status_code, stale.json["version"]) == (409, 2)
    assert client.post(f"{path}/1/restoration", headers=JSON).status_code == 422
    assert client.post(f"{path}/1/restoration", data={"version": "2"}).status_code == 302
    assert posts.get_post(world.author, post.id).title == "暴雨橙色预警"
    assert "自历史版本 1" in sound(client, path)


def test_one_account_is_restored_from_either_page(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    wechat = posts.current_variants(post)[1]
    posts.override_variant(world.author, post.id, wechat.id, {"digest": "手写"}, now + timedelta(minutes=20))
    client, path = enter(world.author), f"/posts/{post.id}/history"
    button = f"只恢复“{world.wechat.name}”在历史版本 1 的平台版本"
    for page in (path, f"{path}/1"):
        assert sound(client, page).count(button) == 1
    assert "全部自动生成，与现在不同" in client.get(f"{path}/1").text
    assert "手工设定 1 处" in client.get(f"{path}/2").text
    assert "只恢复这个账号" not in client.get(f"{path}/2").text
    assert "只恢复这个账号" not in enter(world.reviewers[0]).get(path).text
    form = {"version": "2", "account_id": world.wechat.id}
    back = client.post(f"{path}/1/restoration", data=form, follow_redirects=True)
    assert f"已恢复“{world.wechat.name}”在历史版本 1 的平台版本" in back.text
    assert posts.current_variants(posts.get_post(world.author, post.id))[1].overrides == {}
    assert client.post(f"{path}/1/restoration", data=form, headers=JSON).status_code == 409
    assert "，与现在相同" in client.get(f"{path}/1").text


def test_numbers_beyond_all_bounds_are_refused_politely(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    client, path = enter(world.author), f"/posts/{post.id}/history"
    for cursor in ("9" * 20, "9" * 5000, "abc", "²", "-1"):
        answer = client.get(path, query_string={"cursor": cursor}, headers=JSON)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["cursor"])
        assert client.get(f"{path}/{cursor}").status_code == 404
        assert client.post(f"{path}/1/restoration", data={"version": cursor}, headers=JSON).status_code == 422
    assert client.get(f"{path}?from={'9' * 20}&to=1").status_code == 404
    assert client.get(f"{path}?cursor=1").status_code == 200


def test_a_post_under_way_asks_before_it_is_restored(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    posts.revise_post(world.colleague, post.id, {"title": "新"}, 1, now)
    client, path = enter(world.author), f"/posts/{post.id}/history"
    assert "现在的内容仍留在历史版本里" in client.get(path).text
    review.submit(world.author, post.id, utcnow())
    assert "修改将作废已有的审核意见并重新送审" in client.get(path).text
    assert f"/posts/{post.id}/history" in client.get(f"/posts/{post.id}").text


def test_the_composer_asks_what_the_other_saved(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    base = posts.post_json(post)
    posts.revise_post(world.colleague, post.id, {"title": "对方"}, 1, now)
    client, path = enter(world.author), f"/posts/{post.id}/comparison"
    answer = client.post(path, json={"mine": {**base, "title": "我"}, "base": base}).json
    assert (answer["version"], answer["who"]) == (2, "colleague")
    assert [(section["name"], section["label"], section["choice"]) for section in answer["sections"]] == [
        ("title", "标题", "both")
    ]
    assert [block["kind"] for block in answer["blocks"]] == ["same"]
    assert answer["post"]["title"] == "对方"
    assert posts.get_post(world.author, post.id).version == 2, "asking saves nothing"
    assert client.post(path, json={"base": {}}, headers=JSON).status_code == 422
    part = f"/posts/{post.id}/variants/{base['variants'][1]['id']}"
    stale = client.patch(part, json={"overrides": {"digest": "手写"}, "version": 1}, headers=JSON)
    assert (stale.status_code, stale.json["version"]) == (409, 2), "a part set by hand does not pass over it, either"
    assert client.patch(part, json={"overrides": {"digest": "手写"}, "version": 2}).status_code == 200
    assert enter(world.outsider).post(path, json={"mine": {}}, headers=JSON).status_code == 404


def test_presence_on_screen(enter: Enter, world: World, now: datetime) -> None:
    post_id = posts.create_post(world.author, world.fields(), now).id
    author, colleague, path = enter(world.author), enter(world.colleague), f"/posts/{post_id}/presence"
    told = author.post(path, json={"typed": True}).json
    assert {name: told[name] for name in ("others", "version", "saved_by")} == {
        "others": [], "version": 1, "saved_by": "author",
    }  # fmt: skip
    assert set(told["by_variant"]) == {
        item["id"] for item in posts.post_json(posts.get_post(world.author, post_id))["variants"]
    }
    assert colleague.post(path, json={}).json["others"] == [{"name": "author", "words": "author 正在编辑 · 刚刚"}]
    assert author.post(path, json={}).json["others"] == [{"name": "colleague", "words": "colleague 打开着这篇稿件"}]
    assert author.post(f"{path}/end").status_code == 204
    assert colleague.post(path, json={}).json["others"] == []
    assert enter(world.outsider).post(path, json={}, headers=JSON).status_code == 404


def test_a_draft_from_a_template_by_forms(enter: Enter, world: World) -> None:
    client = enter(world.author)
    assert "/posts/templates" in client.get("/posts").text
    assert "停水停电" in sound(client, "/posts/templates")
    path = "/posts/templates/shipped-rumour"
    assert 'class="locked-part"' in sound(client, path)
    values = {"blank-0": "自来水有毒", "blank-1": "", "blank-2": "微信群", "blank-3": "市水务局", "blank-4": "水质合格"}
    refused = client.post(f"{path}/posts", data={"unit_id": world.city.id, **values, "blank-4": ""})
    assert refused.status_code == 422
    assert "这一项必填" in refused.text
    assert 'value="自来水有毒"' in refused.text, "what was typed stays"
    made = client.post(f"{path}/posts", data={"unit_id": world.city.id, "account": [world.weibo.id], **values})
    page = sound(client, made.headers["Location"])
    assert "用模板“辟谣”写成" in page
    assert "经市水务局核实，上述说法不实。" in page
    assert '"locked": [{' in page
    assert enter(world.reviewers[0]).get(path).status_code == 403


def test_a_template_is_made_by_forms(enter: Enter, world: World, now: datetime) -> None:
    post_id = posts.create_post(world.author, world.fields(), now).id
    admin = enter(world.admin)
    assert f"/posts/templates/new?post_id={post_id}" in admin.get(f"/posts/{post_id}").text
    assert "写稿模板" in admin.get("/settings").text
    assert "暴雨橙色预警" in sound(admin, f"/posts/templates/new?post_id={post_id}")
    sound(admin, "/posts/templates/new?copy=shipped-weather")
    assert admin.get("/posts/templates/shipped-weather/edit").status_code == 302
    form = {
        "unit_id": world.city.id, "name": "通告", "title": "{{事项}}通告", "tags": "通告、便民",
        "body_html": '<p data-locked="1">特此通告。</p>', "field-name": ["事项", ""], "field-kind": ["choice", "text"],
        "field-need": ["1", "1"], "field-choices": ["停水、停电", ""], "field-hint": ["", ""],
    }  # fmt: skip
    refused = admin.post("/posts/templates", data={**form, "field-choices": ["停水", ""]})
    assert refused.status_code == 422
    assert "请列出 2 到" in refused.text
    assert admin.post("/posts/templates", data=form).status_code == 302
    (made,) = db.session.query(Template)
    assert (made.tags, made.fields[0]["choices"]) == (["通告", "便民"], ["停水", "停电"])
    assert "data-locked" in sound(admin, f"/posts/templates/{made.id}/edit")
    assert admin.post(f"/posts/templates/{made.id}", data={**form, "name": "新通告"}).status_code == 302
    assert "新通告" in sound(enter(world.author), "/posts/templates")
    assert enter(world.author).post("/posts/templates", data=form).status_code == 403
    assert admin.post(f"/posts/templates/{made.id}/removal").status_code == 302
    assert db.session.query(Template).count() == 0
