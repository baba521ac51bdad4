"""关注后自动回复: whoever begins to follow is welcomed in the callback's own answer, once; nobody else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Account
from app.accounts.services import update_account
from app.db import db, utcnow
from app.publishing.services import end_stop, start_stop
from tests.app.accounts.kit import GH, UID, Office, Sim, connect_wechat, connect_weibo
from tests.app.callbacks import post
from tests.app.callbacks.post import Letter

WELCOME = "您好，这里是青岚发布。\n办事请回复“办事”。<热线> 12345"


@pytest.fixture
def weibo(app: Flask, office: Office) -> Account:
    return connect_weibo(office, settings={"welcome_text": WELCOME})


def send(app: Flask, account: Account, letter: Letter) -> Any:
    path = f"/callbacks/{account.platform}/{account.callback_key}"
    answer = app.test_client().post(path, query_string=letter.query, data=letter.body)
    assert answer.status_code == 200
    return answer


def event(subtype: str) -> Letter:
    return post.weibo(post.weibo_body("关注事件消息", type="event", data={"subtype": subtype, "key": ""}))


@pytest.mark.parametrize("subtype", ["follow", "subscribe", "scan_follow"])
def test_who_follows_on_weibo_is_welcomed(app: Flask, weibo: Account, subtype: str) -> None:
    letter = event(subtype)
    answer = send(app, weibo, letter)
    assert answer.mimetype == "application/json"
    told = answer.get_json()
    assert (told["sender_id"], told["receiver_id"], told["type"]) == (UID, "2488518855", "text")
    # Sent again by the platform: the same answer, not another.
    assert send(app, weibo, letter).data == answer.data


@pytest.mark.parametrize("subtype", ["unfollow", "unsubscribe", "click", "view", "scan", "what-is-that"])
def test_nobody_else_is(app: Flask, weibo: Account, subtype: str) -> None:
    assert send(app, weibo, event(subtype)).data == b""
    assert send(app, weibo, post.weibo()).data == b""


def test_while_a_stop_stands_nobody_is(app: Flask, weibo: Account, office: Office) -> None:
    welcomed = event("follow")
    assert send(app, weibo, welcomed).data != b""
    stop = start_stop(office.admin, scope="unit", scope_id=weibo.unit_id, reason="统一口径", now=utcnow())
    assert send(app, weibo, event("follow")).data == b""
    # A repeat of what came before says nothing either.
    assert send(app, weibo, welcomed).data == b""
    end_stop(office.admin, stop.id, now=utcnow())
    assert send(app, weibo, event("follow")).data != b""


def test_without_a_text_nothing_is_said(app: Flask, weibo: Account, office: Office) -> None:
    update_account(office.admin, weibo.id, settings={"welcome_text": None}, now=utcnow())
    assert send(app, weibo, event("follow")).data == b""


def test_a_text_that_the_platform_would_refuse_is_not_sent(app: Flask, weibo: Account) -> None:
    """Set by other means than the form, too long: the push is acknowledged all the same."""
    weibo.settings = {"welcome_text": "字" * 400}
    db.session.commit()
    assert send(app, weibo, event("follow")).data == b""


@pytest.mark.parametrize("form", ["json", "xml"])
def test_the_citizen_reads_it_on_the_simulator(
    app_on_simulator: Flask, office: Office, sim: Sim, served: str, form: str
) -> None:
    """Through the platform's eyes, which read the answer as strictly as the documentation: JSON and XML mode."""
    account = connect_weibo(office, settings={"welcome_text": WELCOME})
    sim.register({"weibo": f"{served}/callbacks/weibo/{account.callback_key}"})
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"push_format": form})
    db.session.rollback()
    told = sim.call(
        "POST", "/_sim/messages", {"platform": "weibo", "external_id": UID, "from": "citizen-1", "event": "follow"}
    )
    assert json.dumps(told["reply"], ensure_ascii=False) == json.dumps(WELCOME, ensure_ascii=False)


def test_wechat_too_sealed_in_safe_mode(app_on_simulator: Flask, office: Office, sim: Sim, served: str) -> None:
    account = connect_wechat(office, settings={"comments": True, "welcome_text": WELCOME})
    sim.register({"wechat": f"{served}/callbacks/wechat/{account.callback_key}"})
    db.session.rollback()
    told = sim.call(
        "POST", "/_sim/messages", {"platform": "wechat", "external_id": GH, "from": "citizen-1", "event": "subscribe"}
    )
    assert told["reply"] == WELCOME
