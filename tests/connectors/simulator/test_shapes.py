"""The simulator's answers and pushes beside the documented and recorded ones: every key there, every value of that kind."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.simulator import envelope
from connectors.simulator.things import SMALLEST_MP4
from tests.connectors.simulator.conftest import APP_ID, APP_SECRET, GH, UID, Listener, Sim, WeChat, Weibo, png, until
from tests.connectors.simulator.test_wechat_access import wechat_day
from tests.connectors.simulator.test_wechat_newspic import newspic

FIXTURES = Path(__file__).parents[2] / "fixtures"
RIP = "211.156.0.1"
FAN = "2489518277"


def recorded(path: str) -> Any:
    return json.loads((FIXTURES / path).read_text("utf-8"))


def lacking(wanted: Any, told: Any, place: str = "") -> list[str]:
    """Where what is told lacks a key of the recorded answer, or holds another kind of value."""
    if told is None:
        return []
    if isinstance(wanted, dict):
        if not isinstance(told, dict):
            return [f"{place}: no object"]
        missing = [f"{place}.{name}" for name in wanted if name not in told]
        return missing + [
            each for name in wanted if name in told for each in lacking(wanted[name], told[name], f"{place}.{name}")
        ]
    if isinstance(wanted, list):
        if not isinstance(told, list):
            return [f"{place}: no list"]
        return lacking(wanted[0], told[0], f"{place}[0]") if wanted and told else []
    same = wanted is None or _kind(wanted) is _kind(told)
    return [] if same else [f"{place}: {type(told).__name__} instead of {type(wanted).__name__}"]


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


# Of the samples of 2012 and 2015: gone, or never told of others than oneself since 2014.
OLD = re.compile(
    r"mlevel|user\.(level|type|ulevel|badge)|(reply_comment\.|comments\[0\]\.)user\.(\w+_count|verified_reason)"
)
FEWER = {"component_rate_limit", "interval", "marks"}  # optional by the documentation, or of no use


def agree(path: str, told: Any) -> None:
    found = [each for each in lacking(recorded(path), told) if each.rpartition(".")[2] not in FEWER]
    assert [each for each in found if not OLD.search(each)] == [], told


def test_wechats_drafts_and_publications(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, rights=["freepublish", "mass", "comment", "shop"])
    shop = {"product_info": {"footer_product_info": {"product_key": "K"}}}
    articles = [wechat.article(), newspic(wechat, 1, **shop)]
    added = wechat.post("draft/add", {"articles": articles})
    agree("wechat/resp_draft_add.json", added)
    drafts = wechat.post("draft/get", {"media_id": added["media_id"]})
    for number, wanted in enumerate(recorded("wechat/resp_draft_get.json")["news_item"]):
        assert lacking(wanted, drafts["news_item"][number]) == []
    agree("wechat/resp_draft_batchget.json", wechat.post("draft/batchget", {"offset": 0, "count": 20}))
    agree("wechat/resp_draft_count.json", wechat.get("draft/count"))
    submitted = wechat.post("freepublish/submit", {"media_id": added["media_id"]})
    wanted = recorded("wechat/resp_freepublish_submit.json")
    assert set(wanted) == set(submitted)
    asked = {"publish_id": submitted["publish_id"]}
    agree("wechat/resp_freepublish_get_publishing.json", wechat.post("freepublish/get", asked))
    done = until(lambda: wechat._decided(submitted["publish_id"]))
    agree("wechat/resp_freepublish_get_ok.json", done)
    agree("wechat/resp_freepublish_batchget.json", wechat.post("freepublish/batchget", {"offset": 0, "count": 20}))
    agree(
        "wechat/resp_freepublish_getarticle.json",
        wechat.post("freepublish/getarticle", {"article_id": done["article_id"]}),
    )
    sim.put("wechat", GH, review_result=2)
    agree("wechat/resp_freepublish_get_original_failed.json", wechat.publish(wechat.draft()))


def test_wechats_materials(wechat: WeChat) -> None:
    agree("wechat/resp_uploadimg.json", wechat.upload("media/uploadimg", "a.png", png()))
    agree("wechat/resp_add_material_image.json", wechat.upload("material/add_material?type=image", "a.png", png()))
    agree("wechat/resp_media_upload_temp.json", wechat.upload("media/upload?type=image", "a.png", png()))
    agree("wechat/resp_materialcount.json", wechat.get("material/get_materialcount"))
    listed = wechat.post("material/batchget_material", {"type": "image", "offset": 0, "count": 20})
    agree("wechat/resp_batchget_material_image.json", listed)


def test_wechats_mass_sends_and_comments(sim: Sim, wechat: WeChat) -> None:
    told = wechat.mass(wechat.draft(), "job-1")
    agree("wechat/resp_mass_sendall.json", told)
    sim.shift(61)
    agree("wechat/resp_mass_45065_dup.json", wechat.mass("x", "job-1"))
    agree("wechat/resp_mass_45028_quota.json", wechat.mass(wechat.draft(title="二"), "job-2"))
    until(lambda: wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "SEND_SUCCESS")
    agree("wechat/resp_mass_get.json", wechat.post("message/mass/get", {"msg_id": told["msg_id"]}))
    agree("wechat/resp_mass_speed_get.json", wechat.post("message/mass/speed/get", {}))
    number = sim.comment("wechat", told["msg_data_id"])
    place = {"msg_data_id": told["msg_data_id"], "index": 0}
    wechat.post("comment/reply/add", {**place, "user_comment_id": int(number), "content": "好"})
    agree("wechat/resp_comment_list.json", wechat.post("comment/list", {**place, "begin": 0, "count": 49, "type": 0}))
    gone = wechat.post("comment/list", {"msg_data_id": 1, "index": 0, "begin": 0, "count": 49, "type": 0})
    agree("wechat/resp_comment_88001_real.json", gone)


def test_wechats_people_and_figures(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, open_platform=True)
    openid = sim.message("wechat", sender="甲")["from"]
    gone = sim.message("wechat", "", sender="乙", event="unsubscribe")["from"]
    agree("wechat/resp_user_info.json", wechat.get("user/info", openid=openid))
    agree("wechat/resp_user_info_unsubscribed.json", wechat.get("user/info", openid=gone))
    batch = wechat.post("user/info/batchget", {"user_list": [{"openid": openid}, {"openid": gone}]})
    agree("wechat/resp_user_info_batchget.json", batch)
    agree("wechat/resp_user_get_page.json", wechat.get("user/get"))
    last = wechat.get("user/get", next_openid=openid)
    assert set(last) == set(recorded("wechat/resp_user_get_last.json"))
    url = wechat.publish(wechat.draft())["article_detail"]["item"][0]["article_url"]
    requests.get(sim.url + "/s/" + url.rpartition("/")[2], timeout=9)
    article = wechat.post("freepublish/batchget", {"offset": 0, "count": 1})["item"][0]["article_id"]
    press = {"platform": "wechat", "external_id": GH, "post": article, "act": "share"}
    requests.post(f"{sim.url}/likes", data=press, timeout=9)
    day = wechat_day(sim)
    sim.shift(2 * 86400)
    wechat.token = ""
    names = "getarticleread getarticleshare getbizsummary getarticletotaldetail getusersummary getusercumulate"
    for name in [*names.split(), "getupstreammsg"]:
        told = wechat.post(f"/datacube/{name}", {"begin_date": day, "end_date": day})
        assert told["list"], name
        agree(f"wechat/resp_datacube_{name}.json", told)
    for retired in ("getarticlesummary", "getarticletotal", "getuserread", "getusershare"):
        agree("wechat/err_47009.json", wechat.post(f"/datacube/{retired}", {"begin_date": day, "end_date": day}))


def test_wechats_tokens_quotas_and_errors(sim: Sim, wechat: WeChat) -> None:
    ask = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}
    agree("wechat/resp_token.json", requests.get(f"{sim.url}/cgi-bin/token", params=ask, timeout=9).json())
    agree("wechat/resp_stable_token_remaining.json", wechat.fetch_token())
    agree("wechat/resp_quota_get.json", wechat.post("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"}))
    agree("wechat/resp_getcallbackip.json", wechat.get("getcallbackip"))
    check = wechat.post("callback/check", {"action": "all", "check_operator": "DEFAULT"})
    agree("wechat/resp_callback_check.json", check)
    wrong = wechat.post("draft/get", {"media_id": "x"})
    agree("wechat/err_40007.json", wrong)
    rid = {"rid": wrong["errmsg"].rpartition("rid: ")[2]}
    agree("wechat/resp_rid_get.json", wechat.post("openapi/rid/get", rid))
    for code in (40001, 40013, 42001, 45003, 45009, 45015, 45047, 45110, 45166, 48001, 88000):
        sim.fault("refuse", platform="wechat", path="draft/count", code=code)
        told = wechat.get("draft/count")
        agree(f"wechat/err_{code}.json", told)
        assert told["errcode"] == code


def plain(text: str) -> list[str]:
    """The names of the elements of a pushed body, in order."""
    return re.findall(r"<(\w+)>", text)


CITIZENS: dict[str, dict[str, Any]] = {
    "cb_msg_text.xml": {"text": "this is a test"},
    "cb_msg_image.xml": {"image": base64.b64encode(png()).decode()},
    "cb_msg_voice.xml": {"voice": True},
    "cb_msg_video.xml": {"video": base64.b64encode(SMALLEST_MP4).decode()},
    "cb_msg_shortvideo.xml": {"shortvideo": True},
    "cb_msg_location.xml": {"location": {"latitude": 23.134521, "longitude": 113.358803, "label": "位置信息"}},
    "cb_msg_link.xml": {"link": {"title": "公众平台官网链接", "description": "公众平台官网链接", "url": "url"}},
    "cb_evt_subscribe.xml": {"event": "subscribe"},
    "cb_evt_unsubscribe.xml": {"event": "unsubscribe"},
    "cb_evt_subscribe_qrscene.xml": {"event": "subscribe", "key": "qrscene_123123", "ticket": "TICKET"},
    "cb_evt_scan.xml": {"event": "SCAN", "key": "SCENE_VALUE", "ticket": "TICKET"},
    "cb_evt_click.xml": {"event": "CLICK", "key": "EVENTKEY"},
    "cb_evt_view.xml": {"event": "VIEW", "key": "www.qq.com"},
    "cb_evt_view_miniprogram.xml": {"event": "view_miniprogram", "key": "pages/index/index", "menu_id": "MENUID"},
    "cb_evt_location.xml": {"event": "LOCATION", "latitude": 23.13, "longitude": 113.35, "precision": 119.38},
}


@pytest.mark.parametrize("name", CITIZENS)
def test_wechats_pushes(sim: Sim, listener: Listener, name: str) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")
    who = {"platform": "wechat", "external_id": GH, "from": "小林"}
    sim.call("POST", "/_sim/messages", {**who, **CITIZENS[name]})
    pushed = listener.got[-1][1].decode()
    wanted = plain((FIXTURES / "wechat" / name).read_text("utf-8"))
    optional = {"BusinessId"}
    assert [each for each in wanted if each not in plain(pushed) and each not in optional] == []
    assert [each for each in plain(pushed) if each not in wanted and each != "MediaId16K"] == []


@pytest.mark.parametrize("name", ["cb_evt_publishjobfinish_ok.xml", "cb_evt_publishjobfinish_original_failed.xml"])
def test_wechats_publication_event(sim: Sim, wechat: WeChat, listener: Listener, name: str) -> None:
    failed = "failed" in name
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain", review_result=2 if failed else 0)
    wechat.publish(wechat.draft())
    pushed = until(lambda: listener.got and listener.got[0][1].decode())
    wanted = set(plain((FIXTURES / "wechat" / name).read_text("utf-8")))
    assert wanted <= set(plain(str(pushed)))


@pytest.mark.parametrize("verdict", ["may_reprint", "none"])
def test_wechats_mass_event(sim: Sim, wechat: WeChat, listener: Listener, verdict: str) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain", originality=verdict)
    wechat.mass(wechat.draft(), "a", send_ignore_reprint=int(verdict == "may_reprint"))
    pushed = str(until(lambda: listener.got and listener.got[0][1].decode()))
    name = "err30003_copyright" if verdict == "may_reprint" else "success_real"
    wanted = set(plain((FIXTURES / "wechat" / f"cb_evt_masssendjobfinish_{name}.xml").read_text("utf-8")))
    assert wanted - set(plain(pushed)) <= {"item", "ArticleIdx", "ArticleUrl"}


def test_weibos_statuses(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, level="business")
    status = weibo.share(files={"pic": ("a.png", png(), "image/png")}).json()
    agree("weibo/share_response_doc.json", status)
    agree("weibo/user_timeline_doc.json", weibo.get("statuses/user_timeline").json())
    agree("weibo/user_timeline_ids_doc.json", weibo.get("statuses/user_timeline/ids").json())
    agree("weibo/statuses_count_doc.json", weibo.get("statuses/count", ids=status["idstr"]).json())
    agree("weibo/users_counts_shape.json", weibo.get("users/counts", uids=UID).json())
    agree("weibo/unread_count_shape.json", weibo.get("remind/unread_count").json())
    agree("weibo/rate_limit_status_doc.json", weibo.get("account/rate_limit_status").json())
    picture = weibo.post("statuses/upload_pic/biz", {"pic": ("a.png", png(9), "image/png")}).json()
    agree("weibo/upload_pic_biz_shape.json", picture)
    agree("weibo/status_repost_doc.json", weibo.post("statuses/repost", id=status["idstr"], rip=RIP).json())
    number = sim.comment("weibo", status["idstr"])
    agree("weibo/comments_to_me_doc.json", weibo.get("comments/to_me").json())
    reply = weibo.post("comments/reply", cid=number, id=status["idstr"], comment="好").json()
    agree("weibo/comment_reply_doc.json", reply)
    gone = weibo.post("comments/destroy_batch", cids=reply["idstr"]).json()
    agree("weibo/comments_destroy_batch_doc.json", gone)
    agree("weibo/status_destroy_doc.json", weibo.post("statuses/destroy", id=status["idstr"]).json())
    agree(
        "weibo/messages_sendall_ok.json",
        sendall(weibo, {"touser": ["1", "2"], "msgtype": "text", "text": {"content": "甲"}}),
    )
    agree("weibo/messages_sendall_err.json", sendall(weibo, {"msgtype": "text"}))


def sendall(weibo: Weibo, body: dict[str, Any]) -> Any:
    url = f"{weibo.url}/2/messages/sendall.json?access_token={weibo.token}"
    return requests.post(url, json=body, timeout=9).json()


REFUSALS: dict[str, tuple[int, Callable[[Weibo], requests.Response]]] = {
    "err_10014_permissions": (10014, lambda weibo: weibo.post("statuses/update", status="甲", rip=RIP)),
    "err_10017_no_domain_in_text": (10017, lambda weibo: weibo.share("甲")),
    "err_20012_too_long": (20012, lambda weibo: weibo.share("长" * 141 + " https://www.example.gov.cn/p")),
    "err_21332_invalid_token": (21332, lambda weibo: Weibo(weibo.url, "none").share()),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_weibos_refusals(sim: Sim, weibo: Weibo, name: str) -> None:
    code, call = REFUSALS[name]
    told = call(weibo).json()
    agree(f"weibo/{name}.json", told)
    wanted = recorded(f"weibo/{name}.json")
    assert (told["error_code"], told["error"]) == (code, wanted["error"])


@pytest.mark.parametrize(
    "code",
    ["10023_user_rate", "20016_too_fast", "20019_repeat", "20032_success_but_slow", "21321_unaudited", "21327_expired"],
)
def test_weibos_words_of_refusal(sim: Sim, weibo: Weibo, code: str) -> None:
    wanted = recorded(f"weibo/err_{code}.json")
    sim.fault("refuse", platform="weibo", code=int(code.partition("_")[0]))
    told = weibo.share().json()
    agree(f"weibo/err_{code}.json", told)
    assert told["error"] == wanted["error"]


FANS: dict[str, dict[str, Any]] = {
    "push_text.json": {"text": "私信或留言内容"},
    "push_image.json": {"image": True},
    "push_voice.json": {"voice": True},
    "push_event_follow.json": {"event": "follow"},
    "push_event_unfollow.json": {"event": "unfollow"},
    "push_event_subscribe.json": {"event": "subscribe"},
    "push_event_unsubscribe.json": {"event": "unsubscribe"},
    "push_event_scan_follow.json": {"event": "scan_follow", "key": "action_name_scene_id", "ticket": "TICKET"},
    "push_event_menu_click.json": {"event": "click", "key": "EVENTKEY"},
    "push_mention_shape.json": {"event": "mention", "text": "@官微 请问怎么办理", "key": "3773565649935773"},
}


@pytest.mark.parametrize("name", FANS)
def test_weibos_pushes(sim: Sim, listener: Listener, name: str) -> None:
    sim.put("weibo", UID, callback_url=listener.url)
    who = {"platform": "weibo", "external_id": UID, "from": FAN}
    sim.call("POST", "/_sim/messages", {**who, **FANS[name]})
    told, wanted = json.loads(listener.got[-1][1]), recorded(f"weibo/{name}")
    assert lacking(wanted, told) == []
    assert set(told) == set(wanted)
    assert set(told["data"]) == set(wanted["data"])
    assert (told["type"], told["receiver_id"], told["sender_id"]) == (wanted["type"], int(UID), int(FAN))
    if "menu" not in name:
        assert told["text"] == wanted["text"]


def test_weibos_push_in_xml(sim: Sim, listener: Listener) -> None:
    sim.put("weibo", UID, callback_url=listener.url, push_format="xml")
    who = {"platform": "weibo", "external_id": UID, "from": FAN}
    asked = {"event": "mention", "text": "这道题目怎么做？", "key": "3773565649935773"}
    sim.call("POST", "/_sim/messages", {**who, **asked})
    told = envelope.read_fields(listener.got[-1][1].decode())
    assert set(told) == set(recorded("weibo/push_mention_xmlmode_real_2014.json"))
