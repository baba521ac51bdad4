"""A preview in one person's WeChat (群发 · 预览消息): a draft of its own is made, shown to one WeChat id, and deleted later.

Only verified accounts may (the right of mass sending), to followers only, 100 times a day by WeChat id; the answer tells
nothing but a code. What the phone shows is the draft: it is kept for a while after it was sent. The draft is never the
one of a publication. It is known by a parameter of our own in its 原文链接, which is looked for in draft/batchget when
the answer of draft/add was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from connectors.errors import (
    Code,
    ConnectorError,
    ContentRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from connectors.values import Json, Prepared, PreviewRule
from connectors.wechat import newspic, payloads, readback
from connectors.wechat.api import Api
from connectors.wechat.drafts import read_draft
from connectors.wechat.prepare import Preparing

CALL = "/cgi-bin/message/mass/preview"
QUOTA = "message/mass/preview"
DAILY = 100
WHY_NOT = (
    "手机预览要用群发接口的权限（个人主体、未认证或认证过期的公众号没有），请在公众平台的草稿箱中点“预览”发到手机。"
)
# The parameter of the link by which a preview's draft is known.
MARK = "preview"
# Pages of twenty drafts looked through for one whose id was lost; it is among the newest.
_PAGES = 5
_YOU = "您本人"

_TOLD: dict[str, Code] = {
    "40132": Code(
        error=ContentRefused,
        cause="微信号不正确。",
        remedy="请核对：微信号不是昵称，也不是手机号，在微信的“我”页面可以看到。",
        who=_YOU,
        field="recipient",
    ),
    "40007": Code(
        error=Refused, cause="预览用的草稿在公众平台已被删除。", remedy="请再发一次，系统会重新生成。", who=_YOU
    ),
    "43019": Code(
        error=Refused, cause="这个微信号在公众号的黑名单中。", remedy="请先在公众平台移出黑名单。", who="公众号管理员"
    ),
    "45009": Code(
        error=RateLimited,
        cause=f"这个公众号今天的预览次数（{DAILY} 次）已用完。",
        remedy="北京时间零点后恢复；急用请在公众平台的草稿箱中预览。",
        who=_YOU,
    ),
    "48001": Code(
        error=NotEntitled,
        cause="公众号没有预览接口的权限。",
        remedy="请确认账号已通过微信认证且未过期；眼下请在公众平台的草稿箱中预览。",
        who="公众号管理员",
    ),
}
_NOT_FOLLOWING = ("43004", "50005", "46004", "40003")


def rule(mode: str) -> PreviewRule | None:
    """How a preview is sent; None for accounts that may neither publish nor send."""
    if mode == "draft":
        return None
    return PreviewRule(
        quota=QUOTA,
        recipient="微信号",
        hint="在微信的“我”页面可以看到；不是昵称，也不是手机号。须先关注这个公众号。",
        pattern=r"[A-Za-z][A-Za-z0-9_-]{4,31}",
        lives=timedelta(minutes=30),
    )


def prepare(preparing: Preparing, payload: Json, done: Prepared, *, key: str) -> Prepared:
    """As for a publication (pictures already there are used, new ones serve it later), but what WeChat dropped is noted
    under `losses` instead of refused: one looks at a preview to see such things."""
    steps: dict[str, Any] = dict(done.steps)
    if "losses" in steps:
        return Prepared(steps=steps, ready=True)
    wanted = {**payload, "source_url": marked(str(payload["source_url"]), key)}
    if "draft" not in steps:
        return preparing.next_step(wanted, done)
    return Prepared(steps={**steps, "losses": _losses(preparing.api, wanted, steps)}, ready=True)


def _losses(api: Api, payload: Json, steps: Mapping[str, Any]) -> list[str]:
    try:
        seen = read_draft(api, str(steps["draft"]))
    except (RateLimited, Unavailable):
        # Reading back is a courtesy here; the person sees the article itself in a moment.
        return []
    if not seen:
        return []
    if newspic.is_newspic(payload):
        return newspic.losses(payload, seen[0], dict(steps.get("pictures") or {}))
    return readback.losses(payload, seen[0], str(steps.get("cover") or ""))


def send(api: Api, name: str, prepared: Prepared, *, to: str, send_before: datetime) -> None:
    """Show the draft on the phone of the WeChat id `to`. `name`: the account's, for the words of a refusal."""
    if not prepared.ready or not prepared.steps.get("draft"):
        raise Refused("预览还没有准备好。", remedy="请再发一次。", who=_YOU)
    body = {"towxname": to, "msgtype": "mpnews", "mpnews": {"media_id": str(prepared.steps["draft"])}}
    try:
        api.post(CALL, body, write=True, send_before=send_before)
    except ConnectorError as error:
        raise _in_words(error, name, asked=api.last_call) from None


def discard(api: Api, prepared: Prepared, *, key: str) -> bool:
    """Delete the preview's draft; see Connector.discard_preview."""
    draft = str(prepared.steps.get("draft") or "")
    if draft:
        _delete(api, draft)
        return True
    if "draft_begun" not in prepared.steps:
        # That step is saved before draft/add is asked.
        return True
    found = _drafts_of(api, key)
    for media_id in found:
        _delete(api, media_id)
    return bool(found)


def marked(link: str, key: str) -> str:
    """`link` with the preview's own parameter instead of the publication's: it leads where it led, and neither draft
    can be taken for the other."""
    if not link:
        return link
    parts = urlsplit(link)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != payloads.UNIQUE]
    return urlunsplit(parts._replace(query=urlencode([*query, (MARK, key)])))


def _drafts_of(api: Api, key: str) -> list[str]:
    found: list[str] = []
    for page in range(_PAGES):
        body = {"offset": page * 20, "count": 20, "no_content": 1}
        answer = api.post("/cgi-bin/draft/batchget", body)
        items = payloads.rows_of(answer, "item")
        found += [payloads.text_of(item.get("media_id")) for item in items if _is_ours(item, key)]
        if found or len(items) < 20:
            break
    return found


def _is_ours(item: dict[str, Any], key: str) -> bool:
    for article in payloads.articles_of(item.get("content")):
        link = unescape(payloads.text_of(article.get("content_source_url")))
        try:
            if parse_qs(urlsplit(link).query).get(MARK) == [key]:
                return True
        except ValueError:
            # A link that somebody wrote by hand and that is none.
            continue
    return False


def _delete(api: Api, media_id: str) -> None:
    try:
        api.post("/cgi-bin/draft/delete", {"media_id": media_id})
    except ConnectorError as error:
        if error.code != "40007":
            raise


def _in_words(error: ConnectorError, name: str, *, asked: str) -> ConnectorError:
    """The refusal as it concerns somebody who waits for a preview. `asked`: the call that was refused, where known;
    a token's allowance that is used up says nothing about previews."""
    row = _TOLD.get(error.code) if asked in ("", QUOTA) else None
    if error.code in _NOT_FOLLOWING:
        row = Code(
            error=Refused,
            cause=f"这个微信号没有关注公众号“{name}”。",
            remedy="请先用它关注这个公众号，再发一次。",
            who=_YOU,
        )
    elif isinstance(error, OutcomeUnknown):
        row = Code(
            error=OutcomeUnknown,
            cause="请求已发出，但没有收到平台的完整答复，预览可能已收到。",
            remedy="请看手机；没有收到就再发一次。",
            who=_YOU,
        )
    elif isinstance(error, RateLimited | Unavailable) and row is None:
        row = Code(error=type(error), cause=error.cause, remedy="没有发出。请稍后再发一次。", who=_YOU)
    if row is None:
        return error
    told = row.error(row.cause, remedy=row.remedy, who=row.who, code=error.code, raw=error.raw, rid=error.rid)
    told.whole = error.whole
    if isinstance(told, ContentRefused):
        told.field = row.field
    if isinstance(told, RateLimited):
        told.until = getattr(error, "until", None)
    return told
