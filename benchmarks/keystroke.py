"""From a key to what is said of it: the list of problems and the accounts' counters in the composer, on the demo.

    .venv/bin/python benchmarks/keystroke.py [--keys 40] [--base http://127.0.0.1:8000]

Types single keys into the title and the body of a demo draft for two accounts, with pauses as people make them, a long
one now and then, in which the draft is saved. Measured inside the page: from the keydown to the first frame in which both
the list is drawn anew and a counter shows another number. Without --base it starts the product with its demo data (web,
scheduler and simulator, as in the journeys) and stops it again. Needs Chromium. Prints one line of JSON; a key after
which nothing changed fails the run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)] if str(ROOT) not in sys.path else []

from app.system.demo.city import PASSWORD  # noqa: E402
from tests.journeys.browser import chromium, sign_in  # noqa: E402
from tests.journeys.stack import running  # noqa: E402

# Seconds between keys; long ones let the draft be saved (1.2 s after the last key).
PAUSES = (0.45, 0.6, 0.75, 0.9, 0.6, 0.75, 0.45, 2.2)

WATCH = """() => {
  const list = document.getElementById("problems"), tabs = document.getElementById("tabs");
  const counters = () => [...tabs.querySelectorAll(".counter")].map((each) => each.textContent).join();
  window.keys = [];
  // A key that was overtaken by the next one waited for what came after that.
  const shown = (name, changed) => {
    for (const key of window.keys.filter((each) => each[name] === null && changed(each))) {
      key[name] = 0;
      // The frame that shows it counts, not the moment at which the page was told.
      requestAnimationFrame(() => (key[name] = performance.now() - key.began));
    }
  };
  addEventListener("keydown", () => window.keys.push({ began: performance.now(), before: counters(), list: null, counter: null }), true);
  const all = { childList: true, subtree: true, characterData: true };
  new MutationObserver(() => shown("list", () => true)).observe(list, all);
  new MutationObserver(() => shown("counter", (key) => counters() !== key.before)).observe(tabs, all);
}"""
ASKED = """() => performance.getEntriesByType("resource").filter((each) => each.name.endsWith("/look")).map((each) => each.duration)"""


@contextlib.contextmanager
def product(base: str) -> Iterator[str]:
    """The address of a product with its demo data."""
    if base:
        yield base
        return
    with tempfile.TemporaryDirectory() as home, running(Path(home), f"sqlite:///{home}/tandem.sqlite3") as stack:
        stack.flask("demo", "load")
        yield stack.web


def open_draft(page: Page, base: str) -> None:
    """The demo's draft with personal numbers in it, for one account on each platform."""
    page.goto(f"{base}/posts?status=draft")
    page.get_by_role("link", name="市属事业单位公开招聘拟聘用人员公示").first.click()
    expect(page.locator("#tabs .counter")).to_have_count(2)


def type_keys(page: Page, keys: str, draw: random.Random) -> None:
    for at, key in enumerate(keys):
        page.keyboard.press(key)
        page.wait_for_timeout(1000 * PAUSES[at % len(PAUSES)] * draw.uniform(0.9, 1.1))


def measured(page: Page, count: int) -> dict[str, Any]:
    draw = random.Random(20260712)
    page.evaluate(WATCH)
    page.locator("#title").click()
    page.keyboard.press("End")
    page.wait_for_timeout(500)
    page.evaluate("window.keys.length = 0")
    type_keys(page, "abcdefghij"[: count // 2] * (count // 20 or 1), draw)
    page.locator("#editor [role=textbox] p").last.click()
    page.keyboard.press("End")
    page.wait_for_timeout(500)
    page.evaluate("window.keys.pop()")
    type_keys(page, ("13912345678,18012345678,13512345678,1" * count)[: count - count // 2], draw)
    found: list[dict[str, float]] = page.evaluate("window.keys")
    both = [max(key["list"], key["counter"]) for key in found if key["list"] and key["counter"]]
    missed = len(found) - len(both)
    if missed:
        raise SystemExit(f"after {missed} of {len(found)} keys nothing changed")
    return {
        "keys": len(both),
        "median_ms": round(statistics.median(both)),
        "p90_ms": round(statistics.quantiles(both, n=10)[-1]),
        "max_ms": round(max(both)),
        "request_median_ms": round(statistics.median(page.evaluate(ASKED))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--base", default="")
    asked = parser.parse_args()
    with product(asked.base) as base, chromium() as browser:
        person = sign_in(browser, base, "author@demo.tandem", PASSWORD)
        open_draft(person.page, base)
        found = measured(person.page, asked.keys)
        if person.complaints:
            raise SystemExit("\n".join(person.complaints))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
