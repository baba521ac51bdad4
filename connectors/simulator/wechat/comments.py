"""留言: comments under mass-sent articles, addressed by msg_data_id and a 0-based index."""

from __future__ import annotations

from typing import Any

from connectors.simulator.accounts import Account
from connectors.simulator.call import Call
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError

LONGEST_REPLY = 600  # undocumented; what the web page allows
MOST_ELECTED = 100


def place(state: State, account: Account, post: str, index: int) -> tuple[Doc, str] | None:
    """The issue and the owner key of its comments, by msg_data_id or article_id; None when there is no such article."""
    pointer = state.get("by_msg_data", account.owner, post)
    issue = state.get("issue", account.owner, pointer["article_id"] if pointer else post)
    if issue is None or not 0 <= index < len(issue["items"]):
        return None
    return issue, f"{account.owner}:{issue['key']}:{index}"


def write(state: State, owner: str, openid: str, name: str, text: str, at: float | None = None) -> str:
    """A citizen's comment. Returns its number, which counts from 1 within the article."""
    number = str(state.add(owner, "comment", "ever"))
    body = {"openid": openid, "name": name, "content": text, "elected": 0, "reply": None}
    state.put("wechat_comment", owner, number, body, at)
    return number


def _article(call: Call) -> tuple[Doc, str, int]:
    """The issue, the owner key of the comments, and the index. Only mass-sent articles can be addressed: else 88001."""
    asked = call.json
    empty: Doc = {"total": 0, "comment": []} if call.path.endswith("/list") else {}
    index = asked.get("index", 0)
    pointer = call.state.get("by_msg_data", call.me.owner, str(asked.get("msg_data_id", "")))
    if pointer is None or pointer["how"] != "mass" or not isinstance(index, int):
        raise WeChatError(88001, **empty)
    found = place(call.state, call.me, str(asked["msg_data_id"]), index)
    if found is None or found[0]["items"][index]["is_deleted"]:
        raise WeChatError(88001, **empty)
    return *found, index


def _comment(call: Call) -> tuple[Doc, str]:
    _, owner, _ = _article(call)
    comment = call.state.get("wechat_comment", owner, str(call.json.get("user_comment_id", "")))
    if comment is None:
        raise WeChatError(88008)
    if comment.get("taken_back"):
        raise WeChatError(88004)
    return comment, owner


def _set_open(call: Call, opened: bool) -> Doc:
    issue, _, index = _article(call)
    issue["items"][index]["comments_open"] = opened
    call.state.change("issue", call.me.owner, issue["key"], items=issue["items"])
    return OK


@endpoint("/cgi-bin/comment/open", right="comment")
def open_comments(call: Call) -> Doc:
    return _set_open(call, True)


@endpoint("/cgi-bin/comment/close", right="comment")
def close_comments(call: Call) -> Doc:
    return _set_open(call, False)


@endpoint("/cgi-bin/comment/list", right="comment")
def list_comments(call: Call) -> Doc:
    """``count`` must be under 50; ``type`` 0 all, 1 normal, 2 elected. The newest first, no cursor."""
    begin, count, kind = (call.json.get(name, default) for name, default in (("begin", 0), ("count", 0), ("type", 0)))
    if not isinstance(count, int) or not 0 < count < 50 or not isinstance(begin, int) or begin < 0:
        raise WeChatError(88010)
    _, owner, _ = _article(call)
    held = [each for each in call.state.all("wechat_comment", owner) if not each.get("taken_back")]
    wanted = [each for each in held if kind == 0 or each["elected"] == (kind == 2)]
    return {**OK, "total": len(wanted), "comment": [_told(each) for each in wanted[begin : begin + count]]}


def _told(comment: Doc) -> Doc:
    told: Doc = {"user_comment_id": int(comment["key"])}
    if comment["openid"]:
        told["openid"] = comment["openid"]
    told |= {"create_time": int(comment["at"]), "content": comment["content"], "comment_type": comment["elected"]}
    if comment["reply"]:
        told["reply"] = comment["reply"]
    return told


def _change(call: Call, **changes: Any) -> Doc:
    comment, owner = _comment(call)
    call.state.change("wechat_comment", owner, comment["key"], **changes)
    return OK


@endpoint("/cgi-bin/comment/markelect", right="comment")
def markelect(call: Call) -> Doc:
    _, owner = _comment(call)
    if sum(each["elected"] for each in call.state.all("wechat_comment", owner)) >= MOST_ELECTED:
        raise WeChatError(88003)
    return _change(call, elected=1)


@endpoint("/cgi-bin/comment/unmarkelect", right="comment")
def unmarkelect(call: Call) -> Doc:
    return _change(call, elected=0)


@endpoint("/cgi-bin/comment/delete", right="comment")
def delete(call: Call) -> Doc:
    comment, owner = _comment(call)
    call.state.delete("wechat_comment", owner, comment["key"])
    return OK


@endpoint("/cgi-bin/comment/reply/add", right="comment")
def reply(call: Call) -> Doc:
    """One reply a comment, ever: the second gets 88005."""
    comment, _ = _comment(call)
    text = call.json.get("content")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_REPLY:
        raise WeChatError(88007)
    if comment["reply"]:
        raise WeChatError(88005)
    external = f"{call.json['msg_data_id']}:{call.json.get('index', 0)}:{comment['key']}"
    call.state.accept("wechat", call.me.external_id, "comment_reply", external, call.json, text=text)
    return _change(call, reply={"content": text, "create_time": int(call.now)})


@endpoint("/cgi-bin/comment/reply/delete", right="comment")
def delete_reply(call: Call) -> Doc:
    comment, _ = _comment(call)
    if not comment["reply"]:
        raise WeChatError(88009)
    return _change(call, reply=None)
