"""WeChat's front door: which paths exist, what each asks for, and the order in which a call is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from connectors.simulator import jobs
from connectors.simulator.call import Call, NotJson, json_answer
from connectors.simulator.state import Doc
from connectors.simulator.wechat import quotas, tokens
from connectors.simulator.wechat.errors import WeChatError, new_rid

Handler = Callable[[Call], Any]
LONGEST_REMEMBERED = 2000
# What an account keeps when its verification has run out; all else, drafts too, is 48001.
ALWAYS = ("/cgi-bin/openapi/", "/cgi-bin/clear_quota", "/cgi-bin/callback/check", "/cgi-bin/get")
OK = {"errcode": 0, "errmsg": "ok"}
OFFLINE = frozenset(
    f"/datacube/{name}"
    for name in (
        "getarticlesummary",
        "getarticletotal",
        "getuserread",
        "getuserreadhour",
        "getusershare",
        "getusersharehour",
    )
)
# Given up in favour of drafts.
RETIRED = frozenset(f"/cgi-bin/{name}" for name in ("material/add_news", "material/update_news", "media/uploadnews"))


@dataclass(frozen=True)
class Endpoint:
    path: str
    handler: Handler
    method: str  # POST, GET or ANY
    right: str  # "" when every account may
    needs_token: bool
    escapes: bool  # False: a body with \uXXXX is refused outright with 40033


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
    path: str, method: str = "POST", *, right: str = "", needs_token: bool = True, escapes: bool = True
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        ENDPOINTS[path] = Endpoint(path, handler, method, right, needs_token, escapes)
        return handler

    return register


def handle(call: Call) -> Response:
    """Answer one call. Refusals are answers too, HTTP 200, and what was counted for them stays counted."""
    jobs.run_due(call.state)
    if call.path in OFFLINE:
        return refuse(call, WeChatError(47009))
    if call.path in RETIRED:
        return refuse(call, WeChatError(45106))
    known = ENDPOINTS.get(call.path)
    if known is None:
        return Response(b"", status=404, content_type="text/html")
    try:
        _admit(call, known)
        answer = known.handler(call)
    except WeChatError as error:
        return refuse(call, error)
    except NotJson:
        return refuse(call, WeChatError(47001))
    return answer if isinstance(answer, Response) else json_answer(answer, content_type="text/plain")


def _admit(call: Call, known: Endpoint) -> None:
    if known.method != "ANY" and call.request.method != known.method:
        raise WeChatError(43001 if known.method == "GET" else 43002)
    if not known.needs_token:
        return
    tokens.check(call)
    quotas.spend(call.state, call.me, known.path, call.now)
    if call.me.get("verification_expired") and not known.path.startswith(ALWAYS):
        raise WeChatError(48001)
    _require_right(call, known.right)
    is_json = known.method == "POST" and not call.request.files
    if is_json and not call.body and not call.request.form:
        raise WeChatError(44002)
    if not known.escapes and call.has_escapes:
        raise WeChatError(40033)


def _require_right(call: Call, right: str) -> None:
    """A verified account without the comment function gets 88000; every other missing right is 48001."""
    if not right or right in call.me.rights:
        return
    if right == "mass to openids" and "mass" in call.me.rights and call.me.get("kind") == "service":
        return
    if right == "verified" and call.me.get("verified"):
        return
    raise WeChatError(88000 if right == "comment" and call.me.get("verified") else 48001)


def integer(call: Call, name: str, default: int) -> int:
    """A number of the JSON body, not below zero. Raises 40097 for anything else."""
    value = call.json.get(name, default)
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise WeChatError(40097)
    return value


def refuse(call: Call, error: WeChatError) -> Response:
    """Write the refusal, and remember it under its rid for seven days, as openapi/rid/get tells it."""
    rid = new_rid()
    body = error.body(rid)
    call.problem = f"{error.code}"
    known = ENDPOINTS.get(call.path)
    # A body that may hold a secret, or an upload, is not remembered.
    readable = known is not None and known.needs_token and call.request.mimetype != "multipart/form-data"
    remembered = {
        "external_id": call.account.external_id if call.account else "",
        "invoke_time": int(call.now),
        "cost_in_ms": 1,
        "request_url": f"access_token={call.token[:8]}****",
        "request_body": call.body.decode("utf-8", "replace")[:LONGEST_REMEMBERED] if readable else "",
        "response_body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "client_ip": call.remote_ip,
    }
    call.state.put("rid", "", rid, remembered)
    return json_answer(body, content_type="text/plain")


def fault_answer(call: Call, fault: Doc) -> Response | None:
    """What a switched-on fault answers in the platform's own words, before anything is accepted."""
    kind = fault["kind"]
    if kind == "expire_token":
        tokens.forget(call)
        return refuse(call, WeChatError(42001))
    if kind == "exhaust_quota":
        return refuse(call, WeChatError(45028 if "/mass/send" in call.path else 45009))
    if kind == "refuse":
        return refuse(call, WeChatError(int(fault.get("code") or -1)))
    return None
