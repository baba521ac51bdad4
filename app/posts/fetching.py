"""Pages and pictures of the unit's own websites: registered hosts only, public addresses only, bounded in all ways."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from app.errors import Invalid, TooLarge, WrongKind
from app.units.sites import covers, plain_host
from connectors.errors import ConnectorError
from connectors.guard import is_public
from connectors.http import Answer, Http, new_session

_MAX_HOPS = 5
_MAX_PAGE = 5 * 1024 * 1024
_MAX_PICTURE = 10 * 1024 * 1024
# All requests of one import together, and each.
_LONGEST, _LONGEST_CALL = 60.0, 20.0
_USUAL = {"http": 80, "https": 443}
_PAGES = ("text/html", "application/xhtml+xml")
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; Tandem)", "Accept-Language": "zh-CN,zh;q=0.9"}
# Programs differ in what these mean within an address: the one that checks and the one that asks might read two hosts.
_UNCLEAR = re.compile(r"[\x00-\x1f\x7f\\]")
_FAULTS = {
    "barred": "这个网址指向本机或内部网络，系统不访问这类地址",
    "untrusted": "网站的安全证书不可信或已过期",
    "connect_timeout": "网站连接超时",
    "timeout": "网站迟迟没有答复",
    "unreadable": "网站的答复太大或无法解读",
}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What lies at `url`, the last of the redirects."""

    url: str
    content: bytes
    content_type: str
    charset: str


class Fetcher:
    """Fetches for one import. `domains` are those that the unit registered; `http` is another one in tests only."""

    def __init__(self, domains: Sequence[str], http: Http | None = None) -> None:
        self._domains = list(domains)
        self._http = http or Http(session=new_session(4, allows=is_public))
        self._until = time.monotonic() + _LONGEST

    def page(self, url: str) -> Fetched:
        """Raises Invalid, TooLarge or WrongKind in plain words."""
        found = self._get(url, "text/html,application/xhtml+xml")
        if found.content_type not in _PAGES:
            kind = found.content_type or "未知"
            raise WrongKind(
                f"没有导入。这个网址不是网页，而是别的文件（{kind}）。请填文章页面的网址；如是文稿，请下载后用“导入文稿”。"
            )
        if len(found.content) > _MAX_PAGE:
            raise TooLarge("没有导入。网页超过 5 MB，不像一篇文章。请核对网址，或复制正文后粘贴。")
        return found

    def picture(self, url: str) -> bytes | str:
        """The bytes, or in Chinese why there are none."""
        try:
            found = self._get(url, "image/*")
        except Invalid as refused:
            return refused.errors["url"][0]
        return found.content if len(found.content) <= _MAX_PICTURE else "超过 10 MB。"

    def reaches(self, url: str) -> bool:
        """Whether `url` lies on one of the registered sites."""
        return not _fault(_parts(url), self._domains)

    def _get(self, url: str, accept: str) -> Fetched:
        for hop in range(_MAX_HOPS + 1):
            parts = _parts(url)
            fault = _fault(parts, self._domains)
            if parts is None or fault:
                raise _refused(f"网站把它转到了别处：{fault}" if hop else fault)
            url = _plain(parts)
            answer = self._ask(url, accept)
            location = _header(answer, "Location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return _fetched(url, answer)
            try:
                url = urljoin(url, location)
            except ValueError:
                raise _refused("网站把它转到了别处，新网址写错了", "请联系网站管理员，或复制正文后粘贴") from None
        raise _refused(f"网站转来转去超过 {_MAX_HOPS} 次", "请在浏览器里打开，换用最后显示的网址")

    def _ask(self, url: str, accept: str) -> Answer:
        left = self._until - time.monotonic()
        if left <= 1:
            raise _refused("网站太慢，总时间超过 60 秒", "请稍后重试，或复制正文后粘贴")
        try:
            return self._http.call(
                "GET",
                url,
                write=False,
                headers={**_HEADERS, "Accept": accept},
                timeout=min(10.0, left),
                longest=min(_LONGEST_CALL, left),
            )
        except ConnectorError as error:
            raise _refused(
                _FAULTS.get(error.code, "网站连接不上"), "请核对网址；若浏览器能打开，请联系系统管理员查看服务器网络"
            ) from None


def _fetched(url: str, answer: Answer) -> Fetched:
    if answer.status != 200:
        words = {404: "网站上没有这个网页", 410: "网页已被撤下", 403: "网站拒绝访问"}.get(
            answer.status, "网站没有给出网页"
        )
        raise _refused(f"{words}（HTTP {answer.status}）", "请核对网址，或稍后重试")
    kind, *parameters = _header(answer, "Content-Type").lower().split(";")
    charset = next(
        (item.partition("=")[2].strip(" \"'") for item in parameters if item.strip().startswith("charset=")), ""
    )
    return Fetched(url=url, content=answer.body, content_type=kind.strip(), charset=charset)


def _parts(url: str) -> SplitResult | None:
    """None for what is no address, or not the same to everybody."""
    try:
        parts = urlsplit("" if _UNCLEAR.search(url) else url)
        return parts if parts.port is None or parts.hostname else None
    except ValueError:
        return None


def _fault(parts: SplitResult | None, domains: list[str]) -> str:
    """Why this address may not be asked; "" when it may."""
    host = plain_host(parts.hostname or "") if parts is not None else ""
    if parts is None or parts.scheme not in _USUAL or not host:
        return "网址不完整，应以 http:// 或 https:// 开头"
    if "@" in parts.netloc:
        return "网址里带有用户名或密码"
    port = None if parts.port in (None, _USUAL[parts.scheme]) else parts.port
    if not covers(domains, host, port):
        shown = host if port is None else f"{host}:{port}"
        return f"{shown} 不是本单位登记的网站（已登记：{'、'.join(domains[:5])}{'等' if len(domains) > 5 else ''}）"
    return ""


def _plain(parts: SplitResult) -> str:
    """The address with the very host that was checked, so that no other reading of it is asked."""
    port = "" if parts.port is None else f":{parts.port}"
    return urlunsplit((parts.scheme, plain_host(parts.hostname or "") + port, parts.path, parts.query, ""))


def _header(answer: Answer, name: str) -> str:
    return next((value for key, value in answer.headers.items() if key.lower() == name.lower()), "").strip()


def _refused(
    cause: str, remedy: str = "请核对网址；确是本单位的网站，请单位管理员在“设置 → 单位 → 网站域名”中登记"
) -> Invalid:
    return Invalid(f"没有导入。{cause}。{remedy}。", errors={"url": [f"{cause}。"]})
