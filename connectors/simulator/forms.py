"""What people may do on the pages: comment, write, like, confirm a mass send.

A form sent from another site is refused by its Origin.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.simulator import accounts, inbound
from connectors.simulator.accounts import Account
from connectors.simulator.pictures import look
from connectors.simulator.state import Doc, State
from connectors.simulator.templating import page
from connectors.simulator.things import Impossible
from connectors.simulator.wechat import figures, mass_outcome, previews


def account_of(state: State, request: Request) -> Account:
    account = accounts.load(state, request.form.get("platform", ""), request.form.get("external_id", ""))
    if account is None:
        raise Impossible("没有这个账号。")
    return account


def _needed(request: Request, name: str, label: str) -> str:
    value = request.form.get(name, "").strip()
    if not value:
        raise Impossible(f"请填写{label}。")
    return value


def _back(request: Request, default: str = "/") -> Response:
    target = request.form.get("back", default)
    return redirect(target if target.startswith("/") and not target.startswith("//") else default, 303, Response)


def write_comment(state: State, request: Request) -> Response:
    asked: Doc = {"post": request.form.get("post", ""), "text": _needed(request, "text", "评论")}
    asked |= {"author": request.form.get("author", ""), "index": request.form.get("index", "0")}
    asked["authorised"] = request.form.get("authorised", "1") == "1"
    if not asked["index"].isdigit():
        raise Impossible("文章序号要是数字。")
    inbound.comment(state, account_of(state, request), asked)
    return _back(request)


def write_message(state: State, request: Request) -> Response:
    account, event = account_of(state, request), request.form.get("event", "")
    asked: Doc = {"from": _needed(request, "from", "您的名字")} | _attached(request)
    if event:
        asked["event"] = event
    elif len(asked) == 1:
        asked["text"] = _needed(request, "text", "私信内容，或选一个文件")
    told = inbound.message(state, account, asked)
    return redirect(f"/talks/{account.platform}/{account.external_id}/{quote(told['from'])}", 303, Response)


def _attached(request: Request) -> Doc:
    """A picture, voice or film chosen on the page, as the control call takes it."""
    given = request.files.get("file")
    data = given.read() if given else b""
    if given is None or not data:
        return {}
    if look(data):
        kind = "image"
    else:
        kind = {"audio": "voice", "video": "video"}.get((given.mimetype or "").partition("/")[0], "")
        kind = kind or ("voice" if (given.filename or "").lower().endswith((".amr", ".speex", ".mp3")) else "")
    if not kind:
        raise Impossible("这个文件发不出去。只能发图片、语音或视频。请换一个文件。")
    return {kind: base64.b64encode(data).decode()}


def like(state: State, request: Request) -> Response:
    """A reader likes a post; an article may also be shared, recommended (在看) or kept."""
    account, post = account_of(state, request), request.form.get("post", "")
    act, index = request.form.get("act", "like"), request.form.get("index", "0")
    if act not in figures.ACTS or not index.isdigit():
        raise Impossible("没有这个动作。")
    with state.transaction():
        held = state.get("status", account.owner, post) if account.platform == "weibo" else None
        if held:
            state.change("status", account.owner, post, likes=held.get("likes", 0) + 1)
        issue = state.get("issue", account.owner, post)
        if issue and int(index) < len(issue["items"]):
            figures.add(state, account, issue, int(index), act)
    return _back(request)


def confirm(state: State, request: Request) -> Response:
    approve = request.form.get("decision") == "approve"
    if not mass_outcome.confirm(state, account_of(state, request), request.form.get("msg_id", ""), approve):
        raise Impossible("没有等待确认的群发。")
    return _back(request)


def register_phone(state: State, request: Request) -> Response:
    """A WeChat id that follows the account from now on, or does so no more."""
    wechat_id = _needed(request, "wechat_id", "微信号")
    previews.put_phone(state, account_of(state, request), wechat_id, request.form.get("following", "1") == "1")
    return _back(request)


def own_origin(form: Callable[[State, Request], Response]) -> Callable[..., Response]:
    def guarded(state: State, request: Request) -> Response:
        origin = request.headers.get("Origin")
        if origin and origin != "null" and origin.rstrip("/") != request.host_url.rstrip("/"):
            return page("problem.html", 403, message="请从本页面提交。")
        return form(state, request)

    return guarded


ROUTES: dict[tuple[str, str], Callable[..., Response]] = {
    ("POST", r"/comments"): own_origin(write_comment),
    ("POST", r"/messages"): own_origin(write_message),
    ("POST", r"/likes"): own_origin(like),
    ("POST", r"/phones"): own_origin(register_phone),
    ("POST", r"/confirmations"): own_origin(confirm),
}
