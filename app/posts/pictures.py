"""Pictures in a body must lie in the library: those that come along are put there, foreign ones are left out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from app.config import current
from app.db import db
from app.errors import TandemError
from app.media.blobs import shown_blob
from app.media.models import Blob
from app.media.services import add_media
from app.units.access import Actor
from connectors.measuring import pixels_of

_MEDIA = re.compile(r"^/media/([0-9a-f]{64})$")
_DATA = re.compile(r"^data:(image/[\w.+-]+)?((?:;[\w=-]+)*),(.*)$", re.DOTALL | re.IGNORECASE)


# What one text may bring along: pixels to be decoded (some fifty photographs), bytes to be looked at.
_MOST_PIXELS = 600_000_000
_MOST_BYTES = 400 * 1024 * 1024
# So much higher than wide, a picture is a poster: phones show its beginning, and all of it when it is opened.
_LONG = 3


def stored(src: str, _alt: str) -> str | None:
    """ "/media/{sha256}" for what lies in the library, None for anything else; stores nothing. (A `Place` of sanitising.)"""
    local = _local(src)
    found = _MEDIA.match(local)
    return local if found is not None and shown_blob(found.group(1)) is not None else None


def long_pictures(payload: Mapping[str, Any]) -> set[str]:
    """The hashes of the payload's `images` that are posters."""
    wanted = {str(image["sha256"]) for image in payload.get("images") or ()}
    if not wanted:
        return set()
    tall = select(Blob.sha256).where(Blob.sha256.in_(wanted), Blob.width > 0, Blob.height >= Blob.width * _LONG)
    return set(db.session.scalars(tall))


class Pictures:
    """Decides for each <img> of one body. `notes` says in Chinese what became of them; `missing` names files to upload.

    `given` are files that came along with an import, by their path; the document lies in `folder`.
    """

    def __init__(
        self,
        actor: Actor,
        unit_id: str,
        now: datetime,
        given: Mapping[str, bytes] | None = None,
        *,
        folder: str = "",
    ) -> None:
        self.actor = actor
        self.unit_id = unit_id
        self.now = now
        self.given = {_normal(name): content for name, content in (given or {}).items()}
        self.folder = folder
        self.notes: list[str] = []
        self._used: set[str] = set()
        self._left_behind: Counter[str] = Counter()
        self.missing: list[str] = []
        self.imported = 0
        self._placed: dict[str, str] = {}
        self._kept: dict[str, str | None] = {}
        self._pixels = self._bytes = 0

    def place(self, src: str, alt: str) -> str | None:
        """ "/media/{sha256}" for a usable picture; None after noting why not. (A `Place` of sanitising.)

        What is shown again and again is looked at once.
        """
        found = self._placed.get(src) or self._place(src, alt)
        if found and len(src) < 1000:
            self._placed[src] = found
        return found

    def _place(self, src: str, alt: str) -> str | None:
        if src.lower().startswith("data:"):
            return self._from_data(src)
        local = _local(src)
        if found := _MEDIA.match(local):
            if shown_blob(found.group(1)) is not None:
                return local
            self._note(f"图片 {local[:20]}… 不在素材库中，已移除。请重新上传。")
            return None
        if re.match(r"(?i)(?:https?:)?//", src):
            self._left_behind[_host(src) or src[:40]] += 1
            return None
        if src.lower().startswith("file:") and not self.given:
            # What an office program leaves on the clipboard: the picture lies on that computer alone.
            self._left_behind[""] += 1
            return None
        return self._from_files(src, alt)

    def keep(self, name: str, content: bytes) -> str | None:
        """The address of `content` in the library, where it is put now; None after noting why it was refused."""
        if self.are_enough():
            return None
        self._bytes += len(content)
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._kept:
            self._kept[digest] = self._take_in(name, content)
        return self._kept[digest]

    def are_enough(self) -> bool:
        """Whether so many came along that the next is not even looked at, which is noted then."""
        if self._bytes < _MOST_BYTES:
            return False
        self._note("后面的图片没有导入。这篇文稿带来的图片太多。请分成几篇导入，或单独上传后插入原处。")
        return True

    def _take_in(self, name: str, content: bytes) -> str | None:
        pixels = pixels_of(content)
        if self._pixels + pixels > _MOST_PIXELS:
            self._note(
                f"图片“{name}”没有导入。这篇文稿带来的图片合计超过 {_MOST_PIXELS // 100_000_000} 亿像素。"
                "请缩小图片后重新导入，或单独上传后插入原处。"
            )
            return None
        self._pixels += pixels
        try:
            media = add_media(self.actor, unit_id=self.unit_id, name=name, content=content, now=self.now, picture=True)
        except TandemError as refused:
            self._note(f"图片“{name}”没有导入。{refused.message}")
            return None
        self.imported += 1
        return f"/media/{media.sha256}"

    def _from_files(self, src: str, alt: str) -> str | None:
        path = self._given_as(unquote(src))
        name = _base(unquote(src))
        if path:
            self._used.add(path)
            return self.keep(name, self.given[path])
        if src:
            self.missing.append(unquote(src))
            self._note(f"图片“{alt or name}”（{unquote(src)}）没有随文稿提供。请上传后插入原处。")
        return None

    def _given_as(self, src: str) -> str:
        """Which of the given files `src` means: by its path from the document on, else by its name, if only one has it."""
        exact = _normal(posixpath.join(self.folder, src.replace("\\", "/")))
        if exact in self.given:
            return exact
        same = [path for path in self.given if _base(path) == _base(src)]
        return same[0] if len(same) == 1 else ""

    def unused(self) -> list[str]:
        """A note of the given files that the document shows nowhere."""
        left = sorted(set(self.given) - self._used)
        shown = "、".join(left[:5]) + ("等" if len(left) > 5 else "")
        return [f"有 {len(left)} 张图片在文稿里没有用到，没有导入：{shown}。需要时请插入或上传。"] if left else []

    def _from_data(self, src: str) -> str | None:
        found = _DATA.match(src)
        if found is None:
            self._note("一张内嵌图片格式不对，已移除。请另行上传。")
            return None
        kind, parameters, data = found.groups()
        try:
            content = base64.b64decode(unquote(data)) if "base64" in parameters.lower() else unquote(data).encode()
        except (binascii.Error, ValueError):
            self._note("一张内嵌图片的数据已损坏，已移除。请另行上传。")
            return None
        return self.keep(f"pasted.{(kind or 'image/png').rpartition('/')[2]}", content)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def summary(self) -> list[str]:
        """All notes of this body's pictures."""
        kept = [f"{self.imported} 张图片已存入素材库。"] if self.imported else []
        return kept + self.notes + [_left_behind(host, count) for host, count in self._left_behind.items()]


def _left_behind(host: str, count: int) -> str:
    if host:
        return f"外部图片（{host}）{count} 张已移除：图片必须在素材库中。请下载后上传，再插入原处。"
    return f"{count} 张图片没有随粘贴带过来：它们还在原来的文件里。请单独插入图片，或改用“导入文稿”导入整个 Word 文件。"


def _local(src: str) -> str:
    """The path of an address on this very site."""
    base = current().public_url
    return src[len(base) :] if src.startswith(f"{base}/media/") else src


def _host(src: str) -> str:
    """ "" for what only looks like an address."""
    try:
        return urlsplit(src).hostname or ""
    except ValueError:
        return ""


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].partition("?")[0].lower()


def _normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/").partition("?")[0]).lower()
