"""图片消息 (贴图, article_type newspic): plain text under one to twenty permanent pictures, the first of them the cover.

Chosen by the author with the override "form": "newspic"; otherwise a post becomes an article. The payload is
{form, title, text, images: [{media_id, sha256}], cover: {media_id, sha256, crops}, source_url, comments, delivery}.
Source: 草稿箱 新增草稿 (article_type, image_info, cover_info).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from connectors import labels, raised
from connectors.base import MediaStore
from connectors.values import AccountConfig, Adaptation, Content, Form, Json, Note
from connectors.wechat import payloads
from connectors.wechat.article import CONTENT_BYTES, CONTENT_CHARS, TITLE, Adapting
from connectors.wechat.pictures import crops_of, fit_material, is_crop
from connectors.wechat.readback import crop_of, same_text

NEWS, NEWSPIC = "news", "newspic"
FORMS = (Form(key=NEWS, label="图文"), Form(key=NEWSPIC, label="贴图"))
MOST_PICTURES = 20
# Names of the crops in the payload, their width : height, and what cover_info calls them.
CROPS = {"2.35:1": 2.35, "16:9": 16 / 9, "1:1": 1.0}
_RATIOS = {"2.35:1": "2.35_1", "16:9": "16_9", "1:1": "1_1"}
# The content is plain text "with some special tags": what looks like a tag would be taken out of it.
_BRACKETS = str.maketrans({"<": "＜", ">": "＞"})


def is_newspic(payload: Json) -> bool:
    return payload.get("form") == NEWSPIC


def adapt_newspic(account: AccountConfig, media: MediaStore, content: Content) -> Adaptation:
    return _AdaptingPictures(account, media, content).done()


class _AdaptingPictures(Adapting):
    names: Mapping[str, str] = {
        "form": "发布形式", "title": "标题", "text": "文字", "images": "图片", "cover": "封面位置",
        "comments": "留言开关", "delivery": "发布方式",
    }  # fmt: skip

    def done(self) -> Adaptation:
        images = self._images()
        text = self._plain_text()
        payload = {
            "form": NEWSPIC,
            "title": self.words("title", self.content.title),
            "text": text,
            "images": images,
            "cover": self._crops(images),
            "source_url": self.content.link,
            "comments": self.comments(),
            "delivery": self.delivery(),
        }
        self.problems += labels.problems(self.content, text, "text", pictured=bool(images))
        self._judge(payload)
        return self.adaptation(payload, len(text))

    def _plain_text(self) -> str:
        if "text" in self.overrides:
            text = str(self.overrides["text"]).strip()
        else:
            document = self.document
            title = self.content.title.strip()
            lines = [block.written for block in document.blocks if block.text != title]
            text = "\n".join(lines) or self.content.summary.strip()
            lost = [link for link in document.links if link.href.startswith("http") and link.href != link.text]
            if lost:
                self.notes.append(Note(kind="links", message=f"贴图只能放纯文字，{len(lost)} 个链接只保留了文字。"))
            if document.foreign:
                said = f"正文中的 {document.foreign} 张图片不在素材库中，未带入贴图。请上传到素材库后重新插入。"
                self.notes.append(Note(kind="foreign_images", message=said))
            if any(block.kind == "table" for block in document.blocks):
                self.notes.append(Note(kind="table", message="贴图没有表格，表格改为逐行文字。"))
            if document.struck:
                said = f"加了删除线的文字（{document.struck} 处）未带入贴图。"
                self.notes.append(Note(kind="struck", message=said))
            if told := raised.note(document.raised, text, "贴图"):
                self.notes.append(Note(kind="raised", message=told))
            if self.content.source:
                text = f"{text}\n来源：{self.content.source}"
            if text and (said := self.label()):
                text = f"{text}\n{said}"
        changed = text.translate(_BRACKETS)
        if changed != text:
            self.notes.append(Note(kind="brackets", message="尖括号改为全角，否则会被微信当作标签去掉。"))
        return changed

    def _images(self) -> list[dict[str, str]]:
        chosen = self._chosen()
        found: list[dict[str, str]] = []
        for sha256, media_id in chosen.items():
            fitted = fit_material(self.media, sha256)
            if isinstance(fitted, str):
                self.block("wechat.image", "images", fitted)
                continue
            image, change = fitted
            if change:
                self.notes.append(Note(kind="images", message=f"第 {len(found) + 1} 张图片{change}。"))
            found.append({"media_id": media_id or image.media_id, "sha256": image.sha256})
        return found

    def _chosen(self) -> dict[str, str]:
        """sha256 -> media id: what the author picked, else the cover and the pictures of the text, each once."""
        given = self.overrides.get("images")
        if isinstance(given, Sequence) and not isinstance(given, str):
            rows = [row for row in given if isinstance(row, Mapping) and row.get("sha256")]
            return {str(row["sha256"]): str(row.get("media_id") or "") for row in rows}
        if given is not None:
            self.block("wechat.image", "images", "图片的设定不正确。请重新选择图片。")
        cover = self.content.cover
        first = {cover.sha256: cover.media_id} if cover is not None else {}
        rest = {sha256: "" for sha256 in self.document.images if sha256 not in first}
        chosen = {**first, **rest}
        if len(chosen) > MOST_PICTURES:
            left_out = len(chosen) - MOST_PICTURES
            said = f"贴图最多 {MOST_PICTURES} 张图，后面的 {left_out} 张没有使用，可在“图片”中另选。"
            self.notes.append(Note(kind="images", message=said))
        return dict(list(chosen.items())[:MOST_PICTURES])

    def _crops(self, images: list[dict[str, str]]) -> dict[str, Any]:
        """The first picture is the cover; only which part of it is shown can be chosen."""
        image = self.media.get(images[0]["sha256"]) if images else None
        if image is None:
            return {"media_id": "", "sha256": "", "crops": {}}
        crops = crops_of(image, CROPS)
        given = self.overrides.get("cover")
        moved = given.get("crops") if isinstance(given, Mapping) else None
        if isinstance(moved, Mapping):
            crops |= {name: str(value) for name, value in moved.items() if name in CROPS}
            if not all(is_crop(value) for value in crops.values()):
                self.block("wechat.cover", "cover", "封面裁剪范围不正确。请重新拖动裁剪框。")
        return {**images[0], "crops": crops}

    def _judge(self, payload: dict[str, Any]) -> None:
        self.check_length("title", payload["title"], TITLE)
        if not payload["title"]:
            self.block("wechat.title", "title", "没有标题。请填写标题。")
        if not payload["text"]:
            self.block("wechat.content", "text", "文字是空的。请填写文字。")
        if len(payload["text"]) >= CONTENT_CHARS or len(payload["text"].encode()) >= CONTENT_BYTES:
            self.block(
                "wechat.content",
                "text",
                f"文字有 {len(payload['text'])} 字，微信要求少于 {CONTENT_CHARS} 字。请删减，或改用图文。",
            )
        if not payload["images"]:
            self.block("wechat.image", "images", "贴图至少要有一张图片。请添加图片，或改用图文。")
        elif len(payload["images"]) > MOST_PICTURES:
            self.block("wechat.image", "images", f"贴图最多 {MOST_PICTURES} 张图。请减少图片。")
        self.check_source_url(payload["source_url"])


def article_body(payload: Json, materials: Mapping[str, str]) -> dict[str, Any]:
    """The article of draft/add and draft/update; `materials` is sha256 -> permanent media_id."""
    return {
        "article_type": NEWSPIC,
        "title": payload["title"],
        "content": payload["text"],
        "content_source_url": payload["source_url"],
        "need_open_comment": int(bool(payload["comments"])),
        "only_fans_can_comment": 0,
        "image_info": {
            "image_list": [{"image_media_id": materials[image["sha256"]]} for image in payload["images"]],
        },
        "cover_info": {"crop_percent_list": [_crop(name, crop) for name, crop in payload["cover"]["crops"].items()]},
    }


def _crop(name: str, crop: str) -> dict[str, str]:
    x1, y1, x2, y2 = crop.split("_")
    return {"ratio": _RATIOS[name], "x1": x1, "y1": y1, "x2": x2, "y2": y2}


def _numbers(crops: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, ...]]:
    """{ratio: its four numbers}, however they are written."""
    sides = ("x1", "y1", "x2", "y2")
    return {
        payloads.text_of(row.get("ratio")): crop_of("_".join(payloads.text_of(row.get(side)) for side in sides))
        for row in crops
    }


def pictures_of(article: Mapping[str, Any]) -> list[str]:
    """The media_ids of an article of draft/get, in order."""
    return [
        payloads.text_of(row.get("image_media_id")) for row in payloads.rows_of(article.get("image_info"), "image_list")
    ]


def losses(payload: Json, seen: Mapping[str, Any], materials: Mapping[str, str]) -> list[str]:
    """What the draft `seen` lacks of `payload`, in Chinese; nothing when all is there."""
    found = [
        name
        for name, key, theirs in (("标题", "title", "title"), ("原文链接", "source_url", "content_source_url"))
        if unescape(str(payload[key])) != unescape(str(seen.get(theirs) or ""))
    ]
    # It must not have become an article: the pictures would be gone.
    if seen.get("article_type", NEWSPIC) != NEWSPIC:
        found.append("发布形式（变成了图文）")
    told = same_text(str(payload["text"]), str(seen.get("content") or ""))
    if told:
        found.append(f"文字（{told}）")
    wanted = [materials[image["sha256"]] for image in payload["images"]]
    kept = pictures_of(seen)
    if wanted != kept:
        found.append(f"图片（应有 {len(wanted)} 张，留下 {len(kept)} 张，或次序不同）")
    told_crops = payloads.rows_of(seen.get("cover_info"), "crop_percent_list")
    wanted_crops = [_crop(name, crop) for name, crop in payload["cover"]["crops"].items()]
    if "cover_info" in seen and _numbers(told_crops) != _numbers(wanted_crops):
        found.append("封面裁剪")
    if "need_open_comment" in seen and payloads.switch(seen.get("need_open_comment")) != bool(payload["comments"]):
        found.append("留言开关")
    return found
