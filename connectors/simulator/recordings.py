"""Recorded answers of the platforms as seeds: what somebody saved from a real account can start a drill account.

Known by their keys: Weibo's ``{statuses}`` (user_timeline), ``{comments}`` (to_me, show); WeChat's ``{item}``
(freepublish/batchget), ``{data: {openid}}`` (user/get), ``{user_info_list}`` (user/info/batchget).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.simulator import clock
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc


def read(account: Account, given: Mapping[str, Any], now: float) -> Doc:
    """A recorded answer as a seed; anything else is returned as it is. Recorded posts keep their distance to the newest."""
    for key, reader in (READERS[account.platform]).items():
        if key in given:
            return _brought_near(reader(given), now)
    return dict(given)


def _brought_near(seed: Doc, now: float) -> Doc:
    """The newest recorded post becomes one of an hour ago: a past of 2012 would be no drill."""
    newest = max((float(post["at"]) for post in seed.get("posts", [])), default=now)
    for post in seed.get("posts", []):
        post["at"] = float(post["at"]) + (now - 3600 - newest)
    return seed


def _time(text: Any) -> int:
    try:
        return clock.from_weibo_time(str(text))
    except (TypeError, ValueError):
        return 0


def _statuses(given: Mapping[str, Any]) -> Doc:
    found = [each for each in given["statuses"] if isinstance(each, Mapping) and str(each.get("deleted", "0")) != "1"]
    return {"posts": [_status(each) for each in found]}


def _status(recorded: Mapping[str, Any]) -> Doc:
    counts = {"likes": recorded.get("attitudes_count", 0), "reposts": recorded.get("reposts_count", 0)}
    return {"text": str(recorded.get("text", "")), "at": _time(recorded.get("created_at")), **counts}


def _comments(given: Mapping[str, Any]) -> Doc:
    """Comments bring the posts they stand under."""
    posts: dict[str, Doc] = {}
    for each in given["comments"]:
        under = each.get("status") or {
            "id": "unknown",
            "text": "（原微博没有记录）",
            "created_at": each.get("created_at"),
        }
        post = posts.setdefault(str(under.get("idstr") or under.get("id")), {**_status(under), "comments": []})
        author = (each.get("user") or {}).get("screen_name") or "热心市民"
        later = max(0, _time(each.get("created_at")) - post["at"]) / 3600
        post["comments"].append({"author": author, "text": str(each.get("text", "")), "hours_after": later})
    return {"posts": list(posts.values())}


def _articles(given: Mapping[str, Any]) -> Doc:
    posts = []
    for item in given["item"]:
        for article in (item.get("content") or {}).get("news_item", []):
            told = {
                name: article.get(name, "") for name in ("title", "author", "digest", "content", "content_source_url")
            }
            posts.append({**told, "text": told["digest"] or told["title"], "at": item.get("update_time", 0)})
    return {"posts": posts}


def _openids(given: Mapping[str, Any]) -> Doc:
    return {"followers": [{"id": openid} for openid in given["data"].get("openid", [])]}


def _people(given: Mapping[str, Any]) -> Doc:
    found = [each for each in given["user_info_list"] if each.get("subscribe")]
    return {
        "followers": [
            {"id": each["openid"], "remark": each.get("remark", ""), "at": each.get("subscribe_time", 0)}
            for each in found
        ]
    }


READERS = {
    "weibo": {"statuses": _statuses, "comments": _comments},
    "wechat": {"item": _articles, "data": _openids, "user_info_list": _people},
}
