"""media/get: the picture, voice or film behind an inbound message, kept by the platform for three days.

The answer is the bytes, or for films JSON with `video_url`, or a JSON error under HTTP 200 (40007: expired).
"""

from __future__ import annotations

import re

from connectors.errors import ContentRefused, Refused, Unavailable
from connectors.http import Answer
from connectors.values import InboundMedia, MediaFile
from connectors.wechat import payloads
from connectors.wechat.api import Api

_NAME = re.compile(r'filename="([^"]{1,120})"')
# Where films are fetched from: the platform's own hosts, by its own address, without our token. Nothing that two readers
# of addresses could read in two ways: no user, no port, no backslash.
_FILM = re.compile(r"https?://(?:[a-z0-9-]+\.)+(?:qq\.com|qpic\.cn)/[!-\[\]-~]*", re.ASCII | re.IGNORECASE)


def fetch(api: Api, reference: InboundMedia) -> MediaFile:
    """Raises Refused when it has expired, Unavailable when it may be had later."""
    if not reference.media_id:
        raise Refused("平台没有给出文件编号。", remedy="请登录公众平台查看。", who="回复人", code="no_media_id")
    try:
        answer = api.download("/cgi-bin/media/get", {"media_id": reference.media_id})
    except ContentRefused as error:
        if error.code != "40007":
            raise
        said = "已过期，未取到：微信只保留三天。"
        raise Refused(said, remedy="请对方再发一次。", who="回复人", code="40007", rid=error.rid) from None
    if isinstance(answer, Answer):
        return _file(answer)
    url = payloads.text_of(answer.get("video_url"))
    if not _FILM.fullmatch(url):
        raise Refused("平台给出的视频地址不能使用。", remedy="请登录公众平台查看。", who="回复人", code="video_url")
    return _file(api.fetch(url))


def _file(answer: Answer) -> MediaFile:
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip()
    if answer.status != 200 or not answer.body or kind in ("text/html", "application/json"):
        raise Unavailable("平台没有给出文件。", remedy="系统会稍后再取。", who="系统", code=f"HTTP {answer.status}")
    found = _NAME.search(answer.headers.get("Content-disposition", ""))
    return MediaFile(content=answer.body, content_type=kind, name=found.group(1) if found else "")
