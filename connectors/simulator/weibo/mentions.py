"""Who names the account: in a post of one's own, or in a comment under somebody else's post."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.simulator.accounts import Account
from connectors.simulator.call import Call
from connectors.simulator.state import Doc, State
from connectors.simulator.weibo import comments, shapes
from connectors.simulator.weibo.api import is_business, twin
from connectors.simulator.weibo.reading import paged

ELSEWHERE = "青岚人的一天"  # what stands in a stranger's post when nothing is said


def keep(state: State, account: Account, citizen: Doc, words: str, asked: Mapping[str, Any]) -> Doc:
    """Write a mention down and count it; the push's ``data``. ``key`` is the post's or the comment's id."""
    subtype = "comment" if asked.get("subtype") == "comment" else "status"
    authorised = bool(asked.get("authorised", True))
    key = str(asked.get("key") or "")
    if subtype == "status":
        key = key or shapes.next_id(state)
        state.put("mention", account.owner, key, {"author": citizen, "text": words, "authorised": authorised})
        state.add(account.owner, "unread_mention_status", "ever")
    else:
        post = _strangers_post(state, citizen, str(asked.get("post") or ""))
        more: dict[str, Any] = {"authorised": authorised, "foreign": True, "number": key}
        key = str(comments.write(state, account, post, citizen, words, **more)["key"])
    return {"subtype": subtype, "key": key}


def _strangers_post(state: State, citizen: Doc, given: str) -> str:
    number = given or shapes.next_id(state)
    if state.get("foreign", "", number) is None:
        state.put("foreign", "", number, {"author": citizen, "text": ELSEWHERE})
    return number


@twin("/2/statuses/mentions.json", "GET")
def mentions(call: Call) -> Doc:
    """Posts that name the account; an ordinary app sees those of people who authorised it."""
    held = [each for each in call.state.all("mention", call.me.owner) if is_business(call) or each["authorised"]]
    shown = [shapes.strangers_status(each) for each in paged(call, held, 20, 200)]
    return shapes.page("statuses", shown, len(held))


@twin("/2/comments/mentions.json", "GET")
def comment_mentions(call: Call) -> Doc:
    """Comments that name the account, under its own posts or others'."""
    name = f"@{call.me.name}"
    held = [each for each in comments.everything(call) if not each["by_account"]]
    named = [each for each in held if each.get("foreign") or name in each["text"]]
    return comments.told(call, [each for each in named if comments.seen(call, each)])
