"""What MASSSENDJOBFINISH tells of the check for reprints (原创校验), in Chinese for the person who reads the publication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.wechat import payloads

# CheckState: 0 has been seen live and says nothing.
_STATES = {"1": "未判为转载", "2": "判为转载，可以群发", "3": "判为转载，不能群发"}
# AuditState of one article: any other than these is a failure.
_AUDIT = {"0": "", "1": "审核中", "11": "审核通过"}
_DECLARED = {"1": "已声明原创", "2": "已声明转载"}
_ORIGINALS = {"1": "原文为原创", "2": "原文为非原创", "3": "原文为新闻", "4": "原文为违规文章"}


def reprint_words(event: Mapping[str, Any]) -> str:
    """ "" when the event says nothing of it; else the verdict and what it means for each article."""
    result = event.get("CopyrightCheckResult")
    if not isinstance(result, Mapping):
        return ""
    verdict = _STATES.get(payloads.text_of(result.get("CheckState")), "")
    articles = [words for row in payloads.rows_of(result.get("ResultList"), "item") if (words := _article(row))]
    if not verdict and not articles:
        return ""
    return "；".join([f"原创校验：{verdict or '没有结论'}", *articles]) + "。"


def _article(row: Mapping[str, Any]) -> str:
    def said(name: str, words: Mapping[str, str], other: str = "") -> str:
        value = payloads.text_of(row.get(name))
        return words.get(value, other if value else "")

    found = [
        said("UserDeclareState", _DECLARED),
        said("AuditState", _AUDIT, "审核未通过"),
        said("OriginalArticleType", _ORIGINALS),
        said("CanReprint", {"0": "原文不允许转载", "1": "原文允许转载"}),
        said("NeedReplaceContent", {"1": "正文会被替换成原文"}),
        said("NeedShowReprintSource", {"1": "会显示转载来源"}),
    ]
    url = payloads.text_of(row.get("OriginalArticleUrl"))
    parts = [part for part in (*found, f"原文 {url}" if url else "") if part]
    number = payloads.text_of(row.get("ArticleIdx"))
    return f"第 {number or '?'} 篇：{'，'.join(parts)}" if parts else ""
