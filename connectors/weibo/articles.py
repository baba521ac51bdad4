"""Preparing and sending one 头条文章 (how it is made of a post: article.py). It cannot be changed or taken back by us."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.base import MediaStore
from connectors.errors import ContentRefused, NotEntitled
from connectors.values import AccountConfig, Json, Prepared, Receipt
from connectors.weibo import codes
from connectors.weibo.api import Api
from connectors.weibo.article import CONTENT, PICTURE
from connectors.weibo.ids import status_url
from connectors.weibo.levels import Level, article_right
from connectors.weibo.publishing import known_rip, picture_of


def prepare(
    account: AccountConfig, level: Level, api: Api, media: MediaStore, payload: Json, done: Prepared
) -> Prepared:
    """Every picture, cover first, to where it gets an address at Weibo, one a call."""
    _check_right(account)
    api.token()
    known_rip(account)
    steps: dict[str, Any] = dict(done.steps)
    wanted = pictures_of(payload)
    if wanted and not level.uploads:
        raise NotEntitled(
            "本级别应用不能把图片传到微博，文章的图片没有地址。",
            remedy="请重新生成平台版本后送审。",
            who=codes.AUTHOR,
            code="10014",
        )
    known: dict[str, str] = dict(steps.get("addresses", {}))
    waiting = [sha256 for sha256 in wanted if sha256 not in known]
    if waiting:
        known[waiting[0]] = _upload(level, api, media, waiting[0])
    return Prepared(steps={**steps, "checked": True, "addresses": known}, ready=len(waiting) <= 1)


def pictures_of(payload: Json) -> list[str]:
    """SHA-256s of the cover and of the pictures in the text, each once."""
    inside = PICTURE.findall(str(payload["content_html"]))
    return list(dict.fromkeys([*(str(image["sha256"]) for image in payload["images"]), *inside]))


def publish(account: AccountConfig, api: Api, payload: Json, prepared: Prepared, *, send_before: datetime) -> Receipt:
    """The one call. The status that announces the article is what is looked up, counted and commented on."""
    _check_right(account)
    content = PICTURE.sub(lambda match: f'<img src="{_address(prepared, match[1])}">', str(payload["content_html"]))
    if len(content) > CONTENT:
        raise _refused("文章正文超过 90000 字符的上限。", "content_html")
    images = [str(image["sha256"]) for image in payload["images"]]
    form = {
        "title": str(payload["title"]),
        # The documentation and its own demo ask for percent-encoded text inside the field, a space as %20.
        "content": quote(content, safe="-_.~"),
        "cover": _address(prepared, images[0]) if images else str(payload["cover_url"]),
        "summary": str(payload["digest"]),
        "text": str(payload["text"]),
        "rip": known_rip(account),
    }
    answer = api.article(form, send_before=send_before)
    told = answer.get("data")
    told = told if isinstance(told, dict) else {}
    mid, article_id = _id(told.get("mid")), _id(told.get("object_id"))
    if not mid and not article_id:
        row = codes.UNKNOWN_WRITE
        raise row.error(row.cause, remedy=row.remedy, who=row.who)
    details = {"mid": mid, "article": article_id, "article_url": _address_of(told.get("url"))}
    return Receipt(
        external_id=mid,
        url=status_url(account.external_id, mid) if mid else details["article_url"],
        live=bool(mid),
        details={key: value for key, value in details.items() if value},
    )


def _id(value: Any) -> str:
    """An id such as 1022:2309404… or a mid; "" for anything that no later call could carry."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[0-9A-Za-z:_-]{1,64}", text) else ""


def _address_of(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return text if text.isascii() and re.fullmatch(r"""https?://[^\s"'<>]{1,2000}""", text) else ""


def _check_right(account: AccountConfig) -> None:
    if not article_right(account):
        raise NotEntitled(
            "账号没有头条文章权限。",
            remedy="请改发普通微博，或联系蓝V客服开通后在账号设置中勾选。",
            who=codes.OPERATOR,
            code="10014",
        )


def _upload(level: Level, api: Api, media: MediaStore, sha256: str) -> str:
    found = api.upload_picture(picture_of(media, sha256), business=level.key == "business")
    address = _address_of(found.get("original_pic")) or _address_of(found.get("bmiddle_pic"))
    if not address:
        row = codes.UNKNOWN_READ
        raise row.error("微博没有给出图片地址。", remedy=row.remedy, who=row.who)
    return address


def _address(prepared: Prepared, sha256: str) -> str:
    known = prepared.steps.get("addresses")
    if not isinstance(known, dict) or not known.get(sha256):
        raise _refused("文章的图片还没有上传到微博。", "images")
    return str(known[sha256])


def _refused(cause: str, field: str) -> ContentRefused:
    error = ContentRefused(cause, remedy="请重新准备该发布。", who=codes.SYSTEM)
    error.field = field
    return error
