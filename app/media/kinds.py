"""What an uploaded file really is: by its bytes and structure, whatever its name says."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from app.errors import TooLarge, WrongKind
from app.media.zipped import FAULTS, bursts, prove, read_part
from connectors import images

MAX_PIXELS = 80_000_000
# What an office file may unpack to.
MAX_UNPACKED = 200 * 1024 * 1024

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
_PICTURES = {
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png", "apng"),
    "image/gif": ("gif",),
    "image/bmp": ("bmp", "dib"),
    "image/webp": ("webp",),
}
EXTENSIONS = {**_PICTURES, DOCX: ("docx",), XLSX: ("xlsx",), PDF: ("pdf",)}
_ACCEPTED = "支持的格式有 JPEG、PNG、GIF、BMP、WebP、docx、xlsx、pdf。"
_PICTURES_ONLY = "这里只收图片：JPEG、PNG、GIF、BMP、WebP。"
_MAIN_PARTS = {
    "word/document.xml": (DOCX, b"wordprocessingml.document.main+xml"),
    "xl/workbook.xml": (XLSX, b"spreadsheetml.sheet.main+xml"),
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The true content type; pixels 0 for files; `metadata` when there is more in a picture's file than the picture."""

    content_type: str
    width: int = 0
    height: int = 0
    metadata: bool = False
    moving: bool = False

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")


def kind_of(content: bytes, name: str) -> Kind:
    """Raises WrongKind (415) with the reason, TooLarge (413) for pictures and archives that would burst the memory."""
    if not content:
        raise WrongKind("没有收下这个文件。文件是空的。请检查原文件后重新上传。")
    kind = _document(content) or _picture(content)
    if kind is None:
        raise WrongKind(_refusal(content, name))
    _check_name(kind, name)
    return kind


def picture_of(content: bytes, name: str) -> Kind:
    """As kind_of, where only a picture will do (cover, pictures in the text): what is none is refused in its own words."""
    try:
        kind = kind_of(content, name)
    except WrongKind as error:
        if _ACCEPTED in error.message:
            raise WrongKind(error.message.replace(_ACCEPTED, _PICTURES_ONLY)) from None
        raise
    if not kind.is_image:
        raise WrongKind(f"没有收下这个文件。它是文档，不是图片。{_PICTURES_ONLY}请另选一张图片。")
    return kind


def _picture(content: bytes) -> Kind | None:
    try:
        seen = images.examine(content, max_pixels=MAX_PIXELS)
    except images.TooManyFrames:
        raise TooLarge(
            "动图没有收下。各帧的像素合计太多（宽×高×帧数，上限 2 亿像素）。请减少帧数或缩小尺寸后重新上传。"
        ) from None
    except images.TooManyPixels:
        raise TooLarge("图片没有收下。像素太多（上限 8000 万像素）。请缩小尺寸后重新上传。") from None
    except ValueError:
        return None
    return Kind(
        content_type=seen.content_type,
        width=seen.width,
        height=seen.height,
        metadata=seen.metadata,
        moving=seen.moving,
    )


def _document(content: bytes) -> Kind | None:
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-4096:]:
            raise WrongKind("PDF 没有收下。文件不完整或已损坏。请重新导出后上传。")
        return Kind(content_type=PDF)
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    return None


def _office(content: bytes) -> Kind | None:
    """docx or xlsx by the parts inside; anything else that is zipped is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if bursts(archive, MAX_UNPACKED):
                raise TooLarge("文档没有收下。解压后的内容太大。请删去多余图片或拆分后重新上传。")
            names = set(archive.namelist())
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise WrongKind("文档没有收下。里面带有宏程序，可能有危险。请另存为不带宏的 docx 或 xlsx 后上传。")
            listed = "[Content_Types].xml"
            types = read_part(archive, archive.getinfo(listed)) if listed in names else b""
            for main, (content_type, declared) in _MAIN_PARTS.items():
                if main in names and declared in types:
                    prove(archive)
                    return Kind(content_type=content_type)
    except (*FAULTS, KeyError):
        raise WrongKind("文档没有收下。文件已损坏或加了密码。请重新保存、去掉密码后上传。") from None
    return None


def _check_name(kind: Kind, name: str) -> None:
    """A picture may bear another picture's ending; a document called .jpg is a disguise."""
    ending = _ending(name)
    if not ending or ending in EXTENSIONS[kind.content_type]:
        return
    if kind.is_image and any(ending in endings for endings in _PICTURES.values()):
        return
    what = "图片" if kind.is_image else EXTENSIONS[kind.content_type][0]
    raise WrongKind(f"没有收下“{name[-60:]}”。扩展名是 .{ending}，内容却是{what}。请核对文件来源，改正扩展名后再上传。")


def _refusal(content: bytes, name: str) -> str:
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    ending = _ending(name)
    if b"<svg" in head:
        return f"没有收下这个文件。SVG 图片可能夹带脚本。请导出为 PNG 后上传；{_ACCEPTED}"
    if head.startswith((b"<!doctype html", b"<html", b"<script", b"<?xml", b"<?php")):
        return f"没有收下这个文件。内容是网页或代码，不是图片或文档。{_ACCEPTED}"
    if head.startswith((b"mz", b"\x7felf", b"#!")):
        return f"没有收下这个文件。内容是程序，不是图片或文档。请勿打开来源不明的文件；{_ACCEPTED}"
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return "没有收下这个文件。这是旧版 Office 格式（doc、xls）。请另存为 docx 或 xlsx 后上传。"
    if any(ending in endings for endings in EXTENSIONS.values()):
        return f"没有收下这个文件。扩展名是 .{ending}，内容却不是这种格式，或文件已损坏。请重新导出后上传；{_ACCEPTED}"
    return f"没有收下这个文件。不是支持的图片或文档。{_ACCEPTED}"


def _ending(name: str) -> str:
    return name.rsplit(".", 1)[1].lower()[:12] if "." in name else ""
