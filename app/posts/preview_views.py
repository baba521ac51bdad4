"""How payloads are shown: a page for the article's frame, marked-up text for the microblog. Used by templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask, render_template
from markupsafe import Markup, escape

from app.accounts.advice import unconnected
from app.db import utcnow
from app.posts.audiences import audience_of
from app.posts.models import Variant
from app.posts.pictures import long_pictures
from app.posts.presence import Present
from app.web import _, ago

_MARKED = re.compile(r"(https?://[!-~]+|#[^#\n]{1,60}#|@[\w\u4e00-\u9fff-]{2,30})")


def article_page(variant: Variant) -> str:
    """A whole HTML document for `srcdoc`: what a reader of the article sees."""
    return render_template("posts/_article.html", payload=variant.payload, name=variant.account.name)


def microblog(text: str) -> Markup:
    """The text with its links, topics and mentions coloured, line breaks kept by the style sheet."""
    pieces = _MARKED.split(text)
    marked = Markup('<span class="microblog-link">{}</span>')
    return Markup().join(marked.format(piece) if at % 2 else escape(piece) for at, piece in enumerate(pieces))


def audience_words(payload: Mapping[str, Any]) -> str:
    """Whom a mass send goes to, in the reader's language; "" for what is none."""
    found = audience_of(payload)
    return _(found[0]).format(tag=found[1]) if found else ""


def presence_words(one: Present) -> str:
    """张三 正在编辑 · 1 分钟前."""
    now = utcnow()
    if one.typed_at is None:
        return _("%(name)s 打开着这篇稿件", name=one.name)
    if (now - one.typed_at).total_seconds() < 60:
        return _("%(name)s 正在编辑 · 刚刚", name=one.name)
    return _("%(name)s 正在编辑 · %(ago)s前", name=one.name, ago=ago(one.typed_at, now))


def init(app: Flask) -> None:
    app.jinja_env.globals.update(
        article_page=article_page,
        microblog=microblog,
        unconnected=unconnected,
        audience_words=audience_words,
        long_pictures=long_pictures,
        presence_words=presence_words,
    )
