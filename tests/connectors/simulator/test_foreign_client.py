"""Somebody else's client, unchanged but for the host, can talk to the simulator: wechatpy's own."""

from __future__ import annotations

from typing import Any

import pytest
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from tests.connectors.simulator.conftest import APP_ID, APP_SECRET, Sim, png


def client_of(sim: Sim) -> Any:
    class Client(WeChatClient):  # type: ignore[misc]
        def _request(self, method: str, url_or_endpoint: str, **more: Any) -> Any:
            base = more.pop("api_base_url", "https://api.weixin.qq.com/cgi-bin/")
            whole = url_or_endpoint if url_or_endpoint.startswith("http") else base + url_or_endpoint
            whole = whole.replace("https://api.weixin.qq.com", sim.url)
            return super()._request(method, whole, **more)

        def fetch_access_token(self) -> Any:
            ask = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(url=f"{sim.url}/cgi-bin/token", params=ask)

    return Client(APP_ID, APP_SECRET, timeout=9, auto_retry=False)


def test_wechatpys_client_reads_and_writes(sim: Sim) -> None:
    client = client_of(sim)
    added = client.material.add("image", ("a.png", png(), "image/png"))
    assert client.material.get_count()["image_count"] == 1
    assert client.material.get(added["media_id"]).content == png()
    openid = sim.message("wechat")["from"]
    assert client.user.get_followers()["data"]["openid"] == [openid]
    client.message.send_text(openid, "已受理")
    assert sim.accepted("custom_message")[0]["text"] == "已受理"


def test_wechatpys_known_faults_are_refused(sim: Sim) -> None:
    client = client_of(sim)
    with pytest.raises(WeChatClientException, match="47009"):
        client.datacube.get_article_summary("2026-11-01", "2026-11-01")
    with pytest.raises(WeChatClientException, match="88010"):
        client.material.list_comment("1", 1, 0)
