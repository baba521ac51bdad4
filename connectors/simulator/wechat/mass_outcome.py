"""What becomes of a mass send: the administrator's word, the review, and the event that tells of it."""

from __future__ import annotations

import secrets
from typing import Any

from connectors.simulator import accounts, callbacks, jobs
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat import articles, originality, quotas

STATUS = {0: "send success", 2: "err(30003)", 3: "send fail", 4: "err(20001)"}
REFUSED_BY_ADMIN, SILENT_ADMIN = "err(40001)", "err(40002)"


def confirm(state: State, account: Account, msg_id: str, approve: bool) -> bool:
    """The account's administrator decides on a waiting mass send. False when none waits under that id."""
    with state.transaction():
        job = state.get("mass", account.owner, msg_id)
        if job is None or not job["waits"]:
            return False
        state.change("mass", account.owner, msg_id, waits=False)
        if approve:
            jobs.schedule(state, "mass", 0, external_id=account.external_id, msg_id=msg_id)
        else:
            _finish(state, account, job, REFUSED_BY_ADMIN)
    return True


@jobs.job("admin_silent")
def admin_silent(state: State, args: dict[str, Any]) -> None:
    account = accounts.load(state, "wechat", args["external_id"])
    job = state.get("mass", f"wechat:{args['external_id']}", args["msg_id"])
    if account and job and job["waits"]:
        _finish(state, account, job, SILENT_ADMIN)


@jobs.job("mass")
def decide(state: State, args: dict[str, Any]) -> None:
    account = accounts.load(state, "wechat", args["external_id"])
    job = state.get("mass", f"wechat:{args['external_id']}", args["msg_id"])
    if account and job and job["status"] == "SENDING":
        reviewed = STATUS[int(account.get("review_result", 0))]
        _finish(state, account, job, originality.status(account, job) or reviewed)


def _finish(state: State, account: Account, job: Doc, status: str) -> None:
    issue: Doc | None = None
    if status == "send success":
        if job["draft"]:
            draft = originality.replaced(account, job["draft"])
            issue = articles.bring_out(state, account, draft, "mass", job["msg_data_id"])
    else:
        quotas.give_back_mass(state, account, job["sent_at"])
    changes = {"status": "SEND_SUCCESS" if status == "send success" else "SEND_FAIL", "waits": False}
    state.change("mass", account.owner, job["key"], article_id=issue["key"] if issue else "", **changes)
    callbacks.deliver_later(state, account, _event(state, account, job, status, issue))


def _event(state: State, account: Account, job: Doc, status: str, issue: Doc | None) -> Doc:
    followers = sum(1 for each in state.all("citizen", account.owner) if each["subscribed"])
    reached = followers if status == "send success" else 0
    shown = issue is not None and not account.get("empty_article_urls")
    items = articles.urls(issue, "ArticleIdx", "ArticleUrl") if issue and shown else []
    return {
        "ToUserName": account.external_id,
        "FromUserName": "o" + secrets.token_urlsafe(20)[:27],
        "CreateTime": int(state.now()),
        "MsgType": "event",
        "Event": "MASSSENDJOBFINISH",
        "MsgID": job["msg_id"],
        "Status": status,
        "TotalCount": followers,
        "FilterCount": reached,
        "SentCount": reached,
        "ErrorCount": 0,
        "CopyrightCheckResult": originality.result(account, job, status),
        "ArticleUrlResult": {"Count": len(items), "ResultList": {"item": items}},
    }
