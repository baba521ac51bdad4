"""Comments of articles (by polling; there is no event for them) and answers to comments and private messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.errors import (
    ConnectorError,
    ContentRefused,
    CredentialsRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from connectors.values import InboundMessage, Page, Receipt
from connectors.wechat import payloads
from connectors.wechat.api import Api
from connectors.wechat.clocks import from_epoch
from connectors.words import N_

# comment/list refuses 50 and more (88010).
PAGE_SIZE = 49
# Pages of one article asked in one go; the rest follows next time.
MOST_PAGES = 10
# The platform's page does not say; 2048 bytes is what its error 45002 has been seen at.
PRIVATE_BYTES = 2048
# Comments of people without a WeChat identity have no openid: a number of our own stands for them.
ANONYMOUS = "anonymous:"
NO_ID = N_(
    "留言暂不可取：留言只能按接口群发后平台给的编号读取，其他方式发出的文章没有这个编号。"
    "用“发布”方式或在公众平台人工发出的文章，请登录公众平台查看留言。"
)


def fetch_comments(api: Api, cursor: Mapping[str, str], posts: Sequence[Receipt]) -> Page[InboundMessage]:
    """All comments of the posts that have a msg_data_id. The list has no cursor of its own: every time from the start,
    and `cursor` only remembers where a very long list was left. Raises RateLimited, Unavailable when nothing was had:
    one article that cannot be read must not hide the comments of the others."""
    asked = [post for post in posts if post.details.get("msg_data_id")]
    if not asked:
        return Page(unavailable=NO_ID)
    items: list[InboundMessage] = []
    left = {_place(post): cursor[_place(post)] for post in asked if _place(post) in cursor}
    reasons: list[str] = []
    later: ConnectorError | None = None
    for post in asked:
        try:
            found, begin = _comments_of(api, post, int(cursor.get(_place(post), "0")))
        except NotEntitled as error:
            if error.whole:
                raise
            return Page(items=tuple(items), cursor=dict(cursor), unavailable=f"留言取不到：{error.cause}{error.remedy}")
        except Unavailable as error:
            if error.whole:
                # Every other article would hear the same.
                raise
            later = error
            continue
        except RateLimited as error:
            later = error
            break
        except CredentialsRefused:
            raise
        except Refused as error:
            # 88001: the article is gone; 88002: limited for safety. The others may still be had.
            reasons.append(error.cause)
            continue
        items += found
        left.pop(_place(post), None)
        if begin:
            left[_place(post)] = str(begin)
    if later is not None and not items:
        raise later
    if later is not None:
        return Page(items=tuple(items), cursor=left, unavailable=f"部分文章的留言暂时取不到：{later.cause}")
    nothing = len(reasons) == len(asked)
    return Page(items=tuple(items), cursor=left, unavailable=f"留言取不到：{reasons[0]}" if nothing else "")


def _place(post: Receipt) -> str:
    return f"{post.details['msg_data_id']}:{post.details.get('index', '0')}"


def _comments_of(api: Api, post: Receipt, begin: int) -> tuple[list[InboundMessage], int]:
    """The comments from `begin` on, and where to go on next time (0: all were had)."""
    found: list[InboundMessage] = []
    for _ in range(MOST_PAGES):
        body = {**place_of(post.details), "begin": begin, "count": PAGE_SIZE, "type": 0}
        answer = api.post("/cgi-bin/comment/list", body)
        rows = payloads.rows_of(answer, "comment")
        try:
            found += [_comment(post, row) for row in rows]
        except (KeyError, ValueError):
            raise Unavailable("平台给出的留言无法读懂。", remedy="系统会稍后再取。", who="系统") from None
        begin += PAGE_SIZE
        if len(rows) < PAGE_SIZE:
            return found, 0
    return found, begin


def place_of(details: Mapping[str, str]) -> dict[str, Any]:
    """The article that comments are asked under: msg_data_id is a number there, and the index counts from 0."""
    return {"msg_data_id": int(details["msg_data_id"]), "index": int(details.get("index", "0"))}


def _comment(post: Receipt, row: dict[str, Any]) -> InboundMessage:
    mid, index = post.details["msg_data_id"], post.details.get("index", "0")
    comment_id = payloads.number_of(row.get("user_comment_id"))
    if not comment_id:
        raise ValueError("a comment without its number could never be answered")
    # People without a WeChat identity have no openid: each of their comments is a thread of its own.
    sender = payloads.text_of(row.get("openid")) or f"{ANONYMOUS}{comment_id}"
    return InboundMessage(
        external_id=f"comment:{mid}:{index}:{comment_id}",
        kind="article_comment",
        thread=f"{sender}:{mid}:{index}",
        sender_id=sender,
        text=payloads.text_of(row.get("content")),
        sent_at=from_epoch(row.get("create_time")),
        post_external_id=post.external_id or mid,
        target={"kind": "article_comment", "msg_data_id": mid, "index": index, "user_comment_id": comment_id},
        answered=_answered(row.get("reply")),
        elected=payloads.switch(row.get("comment_type")),
    )


def _answered(reply: object) -> bool:
    """`reply` is an object in the documentation, an array in older answers."""
    return any(isinstance(part, dict) and part.get("content") for part in payloads.listed(reply))


def reply(api: Api, target: Mapping[str, str], text: str, *, send_before: datetime) -> Receipt:
    """Answer a private message (within 48 hours, five times) or a comment (once).

    Raises ReplyWindowClosed (45015, 45047), OutcomeUnknown (88005: somebody's reply stands already), ContentRefused.
    """
    if not text.strip():
        raise _refused("回复内容是空的。", "请填写回复内容。")
    if target.get("kind") == "article_comment":
        return _answer_comment(api, target, text, send_before)
    if target.get("kind") == "private":
        return _answer_private(api, target["openid"], text, send_before)
    raise ValueError(f"not a target of WeChat's: {target.get('kind')!r}")


def _answer_comment(api: Api, target: Mapping[str, str], text: str, send_before: datetime) -> Receipt:
    body = {**place_of(target), "user_comment_id": int(target["user_comment_id"]), "content": text}
    _sent(api.post("/cgi-bin/comment/reply/add", body, write=True, send_before=send_before))
    place = ":".join((target["msg_data_id"], target.get("index", "0"), target["user_comment_id"]))
    return Receipt(external_id=f"reply:{place}", live=True)


def _answer_private(api: Api, openid: str, text: str, send_before: datetime) -> Receipt:
    if len(text.encode()) > PRIVATE_BYTES:
        raise _refused("回复太长。", f"请缩短到 {PRIVATE_BYTES // 3} 个汉字以内，或分成两条。")
    body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
    _sent(api.post("/cgi-bin/message/custom/send", body, write=True, send_before=send_before))
    return Receipt(live=True)


def _sent(answer: Mapping[str, Any]) -> None:
    """These answers carry no id: only their errcode 0 says that it was WeChat who took the reply."""
    if "errcode" not in answer:
        raise OutcomeUnknown(
            "平台的答复里没有结果，不能确定是否已回复。", remedy="请到公众平台核对，核对前不会重发。", who="回复人"
        )


def _refused(cause: str, remedy: str) -> ConnectorError:
    error = ContentRefused(cause, remedy=remedy, who="回复人")
    error.field = "text"
    return error
