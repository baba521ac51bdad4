"""Preparing, sending and taking back one status; the counts of those that are out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import MediaStore
from connectors.errors import ContentRefused, NotEntitled, Refused
from connectors.http import File
from connectors.values import (
    AccountConfig,
    Figures,
    Image,
    Json,
    Prepared,
    Receipt,
)
from connectors.weibo import codes
from connectors.weibo.adapt import operator_ip
from connectors.weibo.answers import is_slow
from connectors.weibo.api import Api
from connectors.weibo.ids import id_of
from connectors.weibo.length import half_units
from connectors.weibo.levels import CALLS, IMAGE_TYPES, MAX_IMAGE_BYTES, SHORT, Level
from connectors.weibo.payloads import receipt_of

_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}


def prepare(
    account: AccountConfig, level: Level, api: Api, media: MediaStore, payload: Json, done: Prepared
) -> Prepared:
    """The token is alive, the pictures can be read; where pictures go before, each is uploaded, one a call."""
    api.token()
    known_rip(account)
    steps: dict[str, Any] = dict(done.steps)
    images = [str(image["sha256"]) for image in payload["images"]]
    for sha256 in images:
        picture_of(media, sha256)
    if level.uploads and images:
        uploaded: dict[str, str] = dict(steps.get("pictures", {}))
        waiting = [sha256 for sha256 in images if sha256 not in uploaded]
        if waiting:
            uploaded[waiting[0]] = _upload(level, api, media, waiting[0])
        return Prepared(steps={**steps, "checked": True, "pictures": uploaded}, ready=len(waiting) <= 1)
    return Prepared(steps={**steps, "checked": True}, ready=True)


def publish(
    account: AccountConfig,
    level: Level,
    api: Api,
    media: MediaStore,
    payload: Json,
    prepared: Prepared,
    *,
    key: str,
    send_before: datetime,
) -> Receipt:
    """The one call. 20032 is a success without an id: its receipt says `slow`, check() finds it later."""
    mode = str(payload["delivery"]["mode"])
    images = [str(image["sha256"]) for image in payload["images"]]
    if mode not in CALLS or mode != level.call(len(images)):
        raise NotEntitled(
            f"本级别应用不能用“{mode}”方式发布。", remedy="请重新生成平台版本后送审。", who=codes.AUTHOR, code="10014"
        )
    form = {"status": str(payload["text"]), "rip": known_rip(account)}
    if level.annotations:
        form["annotations"] = json.dumps([{"client_mblogid": key}])
    if level.key == "business":
        form["is_longtext"] = "1" if half_units(form["status"]) > SHORT * 2 else "0"
    if level.uploads and images:
        form["pic_id"] = ",".join(_uploaded(prepared, sha256) for sha256 in images)
    picture = picture_of(media, images[0]) if images and not level.uploads else None
    status = api.publish(CALLS[mode], form, picture=picture, send_before=send_before)
    if is_slow(status):
        return Receipt(live=False, details={"slow": "1"})
    receipt = receipt_of(status, account.external_id)
    if not receipt.external_id:
        row = codes.UNKNOWN_WRITE
        raise row.error(row.cause, remedy=row.remedy, who=row.who)
    return receipt


def recall(level: Level, api: Api, receipt: Receipt) -> None:
    """Delete the status. Raises NotEntitled at level share, whose apps have no such interface."""
    if level.key == "share":
        raise NotEntitled(
            "“分享”级别的应用不能删除微博。", remedy="请登录微博手动删除。", who=codes.OPERATOR, code="10014"
        )
    if receipt.details.get("article"):
        raise NotEntitled("头条文章没有删除接口。", remedy="请登录微博手动删除文章和配发的微博。", who=codes.OPERATOR)
    try:
        api.destroy(receipt.external_id)
    except Refused as error:
        if error.code != "20101":
            raise


def figures(api: Api, receipts: Sequence[Receipt]) -> tuple[Figures, ...]:
    """Comments, reposts, likes by statuses/count, a hundred a call. Weibo tells no reads."""
    ids = [receipt.external_id for receipt in receipts if receipt.external_id]
    rows: dict[str, Mapping[str, Any]] = {}
    for at in range(0, len(ids), 100):
        rows.update((id_of(row), row) for row in api.counts(ids[at : at + 100]))
    return tuple(
        Figures(
            external_id=one,
            likes=_number(rows[one].get("attitudes")),
            comments=_number(rows[one].get("comments")),
            reposts=_number(rows[one].get("reposts")),
        )
        for one in ids
        if one in rows
    )


def _number(value: Any) -> int | None:
    """Counts arrive as strings in places."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def known_rip(account: AccountConfig) -> str:
    found = operator_ip(account)
    if not found:
        raise NotEntitled(
            "发布人公网地址未知。微博要求随发布提供该地址。",
            remedy="请系统管理员设置 TANDEM_EGRESS_IP。",
            who=codes.ADMIN,
            code="10016",
        )
    return found


def _uploaded(prepared: Prepared, sha256: str) -> str:
    pictures = prepared.steps.get("pictures")
    found = pictures.get(sha256) if isinstance(pictures, Mapping) else None
    if not found:
        raise ContentRefused("图片还没有上传到微博。", remedy="请重新准备该发布。", who=codes.SYSTEM)
    return str(found)


def _upload(level: Level, api: Api, media: MediaStore, sha256: str) -> str:
    answer = api.upload_picture(picture_of(media, sha256), business=level.key == "business")
    pic_id = str(answer.get("pic_id") or "")
    if not pic_id:
        row = codes.UNKNOWN_READ
        raise row.error("微博没有给出图片编号。", remedy=row.remedy, who=row.who)
    return pic_id


def picture_of(media: MediaStore, sha256: str) -> File:
    """The one multipart part: exactly the approved bytes, an ASCII name with extension, the content type."""
    image: Image | None = media.get(sha256)
    if image is None or image.content_type not in IMAGE_TYPES or image.size >= MAX_IMAGE_BYTES:
        error = ContentRefused(
            "图片在素材库中找不到，或格式、大小不符合微博要求。", remedy="请重新插入图片后送审。", who=codes.AUTHOR
        )
        error.field = "images"
        raise error
    name = f"{sha256[:16]}.{_EXTENSIONS[image.content_type]}"
    return File(field="pic", name=name, content=media.read(sha256), content_type=image.content_type)
