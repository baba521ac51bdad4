"""A person at the screen: Debian's Chromium without its own windows, driven by Playwright."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.patience import PATIENCE

SHOTS = Path(__file__).resolve().parents[2] / "test-results"


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium; a machine without it fails here, it does not skip.

    The headless shell shows and runs pages as Chromium does, at half the work: none goes into windows nobody sees.
    """
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE * 1000)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell")
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Person:
    """One signed-in person with a window of their own. Errors of the page's scripts are collected."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def shot(self, name: str) -> None:
        """A picture at 1440 and at 390 px; the page may be wider than neither."""
        SHOTS.mkdir(exist_ok=True)
        for width, height in ((390, 844), (1440, 900)):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(150)
            self.page.screenshot(path=str(SHOTS / f"{name}-{width}.png"))
            wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{name}: {wider} px wider than a screen of {width} px"


def newcomer(browser: Browser, base: str, **settings: Any) -> Person:
    """A window of its own, where nobody is signed in unless `settings` (of the context) hold somebody's cookies."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "zh-CN", **settings})
    page = context.new_page()
    person = Person(page, base)
    page.set_default_timeout(PATIENCE * 1000)
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    page.on("console", lambda note: person.complaints.append(note.text) if note.type == "error" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    return person


def sign_in(browser: Browser, base: str, email: str, password: str) -> Person:
    person = newcomer(browser, base)
    person.open("/sign-in")
    person.page.get_by_label("邮箱").fill(email)
    person.page.get_by_label("密码").fill(password)
    person.page.get_by_role("button", name="登录", exact=True).click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("工作台")
    return person
