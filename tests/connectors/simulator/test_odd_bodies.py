"""Whatever is sent, the simulator answers as a platform and never breaks."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connectors.simulator.wechat.api import ENDPOINTS as WECHAT
from connectors.simulator.weibo.api import ENDPOINTS as WEIBO
from tests.connectors.simulator.conftest import UID, Sim, WeChat, Weibo

NAMES = (
    "articles index media_id offset count no_content publish_id article_id msg_id msg_data_id begin type content filter"
    " msgtype text mpnews touser towxname user_comment_id clientmsgid tag tagid openid_list user_list remark openid speed"
    " begin_date end_date cgi_path rid appid action button command starttime endtime article_idx url"
)
ODD: list[Any] = [None, -1, 10**30, 0.5, True, "", "x", "\ud800", [], [[]], [1], {}, {"id": []}, {"media_id": {}}, [{}]]

ODD_BRANCHES: list[Any] = [
    {},
    {"content": 1},
    {"media_id": []},
    {"articles": 5},
    {"articles": "x"},
    {"article_id": {}},
    7,
]


def test_every_wechat_call_takes_odd_values(sim: Sim, wechat: WeChat) -> None:
    for path, known in WECHAT.items():
        if known.method == "GET" or not known.needs_token:
            continue
        for odd in ODD[:7] + ODD[8:]:
            assert isinstance(wechat.post(path, dict.fromkeys(NAMES.split(), odd)), dict), (path, odd)


def test_a_known_kind_with_an_odd_branch(wechat: WeChat) -> None:
    for kind in ("text", "mpnews", "news", "image", "mpnewsarticle"):
        for odd in ODD_BRANCHES:
            body = {"touser": "o", "filter": {"is_to_all": True}, "msgtype": kind, kind: odd}
            for path in ("message/custom/send", "message/mass/sendall", "message/mass/preview"):
                assert "errcode" in wechat.post(path, body)


@pytest.mark.parametrize("level", ["share", "business"])
def test_every_weibo_call_takes_odd_values(sim: Sim, weibo: Weibo, level: str) -> None:
    sim.put("weibo", UID, level=level, rights=["article"], quotas={"daily_calls": 10_000})
    names = (
        "id ids cid cids uid uids mid since_id max_id count page comment status rip pic_id data type receiver_id title"
    )
    for path, known in WEIBO.items():
        for odd in ("", "-1", "x", "²", "9" * 40, "😀", "[1]", "null", ",,,"):
            fields = {**dict.fromkeys(names.split(), odd), "access_token": weibo.token}
            if known.methods[0] == "GET":
                answer = requests.get(sim.url + path, params=fields, timeout=9)
            else:
                answer = requests.post(sim.url + path, data=fields, timeout=9)
            assert answer.status_code in (200, 302, 400, 403), (path, odd, answer.text[:200])


def test_a_huge_body_is_413(sim: Sim) -> None:
    answer = requests.post(f"{sim.url}/cgi-bin/draft/add", data=b"x" * (33 * 1024 * 1024), timeout=20)
    assert answer.status_code == 413
