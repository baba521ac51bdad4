"""Weibo's refusals: the ordinary envelope, the article's and the one of fan-service mass messages."""

from __future__ import annotations

TEXTS = {
    10001: "system error",
    10002: "Service unavailable",
    10003: "Remote service error",
    10006: "source paramter(appkey) is missing",
    10007: "Unsupport mediatype (multipart/form-data)",
    10008: "Param error, see doc for more info.",
    10009: "Too many pending tasks, system is busy",
    10010: "Job expired",
    10013: "Invalid weibo user",
    10014: "Insufficient app permissions!",
    10016: "miss required parameter, see doc for more info.",
    10017: "parameter value invalid",
    10020: "Request Api not found!",
    10021: "HTTP METHOD is not suported for this request!",
    10022: "IP requests out of rate limit!",
    10023: "User requests out of rate limit!",
    10024: "User requests for this api out of rate limit!",
    20003: "User does not exists!",
    20005: "Unsupported image type, only suport JPG, GIF, PNG!",
    20006: "image size too large.",
    20007: "does multipart has image?",
    20008: "content is null!",
    20009: "IDs is too many!",
    20012: " Text too long, please input text less than 140 characters!",
    20013: " Text too long, please input text less than 300 characters!",
    20014: "security check param error, please try again",
    20015: "Account or ip or app is illgal, can not continue",
    20016: "update weibo too fast!",
    20017: "you have send the similar content!",
    20018: "Contain illegal website!",
    20019: "repeat content!",
    20020: "Contain advertising!",
    20021: "Content is illegal!",
    20022: "Your ip's behave in a comic boisterous or unruly manner!",
    20031: "Test and verify!",
    20032: "Update success, while server slow now, please wait 1-2 minutes",
    20101: "target weibo does not exist!",
    20102: "not your own weibo!",
    20103: "can't repost yourself weibo!",
    20109: "weibo id is null!",
    20111: "repeat weibo text!",
    20201: "target weibo comment does not exist!",
    20203: "not your own comment!",
    20204: "comment id is null!",
    20301: "can't send direct message to user who is not your follower!",
    20306: "repeat direct message text!",
    20508: "according to the user's privacy settings, you can not do this.",
    21301: "auth faild!",
    21316: "token_revoked",
    21321: "applications over the unaudited use restrictions!",
    21327: "expired_token",
    21332: "invalid_access_token",
    21335: "uid parameter must be the current user's uid",
}
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

    def __init__(self, code: int, text: str, description: str = "") -> None:
        super().__init__(code, text)
        self.description = description

    def body(self, path: str) -> dict[str, object]:
        body: dict[str, object] = {"error": self.text, "error_code": self.code, "request": path, "error_uri": path}
        return body | ({"error_description": self.description} if self.description else {})
