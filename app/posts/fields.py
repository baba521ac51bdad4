"""What a person may set on a post: names, kinds and lengths; checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.accounts.models import Account
from app.db import db
from app.errors import Invalid
from app.media.models import Media
from app.posts.models import Post
from app.posts.sanitising import printable
from app.units.access import Actor
from connectors.labels import MADE

LENGTHS = {"title": 200, "summary": 2000, "source": 200, "author": 120}
NAMES = {"title": "标题", "summary": "摘要", "source": "信息来源", "author": "作者"}
KNOWN = frozenset(
    {
        "unit_id", "title", "summary", "body_html", "body_markdown", "source", "author", "cover_media_id", "tags",
        "account_ids", "urgent", "attachments", "corrects_id", "ai_text", "ai_images",
    }
)  # fmt: skip
_MAX_TAGS, _TAG_LENGTH, _MAX_ACCOUNTS, _MAX_ATTACHMENTS, _MAX_BODY = 20, 40, 50, 20, 2_000_000


def checked(actor: Actor, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with texts tidied. Raises Invalid naming every wrong field."""
    errors: dict[str, list[str]] = {name: ["没有这个字段。"] for name in given if name not in KNOWN}
    fields = {name: value for name, value in given.items() if name in KNOWN}
    for name, limit in LENGTHS.items():
        if name in fields:
            fields[name] = " ".join(printable(str(fields[name] or "")).split())
            if len(fields[name]) > limit:
                errors[name] = [f"{NAMES[name]}不能超过 {limit} 字，现有 {len(fields[name])} 字。请缩短。"]
    if "body_html" in fields and "body_markdown" in fields:
        errors["body_markdown"] = ["body_html 与 body_markdown 只能给一个。请去掉其一。"]
    if any(len(str(fields.get(name) or "")) > _MAX_BODY for name in ("body_html", "body_markdown")):
        errors["body_html"] = ["正文超过 200 万字符。请把图片传到素材库，而不是嵌在正文里。"]
    for name in ("ai_text", "ai_images"):
        if name in fields and fields[name] not in MADE:
            errors[name] = ["没有这种选择。可选：none（没有使用 AI）、assisted（AI 辅助生成）、generated（AI 生成）。"]
    _check_tags(fields, errors)
    _check_accounts(actor, fields, errors)
    _check_media(actor, fields, errors)
    _check_correction(actor, fields, errors)
    if errors:
        raise Invalid("稿件没有保存。有字段不符合要求。请按各字段的提示改正后重新提交。", errors=errors)
    return fields


def _check_tags(fields: dict[str, Any], errors: dict[str, list[str]]) -> None:
    if "tags" not in fields:
        return
    tags = [" ".join(printable(str(tag)).split()).strip("#＃ ") for tag in fields["tags"] or []]
    fields["tags"] = list(dict.fromkeys(tag for tag in tags if tag))
    if len(fields["tags"]) > _MAX_TAGS or any(len(tag) > _TAG_LENGTH for tag in fields["tags"]):
        errors["tags"] = [f"标签最多 {_MAX_TAGS} 个，每个不超过 {_TAG_LENGTH} 字。请删减。"]


def _check_accounts(actor: Actor, fields: dict[str, Any], errors: dict[str, list[str]]) -> None:
    if "account_ids" not in fields:
        return
    ids = list(dict.fromkeys(str(item) for item in fields["account_ids"] or []))
    for account_id in ids:
        account = db.session.get(Account, account_id)
        if account is None or not actor.may("account.read", account.unit):
            errors.setdefault("account_ids", []).append(f"没有账号 {account_id}。请从可用的账号中选择。")
        elif not actor.may("post.write", account.unit):
            errors.setdefault("account_ids", []).append(f"您无权用账号“{account.name}”发稿。请联系其主管单位授权。")
        elif not account.active:
            errors.setdefault("account_ids", []).append(f"账号“{account.name}”已停用。请改选其他账号。")
    if len(ids) > _MAX_ACCOUNTS:
        errors["account_ids"] = [f"一篇稿件最多发 {_MAX_ACCOUNTS} 个账号。请分成几篇。"]
    fields["account_ids"] = ids


def _check_media(actor: Actor, fields: dict[str, Any], errors: dict[str, list[str]]) -> None:
    if fields.get("cover_media_id") == "":
        fields["cover_media_id"] = None
    cover = fields.get("cover_media_id")
    if cover is not None:
        media = _visible_media(actor, str(cover))
        if media is None:
            errors["cover_media_id"] = ["素材库里没有这张图片。请重新选择封面。"]
        elif not media.blob.content_type.startswith("image/"):
            errors["cover_media_id"] = ["封面必须是图片。请重新选择封面。"]
    if "attachments" in fields:
        ids: Sequence[Any] = fields["attachments"] or []
        fields["attachments"] = list(dict.fromkeys(str(item) for item in ids))
        if len(fields["attachments"]) > _MAX_ATTACHMENTS:
            errors["attachments"] = [f"附件最多 {_MAX_ATTACHMENTS} 个。请合并或删减。"]
        elif any(_visible_media(actor, item) is None for item in fields["attachments"]):
            errors["attachments"] = ["有附件不在素材库中。请重新上传。"]


def _visible_media(actor: Actor, media_id: str) -> Media | None:
    media = db.session.get(Media, media_id)
    return media if media is not None and actor.may("media.read", media.unit) else None


def _check_correction(actor: Actor, fields: dict[str, Any], errors: dict[str, list[str]]) -> None:
    corrected = fields.get("corrects_id")
    if corrected is None:
        return
    post = db.session.get(Post, str(corrected))
    if post is None or not actor.may("post.read", post.unit):
        errors["corrects_id"] = ["没有找到要更正的稿件。请从原稿件页面新建更正。"]
