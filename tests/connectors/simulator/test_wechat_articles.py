"""WeChat: drafts, 发布, 群发 and 留言."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
import requests

from tests.connectors.simulator.conftest import GH, Listener, Sim, WeChat, png, until


def test_a_draft_is_added_as_a_list_and_changed_as_an_object(wechat: WeChat) -> None:
    assert wechat.post("draft/add", {"articles": wechat.article()})["errcode"] == 47001
    media_id = wechat.draft(title="一稿")
    assert (
        wechat.post("draft/update", {"media_id": media_id, "index": 0, "articles": [wechat.article()]})["errcode"]
        == 47001
    )
    changed = {"media_id": media_id, "index": 0, "articles": wechat.article(title="二稿")}
    assert wechat.post("draft/update", changed)["errcode"] == 0
    assert wechat.post("draft/update", {**changed, "index": 1})["errcode"] == 40114
    shown = wechat.post("draft/get", {"media_id": media_id})
    assert "errcode" not in shown
    assert shown["news_item"][0]["title"] == "二稿"
    listed = wechat.post("draft/batchget", {"offset": 0, "count": 20, "no_content": 1})
    assert (listed["total_count"], "content" in listed["item"][0]["content"]["news_item"][0]) == (1, False)
    assert wechat.post("draft/delete", {"media_id": media_id})["errcode"] == 0
    assert wechat.post("draft/get", {"media_id": media_id})["errcode"] == 40007


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": "题" * 32}, 0),
        ({"title": "题" * 33}, 45003),
        ({"title": ""}, 45003),
        ({"author": "名" * 17}, 45110),
        ({"digest": "摘" * 129}, 45004),
        ({"content": "<p>" + "文" * 19_992 + "</p>"}, 0),
        ({"content": "<p>" + "文" * 19_993 + "</p>"}, 45002),
        ({"content": ""}, 44004),
        ({"thumb_media_id": "temporary"}, 40007),
        ({"content_source_url": "https://a.gov.cn/" + "x" * 1024}, 40039),
        ({"pic_crop_235_1": "0.1945_0_1_0.5236"}, 0),
        ({"pic_crop_235_1": "0.19451234_0_1_0.5"}, 40097),
        ({"pic_crop_1_1": "0_0_2_1"}, 40097),
    ],
)
def test_limits_of_an_article_are_in_characters(wechat: WeChat, fields: dict[str, Any], code: int) -> None:
    assert wechat.post("draft/add", {"articles": [wechat.article(**fields)]}).get("errcode", 0) == code


def test_a_temporary_picture_is_no_cover(wechat: WeChat) -> None:
    media_id = wechat.upload("media/upload?type=image", "a.png", png())["media_id"]
    article = wechat.article(thumb_media_id=media_id)
    assert wechat.post("draft/add", {"articles": [article]})["errcode"] == 40007


def test_what_wechat_drops_is_gone_on_reading_back(wechat: WeChat) -> None:
    own = wechat.upload("media/uploadimg", "a.png", png())["url"]
    sent = (
        '<style>p{color:red}</style><section class="a" id="b" onclick="x()" style="color: #333; position: fixed">'
        f'<p>去<a href="https://example.com/a">外站</a>与<a href="https://mp.weixin.qq.com/s/abc">本站</a></p>'
        f'<img src="{own}" alt="图"><img src="https://example.com/a.png"><script>alert(1)</script>'
        "<iframe src='x'>旧</iframe><form><input>表单</form></section>"
    )
    kept = (
        '<section style="color: #333"><p>去外站与<a href="https://mp.weixin.qq.com/s/abc">本站</a></p>'
        f'<img src="{own}" alt="图">表单</section>'
    )
    shown = wechat.post("draft/get", {"media_id": wechat.draft(content=sent)})["news_item"][0]
    assert shown["content"] == kept


def test_clean_html_comes_back_byte_for_byte(wechat: WeChat) -> None:
    clean = (
        '<section style="font-size:16px;"><table><tr><td colspan="2">甲&nbsp;&amp; 乙<br/></td></tr></table></section>'
    )
    assert wechat.post("draft/get", {"media_id": wechat.draft(content=clean)})["news_item"][0]["content"] == clean


def test_a_digest_is_made_from_the_first_54_characters(wechat: WeChat) -> None:
    shown = wechat.post("draft/get", {"media_id": wechat.draft(content=f"<p>{'文' * 80}</p>")})["news_item"][0]
    assert shown["digest"] == "文" * 54


def test_publishing_is_asynchronous_and_kills_the_draft(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, review_seconds=3600)
    media_id = wechat.draft(content_source_url="https://www.example.gov.cn/p/a?w=1")
    told = wechat.post("freepublish/submit", {"media_id": media_id})
    assert set(told) == {"errcode", "errmsg", "publish_id"}, "no msg_data_id to comment by"
    waiting = wechat.post("freepublish/get", {"publish_id": told["publish_id"]})
    assert (waiting["publish_status"], waiting["fail_idx"]) == (1, [1]), "fail_idx proves nothing"
    sim.shift(3601)
    done = wechat.post("freepublish/get", {"publish_id": told["publish_id"]})
    assert done["publish_status"] == 0
    url = done["article_detail"]["item"][0]["article_url"]
    assert requests.get(sim.url + "/s/" + url.rpartition("/")[2], timeout=9).status_code == 200
    assert wechat.post("draft/get", {"media_id": media_id})["errcode"] == 40007
    listed = wechat.post("freepublish/batchget", {"offset": 0, "count": 20, "no_content": 1})
    found = listed["item"][0]["content"]["news_item"][0]
    assert found["content_source_url"].endswith("?w=1")
    assert sim.accepted("publish")[0]["media_id"] == media_id
    assert wechat.post("freepublish/get", {"publish_id": "1"})["errcode"] == 40002


def test_a_refused_review_keeps_the_draft(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, review_result=4)
    media_id = wechat.draft()
    assert wechat.publish(media_id)["publish_status"] == 4
    assert "news_item" in wechat.post("draft/get", {"media_id": media_id})


def test_deleting_without_an_index_deletes_all(wechat: WeChat) -> None:
    media_id = wechat.post("draft/add", {"articles": [wechat.article(), wechat.article(title="二")]})["media_id"]
    done = wechat.publish(media_id)
    article_id = done["article_id"]
    assert wechat.post("freepublish/delete", {"article_id": article_id, "index": 1})["errcode"] == 0
    left = wechat.post("freepublish/getarticle", {"article_id": article_id})["news_item"]
    assert [each["is_deleted"] for each in left] == [True, False]
    assert wechat.post("freepublish/delete", {"article_id": article_id})["errcode"] == 0
    assert wechat.post("freepublish/get", {"publish_id": done["publish_id"]})["publish_status"] == 5
    assert wechat.post("freepublish/delete", {"article_id": "none"})["errcode"] == 53600


def test_the_same_mass_send_twice_is_known_by_its_key(sim: Sim, wechat: WeChat) -> None:
    media_id = wechat.draft()
    told = wechat.mass(media_id, "job-1")
    assert told["msg_id"] > 2**31
    assert "msg_data_id" in told
    assert wechat.mass(media_id, "job-1")["errcode"] == 45066
    sim.shift(61)
    again = wechat.mass(media_id, "job-1")
    assert again == {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": told["msg_id"]}
    assert len(sim.accepted("mass")) == 1
    until(lambda: wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "SEND_SUCCESS")
    assert wechat.mass(media_id, "job-1")["errcode"] == 45065, "also when the draft is dead"
    assert wechat.mass(media_id, "k" * 33)["errcode"] == 45067


def test_without_a_key_wechat_derives_one(wechat: WeChat) -> None:
    article = wechat.article()
    first, second = (wechat.post("draft/add", {"articles": [article]})["media_id"] for _ in range(2))
    assert wechat.mass(first)["errcode"] == 0
    assert wechat.mass(second)["errcode"] == 45065


def test_one_mass_send_a_day_and_failures_do_not_count(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, review_result=2)
    failed = wechat.mass(wechat.draft(), "a")
    until(lambda: wechat.post("message/mass/get", {"msg_id": failed["msg_id"]})["msg_status"] == "SEND_FAIL")
    sim.put("wechat", GH, review_result=0)
    assert wechat.mass(wechat.draft(), "b")["errcode"] == 0
    assert wechat.mass(wechat.draft(), "c")["errcode"] == 45028
    sim.shift(86400)
    wechat.token = ""
    assert wechat.mass(wechat.draft(), "c")["errcode"] == 0


def test_mass_sends_are_listed_nowhere(wechat: WeChat) -> None:
    told = wechat.mass(wechat.draft(), "a")
    until(lambda: wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "SEND_SUCCESS")
    assert wechat.post("freepublish/batchget", {"offset": 0, "count": 20})["total_count"] == 0
    assert wechat.post("message/mass/delete", {"msg_id": told["msg_id"], "article_idx": 9})["errcode"] == 40060
    assert wechat.post("message/mass/delete", {"msg_id": told["msg_id"], "article_idx": 1})["errcode"] == 0
    assert wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "DELETE"


@pytest.mark.parametrize(("decision", "status"), [("approve", "send success"), ("refuse", "err(40001)")])
def test_the_administrator_decides(sim: Sim, wechat: WeChat, listener: Listener, decision: str, status: str) -> None:
    sim.put("wechat", GH, admin_confirm=True, callback_url=listener.url, callback_mode="plain")
    told = wechat.mass(wechat.draft(), "a")
    assert told["errcode"] == 89505
    assert listener.got == []
    answer = {"external_id": GH, "msg_id": str(told["msg_id"]), "decision": decision}
    sim.call("POST", "/_sim/confirmations", answer)
    body = until(lambda: listener.got and listener.got[0][1].decode())
    assert f"<Status><![CDATA[{status}]]></Status>" in body
    sim.call("POST", "/_sim/confirmations", answer, status=409)


def test_a_silent_administrator_is_a_refusal(sim: Sim, wechat: WeChat, listener: Listener) -> None:
    sim.put("wechat", GH, admin_confirm=True, callback_url=listener.url, callback_mode="plain")
    wechat.mass(wechat.draft(), "a")
    sim.shift(1801)
    body = until(lambda: listener.got and listener.got[0][1].decode())
    assert "err(40002)" in body


def sent(wechat: WeChat, **fields: Any) -> int:
    told = wechat.mass(wechat.draft(**fields), "a")
    until(lambda: wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "SEND_SUCCESS")
    return int(told["msg_data_id"])


def comments(wechat: WeChat, msg_data_id: Any, **fields: Any) -> dict[str, Any]:
    body = {"msg_data_id": msg_data_id, "index": 0, "begin": 0, "count": 49, "type": 0}
    return wechat.post("comment/list", {**body, **fields})


def test_comments_are_read_below_fifty_and_answered_once(sim: Sim, wechat: WeChat) -> None:
    msg_data_id = sent(wechat)
    number = sim.comment("wechat", msg_data_id, "请问哪天恢复")
    assert comments(wechat, msg_data_id, count=50)["errcode"] == 88010
    told = comments(wechat, msg_data_id)
    assert (told["total"], told["comment"][0]["content"]) == (1, "请问哪天恢复")
    place = {"msg_data_id": msg_data_id, "index": 0, "user_comment_id": int(number)}
    assert wechat.post("comment/reply/add", {**place, "content": ""})["errcode"] == 88007
    assert wechat.post("comment/reply/add", {**place, "content": "今晚八点"})["errcode"] == 0
    assert wechat.post("comment/reply/add", {**place, "content": "今晚八点"})["errcode"] == 88005
    assert comments(wechat, msg_data_id)["comment"][0]["reply"]["content"] == "今晚八点"
    assert wechat.post("comment/markelect", place)["errcode"] == 0
    assert comments(wechat, msg_data_id, type=2)["total"] == 1
    assert wechat.post("comment/reply/delete", place)["errcode"] == 0
    assert wechat.post("comment/reply/delete", place)["errcode"] == 88009
    assert wechat.post("comment/delete", place)["errcode"] == 0
    assert wechat.post("comment/delete", place)["errcode"] == 88008


def test_indexes_of_comments_start_at_zero_and_only_mass_sends_have_any(sim: Sim, wechat: WeChat) -> None:
    msg_data_id = sent(wechat)
    assert comments(wechat, msg_data_id, index=1)["errcode"] == 88001
    done = wechat.publish(wechat.draft())
    told = comments(wechat, int(done["publish_id"]))
    assert (told["errcode"], told["total"], told["comment"]) == (88001, 0, [])


def test_nobody_comments_where_comments_are_closed(sim: Sim, wechat: WeChat) -> None:
    msg_data_id = sent(wechat, need_open_comment=0)
    body = {"platform": "wechat", "external_id": GH, "post": str(msg_data_id), "text": "问"}
    sim.call("POST", "/_sim/comments", body, status=409)
    assert wechat.post("comment/open", {"msg_data_id": msg_data_id, "index": 0})["errcode"] == 0
    sim.call("POST", "/_sim/comments", body)


def test_the_page_shows_what_readers_see(sim: Sim, wechat: WeChat) -> None:
    own = wechat.upload("media/uploadimg", "a.png", png())["url"]
    sent(wechat, title="停水通知", content=f'<p>正文</p><img src="{own}">')
    home = requests.get(sim.url, timeout=9).text
    assert "演练模拟器 · 不是真实平台" in home
    address = home.partition('href="/s/')[2].partition('"')[0]
    article = requests.get(f"{sim.url}/s/{address}", timeout=9)
    picture = article.text.partition('<p>正文</p><img src="')[2].partition('"')[0]
    assert requests.get(sim.url + picture, timeout=9).content == png()
    assert "script" not in article.headers["Content-Security-Policy"]
    assert "<script" not in article.text


def test_what_went_out_is_known_to_the_byte(sim: Sim, wechat: WeChat) -> None:
    own = wechat.upload("media/uploadimg", "b.png", png(9))["url"]
    wechat.mass(wechat.draft(title="停水通知", content=f'<p>正文</p><img src="{own}">'), "a")
    item = sim.accepted("mass")[0]
    assert item["images"] == [sha256(png()).hexdigest(), sha256(png(9)).hexdigest()]
    assert (item["title"], item["payload"]["clientmsgid"]) == ("停水通知", "a")
    assert item["content"].startswith("<p>正文</p>")
