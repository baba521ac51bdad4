"""The pages on a signed-in browser: sound HTML, the composer's JSON routes, the way through review by forms."""

from __future__ import annotations

import io
from datetime import datetime

from flask.testing import FlaskClient

from app.db import utcnow
from app.posts import services as posts
from app.review import services as review
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import SAMPLES, World, png
from tests.architecture.pages import faults

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def sound(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert faults(answer.text) == [], path
    return answer.text


def test_every_page_is_sound(enter: Enter, world: World) -> None:
    author, reviewer = enter(world.author), enter(world.reviewers[0])
    assert "还没有稿件" in sound(author, "/posts")
    sound(author, "/posts/new")
    post_id = posts.create_post(world.author, world.fields(tags=["甲"], source="市气象台"), utcnow()).id
    assert "暴雨橙色预警" in sound(author, "/posts?status=draft&q=橙色")
    assert "没有符合条件" in sound(author, "/posts?status=approved")
    assert "composer-data" in sound(author, f"/posts/{post_id}")
    assert "composer-data" not in sound(reviewer, f"/posts/{post_id}")
    review.submit(world.author, post_id, utcnow())
    assert "composer-data" not in sound(author, f"/posts/{post_id}")
    assert "审核作废" in sound(author, f"/posts/{post_id}?edit=1")
    assert "撤回送审" in author.get(f"/posts/{post_id}/review-panel").text
    for path in (
        "/review",
        "/review?list=mine",
        "/review?list=returned",
        "/review?list=expired",
        "/settings/review-chain",
    ):
        sound(reviewer, path)
    run = review.waiting_for(world.reviewers[0])[0]
    assert 'id="approve"' in sound(reviewer, f"/review/{run.id}")
    assert 'id="approve"' not in sound(author, f"/review/{run.id}")
    assert enter(world.outsider).get(f"/posts/{post_id}").status_code == 404


def test_the_preview_is_the_payload(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(title="甲 <b>乙</b>"), now)
    weibo, wechat = posts.current_variants(post)
    shown = enter(world.author).get(f"/posts/{post.id}/previews").text
    assert weibo.payload["link"] in shown
    assert "<b>乙</b>" not in shown
    assert 'sandbox="allow-same-origin"' in shown
    assert wechat.payload["content_html"].replace("&", "&amp;").replace('"', "&#34;").replace("<", "&lt;")[:80] in shown


def test_a_picture_post_has_a_frame_of_its_own(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(title="周末花市"), now)
    wechat = posts.current_variants(post)[1]
    posts.override_variant(world.author, post.id, wechat.id, {"form": "newspic"}, now)
    posts.override_variant(world.author, post.id, posts.current_variants(post)[1].id, {"text": "第一行\n第二行"}, now)
    client = enter(world.author)
    shown = client.get(f"/posts/{post.id}/previews").text
    assert 'class="picture-post-text">第一行\n第二行<' in shown
    assert "newspic" in client.get(f"/posts/{post.id}").text


def test_the_composer_saves_imports_and_pastes(enter: Enter, world: World) -> None:
    client = enter(world.author)
    answer = client.post("/posts", json=world.fields())
    assert answer.status_code == 201
    post, url = answer.json["post"], answer.json["url"]
    saved = client.patch(url, json={"version": post["version"], "title": "改"})
    assert saved.json["post"]["title"] == "改"
    stale = client.patch(url, json={"version": post["version"], "title": "旧"}, headers={"Accept": "application/json"})
    assert (stale.status_code, stale.json["version"]) == (409, 2)
    variant = saved.json["post"]["variants"][1]
    changed = client.patch(f"{url}/variants/{variant['id']}", json={"overrides": {"digest": "手写"}})
    assert changed.json["post"]["variants"][1]["overrides"] == {"digest": "手写"}
    html = (SAMPLES / "traffic-control-from-word.html").read_text()
    pasted = client.post("/posts/paste", json={"unit_id": world.city.id, "html": html}).json
    assert "<script" not in pasted["html"]
    assert any("脚本" in note for note in pasted["notes"])
    files = [
        (io.BytesIO((SAMPLES / "rumor-rebuttal.md").read_bytes()), "rumor-rebuttal.md"),
        (io.BytesIO(png()), "dispatch-center.jpg"),
    ]
    imported = client.post("/posts/import", data={"unit_id": world.city.id, "file": files}).json
    assert imported["missing"] == []
    assert imported["fields"]["title"].startswith("辟谣")
    nothing = client.post("/posts/import", data={"unit_id": world.city.id}, headers={"Accept": "application/json"})
    assert nothing.status_code == 422


def test_an_upload_of_thirty_megabytes_is_refused_in_plain_words(enter: Enter, world: World) -> None:
    answer = enter(world.author).post(
        "/posts/import",
        input_stream=io.BytesIO(),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(30 << 20)},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 413
    assert "20 MB" in answer.json["message"]


def test_through_review_by_forms(enter: Enter, world: World) -> None:
    author = enter(world.author)
    url = author.post("/posts", json=world.fields()).json["url"]
    assert author.post(f"{url}/submission").status_code == 302
    first = enter(world.reviewers[0])
    run = review.waiting_for(world.reviewers[0])[0]
    hashes = {f"sha256-{v.id}": v.sha256 for v in run.revision.variants}
    path, post_id = f"/review/{run.id}", run.post_id
    missing = first.post(path, data={"decision": "returned", "stage": 0, **hashes})
    assert missing.status_code == 422
    assert "必须写明理由" in missing.text
    assert first.post(path, data={"decision": "approved", "stage": 0}).status_code == 409
    assert first.post(path, data={"decision": "approved", "stage": 0, **hashes}).status_code == 302
    second = enter(world.reviewers[1])
    late = second.post(path, data={"decision": "approved", "stage": 0, **hashes})
    assert late.status_code == 409
    second.post(path, data={"decision": "returned", "stage": 1, "comment": "请补充时间", **hashes})
    assert "请补充时间" in sound(author, "/review?list=returned")
    assert "请补充时间" in author.get(f"{url}/review-panel").text
    author.patch(url, json={"version": 1, "summary": "预计未来6小时降雨。"})
    assert "请补充时间" in author.get(f"{url}/review-panel").text, "what to mend stays in view while mending"
    author.post(f"{url}/submission")
    again = review.waiting_for(world.reviewers[0])[0]
    shown = sound(first, f"/review/{again.id}")
    assert "与版本 1 相比" in shown
    assert "<ins>6</ins>" in shown.replace("\n", "")
    author.post(f"{url}/submission/withdrawal")
    assert posts.get_post(world.author, post_id).status == "draft"


def test_the_way_from_an_account_chooses_it(enter: Enter, world: World) -> None:
    chosen, other = world.fields()["account_ids"][:2]
    shown = sound(enter(world.author), f"/posts/new?account={chosen}")
    assert f'value="{chosen}" checked' in shown
    assert f'value="{other}" checked' not in shown


def test_the_chain_is_set_on_screen(enter: Enter, world: World) -> None:
    admin = enter(world.admin)
    data = {"unit_id": world.city.id, "name": ["一审"], "role": ["reviewer"], "rule": ["all"]}
    assert admin.post("/settings/review-chain", data=data).status_code == 302
    (stage,) = review.chain_of(world.bureau.id).stages
    assert (stage["name"], stage["role"], stage["rule"], stage["secrecy"]) == ("一审", "reviewer", "all", True)
    bad = admin.post("/settings/review-chain", data={**data, "role": ["author"]})
    assert bad.status_code == 422
    assert "没有审核权限" in bad.text
    admin.post("/settings/review-chain", data={"unit_id": world.city.id, "inherit": "1"})
    assert review.chain_of(world.bureau.id).unit_id == ""
    assert enter(world.author).post("/settings/review-chain", data=data).status_code == 403


def test_the_panels_stand_in_the_page_from_the_start(enter: Enter, world: World, now: datetime) -> None:
    post_id = posts.create_post(world.author, world.fields(), now).id
    review.submit(world.author, post_id, now)
    page = sound(enter(world.author), f"/posts/{post_id}")
    assert "撤回送审" in page
    assert 'aria-label="发布"' in page
    assert page.count("review-panel") == 0


def test_documents_come_and_go_by_their_routes(enter: Enter, world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(title="停水通知"), now)
    author = enter(world.author)
    answer = author.get(f"/posts/{post.id}.docx")
    assert answer.mimetype == DOCX
    assert "%E5%81%9C%E6%B0%B4%E9%80%9A%E7%9F%A5.docx" in answer.headers["Content-Disposition"]
    again = author.post(
        "/posts/import", data={"unit_id": world.city.id, "file": (io.BytesIO(answer.data), "停水.docx")}
    )
    assert again.get_json()["fields"]["title"] == "停水通知"
    given = {"unit_id": world.city.id, "url": "http://169.254.169.254/"}
    refused = author.post("/posts/import-page", json=given, headers={"Accept": "application/json"})
    assert refused.status_code == 422
    assert "没有登记网站域名" in refused.get_json()["message"]
    outsider = enter(world.outsider)
    assert outsider.get(f"/posts/{post.id}.docx").status_code == 404
    assert outsider.post("/posts/import-page", json=given).status_code == 404


def test_domains_of_websites_are_registered_on_a_page(enter: Enter, world: World) -> None:
    path = f"/settings/units/{world.city.id}/sites"
    admin, author = enter(world.admin), enter(world.author)
    assert "网站域名" in sound(admin, "/settings/units")
    sound(admin, path)
    assert admin.post(path, data={"domains": "gov.cn"}).status_code == 422
    assert admin.post(path, data={"domains": "www.qinglan.gov.cn"}).status_code == 302
    shown = sound(author, path)
    assert "www.qinglan.gov.cn" in shown
    assert "<textarea" not in shown
    assert author.post(path, data={"domains": ""}).status_code == 403
    assert "www.qinglan.gov.cn" in sound(author, "/posts/new")
    assert enter(world.outsider).get(path).status_code == 404
