"""CONTRACT: `environment: live` with the platforms' hosts replaced, with and without a known public address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.conftest import fresh_database
from tests.journeys.contract.kit import Place, draft, publications, refused
from tests.journeys.stack import found_city, running
from tests.journeys.test_api_journey import approve, published
from tests.patience import wait_for


@pytest.fixture(scope="module", params=["sqlite"])
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The same on both kinds of database: it is about addresses."""
    home = tmp_path_factory.mktemp("live")
    hosts = {
        "TANDEM_WEIBO_BASE_URL": "{simulator}",
        "TANDEM_WECHAT_BASE_URL": "{simulator}",
        # Whoever goes to the simulator's own address is not live.
        "TANDEM_SIMULATOR_URL": "http://127.0.0.1:9",
    }
    with fresh_database(request, home) as url, running(home, url, **hosts) as stack:
        yield Place(city=found_city(stack, environment="live"), district="", other="")


def test_without_an_address_weibo_is_blocked_and_with_one_all_goes_out(live: Place) -> None:
    post = draft(live)
    weibo = next(variant for variant in post["variants"] if variant["platform"] == "weibo")
    blocking = [problem for problem in weibo["problems"] if problem["severity"] == "block"]
    assert len(blocking) == 1
    assert "TANDEM_EGRESS_IP" in blocking[0]["message"]
    assert weibo["payload"]["link"].startswith("https://"), "on the safe domain, not on our own address"
    refused(live.author, "POST", f"/posts/{post['id']}/submission", 422)

    stack = live.city.stack
    stack.stop("scheduler")
    answer = requests.get(f"{stack.web}/readyz", timeout=10)
    assert (answer.status_code, answer.json()["missing"]) == (503, ["scheduler"])
    stack.stop("web")
    stack.env["TANDEM_EGRESS_IP"] = "114.114.114.114"
    stack.start_web()
    stack.start_scheduler()
    post = draft(live)
    assert not [p for variant in post["variants"] for p in variant["problems"] if p["severity"] == "block"]
    approve(live.city, post)
    live.author.put(f"/posts/{post['id']}/schedule", {"publish_at": "now"})
    assert published(live.author, post["id"])["status"] == "published", publications(live, post["id"])
    accepted = live.city.accepted()
    assert sorted(item["kind"] for item in accepted) == ["mass", "status"]
    # The sample's own address before the platforms': hosts are replaced, paths kept.
    path = "https://api.weibo.com/2/statuses/share.json".removeprefix("https://api.weibo.com")
    asked = live.city.sim("GET", f"/_sim/requests?path={path}")["items"]
    assert asked
    sent = {"platform": "wechat", "external_id": live.city.wechat_id, "from": "citizen-live", "text": "正式环境的来信"}
    assert live.city.sim("POST", "/_sim/messages", sent)["delivered"]
    found = wait_for("it", lambda: live.city.people["responder"].get("/conversations?q=正式环境")["items"])
    assert found[0]["window"]["remaining"] == 5
