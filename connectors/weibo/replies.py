"""Answering a comment, a mention or a private message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.errors import ConnectorError, ContentRefused, NotEntitled, Refused
from connectors.values import Receipt
from connectors.weibo import codes
from connectors.weibo.answers import is_slow
from connectors.weibo.api import Api
from connectors.weibo.ids import id_of
from connectors.weibo.length import half_units, literal_units
from connectors.weibo.levels import COMMENT_LENGTH, PRIVATE_LENGTH
from connectors.weibo.times import created_at


def reply(
    api: Api, target: Mapping[str, str], text: str, *, rip: str, business: bool, send_before: datetime
) -> Receipt:
    """Answer by `target`: {"kind": "comment", "cid", "id"}, {"kind": "mention", "id"}, {"kind": "private",
    "receiver_id"}. Raises ValueError for another target, ContentRefused before the call for a text that is too long."""
    kind = target.get("kind", "")
    if kind == "private":
        _check_length(text, literal_units(text), PRIVATE_LENGTH)
        answer = api.message(_part(target, "receiver_id"), text, business=business, send_before=send_before)
        return _private_receipt(answer)
    _check_length(text, half_units(text), COMMENT_LENGTH)
    if kind == "comment":
        # Without the mention that the server would put before it: what was approved is what is said.
        form = {
            "cid": _part(target, "cid"),
            "id": _part(target, "id"),
            "comment": text,
            "without_mention": "1",
            **({"rip": rip} if rip else {}),
        }
        return _comment_receipt(api.reply_to_comment(form, business=business, send_before=send_before))
    if kind == "mention":
        if not rip:
            raise _no_address()
        form = {"id": _part(target, "id"), "comment": text, "rip": rip}
        return _comment_receipt(api.comment(form, send_before=send_before))
    raise ValueError(f"unknown reply target: {kind!r}")


def take_back(api: Api, reply_id: str) -> None:
    """Delete a comment of our own; not an error when it is gone already. Raises Refused where it has no number."""
    if not reply_id:
        raise Refused("微博没有给出这条回复的编号。", remedy="请登录微博手动删除。", who=codes.OPERATOR, code="20204")
    try:
        api.destroy_comment(reply_id)
    except Refused as error:
        if error.code != "20201":
            raise


def _comment_receipt(comment: Mapping[str, Any]) -> Receipt:
    if is_slow(comment):
        return Receipt(live=False, details={"slow": "1"})
    comment_id = id_of(comment)
    if not comment_id:
        raise _unknown()
    return Receipt(external_id=comment_id, live=True, published_at=created_at(comment))


def _private_receipt(answer: Mapping[str, Any]) -> Receipt:
    """A private message gets no id; `result` is true as a boolean or as text."""
    if is_slow(answer):
        return Receipt(live=False, details={"slow": "1"})
    if str(answer.get("result")).lower() != "true" and not id_of(answer):
        raise _unknown()
    return Receipt(external_id=id_of(answer), live=True, published_at=created_at(answer))


def _unknown() -> ConnectorError:
    row = codes.UNKNOWN_WRITE
    return row.error(row.cause, remedy=row.remedy, who=row.who)


def _no_address() -> NotEntitled:
    """comments/create demands the operator's address; comments/reply only likes it."""
    return NotEntitled(
        "发布人公网地址未知。微博要求随评论提供该地址。",
        remedy="请系统管理员设置 TANDEM_EGRESS_IP。",
        who=codes.ADMIN,
        code="10016",
    )


def _check_length(text: str, units: int, limit: int) -> None:
    if not text.strip():
        raise _refused("回复内容为空。", "请填写回复内容。", "20008")
    if units > limit * 2:
        raise _refused(f"回复 {(units + 1) // 2} 字，超过 {limit} 字的上限。", "请缩短后重新提交。", "20012")


def _refused(cause: str, remedy: str, code: str) -> ContentRefused:
    error = ContentRefused(cause, remedy=remedy, who=codes.OPERATOR, code=code)
    error.field = "text"
    return error


def _part(target: Mapping[str, str], name: str) -> str:
    """Raises Refused where Weibo never told what the reply needs, such as the status of a comment."""
    if not target.get(name):
        raise Refused(
            f"微博没有给出回复所需的编号（{name}）。", remedy="请登录微博查看并回复。", who=codes.OPERATOR, code="10016"
        )
    return target[name]
