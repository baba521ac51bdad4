"""头条文章: one call, two envelopes; a right of its own beside the app's level."""

from __future__ import annotations

import ipaddress
import re
import secrets
from urllib.parse import unquote, urlsplit

from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.weibo import statuses
from connectors.simulator.weibo.api import ARTICLE, ARTICLE_TEXTS, endpoint
from connectors.simulator.weibo.errors import ArticleError, WeiboError

HOUR = 3600
LIMITS = {"title": 32, "content": 90_000, "text": 1900}
NEEDED = ("title", "content", "cover", "text", "rip")
# What rawurlencode leaves as it is; everything else must come as %XX: text sent as it is would lose its + and %.
_PERCENT_ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~!'()*/]|%[0-9A-Fa-f]{2})*")


def _on_weibo(cover: str) -> bool:
    """The cover's picture must be on the platform already."""
    parts = urlsplit(cover)
    return parts.scheme in ("http", "https") and (parts.hostname or "").endswith(".sinaimg.cn")


def _is_public(rip: str) -> bool:
    try:
        return ipaddress.ip_address(rip).is_global
    except ValueError:
        return False


@endpoint(ARTICLE, "POST", counted=False)
def publish(call: Call) -> Doc:
    """``content`` is percent-encoded HTML inside the field; the answer's code is the string 100000."""
    if "article" not in call.me.rights:
        raise WeiboError(10014)
    given = {name: call.params.get(name, "") for name in (*NEEDED, "summary")}
    encoded, given["content"] = given["content"], unquote(given["content"])
    too_long = any(len(given[name]) > limit for name, limit in LIMITS.items())
    if not all(given[name] for name in NEEDED) or too_long or not _PERCENT_ENCODED.fullmatch(encoded):
        raise ArticleError(10008, ARTICLE_TEXTS[10008])
    if not _on_weibo(given["cover"]) or not _is_public(given["rip"]):
        raise ArticleError(10008, ARTICLE_TEXTS[10008])
    if call.state.count("article", call.me.owner, since=call.now - HOUR) >= call.me.quota("articles_per_hour", 30):
        raise ArticleError(11001, ARTICLE_TEXTS[11001])
    number = f"23094{secrets.randbelow(10**17):017d}"
    url = f"http://weibo.com/ttarticle/p/show?id={number}"
    held = statuses.keep(call.state, call.me, f"{given['text']} {url}", [], article=number)
    call.state.put("article", call.me.owner, number, {**given, "mid": held["key"]})
    call.state.accept("weibo", call.me.external_id, "article", number, given, title=given["title"], text=given["text"])
    data = {"object_id": f"1022:{number}", "url": url, "mid": held["key"]}
    return {"code": "100000", "msg": "success", "data": data}
