"""Reading what Weibo answers: four envelopes, codes as numbers or text, HTML from its gateways, success in disguise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.errors import Code, ConnectorError, ContentRefused, NotEntitled, OutcomeUnknown, RateLimited, Refused
from connectors.http import Answer
from connectors.masking import mask
from connectors.values import MediaFile
from connectors.weibo import codes

Until = Callable[[str], datetime]


def interpret(answer: Answer, *, write: bool, until: Until, article: bool = False) -> Any:
    """The JSON of a success (also 20032, see is_slow). Raises by the code table; the HTTP status decides nothing
    when the body speaks. What cannot be read is OutcomeUnknown on a write, Unavailable on a read."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        raise _unreadable(answer, write) from None
    code, text = code_of(body)
    if code in ("", "0", codes.SLOW_SUCCESS) or (article and code == codes.ARTICLE_SUCCESS):
        # An error status with a body that names no code is nobody's success.
        if answer.status >= 400 and code != codes.SLOW_SUCCESS:
            raise _unreadable(answer, write)
        return body
    own = isinstance(body, dict) and "error_code" not in body
    row = codes.ARTICLE_CODES.get(code) if article and own else codes.look_up(code, text)
    raise error_of(row, code, mask(answer.text[:2000]), write=write, until=until)


def media_file(answer: Answer, until: Until) -> MediaFile:
    """The file of an answer. An error comes as JSON whatever its status, a gateway's trouble as HTML or nothing."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
        kind = kind.split(";")[0].strip().lower()
        if answer.status >= 400 or not answer.body or kind == "text/html" or answer.body.lstrip()[:1] == b"<":
            raise _unreadable(answer, False) from None
        return MediaFile(content=answer.body, content_type=kind)
    code, text = code_of(body)
    row = codes.look_up(code, text) if code else None
    if row is not None and row.error is Refused:
        row = replace(row, cause="已过期，未取到：微博上没有这个文件了。", remedy="可以请对方重新发送。")
    raise error_of(row, code or f"HTTP {answer.status}", mask(answer.text[:2000]), write=False, until=until)


def code_of(body: Any) -> tuple[str, str]:
    """(code, text) of any of the envelopes: error_code/error, errcode/errmsg, code/msg; ("", "") for a success."""
    if not isinstance(body, dict):
        return "", ""
    for code_key, text_key in (("error_code", "error"), ("errcode", "errmsg")):
        if code_key in body:
            return str(body[code_key]).strip(), str(body.get(text_key) or "")
    if "code" in body and ("msg" in body or "message" in body):
        return str(body["code"]).strip(), str(body.get("msg") or body.get("message") or "")
    # OAuth sometimes names the error in words only.
    return ("", "") if "error" not in body else ("?", str(body["error"]))


def error_of(row: Code | None, code: str, raw: str, *, write: bool, until: Until) -> ConnectorError:
    """The error for one row of the table; `until` is asked only when there is something to wait for."""
    if row is None:
        row = codes.UNKNOWN_WRITE if write else codes.UNKNOWN_READ
    kind = OutcomeUnknown if write and row.unknown_on_write else row.error
    remedy = codes.UNKNOWN_WRITE.remedy if kind is OutcomeUnknown else row.remedy
    error = kind(row.cause, remedy=remedy, who=row.who, code=code.strip("?"), raw=raw)
    if isinstance(error, RateLimited):
        error.until, error.shared = until(code), row.shared
    if isinstance(error, ContentRefused):
        error.field = row.field
    if isinstance(error, NotEntitled):
        error.right = row.right
    return error


def is_slow(body: Mapping[str, Any]) -> bool:
    """Whether it is the success without an id: done, but not to be seen for a minute or two."""
    return code_of(body)[0] == codes.SLOW_SUCCESS


def _unreadable(answer: Answer, write: bool) -> ConnectorError:
    row = codes.UNKNOWN_WRITE if write else codes.UNKNOWN_READ
    return row.error(
        row.cause, remedy=row.remedy, who=row.who, code=f"HTTP {answer.status}", raw=mask(answer.text[:2000])
    )
