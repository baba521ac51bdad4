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
    media_id = page.split("/library/")[1].split('"')[0]
    assert author.post(f"/library/{media_id}", data={"alt": "蓝天"}).status_code == 302
    assert "蓝天" in author.get("/library?q=蓝").get_data(as_text=True)
    refused = author.post("/library", data=file(b"MZ\x90", "a.png"))
    assert refused.status_code == 415
    assert "程序" in refused.get_data(as_text=True)
