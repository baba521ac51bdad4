"""What the account published, by whatever means: publications by list, mass-sent articles by the daily statistics."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.errors import ConnectorError, NotEntitled
from connectors.values import Page, PublishedItem
from connectors.wechat import payloads
from connectors.wechat.api import Api
from connectors.wechat.clocks import beijing_day, day_start
from connectors.wechat.outcome import newest_publications
from connectors.wechat.statistics import articles_published_on, last_ready_day

# freepublish/batchget may be asked 100 times a day; the statistics cost one call for each day.
MOST_PAGES = 3
MOST_DAYS = 7


def history(api: Api, since: datetime, now: datetime) -> Page[PublishedItem]:
    """Newest first. `unavailable` says which part could not be had, beside the items that could."""
    reasons: list[str] = []
    items: dict[str, PublishedItem] = {}
    try:
        for item in _publications(api, since):
            items[item.url or item.external_id] = item
    except NotEntitled as error:
        if error.whole:
            raise
        reasons.append(f"发布列表取不到：{error.cause}")
    try:
        for item in _from_statistics(api, since, now):
            items.setdefault(item.url or item.external_id, item)
    except NotEntitled as error:
        if error.whole:
            raise
        reasons.append(f"群发文章取不到：{error.cause}平台没有列出群发文章的接口，只能从次日统计中得知。")
    except ConnectorError as error:
        # 61503 every morning until the statistics are there: the list that was had stays true.
        if not items:
            raise
        reasons.append(f"群发文章暂时取不到：{error.cause}")
    newest = sorted(items.values(), key=lambda item: item.published_at, reverse=True)
    return Page(items=tuple(newest), unavailable="".join(reasons))


def _publications(api: Api, since: datetime) -> list[PublishedItem]:
    found: list[PublishedItem] = []
    for page in range(MOST_PAGES):
        rows = newest_publications(api, page * 20)
        dated = [(at, row) for row in rows if (at := payloads.moment_of(row.get("update_time")))]
        for moment, row in dated:
            if moment >= since:
                found += _items(row, moment)
        if len(rows) < 20 or (dated and dated[-1][0] < since):
            break
    return found


def _items(row: dict[str, object], moment: datetime) -> list[PublishedItem]:
    article_id = payloads.text_of(row.get("article_id"))
    return [
        PublishedItem(
            external_id=article_id if number == 1 else f"{article_id}#{number}",
            url=payloads.text_of(article.get("url")),
            title=payloads.text_of(article.get("title")),
            published_at=moment,
            deleted=payloads.switch(article.get("is_deleted")),
            addresses=tuple(filter(None, [payloads.text_of(article.get("content_source_url"))])),
        )
        for number, article in enumerate(payloads.articles_of(row.get("content")), 1)
    ]


def _from_statistics(api: Api, since: datetime, now: datetime) -> list[PublishedItem]:
    """The statistics know the day only: midnight in Beijing stands for it, which never flatters."""
    last = last_ready_day(now)
    first = max(beijing_day(since), last - timedelta(days=MOST_DAYS - 1))
    found = []
    for back in range((last - first).days + 1):
        day = last - timedelta(days=back)
        for row in articles_published_on(api, day):
            found.append(
                PublishedItem(
                    external_id=payloads.text_of(row.get("msgid")),
                    url=payloads.text_of(row.get("content_url")),
                    title=payloads.text_of(row.get("title")),
                    published_at=day_start(day),
                )
            )
    return found
