"""Should markup ever come out of people's words, the browser still runs none of it: the pages' policy forbids it."""

from __future__ import annotations

from playwright.sync_api import Browser

from app.system.demo.city import PASSWORD
from tests.journeys.browser import sign_in
from tests.journeys.stack import Stack

PUT_IN = """
() => new Promise((done) => {
  document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective), { once: true });
  const holder = document.createElement("div");
  holder.innerHTML = '<a onclick="window.hit = 1">x</a>';
  document.body.append(holder);
  holder.firstChild.click();
})
"""


def test_markup_that_came_out_would_not_run(stack: Stack, browser: Browser) -> None:
    page = sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD).open("/posts")
    assert page.evaluate(PUT_IN) == "script-src-attr"
    assert page.evaluate("() => window.hit") is None
