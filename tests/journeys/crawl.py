"""Every page one person can reach by following links, asked for as a browser would but without running scripts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

import html5lib
import requests

# Pages of one kind (same path but for ids, same query names) say the same after a few.
OF_ONE_KIND = 4
_ID = re.compile(r"(?<=/)[0-9a-f]{16,64}(?=/|$)")


@dataclass(frozen=True, kw_only=True)
class Page:
    """One answer. `found_on` is the address whose link led here; `fragment`: a part of a page, asked for by htmx."""

    path: str
    found_on: str
    status: int
    content_type: str
    text: str
    fragment: bool


@dataclass
class Walker:
    """A person with a session cookie."""

    base: str
    session: requests.Session = field(default_factory=requests.Session)
    seen: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)

    def sign_in(self, email: str, password: str) -> None:
        """Through the form, with its CSRF token."""
        page = self.session.get(f"{self.base}/sign-in", timeout=30)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        form = {"csrf_token": token.group(1), "email": email, "password": password}
        answer = self.session.post(f"{self.base}/sign-in", data=form, timeout=30)
        assert urlsplit(answer.url).path == "/", f"{email} could not sign in"

    def walk(self, *starts: str) -> Iterator[Page]:
        """Every page reachable from `starts`, each address once, a few of each kind."""
        waiting = [(start, "", False) for start in starts]
        while waiting:
            address, found_on, fragment = waiting.pop(0)
            if not self._is_new(address):
                continue
            page = self._ask(address, found_on, fragment)
            yield page
            if page.content_type == "text/html":
                waiting += [(link, address, part) for link, part in self._links(page)]

    def _is_new(self, address: str) -> bool:
        parts = urlsplit(address)
        kind = _ID.sub("{id}", parts.path) + "?" + "&".join(sorted(name for name, _ in parse_qsl(parts.query)))
        if address in self.seen or self.kinds[kind] >= OF_ONE_KIND:
            return False
        self.seen.add(address)
        self.kinds[kind] += 1
        return True

    def _ask(self, address: str, found_on: str, fragment: bool) -> Page:
        headers = {"HX-Request": "true"} if fragment else {}
        answer = self.session.get(self.base + address, headers=headers, timeout=30)
        # Whoever authorises an account is sent to the platform's own page: nothing of ours to judge.
        left = not answer.url.startswith(self.base)
        kind = "" if left else answer.headers.get("Content-Type", "").split(";")[0]
        text = answer.text if kind == "text/html" else ""
        return Page(
            path=address,
            found_on=found_on,
            status=answer.status_code,
            content_type=kind,
            text=text,
            fragment=fragment,
        )

    def _links(self, page: Page) -> Iterator[tuple[str, bool]]:
        """(address, fragment) of what the page links to on this site."""
        root = html5lib.parse(page.text, namespaceHTMLElements=False)
        for element in root.iter():
            for name in ("href", "hx-get"):
                target = element.get(name)
                if not target or (name == "href" and element.tag not in ("a", "link")):
                    continue
                whole = urlsplit(urljoin(self.base + page.path, target))
                if f"{whole.scheme}://{whole.netloc}" == self.base and not whole.path.startswith("/static/"):
                    yield whole.path + (f"?{whole.query}" if whole.query else ""), name == "hx-get"
