"""The page of drills: a person switches faults and accounts without knowing HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from connectors.simulator import drill_words, faults
from tests.connectors.simulator.conftest import GH, LINK, UID, Listener, Sim, WeChat, Weibo
from tests.journeys.browser import chromium, newcomer

WEIBO_WHO: dict[str, Any] = {"platform": "weibo", "external_id": UID}
WECHAT_WHO: dict[str, Any] = {"platform": "wechat", "external_id": GH}


def press(sim: Sim, path: str, status: int = 200, **fields: Any) -> str:
    answer = requests.post(sim.url + path, data=fields, timeout=9)
    assert answer.status_code == status, answer.text
    return answer.text


def test_every_kind_of_fault_is_on_the_page(sim: Sim) -> None:
    assert {words.kind for words in drill_words.FAULTS} == set(faults.REQUEST_KINDS + faults.CALLBACK_KINDS)
    page = requests.get(sim.url + "/drill", timeout=9).text
    for words in drill_words.FAULTS:
        assert words.title in page
        assert words.effect in page


@pytest.mark.parametrize("words", drill_words.FAULTS, ids=lambda words: words.kind)
def test_every_fault_goes_on_and_off(sim: Sim, words: drill_words.FaultWords) -> None:
    asked: dict[str, Any] = (
        {"code": "20021"} if "code" in words.asks else {"seconds": "0.1"} if "seconds" in words.asks else {}
    )
    page = press(sim, "/faults", kind=words.kind, target=f"weibo:{UID}", times="-1", **asked)
    assert "青岚发布" in page
    [switched] = sim.call("GET", "/_sim/faults")["items"]
    assert (switched["kind"], switched["external_id"], switched["times"]) == (words.kind, UID, -1)
    assert "有 1 个故障开着" in requests.get(sim.url, timeout=9).text
    assert "故障已关闭" in press(sim, "/faults/remove", id=switched["id"])
    assert sim.call("GET", "/_sim/faults") == {"items": []}


def test_all_faults_close_at_once(sim: Sim) -> None:
    for target in ("", "weibo", "wechat"):
        press(sim, "/faults", kind="http_502", target=target, times="3")
    assert len(sim.call("GET", "/_sim/faults")["items"]) == 3
    assert "全部故障已关闭" in press(sim, "/faults/remove")
    assert sim.call("GET", "/_sim/faults") == {"items": []}


def test_nonsense_on_the_page_is_refused(sim: Sim) -> None:
    press(sim, "/faults", 409, kind="refuse", times="many")
    press(sim, "/faults", 409, kind="earthquake")
    press(sim, "/drill/clock", 409, shift="century")
    press(sim, "/drill/accounts", 409, **WEIBO_WHO, level="god")
    press(sim, "/drill/accounts", 409, platform="weibo", external_id="1")
    foreign = requests.post(
        f"{sim.url}/drill/clock", data={"shift": "day"}, headers={"Origin": "https://evil.cn"}, timeout=9
    )
    assert foreign.status_code == 403


@pytest.mark.parametrize(
    ("switch", "on", "code"),
    [
        ("verification_expired", "1", 48001),
        ("secret_frozen", "1", 40243),
        ("ip_whitelist", "closed", 40164),
        ("ip_confirm", "ask", 89503),
    ],
)
def test_switches_of_a_wechat_account(sim: Sim, wechat: WeChat, switch: str, on: str, code: int) -> None:
    assert "账号设置已保存" in press(sim, "/drill/accounts", **(WECHAT_WHO | {switch: on}))
    told = wechat.fetch_token()
    if "access_token" in told:
        told = wechat.get("draft/count")
    assert told["errcode"] == code
    press(sim, "/drill/accounts", **(WECHAT_WHO | {switch: ""}))
    wechat.token = ""
    assert "total_count" in wechat.get("draft/count")


def test_saving_one_switch_leaves_the_others(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, rights=["article"], audited=False, tester=True)
    press(sim, "/drill/accounts", **WEIBO_WHO, level="business")
    [account] = [each for each in sim.call("GET", "/_sim/accounts")["items"] if each["platform"] == "weibo"]
    assert (account["level"], account["rights"], account["audited"]) == ("business", ["article"], False)
    press(sim, "/drill/accounts", **WEIBO_WHO, article="")
    [account] = [each for each in sim.call("GET", "/_sim/accounts")["items"] if each["platform"] == "weibo"]
    assert (account["level"], account["rights"]) == ("business", [])


def test_a_verified_account_that_loses_it_loses_its_rights(sim: Sim, wechat: WeChat) -> None:
    press(sim, "/drill/accounts", **WECHAT_WHO, verified="")
    assert wechat.post("freepublish/submit", {"media_id": "x"})["errcode"] == 48001


def test_the_clock_goes_forward_and_back(sim: Sim) -> None:
    real = sim.server.state.now()
    press(sim, "/drill/clock", shift="day")
    press(sim, "/drill/clock", shift="hour")
    assert 89_900 < sim.server.state.now() - real < 90_100
    press(sim, "/drill/clock", shift="real")
    assert sim.server.state.now() - real < 60


def test_an_owner_cancels_and_an_address_is_checked(sim: Sim, weibo: Weibo, listener: Listener) -> None:
    sim.put("weibo", UID, revoke_url=listener.url, callback_url=listener.url)
    assert "没有按要求应答" in press(sim, "/drill/verify", **WEIBO_WHO)
    assert "已通知取消授权回调页" in press(sim, "/drill/revoke", **WEIBO_WHO)
    assert weibo.share().json()["error_code"] == 21316
    press(sim, "/drill/revoke", 409, **WECHAT_WHO)


def test_a_past_is_planted_on_the_page(sim: Sim, weibo: Weibo) -> None:
    assert "往期内容已装入" in press(sim, "/drill/seed", **WEIBO_WHO)
    assert weibo.get("statuses/user_timeline").json()["total_number"] == 5


def test_a_tag_is_made_on_the_page_and_a_mass_send_goes_to_it(sim: Sim, wechat: WeChat) -> None:
    sim.message("wechat")
    page = press(sim, "/drill/tags", **WECHAT_WHO, name="租房居民", people="all")
    assert "标签已新建" in page
    press(sim, "/drill/tags", **WECHAT_WHO, name="还没有人", people="")
    listed = {tag["name"]: tag["count"] for tag in wechat.get("tags/get")["tags"]}
    assert listed == {"星标组": 0, "租房居民": 1, "还没有人": 0}
    [number] = [tag["id"] for tag in wechat.get("tags/get")["tags"] if tag["name"] == "租房居民"]
    assert wechat.mass(wechat.draft(), filter={"is_to_all": False, "tag_id": number})["errcode"] == 0
    assert "已经有了" in press(sim, "/drill/tags", 409, **WECHAT_WHO, name="租房居民")
    assert "名称为空" in press(sim, "/drill/tags", 409, **WECHAT_WHO, name=" ")
    assert "30 个字" in press(sim, "/drill/tags", 409, **WECHAT_WHO, name="长" * 31)
    press(sim, "/drill/tags", 409, **WEIBO_WHO, name="租房居民")


def test_dropped_pushes_are_shown(sim: Sim, listener: Listener) -> None:
    listener.status = 500
    sim.put("wechat", GH, callback_url=listener.url, mark_fail_after=1)
    sim.message("wechat")
    sim.message("wechat")
    page = requests.get(sim.url + "/drill", timeout=9).text
    assert "之前一律丢弃（MarkFail）" in page
    assert "没有送达：对方应答 HTTP 500" in page
    assert "已丢弃：推送失败太多（MarkFail）" in page


def test_a_person_drills_a_refusal_in_the_browser(sim: Sim, weibo: Weibo) -> None:
    with chromium() as browser:
        person = newcomer(browser, sim.url)
        page = person.open("/drill")
        card = page.locator("article.card", has_text="平台拒绝")
        card.get_by_text("打开", exact=True).click()
        card.get_by_label("对哪个账号").select_option(f"weibo:{UID}")
        card.get_by_label("错误码").fill("20021")
        card.get_by_role("button", name="打开故障").click()
        expect(page.get_by_role("status")).to_contain_text("故障已打开")
        person.shot("simulator-drill")
        assert weibo.share().json()["error_code"] == 20021
        page.reload()
        expect(page.locator("article.card", has_text="平台拒绝")).to_contain_text("关着")
        assert weibo.share(f"再发 {LINK}2").status_code == 200
        for path in ("/", "/drill"):
            person.open(path)
            expect(page.get_by_text("演练模拟器 · 不是真实平台")).to_be_visible()
            expect(page.locator(".mark.drill").first).to_be_visible()
        assert person.complaints == []
