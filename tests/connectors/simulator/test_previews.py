"""Previews on phones: by WeChat id or openid, to followers, a hundred a day, and on the page where people look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.connectors.simulator.conftest import GH, Sim, WeChat

FIXTURE = Path(__file__).parents[2] / "fixtures" / "wechat" / "resp_mass_preview.json"
ME = "wangmin_ql"


def preview(wechat: WeChat, media_id: str, **to: Any) -> dict[str, Any]:
    body = {**(to or {"towxname": ME}), "msgtype": "mpnews", "mpnews": {"media_id": media_id}}
    answer: dict[str, Any] = wechat.post("message/mass/preview", body)
    return answer


@pytest.fixture
def follower(sim: Sim, wechat: WeChat) -> str:
    sim.call("POST", "/_sim/phones", {"external_id": GH, "wechat_id": ME})
    return ME


def test_answers_as_the_platform_does(wechat: WeChat, follower: str) -> None:
    answer = preview(wechat, wechat.draft())
    recorded = json.loads(FIXTURE.read_text(encoding="utf-8"))
    assert (answer["errcode"], answer["errmsg"]) == (recorded["errcode"], recorded["errmsg"])
    assert set(answer) == set(recorded)


def test_only_phones_that_exist_and_follow(sim: Sim, wechat: WeChat, follower: str) -> None:
    media_id = wechat.draft()
    assert preview(wechat, media_id, towxname="nobody_1")["errcode"] == 40132
    assert preview(wechat, media_id, towxname="")["errcode"] == 40132
    assert preview(wechat, media_id, towxname=["wangmin_ql"])["errcode"] == 40132
    assert preview(wechat, media_id, touser="o" + "x" * 27)["errcode"] == 40003
    sim.call("POST", "/_sim/phones", {"external_id": GH, "wechat_id": ME, "following": False})
    assert preview(wechat, media_id)["errcode"] == 43004
    assert sim.call("GET", "/_sim/previews")["items"] == []
    openid = sim.message("wechat")["from"]
    assert preview(wechat, media_id, touser=openid)["errcode"] == 0
    [one] = sim.call("GET", f"/_sim/previews?external_id={GH}")["items"]
    assert (one["openid"], one["wechat_id"]) == (openid, "")


def test_the_draft_must_exist(wechat: WeChat, follower: str) -> None:
    assert preview(wechat, "nothing")["errcode"] == 40007
    media_id = wechat.draft()
    wechat.post("draft/delete", {"media_id": media_id})
    assert preview(wechat, media_id)["errcode"] == 40007


def test_a_hundred_a_day_and_only_with_the_right(sim: Sim, wechat: WeChat, follower: str) -> None:
    sim.put("wechat", GH, quotas={"message/mass/preview": 2})
    media_id = wechat.draft()
    codes = [preview(wechat, media_id)["errcode"] for _ in range(3)]
    assert codes == [0, 0, 45009]
    sim.put("wechat", GH, quotas={}, rights=["freepublish"])
    assert preview(wechat, media_id)["errcode"] == 48001


def test_the_page_shows_what_arrived_on_which_phone_while_the_draft_stands(
    sim: Sim, wechat: WeChat, follower: str
) -> None:
    media_id = wechat.draft(title="暴雨橙色预警")
    preview(wechat, media_id)
    [one] = sim.call("GET", "/_sim/previews")["items"]
    home = requests.get(sim.url, timeout=10).text
    assert "手机预览" in home
    assert f"/previews/{one['page']}" in home
    shown = requests.get(f"{sim.url}/previews/{one['page']}", timeout=10)
    assert shown.status_code == 200
    assert "暴雨橙色预警" in shown.text
    assert "演练模拟器" in shown.text
    assert ME in shown.text
    wechat.post("draft/delete", {"media_id": media_id})
    assert "预览已失效" in requests.get(f"{sim.url}/previews/{one['page']}", timeout=10).text
    assert requests.get(f"{sim.url}/previews/none", timeout=10).status_code == 404


def test_a_phone_is_registered_on_the_page(sim: Sim, wechat: WeChat) -> None:
    form = {"platform": "wechat", "external_id": GH, "wechat_id": "zhangwei_01", "following": "1", "back": "/#phones"}
    assert requests.post(f"{sim.url}/phones", data=form, timeout=10).status_code == 200
    assert preview(wechat, wechat.draft(), towxname="zhangwei_01")["errcode"] == 0
    refused = requests.post(f"{sim.url}/phones", data=form, headers={"Origin": "https://else.example"}, timeout=10)
    assert refused.status_code == 403


def test_control_calls_name_what_is_wrong(sim: Sim) -> None:
    assert "wechat_id" in sim.call("POST", "/_sim/phones", {"external_id": GH}, status=400)["error"]
    assert (
        "no such account" in sim.call("POST", "/_sim/phones", {"external_id": "gh_x", "wechat_id": "a"}, 404)["error"]
    )
    body = {"external_id": GH, "wechat_id": "abcde", "following": "no"}
    assert "following" in sim.call("POST", "/_sim/phones", body, 400)["error"]
