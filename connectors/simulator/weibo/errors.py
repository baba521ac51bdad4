"""Weibo's refusals: the ordinary envelope, the article's and the one of fan-service mass messages."""

from __future__ import annotations

from connectors.simulator.weibo.texts import TEXTS

FORBIDDEN = frozenset({10014, 10022, 10023, 10024})


class WeiboError(Exception):
    """An ordinary refusal: HTTP 400 (403 for rights and rates) with `{error, error_code, request}`."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = text or TEXTS.get(code, "system error")

    @property
    def status(self) -> int:
        return 403 if self.code in FORBIDDEN else 400

    def body(self, path: str) -> dict[str, object]:
        return {"error": self.text, "error_code": self.code, "request": path}


class ArticleError(WeiboError):
    """A refusal of the article interface: `{code, msg, data}`, HTTP 200, the code as a string."""

    @property
    def status(self) -> int:
        return 200

    def body(self, path: str) -> dict[str, object]:
        return {"code": str(self.code), "msg": self.text, "data": ""}


class MassMessageError(WeiboError):
    """A refusal of messages/sendall: other key names again."""

    def body(self, path: str) -> dict[str, object]:
        return {"request": path, "errcode": str(self.code), "errmsg": self.text}


class OAuthError(WeiboError):
    """A refusal of /oauth2: the ordinary keys, and a description."""

    def __init__(self, code: int, text: str = "", description: str = "") -> None:
        super().__init__(code, text)
        self.description = description

    def body(self, path: str) -> dict[str, object]:
        body: dict[str, object] = {"error": self.text, "error_code": self.code, "request": path, "error_uri": path}
        return body | ({"error_description": self.description} if self.description else {})
