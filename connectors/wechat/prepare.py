"""Preparing an article, one finished step per call: token, pictures, cover, draft, read-back.

Steps (JSON-able): {"token": "ok", "audience": tag_id?, "images": {sha256: address}, "cover": media_id, "cover_renewed": "1"?, "draft_begun": permalink,
"draft": media_id, "restore": "1"?, "fingerprint_before": hash?, "fingerprint": hash}; a picture post has "pictures": {sha256: media_id} for images and
cover. Saved after each call, so that a crash repeats nothing: a draft whose making got no answer is looked for by our
permalink and adopted, and one that has to change is updated ("restore"). No second draft is ever made beside a first.
"""

from __future__ import annotations

from typing import Any

from connectors.base import MediaStore
from connectors.errors import ConnectorError, ContentRefused, Unavailable
from connectors.values import Json, Prepared
from connectors.wechat import newspic, payloads, readback
from connectors.wechat.api import Api
from connectors.wechat.article import CONTENT_CHARS
from connectors.wechat.drafts import BEFORE, gone, losses, read_draft, several, standing_draft

IN_ARTICLE, COVER = "wechat.uploadimg", "wechat.cover"


class Preparing:
    """The steps for one account."""

    def __init__(self, api: Api, media: MediaStore, account_id: str) -> None:
        self.api, self.media, self.account_id = api, media, account_id
        # The link of the draft whose beginning this very object noted and has not asked yet: nobody else can have made it.
        self._just_begun = ""

    def next_step(self, payload: Json, done: Prepared) -> Prepared:
        """Do the next unfinished step. Raises ContentRefused when WeChat dropped part of the approved article."""
        steps: dict[str, Any] = dict(done.steps)
        if "fingerprint" in steps:
            return Prepared(steps=steps, ready=True)
        if "token" not in steps:
            self.api.token()
            return Prepared(steps={**steps, "token": "ok"})
        if "audience" not in steps and _tag_of(payload):
            return Prepared(steps={**steps, "audience": self._audience(payload)})
        uploaded = (
            self._pictures(payload, steps) if newspic.is_newspic(payload) else self._illustrations(payload, steps)
        )
        if uploaded is not None:
            return Prepared(steps=uploaded)
        if "draft" not in steps and "draft_begun" not in steps:
            self._just_begun = str(payload["source_url"])
            return Prepared(steps={**steps, "draft_begun": self._just_begun})
        if "draft" not in steps:
            again, self._just_begun = self._just_begun != str(payload["source_url"]), ""
            return Prepared(steps=self._draft(payload, steps, again=again))
        if "restore" in steps:
            return Prepared(steps=self._restored(payload, steps))
        return Prepared(steps={**steps, "fingerprint": self._read_back(payload, steps)}, ready=True)

    def _audience(self, payload: Json) -> str:
        """The tag's number, when the platform still has it under the name that was approved (40152 otherwise)."""
        number, name = _tag_of(payload), str(payload["delivery"]["audience"].get("tag_name") or "")
        rows = payloads.rows_of(self.api.get("/cgi-bin/tags/get"), "tags")
        names = {payloads.text_of(row.get("id")): payloads.text_of(row.get("name")) for row in rows}
        if number not in names or (name and names[number] != name):
            now = f"现在叫“{names[number]}”" if number in names else "已不存在"
            error = ContentRefused(
                f"群发对象的标签“{name or number}”在公众平台{now}。", remedy="请重新选择群发对象后送审。", who="拟稿人"
            )
            error.field = "delivery"
            raise error
        return number

    def _illustrations(self, payload: Json, steps: dict[str, Any]) -> dict[str, Any] | None:
        """An article's next picture or its cover; None when all are uploaded."""
        images = dict(steps.get("images") or {})
        missing = next((s for s in payloads.pictures_in(payload["content_html"]) if s not in images), None)
        if missing is not None:
            return {**steps, "images": {**images, missing: self._picture(missing)}}
        if "cover" not in steps:
            cover = self._material(payload["cover"]["sha256"], renew="cover_renewed" in steps)
            return {**steps, "cover": cover}
        return None

    def _pictures(self, payload: Json, steps: dict[str, Any]) -> dict[str, Any] | None:
        """A picture post's next picture, each a permanent material; None when all are uploaded."""
        pictures = dict(steps.get("pictures") or {})
        missing = next((row["sha256"] for row in payload["images"] if row["sha256"] not in pictures), None)
        if missing is None:
            return None
        pictures[missing] = self._material(missing, renew="cover_renewed" in steps)
        return {**steps, "pictures": pictures}

    def _picture(self, sha256: str) -> str:
        known = self.media.remembered(sha256, self.account_id, IN_ARTICLE)
        if known:
            return known
        content, kind = self._bytes(sha256)
        url = _wanted(self.api.upload("/cgi-bin/media/uploadimg", content, kind), "url")
        self.media.remember(sha256, self.account_id, IN_ARTICLE, url)
        return url

    def _material(self, sha256: str, *, renew: bool) -> str:
        """A permanent material; a temporary media_id or an uploadimg address is refused as 40007 later."""
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

    def _draft(self, payload: Json, steps: dict[str, Any], *, again: bool) -> dict[str, Any]:
        """A new draft, or the one that an earlier try made without our hearing of it, brought up to date."""
        article = _article(payload, steps)
        standing = standing_draft(self.api, str(payload["source_url"])) if again else ""
        if standing:
            return {**steps, "draft": standing, "restore": "1"}
        try:
            answer = self.api.post("/cgi-bin/draft/add", {"articles": [article]})
        except ConnectorError as error:
            if error.code != "40007" or "cover_renewed" in steps:
                raise
            # The remembered cover (or picture) was deleted at the platform: upload it once more.
            kept = {k: v for k, v in steps.items() if k not in ("cover", "pictures", "draft_begun")}
            return {**kept, "cover_renewed": "1"}
        return {**steps, "draft": _wanted(answer, "media_id")}

    def _restored(self, payload: Json, steps: dict[str, Any]) -> dict[str, Any]:
        """The standing draft as it was approved. draft/update wants an object and counts articles from 0."""
        seen = read_draft(self.api, steps["draft"])
        if seen is None:
            raise gone()
        if len(seen) != 1:
            raise several()
        body = {"media_id": steps["draft"], "index": 0, "articles": _article(payload, steps)}
        try:
            self.api.post("/cgi-bin/draft/update", body)
        except ConnectorError as error:
            if error.code == "40007" and "cover_renewed" not in steps:
                kept = {k: v for k, v in steps.items() if k not in ("cover", "pictures")}
                return {**kept, "cover_renewed": "1"}
            raise
        return {k: v for k, v in steps.items() if k not in ("restore", BEFORE)}

    def _read_back(self, payload: Json, steps: dict[str, Any]) -> str:
        seen = read_draft(self.api, steps["draft"])
        if seen is None:
            raise gone()
        if len(seen) != 1:
            raise several()
        lost = losses(payload, seen[0], steps)
        if lost:
            error = ContentRefused(
                f"微信没有原样保存稿件：{'、'.join(lost)}。", remedy="请修改这些部分后重新送审。", who="拟稿人"
            )
            error.field = "text" if newspic.is_newspic(payload) else "content_html"
            raise error
        return readback.fingerprint(seen[0])


def _tag_of(payload: Json) -> str:
    """The number of the tag that a mass send is for; "" for everybody."""
    delivery = payload["delivery"]
    audience = delivery["audience"]
    return "" if delivery["mode"] != "mass" or audience["is_to_all"] else str(audience["tag_id"])


def _article(payload: Json, steps: dict[str, Any]) -> dict[str, Any]:
    """The one article of the draft, with the platform's ids in place of ours."""
    if newspic.is_newspic(payload):
        return newspic.article_body(payload, steps["pictures"])
    content = payloads.uploaded_content(payload["content_html"], dict(steps.get("images") or {}))
    if len(content) >= CONTENT_CHARS:
        error = ContentRefused(
            f"正文换成微信的图片地址后有 {len(content)} 个字符，超过上限。", remedy="请删减正文或图片。", who="拟稿人"
        )
        error.field = "content_html"
        raise error
    return payloads.article_body(payload, content, steps["cover"])


def _wanted(answer: dict[str, Any], name: str) -> str:
    value = payloads.text_of(answer.get(name))
    if not value:
        raise Unavailable(f"平台的答复里缺少 {name}。", remedy="系统会稍后自动重试。", who="系统")
    return value
