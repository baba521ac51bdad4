"""Public pages: the article's permalink, a unit's feeds, the sitemap. No sign-in, no cookies, no scripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from markupsafe import Markup, escape

from app.site import services
from app.units.permissions import public
from app.web import iso, settings

bp = Blueprint("site", __name__)

_ATOM = "application/atom+xml; charset=utf-8"
_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@bp.get("/p/<slug>")
@public
def permalink(slug: str) -> ResponseReturnValue:
    """Exactly the approved revision; 404 until the barrier. The parameter `w` only tells the platforms apart."""
    found = services.article(slug)
    # For citizens, in the language of the content, whatever an officer chose for the console.
    with force_locale("zh_CN"):
        page = render_template("site/article.html", article=found, body=Markup(found.revision.body_html))
    response = Response(page)
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/favicon.ico")
@public
def favicon() -> ResponseReturnValue:
    """Our sign for whoever asks for it without having read a page, as browsers do."""
    return current_app.send_static_file("sign.svg")


@bp.get("/feeds/<unit_id>.atom")
@public
def atom(unit_id: str) -> ResponseReturnValue:
    unit = services.feed_unit(unit_id)
    articles = services.newest(unit)
    text = render_template(
        "site/feed.atom",
        unit=unit,
        articles=articles,
        updated=articles[0].public_at if articles else unit.created_at or _NEVER,
        own=f"{settings().public_url}{request.path}",
        content=_content,
    )
    return Response(text, content_type=_ATOM)


@bp.get("/feeds/<unit_id>.json")
@public
def json_feed(unit_id: str) -> ResponseReturnValue:
    """JSON Feed 1.1."""
    unit = services.feed_unit(unit_id)
    response = jsonify(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": unit.name,
            "home_page_url": settings().public_url,
            "feed_url": f"{settings().public_url}{request.path}",
            "language": "zh-CN",
            "items": [_item(article) for article in services.newest(unit)],
        }
    )
    response.content_type = "application/feed+json; charset=utf-8"
    return response


@bp.get("/sitemap.xml")
@public
def sitemap() -> ResponseReturnValue:
    rows = [f"<url><loc>{escape(url)}</loc><lastmod>{iso(at)}</lastmod></url>" for url, at in services.open_addresses()]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return Response(head + "\n".join(rows) + "\n</urlset>\n", content_type="application/xml; charset=utf-8")


def _item(article: services.Article) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": article.url,
        "url": article.url,
        "title": article.revision.title,
        "summary": article.revision.summary,
        "content_html": _content(article),
        "date_published": iso(article.public_at),
        "tags": list(article.revision.tags),
    }
    if article.revision.author or article.revision.source:
        item["authors"] = [{"name": article.revision.author or article.revision.source}]
    if article.cover:
        item["image"] = f"{settings().public_url}{article.cover}"
    return item


def _content(article: services.Article) -> str:
    """The body with full addresses of pictures, as readers of feeds need them, and the label of what AI made."""
    label = f"<p>{escape(article.ai_label)}</p>" if article.ai_label else ""
    return article.revision.body_html.replace('src="/media/', f'src="{settings().public_url}/media/') + label
