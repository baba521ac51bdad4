"""Every page that the demo's people can reach: sound HTML, no link into a refusal, as wide as the screen, no complaint."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Browser

from app.system.demo.city import PASSWORD, PEOPLE
from tests.architecture.pages import faults
from tests.journeys.browser import newcomer, sign_in
from tests.journeys.crawl import Page, Walker
from tests.journeys.stack import Stack
from tests.patience import wait_for

Reached = Callable[[str], list[Page]]

NAMES = [person.email.split("@")[0] for person in PEOPLE]
SCREENS = ((390, 844), (1440, 900))
# Each of the main pages once, with the person who works there.
MAIN_PAGES = {
    "author": ("/", "/posts", "/posts/new", "/posts/{id}", "/posts/{id}?edit", "/calendar", "/library"),
    "reviewer1": ("/", "/review", "/review/{id}", "/posts/{id}"),
    "responder": ("/", "/inbox", "/inbox/{id}", "/accounts", "/reports", "/notices", "/settings/profile"),
    "admin": (
        "/accounts/{id}",
        "/accounts/new",
        "/accounts/new?platform",
        "/stops",
        "/status",
        "/settings",
        "/settings/people",
        "/settings/units",
        "/settings/events",
        "/settings/alerts",
        "/settings/review-chain",
    ),
    "publisher": ("/publications/{id}", "/posts/{id}", "/calendar"),
}


@pytest.fixture(scope="module")
def settled(stack: Stack) -> Stack:
    """The demo after the scheduler has brought the first posts out."""
    walker = Walker(stack.web)
    walker.sign_in("publisher@demo.tandem", PASSWORD)
    wait_for("published posts", lambda: "已发布" in walker.session.get(f"{stack.web}/posts", timeout=30).text)
    return stack


@pytest.fixture(scope="module")
def reached(settled: Stack) -> Reached:
    """Every page that a demo person can reach, walked once."""

    @functools.cache
    def walked(name: str) -> list[Page]:
        walker = Walker(settled.web)
        walker.sign_in(f"{name}@demo.tandem", PASSWORD)
        return list(walker.walk("/"))

    return walked


def breaches(page: Page) -> list[str]:
    if page.status >= 400:
        return [f"answers {page.status}"]
    if page.content_type != "text/html" or page.fragment:
        return []
    return faults(page.text)


@pytest.mark.parametrize("name", NAMES)
def test_every_page_a_person_can_reach_is_sound(reached: Reached, name: str) -> None:
    pages = reached(name)
    found = [f"{page.path} (from {page.found_on}): {fault}" for page in pages for fault in breaches(page)]
    assert found == []
    assert len([page for page in pages if page.content_type == "text/html"]) > 10, [page.path for page in pages]


def test_pages_for_everybody_are_sound(settled: Stack) -> None:
    walker = Walker(settled.web)
    sitemap = requests.get(f"{settled.web}/sitemap.xml", timeout=30).text
    starts = [part.split("</loc>")[0].removeprefix(settled.web) for part in sitemap.split("<loc>")[1:]]
    assert starts, "nothing is public"
    found = [f"{page.path}: {fault}" for page in walker.walk("/sign-in", *starts) for fault in breaches(page)]
    assert found == []


def test_errors_are_sound_pages_too(settled: Stack) -> None:
    for name in ("author", ""):
        walker = Walker(settled.web)
        if name:
            walker.sign_in(f"{name}@demo.tandem", PASSWORD)
        page = walker.session.get(f"{settled.web}/no-such-page", timeout=30)
        assert page.status_code == 404
        assert faults(page.text) == []


def test_links_of_drill_accounts_lead_to_the_simulator(settled: Stack, reached: Reached) -> None:
    """Not to the real platforms, and to what was published there."""
    text = "".join(page.text for page in reached("publisher"))
    assert 'href="https://weibo.com/' not in text
    assert 'href="http://mp.weixin.qq.com/' not in text
    links = {part.split('"')[0] for part in text.split(f'href="{settled.simulator}')[1:]}
    assert len(links) >= 2
    for link in sorted(links)[:6]:
        page = requests.get(settled.simulator + link, timeout=30)
        assert page.status_code == 200, link


def addresses(pages: list[Page], name: str) -> list[str]:
    """One address of each of the person's main pages."""
    reached = [page.path for page in pages if not page.fragment and page.status == 200]
    found = []
    for pattern in MAIN_PAGES[name]:
        path, _, query = pattern.partition("?")
        head = path.removesuffix("{id}")
        fitting = [
            address
            for address in reached
            if (address.split("?")[0] == path or (head != path and is_one_below(address.split("?")[0], head)))
            and (f"{query}=" in address if query else "?" not in address)
        ]
        assert fitting or query == "edit", f"{name} cannot reach {pattern}"
        found += fitting[:2] if "{id}" in pattern else fitting[:1]
    return found


BAR_AT_THE_END = """() => {
  scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  return document.querySelector("header.bar").getBoundingClientRect().top;
}"""


def is_one_below(path: str, head: str) -> bool:
    last = path.removeprefix(head)
    return path.startswith(head) and len(last) >= 16 and "/" not in last


@pytest.mark.parametrize("name", sorted(MAIN_PAGES))
def test_main_pages_fit_the_screen_and_complain_of_nothing(
    settled: Stack, browser: Browser, reached: Reached, name: str
) -> None:
    paths = addresses(reached(name), name)
    person = sign_in(browser, settled.web, f"{name}@demo.tandem", PASSWORD)
    found = []
    for path in paths:
        person.open(path)
        person.page.wait_for_load_state("networkidle")
        for width, height in SCREENS:
            person.page.set_viewport_size({"width": width, "height": height})
            wider = person.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wider > 0:
                found.append(f"{path}: {wider} px wider than {width}")
            # However long the page: the bar with the machine's state and the bell stays in sight.
            if gone := person.page.evaluate(BAR_AT_THE_END):
                found.append(f"{path}: at its end the bar stands at {gone} px, {width} wide")
        found += [f"{path}: {words}" for words in person.complaints]
        person.complaints.clear()
    assert found == []


def test_the_composer_speaks_english_to_whom_chose_it(settled: Stack, browser: Browser) -> None:
    """Also the words that scripts draw."""
    author = sign_in(browser, settled.web, "yunxi@demo.tandem", PASSWORD)
    page = author.open("/settings/profile")
    page.get_by_role("button", name="我的菜单").click()
    page.get_by_role("button", name="English").click()
    author.open("/posts/new")
    page.locator("input[name=account]").first.check()
    page.get_by_label("Title", exact=True).fill("Draft")
    page.locator("#saved", has_text=re.compile(r"^Saved \d\d:\d\d$")).wait_for()
    drawn = page.locator("#saved, #problem-count, #cover").all_inner_texts()
    page.get_by_role("tab").nth(1).click()
    labels = page.locator("[role=tabpanel]:not([hidden]) .form-label").all_inner_texts()
    assert labels
    for text in (*drawn, *labels):
        assert not any("一" <= character <= "鿿" for character in text), text
    assert author.complaints == []


def test_the_simulators_pages_are_sound_and_fit(settled: Stack, browser: Browser) -> None:
    """They stand for a phone; their forms need no CSRF token, since nobody is signed in there."""
    walker = Walker(settled.simulator)
    pages = [page for page in walker.walk("/") if page.content_type == "text/html"]
    kinds = {page.path.split("/")[1] for page in pages}
    assert {"", "s", "status"} <= kinds, kinds
    faults_found = [f"{page.path}: {fault}" for page in pages for fault in breaches(page) if "CSRF" not in fault]
    assert faults_found == []
    visitor = newcomer(browser, settled.simulator)
    for width, height in SCREENS:
        visitor.page.set_viewport_size({"width": width, "height": height})
        for kind in sorted(kinds):
            visitor.open(next(page.path for page in pages if page.path.split("/")[1] == kind))
            wider = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{kind or '/'}: {wider} px wider than {width}"
            assert visitor.page.get_by_text("演练模拟器").first.is_visible()
    assert visitor.complaints == []
