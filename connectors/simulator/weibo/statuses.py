"""Writing statuses: share (what most apps still have), update and upload, their business twins, repost and destroy."""

from __future__ import annotations

import ipaddress
import json
import re
from hashlib import sha256
from typing import Any

from werkzeug.datastructures import FileStorage

from connectors.simulator import accounts, jobs
from connectors.simulator.accounts import Account
from connectors.simulator.call import Call
from connectors.simulator.pictures import look
from connectors.simulator.state import Doc, State
from connectors.simulator.weibo import shapes, text
from connectors.simulator.weibo.api import endpoint, is_business, number, required, twin
from connectors.simulator.weibo.errors import WeiboError

MB = 1024 * 1024
PICTURE_LIMIT = 5 * MB
HOUR = 3600
REPEAT_WINDOW = HOUR
LONG_LIMIT = 5000
MOST_PICTURES = 9
UNAUDITED = "未通过审核应用"


@endpoint("/2/statuses/share.json", "POST")
def share(call: Call) -> Doc:
    """One picture at most; a link of the safe domain is a must; topics are taken out without a word."""
    words = _words(call)
    public_operator(call)
    domain = call.me.get("safe_domain", "")
    if not domain:
        raise WeiboError(10017, "appkey not bind domain!")
    if not text.names_domain(words, domain):
        raise WeiboError(10017, "text not find domain!")
    _short_enough(words)
    pictures = [_picture(call)] if _is_multipart(call) else []
    return _publish(call, "share", text.without_topics(words), pictures)


@twin("/2/statuses/update.json", "POST", level="full")
def update(call: Call) -> Doc:
    words = _words(call)
    public_operator(call)
    if call.request.files:
        raise WeiboError(10007)
    return _publish(call, "update", words, [], **_options(call, words))


@twin("/2/statuses/upload.json", "POST", level="full")
def upload(call: Call) -> Doc:
    words = _words(call)
    public_operator(call)
    return _publish(call, "upload", words, [_picture(call)], **_options(call, words))


@twin("/2/statuses/upload_url_text.json", "POST", level="full")
def upload_url_text(call: Call) -> Doc:
    """Up to nine pictures uploaded before, by pic_id, which wins over url."""
    words = _words(call)
    public_operator(call)
    ids = [each for each in call.params.get("pic_id", "").split(",") if each]
    if len(ids) > MOST_PICTURES:
        raise WeiboError(20009)
    if any(call.state.get("picture", "", each) is None for each in ids) or not (ids or call.params.get("url")):
        raise WeiboError(20007)
    return _publish(call, "upload_url_text", words, ids, **_options(call, words))


@twin("/2/statuses/upload_pic.json", "POST", level="full")
def upload_pic(call: Call) -> Doc:
    pic_id = _picture(call)
    sizes = (("thumbnail_pic", "thumbnail"), ("bmiddle_pic", "bmiddle"), ("original_pic", "large"))
    return {"pic_id": pic_id} | {name: f"http://wx1.sinaimg.cn/{size}/{pic_id}.jpg" for name, size in sizes}


def _words(call: Call) -> str:
    if "status" not in call.params:
        raise WeiboError(10016, "miss required parameter (status) , see doc for more info.")
    if not call.params["status"].strip():
        raise WeiboError(20008)
    return call.params["status"]


def public_operator(call: Call) -> None:
    """``rip`` must be the operator's public address."""
    try:
        address = ipaddress.ip_address(required(call, "rip"))
    except ValueError as error:
        raise WeiboError(10017) from error
    if not address.is_global:
        raise WeiboError(20022)


def _short_enough(words: str) -> None:
    if text.half_units(words) > text.LIMIT:
        raise WeiboError(20012)


def _options(call: Call, words: str) -> Doc:
    """Long text where asked for, visibility, and annotations (JSON of at most 512 characters)."""
    long = number(call, "is_longtext", 0) == 1
    if long and len(words) > LONG_LIMIT:
        raise WeiboError(20012)
    if not long:
        _short_enough(words)
    annotations: Any = []
    if call.params.get("annotations"):
        try:
            annotations = json.loads(call.params["annotations"])
        except ValueError as error:
            raise WeiboError(10008) from error
        if len(call.params["annotations"]) > 512:
            raise WeiboError(10008)
        annotations = [*(annotations if isinstance(annotations, list) else [annotations]), {"mapi_request": True}]
    return {"long": long, "visible": number(call, "visible", 0), "annotations": annotations}


def _is_multipart(call: Call) -> bool:
    return call.request.mimetype == "multipart/form-data"


def _picture(call: Call) -> str:
    """Exactly one file part called pic, with file name and content type: JPEG, GIF or PNG under 5 MB by its bytes."""
    parts: list[FileStorage] = [part for _, part in call.request.files.items(multi=True)]
    if len(parts) != 1 or parts[0].name != "pic" or not parts[0].filename or not parts[0].content_type:
        raise WeiboError(20007)
    data = parts[0].read()
    if len(data) >= PICTURE_LIMIT:
        raise WeiboError(20006)
    seen = look(data)
    if seen is None or seen.kind not in ("jpeg", "gif", "png"):
        raise WeiboError(20005)
    sha = call.state.keep_blob(data, seen.content_type)
    pic_id = f"{int(call.me.external_id or 0) & 0xFFFFFFFF:08x}ly1{sha[:16]}" if call.me.external_id.isdigit() else sha
    call.state.put("picture", "", pic_id, {"sha256": sha})
    return pic_id


def _publish(call: Call, how: str, words: str, pictures: list[str], **options: Any) -> Doc:
    published = call.state.count("status", call.me.owner, since=call.now - HOUR)
    if not is_business(call) and published >= call.me.quota("publish_per_hour", 30):
        raise WeiboError(20016)
    _never_twice(call, [words, *(_signs(words) if how == "share" else ())])
    held = keep(call.state, call.me, words, pictures, **options)
    sent = {name: value for name, value in call.params.items() if name != "access_token"}
    images = [(call.state.get("picture", "", each) or {"sha256": ""})["sha256"] for each in pictures]
    shown = {"text": words, "images": images, "how": how}
    call.state.accept("weibo", call.me.external_id, "status", held["key"], sent, **shown)
    return shapes.status(call.state, call.me, held)


def _signs(words: str) -> list[str]:
    """What a shared status is known by beside its words: each link, and the title in 【】."""
    links = [str(link["url_ori"]) for link in text.shortened(words)[1]]
    return links + re.findall(r"^【[^】]+】", words)


def _never_twice(call: Call, signs: list[str]) -> None:
    keys = [sha256(sign.encode("utf-8", "surrogatepass")).hexdigest() for sign in signs]
    known = [call.state.get("words", call.me.owner, key) for key in keys]
    if any(before and call.now - before["at"] < REPEAT_WINDOW for before in known):
        raise WeiboError(20019)
    for key in keys:
        call.state.put("words", call.me.owner, key, {})


def keep(state: State, account: Account, words: str, pictures: list[str], **options: Any) -> Doc:
    """Put a status on the timeline; its links show as t.cn."""
    shown, links = text.shortened(words)
    for link in links:
        state.put("short", "", str(link["url_short"]).rpartition("/")[2], {"url": link["url_ori"]})
    body: Doc = {"raw": words, "text": shown, "links": links, "pictures": pictures, "removed_by": "", **options}
    status_id = shapes.next_id(state)
    source = UNAUDITED if account.get("audited") is False else account.name
    state.put("status", account.owner, status_id, body | {"source": source})
    state.put("status_owner", "", status_id, {"external_id": account.external_id})
    if account.get("audit", "pass") != "pass":
        waiting = float(account.get("audit_seconds", 60))
        jobs.schedule(state, "weibo_audit", waiting, external_id=account.external_id, status=status_id)
    return state.get("status", account.owner, status_id) or body


@jobs.job("weibo_audit")
def audit(state: State, args: dict[str, Any]) -> None:
    """The platform looks at what was accepted: hidden (only the author sees it) or taken away, without a word."""
    account = accounts.load(state, "weibo", args["external_id"])
    if account and state.get("status", account.owner, args["status"]):
        verdict = account.get("audit", "pass")
        changes: Doc = {"hidden": True} if verdict == "hide" else {}
        changes |= {"removed_by": "platform"} if verdict == "remove" else {}
        state.change("status", account.owner, args["status"], **changes)


@twin("/2/statuses/repost.json", "POST", level="full")
def repost(call: Call) -> Doc:
    """A post of any account here, passed on; ``is_comment`` 1 writes the words under the original too."""
    public_operator(call)
    target = required(call, "id")
    pointer = call.state.get("status_owner", "", target)
    poster = accounts.load(call.state, "weibo", pointer["external_id"]) if pointer else None
    original = call.state.get("status", poster.owner, target) if poster else None
    if poster is None or original is None or original["removed_by"]:
        raise WeiboError(20101)
    if number(call, "is_comment", 0) > 3:
        raise WeiboError(10008)
    words = call.params.get("status") or "转发微博"
    _short_enough(words)
    told = _publish(call, "repost", words, [], repost_of=target)
    call.state.change("status", poster.owner, target, reposts=original.get("reposts", 0) + 1)
    return told


@endpoint("/2/statuses/repost_timeline/biz.json", "GET", level="business", counted=False)
def repost_timeline(call: Call) -> Doc:
    """Who passed a post on, the newest first."""
    target = required(call, "id")
    found = []
    for account in accounts.everyone(call.state, "weibo"):
        held = [each for each in call.state.all("status", account.owner) if each.get("repost_of") == target]
        found += [(each["at"], shapes.status(call.state, account, each)) for each in held if not each["removed_by"]]
    found.sort(key=lambda pair: float(pair[0]), reverse=True)
    return shapes.page("reposts", [each for _, each in found], len(found))


@twin("/2/statuses/destroy.json", "POST", level="full")
def destroy(call: Call) -> Doc:
    """Answers the status as it was; only one's own. Documented among what was closed to ordinary apps in 2017."""
    target = required(call, "id")
    owner = call.state.get("status_owner", "", target)
    held = call.state.get("status", call.me.owner, target)
    if owner and owner["external_id"] != call.me.external_id:
        raise WeiboError(20102)
    if held is None or held["removed_by"]:
        raise WeiboError(20101)
    shown = shapes.status(call.state, call.me, held)
    call.state.change("status", call.me.owner, target, removed_by="user")
    call.state.accept("weibo", call.me.external_id, "destroy", target, {"id": target})
    return shown
