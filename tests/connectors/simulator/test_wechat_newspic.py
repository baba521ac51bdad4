"""WeChat: picture articles (newspic), their publication, and other kinds of content."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.connectors.simulator.conftest import GH, Sim, WeChat, png, until


def permanent(wechat: WeChat, size: int = 8) -> str:
    return str(wechat.upload("material/add_material?type=image", "a.png", png(size))["media_id"])


def newspic(wechat: WeChat, count: int = 2, **fields: Any) -> dict[str, Any]:
    images = [{"image_media_id": permanent(wechat, 8 + number)} for number in range(count)]
    body = {"article_type": "newspic", "title": "街景", "content": "春天来了\n欢迎来青岚", "need_open_comment": 0}
    return {**body, "image_info": {"image_list": images}, **fields}


def add(wechat: WeChat, article: dict[str, Any]) -> dict[str, Any]:
    return wechat.post("draft/add", {"articles": [article]})


def test_a_picture_article_is_told_as_documented(wechat: WeChat) -> None:
    article = newspic(wechat)
    told = wechat.post("draft/get", {"media_id": add(wechat, article)["media_id"]})["news_item"][0]
    assert told["article_type"] == "newspic"
    assert told["image_info"] == article["image_info"]
    assert told["thumb_media_id"] == article["image_info"]["image_list"][0]["image_media_id"]
    assert told["content"] == "春天来了\n欢迎来青岚", "line breaks stay"
    assert not {"author", "digest", "content_source_url", "show_cover_pic"} & set(told)


def test_mark_up_is_taken_out_of_a_picture_article(wechat: WeChat) -> None:
    sent = '<p style="color:red">春天<b>来了</b></p><script>x()</script><p>去<a href="https://a.cn">看</a><br>花</p>'
    media_id = add(wechat, newspic(wechat, content=sent))["media_id"]
    assert wechat.post("draft/get", {"media_id": media_id})["news_item"][0]["content"] == "春天来了\n去看\n花"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"image_info": {"image_list": []}}, 40097),
        ({"image_info": None}, 40097),
        ({"image_info": {"image_list": [{"image_media_id": "nothing"}]}}, 40007),
        ({"image_info": {"image_list": ["x"]}}, 40007),
        ({"content": "<script>x()</script>"}, 45166),
        ({"title": "长" * 33}, 45003),
        ({"article_type": "poster"}, 40097),
        ({"cover_info": {"crop_percent_list": [{"ratio": "4_3", "x1": "0", "y1": "0", "x2": "1", "y2": "1"}]}}, 40097),
        ({"cover_info": {"crop_percent_list": [{"ratio": "1_1", "x1": 0, "y1": 0, "x2": 1, "y2": 1}]}}, 40097),
        ({"cover_info": {"crop_percent_list": [{"ratio": "1_1", "x1": "1", "y1": "0", "x2": "0", "y2": "1"}]}}, 40097),
        ({"cover_info": {"crop_percent_list": [{"ratio": "1_1", "x1": "0", "y1": "0", "x2": "1", "y2": "1"}]}}, 0),
        ({"product_info": {"footer_product_info": {"product_key": "k"}}}, 53404),
    ],
)
def test_what_a_picture_article_may_be(wechat: WeChat, fields: dict[str, Any], code: int) -> None:
    assert add(wechat, newspic(wechat, 1, **fields)).get("errcode", 0) == code


def test_goods_need_a_shop(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, rights=["freepublish", "shop"])
    assert "media_id" in add(wechat, newspic(wechat, product_info={"footer_product_info": {"product_key": "k"}}))
    assert add(wechat, newspic(wechat, product_info={"footer_product_info": {}}))["errcode"] == 53406


def test_twenty_pictures_and_no_temporary_ones(wechat: WeChat) -> None:
    one = permanent(wechat)
    for count, code in ((20, 0), (21, 40097)):
        images = {"image_list": [{"image_media_id": one}] * count}
        assert add(wechat, newspic(wechat, image_info=images)).get("errcode", 0) == code
    temporary = wechat.upload("media/upload?type=image", "a.png", png())["media_id"]
    images = {"image_list": [{"image_media_id": temporary}]}
    assert add(wechat, newspic(wechat, image_info=images))["errcode"] == 40007


def test_a_picture_article_goes_out_and_shows_its_pictures(sim: Sim, wechat: WeChat) -> None:
    media_id = add(wechat, newspic(wechat, 3, content="a < b & c"))["media_id"]
    done = wechat.publish(media_id)
    assert done["publish_status"] == 0
    assert len(sim.accepted("publish")[0]["images"]) == 3
    page = requests.get(
        sim.url + "/s/" + done["article_detail"]["item"][0]["article_url"].rpartition("/")[2], timeout=9
    )
    assert page.text.count('alt="图片') == 3
    assert 'alt="封面"' not in page.text
    told = wechat.post("freepublish/getarticle", {"article_id": done["article_id"]})["news_item"][0]
    assert told["thumb_url"].startswith("http://mmbiz.qpic.cn/")


def test_a_picture_article_is_changed_in_place(wechat: WeChat) -> None:
    media_id = add(wechat, newspic(wechat))["media_id"]
    changed = {"media_id": media_id, "index": 0, "articles": newspic(wechat, 1, title="新街景")}
    assert wechat.post("draft/update", changed)["errcode"] == 0
    told = wechat.post("draft/get", {"media_id": media_id})["news_item"][0]
    assert (told["title"], len(told["image_info"]["image_list"])) == ("新街景", 1)
    assert wechat.get("draft/count") == {"total_count": 1}, "no second draft"
    empty = {**changed, "articles": newspic(wechat, 1, content="<style>a{}</style>")}
    assert wechat.post("draft/update", empty)["errcode"] == 45166


def test_drafts_are_listed_twenty_at_most(wechat: WeChat) -> None:
    for number in range(3):
        wechat.draft(title=f"第{number}稿")
    told = wechat.post("draft/batchget", {"offset": 1, "count": 1})
    assert (told["total_count"], told["item_count"]) == (3, 1)
    assert told["item"][0]["content"]["news_item"][0]["title"] == "第1稿"
    for count in (0, 21):
        assert wechat.post("draft/batchget", {"offset": 0, "count": count})["errcode"] == 40097


def test_materials_are_told_listed_and_kept_while_in_use(wechat: WeChat) -> None:
    media_id = permanent(wechat)
    told = wechat.post("material/batchget_material", {"type": "image", "offset": 0, "count": 20})
    assert [each["media_id"] for each in told["item"]] == [media_id]
    assert set(told["item"][0]) == {"media_id", "name", "update_time", "url"}
    for body, code in (({"type": "text"}, 40004), ({"type": "image", "count": 21}, 40097)):
        assert wechat.post("material/batchget_material", {"offset": 0, "count": 20, **body})["errcode"] == code
    button = {"button": [{"type": "media_id", "name": "图", "media_id": media_id}]}
    assert wechat.post("menu/create", button)["errcode"] == 0
    assert wechat.post("material/del_material", {"media_id": media_id})["errcode"] == 48005
    wechat.get("menu/delete")
    assert wechat.post("material/del_material", {"media_id": media_id})["errcode"] == 0
    assert wechat.post("material/get_material", {"media_id": media_id})["errcode"] == 40007


def test_a_film_brings_its_description_in_a_form_field(sim: Sim, wechat: WeChat) -> None:
    wechat.token = wechat.fetch_token()["access_token"]
    url = f"{sim.url}/cgi-bin/material/add_material?access_token={wechat.token}&type=video"
    films = {"media": ("a.mp4", b"\0\0\0\x18ftypmp42", "video/mp4")}
    for form, code in (({}, 41005), ({"description": "{}"}, 40097), ({"description": '{"title":"片"}'}, 0)):
        told = requests.post(url, files=films, data=form, timeout=9).json()
        assert told.get("errcode", 0) == code
    assert wechat.post("material/get_material", {"media_id": told["media_id"]})["title"] == "片"
    assert wechat.get("material/get_materialcount")["video_count"] == 1
    body = {"filter": {"is_to_all": True}, "msgtype": "mpvideo", "mpvideo": {"media_id": told["media_id"]}}
    assert wechat.post("message/mass/sendall", body)["errcode"] == 48022


def test_other_kinds_of_mass_sends(sim: Sim, wechat: WeChat) -> None:
    def send(kind: str, branch: Any, name: str = "") -> dict[str, Any]:
        body = {"filter": {"is_to_all": True}, "msgtype": kind, (name or kind): branch}
        return wechat.post("message/mass/sendall", body)

    assert send("wxcard", {"card_id": "x"})["errcode"] == 45113
    assert send("voice", {"media_id": "x"})["errcode"] == 40007
    assert send("image", {"media_ids": []}, "images")["errcode"] == 40215
    assert send("image", {"media_ids": ["x"]}, "images")["errcode"] == 40007
    told = send("image", {"media_ids": [permanent(wechat)]}, "images")
    assert told["errcode"] == 0
    assert "msg_data_id" not in told, "articles only"
    until(lambda: wechat.post("message/mass/get", {"msg_id": told["msg_id"]})["msg_status"] == "SEND_SUCCESS")
