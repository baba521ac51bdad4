"""What every test of the contract uses: a place, posts brought to a state, and the exact shapes of answers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.journeys.stack import City, Client
from tests.journeys.test_api_journey import approve, write
from tests.patience import wait_for

_numbers = itertools.count(1)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

ERROR = {"code", "status", "message", "errors"}
VARIANT = {
    "id", "account_id", "platform", "payload", "sha256", "overrides", "notes", "problems", "length",
}  # fmt: skip
PROBLEM = {"rule", "severity", "field", "start", "end", "message", "suggestion"}
PUBLICATION = {
    "id", "post_id", "account_id", "status", "due_at", "committed_at", "published_at", "live_at", "external_id", "url",
    "error", "why", "next_attempt_at",
}  # fmt: skip
SECRETS = (
    "weibo-secret-for-tests",
    "weibo-token-for-tests",
    "wechat-secret-for-tests",
    "callbacktoken",
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)


@dataclass
class Place:
    """The stack's city, a unit below it, and a unit that has nothing to do with it."""

    city: City
    district: str
    other: str

    @property
    def author(self) -> Client:
        return self.city.people["author"]

    @property
    def admin(self) -> Client:
        return self.city.people["admin"]

    @property
    def publisher(self) -> Client:
        return self.city.people["publisher"]

    @property
    def stranger(self) -> Client:
        return self.city.people["stranger"]


def has(found: Mapping[str, Any], names: set[str]) -> None:
    """All of the contract's fields are there (more are allowed)."""
    assert names <= set(found), f"missing: {names - set(found)}"


def refused(client: Client, method: str, path: str, status: int, **kwargs: Any) -> dict[str, Any]:
    """The one form of every refusal, in Chinese."""
    body: dict[str, Any] = client.call(method, path, expect=status, **kwargs)
    has(body, ERROR)
    assert body["code"] == status
    assert isinstance(body["errors"], dict)
    assert re.search("[一-鿿]", body["message"]), body["message"]
    return body


def is_time(value: Any) -> bool:
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def title() -> str:
    """Another title each time."""
    return f"住房租赁新政解读（{next(_numbers)}）"


def draft(place: Place, **fields: Any) -> dict[str, Any]:
    return write(place.city, **{"title": title(), **fields})


def on_weibo(place: Place, **fields: Any) -> dict[str, Any]:
    """A small draft for Weibo alone."""
    body = {"unit_id": place.city.unit, "title": title(), "body_markdown": "办事大厅周六照常开放。"}
    post: dict[str, Any] = place.author.post("/posts", {**body, "account_ids": [place.city.weibo], **fields})
    return post


def approved(place: Place, **fields: Any) -> dict[str, Any]:
    post = on_weibo(place, **fields)
    approve(place.city, post)
    found: dict[str, Any] = place.author.get(f"/posts/{post['id']}")
    assert found["status"] == "approved"
    return found


def publications(place: Place, post_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = place.author.get(f"/publications?post_id={post_id}")["items"]
    return items


def until(place: Place, publication_id: str, *statuses: str) -> dict[str, Any]:
    """The publication once it has one of `statuses`."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = place.author.get(f"/publications/{publication_id}")
        return found if found["status"] in statuses else None

    return wait_for(f"publication {statuses}", look)
