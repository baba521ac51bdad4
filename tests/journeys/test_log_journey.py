"""One id leads through the logs of both processes, from the draft to the receipts; and they tell ids, never words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import fresh_database
from tests.journeys.stack import City, found_city, running
from tests.journeys.test_api_journey import approve, published, write


@pytest.fixture(scope="module", params=["sqlite"])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    home = tmp_path_factory.mktemp("city")
    with fresh_database(request, home) as url, running(home, url) as stack:
        yield found_city(stack)


def about(path: Path, post_id: str) -> list[dict[str, Any]]:
    """The lines of one process's log that a search for the id finds."""
    return [json.loads(line) for line in path.read_text().splitlines() if post_id in line and line.startswith("{")]


def test_from_draft_to_receipt_by_the_posts_id(city: City) -> None:
    author = city.people["author"]
    title = "防汛工作安排之独有标题"
    post = write(city, title=title)
    approve(city, post)
    author.put(f"/posts/{post['id']}/schedule", {"publish_at": "now"})
    done = published(author, post["id"])
    assert done["status"] == "published"
    items = author.get(f"/publications?post_id={post['id']}")["items"]

    web, scheduler = (about(city.stack.home / f"{name}.log", post["id"]) for name in ("web", "scheduler"))
    told = [line["event"] for line in web]
    milestones = ("post.create", "review.submit", "post.schedule")
    assert [event for event in told if event in milestones] == list(milestones), told
    decided = [line for line in web if line["event"] == "review.decide"]
    assert len(decided) == 3, told
    assert len({line["actor"] for line in decided}) == 3
    assert all(line["request_id"] and line["post"] == post["id"] for line in web)

    for item in items:
        mine = [line for line in scheduler if line.get("publication") == item["id"]]
        events = [line["event"].removeprefix("publication.") for line in mine]
        order = ["preparing", "step", "ready", "committing", "sending", "answered"]
        assert sorted(set(order) & set(events), key=events.index) == order, events
        # The end is told by whoever heard of it: a callback comes to the web.
        ends = [line for line in (*scheduler, *web) if line["event"] == "publication.published"]
        end = next(line for line in ends if line["publication"] == item["id"])
        assert end["receipt"] == item["external_id"]
        answered = next(line for line in mine if line["event"] == "publication.answered")
        assert answered["outcome"] == "receipt"
        sending = next(line for line in mine if line["event"] == "publication.sending")
        assert answered["attempt"] == sending["attempt"]
        assert all(line["account"] == item["account_id"] and line["post"] == post["id"] for line in mine)

    logs = city.stack.logs()
    for word in (title, "青岚市住建局", "王敏", "同意", "租金押金"):
        assert word not in logs, word


def test_a_line_belongs_to_the_work_it_was_written_in(city: City) -> None:
    """Threads of the pool do other work afterwards: nothing of one post stays bound to it."""
    first, second = write(city, title="甲"), write(city, title="乙")
    for post in (first, second):
        lines = about(city.stack.home / "web.log", post["id"])
        other = second if post is first else first
        assert lines
        assert not any(other["id"] in json.dumps(line) for line in lines)
