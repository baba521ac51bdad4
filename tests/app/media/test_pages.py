"""The library by API and on screen; the bytes and their headers."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import Config
from app.media.services import make_public
from tests.app.accounts.people import People
from tests.app.media.test_library import letter, located, picture
from tests.architecture.pages import faults


def file(content: bytes, name: str) -> dict[str, object]:
    return {"file": (io.BytesIO(content), name)}


def big_file(size: int) -> dict[str, Any]:
    """A form as raw bytes: the test client would otherwise leave its temporary file open."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.png"\r\n\r\n'
    return {"data": head + b"\0" * size + b"\r\n--b--\r\n", "content_type": "multipart/form-data; boundary=b"}


def got(client: FlaskClient, url: str, **headers: str) -> TestResponse:
    """The answer, read to its end: files are streamed."""
    answer = client.get(url, headers=headers)
    answer.get_data()
    answer.close()
    return answer


def test_upload_list_and_item_by_api(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.author)
    made = client.post("/api/v1/media", data=file(picture(), "图.png"), headers=headers)
    assert made.status_code == 201, made.get_data(as_text=True)
    item = made.get_json()
    assert item["url"] == f"/media/{item['sha256']}"
    assert (item["content_type"], item["width"], item["height"]) == ("image/png", 40, 20)
    assert item["size"] > 0
    assert item.pop("known") is False
    assert client.get(f"/api/v1/media/{item['id']}", headers=headers).get_json() == item
    assert client.get("/api/v1/media", headers=headers).get_json() == {"items": [item], "next_cursor": None}
    stranger = people.bearer(people.stranger)
    assert client.get(f"/api/v1/media/{item['id']}", headers=stranger).status_code == 404
    patched = client.patch(f"/api/v1/media/{item['id']}", json={"alt": "市民中心"}, headers=headers)
    assert patched.get_json()["alt"] == "市民中心"


def test_refusals_by_api(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.author)
    wrong = client.post("/api/v1/media", data=file(b"<html>", "a.jpg"), headers=headers)
    assert wrong.status_code == 415
    assert "网页" in wrong.get_json()["message"]
    assert client.post("/api/v1/media", data={}, headers=headers).status_code == 422
    assert (
        client.post("/api/v1/media", data=file(picture(), "a.png"), headers=people.bearer(people.admin)).status_code
        == 403
    )
    elsewhere = {**file(picture(), "a.png"), "unit_id": people.stranger.unit_id}
    assert client.post("/api/v1/media", data=elsewhere, headers=headers).status_code == 404


def test_thirty_megabytes_are_413(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.author)
    answer = client.post("/api/v1/media", **big_file(30 * 1024 * 1024), headers=headers)
    assert answer.status_code == 413
    assert "20 MB" in answer.get_json()["message"]


def test_just_over_the_limit_is_413_too(app: Flask, config: Config, people: People) -> None:
    app.extensions["tandem_config"] = replace(config, max_upload_bytes=1024 * 1024)
    client, headers = app.test_client(), people.bearer(people.author)
    answer = client.post("/api/v1/media", **big_file(1024 * 1024 + 1), headers=headers)
    assert answer.status_code == 413
    assert "1 MB" in answer.get_json()["message"]


def test_pictures_are_public_only_once_a_permalink_shows_them(app: Flask, people: People) -> None:
    author, anybody = people.browser(people.author), app.test_client()
    made = author.post("/library", data=file(located(), "a.jpg"), headers={"Accept": "application/json"})
    assert made.status_code == 201
    url, sha256 = made.get_json()["url"], made.get_json()["sha256"]
    assert anybody.get(url).status_code == 404
    mine = got(author, url)
    assert mine.status_code == 200
    assert "private" in mine.headers["Cache-Control"]
    make_public([sha256])
    answer = got(anybody, url)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["ETag"] == f'"{sha256}"'
    assert got(anybody, url, **{"If-None-Match": f'"{sha256}"'}).status_code == 304
    assert not answer.headers.get("Set-Cookie")


def test_documents_are_downloads_in_a_sandbox(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    made = author.post("/library", data=file(letter("甲"), "公示.docx"), headers={"Accept": "application/json"})
    answer = got(author, made.get_json()["url"])
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_path_is_smuggled(app: Flask, people: People) -> None:
    client = people.browser(people.author)
    for bad in ("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "0" * 64, "A" * 64, "%00"):
        assert client.get(f"/media/{bad}").status_code == 404


def test_the_library_page(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    page = author.get("/library").get_data(as_text=True)
    assert faults(page) == []
    assert "素材库还是空的" in page
    made = author.post("/library", data=file(picture(), "图<b>.png"))
    assert made.status_code == 302
    author.post("/library", data=file(letter("甲"), "公示.docx"))
    page = author.get("/library").get_data(as_text=True)
    assert faults(page) == []
    assert "图&lt;b&gt;.png" in page
    assert "公示.docx" in page
    assert "公示.docx" not in author.get("/library?kind=image").get_data(as_text=True)
    media_id = author.get("/library?kind=image").get_data(as_text=True).split('data-media="')[1].split('"')[0]
    assert author.post(f"/library/{media_id}", data={"alt": "蓝天"}).status_code == 302
    assert "没有找到素材" in author.get("/library?state=expired").get_data(as_text=True)
    assert "蓝天" in author.get("/library?q=蓝").get_data(as_text=True)
    refused = author.post("/library", data=file(b"MZ\x90", "a.png"))
    assert refused.status_code == 415
    assert "程序" in refused.get_data(as_text=True)


def uploaded(client: FlaskClient, content: bytes, name: str, **more: str) -> dict[str, Any]:
    answer = client.post("/library", data={**file(content, name), **more}, headers={"Accept": "application/json"})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    item: dict[str, Any] = answer.get_json()
    return item


def test_fields_and_filters_by_api(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.author)
    made = client.post("/api/v1/media", data={**file(picture(), "图.png"), "folder": "活动/2026"}, headers=headers)
    item = made.get_json()
    assert (item["folder"], item["tags"], item["expires_on"], item["expired"]) == ("活动/2026", [], None, False)
    change = {"tags": ["防汛"], "title": "堤坝", "expires_on": "2020-01-01", "holder": "日报"}
    changed = client.patch(f"/api/v1/media/{item['id']}", json=change, headers=headers).get_json()
    assert {key: changed[key] for key in change} == change
    assert changed["expired"] is True
    for query, count in (("folder=活动", 1), ("tag=防汛", 1), ("state=expired", 1), ("kind=file", 0), ("q=坝", 1)):
        assert len(client.get(f"/api/v1/media?{query}", headers=headers).get_json()["items"]) == count, query
    assert client.get("/api/v1/media?state=x", headers=headers).status_code == 422
    refused = client.patch(f"/api/v1/media/{item['id']}", json={"expires_on": "soon"}, headers=headers)
    assert refused.status_code == 422
    assert "expires_on" in refused.get_json()["errors"]
    again = client.post("/api/v1/media", data=file(picture(), "别名.png"), headers=headers).get_json()
    assert (again["id"], again["known"]) == (item["id"], True)
    assert client.get(f"/api/v1/media/{item['id']}/uses", headers=headers).get_json() == {"items": [], "unseen": 0}
    url = f"/api/v1/media/{item['id']}"
    assert client.delete(url, headers=people.bearer(people.stranger)).status_code == 404
    assert client.delete(url, headers=people.bearer(people.admin)).status_code == 403
    assert client.delete(url, headers=headers).status_code == 204
    assert client.get(url, headers=headers).status_code == 404


def test_the_same_bytes_again_are_told_and_linked(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    first = uploaded(author, picture(), "一.png", folder="活动")
    again = uploaded(author, picture(), "二.png", folder="别处")
    assert (first["known"], first["words"]) == (False, "")
    assert (again["known"], again["id"], again["item"]) == (True, first["id"], f"/library/{first['id']}")
    assert again["words"] == "已有相同文件“一.png”（文件夹“活动”），没有重复保存。"
    by_form = author.post("/library", data=file(picture(), "三.png"))
    assert by_form.headers["Location"] == f"/library/{first['id']}"
    assert "已有相同文件" in author.get(by_form.headers["Location"]).get_data(as_text=True)


def test_the_page_of_an_item(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    item = uploaded(author, located(), "现场.jpg")
    url = f"/library/{item['id']}"
    page = author.get(url).get_data(as_text=True)
    assert faults(page) == []
    for words in ("缺替代文字", "下载原件", "还没有稿件用到它", "删除素材"):
        assert words in page
    refused = author.post(url, data={"title": "新标题", "expires_on": "明天"})
    assert refused.status_code == 422
    text = refused.get_data(as_text=True)
    assert faults(text) == []
    assert "年-月-日" in text
    assert 'value="新标题"' in text, "what was typed is not lost"
    assert author.post(url, data={"alt": "堤坝", "expires_on": "2020-01-01", "tags": "防汛 抢险"}).status_code == 302
    page = author.get("/library").get_data(as_text=True)
    assert faults(page) == []
    for words in ("已到期", "防汛", "抢险"):
        assert words in page
    reader = people.browser(people.admin)
    page = reader.get(url).get_data(as_text=True)
    assert faults(page) == []
    for words in ("下载原件", "删除素材", "裁剪、缩小、压缩"):
        assert words not in page
    assert reader.get(f"{url}/cut").status_code == 403
    assert people.browser(people.stranger).get(url).status_code == 404
    assert author.post(f"{url}/removal").headers["Location"] == "/library"
    assert author.get(url).status_code == 404


def test_cutting_by_form(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    item = uploaded(author, picture(size=(200, 100)), "图.png")
    page = author.get(f"/library/{item['id']}/cut").get_data(as_text=True)
    assert faults(page) == []
    wrong = author.post(f"/library/{item['id']}/cut", data={"left": "150", "width": "100"})
    assert wrong.status_code == 422
    assert "超出了图片" in wrong.get_data(as_text=True)
    assert faults(wrong.get_data(as_text=True)) == []
    done = author.post(f"/library/{item['id']}/cut", data={"left": "0", "top": "0", "width": "50", "height": "50"})
    made = author.get(done.headers["Location"]).get_data(as_text=True)
    assert "原图没有改动" in made
    assert f'href="/library/{item["id"]}"' in made
    paper = uploaded(author, letter("甲"), "公示.docx")
    assert author.get(f"/library/{paper['id']}/cut").status_code == 404


def test_what_the_picker_offers(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    item = uploaded(author, picture(), "图.png", folder="活动")
    uploaded(author, letter("甲"), "公示.docx")
    found = author.get("/library/choices?kind=image").get_json()
    (choice,) = found["items"]
    assert (choice["id"], choice["url"], choice["alt"], choice["may_write"]) == (item["id"], item["url"], "", True)
    assert got(author, choice["thumb"]).mimetype == "image/png"
    assert found["folders"] == ["活动"]
    assert len(author.get("/library/choices").get_json()["items"]) == 2
    assert [each["name"] for each in author.get("/library/choices?q=公").get_json()["items"]] == ["公示.docx"]
    (theirs,) = people.browser(people.admin).get("/library/choices?kind=image").get_json()["items"]
    assert theirs["may_write"] is False
    assert people.browser(people.stranger).get("/library/choices").get_json()["items"] == []


def test_a_used_item_says_where_and_is_not_removed(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    item = uploaded(author, picture(), "图.png")
    fields = {
        "unit_id": people.city.id,
        "title": "灯会<b>100%(x)s",
        "body_html": f'<p>甲<img src="{item["url"]}" alt="图"></p>',
        "account_ids": [],
    }
    post = author.post("/posts", json=fields).get_json()["post"]
    page = author.get(f"/library/{item['id']}").get_data(as_text=True)
    assert faults(page) == []
    assert f'<a href="/posts/{post["id"]}">灯会&lt;b&gt;100%(x)s</a>' in page
    assert "删除素材" not in page
    refused = author.post(f"/library/{item['id']}/removal")
    assert refused.status_code == 409
    assert "没有删除" in refused.get_data(as_text=True)
    assert "已用于稿件" in author.get("/library").get_data(as_text=True)
