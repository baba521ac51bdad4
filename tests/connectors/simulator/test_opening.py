"""A person opens an account on the page of drills and connects it with what the page shows."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import requests

from tests.connectors.simulator.conftest import Listener, Sim
from tests.connectors.simulator.test_drill_page import press


def opened(sim: Sim, platform: str, name: str) -> dict[str, str]:
    """What the page shows of the new account, by its words."""
    page = press(sim, "/drill/open", platform=platform, name=name)
    assert "账号已新建" in page
    card = re.search(rf'<article class="card account fresh".*?{name}.*?</article>', page, re.S)
    assert card is not None
    return {
        html.unescape(key): html.unescape(value)
        for key, value in re.findall(r"<dt>(.*?)</dt><dd><code>(.*?)</code>", card[0])
    }


def test_a_new_wechat_account_gives_tokens(sim: Sim) -> None:
    shown = opened(sim, "wechat", "青岚应急")
    body = {"grant_type": "client_credential", "appid": shown["AppID"], "secret": shown["AppSecret"]}
    told = requests.post(f"{sim.url}/cgi-bin/stable_token", json=body, timeout=9).json()
    assert told["access_token"]
    assert shown["原始 ID"].startswith("gh_")


def test_a_new_weibo_account_knows_its_app_and_token(sim: Sim) -> None:
    shown = opened(sim, "weibo", "青岚应急")
    token = next(value for words, value in shown.items() if words.startswith("Access Token"))
    told = requests.get(f"{sim.url}/2/account/get_uid.json", params={"access_token": token}, timeout=9).json()
    assert str(told["uid"]) == shown["UID"]
    asked = {"client_id": shown["App Key"], "redirect_uri": "http://127.0.0.1/back", "response_type": "code"}
    none = requests.get(f"{sim.url}/oauth2/authorize", params=asked, headers={"Accept": "text/html"}, timeout=9)
    assert none.status_code == 400, "no 授权回调页 is registered yet"
    press(sim, "/drill/app", platform="weibo", external_id=shown["UID"], redirect_uri=asked["redirect_uri"])
    page = requests.get(f"{sim.url}/oauth2/authorize", params=asked, headers={"Accept": "text/html"}, timeout=9)
    assert page.status_code == 200
    assert "青岚应急" in page.text


def test_a_push_address_is_tried_when_it_is_registered(sim: Sim, listener: Listener) -> None:
    shown = opened(sim, "wechat", "青岚应急")
    who: dict[str, Any] = {"platform": "wechat", "external_id": shown["原始 ID"]}
    aes = "a" * 43
    said = press(sim, "/drill/app", **who, callback_url=listener.url, token="tandem1", encoding_aes_key=aes)
    assert f'value="{listener.url}"' in said
    assert f'value="{aes}"' in said
    assert listener.got
    press(sim, "/drill/app", 409, **who, callback_url="javascript:alert(1)")
    press(sim, "/drill/app", 409, **who, encoding_aes_key="short")
    press(sim, "/drill/app", 409, **who, token="")


@pytest.mark.parametrize(
    "wrong",
    [{"platform": "x", "name": "甲"}, {"platform": "weibo", "name": " "}, {"platform": "wechat", "name": "长" * 41}],
)
def test_nonsense_opens_nothing(sim: Sim, wrong: dict[str, Any]) -> None:
    before = len(sim.call("GET", "/_sim/accounts")["items"])
    press(sim, "/drill/open", 409, **wrong)
    assert len(sim.call("GET", "/_sim/accounts")["items"]) == before
