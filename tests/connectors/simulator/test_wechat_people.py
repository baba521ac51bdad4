"""WeChat: followers, remarks, tags, the blacklist, and customer-service accounts."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.connectors.simulator.conftest import GH, Sim, WeChat, png

PREFIX = f"@{GH}"


def people(sim: Sim, count: int) -> list[str]:
    return [str(sim.message("wechat", sender=f"市民{number}")["from"]) for number in range(count)]


def tag(wechat: WeChat, name: str = "投诉") -> int:
    return int(wechat.post("tags/create", {"tag": {"name": name}})["tag"]["id"])


def marked(wechat: WeChat, number: Any, openids: Any, path: str = "batchtagging") -> dict[str, Any]:
    return wechat.post(f"tags/members/{path}", {"tagid": number, "openid_list": openids})


def test_a_remark_is_under_thirty_bytes(sim: Sim, wechat: WeChat) -> None:
    openid = people(sim, 1)[0]
    for remark, code in (("好" * 9, 0), ("好" * 10, 40092), (5, 40092)):
        assert wechat.post("user/info/updateremark", {"openid": openid, "remark": remark})["errcode"] == code
    assert wechat.get("user/info", openid=openid)["remark"] == "好" * 9


def test_people_are_told_a_hundred_at_a_time(sim: Sim, wechat: WeChat) -> None:
    openid = people(sim, 1)[0]
    ask = [{"openid": openid, "lang": "zh_CN"}]
    told = wechat.post("user/info/batchget", {"user_list": ask * 100})["user_info_list"]
    assert len(told) == 100
    assert told[0]["openid"] == openid
    assert wechat.post("user/info/batchget", {"user_list": ask * 101})["errcode"] == 40032
    assert wechat.post("user/info/batchget", {"user_list": []})["errcode"] == 40032


def test_a_unionid_needs_an_open_platform_account(sim: Sim, wechat: WeChat) -> None:
    openid = people(sim, 1)[0]
    assert "unionid" not in wechat.get("user/info", openid=openid)
    sim.put("wechat", GH, open_platform=True)
    assert wechat.get("user/info", openid=openid)["unionid"].startswith("o")


def test_an_openid_of_another_account(sim: Sim, wechat: WeChat) -> None:
    other = {"app_id": "wxother", "app_secret": "s", "token": "t", "encoding_aes_key": "B" * 43, "name": "乙"}
    sim.put("wechat", "gh_other", **other)
    sent = {"platform": "wechat", "external_id": "gh_other", "from": "甲", "text": "问"}
    foreign = sim.call("POST", "/_sim/messages", sent)["from"]
    assert wechat.get("user/info", openid=foreign)["errcode"] == 49003
    assert wechat.get("user/info", openid="oNobody")["errcode"] == 40003


def test_tags_have_names_and_limits(sim: Sim, wechat: WeChat) -> None:
    first = tag(wechat)
    for name, code in (("投诉", 45157), ("", 45157), (" ", 45157), (5, 45157), ("长" * 31, 45158), ("星标组", 45157)):
        assert wechat.post("tags/create", {"tag": {"name": name}})["errcode"] == code
    assert wechat.post("tags/update", {"tag": {"id": first, "name": "信访"}})["errcode"] == 0
    assert wechat.post("tags/update", {"tag": {"id": 999, "name": "甲"}})["errcode"] == 40152
    assert wechat.post("tags/update", {"tag": {"id": 2, "name": "甲"}})["errcode"] == 45058
    assert wechat.post("tags/delete", {"tag": {"id": 2}})["errcode"] == 45058
    told = wechat.post("tags/get", {})["tags"]
    assert told == [{"id": 2, "name": "星标组", "count": 0}, {"id": first, "name": "信访", "count": 0}]
    for number in range(99):
        tag(wechat, f"标签{number}")
    assert wechat.post("tags/create", {"tag": {"name": "多一个"}})["errcode"] == 45056


def test_people_carry_tags(sim: Sim, wechat: WeChat) -> None:
    first, (one, two, gone) = tag(wechat), people(sim, 3)
    assert marked(wechat, first, [one, two])["errcode"] == 0
    assert marked(wechat, 999, [one])["errcode"] == 40152
    assert marked(wechat, first, [one] * 51)["errcode"] == 40032
    assert wechat.post("tags/getidlist", {"openid": one})["tagid_list"] == [first]
    assert wechat.post("user/tag/get", {"tagid": first, "next_openid": ""})["data"]["openid"] == [one, two]
    assert "data" not in wechat.post("user/tag/get", {"tagid": first, "next_openid": two})
    sim.message("wechat", "", sender=gone, event="unsubscribe")
    told = marked(wechat, first, [one, gone, "oNobody"])
    assert (told["errcode"], told["fail_openid_list"]) == (45171, [gone, "oNobody"])
    assert marked(wechat, first, [gone])["errcode"] == 50005
    assert marked(wechat, first, ["oNobody"])["errcode"] == 40003
    assert marked(wechat, first, [one], "batchuntagging")["errcode"] == 0
    assert wechat.get("user/info", openid=one)["tagid_list"] == []
    assert wechat.post("tags/delete", {"tag": {"id": first}})["errcode"] == 0
    assert wechat.get("user/info", openid=two)["tagid_list"] == []


def test_twenty_tags_a_person(sim: Sim, wechat: WeChat) -> None:
    openid = people(sim, 1)[0]
    numbers = [tag(wechat, f"标签{number}") for number in range(21)]
    assert [marked(wechat, number, [openid])["errcode"] for number in numbers] == [0] * 20 + [45059]


def test_who_is_blacklisted_neither_writes_nor_reads(sim: Sim, wechat: WeChat) -> None:
    openid, other = people(sim, 2)
    assert wechat.post("tags/members/batchblacklist", {"openid_list": [openid]})["errcode"] == 0
    assert wechat.post("tags/members/batchblacklist", {"openid_list": [openid] * 21})["errcode"] == 40032
    told = wechat.post("tags/members/getblacklist", {"begin_openid": ""})
    assert (told["total"], told["data"]["openid"], told["next_openid"]) == (1, [openid], openid)
    assert "data" not in wechat.post("tags/members/getblacklist", {"begin_openid": openid})
    who = {"platform": "wechat", "external_id": GH, "from": openid, "text": "还在吗"}
    sim.call("POST", "/_sim/messages", who, status=409)
    answer = {"touser": openid, "msgtype": "text", "text": {"content": "您好"}}
    assert wechat.post("message/custom/send", answer)["errcode"] == 43019
    assert wechat.post("message/custom/send", {**answer, "touser": other})["errcode"] == 0
    assert wechat.post("tags/members/batchunblacklist", {"openid_list": [openid]})["errcode"] == 0
    sim.call("POST", "/_sim/messages", who)


def kf(wechat: WeChat, path: str, **fields: Any) -> int:
    return int(wechat.post(f"/customservice/kfaccount/{path}", fields)["errcode"])


def test_customer_service_accounts(sim: Sim, wechat: WeChat) -> None:
    name = f"desk1{PREFIX}"
    assert kf(wechat, "add", kf_account=name, nickname="一号窗口") == 0
    assert kf(wechat, "add", kf_account=name, nickname="一号窗口") == 65406
    for bad in (f"elevenchars{PREFIX}", f"中文{PREFIX}", "desk2", "desk2@other"):
        assert kf(wechat, "add", kf_account=bad, nickname="二号") == 65404
    assert kf(wechat, "add", kf_account=f"desk2{PREFIX}", nickname="长" * 17) == 65403
    assert kf(wechat, "update", kf_account=name, nickname="咨询窗口") == 0
    assert kf(wechat, "update", kf_account=f"none{PREFIX}", nickname="甲") == 65401
    assert wechat.get("customservice/getonlinekflist") == {"kf_online_list": []}
    assert kf(wechat, "inviteworker", kf_account=name, invite_wx="wx-xiaolin") == 0
    assert kf(wechat, "inviteworker", kf_account=name, invite_wx="wx-other") == 65412
    picture = f"/customservice/kfaccount/uploadheadimg?kf_account={name}"
    assert wechat.upload(picture, "a.png", png())["errcode"] == 0
    assert wechat.upload(picture, "a.gif", b"GIF89a" + b"\1" * 20)["errcode"] == 40005
    told = wechat.get("customservice/getkflist")["kf_list"][0]
    assert (told["kf_nick"], told["kf_wx"], told["kf_account"]) == ("咨询窗口", "wx-xiaolin", name)
    assert wechat.get("customservice/getonlinekflist")["kf_online_list"][0]["kf_account"] == name
    assert kf(wechat, "del", kf_account=name) == 0
    assert kf(wechat, "del", kf_account=name) == 65401


def test_without_the_new_customer_service(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, kf_enabled=False)
    assert kf(wechat, "add", kf_account=f"desk1{PREFIX}", nickname="甲") == 65400
    assert wechat.get("customservice/getkflist")["errcode"] == 65400


def test_an_answer_in_a_workers_name_and_the_record_of_it(sim: Sim, wechat: WeChat) -> None:
    openid, began = people(sim, 1)[0], int(time.time()) - 60
    answer = {"touser": openid, "msgtype": "text", "text": {"content": "您好"}}
    named = {**answer, "customservice": {"kf_account": f"desk1{PREFIX}"}}
    assert wechat.post("message/custom/send", named)["errcode"] == 65401
    kf(wechat, "add", kf_account=f"desk1{PREFIX}", nickname="一号窗口")
    assert wechat.post("message/custom/send", named)["errcode"] == 0
    ask = {"starttime": began, "endtime": began + 3600, "msgid": 1, "number": 10_000}
    path = "/customservice/msgrecord/getmsglist"
    told = wechat.post(path, ask)
    assert [(each["opercode"], each["text"]) for each in told["recordlist"]] == [(2003, "你好"), (2002, "您好")]
    assert told["recordlist"][1]["worker"] == f"desk1{PREFIX}"
    assert wechat.post(path, {**ask, "number": 1, "msgid": told["msgid"]})["recordlist"] == []
    assert wechat.post(path, {**ask, "number": 10_001})["errcode"] == 65416
    assert wechat.post(path, {**ask, "endtime": began + 86401})["errcode"] == 65417


@pytest.mark.parametrize(
    ("kind", "branch", "code"),
    [
        ("image", {"media_id": "nothing"}, 40007),
        ("voice", {}, 40007),
        ("music", {"thumb_media_id": "nothing"}, 40007),
        ("news", {"articles": [{"title": "甲"}, {"title": "乙"}]}, 45008),
        ("news", {"articles": [{"title": "甲", "url": "https://a.gov.cn"}]}, 0),
        ("mpnewsarticle", {"article_id": "nothing"}, 53600),
        ("msgmenu", {"head_content": "满意吗", "list": [{"id": "1", "content": "满意"}]}, 0),
        ("msgmenu", {"list": []}, 40035),
        ("text", {"content": "字" * 683}, 45002),
        ("carrier-pigeon", {}, 40008),
    ],
)
def test_kinds_of_answers(sim: Sim, wechat: WeChat, kind: str, branch: dict[str, Any], code: int) -> None:
    body = {"touser": people(sim, 1)[0], "msgtype": kind, kind: branch}
    assert wechat.post("message/custom/send", body)["errcode"] == code


def test_a_picture_sent_back_is_seen_in_the_talk(sim: Sim, wechat: WeChat) -> None:
    openid = people(sim, 1)[0]
    media_id = wechat.upload("media/upload?type=image", "a.png", png())["media_id"]
    body = {"touser": openid, "msgtype": "image", "image": {"media_id": media_id}}
    assert wechat.post("message/custom/send", body)["errcode"] == 0
    assert '<img src="/sent/' in requests.get(f"{sim.url}/talks/wechat/{GH}/{openid}", timeout=9).text


def test_comments_are_taken_back_by_their_writers(sim: Sim, wechat: WeChat) -> None:
    from tests.connectors.simulator.test_wechat_articles import comments, sent

    msg_data_id = sent(wechat)
    mine, guests = sim.comment("wechat", msg_data_id), sim.comment("wechat", msg_data_id, "访客说", guest=True)
    assert "openid" not in comments(wechat, msg_data_id)["comment"][0], "no WeChat identity, no openid"
    who = {"platform": "wechat", "external_id": GH, "post": str(msg_data_id)}
    sim.call("POST", "/_sim/comments/remove", {**who, "comment": mine})
    assert [each["user_comment_id"] for each in comments(wechat, msg_data_id)["comment"]] == [int(guests)]
    place = {"msg_data_id": msg_data_id, "index": 0, "user_comment_id": int(mine)}
    assert wechat.post("comment/markelect", place)["errcode"] == 88004
    sim.call("POST", "/_sim/comments/remove", {**who, "comment": "77"}, status=409)


def test_only_followers_comment_where_the_article_says_so(sim: Sim, wechat: WeChat) -> None:
    from tests.connectors.simulator.test_wechat_articles import sent

    msg_data_id = sent(wechat, only_fans_can_comment=1)
    openid = sim.message("wechat", "", sender="小林", event="unsubscribe")["from"]
    body = {"platform": "wechat", "external_id": GH, "post": str(msg_data_id), "text": "问", "author": openid}
    sim.call("POST", "/_sim/comments", body, status=409)
    sim.message("wechat", "", sender="小林", event="subscribe")
    sim.call("POST", "/_sim/comments", body)
