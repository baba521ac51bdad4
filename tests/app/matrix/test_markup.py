"""What people write is text: no page makes an element of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest
from lxml import html
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.inbox import services as inbox
from app.media import services as media
from app.posts import services as posts
from app.posts.models import Post
from app.publishing.models import Publication
from app.review import services as review
from app.units.models import BrowserSession
from tests.app.matrix.calling import path_of, sent_of, words_of
from tests.app.matrix.conftest import Door, Kept
from tests.app.matrix.expectations import OPERATIONS
from tests.app.matrix.world import CHIEF, OUT, World

IMAGE, SCRIPT = "<img src=x onerror=window.hit=1>%", '"><script>window.hit=1</script>%'
BOTH = IMAGE + SCRIPT
# As they would stand in a page that takes them for markup, and as sanitising that went half the way would leave them.
LIVE = ("<img src=x", '<img src="x"', "<script>window.hit")
PAGES = [operation for operation in OPERATIONS if not operation.api]
# Who may everything, and whoever owns what is personal.
EYES = (CHIEF, "author")


@pytest.fixture(scope="module")
def spoilt(builder: Callable[[World], Kept], opening: Callable[[Kept], AbstractContextManager[Door]]) -> Iterator[Door]:
    """A world whose people gave every name, title, reason, remark and message as markup."""
    # WeChat takes titles of 32 letters.
    extra = f"<p>{BOTH}</p><p onclick='window.hit=1'>{IMAGE}</p>"
    kept = builder(World(utcnow(), mark=SCRIPT, secret=IMAGE, extra=extra, longest_title=32))
    with opening(kept) as door:
        spoil(door.world)
        door.accept()
        door.keep()
        yield door


def spoil(world: World) -> None:
    """The other texts that people fill in, and what platforms and browsers told of themselves."""
    now, ids, author, responder = world.now, world.ids, world.people["author"], world.people["responder"]
    about = dict.fromkeys(("alt", "title", "source", "holder", "licence", "note"), BOTH)
    media.edit(author, ids["media"], {**about, "folder": IMAGE, "tags": [IMAGE]}, now)
    words = {"title": BOTH, "summary": BOTH, "source": BOTH, "author": BOTH, "tags": [IMAGE]}
    for name in ("draft", "noted"):
        post = db.session.get_one(Post, ids[name])
        posts.revise_post(author, post.id, words, post.version, now)
    variant = posts.current_variants(db.session.get_one(Post, ids["draft"]))[0]
    posts.override_variant(author, ids["draft"], variant.id, {"text": BOTH}, now)
    inbox.set_labels(responder, ids["conversation"], [IMAGE[:20]], now)
    inbox.set_remark(responder, ids["conversation"], IMAGE, now)
    inbox.add_note(responder, ids["conversation"], text=BOTH, now=now)
    review.decide(world.people["reviewer"], ids["reviewed_revision"], "returned", BOTH, None, now)
    with atomic():
        for account in db.session.scalars(select(Account)):
            account.probe_note = account.poll_note = account.callback_refusal = account.egress_ip = IMAGE
            account.rights = [{"key": IMAGE, "ok": False, "detail": BOTH, "remedy": BOTH}]
            account.checked_at = account.tried_at = account.callback_refused_at = now
        for row in db.session.scalars(select(Publication)):
            row.why = row.error_cause = row.error_remedy = row.error_who = BOTH
            row.url = f"https://mp.weixin.qq.com/{SCRIPT}"
        for session in db.session.scalars(select(BrowserSession)):
            session.user_agent = session.address = BOTH


def faults_of(answer: TestResponse, name: str) -> list[str]:
    """What in a page, or in the fragments that an answer to a script holds, came out of the texts as markup."""
    found = [f"{answer.status}"] if answer.status_code >= 500 else []
    if answer.mimetype == "application/json":
        found += [fault for text in fragments(answer.get_json()) for fault in faults_in(text)]
    elif answer.mimetype == "text/html" and not runs_nothing(answer):
        found.append(f"runs scripts within the page: {answer.headers['Content-Security-Policy']}")
    if answer.mimetype in ("text/html", "application/atom+xml", "application/xml"):
        found += faults_in(words_of(answer))
    return [f"{name}: {fault}" for fault in found]


def runs_nothing(answer: TestResponse) -> bool:
    """Whether a browser would run none of it even if it came out as markup."""
    policy = dict(rule.strip().partition(" ")[::2] for rule in answer.headers["Content-Security-Policy"].split(";"))
    return policy.get("script-src", policy["default-src"]) in ("'self'", "'none'")


def fragments(given: Any, key: str = "") -> Iterator[str]:
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield from fragments(value, name)
    elif isinstance(given, list):
        for value in given:
            yield from fragments(value, key)
    elif isinstance(given, str) and "html" in key:
        yield given


def faults_in(text: str) -> list[str]:
    found = [live for live in LIVE if live in text]
    if not text.strip() or text.startswith("<?xml"):
        return found
    for element in html.fromstring(text).iter():
        if not isinstance(element.tag, str):
            continue
        found += [f"{element.tag} {name}={value}" for name, value in element.attrib.items() if name.startswith("on")]
        if element.tag == "img" and element.get("src") == "x":
            found.append("an image of theirs")
        if element.tag == "script" and element.get("type") in (None, "module") and "hit" in (element.text or ""):
            found.append("a script of theirs")
        target = element.get("href") or element.get("src") or element.get("action") or ""
        if target.strip().lower().startswith(("javascript:", "vbscript:", "data:text")):
            found.append(f"{element.tag} to {target}")
    return found


def test_the_check_sees_markup() -> None:
    assert faults_in(f"<p>{IMAGE}</p>")
    assert faults_in(f'<input value="{SCRIPT}">')
    assert not faults_in("<p>&lt;img src=x onerror=window.hit=1&gt;</p>".replace("onerror=", "onerror&#61;"))


@pytest.mark.parametrize("who", EYES)
def test_texts_come_out_as_texts_on_every_page(spoilt: Door, who: str) -> None:
    faults, shown = [], 0
    for path, query in pages(spoilt.world):
        answer = spoilt.ask(who, "GET", path, query_string=query)
        shown += IMAGE.replace("<", "&lt;")[:8] in words_of(answer)
        faults += faults_of(answer, f"{path} as {who}")
        spoilt.tidy()
    assert not faults, "\n".join(faults)
    assert shown > 20, f"the texts stand on {shown} pages"


def pages(world: World) -> Iterator[tuple[str, Any]]:
    """Every page, and those of posts and publications in each of their states."""
    for operation in PAGES:
        if operation.changes:
            continue
        yield path_of(operation, world), sent_of(operation, world).get("query_string")
    for name in OUT:
        post, publication = world.ids[name], world.ids[f"{name}_publication"]
        yield from ((f"/posts/{post}{part}", None) for part in ("", "/publications-panel", "/review-panel"))
        yield f"/publications/{publication}", None
    yield from ((f"/review/{world.ids[name]}", None) for name in ("reviewed_review", "asked_review"))


def test_what_was_typed_comes_back_as_text(spoilt: Door) -> None:
    """Every form with markup in each of its fields, and every page with markup in what is asked for: what is said of it, in
    place or on the page one is sent to."""
    faults = []
    for operation in PAGES:
        sent = sent_of(operation, spoilt.world)
        for name in ("data", "json"):
            if name in sent:
                sent[name] = {key: BOTH if isinstance(value, str) else value for key, value in sent[name].items()}
        if not operation.changes:
            sent["query_string"] = dict.fromkeys(ASKED, BOTH)
        answer = spoilt.ask(CHIEF, operation.method, path_of(operation, spoilt.world), **sent)
        if answer.status_code in (302, 303) and spoilt.said(answer):
            answer = spoilt.follow(CHIEF, answer)
        faults += faults_of(answer, operation.name)
        spoilt.tidy()
    assert not faults, "\n".join(faults)


# Arguments of pages that search, filter, page or prefill.
ASKED = (
    "q",
    "status",
    "cursor",
    "unit_id",
    "next",
    "platform",
    "tab",
    "action",
    "actor",
    "folder",
    "tag",
    "list",
    "from",
)
