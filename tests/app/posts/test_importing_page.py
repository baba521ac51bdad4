"""An article of the unit's own website becomes a post; no other address is ever asked."""

from __future__ import annotations

import gzip
import io
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docx
import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.db import db
from app.errors import Invalid, NotFound, TandemError, TooLarge, WrongKind
from app.media.models import Media
from app.posts import services as posts
from app.posts.services import Imported
from app.units.services import set_site_domains
from connectors.guard import is_public
from connectors.http import Http, new_session
from tests.app.posts.helpers import World, png

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ARTICLE = (Path(__file__).parent / "data" / "site-article.html").read_bytes()
HTML = "text/html"


class Site:
    """A website on this machine. `pages`: path -> (status, headers, body)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base = f"http://www.qinglan.gov.cn:{port}"
        self.asked: list[str] = []
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}

    def put(self, path: str, body: bytes, kind: str = HTML, status: int = 200, **headers: str) -> None:
        self.pages[path] = (status, {"Content-Type": kind, **headers}, body)


@pytest.fixture
def site() -> Iterator[Site]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            status, headers, body = made.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        made = Site(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


Take = Callable[[str], Imported]


@pytest.fixture
def take(world: World, site: Site) -> Take:
    """Import from the site, which stands for a public one: its names lead to this machine."""
    set_site_domains(world.admin, world.city.id, f"qinglan.gov.cn:{site.port}", now=world.now)

    def imported(url: str) -> Imported:
        http = Http(session=new_session(2, allows=lambda _address: True, look_up=lambda host, port: ["127.0.0.1"]))
        return posts.import_page(world.author, unit_id=world.city.id, url=url, now=world.now, http=http)

    return imported


def test_an_article_with_its_pictures(world: World, site: Site, take: Take) -> None:
    site.put("/xwzx/t2.html", ARTICLE)
    site.put("/xwzx/W020260710.jpg", png(), "image/jpeg")
    result = take(f"{site.base}/xwzx/t2.html")
    media = db.session.scalars(select(Media)).one()
    assert result.fields == {
        "title": "市水务局发布汛期安全提示",
        "source": "市水务局",
        "body_html": (
            f'<p style="text-align:center"><img src="/media/{media.sha256}" alt="水库"></p>'
            "<p>入汛以来，全市平均降雨量较常年偏多，请市民远离河道、水库和低洼地带。</p>"
            '<p>一旦遇险，请立即拨打<a href="tel:12345">12345</a>，并'
            f'<a href="{site.base}/bszn/t1.html">查看避险点</a>。</p>'
            '<table><tbody><tr><td rowspan="2">避险点</td><td>城东小学</td></tr><tr><td>城西中学</td></tr></tbody></table>'
            f'<p>附件：<a href="{site.base}/xwzx/P020260710.docx">避险点名单.docx</a></p>'
        ),
    }
    assert site.asked == ["/xwzx/t2.html", "/xwzx/W020260710.jpg"]
    said = "\n".join(result.notes)
    for words in ("2026-07-10 09:30", "1 个附件文件", "img.example.net", "页头、导航", "分享、打印"):
        assert words in said
    event = db.session.scalars(select(Event).where(Event.action == "post.import_page")).one()
    assert event.after["url"] == f"{site.base}/xwzx/t2.html"


def test_a_picture_that_cannot_be_had_is_named(site: Site, take: Take) -> None:
    site.put("/xwzx/t2.html", ARTICLE)
    result = take(f"{site.base}/xwzx/t2.html")
    assert "<img" not in result.fields["body_html"]
    assert any("图片“水库”没有带入" in note and "HTTP 404" in note for note in result.notes)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/a.html",
        "http://qinglan.gov.cn.evil.example:{port}/a.html",
        "http://xqinglan.gov.cn:{port}/a.html",
        "http://www.qinglan.gov.cn/a.html",
        "http://www.qinglan.gov.cn:22/a.html",
        "http://user:pass@www.qinglan.gov.cn:{port}/a.html",
        "http://evil.example\\@www.qinglan.gov.cn:{port}/a.html",
        "http://evil.example\\.www.qinglan.gov.cn:{port}/a.html",
        "http://www.qinglan.gov.cn:{port}\\@evil.example/a.html",
        "http://www.qinglan.gov.cn:{port}/\\a.html",
        "http://evil.example%5c.www.qinglan.gov.cn:{port}/a.html",
        "http://evil.example?.www.qinglan.gov.cn:{port}/a.html",
        "http://ev il.www.qinglan.gov.cn:{port}/a.html",
        "http://www.qinglan.gov.cn :{port}/a.html",
        "http://www.qing\tlan.gov.cn:{port}/a.html",
        "http://www.qinglan.gov.cn:{port}/\r\na.html",
        "http://www.qinglan.gov.cn:{port}/a.html\x00",
        "http://@www.qinglan.gov.cn:{port}/a.html",
        "http://user@www.qinglan.gov.cn:{port}/a.html",
        "http://a..qinglan.gov.cn:{port}/a.html",
        "http://127.0.0.1:{port}/a.html",
        "http://[::1]:{port}/a.html",
        "http://2130706433:{port}/a.html",
        "ftp://www.qinglan.gov.cn:{port}/a.html",
        "file:///etc/passwd",
        "gopher://www.qinglan.gov.cn:{port}/",
        "www.qinglan.gov.cn/a.html",
        "http://[::1/",
        "http://www.qinglan.gov.cn:99999/",
        "",
    ],
)
def test_nothing_else_is_asked(site: Site, take: Take, url: str) -> None:
    site.put("/a.html", ARTICLE)
    with pytest.raises(Invalid) as refused:
        take(url.replace("{port}", str(site.port)))
    assert refused.value.message.count("。") >= 3
    assert site.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/",
        "http://127.0.0.1:{port}/secret",
        "//evil.example/",
        "file:///etc/passwd",
        "http://[",
        "http://evil.example\\.www.qinglan.gov.cn:{port}/secret",
        "/\\evil.example/",
        "//@www.qinglan.gov.cn:{port}/secret",
    ],
)
def test_a_redirect_leads_nowhere_else(site: Site, take: Take, target: str) -> None:
    site.put("/a.html", b"", status=302, Location=target.replace("{port}", str(site.port)))
    with pytest.raises(Invalid, match="转到了别处"):
        take(f"{site.base}/a.html")
    assert site.asked == ["/a.html"]


def test_redirects_within_the_site_are_followed_but_not_for_ever(site: Site, take: Take) -> None:
    site.put("/a.html", b"", status=301, Location="/xwzx/t2.html")
    site.put("/xwzx/t2.html", ARTICLE)
    assert take(f"{site.base}/a.html").fields["title"] == "市水务局发布汛期安全提示"
    site.put("/round", b"", status=302, Location="/round")
    with pytest.raises(Invalid, match="转来转去"):
        take(f"{site.base}/round")


def test_a_registered_name_that_leads_inside_is_not_asked(world: World, site: Site, take: Take) -> None:
    http = Http(session=new_session(1, allows=is_public, look_up=lambda host, port: ["127.0.0.1"]))
    with pytest.raises(Invalid, match="内部网络"):
        posts.import_page(world.author, unit_id=world.city.id, url=f"{site.base}/a.html", now=world.now, http=http)
    assert site.asked == []


@pytest.mark.parametrize(
    ("body", "kind", "error", "cause"),
    [
        (b"%PDF-1.7", "application/pdf", WrongKind, "application/pdf"),
        (b"<p>x</p>" * 700_000, HTML, TooLarge, "5 MB"),
        (b"<html><body><a href=/>x</a></body></html>", HTML, WrongKind, "找不到成篇的正文"),
        (b"", HTML, WrongKind, "找不到成篇的正文"),
    ],
)
def test_what_is_no_article_is_refused(
    site: Site, take: Take, body: bytes, kind: str, error: type[TandemError], cause: str
) -> None:
    site.put("/a", body, kind)
    with pytest.raises(error, match=cause) as refused:
        take(f"{site.base}/a")
    assert refused.value.message.count("。") >= 3


def test_without_registered_sites_nothing_is_asked(world: World) -> None:
    with pytest.raises(Invalid, match="没有登记网站域名"):
        posts.import_page(world.author, unit_id=world.city.id, url="http://www.qinglan.gov.cn/", now=world.now)
    with pytest.raises(NotFound):
        posts.import_page(world.outsider, unit_id=world.city.id, url="http://www.qinglan.gov.cn/", now=world.now)


@pytest.mark.parametrize(
    "src",
    [
        "http://evil.example\\.www.qinglan.gov.cn:{port}/p.png",
        "http://user@www.qinglan.gov.cn:{port}/p.png",
        "http://[",
    ],
)
def test_no_picture_is_asked_for_elsewhere(site: Site, take: Take, src: str) -> None:
    at = src.replace("{port}", str(site.port)).encode()
    site.put("/xwzx/t2.html", ARTICLE.replace(b'src="./W020260710.jpg"', b'src="' + at + b'"'))
    assert at in site.pages["/xwzx/t2.html"][2]
    result = take(f"{site.base}/xwzx/t2.html")
    assert site.asked == ["/xwzx/t2.html"]
    assert "<img" not in result.fields["body_html"]


def test_the_host_that_is_asked_is_the_one_that_was_checked(site: Site, world: World) -> None:
    """ß is "ss" to one program and a letter of its own to another."""
    looked_up: list[str] = []

    def look_up(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    set_site_domains(world.admin, world.city.id, f"strasse.gov.cn:{site.port}", now=world.now)
    site.put("/a.html", ARTICLE)
    http = Http(session=new_session(2, allows=lambda _address: True, look_up=look_up))
    url = f"http://WWW.straße.gov.cn:{site.port}/a.html#top"
    posts.import_page(world.author, unit_id=world.city.id, url=url, now=world.now, http=http)
    assert set(looked_up) == {"www.strasse.gov.cn"}


def test_a_document_is_no_picture_of_a_page(site: Site, take: Take) -> None:
    site.put("/xwzx/t2.html", ARTICLE.replace(b"W020260710.jpg", b"W020260710.docx"))
    letter = io.BytesIO()
    docx.Document().save(letter)
    site.put("/xwzx/W020260710.docx", letter.getvalue(), "image/png")
    result = take(f"{site.base}/xwzx/t2.html")
    assert "<img" not in result.fields["body_html"]
    assert db.session.scalars(select(Media)).all() == []
    assert site.asked == ["/xwzx/t2.html", "/xwzx/W020260710.docx"]
    assert any("不是图片" in note for note in result.notes)


def test_a_redirect_that_bursts_is_not_read_whole(site: Site, take: Take) -> None:
    headers = {"Location": "/b.html", "Content-Encoding": "gzip"}
    site.put("/a.html", gzip.compress(b" " * (64 << 20)), status=302, **headers)
    site.put("/b.html", ARTICLE)
    tracemalloc.start()
    try:
        with pytest.raises(Invalid, match="太大"):
            take(f"{site.base}/a.html")
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()
    assert site.asked == ["/a.html"]
