"""One request as a platform sees it, and how its answers are written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Request, Response

from connectors.simulator.accounts import Account
from connectors.simulator.state import State

ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u(?!00[01])([0-9a-fA-F]{4})")


class NotJson(Exception):
    """The body is not a JSON object in UTF-8."""


@dataclass
class Call:
    state: State
    request: Request
    platform: str
    token: str
    account: Account | None
    now: float
    problem: str = field(default="")  # what was wrong, for the log of requests

    @property
    def path(self) -> str:
        return self.request.path

    @cached_property
    def params(self) -> dict[str, str]:
        """Query and form fields together, as both platforms read them."""
        return {**self.request.args.to_dict(), **self.request.form.to_dict()}

    def files(self, name: str) -> list[FileStorage]:
        return self.request.files.getlist(name)

    @cached_property
    def body(self) -> bytes:
        return self.request.get_data(cache=True, parse_form_data=False)

    @cached_property
    def has_escapes(self) -> bool:
        """Whether text came as ``\\uXXXX``, which WeChat does not undo."""
        return bool(ESCAPE.search(self.body))

    @cached_property
    def json(self) -> dict[str, Any]:
        """The JSON object, with ``\\uXXXX`` left standing as six literal characters, as WeChat stores them."""
        try:
            read = json.loads(ESCAPE.sub(rb"\1\\\\u\2", self.body).decode("utf-8"))
        except ValueError as error:
            raise NotJson(str(error)) from error
        if not isinstance(read, dict):
            raise NotJson("not an object")
        return read

    @property
    def me(self) -> Account:
        """The account whose token this is; only endpoints that asked for a token may use it."""
        if self.account is None:
            raise LookupError("no account behind this call")
        return self.account

    @property
    def remote_ip(self) -> str:
        return self.request.remote_addr or "127.0.0.1"


def json_answer(body: Any, status: int = 200, content_type: str = "application/json") -> Response:
    """Raw UTF-8, and a Content-Type without charset, as both platforms send it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode("utf-8"), status=status, content_type=content_type)
