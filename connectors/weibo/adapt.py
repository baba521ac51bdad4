"""From a platform-neutral post to Weibo's payload `{text, images, link, delivery}`, with notes and problems. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

import nh3

from connectors import labels, urgent
from connectors import text as words
from connectors.base import MediaStore
from connectors.urgent import BREVITY
from connectors.values import AccountConfig, Adaptation, Content, Length, Note, Problem, Severity
from connectors.weibo import compose, links, pictures
from connectors.weibo.length import count, half_units, literal_count, literal_units
from connectors.weibo.levels import CALLS, Level, level_of

# The documentation's own example of an address; the simulator takes any public one.
SIMULATOR_RIP = "211.156.0.1"
# What an article is made of; Weibo names no list of what it keeps.
TAGS = {
    *("p", "br", "hr", "strong", "b", "em", "i", "u", "s", "sub", "sup", "h1", "h2", "h3", "h4"),
    *("ul", "ol", "li", "blockquote", "pre", "table", "thead", "tbody", "tr", "th", "td", "caption", "img", "a"),
}
_ATTRIBUTES = {"a": {"href"}, "img": {"src"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
OVERRIDABLE = ("form", "text", "images", "delivery", BREVITY)


def adapt(account: AccountConfig, media: MediaStore, content: Content) -> Adaptation:
    """What this account will get. The same content gives the same payload, byte for byte."""
    level = level_of(account)
    document = words.read(content.body_html, struck=False)
    link = links.ascii_link(content.link)
    offered = pictures.offered(content, document)
    problems: list[Problem] = []
    overrides = {key: content.overrides[key] for key in OVERRIDABLE if content.overrides.get(key) is not None}
    if "images" in overrides:
        offered = pictures.named(own_images(overrides["images"], level.max_images, problems))
    label = labels.label(content, pictured=bool(offered), short=True)
    text, notes = compose.compose(content, document, link, level, frame_of(account), label)
    if document.links:
        notes.append(Note(kind="links", message=f"正文中的 {len(document.links)} 个链接未带入微博，请见文章链接。"))
    if document.foreign:
        said = f"正文中的 {document.foreign} 张图片不在素材库中，未带入微博。请上传到素材库后重新插入。"
        notes.append(Note(kind="foreign_images", message=said))
    if "text" in overrides:
        text = str(overrides["text"]).replace("\r\n", "\n").replace("\r", "\n").strip()
        notes = [note for note in notes if note.kind != "ai_label"]
    chosen, image_notes, image_problems = pictures.choose(media, offered, level.max_images)
    notes += image_notes + [_overridden(key) for key in overrides]
    delivery = {"mode": level.call(len(chosen))}
    if "delivery" in overrides:
        _check_delivery(overrides["delivery"], delivery, problems)
    payload = {
        "text": text,
        "images": [{"media_id": image.media_id, "sha256": image.sha256} for image in chosen],
        "link": link,
        "delivery": delivery,
    }
    problems += image_problems + _problems(account, level, text, link)
    problems += labels.problems(content, text, "text", pictured=bool(chosen))
    if urgent.wants_short(content) and "text" not in overrides:
        problems += urgent.problems(urgent.brief(content, document), "text")
    length = Length(used=count(text), limit=level.limit, unit="字")
    return Adaptation(payload=payload, notes=tuple(notes), problems=tuple(problems), length=length)


def frame_of(account: AccountConfig) -> tuple[str, str]:
    """What the account puts before and behind every text, by its settings."""
    head, foot = (words.tidy(str(account.settings.get(name) or "")) for name in ("head_text", "foot_text"))
    return head, foot


def clean_html(html: str) -> str:
    """`html` with the plain tags that an article needs and no others: no styles, no scripts, pictures of ours only."""
    # Captions are paragraphs there: else their words would hang on the picture's own line.
    html = re.sub(r"<(/?)figcaption\b[^>]*>", r"<\1p>", html)
    return nh3.clean(html, tags=TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https"}, link_rel=None).strip()


def operator_ip(account: AccountConfig) -> str:
    """The address sent as `rip`: the operator's public one, "" when none is known. Never a private address."""
    if account.environment == "simulator":
        return SIMULATOR_RIP
    try:
        return account.operator_ip if ipaddress.ip_address(account.operator_ip).is_global else ""
    except ValueError:
        return ""


def _overridden(key: str) -> Note:
    names = {"form": "发布形式", "text": "文字", "images": "图片", "delivery": "发布方式", BREVITY: "篇幅"}
    return Note(kind="override", message=f"{names[key]}由拟稿人手工设定。")


def own_images(given: Any, most: int, problems: list[Problem]) -> tuple[str, ...]:
    """The hashes of an override `[{media_id, sha256}]`; more than fit is a problem, since the author chose them."""
    items = given if isinstance(given, list | tuple) else ()
    hashes = tuple(str(item["sha256"]) for item in items if isinstance(item, Mapping) and item.get("sha256"))
    if len(hashes) != len(items) or not isinstance(given, list | tuple):
        problems.append(_problem("weibo.images.form", "images", "图片列表格式不对。每项应有 sha256。请重新选择图片。"))
    if len(set(hashes)) > most:
        said = f"选了 {len(set(hashes))} 张图片。这里最多带 {most} 张。请减少图片。"
        problems.append(_problem("weibo.images.count", "images", said))
    return hashes


def _check_delivery(given: Any, delivery: dict[str, str], problems: list[Problem]) -> None:
    """The call follows from level and pictures: an override may only say the same."""
    mode = given.get("mode") if isinstance(given, Mapping) else None
    if mode != delivery["mode"]:
        known = "" if mode in CALLS else "（未知的方式）"
        said = f"发布方式 {mode}{known} 与账号级别或图片不符。应为 {delivery['mode']}。请重置该项。"
        problems.append(_problem("weibo.delivery", "delivery", said))


def _problems(account: AccountConfig, level: Level, text: str, link: str) -> list[Problem]:
    found = _length_problems(level, text)
    if level.needs_link:
        if fault := links.link_fault(link, account.credentials.get("safe_domain", "")):
            found.append(_problem("weibo.link", "link", fault))
        elif not links.stands_in(text, link):
            said = "文字中没有独立的文章链接。“分享”接口要求带链接，且链接前后要有空格。请补上链接或重置文字。"
            found.append(_problem("weibo.link.missing", "text", said))
    if not level.topics and compose.has_topic(text):
        said = "文字含 #话题#。微博会把它过滤掉，发出的文字将与审核的不一致。请去掉 # 号。"
        found.append(_problem("weibo.topic", "text", said))
    if not operator_ip(account):
        said = "发布人公网地址未知。微博要求随发布提供该地址。请系统管理员设置 TANDEM_EGRESS_IP。"
        found.append(_problem("weibo.rip", "", said))
    return found


def _length_problems(level: Level, text: str) -> list[Problem]:
    limit = level.limit * 2
    if not text:
        return [_problem("weibo.empty", "text", "文字为空。微博不能没有文字。请填写标题或文字。")]
    if half_units(text) > limit:
        said = f"文字 {count(text)} 字，超过微博 {level.limit} 字的上限。微博会拒绝这条微博。请缩短标题或文字。"
        return [_problem("weibo.length", "text", said)]
    if literal_units(text) > limit:
        said = (
            f"链接按原长计共 {literal_count(text)} 字，超过 {level.limit} 字。"
            "微博一般把链接折算为 10 字，但不保证。如被拒绝请缩短文字。"
        )
        return [_problem("weibo.length.literal", "text", said, "warn")]
    return []


def _problem(rule: str, field: str, message: str, severity: Severity = "block") -> Problem:
    return Problem(rule=rule, severity=severity, message=message, field=field)
