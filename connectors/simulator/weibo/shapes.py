"""Weibo's objects as its answers carry them: user, status, comment."""

from __future__ import annotations

import html
import secrets
from typing import Any

from connectors.simulator import accounts, clock
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State
from connectors.simulator.weibo.text import half_units

EPOCH = 515_483_463  # (id >> 22) + EPOCH is the second a status was made: observed, undocumented
SOURCE = '<a href="http://app.weibo.com/t/feed/6vtZb0" rel="nofollow">{}</a>'


def next_id(state: State) -> str:
    """Sixteen digits that tell the time, rising and unique."""
    candidate = int((state.now() - EPOCH) * 2**22)
    last = state.get("meta", "weibo", "last_id")
    number = max(candidate, last["id"] + 1) if last else candidate
    state.put("meta", "weibo", "last_id", {"id": number})
    return str(number)


def past_id(at: float) -> str:
    """An id of a moment in the past; the low bits keep two of one second apart."""
    return str((int(at - EPOCH) << 22) + secrets.randbelow(1 << 22))


def escaped(text: str) -> str:
    return html.escape(text, quote=False).replace('"', "&quot;")


def account_user(state: State, account: Account, own: bool = True) -> Doc:
    """The account as a user; others than its own see neither counts nor description."""
    user = _user(account.external_id, account.name) | {"verified": True, "verified_type": 1}
    if own:
        counts = {"followers_count": state.count("citizen", account.owner), "friends_count": 0}
        counts |= {"statuses_count": state.count("status", account.owner), "favourites_count": 0}
        user |= counts | {"description": f"{account.name}官方微博", "verified_reason": f"{account.name}官方微博"}
    return user


def citizen_user(citizen: Doc) -> Doc:
    return _user(citizen["id"], citizen["name"]) | {"verified": False, "verified_type": -1}


def as_number(identity: str) -> int | str:
    """Ids go out as numbers, as real ones are."""
    return int(identity) if identity.isascii() and identity.isdigit() else identity


def _user(uid: str, name: str) -> Doc:
    picture = f"http://tp1.sinaimg.cn/{uid}/50/0/1"
    return {
        "id": as_number(uid),
        "idstr": uid,
        "screen_name": name,
        "name": name,
        "province": "37",
        "city": "2",
        "location": "山东 青岛",
        "description": "",
        "url": "",
        "profile_image_url": picture,
        "profile_url": f"u/{uid}",
        "domain": "",
        "weihao": "",
        "gender": "m",
        "created_at": "Fri Aug 28 00:00:00 +0800 2009",
        "following": False,
        "allow_all_act_msg": True,
        "allow_all_comment": True,
        "remark": "",
        "lang": "zh-cn",
        "class": 1,
        "mbtype": 0,
        "mbrank": 0,
        "star": 0,
        "geo_enabled": True,
        "avatar_large": picture.replace("/50/", "/180/"),
        "follow_me": False,
        "online_status": 0,
        "bi_followers_count": 0,
    }


def status(state: State, account: Account, held: Doc, with_user: bool = True) -> Doc:
    """A status object; a deleted one is a stub without user, its ``deleted`` a string."""
    head: Doc = {"created_at": clock.weibo_time(held["at"]), "id": int(held["key"])}
    head |= {"mid": held["key"], "idstr": held["key"]}
    if held["removed_by"]:
        text = "抱歉，此微博已被作者删除。查看帮助：http://t.cn/zWSudZc"
        return head | {"text": text, "deleted": "1"}
    shown = head | _words(held) | _pictures(held) | _counts(state, held) | _reposted(state, held)
    return shown | ({"user": account_user(state, account)} if with_user else {})


def _reposted(state: State, held: Doc) -> Doc:
    """The post that a repost carries; gone ones as a stub."""
    number = held.get("repost_of", "")
    owner = state.get("status_owner", "", number) if number else None
    poster = accounts.load(state, "weibo", owner["external_id"]) if owner else None
    original = state.get("status", poster.owner, number) if poster else None
    if poster is None or original is None:
        return {}
    return {"retweeted_status": status(state, poster, original)}


def _words(held: Doc) -> Doc:
    long = len(held["text"]) > 140 and held.get("long", False)
    return {
        "text": escaped(held["text"][:140] + "…" if long else held["text"]),
        "textLength": half_units(held["text"]),
        "source": SOURCE.format(html.escape(held["source"])),
        "favorited": False,
        "truncated": False,
        "in_reply_to_status_id": "",
        "in_reply_to_user_id": "",
        "in_reply_to_screen_name": "",
        "geo": None,
        "isLongText": long,
        "url_objects": held["links"],
        "annotations": held.get("annotations", []),
        "visible": {"type": 1 if held.get("hidden") else int(held.get("visible", 0)), "list_id": 0},
        "mblogtype": 0,
        "can_edit": False,
        "state": 0,
    }


def _pictures(held: Doc) -> Doc:
    urls = [f"http://wx1.sinaimg.cn/{{}}/{each}.jpg" for each in held["pictures"]]
    shown: Doc = {"pic_urls": [{"thumbnail_pic": url.format("thumbnail")} for url in urls], "pic_num": len(urls)}
    shown["pic_ids"] = held["pictures"]
    if urls:
        sizes = (("thumbnail_pic", "thumbnail"), ("bmiddle_pic", "bmiddle"), ("original_pic", "large"))
        shown |= {name: urls[0].format(size) for name, size in sizes}
    return shown


def _counts(state: State, held: Doc) -> Doc:
    return {
        "reposts_count": held.get("reposts", 0),
        "comments_count": state.count("comment", f"status:{held['key']}"),
        "attitudes_count": held.get("likes", 0),
        "pending_approval_count": 0,
    }


def comment(state: State, account: Account, held: Doc, with_status: bool = True, with_reply: bool = True) -> Doc:
    """A comment object; ``reply_comment`` has a user but no status."""
    shown: Doc = {
        "created_at": clock.weibo_time(held["at"]),
        "id": int(held["key"]),
        "rootid": int(held["reply_to"] or held["key"]),
        "idstr": held["key"],
        "mid": held["key"],
        "text": escaped(held["text"]),
        "source": SOURCE.format("微博网页版"),
        "user": account_user(state, account) if held["by_account"] else citizen_user(held["author"]),
        "floor_number": 1,
        "disable_reply": 0,
        "like_count": 0,
    }
    if with_status:
        shown |= _commented(state, account, held["status"])
    asked = state.get("comment", f"status:{held['status']}", held["reply_to"]) if held["reply_to"] else None
    if with_reply and asked:
        shown["reply_comment"] = comment(state, account, asked, with_status=False, with_reply=False)
    return shown


def _commented(state: State, account: Account, number: str) -> Doc:
    """The post under which a comment stands: one's own, or a stranger's."""
    post = state.get("status", account.owner, number)
    if post:
        return {"status": status(state, account, post)}
    other = state.get("mention", account.owner, number) or state.get("foreign", "", number)
    return {"status": strangers_status(other)} if other else {}


def strangers_status(held: Doc) -> Doc:
    """Somebody else's post, with as little as an ordinary app is told."""
    return {
        "created_at": clock.weibo_time(held["at"]),
        "id": int(held["key"]),
        "mid": held["key"],
        "idstr": held["key"],
        "text": escaped(held["text"]),
        "source": "",
        "user": citizen_user(held["author"]),
    }


def page(name: str, items: list[Any], total: int) -> Doc:
    """The envelope of every list; cursors are documented as not supported."""
    return {name: items, "hasvisible": False, "previous_cursor": 0, "next_cursor": 0, "total_number": total}
