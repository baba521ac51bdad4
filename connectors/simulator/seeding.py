"""Posts that an account published by other means (its own app, the platform's web page), now or in the past."""

from __future__ import annotations

import html
import secrets
from typing import Any

from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat import articles
from connectors.simulator.wechat.filtering import filtered
from connectors.simulator.weibo import shapes, text


def post(state: State, account: Account, asked: dict[str, Any], at: float) -> str:
    """Put one post on the public timeline as of `at` (epoch seconds); its id."""
    with state.transaction():
        return (_status if account.platform == "weibo" else _article)(state, account, asked, at)


def _status(state: State, account: Account, asked: dict[str, Any], at: float) -> str:
    title, words = str(asked.get("title", "")), str(asked["text"])
    raw = f"【{title}】{words}" if title else words
    shown, links = text.shortened(raw)
    status_id = shapes.past_id(at)
    body: Doc = {"raw": raw, "text": shown, "links": links, "pictures": [], "removed_by": "", "source": "微博网页版"}
    state.put("status", account.owner, status_id, body, at)
    state.put("status_owner", "", status_id, {"external_id": account.external_id})
    return status_id


def _article(state: State, account: Account, asked: dict[str, Any], at: float) -> str:
    words, how = html.escape(str(asked["text"])), str(asked.get("how", "publish"))
    if how not in ("publish", "mass"):
        raise ValueError("how: must be publish or mass")
    article: Doc = {
        "article_type": "news",
        "title": str(asked.get("title") or asked["text"])[:32],
        "author": str(asked.get("author") or account.name),
        "digest": str(asked.get("digest") or asked["text"])[:54],
        "content": filtered(str(asked["content"])) if asked.get("content") else f"<p>{words}</p>",
        "content_source_url": str(asked.get("content_source_url") or ""),
        "thumb_media_id": "",
        "thumb_url": "",
        "show_cover_pic": 0,
        "need_open_comment": 1,
        "only_fans_can_comment": 0,
    }
    msg_data_id = articles.next_msg_data_id(state)
    page, article_id = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    item = article | {"page": page, "url": f"http://mp.weixin.qq.com/s/{page}", "is_deleted": False}
    item |= {"views": 0, "likes": 0, "comments_open": True}
    issue: Doc = {"how": how, "items": [item], "msg_data_id": msg_data_id, "removed_by": "", "empty_urls": False}
    state.put("page", "", page, {"owner": account.owner, "article_id": article_id, "idx": 1}, at)
    state.put("issue", account.owner, article_id, issue, at)
    state.put("by_msg_data", account.owner, str(msg_data_id), {"article_id": article_id, "how": how}, at)
    return article_id
