"""Comments: written by citizens here, read by level, answered with both ids."""

from __future__ import annotations

from connectors.simulator import clock
from connectors.simulator.accounts import Account
from connectors.simulator.call import Call
from connectors.simulator.state import Doc, State
from connectors.simulator.weibo import shapes, text
from connectors.simulator.weibo.api import endpoint, is_business, required, twin
from connectors.simulator.weibo.errors import WeiboError
from connectors.simulator.weibo.reading import paged
from connectors.simulator.weibo.statuses import public_operator

COMMENTS_PER_HOUR = 60


def write(
    state: State,
    account: Account,
    status_id: str,
    author: Doc | None,
    words: str,
    at: float | None = None,
    **more: object,
) -> Doc:
    """Put a comment under a status; without an author it is the account's own; ``at`` a moment of the past."""
    comment_id = str(more.pop("number", "") or (shapes.next_id(state) if at is None else shapes.past_id(at)))
    body: Doc = {"status": status_id, "author": author, "text": words, "by_account": author is None}
    body |= {"reply_to": "", "authorised": True, **more}
    state.put("comment", f"status:{status_id}", comment_id, body, at)
    state.put("comment_place", account.owner, comment_id, {"status": status_id}, at)
    if author is not None:
        state.add(account.owner, "unread_mention_cmt" if more.get("foreign") else "unread_cmt", "ever")
    return state.get("comment", f"status:{status_id}", comment_id) or body


def place(state: State, account: Account, comment_id: str) -> Doc | None:
    pointer = state.get("comment_place", account.owner, comment_id)
    return state.get("comment", f"status:{pointer['status']}", comment_id) if pointer else None


def take_back(state: State, account: Account, comment_id: str) -> bool:
    """A comment goes: for the author, and for every list. False when there is none such."""
    pointer = state.get("comment_place", account.owner, comment_id)
    if pointer is None:
        return False
    state.delete("comment", f"status:{pointer['status']}", comment_id)
    return state.delete("comment_place", account.owner, comment_id)


def everything(call: Call) -> list[Doc]:
    places = call.state.all("comment_place", call.me.owner)
    found = (call.state.get("comment", f"status:{each['status']}", each["key"]) for each in places)
    return [each for each in found if each]


def told(call: Call, held: list[Doc]) -> Doc:
    page = paged(call, held, 50, 200)
    return shapes.page("comments", [shapes.comment(call.state, call.me, each) for each in page], len(held))


def seen(call: Call, held: Doc) -> bool:
    """Only people who authorised the app exist for an ordinary app."""
    return bool(held["by_account"] or held["authorised"] or is_business(call))


@twin("/2/comments/to_me.json", "GET")
def to_me(call: Call) -> Doc:
    held = [each for each in everything(call) if not each["by_account"] and not each.get("foreign")]
    return told(call, [each for each in held if seen(call, each)])


@twin("/2/comments/by_me.json", "GET")
def by_me(call: Call) -> Doc:
    return told(call, [each for each in everything(call) if each["by_account"]])


@endpoint("/2/comments/timeline.json", "GET")
def timeline(call: Call) -> Doc:
    return told(call, [each for each in everything(call) if seen(call, each)])


@endpoint("/2/comments/show.json", "GET")
def show(call: Call) -> Doc:
    status_id = required(call, "id")
    held = call.state.get("status", call.me.owner, status_id)
    if held is None or held["removed_by"]:
        raise WeiboError(20101)
    found = call.state.all("comment", f"status:{status_id}")
    return told(call, [each for each in found if seen(call, each)])


@twin("/2/comments/show_batch.json", "GET")
def show_batch(call: Call) -> list[Doc]:
    ids = required(call, "cids").split(",")
    if len(ids) > 50:
        raise WeiboError(20009)
    found = [place(call.state, call.me, each) for each in ids]
    return [shapes.comment(call.state, call.me, each) for each in found if each and seen(call, each)]


@endpoint("/2/comments/create.json", "POST")
def create(call: Call) -> Doc:
    words, status_id = required(call, "comment"), required(call, "id")
    public_operator(call)
    return _write_own(call, status_id, words, "")


@twin("/2/comments/reply.json", "POST")
def reply(call: Call) -> Doc:
    """Needs cid and id; the name of whom it answers is put before it, and counts, unless without_mention is 1."""
    comment_id, status_id = required(call, "cid"), required(call, "id")
    words = required(call, "comment")
    if call.params.get("rip"):
        public_operator(call)
    asked = place(call.state, call.me, comment_id)
    if asked is None or asked["status"] != status_id or not seen(call, asked):
        raise WeiboError(20201)
    if call.params.get("without_mention", "0") != "1" and asked["author"]:
        words = f"回复@{asked['author']['name']}:{words}"
    return _write_own(call, status_id, words, comment_id)


def _write_own(call: Call, status_id: str, words: str, reply_to: str) -> Doc:
    if not _may_comment(call, status_id):
        raise WeiboError(20101)
    if text.half_units(words) > text.LIMIT:
        raise WeiboError(20012)
    mine = [each for each in call.state.all("comment", f"status:{status_id}") if each["by_account"]]
    if mine and mine[0]["text"] == words and mine[0]["reply_to"] == reply_to:
        raise WeiboError(20019)
    if not is_business(call) and _written(call) >= call.me.quota("comments_per_hour", COMMENTS_PER_HOUR):
        raise WeiboError(20016)
    kept = write(call.state, call.me, status_id, None, words, reply_to=reply_to)
    sent = {name: value for name, value in call.params.items() if name != "access_token"}
    kind = "comment_reply" if reply_to else "comment"
    shown = {"text": words, "status": status_id, "reply_to": reply_to}
    call.state.accept("weibo", call.me.external_id, kind, kept["key"], sent, **shown)
    return shapes.comment(call.state, call.me, kept)


def _written(call: Call) -> int:
    """Comments of one's own within the hour, deleted ones included."""
    return call.state.add(call.me.owner, "comments_written", clock.hour(call.now)) - 1


def _may_comment(call: Call, status_id: str) -> bool:
    """One's own posts, those that name the account, and those under which it was named."""
    held = call.state.get("status", call.me.owner, status_id)
    if held is not None:
        return not held["removed_by"]
    return bool(call.state.get("mention", call.me.owner, status_id) or call.state.get("foreign", "", status_id))


@endpoint("/2/comments/destroy.json", "POST")
def destroy(call: Call) -> Doc:
    """One's own only."""
    return _destroy(call, required(call, "cid"))


def _destroy(call: Call, comment_id: str) -> Doc:
    held = place(call.state, call.me, comment_id)
    if held is None:
        raise WeiboError(20201)
    if not held["by_account"]:
        raise WeiboError(20203)
    shown = shapes.comment(call.state, call.me, held)
    take_back(call.state, call.me, comment_id)
    return shown


@endpoint("/2/comments/destroy_batch.json", "POST")
def destroy_batch(call: Call) -> list[Doc]:
    ids = required(call, "cids").split(",")
    if len(ids) > 20:
        raise WeiboError(20009)
    return [_destroy(call, each) for each in ids]
