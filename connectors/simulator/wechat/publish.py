"""发布 (freepublish): submitted at once, decided later, told by an event; never shown to followers as news."""

from __future__ import annotations

from typing import Any

from connectors.simulator import accounts, callbacks, jobs
from connectors.simulator.call import Call
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat import articles, drafts
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError

PUBLISHED, PUBLISHING = 0, 1
REMOVED_BY_USER, BANNED = 5, 6


@endpoint("/cgi-bin/freepublish/submit", right="freepublish")
def submit(call: Call) -> Doc:
    """Accepts only; the answer carries no msg_data_id, as only mass sends get one to work with."""
    draft = drafts.find(call, call.json.get("media_id"))
    publish_id = str(articles.next_msg_data_id(call.state))
    owner = call.me.owner
    call.state.put("publishing", owner, publish_id, {"status": PUBLISHING, "media_id": draft["key"], "article_id": ""})
    call.state.accept(
        "wechat",
        call.me.external_id,
        "publish",
        publish_id,
        call.json,
        **articles.evidence(call.state, owner, draft),
    )
    arguments = {"external_id": call.me.external_id, "publish_id": publish_id, "draft": draft}
    jobs.schedule(call.state, "publish", float(call.me.get("review_seconds", 2)), **arguments)
    return {**OK, "publish_id": publish_id}


@jobs.job("publish")
def decide(state: State, args: dict[str, Any]) -> None:
    account = accounts.load(state, "wechat", args["external_id"])
    if account is None:
        return
    publish_id, status = args["publish_id"], int(account.get("review_result", 0))
    article_id = ""
    if status == PUBLISHED:
        article_id = articles.bring_out(state, account, args["draft"], "publish", int(publish_id))["key"]
    job = state.change("publishing", account.owner, publish_id, status=status, article_id=article_id)
    event = {
        "ToUserName": account.external_id,
        "FromUserName": "mphelper",
        "CreateTime": int(state.now()),
        "MsgType": "event",
        "Event": "PUBLISHJOBFINISH",
        "PublishEventInfo": _event_info(state, account.owner, publish_id, job),
    }
    callbacks.deliver_later(state, account, event)


def _event_info(state: State, owner: str, publish_id: str, job: Doc) -> Doc:
    info: Doc = {"publish_id": int(publish_id), "publish_status": job["status"]}
    if job["status"] == PUBLISHED:
        issue = state.get("issue", owner, job["article_id"])
        items = articles.urls(issue, "idx", "article_url") if issue else []
        return info | {"article_id": job["article_id"], "article_detail": {"count": len(items), "item": items}}
    return info | {"fail_idx": [1]}


@endpoint("/cgi-bin/freepublish/get", right="freepublish")
def get(call: Call) -> Doc:
    publish_id = str(call.json.get("publish_id", ""))
    job = call.state.get("publishing", call.me.owner, publish_id)
    if job is None:
        raise WeChatError(40002, "invalid argument")
    issue = call.state.get("issue", call.me.owner, job["article_id"]) if job["article_id"] else None
    if issue is None:
        # The platform's own sample carries a fail_idx while still publishing: it proves nothing.
        return {"publish_id": publish_id, "publish_status": job["status"], "fail_idx": [1]}
    status = {"": PUBLISHED, "user": REMOVED_BY_USER, "platform": BANNED}[issue["removed_by"]]
    items = articles.urls(issue, "idx", "article_url")
    return {
        "publish_id": publish_id,
        "publish_status": status,
        "article_id": job["article_id"],
        "article_detail": {"count": len(items), "item": items},
        "fail_idx": [],
    }


@endpoint("/cgi-bin/freepublish/delete", right="freepublish")
def delete(call: Call) -> Doc:
    """``index`` is 1-based; 0 or none deletes all of it, which cannot be undone."""
    article_id, index = str(call.json.get("article_id", "")), call.json.get("index", 0)
    issue = call.state.get("issue", call.me.owner, article_id)
    if issue is None or issue["how"] != "publish":
        raise WeChatError(53600)
    if not isinstance(index, int) or articles.remove(call.state, call.me.owner, article_id, index, "user") is None:
        raise WeChatError(40114)
    return OK


@endpoint("/cgi-bin/freepublish/getarticle", right="freepublish")
def getarticle(call: Call) -> Doc:
    issue = call.state.get("issue", call.me.owner, str(call.json.get("article_id", "")))
    if issue is None:
        raise WeChatError(53600)
    return {"news_item": articles.told(issue)}


@endpoint("/cgi-bin/freepublish/batchget", right="freepublish")
def batchget(call: Call) -> Doc:
    """What was published without notice; mass sends are not listed anywhere."""
    offset, count, with_content = drafts.page_of(call)
    held = [each for each in call.state.all("issue", call.me.owner) if each["how"] == "publish"]
    items = [
        {
            "article_id": each["key"],
            "content": {"news_item": articles.told(each, with_content)},
            "update_time": int(each["at"]),
        }
        for each in held[offset : offset + count]
    ]
    return {"total_count": len(held), "item_count": len(items), "item": items}
