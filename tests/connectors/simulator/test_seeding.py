"""Posts by other means: they are public, have their own time, and the platforms' histories tell them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.simulator import clock
from connectors.simulator.app import serve
from connectors.simulator.seeds import plant_folder
from tests.cluster import free_port
from tests.connectors.simulator.conftest import GH, UID, Sim, WeChat, Weibo


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


FIXTURES = Path(__file__).parents[2] / "fixtures"
WEIBO_WHO = {"platform": "weibo", "external_id": UID}
WECHAT_WHO = {"platform": "wechat", "external_id": GH}


def recorded(path: str) -> Any:
    return json.loads((FIXTURES / path).read_text("utf-8"))


def test_a_weibo_account_starts_with_a_past(sim: Sim, weibo: Weibo) -> None:
    told = sim.call("POST", "/_sim/seed", {**WEIBO_WHO, "pack": "weibo-everyday"})
    assert told == {"posts": 5, "comments": 6, "followers": 243, "messages": 2}
    newest = weibo.get("statuses/user_timeline").json()["statuses"]
    assert len(newest) == 5
    ages = [time.time() - ((each["id"] >> 22) + 515483463) for each in newest]
    assert ages == sorted(ages)
    assert 11 * 86400 < ages[-1] < 13 * 86400, "ids and times agree"
    assert newest[-2]["attitudes_count"] == 212
    comments = weibo.get("comments/to_me").json()["comments"]
    assert "五点半了还没来水！" not in [each["text"] for each in comments], "that person never authorised the app"
    assert any(each["text"].startswith("回复@滨江老周:") for each in weibo.get("comments/by_me").json()["comments"])
    assert sim.call("GET", "/_sim/accepted")["items"] == [], "the past was not sent by this app"


def test_a_wechat_account_starts_with_readers_and_followers(sim: Sim, wechat: WeChat) -> None:
    told = sim.call("POST", "/_sim/seed", {**WECHAT_WHO, "pack": "wechat-everyday"})
    assert (told["posts"], told["comments"], told["followers"]) == (4, 4, 403)
    assert wechat.get("user/get")["total"] >= 403
    assert [each["name"] for each in wechat.post("tags/get", {})["tags"]] == ["星标组", "企业"]
    listed = wechat.post("freepublish/batchget", {"offset": 0, "count": 20, "no_content": 1})
    assert listed["total_count"] == 1, "mass sends are listed nowhere"
    day = clock.day(time.time() - 11 * 86400)
    ask = {"begin_date": day, "end_date": day}
    article = wechat.post("/datacube/getarticletotaldetail", ask)["list"][0]
    assert (article["title"], article["publish_type"]) == ("老旧小区加装电梯补贴怎么领", 0)
    assert article["detail_list"][-1]["read_user"] == 1830
    number = article["msgid"].partition("_")[0]
    told = wechat.post("comment/list", {"msg_data_id": int(number), "index": 0, "begin": 0, "count": 49, "type": 2})
    assert told["comment"][0]["reply"]["content"].startswith("可以请社区")


def test_recorded_answers_are_seeds(sim: Sim, weibo: Weibo, wechat: WeChat) -> None:
    timeline, comments = recorded("weibo/user_timeline_doc.json"), recorded("weibo/comments_to_me_doc.json")
    assert sim.call("POST", "/_sim/seed", {**WEIBO_WHO, "seed": timeline})["posts"] == len(timeline["statuses"])
    told = sim.call("POST", "/_sim/seed", {**WEIBO_WHO, "seed": comments})
    assert told["comments"] == len(comments["comments"])
    newest = weibo.get("statuses/user_timeline").json()["statuses"][0]
    assert time.time() - ((newest["id"] >> 22) + 515483463) < 2 * 3600, "brought near: 2011 would be no drill"
    articles, page = recorded("wechat/resp_freepublish_batchget.json"), recorded("wechat/resp_user_get_page.json")
    assert sim.call("POST", "/_sim/seed", {**WECHAT_WHO, "seed": articles})["posts"] == 1
    assert wechat.post("freepublish/batchget", {"offset": 0, "count": 1})["item"][0]["content"]["news_item"][0]["title"]
    assert sim.call("POST", "/_sim/seed", {**WECHAT_WHO, "seed": page})["followers"] == 2
    batch = recorded("wechat/resp_user_info_batchget.json")
    assert sim.call("POST", "/_sim/seed", {**WECHAT_WHO, "seed": batch})["followers"] == 1


@pytest.mark.parametrize(
    "seed",
    [
        {"pots": []},
        {"posts": [{"title": "没有正文"}]},
        {"posts": [{"text": "甲", "comments": [{"author": "乙"}]}]},
        {"posts": "x"},
        {"followers_count": 10**9},
        {"followers": [{}]},
        {"statuses": [5], "posts": 1, "comments": {}},
        {"comments": [5]},
        {"statuses": 5},
        {"messages": [{"from": "甲", "text": "问", "days_ago": "x"}]},
    ],
)
def test_a_bad_seed_is_refused_whole(sim: Sim, weibo: Weibo, seed: Any) -> None:
    good = {"posts": [{"text": "先有一条好的"}]}
    seed = {**good, **seed} if not {"posts", "statuses", "comments"} & set(seed) else seed
    answer = requests.post(f"{sim.url}/_sim/seed", json={**WEIBO_WHO, "seed": seed}, timeout=9)
    told = answer.json()
    assert answer.status_code == 400 or told["posts"] == 0, told
    assert weibo.get("statuses/user_timeline").json()["statuses"] == []


def test_seeds_need_a_name_or_an_object(sim: Sim) -> None:
    assert "weibo-everyday" in sim.call("POST", "/_sim/seed", {**WEIBO_WHO, "pack": "none"}, status=400)["error"]
    sim.call("POST", "/_sim/seed", WEIBO_WHO, status=400)
    sim.call("POST", "/_sim/seed", {**WEIBO_WHO, "seed": [1]}, status=400)
    sim.call("POST", "/_sim/seed", {"platform": "weibo", "external_id": "1", "seed": {}}, status=404)


def drill(folder: Path, **changes: Any) -> None:
    settings = {"name": "青岚演练", "app_key": "9", "app_secret": "drill", "access_token": "2.00drill"}
    account = {"platform": "weibo", "external_id": "5000000001", "settings": settings, "pack": "weibo-everyday"}
    (folder / "drill.json").write_text(json.dumps({**account, **changes}), "utf-8")


def test_a_folder_is_planted_once(tmp_path: Path) -> None:
    drill(tmp_path)
    server = serve("127.0.0.1", 0, tmp_path / "state.sqlite3")
    try:
        assert len(plant_folder(server.state, tmp_path)) == 1
        assert plant_folder(server.state, tmp_path) == []
        assert len(Weibo(server.url, "2.00drill").get("statuses/user_timeline").json()["statuses"]) == 5
    finally:
        server.stop()


def run(command: list[str], env: dict[str, str], root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, env=env, cwd=root, capture_output=True, timeout=30, encoding="utf-8")


def test_the_command_seeds_or_says_which_file_is_wrong(tmp_path: Path) -> None:
    env = {**os.environ, "TANDEM_INSTANCE_PATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "connectors.simulator", "--port", "0", "--seed", str(tmp_path)]
    (tmp_path / "drill.json").write_text('{"platform": "weibo"}', "utf-8")
    root = Path(__file__).parents[3]
    failed = run(command, env, root)
    assert failed.returncode == 1
    assert "drill.json" in failed.stderr
    drill(tmp_path, settings={"name": "甲", "nmae": "乙"})
    failed = run(command, env, root)
    assert "nmae" in failed.stderr
    drill(tmp_path)
    with subprocess.Popen(command, env=env, cwd=root, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        assert "drill.json" in process.stdout.readline()
        assert "演练模拟器" in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=5) == 0
