"""A page of the unit's own website becomes the fields of a post: fetched under guard, its article taken out of it."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from app.audit.services import record
from app.db import atomic, release
from app.errors import Invalid, WrongKind
from app.posts.extracting import Article, extract
from app.posts.fetching import Fetched, Fetcher
from app.posts.importing import Imported
from app.posts.importing_lines import take_lines
from app.posts.pictures import Pictures
from app.posts.sanitising import clean
from app.units.access import Actor, unit_for
from app.units.sites import site_domains
from connectors.http import Http

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,20})", re.IGNORECASE)
_PICTURE = re.compile(r"<img\b[^>]*?\bsrc=\"(https?://[^\"]+)\"", re.IGNORECASE)
_MOST_PICTURES, _MOST_BYTES = 40, 60 * 1024 * 1024


def import_page(actor: Actor, *, unit_id: str, url: str, now: datetime, http: Http | None = None) -> Imported:
    """Raises Invalid, TooLarge or WrongKind in plain words. `http` is another one in tests only."""
    unit = unit_for(actor, "post.write", unit_id, see="post.read")
    domains, path = site_domains(unit), unit.name
    if not domains:
        raise Invalid(
            f"没有导入。“{path}”还没有登记网站域名，系统不知道哪些网站是本单位的。请单位管理员在“设置 → 单位 → 网站域名”中登记。",
            errors={"url": ["本单位还没有登记网站域名。"]},
        )
    release()
    fetcher = Fetcher(domains, http)
    page = fetcher.page(url.strip())
    article = extract(_text(page), page.url)
    if article is None:
        raise WrongKind(
            "没有导入。网页里找不到成篇的正文，可能是栏目页，或正文由脚本生成。请打开文章页，复制正文后粘贴。"
        )
    pictures = _WebPictures(actor, unit_id, now, fetcher)
    pictures.fetch(article.body_html)
    imported = _imported(article, pictures, page.url)
    with atomic():
        record(
            actor,
            "post.import_page",
            now=now,
            object_type="unit",
            object_id=unit_id,
            unit_id=unit_id,
            summary=f"从网页导入《{imported.fields['title'] or '未命名'}》",
            after={"url": page.url[:500]},
        )
    return imported


def _imported(article: Article, pictures: _WebPictures, url: str) -> Imported:
    cleaned = clean(article.body_html, pictures.place, foreign=True)
    fields = {"title": article.title, "body_html": cleaned.html, "source": article.source, "author": article.author}
    fields = {name: value for name, value in fields.items() if value or name in ("title", "body_html")}
    notes = [f"已从 {urlsplit(url).hostname} 导入。", *article.notes]
    if article.date:
        notes.append(f"原网页的发布日期“{article.date}”没有对应的栏目，未保留。")
    take_lines(fields, notes)
    return Imported(fields=fields, notes=[*notes, *cleaned.notes, *pictures.summary()])


class _WebPictures(Pictures):
    """Pictures of a page: fetched before anything is stored, so that no transaction waits for a website."""

    def __init__(self, actor: Actor, unit_id: str, now: datetime, fetcher: Fetcher) -> None:
        super().__init__(actor, unit_id, now)
        self._fetcher = fetcher
        self._fetched: dict[str, bytes | str] = {}

    def fetch(self, html: str) -> None:
        taken = 0
        for src in dict.fromkeys(found.replace("&amp;", "&") for found in _PICTURE.findall(html)):
            if not self._fetcher.reaches(src):
                continue
            if len(self._fetched) >= _MOST_PICTURES or taken > _MOST_BYTES:
                self._fetched[src] = "这个网页的图片太多。"
                continue
            found = self._fetched[src] = self._fetcher.picture(src)
            taken += len(found) if isinstance(found, bytes) else 0

    def _place(self, src: str, alt: str) -> str | None:
        found = self._fetched.get(src)
        if found is None:
            return super()._place(src, alt)
        name = (urlsplit(src).path.rpartition("/")[2] or "picture")[-80:]
        if isinstance(found, bytes):
            return self.keep(name, found)
        self._note(f"图片“{alt or name}”没有带入。{found}请下载后上传，再插入原处。")
        return None


def _text(page: Fetched) -> str:
    """Decoded as the answer or the page itself says; GB 2312 is written but GB 18030 is meant."""
    told = _CHARSET.search(page.content[:4096])
    named = page.charset or (told.group(1).decode("ascii", "replace").lower() if told else "")
    named = "gb18030" if named in ("gb2312", "gbk", "gb_2312-80", "x-gbk") else named
    for encoding in (named, "utf-8", "gb18030"):
        try:
            return page.content.decode(encoding) if encoding else page.content.decode("utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    return page.content.decode(named if named in ("gb18030", "utf-8") else "utf-8", "replace")
