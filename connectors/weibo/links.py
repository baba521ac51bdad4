"""The permalink in a Weibo text: plain ASCII, under the app's safe domain, and how it is recognised again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

# Where people see a status, or a 头条文章 on a phone.
PUBLIC_HOSTS = ("weibo.com", "www.weibo.com", "m.weibo.cn", "weibo.cn", "media.weibo.cn")
_OWNER = re.compile(r"/(?:u/)?(\d{5,})(?:/|$)")
_ADDRESS = re.compile(r"https?://[!-~]+")
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"


def ascii_link(link: str) -> str:
    """`link` with everything outside ASCII percent-encoded (the host as IDNA); Weibo ends a link at such a character."""
    if link.isascii() and " " not in link:
        return link
    try:
        parts = urlsplit(link)
        name, colon, port = parts.netloc.partition(":")
        host = name.encode("idna").decode("ascii") + colon + port
    except ValueError:
        # No address at all: link_fault() says so.
        return link
    return urlunsplit(
        (parts.scheme, host, quote(parts.path, _SAFE), quote(parts.query, _SAFE), quote(parts.fragment, _SAFE))
    )


def host_of(address: str) -> str:
    """Host (and port, if any) in lower case of an address or of a bare domain as people enter it."""
    address = address.strip()
    try:
        return (urlsplit(address).netloc if "://" in address else address.split("/")[0]).lower()
    except ValueError:
        return ""


def owner_of(address: str) -> str:
    """The uid in weibo.com/{uid}/{id}, m.weibo.cn/{uid}/{mid}, weibo.com/u/{uid}; "" where none stands (/status/…)."""
    try:
        found = _OWNER.match(urlsplit(address.strip()).path)
    except ValueError:
        return ""
    return found[1] if found else ""


def link_fault(link: str, safe_domain: str) -> str:
    """Why Weibo would not take this link (Chinese), "" when it would."""
    if not link:
        return "没有文章链接。“分享”接口要求文字中带有安全域名下的链接。请稍后重试或联系系统管理员。"
    if not link.isascii() or not link.lower().startswith(("http://", "https://")) or not host_of(link):
        return "文章链接不是完整的 http(s):// 地址。微博认不出这样的链接。请系统管理员核对 TANDEM_PUBLIC_URL。"
    if not safe_domain.strip():
        return "账号没有填写安全域名。微博要求链接属于应用的安全域名。请管理员在账号设置中填写。"
    host, safe = host_of(link), host_of(safe_domain)
    if host == safe:
        return ""
    told = "（带 www 与不带 www 也算不同）" if host.removeprefix("www.") == safe.removeprefix("www.") else ""
    return (
        f"文章链接的域名 {host} 与应用的安全域名 {safe} 不同{told}。微博会拒绝这条微博。"
        "请管理员核对 TANDEM_PUBLIC_URL 或微博应用的安全域名。"
    )


def stands_in(text: str, link: str) -> bool:
    """Whether `link` stands in `text` by itself: plain blanks (or the ends) on both sides; a full-width one is none."""
    return link != "" and link in re.split(r"[ \t\n]+", text)


def unique_of(link: str) -> str:
    """What makes `link` ours alone: `w=…` where it has one, else the whole of it."""
    found = parse_qs(urlsplit(link).query).get("w")
    return f"w={found[0]}" if found else link


def addresses(status: Mapping[str, Any]) -> Iterator[str]:
    """Every long address that Weibo tells of a status, whose text has t.cn ones only."""
    groups = [status.get("url_objects")]
    long_text = status.get("longText")
    if isinstance(long_text, dict):
        groups.append(long_text.get("url_objects"))
    for group in groups:
        for item in group if isinstance(group, list) else ():
            if isinstance(item, dict):
                yield from (str(item[key]) for key in ("url_ori", "url_long") if item.get(key))


def all_addresses(status: Mapping[str, Any]) -> list[str]:
    """The long addresses that Weibo tells of a status, and those that stand in its text."""
    return list(dict.fromkeys([*addresses(status), *_ADDRESS.findall(str(status.get("text") or ""))]))


def carries(status: Mapping[str, Any], link: str) -> bool:
    """Whether a status contains `link`, by its addresses or literally in its text."""
    unique = unique_of(link)
    return any(_has(found, unique) for found in addresses(status)) or _has(str(status.get("text") or ""), unique)


def _has(text: str, unique: str) -> bool:
    """`unique` in `text`, not as the beginning of something longer (w=12 is not w=123)."""
    at = text.find(unique)
    while at >= 0:
        after = text[at + len(unique) : at + len(unique) + 1]
        if not (after.isascii() and (after.isalnum() or after in "-_")) or not after:
            return True
        at = text.find(unique, at + 1)
    return False
