"""Preparing an article, one finished step per call: token, pictures, cover, draft, read-back.

Steps (JSON-able): {"token": "ok", "images": {sha256: address}, "cover": media_id, "cover_renewed": "1"?,
"draft": media_id, "fingerprint": hash}. Saved after each call, so that a crash repeats nothing.
"""

from __future__ import annotations

from typing import Any

from connectors.base import MediaStore
from connectors.errors import ConnectorError, ContentRefused, Refused, Unavailable
from connectors.values import Json, Prepared
from connectors.wechat import payloads, readback
from connectors.wechat.api import Api
from connectors.wechat.article import CONTENT_CHARS

IN_ARTICLE, COVER = "wechat.uploadimg", "wechat.cover"
# A person can add articles to a draft; sending it would send those too, which nobody has approved.
_SEVERAL = "公众平台上的草稿里多出了别的文章，它们没有经过审核。"


class Preparing:
    """The steps for one account."""

    def __init__(self, api: Api, media: MediaStore, account_id: str) -> None:
        self.api, self.media, self.account_id = api, media, account_id

    def next_step(self, payload: Json, done: Prepared) -> Prepared:
        """Do the next unfinished step. Raises ContentRefused when WeChat dropped part of the approved article."""
        steps: dict[str, Any] = dict(done.steps)
        if "fingerprint" in steps:
            return Prepared(steps=steps, ready=True)
        if "token" not in steps:
            self.api.token()
            return Prepared(steps={**steps, "token": "ok"})
        images = dict(steps.get("images") or {})
        missing = next((s for s in payloads.pictures_in(payload["content_html"]) if s not in images), None)
        if missing is not None:
            images[missing] = self._picture(missing)
            return Prepared(steps={**steps, "images": images})
        if "cover" not in steps:
            return Prepared(steps={**steps, "cover": self._cover(payload, renew="cover_renewed" in steps)})
        if "draft" not in steps:
            return Prepared(steps=self._draft(payload, steps, images))
        return Prepared(steps={**steps, "fingerprint": self._read_back(payload, steps["draft"])}, ready=True)

    def _picture(self, sha256: str) -> str:
        known = self.media.remembered(sha256, self.account_id, IN_ARTICLE)
        if known:
            return known
        content, kind = self._bytes(sha256)
        url = _wanted(self.api.upload("/cgi-bin/media/uploadimg", content, kind), "url")
        self.media.remember(sha256, self.account_id, IN_ARTICLE, url)
        return url

    def _cover(self, payload: Json, *, renew: bool) -> str:
        """A permanent material; a temporary media_id or an uploadimg address is refused as 40007 later."""
        sha256 = payload["cover"]["sha256"]
        known = None if renew else self.media.remembered(sha256, self.account_id, COVER)
        if known:
            return known
        content, kind = self._bytes(sha256)
        answer = self.api.upload("/cgi-bin/material/add_material", content, kind, {"type": "image"})
        media_id = _wanted(answer, "media_id")
        self.media.remember(sha256, self.account_id, COVER, media_id)
        return media_id

    def _bytes(self, sha256: str) -> tuple[bytes, str]:
        image = self.media.get(sha256)
        if image is None:
            raise ContentRefused("稿件用到的图片已不在素材库中。", remedy="请重新插入图片后送审。", who="拟稿人")
        return self.media.read(sha256), image.content_type

    def _draft(self, payload: Json, steps: dict[str, Any], images: dict[str, str]) -> dict[str, Any]:
        content = payloads.uploaded_content(payload["content_html"], images)
        if len(content) >= CONTENT_CHARS:
            error = ContentRefused(
                f"正文换成微信的图片地址后有 {len(content)} 个字符，超过上限。",
                remedy="请删减正文或图片。",
                who="拟稿人",
            )
            error.field = "content_html"
            raise error
        try:
            answer = self.api.post("/cgi-bin/draft/add", payloads.draft_body(payload, content, steps["cover"]))
        except ConnectorError as error:
            if error.code != "40007" or "cover_renewed" in steps:
                raise
            # The remembered cover was deleted at the platform: upload it once more.
            return {**{k: v for k, v in steps.items() if k != "cover"}, "cover_renewed": "1"}
        return {**steps, "draft": _wanted(answer, "media_id")}

    def _read_back(self, payload: Json, draft: str) -> str:
        seen = read_draft(self.api, draft)
        if seen is None:
            raise Refused(
                "草稿刚建好就不在公众平台的草稿箱里了，可能已被人工发布或删除。",
                remedy="请登录公众平台核对；确认没有发布后取消并重新排期。",
                who="发布人",
                code="40007",
            )
        if len(seen) != 1:
            raise Refused(_SEVERAL, remedy="请登录公众平台核对，取消后重新排期。", who="发布人")
        lost = readback.losses(payload, seen[0])
        if lost:
            error = ContentRefused(
                f"微信没有原样保存稿件：{'、'.join(lost)}。", remedy="请修改这些部分后重新送审。", who="拟稿人"
            )
            error.field = "content_html"
            raise error
        return readback.fingerprint(seen[0])


def read_draft(api: Api, media_id: str) -> list[dict[str, Any]] | None:
    """The articles of a draft (ours has one), or None when the draft is gone (published, mass-sent or deleted)."""
    try:
        answer = api.post("/cgi-bin/draft/get", {"media_id": media_id})
    except ConnectorError as error:
        if error.code == "40007":
            return None
        raise
    articles = payloads.articles_of(answer)
    if not articles:
        raise Unavailable("平台没有给出草稿内容。", remedy="系统会稍后自动重试。", who="系统")
    return articles


def changed_since(api: Api, prepared: Prepared) -> str | None:
    """Why the standing draft is not the prepared one any more, or None."""
    seen = read_draft(api, str(prepared.steps["draft"]))
    if seen is None:
        return "草稿已不在公众平台的草稿箱中，可能已被人工发布或删除。请登录公众平台核对。"
    if len(seen) != 1:
        return f"{_SEVERAL}请登录公众平台核对，或取消后重新排期。"
    if readback.fingerprint(seen[0]) != prepared.steps["fingerprint"]:
        return "公众平台上的草稿已被人工改动，与审核通过的内容不一致。请登录公众平台核对，或取消后重新排期。"
    return None


def _wanted(answer: dict[str, Any], name: str) -> str:
    value = payloads.text_of(answer.get(name))
    if not value:
        raise Unavailable(f"平台的答复里缺少 {name}。", remedy="系统会稍后自动重试。", who="系统")
    return value
