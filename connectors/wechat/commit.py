"""The calls that cannot be taken back: submitting a publication, mass sending, and deleting what was published."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from connectors.errors import ConnectorError, NotEntitled, OutcomeUnknown, Refused
from connectors.values import Json, Prepared, Receipt
from connectors.wechat import payloads
from connectors.wechat.api import Api

# delivery.mode -> the one call, as the meter names it; a draft is published by a person.
CALLS = {"mass": "message/mass/sendall", "publish": "freepublish/submit"}
# clientmsgid: at most 32 bytes, and the same for every try of one publication, so that a second try is answered 45065.
_CLIENT_ID = re.compile(r"^[A-Za-z0-9_-]{1,32}$")


def client_id(key: str) -> str:
    """`key` as clientmsgid: itself where it fits, else a digest of it."""
    if not key:
        raise ValueError("a publication needs a key")
    return key if _CLIENT_ID.match(key) else hashlib.sha256(key.encode()).hexdigest()[:32]


def publish(api: Api, payload: Json, prepared: Prepared, *, key: str, send_before: datetime) -> Receipt:
    """Submit the draft in the approved way. Neither answer means that the article is public: check() tells that."""
    mode = payload["delivery"]["mode"]
    if mode not in CALLS:
        raise NotEntitled(
            "这个账号没有接口发布权限，草稿已备好。",
            remedy="请在公众平台的草稿箱中人工发布，再把链接填回来。",
            who="发布人",
        )
    if not prepared.ready or not prepared.steps.get("draft"):
        raise ValueError("not prepared")
    draft = str(prepared.steps["draft"])
    try:
        if mode == "mass":
            return _mass(api, payload, draft, key=key, send_before=send_before)
        return _submit(api, draft, send_before=send_before)
    except ConnectorError as error:
        if error.code == "40007":
            raise _vanished(error) from None
        raise


def _submit(api: Api, draft: str, *, send_before: datetime) -> Receipt:
    answer = api.post("/cgi-bin/freepublish/submit", {"media_id": draft}, write=True, send_before=send_before)
    return _receipt(answer, "publish_id")


def _mass(api: Api, payload: Json, draft: str, *, key: str, send_before: datetime) -> Receipt:
    answer = api.mass_sendall(payloads.mass_body(payload, draft, client_id(key)), send_before=send_before)
    receipt = _receipt(answer, "msg_id")
    return Receipt(external_id=payloads.mass_id(receipt.details), details=receipt.details)


def _receipt(answer: dict[str, object], name: str) -> Receipt:
    """A submission's ids; the article itself has none yet."""
    read = {"publish_id": payloads.text_of}
    keys = (name, "msg_data_id")
    details = {key: value for key in keys if (value := read.get(key, payloads.number_of)(answer.get(key)))}
    if name not in details:
        raise OutcomeUnknown(
            f"平台的答复里缺少 {name}，不能确定是否已受理。", remedy="系统会去平台核实，核实前不会重发。", who="系统"
        )
    return Receipt(details=details)


def _vanished(error: ConnectorError) -> OutcomeUnknown:
    """A draft dies when it is published: one that is gone may be out already, by an earlier try or by a person."""
    return OutcomeUnknown(
        "草稿在公众平台已不存在，可能已经发布。",
        remedy="系统会去平台核实；也请登录公众平台核对，核实前不会重发。",
        who="发布人",
        code=error.code,
        raw=error.raw,
        rid=error.rid,
    )


def recall(api: Api, receipt: Receipt) -> None:
    """Delete one article. The index is 1-based; a missing one or 0 would delete every article of the item.

    A mass send whose msg_id was lost with the answer is deleted by its address, which the statistics told.
    """
    details = receipt.details
    index = _article_index(details.get("article_idx", "1"))
    if details.get("article_id"):
        body = {"article_id": details["article_id"], "index": index}
        api.post("/cgi-bin/freepublish/delete", body, write=True)
    elif details.get("msg_id"):
        body = {"msg_id": int(details["msg_id"]), "article_idx": index}
        api.post("/cgi-bin/message/mass/delete", body, write=True)
    elif receipt.url:
        api.post("/cgi-bin/message/mass/delete", {"url": receipt.url, "article_idx": index}, write=True)
    else:
        raise Refused("这篇文章没有可用于撤回的编号和链接。", remedy="请登录公众平台人工删除。", who="发布人")


def _article_index(value: object) -> int:
    """Raises ValueError before anything is asked: deleting all by mistake cannot be undone."""
    index = int(str(value)) if value is not None else 0
    if index < 1:
        raise ValueError(f"article index must be 1 or more: {value!r}")
    return index
