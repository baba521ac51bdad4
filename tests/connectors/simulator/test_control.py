"""The simulator's own calls: registering, faults, what came in, and that a restart forgets nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from connectors.simulator.app import serve
from tests.connectors.simulator.conftest import GH, LINK, UID, WEIBO_TOKEN, Listener, Sim, WeChat, Weibo, until


def test_unknown_and_wrong_keys_are_named(sim: Sim) -> None:
    told = sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"nmae": "x"}, status=400)
    assert "nmae" in told["error"]
    assert "level" in sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"level": "god"}, status=400)["error"]
    assert "audited" in sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"audited": "yes"}, status=400)["error"]
    assert "app_key" in sim.call("PUT", "/_sim/accounts/weibo/1", {"name": "x"}, status=400)["error"]
    assert "kindd" in sim.call("POST", "/_sim/faults", {"kind": "delay", "kindd": 1}, status=400)["error"]
    assert "post" in sim.call("POST", "/_sim/comments", {"platform": "weibo", "external_id": UID}, status=400)["error"]
    nobody = {"platform": "weibo", "external_id": "1", "post": "1", "text": "x"}
    sim.call("POST", "/_sim/comments", nobody, status=404)


def test_secrets_are_never_told(sim: Sim, wechat: WeChat) -> None:
    wechat.get("draft/count")
    listed = requests.get(f"{sim.url}/_sim/accounts", timeout=9).text
    log = requests.get(f"{sim.url}/_sim/requests", timeout=9).text
    for secret in (WEIBO_TOKEN, "xyz123xyz", "0123456789abcdef", wechat.token):
        assert secret not in listed + log
    assert "access_token=***" in log


def test_a_dropped_answer_was_accepted(sim: Sim, weibo: Weibo) -> None:
    sim.fault("drop_answer", path="/2/statuses/share")
    with pytest.raises(requests.ConnectionError):
        weibo.share()
    assert len(sim.accepted("status")) == 1
    assert weibo.share(f"乙 {LINK}2").status_code == 200, "the fault is used up"


@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_a_broken_line_accepted_nothing(sim: Sim, weibo: Weibo, kind: str) -> None:
    sim.fault(kind, seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        weibo.share()
    assert sim.accepted() == []


def test_a_gateway_page_is_no_json(sim: Sim, weibo: Weibo) -> None:
    sim.fault("http_502")
    answer = weibo.share()
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert sim.accepted() == []


def test_slow_success_is_accepted_and_told_as_an_error(sim: Sim, weibo: Weibo) -> None:
    sim.fault("slow_success")
    assert weibo.share().json()["error_code"] == 20032
    assert len(sim.accepted("status")) == 1


def test_refusals_wear_the_platforms_clothes(sim: Sim, weibo: Weibo, wechat: WeChat) -> None:
    media_id = wechat.draft()
    sim.fault("refuse", platform="wechat", path="freepublish/submit", code=53503)
    assert wechat.post("freepublish/submit", {"media_id": media_id})["errcode"] == 53503
    sim.fault("refuse", platform="weibo", code=20021)
    assert weibo.share().json()["error_code"] == 20021
    sim.fault("exhaust_quota", platform="wechat", external_id=GH)
    assert wechat.mass(media_id)["errcode"] == 45028
    assert sim.accepted() == []


def test_an_expired_wechat_token_is_dead_for_good(sim: Sim, wechat: WeChat) -> None:
    wechat.get("draft/count")
    sim.fault("expire_token", platform="wechat")
    assert [wechat.get("draft/count")["errcode"] for _ in range(2)] == [42001, 42001]
    wechat.token = ""
    assert "total_count" in wechat.get("draft/count")


def test_a_delay_is_only_late(sim: Sim, weibo: Weibo) -> None:
    sim.fault("delay", seconds=0.3, times=-1)
    began = time.monotonic()
    assert weibo.share().status_code == 200
    assert time.monotonic() - began >= 0.3
    assert sim.call("DELETE", "/_sim/faults") == {"deleted": 1}
    assert sim.call("GET", "/_sim/faults") == {"items": []}


def test_a_fault_hits_only_whom_it_names(sim: Sim, weibo: Weibo) -> None:
    sim.fault("refuse", external_id="somebody else", code=10001)
    assert weibo.share().status_code == 200


def test_a_post_taken_down_is_found_gone(sim: Sim, weibo: Weibo, wechat: WeChat) -> None:
    status_id = weibo.share().json()["idstr"]
    sim.call("POST", "/_sim/posts/remove", {"platform": "weibo", "external_id": UID, "post": status_id})
    assert weibo.get("statuses/show", id=status_id).json()["error_code"] == 20101
    done = wechat.publish(wechat.draft())
    gone = {"platform": "wechat", "external_id": GH, "post": done["article_id"], "by": "platform"}
    sim.call("POST", "/_sim/posts/remove", gone)
    assert wechat.post("freepublish/get", {"publish_id": done["publish_id"]})["publish_status"] == 6


def test_a_reset_can_keep_the_accounts(sim: Sim, weibo: Weibo) -> None:
    weibo.share()
    sim.call("POST", "/_sim/reset", {"keep_accounts": True})
    assert sim.accepted() == []
    assert weibo.share().status_code == 200
    sim.call("POST", "/_sim/reset")
    assert weibo.share().json()["error_code"] == 21332


def test_people_can_act_on_the_pages(sim: Sim, weibo: Weibo) -> None:
    status_id = weibo.share().json()["idstr"]
    who = {"platform": "weibo", "external_id": UID}
    form = {**who, "post": status_id, "text": "请问<b>", "author": "小林", "back": f"/status/{status_id}"}
    page = requests.post(f"{sim.url}/comments", data=form, timeout=9)
    assert "请问&lt;b&gt;" in page.text
    assert weibo.get("comments/to_me").json()["comments"][0]["user"]["name"] == "小林"
    talk = requests.post(f"{sim.url}/messages", data={**who, "from": "小林", "text": "在吗"}, timeout=9)
    assert "/talks/weibo/" in talk.url
    assert "在吗" in talk.text
    switched = requests.post(f"{sim.url}/faults", data={"kind": "delay", "times": "-1"}, timeout=9)
    assert "全部账号，直到关闭" in switched.text
    foreign = requests.post(
        f"{sim.url}/faults/remove", data={"id": "1"}, headers={"Origin": "https://evil.cn"}, timeout=9
    )
    assert foreign.status_code == 403
    assert requests.get(f"{sim.url}/nothing", timeout=9).status_code == 404


def test_state_outlives_the_process_and_events_come_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    first = serve("127.0.0.1", 0, path)
    sim, wechat = Sim(first.url, first), WeChat(first.url)
    secrets = {"app_id": "wxba5fad812f8e6fb9", "app_secret": "0123456789abcdef", "token": "t"}
    sim.put("wechat", GH, name="甲", review_seconds=0.2, encoding_aes_key="A" * 43, **secrets)
    publish_id = wechat.post("freepublish/submit", {"media_id": wechat.draft()})["publish_id"]
    first.stop()
    second = serve("127.0.0.1", 0, path)
    wechat.url = second.url
    told = until(lambda: second.state.get("publishing", f"wechat:{GH}", publish_id))
    until(lambda: (second.state.get("publishing", f"wechat:{GH}", publish_id) or told)["status"] == 0)
    assert len(Sim(second.url, second).accepted("publish")) == 1
    second.stop()


def test_the_command_starts_and_leaves_at_once_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connectors.simulator", "--port", "0"]
    env = {**os.environ, "TANDEM_INSTANCE_PATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, env=env, cwd=root, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().partition("：")[2]
        assert requests.get(url, timeout=9).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=3) == 0
    assert (tmp_path / "simulator.sqlite3").exists()


def test_an_owner_takes_the_authorisation_back(sim: Sim, weibo: Weibo, listener: Listener) -> None:
    sim.put("weibo", UID, revoke_url=listener.url)
    assert sim.call("POST", "/_sim/revocations", {"external_id": UID})["told"] is True
    assert f"uid={UID}" in listener.got[0][0]
    assert weibo.share().json()["error_code"] == 21316


def test_control_values_of_the_wrong_type_are_400(sim: Sim, weibo: Weibo) -> None:
    who = {"platform": "wechat", "external_id": GH}
    sim.call("POST", "/_sim/comments", {**who, "post": "1", "text": "问", "index": "x"}, status=400)
    sim.call("POST", "/_sim/clock", {"offset_seconds": "x"}, status=400)
    sim.call("POST", "/_sim/messages", {**who, "from": "甲", "text": "问", "created_at": "x"}, status=400)
    sim.call("POST", "/_sim/messages", {**who, "from": "甲", "image": "no base64"}, status=409)
