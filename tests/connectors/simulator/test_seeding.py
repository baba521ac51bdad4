"""Posts by other means: they are public, have their own time, and the platforms' histories tell them."""

from __future__ import annotations

import time
from pathlib import Path

import requests

from connectors.simulator.app import serve
from tests.conftest import free_port


def test_a_post_of_last_week_is_told_by_the_platform(tmp_path: Path) -> None:
    port = free_port()
    server = serve("127.0.0.1", port, tmp_path / "state.sqlite3")
    base = f"http://127.0.0.1:{port}"
    try:
        account = {
            "name": "青岚发布",
            "app_key": "1",
            "app_secret": "s",
            "access_token": "2.00t",
            "level": "share",
            "safe_domain": "a.example",
        }
        assert requests.put(f"{base}/_sim/accounts/weibo/1902538057", json=account, timeout=5).ok
        at = time.time() - 7 * 86400
        seeded = {"platform": "weibo", "external_id": "1902538057", "text": "上周的通知", "at": at}
        status = requests.post(f"{base}/_sim/posts", json=seeded, timeout=5).json()["id"]
        timeline = requests.get(
            f"{base}/2/statuses/user_timeline.json", headers={"Authorization": "OAuth2 2.00t"}, timeout=5
        ).json()
        assert [each["idstr"] for each in timeline["statuses"]] == [status]
        assert (int(status) >> 22) + 515483463 == int(at)
        assert "上周的通知" in requests.get(f"{base}/", timeout=5).text
    finally:
        server.stop()
