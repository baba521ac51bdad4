"""Articles that are out: by 发布 (no notice to followers) or by 群发 (mass send). Each has a page of its own."""

from __future__ import annotations

import re
import secrets

from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State

REAL_PICTURE = re.compile(r"https?://mmbiz\.(?:qpic|qlogo)\.cn/[^/\"'\s]+/([\w-]+)/[^\"'\s)]*")
FIRST_MSG_DATA_ID = 2_247_483_655  # the series that publish_id and the `mid` of addresses share


def next_msg_data_id(state: State) -> int:
    return FIRST_MSG_DATA_ID + state.add("", "msg_data_id", "ever")


def bring_out(state: State, account: Account, draft: Doc, how: str, msg_data_id: int, empty_urls: bool = False) -> Doc:
    """Publish the articles of a draft, which dies by it; ``how`` is publish or mass. Returns the stored issue."""
    article_id = secrets.token_urlsafe(32)
    items = []
    for idx, article in enumerate(draft["articles"], 1):
        page = secrets.token_urlsafe(16)
        state.put("page", "", page, {"owner": account.owner, "article_id": article_id, "idx": idx})
        cover = state.get("material", account.owner, article["thumb_media_id"]) or {}
        article = {**article, "thumb_url": cover.get("url", "")}
        item = {**article, "page": page, "url": f"http://mp.weixin.qq.com/s/{page}", "is_deleted": False, "views": 0}
        items.append(item | {"likes": 0, "comments_open": bool(article["need_open_comment"])})
    issue: Doc = {"how": how, "items": items, "msg_data_id": msg_data_id, "removed_by": "", "empty_urls": empty_urls}
    state.put("issue", account.owner, article_id, issue)
    state.put("by_msg_data", account.owner, str(msg_data_id), {"article_id": article_id, "how": how})
    state.change("draft", account.owner, draft["key"], gone=how)
    return issue | {"key": article_id}


def evidence(state: State, owner: str, draft: Doc) -> Doc:
    """What ``/_sim/accepted`` shows of a draft that goes out: its texts, and the bytes of cover and pictures."""
    shas: list[str] = []
    for article in draft["articles"]:
        covers = [article["thumb_media_id"], *(each["image_media_id"] for each in _listed(article))]
        held = [state.get("material", owner, each) for each in dict.fromkeys(covers)]
        held += [state.get("mmbiz", "", each) for each in REAL_PICTURE.findall(article["content"])]
        shas += [each["sha256"] for each in held if each]
    first = draft["articles"][0]
    shown = {"title": first["title"], "content": first["content"], "images": shas}
    return shown | {"articles": draft["articles"], "media_id": draft["key"]}


def _listed(article: Doc) -> list[Doc]:
    listed: list[Doc] = article.get("image_info", {}).get("image_list", [])
    return listed


def urls(issue: Doc, name_of_index: str, name_of_url: str) -> list[Doc]:
    """Index (1-based) and address of every article that is not deleted."""
    return [
        {name_of_index: idx, name_of_url: item["url"]}
        for idx, item in enumerate(issue["items"], 1)
        if not item["is_deleted"]
    ]


def remove(state: State, owner: str, article_id: str, index: int, by: str) -> Doc | None:
    """Delete one article (1-based) or, by index 0, all. Returns the issue, None when there is none such."""
    issue = state.get("issue", owner, article_id)
    if issue is None or not 0 <= index <= len(issue["items"]):
        return None
    for idx, item in enumerate(issue["items"], 1):
        if index in (0, idx):
            item["is_deleted"] = True
    removed_by = by if all(item["is_deleted"] for item in issue["items"]) else ""
    return state.change("issue", owner, article_id, items=issue["items"], removed_by=removed_by)


def told(issue: Doc, with_content: bool = True) -> list[Doc]:
    """The articles as getarticle and batchget tell them."""
    hidden = {"page", "views", "likes", "comments_open", "draft_page"} | (set() if with_content else {"content"})
    return [{name: value for name, value in item.items() if name not in hidden} for item in issue["items"]]
