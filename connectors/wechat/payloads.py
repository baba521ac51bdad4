"""WeChat's JSON: what we send, and what answers and events mean. Ids are text whatever WeChat sends (numbers above 2^53)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.values import CannotTell, Finding, Found, Json, Receipt, Rejected, Removed
from connectors.wechat.clocks import from_epoch

_MEDIA_SRC = re.compile(r'src="/media/([0-9a-f]{64})"')
PLATFORM_REVIEW = "平台"

# Why a mass send failed, by the number in MASSSENDJOBFINISH's err(n).
MASS_FAILURES = {
    "10001": "涉嫌广告",
    "20001": "涉嫌政治",
    "20002": "涉嫌色情",
    "20004": "涉嫌社会",
    "20006": "涉嫌违法犯罪",
    "20008": "涉嫌欺诈",
    "20013": "涉嫌版权",
    "21000": "涉嫌其他",
    "22000": "涉嫌互推",
    "30001": "原创校验出错，已按“判为转载即停止”停止",
    "30002": "原创校验判定不能群发",
    "30003": "原创校验判为转载，已停止群发",
    "40001": "公众号管理员拒绝了群发",
    "40002": "公众号管理员 30 分钟内没有确认",
}


def text_of(value: object) -> str:
    """An id or text as text; "" for nothing and for anything nested. Never "None" and never a float's form."""
    if value is None or isinstance(value, bool | Mapping | list):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def number_of(value: object) -> str:
    """The digits of an id that WeChat wants back as a number (msg_id, msg_data_id); "" for anything else."""
    text = text_of(value)
    return text if text.isascii() and text.isdigit() and len(text) <= 20 else ""


def mass_id(details: Mapping[str, str]) -> str:
    """The one id of a mass-sent article: {msg_data_id}_{index, 1-based} as the statistics list it, so that what the account
    published is not counted twice; the msg_id while that is not known."""
    mid = details.get("msg_data_id", "")
    index = number_of(details.get("index", "0")) or "0"
    return f"{mid}_{int(index) + 1}" if mid else details.get("msg_id", "")


def listed(value: object) -> list[Any]:
    """WeChat's XML and JSON show one item as a scalar or object, several as a list, none as null."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def switch(value: object) -> bool:
    """A switch as WeChat writes it: 0 or 1, as number or text."""
    return str(value or 0) not in ("0", "False", "false")


def pictures_in(content_html: str) -> list[str]:
    """The hashes of the pictures to be uploaded, each once, in order."""
    return list(dict.fromkeys(_MEDIA_SRC.findall(content_html)))


def uploaded_content(content_html: str, urls: Mapping[str, str]) -> str:
    """The content with every /media/{sha256} replaced by WeChat's address of it. Raises KeyError for one missing."""
    return _MEDIA_SRC.sub(lambda found: f'src="{urls[found.group(1)].replace("&", "&amp;")}"', content_html)


def article_body(payload: Json, content: str, cover_media_id: str) -> dict[str, Any]:
    """One article of a draft: draft/add wants an array of them, draft/update the object itself."""
    crops = payload["cover"]["crops"]
    return {
        "article_type": "news",
        "title": payload["title"],
        "author": payload["author"],
        "digest": payload["digest"],
        "content": content,
        "content_source_url": payload["source_url"],
        "thumb_media_id": cover_media_id,
        "need_open_comment": int(bool(payload["comments"])),
        "only_fans_can_comment": 0,
        "pic_crop_235_1": crops["2.35:1"],
        "pic_crop_1_1": crops["1:1"],
    }


def mass_body(payload: Json, media_id: str, client_id: str) -> dict[str, Any]:
    """message/mass/sendall for a draft."""
    delivery = payload["delivery"]
    audience = delivery["audience"]
    chosen = {"is_to_all": True} if audience["is_to_all"] else {"is_to_all": False, "tag_id": int(audience["tag_id"])}
    return {
        "filter": chosen,
        "mpnews": {"media_id": media_id},
        "msgtype": "mpnews",
        "send_ignore_reprint": int(delivery["send_ignore_reprint"]),
        "clientmsgid": client_id,
    }


def articles_of(parsed: object) -> list[dict[str, Any]]:
    """news_item of draft/get, freepublish/getarticle and of an item's content; nothing for anything else."""
    return rows_of(parsed, "news_item")


def rows_of(parsed: object, name: str) -> list[dict[str, Any]]:
    """The objects listed under `name`; whatever else stands there is left out."""
    found = parsed.get(name) if isinstance(parsed, Mapping) else None
    return [row for row in listed(found) if isinstance(row, dict)]


def moment_of(value: object) -> datetime | None:
    """A time in seconds, or None for what is none."""
    try:
        return from_epoch(value)
    except ValueError:
        return None


# The parameter of a permalink that no other publication has.
UNIQUE = "w"


def same_link(sent: str, seen: str) -> bool:
    """Whether `seen` is our permalink: equal, or carrying the same unique parameter."""
    ours, theirs = unescape(sent), unescape(seen)
    if not ours or not theirs:
        return False
    if ours == theirs:
        return True
    unique = _unique(ours)
    return bool(unique) and _unique(theirs) == unique


def _unique(link: str) -> list[str]:
    try:
        return parse_qs(urlsplit(link).query).get(UNIQUE, [])
    except ValueError:
        return []


def publish_finding(info: Mapping[str, Any], *, published_at: datetime | None = None) -> Finding:
    """What freepublish/get or PUBLISHJOBFINISH tells. fail_idx proves nothing: it is filled while publishing too.

    0 done · 1 publishing · 2 originality · 3 ordinary failure · 4 platform review · 5 deleted by the user · 6 banned.
    """
    status = text_of(info.get("publish_status"))
    if status == "0":
        return Found(receipt=_published(info, published_at))
    if status == "1":
        return CannotTell(reason="平台正在审核和发布。")
    if status in ("5", "6"):
        who = "账号运营者" if status == "5" else "平台"
        return Removed(reason=f"文章发布成功后已被{who}删除。" if status == "5" else "文章发布成功后被平台封禁。")
    causes = {
        "2": ("原创声明没有通过。", "请在公众平台检查原创设置，修改后重新送审。"),
        "3": ("平台发布失败，平台没有说明原因。", "请登录公众平台查看草稿箱中的提示；测试号总是如此。"),
        "4": ("平台审核没有通过。", "请检查标题、正文和图片，修改后重新送审。"),
    }
    if status in causes:
        cause, remedy = causes[status]
        return Rejected(cause=cause, remedy=remedy, who="拟稿人", code=f"publish_status={status}")
    return CannotTell(reason=f"平台返回了未收录的发布状态 {status or '（空）'}。")


def _published(info: Mapping[str, Any], published_at: datetime | None) -> Receipt:
    detail = info.get("article_detail")
    urls = [text_of(item.get("article_url")) for item in rows_of(detail, "item")]
    article_id = text_of(info.get("article_id"))
    details = {"publish_id": text_of(info.get("publish_id")), "article_id": article_id}
    return Receipt(
        external_id=article_id,
        url=urls[0] if urls else "",
        live=True,
        published_at=published_at,
        details={name: value for name, value in details.items() if value},
    )


def mass_finding(event: Mapping[str, Any], sent_at: datetime) -> Finding:
    """What MASSSENDJOBFINISH tells. The list of addresses may be empty though all went well."""
    msg_id = text_of(event.get("MsgID") or event.get("MsgId"))
    status = text_of(event.get("Status")).strip().lower()
    if status in ("send success", "sendsuccess", "send_success"):
        # The event knows neither msg_data_id nor, with it, the article's id: that is known from the answer, or found later.
        receipt = Receipt(url=_mass_url(event), live=True, published_at=sent_at, details={"msg_id": msg_id})
        return Found(receipt=receipt)
    number = re.fullmatch(r"err\(?\s*(\d+)\s*\)?", status)
    if number is None and status not in ("send fail", "sendfail", "send_fail"):
        # Calling it failed would invite a second mass send.
        return CannotTell(reason=f"平台返回了未收录的群发结果 {status or '（空）'}。")
    code = number.group(1) if number else ""
    reason = MASS_FAILURES.get(code, "平台没有说明原因")
    who = "公众号管理员" if code in ("40001", "40002") else "拟稿人"
    return Rejected(
        cause=f"群发没有成功：{reason}。",
        remedy="请登录公众平台查看通知，处理后重新排期。",
        who=who,
        code=text_of(event.get("Status")),
    )


def _mass_url(event: Mapping[str, Any]) -> str:
    result = event.get("ArticleUrlResult")
    inner = result.get("ResultList") if isinstance(result, Mapping) else None
    urls = [text_of(item.get("ArticleUrl")) for item in rows_of(inner, "item")]
    return next((url for url in urls if url), "")
