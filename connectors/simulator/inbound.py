"""What citizens do: comment, write, follow, press a menu, mention. Each goes to its place and out by the callback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.simulator import callbacks, citizens, things
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State
from connectors.simulator.things import Impossible, Thing
from connectors.simulator.wechat import comments as wechat_comments
from connectors.simulator.wechat import pushes as wechat_pushes
from connectors.simulator.weibo import comments as weibo_comments
from connectors.simulator.weibo import pushes as weibo_pushes

FIRST_MSG_ID = 24_000_000_000_000_000_00  # nineteen digits, above 2^53
LEAVING = ("unsubscribe", "unfollow")
GRANTING = {"subscribe": "subscribe", "scan": "scan", "click": "menu", "scancode_push": "menu"}
GRANTING |= {"scancode_waitmsg": "menu"}


def comment(state: State, account: Account, asked: Mapping[str, Any]) -> str:
    """A comment under a post; returns its id (WeChat: user_comment_id)."""
    with state.transaction():
        citizen = citizens.meet(state, account, str(asked.get("author") or "热心市民"))
        written = _status_comment if account.platform == "weibo" else _article_comment
        return written(state, account, citizen, asked)


def _status_comment(state: State, account: Account, citizen: Doc, asked: Mapping[str, Any]) -> str:
    post = str(asked["post"])
    held = state.get("status", account.owner, post)
    if held is None or held["removed_by"]:
        raise Impossible(f"no such status: {post}")
    authorised = bool(asked.get("authorised", True))
    return str(weibo_comments.write(state, account, post, citizen, str(asked["text"]), authorised=authorised)["key"])


def _article_comment(state: State, account: Account, citizen: Doc, asked: Mapping[str, Any]) -> str:
    """Where comments are open, and to followers only where the article says so. A ``guest`` has no openid."""
    post, index = str(asked["post"]), int(asked.get("index", 0))
    found = wechat_comments.place(state, account, post, index)
    if found is None or found[0]["items"][index]["is_deleted"]:
        raise Impossible(f"no such article: {post}, index {index}")
    item = found[0]["items"][index]
    if not item["comments_open"]:
        raise Impossible("comments are not open on this article (need_open_comment was 0)")
    if item["only_fans_can_comment"] and not citizen["subscribed"]:
        raise Impossible("only followers may comment on this article")
    openid = "" if asked.get("guest") else citizen["key"]
    return wechat_comments.write(state, found[1], openid, citizen["name"], str(asked["text"]))


def take_comment_back(state: State, account: Account, asked: Mapping[str, Any]) -> None:
    """The citizen deletes a comment of one's own. Raises Impossible when there is none such."""
    number, index = str(asked["comment"]), int(asked.get("index", 0))
    with state.transaction():
        if account.platform == "weibo":
            if not weibo_comments.take_back(state, account, number):
                raise Impossible(f"no such comment: {number}")
            return
        found = wechat_comments.place(state, account, str(asked.get("post", "")), index)
        if found is None or state.get("wechat_comment", found[1], number) is None:
            raise Impossible(f"no such comment: {number}")
        state.change("wechat_comment", found[1], number, taken_back=True)


def message(state: State, account: Account, asked: Mapping[str, Any]) -> Doc:
    """A private message or event: stored, then pushed; the answer tells how the push went.

    ``push: false`` is one of the past, as of ``created_at``: it stands in the talk and opens its window, nothing is pushed.
    """
    thing = things.read(asked)
    with state.transaction():
        citizen = citizens.meet(state, account, str(asked["from"]))
        if citizen.get("blacklisted"):
            raise Impossible("this citizen is on the account's blacklist: nothing reaches it")
        msg_id = str(FIRST_MSG_ID + state.add("", "inbound", "ever"))
        fields = _fields(state, account, citizen, thing, msg_id)
        words = str(fields["text"]) if thing.kind == "event" and "text" in fields else thing.shown
        past = asked.get("push") is False
        at = min(float(asked.get("created_at", state.now())), state.now()) if past else state.now()
        _remember(state, account, citizen["key"], thing, words, at)
    if past:
        delivery = callbacks.Delivery(error="not pushed: of the past")
    else:
        delivery = callbacks.deliver(state, account, fields, citizen["key"])
    told = {"msg_id": "" if thing.kind == "event" else msg_id, "from": citizen["key"], **delivery.public()}
    media_id = fields.get("MediaId") or (fields.get("data") or {}).get("tovfid") or fields.get("Tovfid")
    return told | ({"media_id": str(media_id)} if media_id else {})


def _fields(state: State, account: Account, citizen: Doc, thing: Thing, msg_id: str) -> Doc:
    if account.platform == "wechat":
        return wechat_pushes.fields(state, account, citizen, thing, msg_id)
    return weibo_pushes.fields(state, account, citizen, thing)


def _remember(state: State, account: Account, identity: str, thing: Thing, words: str, at: float) -> None:
    """Write it into the talk, and open or close what the account may answer."""
    act = str(thing.details.get("event") or "").lower() if thing.kind == "event" else ""
    more: Doc = {"sha256": state.keep_blob(thing.data, thing.content_type)} if thing.data else {}
    more |= {"event": act, "mention": act == "mention", "kind": thing.kind}
    citizens.say(state, account, identity, "in", words, at, **more)
    if act in LEAVING:
        citizens.follow(state, account, identity, False)
        citizens.close_window(state, account, identity)
        return
    citizens.follow(state, account, identity, True)
    if account.platform == "weibo" and not act:
        state.add(account.owner, "unread_dm", "ever")
    opened = GRANTING.get(act) if act else "message"
    if opened:
        citizens.grant(state, account, identity, opened, at)
