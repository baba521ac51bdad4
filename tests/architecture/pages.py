"""What every page of the console must have, found by reading its HTML as a browser would."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

import html5lib

SKIPPED_INPUTS = {"hidden", "submit", "button", "image", "reset"}
# Parse errors that browsers and assistive technology do not care about.
HARMLESS = {"expected-doctype-but-got-start-tag", "non-void-element-with-trailing-solidus"}


def faults(html: str) -> list[str]:
    """Every breach found in one page, in words; [] when the page is sound."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root: Element = parser.parse(html)
    found = [f"line {line[0]}: {code}" for line, code, _data in parser.errors if code not in HARMLESS]
    found += _document(root)
    found += _labels(root)
    found += _forms(root)
    found += _scripts(root)
    return found


def _document(root: Element) -> list[str]:
    found = []
    title = root.findtext("head/title") or ""
    if not title.strip() or title.strip().startswith("·"):
        found.append("no title")
    headings = [h for h in root.iter("h1") if "".join(h.itertext()).strip()]
    if len(headings) != 1:
        found.append(f"{len(headings)} h1")
    if not root.get("lang"):
        found.append("no lang")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    found += [f"id {name!r} stands twice" for name in sorted({i for i in ids if i and ids.count(i) > 1})]
    found += ["img without alt" for image in root.iter("img") if image.get("alt") is None]
    return found


def _labels(root: Element) -> list[str]:
    labelled = {label.get("for") for label in root.iter("label")}
    wrapped = {id(child) for label in root.iter("label") for child in label.iter()}
    found = []
    for element in root.iter():
        if element.tag not in ("input", "select", "textarea") or element.get("type") in SKIPPED_INPUTS:
            continue
        named = element.get("aria-label") or element.get("aria-labelledby") or element.get("title")
        if not named and element.get("id") not in labelled and id(element) not in wrapped:
            found.append(f"{element.tag} {element.get('name')!r} has no label")
    for button in root.iter("button"):
        text = "".join(button.itertext()).strip()
        if not text and not button.get("aria-label") and not button.get("title"):
            found.append("button without a name")
    return found


def _forms(root: Element) -> list[str]:
    found = []
    for form in root.iter("form"):
        if (form.get("method") or "get").lower() != "post":
            continue
        names = {field.get("name") for field in form.iter("input")}
        if "csrf_token" not in names:
            found.append(f"form to {form.get('action')!r} has no CSRF token")
    return found


def _scripts(root: Element) -> list[str]:
    found = []
    for script in root.iter("script"):
        data = script.get("type") in ("application/json", "importmap")
        if not script.get("src") and not data and "".join(script.itertext()).strip():
            found.append("inline script")
    for element in root.iter():
        found += [f"inline handler {name}" for name in element.keys() if re.fullmatch(r"on[a-z]+", str(name))]  # noqa: SIM118
    return found
