"""群发 (mass send): to every follower, once a day, guarded by clientmsgid for 24 hours, told by an event when done."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from connectors.simulator import jobs
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat import articles, drafts, mass_content, quotas
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError

BRANCHES = ("mpnews", "text", "voice", "images", "image", "mpvideo", "wxcard")
ONE_MINUTE, ONE_DAY, ADMIN_PATIENCE = 60, 86400, 1800
DERIVED = "derived:"
FIRST_MSG_ID = 3_147_483_648  # above 2^31, as real ones are


@endpoint("/cgi-bin/message/mass/sendall", right="mass", escapes=False)
def sendall(call: Call) -> Doc:
    asked = call.json
    audience = asked.get("filter")
    if not isinstance(audience, dict):
        raise WeChatError(40097)
    _audience_exists(call, audience)
    return _submit(call, asked, audience)


@endpoint("/cgi-bin/message/mass/send", right="mass to openids", escapes=False)
def send(call: Call) -> Doc:
    audience = call.json.get("touser")
    if not isinstance(audience, list) or len(audience) < 2:
        raise WeChatError(40032)
    if len(audience) > 10_000:
        raise WeChatError(40130)
    return _submit(call, call.json, audience)


def _audience_exists(call: Call, audience: Doc) -> None:
    if audience.get("is_to_all"):
        return
    tag = str(audience.get("tag_id", ""))
    if tag != "2" and call.state.get("tag", call.me.owner, tag) is None:
        raise WeChatError(40152)


def _submit(call: Call, asked: Doc, audience: Any) -> Doc:
    kind = asked.get("msgtype")
    if kind not in BRANCHES or not isinstance(asked.get(kind if kind != "image" else "images"), dict):
        raise WeChatError(40008)
    mass_content.check(call, kind, asked[kind if kind != "image" else "images"])
    key = _key(call, asked, audience)
    _not_twice(call, key)
    draft = drafts.find(call, asked["mpnews"].get("media_id")) if kind == "mpnews" else None
    if any(each["waits"] for each in call.state.all("mass", call.me.owner)):
        raise WeChatError(89504)
    quotas.spend_mass(call.state, call.me, call.now)
    job = _record(call, asked, key, draft)
    return _start(call, job, draft is not None, audience)


def _key(call: Call, asked: Doc, audience: Any) -> str:
    """The client's own id; else one derived from audience and content, so that an identical resend is found too."""
    given = asked.get("clientmsgid")
    if given:
        if len(str(given).encode()) > 32:
            raise WeChatError(45067)
        return str(given)
    content = asked.get(asked["msgtype"])
    if asked["msgtype"] == "mpnews":
        draft = call.state.get("draft", call.me.owner, str(asked["mpnews"].get("media_id", "")))
        content = [[each["title"], each["content"]] for each in draft["articles"]] if draft else content
    text = json.dumps([audience, asked["msgtype"], content], sort_keys=True, ensure_ascii=False)
    return DERIVED + sha256(text.encode()).hexdigest()


def _not_twice(call: Call, key: str) -> None:
    before = call.state.get("clientmsgid", call.me.owner, key)
    if before and call.now - before["at"] < ONE_MINUTE and not key.startswith(DERIVED):
        raise WeChatError(45066)
    if before and call.now - before["at"] < ONE_DAY:
        raise WeChatError(45065, msg_id=before["msg_id"])


def _record(call: Call, asked: Doc, key: str, draft: Doc | None) -> Doc:
    owner = call.me.owner
    msg_id = FIRST_MSG_ID + call.state.add("", "msg_id", "ever")
    job: Doc = {
        "msg_id": msg_id,
        "msg_data_id": articles.next_msg_data_id(call.state) if draft else 0,
        "status": "SENDING",
        "article_id": "",
        "draft": draft,
        "sent_at": call.now,
        "ignore_reprint": asked.get("send_ignore_reprint", 0) == 1,
        "waits": False,
    }
    call.state.put("mass", owner, str(msg_id), job)
    call.state.put("clientmsgid", owner, key, {"msg_id": msg_id})
    shown = articles.evidence(call.state, owner, draft) if draft else {}
    shown |= {"msg_data_id": str(job["msg_data_id"])} if draft else {}
    shown |= {"text": asked["text"].get("content", "")} if asked["msgtype"] == "text" else {}
    call.state.accept("wechat", call.me.external_id, "mass", str(msg_id), asked, **shown)
    return job


def _start(call: Call, job: Doc, with_articles: bool, audience: Any) -> Doc:
    told = {"msg_id": job["msg_id"]} | ({"msg_data_id": job["msg_data_id"]} if with_articles else {})
    arguments = {"external_id": call.me.external_id, "msg_id": str(job["msg_id"])}
    if call.me.get("admin_confirm") and isinstance(audience, dict) and audience.get("is_to_all"):
        call.state.change("mass", call.me.owner, str(job["msg_id"]), waits=True)
        jobs.schedule(call.state, "admin_silent", ADMIN_PATIENCE, **arguments)
        raise WeChatError(89505, msg_id=job["msg_id"])
    jobs.schedule(call.state, "mass", float(call.me.get("review_seconds", 2)), **arguments)
    return {"errcode": 0, "errmsg": "send job submission success", **told}


@endpoint("/cgi-bin/message/mass/get", right="mass")
def get(call: Call) -> Doc:
    job = call.state.get("mass", call.me.owner, str(call.json.get("msg_id", "")))
    if job is None:
        raise WeChatError(40059)
    return {"msg_id": job["msg_id"], "msg_status": job["status"]}


@endpoint("/cgi-bin/message/mass/delete", right="mass")
def delete(call: Call) -> Doc:
    """By msg_id or by address; ``article_idx`` is 1-based, 0 or none deletes all. Only what was sent with success."""
    asked, index = call.json, call.json.get("article_idx", 0)
    job = call.state.get("mass", call.me.owner, str(asked.get("msg_id", ""))) or _by_url(call, asked.get("url"))
    if job is None:
        raise WeChatError(40059)
    if job["status"] != "SEND_SUCCESS" or not job["article_id"]:
        raise WeChatError(40065, "article state forbids deletion")
    issue = None
    if isinstance(index, int):
        issue = articles.remove(call.state, call.me.owner, job["article_id"], index, "user")
    if issue is None:
        raise WeChatError(40060)
    if issue["removed_by"]:
        call.state.change("mass", call.me.owner, job["key"], status="DELETE")
    return OK


def _by_url(call: Call, url: Any) -> Doc | None:
    page = call.state.get("page", "", str(url or "").rpartition("/")[2])
    wanted = page["article_id"] if page else None
    return next((each for each in call.state.all("mass", call.me.owner) if each["article_id"] == wanted), None)


SPEEDS = {0: 80, 1: 60, 2: 45, 3: 30, 4: 10}


@endpoint("/cgi-bin/message/mass/speed/set", right="mass")
def set_speed(call: Call) -> Doc:
    speed = call.json.get("speed")
    if speed is None:
        raise WeChatError(45084)
    if isinstance(speed, bool) or not isinstance(speed, int) or speed not in SPEEDS:
        raise WeChatError(45083)
    call.state.put("speed", call.me.owner, "mass", {"speed": speed})
    return OK


@endpoint("/cgi-bin/message/mass/speed/get", "ANY", right="mass")
def get_speed(call: Call) -> Doc:
    held = call.state.get("speed", call.me.owner, "mass") or {"speed": 0}
    return {"speed": held["speed"], "realspeed": SPEEDS[held["speed"]]}
