"""Every sample goes through import, adapt, prepare and publish; the one that leaks is stopped with every leak named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.config import load
from app.db import db, utcnow
from app.errors import ContentBlocked
from app.media import services as media
from app.posts import services as posts
from app.posts.models import Post
from app.review import services as review
from app.units import services as units
from app.units.access import Actor, actor_for
from tests.conftest import fresh_database
from tests.journeys.stack import City, found_city, running
from tests.journeys.test_api_journey import approve, published
from tests.patience import wait_for

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
PUBLISHABLE = (
    "weather-warning.md",
    "rumor-rebuttal.md",
    "policy-interpretation.docx",
    "traffic-control-from-word.html",
)


@pytest.fixture(scope="module", params=["sqlite"])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    home = tmp_path_factory.mktemp("samples")
    with fresh_database(request, home) as url, running(home, url) as stack:
        yield found_city(stack)


@pytest.fixture(scope="module")
def console(city: City) -> Iterator[Flask]:
    """The same database in this process, to import as the import page does."""
    app = create_app(load(city.stack.environment()))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def author() -> Actor:
    user = units.find_user("author@journey.test")
    assert user is not None
    return actor_for(user)


def described(picture: re.Match[str]) -> str:
    """The picture with words for those who cannot see it, where the document has none."""
    tag = picture.group()
    return (
        tag if re.search(r'\salt="[^"]', tag) else tag.replace(' alt=""', "").replace("<img ", '<img alt="一图读懂" ')
    )


def import_sample(city: City, name: str) -> Post:
    """A draft for both accounts from one sample, pictures and cover included."""
    actor, now = author(), utcnow()
    pictures = {f"images/{p.name}": p.read_bytes() for p in (SAMPLES / "images").iterdir()}
    imported = posts.import_document(
        actor, unit_id=city.unit, name=name, content=(SAMPLES / name).read_bytes(), now=now, files=pictures
    )
    assert imported.missing == []
    cover = media.add_media(
        actor,
        unit_id=city.unit,
        name="cover.jpg",
        content=(SAMPLES / "images" / "cover-rain.jpg").read_bytes(),
        now=now,
    )
    fields: dict[str, Any] = {
        **imported.fields,
        # Word knows no words for its picture; the author writes them.
        "body_html": re.sub(r"<img [^>]*>", described, imported.fields["body_html"]),
        "unit_id": city.unit,
        "account_ids": [city.weibo, city.wechat],
        "cover_media_id": cover.id,
    }
    return posts.create_post(actor, fields, now=now)


@pytest.mark.parametrize("name", PUBLISHABLE)
def test_a_sample_goes_out_once_on_each_account(city: City, console: Flask, name: str) -> None:
    before = {item["seq"] for item in city.accepted()}
    post = posts.post_json(import_sample(city, name))
    db.session.rollback()
    approve(city, post)
    city.people["author"].put(f"/posts/{post['id']}/schedule", {"publish_at": "now"})
    done = published(city.people["author"], post["id"])
    assert done["status"] == "published", city.people["author"].get(f"/publications?post_id={post['id']}")
    received = [item for item in city.accepted() if item["seq"] not in before]
    assert sorted(item["kind"] for item in received) == ["mass", "status"]
    status = next(item for item in received if item["kind"] == "status")
    assert weibo_length(status["text"]) <= 280
    assert len(status["images"]) <= 1
    (article,) = next(item for item in received if item["kind"] == "mass")["articles"]
    assert len(article["title"]) <= 32
    assert len(article["author"]) <= 16
    assert len(article["digest"]) <= 128
    assert len(article["content"]) < 20000
    assert "<script" not in article["content"]
    assert "<iframe" not in article["content"]
    sources = re.findall(r'<img[^>]+src="([^"]+)"', article["content"])
    assert all(re.match(r"https?://mmbiz\.qpic\.cn/", source) for source in sources), sources


def weibo_length(text: str) -> int:
    """Half-width units with links at their discount of 20, counted independently of the connector."""
    link = re.compile(r"https?://[A-Za-z0-9.:/?=&_~%#+-]+")
    rest = link.sub("", text)
    units_of_rest = len(rest.encode("utf-16-le")) // 2 + len(re.findall(r"[^\x00-\xff]", _utf16(rest)))
    return units_of_rest + 20 * len(link.findall(text))


def _utf16(text: str) -> str:
    """`text` with every character beyond the first plane as two surrogates, as the platform counts."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(int.from_bytes(raw[i : i + 2], "little")) for i in range(0, len(raw), 2))


def test_the_leaking_sample_is_stopped_with_every_leak_named(city: City, console: Flask) -> None:
    actor, now = author(), utcnow()
    post = import_sample(city, "recruitment-publicity.docx")
    attachment = media.add_media(
        actor,
        unit_id=city.unit,
        name="recruitment-publicity-attachment.xlsx",
        content=(SAMPLES / "recruitment-publicity-attachment.xlsx").read_bytes(),
        now=now,
    )
    post = posts.revise_post(actor, post.id, {"attachments": [attachment.id]}, post.version, now=now)
    with pytest.raises(ContentBlocked) as blocked:
        review.submit(actor, post.id, now)
    problems = [p for p in blocked.value.extra["problems"] if p["severity"] == "block"]
    fields = {p["field"].split(":")[0] for p in problems}
    assert {"body", "attachment"} <= fields, fields
    kinds = {p["rule"] for p in problems}
    assert len(kinds) == 3, kinds
    sent = city.accepted()
    assert not [item for item in sent if "拟聘用" in str(item.get("text", "")) + str(item.get("title", ""))]


def test_both_stay_stopped(city: City, console: Flask) -> None:
    """The API refuses the same post in the same words."""
    drafts = wait_for("the draft", lambda: city.people["author"].get("/posts?status=draft")["items"])
    refused = city.people["author"].post(f"/posts/{drafts[0]['id']}/submission", expect=422)
    assert len(refused["problems"]) >= 3
