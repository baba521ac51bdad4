"""Drafts in WeChat's draft box: finding and reading ours, comparing it with what was approved, deleting it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.errors import ConnectorError, Refused, Unavailable
from connectors.values import Json, Prepared
from connectors.wechat import newspic, payloads, readback
from connectors.wechat.api import Api

# Of a draft that is to be restored: the fingerprint of what we put there, until it stands there again.
BEFORE = "fingerprint_before"
# A person can add articles to a draft; sending it would send those too, which nobody has approved.
_SEVERAL = "公众平台上的草稿里多出了别的文章，它们没有经过审核。"


def read_draft(api: Api, media_id: str) -> list[dict[str, Any]] | None:
    """The articles of a draft (ours has one), or None when the draft is gone (published, mass-sent or deleted)."""
    try:
        answer = api.post("/cgi-bin/draft/get", {"media_id": media_id})
    except ConnectorError as error:
        if error.code == "40007":
            return None
        raise
    articles = payloads.articles_of(answer)
    if not articles:
        raise Unavailable("平台没有给出草稿内容。", remedy="系统会稍后自动重试。", who="系统")
    return articles


def standing_draft(api: Api, link: str) -> str:
    """The media_id of the draft that carries our permalink among the newest twenty; "" when there is none."""
    answer = api.post("/cgi-bin/draft/batchget", {"offset": 0, "count": 20, "no_content": 1})
    for item in payloads.rows_of(answer, "item"):
        articles = payloads.articles_of(item.get("content"))
        links = [payloads.text_of(article.get("content_source_url")) for article in articles]
        if len(links) == 1 and payloads.same_link(link, links[0]):
            return payloads.text_of(item.get("media_id"))
    return ""


def losses(payload: Json, seen: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    if newspic.is_newspic(payload):
        return newspic.losses(payload, seen, steps["pictures"])
    return readback.losses(payload, seen, str(steps["cover"]))


def _departures(payload: Json, seen: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    if newspic.is_newspic(payload):
        return newspic.losses(payload, seen, steps["pictures"])
    return readback.departures(payload, seen, str(steps["cover"]), dict(steps.get("images") or {}))


def changed_since(api: Api, payload: Json, prepared: Prepared) -> str | None:
    """Why the standing draft is not the prepared one any more, or None."""
    seen = read_draft(api, str(prepared.steps["draft"]))
    if seen is None:
        return (
            "草稿已不在公众平台的草稿箱中，可能已被人工发布或删除。请登录公众平台核对；确认没有发布的，取消后重新排期。"
        )
    if len(seen) != 1:
        return f"{_SEVERAL}请登录公众平台核对，或取消后重新排期。"
    known = str(prepared.steps["fingerprint"])
    # Another version of Tandem took fingerprints of other things: what it made ready is compared with the approved payload.
    same = (
        readback.fingerprint(seen[0]) == known
        if readback.is_current(known)
        else not _departures(payload, seen[0], prepared.steps)
    )
    if not same:
        return "公众平台上的草稿已被人工改动，与审核通过的内容不一致。请登录公众平台核对：放行会改回审核通过的内容，不想发就取消。"
    return None


def restoring(prepared: Prepared) -> Prepared:
    """See Connector.restoring."""
    if not prepared.steps.get("draft"):
        return Prepared()
    # The tag of a mass send is looked at once more, too: weeks may have passed.
    kept = {name: value for name, value in prepared.steps.items() if name not in ("fingerprint", "audience")}
    before = prepared.steps.get("fingerprint") or prepared.steps.get(BEFORE)
    return Prepared(steps={**kept, "restore": "1", **({BEFORE: before} if before else {})})


def discard(api: Api, prepared: Prepared) -> None:
    """Delete the draft, as long as it holds nothing but what we put there. Raises Refused when people worked on it."""
    draft = str(prepared.steps.get("draft") or "")
    begun = str(prepared.steps.get("draft_begun") or "")
    if draft and not _still_ours(read_draft(api, draft), prepared, begun):
        raise Refused(
            "草稿被人改动过或加进了别的文章，没有删除，以免误删别人的内容。",
            remedy="请登录公众平台的草稿箱人工处理。",
            who="发布人",
        )
    if not draft and begun:
        # It may have been made without our hearing of it.
        draft = standing_draft(api, begun)
    if not draft:
        return
    try:
        api.post("/cgi-bin/draft/delete", {"media_id": draft})
    except ConnectorError as error:
        if error.code != "40007":
            raise


def _still_ours(seen: list[dict[str, Any]] | None, prepared: Prepared, link: str) -> bool:
    """One article, as it was prepared; where that cannot be told: by its link. True, too, when nothing stands any more."""
    if seen is None:
        return True
    if len(seen) != 1:
        return False
    known = prepared.steps.get("fingerprint") or prepared.steps.get(BEFORE)
    if known and readback.is_current(str(known)):
        return readback.fingerprint(seen[0]) == str(known)
    return not link or payloads.same_link(link, payloads.text_of(seen[0].get("content_source_url")))


def gone() -> Refused:
    return Refused(
        "草稿已经不在公众平台的草稿箱里了，可能已被人工发布或删除。",
        remedy="请登录公众平台核对；确认没有发布后取消并重新排期。",
        who="发布人",
        code="40007",
    )


def several() -> Refused:
    return Refused(_SEVERAL, remedy="请登录公众平台核对，取消后重新排期。", who="发布人")
