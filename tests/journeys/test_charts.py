"""Charts on the screen: really painted, from their tables, by keyboard, in both themes, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, newcomer, sign_in
from tests.journeys.crawl import Walker
from tests.journeys.stack import Stack
from tests.patience import wait_for

# Bars of one colour along the canvas, from left to right: how high each is, in pixels.
BARS = """(canvas, token) => {
  const probe = document.createElement("i");
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
  probe.remove();
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const is = (x, y) => {
    const at = 4 * (y * width + x);
    return data[at + 3] > 200 && Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 12;
  };
  const highest = [];
  for (let x = 0; x < width; x++) {
    let number = 0;
    for (let y = 0; y < height; y++) number += is(x, y) ? 1 : 0;
    highest.push(number);
  }
  const bars = [];
  for (let x = 0; x < width; x++) {
    if (!highest[x]) continue;
    if (x === 0 || !highest[x - 1]) bars.push(0);
    bars[bars.length - 1] = Math.max(bars[bars.length - 1], highest[x]);
  }
  return bars;
}"""

COUNTED = re.compile(r'<td class="num">(\d+)</td>')


@pytest.fixture(scope="module")
def lively(stack: Stack) -> Stack:
    """The demo after the platforms' lists were read: posts of many days are known."""
    walker = Walker(stack.web)
    walker.sign_in("responder@demo.tandem", PASSWORD)

    def known() -> bool:
        page = walker.session.get(f"{stack.web}/reports", timeout=30).text
        # At night fewer than by day: what only the platform's statistics tell is asked after eight in the morning.
        return sum(map(int, COUNTED.findall(page.split('id="chart-gaps"')[0]))) > 10

    wait_for("posts of the last days", known)
    return stack


@pytest.fixture
def responder(lively: Stack, browser: Browser) -> Iterator[Person]:
    person = sign_in(browser, lively.web, "responder@demo.tandem", PASSWORD)
    yield person
    person.page.context.close()


def figure(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}")


def cells(where: Locator, column: int) -> list[str]:
    """What a column of its table says."""
    found: list[str] = where.locator(f"tbody tr > :nth-child({column})").all_text_contents()
    return found


def bars(where: Locator, token: str) -> list[int]:
    found: list[int] = where.locator("canvas").evaluate(BARS, token)
    return found


def painted(where: Locator, token: str, number: int) -> list[int]:
    """Wait until there are so many bars of that colour."""

    def all_there() -> list[int] | None:
        found = bars(where, token)
        return found if len(found) == number else None

    return wait_for(f"{number} bars of {token}", all_there)


def heights(where: Locator, column: int) -> list[int]:
    return [int(text) for text in cells(where, column) if int(text)]


def values_of(found: list[int], most: int) -> list[int]:
    """Heights in units of the table: the tallest stands for `most`."""
    return [round(each * most / max(found)) for each in found]


def test_what_is_painted_is_what_the_table_says(responder: Person) -> None:
    page = responder.open("/reports")
    published = figure(page, "chart-published")
    for column, token in ((2, "weibo"), (3, "wechat")):
        wanted = heights(published, column)
        assert wanted
        # Stripes take the top of some bars: their number is sure, their height only of the plain ones.
        found = painted(published, token, len(wanted))
        assert token == "wechat" or values_of(found, max(wanted)) == wanted
    gaps = figure(page, "chart-gaps")
    assert any("天" in text for text in cells(gaps, 2))
    assert wait_for("the line at 14 days", lambda: bars(gaps, "red"))
    for name in ("chart-inbox", "chart-first", "chart-steps"):
        expect(figure(page, name).locator("canvas")).to_be_visible()
    assert wait_for("the tandem bars", lambda: bars(figure(page, "chart-steps"), "green"))
    label = published.locator("canvas").locator("xpath=..").locator("xpath=..").get_attribute("aria-label")
    assert label is not None
    assert "每天发布" in label
    responder.shot("charts-reports")
    assert responder.complaints == []


def test_another_table_is_another_picture(responder: Person) -> None:
    """The picture has no other source: two days set by hand, drawn when the theme changes."""
    page = responder.open("/reports")
    published = figure(page, "chart-published")
    painted(published, "weibo", len(heights(published, 2)))
    published.evaluate(
        """(figure) => figure.querySelectorAll("tbody tr").forEach((row, at) => {
          row.cells[1].textContent = { 3: "4", 20: "1" }[at] ?? "0";
          row.cells[2].textContent = "0";
        })"""
    )
    toggle_theme(page)
    assert values_of(painted(published, "weibo", 2), 4) == [4, 1]


def toggle_theme(page: Page) -> None:
    page.get_by_role("button", name="我的菜单").click()
    page.get_by_role("button", name="切换深浅色").click()


def test_both_themes(responder: Person) -> None:
    page = responder.open("/reports")
    published = figure(page, "chart-published")
    number = len(heights(published, 2))
    painted(published, "weibo", number)
    light = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--weibo')")
    toggle_theme(page)
    dark = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--weibo')")
    assert light != dark
    painted(published, "weibo", number)
    responder.shot("charts-dark")
    assert responder.complaints == []


def test_picture_or_table_by_keyboard(responder: Person) -> None:
    page = responder.open("/reports")
    published = figure(page, "chart-published")
    picture, table = (published.get_by_role("button", name=re.compile(name)) for name in ("图$", "表$"))
    expect(picture).to_have_attribute("aria-pressed", "true")
    assert height_of(published) < 30
    picture.focus()
    page.keyboard.press("Tab")
    expect(table).to_be_focused()
    page.keyboard.press("Enter")
    expect(table).to_have_attribute("aria-pressed", "true")
    expect(picture).to_have_attribute("aria-pressed", "false")
    expect(published.locator("canvas")).to_be_hidden()
    assert height_of(published) > 300
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(published.locator("canvas")).to_be_visible()
    painted(published, "weibo", len(heights(published, 2)))


def height_of(where: Locator) -> float:
    """How much of the screen the table takes."""
    box = where.locator(".chart-table").bounding_box()
    assert box is not None
    return box["height"]


def test_on_paper_and_without_scripts_there_is_the_table(lively: Stack, browser: Browser, responder: Person) -> None:
    page = responder.open("/reports")
    published = figure(page, "chart-published")
    expect(published.locator("canvas")).to_be_visible()
    page.emulate_media(media="print")
    expect(published.locator("canvas")).to_be_hidden()
    assert height_of(published) > 300
    cookies = page.context.storage_state()
    plain = newcomer(browser, lively.web, java_script_enabled=False, storage_state=cookies).open("/reports")
    assert height_of(figure(plain, "chart-published")) > 300
    expect(figure(plain, "chart-published").get_by_role("button")).to_have_count(0)
    plain.context.close()


def test_the_first_page_keeps_its_picture_when_it_is_fetched_afresh(responder: Person) -> None:
    page = responder.page
    page.clock.install()
    responder.open("/")
    small = figure(page, "chart-thirty")
    number = len(heights(small, 2))
    assert number
    painted(small, "blue", number)
    page.evaluate("document.querySelector('#chart-thirty').dataset.old = '1'")
    page.evaluate("document.querySelector('#chart-thirty canvas').dataset.old = '1'")
    refresh(page)
    expect(page.locator("#chart-thirty[data-old]")).to_have_count(0)
    expect(page.locator("#chart-thirty canvas")).to_have_count(1)
    expect(page.locator("#chart-thirty canvas[data-old]")).to_be_visible()
    painted(small, "blue", number)
    small.get_by_role("button", name=re.compile("表$")).click()
    refresh(page)
    expect(small.get_by_role("button", name=re.compile("表$"))).to_have_attribute("aria-pressed", "true")
    expect(small.locator("canvas")).to_be_hidden()
    assert height_of(small) > 300
    assert responder.complaints == []


def refresh(page: Page) -> None:
    """The page's own twenty seconds, at once."""
    with page.expect_response("**/workbench/columns") as answer:
        page.clock.fast_forward(20_000)
    assert answer.value.ok
    page.wait_for_timeout(200)
