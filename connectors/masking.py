"""What of a request and its answer may be kept as evidence: secrets masked, files by their digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

SECRET_NAMES = frozenset(
    {
        "access_token",
        "appsecret",
        "secret",
        "client_secret",
        "app_secret",
        "refresh_token",
        "code",
        "authorization",
        "token",
        "encoding_aes_key",
        "encodingaeskey",
        "previous_aes_key",
    }
)
# As query, form, JSON, JSON inside JSON, or the header that carries a token. A backslash ends the value only before the
# quotation mark that it escapes: in base64 written as JSON a slash may have one.
_SECRET_IN_TEXT = re.compile(
    r"""(?i)((?:access_token|client_secret|app_?secret|secret|refresh_token|encoding_?aes_?key|previous_aes_key)"""
    r"""\\*["']?\s*[=:]\s*\\*["']?|\bOAuth2\s+)"""
    r"""((?:[^"'&\s,}<\\]|\\+(?!\\*["']))+)"""
)


def mask(text: str) -> str:
    """`text` without the values of tokens and secrets."""
    return _SECRET_IN_TEXT.sub(r"\1***", text)


class Part(Protocol):
    """One part of a multipart upload."""

    @property
    def field(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...


def describe(
    params: Mapping[str, str] | None,
    form: Mapping[str, str] | None,
    json_body: Any,
    raw_body: bytes | None,
    files: Sequence[Part],
) -> dict[str, Any]:
    """A request for the evidence."""
    out: dict[str, Any] = {}
    if params:
        out["query"] = _masked(params)
    if form is not None:
        out["form"] = _masked(form)
    if json_body is not None:
        out["json"] = _masked(json_body)
    if raw_body is not None:
        out["body"] = mask(raw_body[:4000].decode("utf-8", "replace"))
    if files:
        out["files"] = [
            {
                "field": f.field,
                "name": f.name,
                "content_type": f.content_type,
                "size": len(f.content),
                "sha256": hashlib.sha256(f.content).hexdigest(),
            }
            for f in files
        ]
    return out


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: "***" if str(k).lower() in SECRET_NAMES else _masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(v) for v in value]
    return value


def show(body: bytes) -> str:
    """The answer for the evidence: text, or a digest for binary and very long bodies."""
    if len(body) <= 65536:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return f"[{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}]"
