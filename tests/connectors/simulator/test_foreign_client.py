"""Somebody else's client, unchanged but for the host, can talk to the simulator: wechatpy's own."""

from __future__ import annotations

from typing import Any

import pytest
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from tests.connectors.simulator.conftest import APP_ID, APP_SECRET, GH, Sim, WeChat, png, until
from tests.connectors.simulator.test_wechat_access import wechat_day


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


def test_wechatpys_client_fetches_its_token_and_keeps_it(sim: Sim) -> None:
    client = client_of(sim)
    token = client.access_token
    assert token == client.access_token
    assert [each["path"] for each in sim.call("GET", "/_sim/requests")["items"]].count("/cgi-bin/token") == 1
    # The plain token's space: the next one is another, and the one before lives on for five minutes.
    assert client_of(sim).access_token != token
    assert client.material.get_count()["image_count"] == 0
    assert token not in str(sim.call("GET", "/_sim/requests"))


def test_wechatpys_client_without_the_right_secret_is_refused(sim: Sim) -> None:
    sim.put("wechat", GH, app_secret="changed-since")
    with pytest.raises(WeChatClientException, match="40125"):
        client_of(sim).user.get_followers()


def test_wechatpys_client_handles_materials(sim: Sim) -> None:
    client = client_of(sim)
    added = client.material.add("image", ("a.png", png(), "image/png"))
    assert [item["media_id"] for item in client.material.batchget("image")["item"]] == [added["media_id"]]
    client.material.delete(added["media_id"])
    assert client.material.get_count()["image_count"] == 0
    with pytest.raises(WeChatClientException, match="40007"):
        client.material.delete(added["media_id"])
    assert client.media.upload_image(("b.png", png(), "image/png")).startswith("http")


def test_wechatpys_client_knows_the_users(sim: Sim) -> None:
    client = client_of(sim)
    openid = sim.message("wechat")["from"]
    assert client.user.get(openid)["subscribe"] == 1
    # The platform gives no names any more, whoever asks.
    assert "nickname" not in client.user.get(openid)
    client.user.update_remark(openid, "老街坊")
    assert client.user.get(openid)["remark"] == "老街坊"
    assert [each["openid"] for each in client.user.get_batch([openid])] == [openid]


def test_wechatpys_client_tags_people(sim: Sim) -> None:
    client = client_of(sim)
    openid = sim.message("wechat")["from"]
    tag = client.tag.create("企业")["id"]
    client.tag.tag_user(tag, [openid])
    assert client.tag.get_user_tag(openid) == [tag]
    client.tag.untag_user(tag, [openid])
    assert client.user.get(openid)["tagid_list"] == []


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


def test_wechatpys_mass_send_goes_to_the_tag_as_a_retired_group(sim: Sim) -> None:
    """1.8 writes filter.group_id, which today's interface does not know: refused, never taken for everybody."""
    client = client_of(sim)
    with pytest.raises(WeChatClientException):
        client.message.send_mass_article(2, "m" * 64)
    assert sim.accepted("mass") == []


def test_wechatpys_comments_count_from_the_second_article(sim: Sim, wechat: WeChat) -> None:
    """Its defaults are index 1 and fifty a page: a single article has no second, and fifty are refused anyway."""
    told = wechat.mass(wechat.draft())
    mid, client = str(told["msg_data_id"]), client_of(sim)
    until(lambda: wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "SEND_SUCCESS")
    with pytest.raises(WeChatClientException, match="88001"):
        client.material.open_comment(mid)
    client.material.open_comment(mid, index=0)
    with pytest.raises(WeChatClientException, match="88010"):
        client.material.list_comment(mid, 0, 0)
    assert client.material.list_comment(mid, 0, 0, count=49)["total"] == 0


def test_wechatpys_retry_is_off_because_it_never_ends(sim: Sim) -> None:
    """With auto_retry=True a token that stays refused is fetched again until the stack is full; ours asks once."""
    client = client_of(sim)
    assert client.access_token
    sim.fault("refuse", platform="wechat", path="/cgi-bin/user/get", code=40001, times=-1)
    with pytest.raises(WeChatClientException, match="40001"):
        client.user.get_followers()
    assert [each["path"] for each in sim.call("GET", "/_sim/requests")["items"]].count("/cgi-bin/token") == 1


def test_wechatpys_client_manages_tags_and_the_blacklist(sim: Sim) -> None:
    client = client_of(sim)
    people = [str(sim.message("wechat", sender=name)["from"]) for name in ("甲", "乙")]
    tag = client.tag.create("企业")["id"]
    client.tag.update(tag, "小微企业")
    assert [each["name"] for each in client.tag.get()] == ["星标组", "小微企业"]
    client.tag.tag_user(tag, people)
    assert client.tag.get_tag_users(tag)["data"]["openid"] == people
    assert list(client.tag.iter_tag_users(tag)) == people
    with pytest.raises(WeChatClientException, match="45058"):
        client.tag.delete(2)
    client.tag.delete(tag)
    assert client.tag.get_user_tag(people[0]) == []
    client.tag.batch_black_list(people[:1])
    assert client.tag.get_black_list()["data"]["openid"] == people[:1]
    with pytest.raises(WeChatClientException, match="43019"):
        client.message.send_text(people[0], "您好")
    client.tag.batch_unblack_list(people[:1])
    assert client.tag.get_black_list()["total"] == 0
    assert list(client.user.iter_followers()) == people


def test_wechatpys_client_moderates_comments(sim: Sim, wechat: WeChat) -> None:
    told, client = wechat.mass(wechat.draft()), client_of(sim)
    mid = told["msg_data_id"]
    until(lambda: wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "SEND_SUCCESS")
    number = int(sim.comment("wechat", mid))
    client.material.markelect_comment(mid, 0, number)
    assert client.material.list_comment(mid, 0, 0, count=49, type=2)["total"] == 1
    client.material.unmarkelect_comment(mid, 0, number)
    client.material.add_reply_comment(mid, 0, number, "已受理")
    with pytest.raises(WeChatClientException, match="88005"):
        client.material.add_reply_comment(mid, 0, number, "再说一遍")
    client.material.delete_reply_comment(mid, 0, number)
    client.material.delete_comment(mid, 0, number)
    with pytest.raises(WeChatClientException, match="88008"):
        client.material.delete_comment(mid, 0, number)
    client.material.close_comment(mid, index=0)
    who = {"platform": "wechat", "external_id": GH, "post": str(mid), "text": "晚了"}
    sim.call("POST", "/_sim/comments", who, status=409)


def test_wechatpys_client_runs_customer_service(sim: Sim) -> None:
    client, name = client_of(sim), f"desk1@{GH}"
    client.customservice.add_account(name, "一号窗口", "unused")
    client.customservice.update_account(name, "咨询窗口", "unused")
    client.customservice.upload_headimg(name, ("a.png", png(), "image/png"))
    assert client.customservice.get_accounts()[0]["kf_nick"] == "咨询窗口"
    assert client.customservice.get_online_accounts() == []
    openid = sim.message("wechat")["from"]
    client.message.send_text(openid, "您好", account=name)
    now = int(sim.server.state.now())
    records = client.customservice.get_records(now - 600, now + 600)
    assert [each["text"] for each in records["recordlist"]] == ["你好", "您好"]
    client.customservice.delete_account(name)
    assert client.customservice.get_accounts() == []


def test_wechatpys_client_fetches_what_citizens_send(sim: Sim) -> None:
    client = client_of(sim)
    sent = sim.call("POST", "/_sim/messages", {"platform": "wechat", "external_id": GH, "from": "甲", "image": True})
    assert client.media.download(sent["media_id"]).content.startswith(b"GIF")
    added = client.media.upload("image", ("a.png", png(), "image/png"))
    client.message.send_image(sent["from"], added["media_id"])
    assert sim.accepted("custom_message")[0]["payload"]["image"]["media_id"] == added["media_id"]
    with pytest.raises(WeChatClientException, match="40007"):
        client.media.download("nothing")


def test_wechatpys_client_reads_the_statistics_that_still_live(sim: Sim) -> None:
    sim.message("wechat")
    client, day = client_of(sim), wechat_day(sim)
    sim.shift(2 * 86400)
    assert client.datacube.get_user_summary(day, day)[0]["new_user"] == 1
    assert client.datacube.get_user_cumulate(day, day)[0]["cumulate_user"] == 1
    assert client.datacube.get_upstream_msg(day, day)[0]["msg_count"] == 1
    assert len(client.datacube.get_upstream_msg_hour(day, day)) == 1
    assert client.datacube.get_upstream_msg_week(day, day)[0]["msg_user"] == 1
    assert client.datacube.get_upstream_msg_month(day, day)[0]["msg_user"] == 1
    assert client.datacube.get_upstream_msg_dist(day, day)[0]["count_interval"] == 1
    assert client.datacube.get_upstream_msg_dist_week(day, day)[0]["msg_user"] == 1
    assert client.datacube.get_interface_summary(day, day) == [], "nothing was pushed"
    with pytest.raises(WeChatClientException, match="61501"):
        client.datacube.get_user_summary("2026-01-01", "2026-01-08")


def test_wechatpys_old_articles_are_retired(sim: Sim) -> None:
    article = {"title": "甲", "content": "乙", "thumb_media_id": "x"}
    with pytest.raises(WeChatClientException, match="45106"):
        client_of(sim).material.add_articles([article])
    with pytest.raises(WeChatClientException, match="45106"):
        client_of(sim).media.upload_articles([article])
