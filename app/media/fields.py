"""What people write about an item: names, lengths, folders, tags and the end of a licence; checked before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.errors import Invalid
from connectors.labels import MADE, NONE

TEXTS = {"title": 200, "alt": 400, "source": 200, "holder": 200, "licence": 200, "note": 2000}
NAMES = {
    "title": "标题",
    "alt": "替代文字",
    "source": "来源",
    "holder": "版权方",
    "licence": "授权说明",
    "note": "备注",
    "folder": "文件夹",
    "tags": "标签",
    "expires_on": "到期日",
    "ai_made": "AI 制作",
}
MOST_TAGS, TAG_LENGTH = 20, 40
FOLDER_LENGTH, FOLDER_DEPTH = 200, 5
_SLASHES = re.compile(r"[/／\\＼]")
_COMMAS = re.compile(r"[、,，;；\s]+")


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with texts tidied, folder, tags (list) and expires_on (date or None) as they are kept.

    Raises Invalid naming every wrong field, unknown ones too.
    """
    errors: dict[str, list[str]] = {name: ["没有这个字段。"] for name in given if name not in NAMES}
    fields: dict[str, Any] = {}
    for name, limit in TEXTS.items():
        if name in given:
            text = str(given[name] or "")
            fields[name] = _lines(text) if name == "note" else _line(text)
            if len(fields[name]) > limit:
                errors[name] = [f"{NAMES[name]}不能超过 {limit} 字，现有 {len(fields[name])} 字。请缩短。"]
    if "folder" in given:
        fields["folder"], told = folder_of(str(given["folder"] or ""))
        if told:
            errors["folder"] = [told]
    if "tags" in given:
        fields["tags"] = tags_of(given["tags"] or [])
        if len(fields["tags"]) > MOST_TAGS or any(len(tag) > TAG_LENGTH for tag in fields["tags"]):
            errors["tags"] = [f"标签最多 {MOST_TAGS} 个，每个不超过 {TAG_LENGTH} 字。请删减。"]
    if "expires_on" in given:
        try:
            fields["expires_on"] = _day(given["expires_on"])
        except ValueError:
            errors["expires_on"] = ["日期不对，应为年-月-日，例如 2027-06-30。请改正，或留空表示长期有效。"]
    if "ai_made" in given:
        fields["ai_made"] = given["ai_made"] or NONE
        if fields["ai_made"] not in MADE:
            errors["ai_made"] = [
                "没有这种选择。可选：none（没有使用 AI）、assisted（AI 辅助生成）、generated（AI 生成）。"
            ]
    if errors:
        raise Invalid("素材信息没有保存。有字段不符合要求。请按各字段的提示改正后重新保存。", errors=errors)
    return fields


def folder_of(text: str) -> tuple[str, str]:
    """A path as it is kept ("活动/2026": no slash at its ends, none twice), and what is wrong with it, "" for nothing."""
    steps = [step for step in (_line(part) for part in _SLASHES.split(text)) if step]
    path = "/".join(steps)
    if any(step in (".", "..") for step in steps):
        return path, "文件夹名不能是“.”或“..”。请换一个名称。"
    if len(steps) > FOLDER_DEPTH:
        return path, f"文件夹最多 {FOLDER_DEPTH} 层，现有 {len(steps)} 层。请减少层级。"
    if len(path) > FOLDER_LENGTH:
        return path, f"文件夹名连同上级不能超过 {FOLDER_LENGTH} 字。请缩短。"
    return path, ""


def tags_of(given: str | Iterable[Any]) -> list[str]:
    """Each tag once, without blanks and #; a text is split at commas, enumeration commas and blanks."""
    parts = _COMMAS.split(given) if isinstance(given, str) else [str(item) for item in given]
    tags = (_line(part).strip("#＃ ") for part in parts)
    return list(dict.fromkeys(tag for tag in tags if tag))


def _day(value: Any) -> date | None:
    """Raises ValueError."""
    if value is None or value == "":
        return None
    day = value if isinstance(value, date) else date.fromisoformat(str(value).strip())
    if not 1990 <= day.year <= 2200:
        raise ValueError(day)
    return day


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() or char == "\u200d" else " " for char in text).split())


def _lines(text: str) -> str:
    return "\n".join(_line(line) for line in text.replace("\r\n", "\n").split("\n")).strip()
