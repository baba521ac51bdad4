"""What services raise. Each becomes one clear page or JSON answer: what happened, why, what to do or whom to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.words import N_


class TandemError(Exception):
    """A refusal with an HTTP status; `message` is Chinese: cause and remedy. `errors` maps field -> messages."""

    status = 400

    def __init__(self, message: str, *, errors: Mapping[str, Sequence[str]] | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.errors = {key: list(value) for key, value in (errors or {}).items()}
        self.extra = extra


class NotFound(TandemError):
    """Not there, or not yours to see."""

    status = 404

    def __init__(
        self,
        message: str = N_("没有找到这一项。它可能已被删除，或不在您的权限范围内。请核对网址，或联系本单位管理员。"),
    ) -> None:
        super().__init__(message)


class Forbidden(TandemError):
    """You may see it, but not do this."""

    status = 403


class Conflict(TandemError):
    """A lost race, a stale version or an unlawful transition."""

    status = 409


class Invalid(TandemError):
    """The input is wrong; `errors` names the fields."""

    status = 422


class ContentBlocked(TandemError):
    """The content cannot go out; `problems` in `extra` lists why."""

    status = 422


class TooLarge(TandemError):
    status = 413


class WrongKind(TandemError):
    """A file of a kind that is not accepted."""

    status = 415


class Unauthenticated(TandemError):
    status = 401

    def __init__(self, message: str = N_("尚未登录或令牌无效。请重新登录，或换用有效的访问令牌。")) -> None:
        super().__init__(message)


class TooMany(TandemError):
    status = 429
