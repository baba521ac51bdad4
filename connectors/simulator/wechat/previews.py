"""预览: a message to one person before it goes to all, by WeChat id or openid, to followers only.

Phones are known by their WeChat id; which account they follow is set by the control call or on the page. What a phone
shows is the draft itself: it is gone when the draft is.
"""

from __future__ import annotations

import secrets
from typing import Any

from connectors.simulator import citizens
from connectors.simulator.accounts import Account
from connectors.simulator.call import Call
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat import drafts
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError
from connectors.simulator.wechat.mass import BRANCHES, FIRST_MSG_ID


def put_phone(state: State, account: Account, wechat_id: str, following: bool) -> Doc:
    state.put("phone", account.owner, wechat_id, {"wechat_id": wechat_id, "following": following})
    return {"wechat_id": wechat_id, "following": following}


def phones(state: State, account: Account) -> list[Doc]:
    return state.all("phone", account.owner, oldest_first=True)


def arrived(state: State, account: Account) -> list[Doc]:
    """Every preview of the account, the oldest first."""
    return state.all("preview", account.owner, oldest_first=True)


def shown(state: State, account: Account, number: str) -> tuple[Doc, Doc | None] | None:
    """A preview and its article; None for the article when its draft is gone."""
    sent = state.get("preview", account.owner, number)
    if sent is None:
        return None
    draft = state.get("draft", account.owner, sent["media_id"])
    return sent, draft["articles"][0] if draft and not draft["gone"] else None


@endpoint("/cgi-bin/message/mass/preview", right="mass", escapes=False)
def preview(call: Call) -> Doc:
    """`towxname` goes before `touser`. A WeChat id that nobody has is 40132, one that does not follow 43004."""
    asked, kind = call.json, call.json.get("msgtype")
    to = _wechat_id(call, asked["towxname"]) if "towxname" in asked else _openid(call, asked.get("touser"))
    if kind not in BRANCHES or not isinstance(asked.get(kind), dict):
        raise WeChatError(40008)
    sent = {**to, "msgtype": kind, "title": "", "media_id": "", "page": ""}
    number = str(FIRST_MSG_ID + call.state.add("", "msg_id", "ever"))
    if kind == "mpnews":
        draft = drafts.find(call, asked["mpnews"].get("media_id"))
        sent |= {"title": draft["articles"][0]["title"], "media_id": draft["key"], "page": secrets.token_urlsafe(12)}
        call.state.put("preview_page", "", sent["page"], {"owner": call.me.owner, "preview": number})
    elif kind == "text":
        sent["title"] = str(asked["text"].get("content") or "")
    call.state.put("preview", call.me.owner, number, sent)
    return {**OK, "errmsg": "preview success", "msg_id": int(number)}


def _wechat_id(call: Call, given: Any) -> Doc:
    phone = call.state.get("phone", call.me.owner, given) if isinstance(given, str) and given else None
    if phone is None:
        raise WeChatError(40132)
    if not phone["following"]:
        raise WeChatError(43004)
    return {"wechat_id": phone["wechat_id"], "openid": ""}


def _openid(call: Call, given: Any) -> Doc:
    citizen = citizens.find(call.state, call.me, given) if isinstance(given, str) and given else None
    if citizen is None:
        raise WeChatError(40003)
    if not citizen["subscribed"]:
        raise WeChatError(43004)
    citizens.say(call.state, call.me, citizen["key"], "out", "[预览]")
    return {"wechat_id": "", "openid": citizen["key"]}
