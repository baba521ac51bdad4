"""The draft box: what an article may be, and what WeChat makes of it."""

from __future__ import annotations

import re
import secrets
from typing import Any

from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat import pictured
from connectors.simulator.wechat.api import OK, endpoint, integer
from connectors.simulator.wechat.errors import WeChatError
from connectors.simulator.wechat.filtering import filtered, pictured_text, plain

CROP = re.compile(r"(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)(?:_(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)){3}")
MOST_ARTICLES = 8
FIELDS = ("article_type", "title", "author", "digest", "content", "content_source_url", "thumb_media_id")

# The documentation's sample of a picture article lacks these; its table of fields does not say that they are dropped.
NOT_SAMPLED = ("author", "digest", "content_source_url", "show_cover_pic")


def read_article(call: Call, given: Any, alone: bool) -> Doc:
    """One article as it will be kept. Raises the code of the first field that is wrong; lengths are in characters.

    Text that came as \\uXXXX is six characters a letter here, so that titles break the limit as they do for real.
    """
    if not isinstance(given, dict):
        raise WeChatError(47001)
    kind = given.get("article_type", "news")
    if kind not in ("news", "newspic"):
        raise WeChatError(40097)
    _lengths(given)
    _comments_allowed(call, given)
    article: Doc = {name: str(given.get(name, "")) for name in FIELDS} | {"article_type": kind}
    article |= {name: int(given.get(name, 0) or 0) for name in ("need_open_comment", "only_fans_can_comment")}
    for name in ("pic_crop_235_1", "pic_crop_1_1"):
        if given.get(name):
            if not CROP.fullmatch(str(given[name])):
                raise WeChatError(40097)
            article[name] = given[name]
    if kind == "newspic":
        article |= pictured.fields(call, given)
        article["content"] = pictured_text(article["content"])
    else:
        cover = call.state.get("material", call.me.owner, article["thumb_media_id"])
        if cover is None or cover["type"] not in ("image", "thumb"):
            raise WeChatError(40007)
        article["content"] = filtered(article["content"])
    if not article["content"].strip():
        raise WeChatError(45166)  # nothing is left of it
    if alone and kind == "news" and not article["digest"]:
        article["digest"] = plain(article["content"])[:54]
    return article | {"draft_page": secrets.token_urlsafe(16), "show_cover_pic": 0}


def _lengths(given: dict[str, Any]) -> None:
    texts = {name: given.get(name) or "" for name in ("title", "author", "digest", "content", "content_source_url")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise WeChatError(47001)
    content = texts["content"]
    checks = (
        (texts["title"].strip() == "" or len(texts["title"]) > 32, 45003),
        (len(texts["author"]) > 16, 45110),
        (len(texts["digest"]) > 128, 45004),
        (content.strip() == "", 44004),
        (len(content) >= 20_000 or len(content.encode()) >= 1024 * 1024, 45002),
        (len(texts["content_source_url"].encode()) > 1024, 40039),
        (not re.match(r"(https?://|$)", texts["content_source_url"]), 41039),
    )
    for wrong, code in checks:
        if wrong:
            raise WeChatError(code)


def _comments_allowed(call: Call, given: dict[str, Any]) -> None:
    for name in ("need_open_comment", "only_fans_can_comment"):
        if given.get(name, 0) not in (0, 1):
            raise WeChatError(40097)
    if given.get("need_open_comment") and "comment" not in call.me.rights:
        raise WeChatError(88000)


def find(call: Call, media_id: Any) -> Doc:
    """A draft that still lives; published ones are gone with their media_id."""
    draft = call.state.get("draft", call.me.owner, str(media_id or ""))
    if draft is None or draft["gone"]:
        raise WeChatError(40007)
    return draft


def shown(article: Doc, with_content: bool = True) -> Doc:
    """An article as draft/get and batchget tell it."""
    hidden = {"draft_page"}
    if article["article_type"] == "newspic":
        hidden |= {name for name in NOT_SAMPLED if not article[name]}
    told = {name: value for name, value in article.items() if name not in hidden}
    if not with_content:
        told.pop("content", None)
    return told | {"url": f"http://mp.weixin.qq.com/s?tempkey={article['draft_page']}"}


@endpoint("/cgi-bin/draft/add")
def add(call: Call) -> Doc:
    articles = call.json.get("articles")
    if not isinstance(articles, list):
        raise WeChatError(47001)
    if not articles:
        raise WeChatError(44003)
    if len(articles) > MOST_ARTICLES:
        raise WeChatError(45008)
    kept = [read_article(call, each, len(articles) == 1) for each in articles]
    media_id = secrets.token_urlsafe(48)
    call.state.put("draft", call.me.owner, media_id, {"articles": kept, "gone": "", "updated": int(call.now)})
    return {"media_id": media_id}


@endpoint("/cgi-bin/draft/update")
def update(call: Call) -> Doc:
    draft, index, given = find(call, call.json.get("media_id")), call.json.get("index", 0), call.json.get("articles")
    if not isinstance(given, dict):
        raise WeChatError(47001)
    articles = draft["articles"]
    if not isinstance(index, int) or not 0 <= index < len(articles):
        raise WeChatError(40114)
    articles[index] = read_article(call, given, len(articles) == 1)
    call.state.change("draft", call.me.owner, draft["key"], articles=articles, updated=int(call.now))
    return OK


@endpoint("/cgi-bin/draft/get")
def get(call: Call) -> Doc:
    return {"news_item": [shown(each) for each in find(call, call.json.get("media_id"))["articles"]]}


@endpoint("/cgi-bin/draft/delete")
def delete(call: Call) -> Doc:
    call.state.change("draft", call.me.owner, find(call, call.json.get("media_id"))["key"], gone="deleted")
    return OK


def page_of(call: Call) -> tuple[int, int, bool]:
    """offset, count (1..20) and whether contents are wanted. Raises 40097."""
    offset, count = integer(call, "offset", 0), integer(call, "count", 20)
    if not 1 <= count <= 20:
        raise WeChatError(40097)
    return offset, count, call.json.get("no_content", 0) != 1


def _living(call: Call) -> list[Doc]:
    return [each for each in call.state.all("draft", call.me.owner) if not each["gone"]]


@endpoint("/cgi-bin/draft/batchget")
def batchget(call: Call) -> Doc:
    offset, count, with_content = page_of(call)
    living = _living(call)
    items = [
        {
            "media_id": each["key"],
            "content": {"news_item": [shown(article, with_content) for article in each["articles"]]},
            "update_time": each["updated"],
        }
        for each in living[offset : offset + count]
    ]
    return {"total_count": len(living), "item_count": len(items), "item": items}


@endpoint("/cgi-bin/draft/count", "GET")
def count(call: Call) -> Doc:
    return {"total_count": len(_living(call))}
