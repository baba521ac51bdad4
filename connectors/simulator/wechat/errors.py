"""WeChat's refusals: HTTP 200 with ``errcode`` and ``errmsg``, the latter ending in a rid."""

from __future__ import annotations

import os
import time
from typing import Any

TEXTS = {
    -1: "system error",
    40001: (
        "invalid credential, access_token is invalid or not latest, could get access_token by "
        "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
    ),
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40032: "invalid openid list size, at least two openid",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40039: "invalid url size",
    40059: "invalid msg id",
    40060: "invalid article idx",
    40092: "invalid remark name",
    40097: "invalid args",
    40114: "invalid index value",
    40125: "invalid appsecret",
    40130: "invalid openid list size, at most 10000 openid",
    40132: "invalid username",
    40137: "invalid image format",
    40152: "invalid tag_id",
    40164: "invalid ip, not in whitelist",
    40215: "invalid image count",
    40243: "AppSecret is frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41039: "invalid content_source_url",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43019: "the user is in the blacklist",
    44002: "empty post data",
    44003: "empty news data",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45008: "article count out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45028: "has no masssend quota",
    45047: "out of response count limit",
    45056: "too many tag now, no need to add new",
    45058: "can't modify sys tag",
    45059: "can't add more label to user",
    45064: "no permission to use weapp in menu",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    45072: "invalid command",
    45080: "not inputting, no interaction within 30 seconds",
    45081: "already inputting",
    45083: "invalid speed",
    45084: "no speed parameter",
    45110: "author size out of limit",
    45113: "this message type is not supported any more",
    45157: "invalid tag name",
    45158: "tag name too long",
    45162: "invalid msgtype",
    45166: "invalid content",
    45169: "too many concurrent requests for this openid, try later",
    45171: "partial failure",
    46003: "menu no exist",
    47001: "data format error",
    47009: "this api is offline, please use the new api",
    48001: "api unauthorized",
    48005: "forbid to delete material used by auto-reply or menu",
    48006: "forbid to clear quota because of reaching the limit",
    49003: "not match openid with appid",
    50005: "user is not following",
    48022: "video uploaded by API is not supported",
    50004: "token api is forbidden",
    50007: "account is frozen",
    53404: "the account has no commerce ability",
    53405: "invalid product",
    53406: "invalid product_key",
    53503: "draft fails the publish check",
    53600: "invalid article_id",
    61500: "date format error",
    61501: "date range error",
    61503: "data not ready, please try later",
    65400: "please enable new custom service",
    65401: "invalid custom service account",
    65403: "invalid nickname",
    65404: "invalid custom service account name",
    65405: "custom service accounts up to limit",
    65406: "already have custom service account",
    65407: "the invited is already a worker of this account",
    65409: "invalid weixin account",
    65412: "this account is already bound",
    65416: "invalid argument",
    65417: "time range more than 24 hours",
    76001: "rid not exist",
    76002: "rid is error",
    76003: "could not query other account's rid",
    76004: "rid is out of date, only within 7 days",
    76021: "cgi_path not found",
    88000: "without comment privilege",
    88001: "msg_data is not exists",
    88002: "article is limited for safety reasons",
    88003: "elected comment upto limit",
    88004: "comment is deleted by user",
    88005: "comment already replied",
    88007: "reply content beyond max len or content len is zero",
    88008: "comment is not exists",
    88009: "reply is not exists",
    88010: "count range error. cout <= 0 or count > 50",
    89503: "this ip calls with risk, the administrator must confirm it",
    89504: "mass send is waiting for the administrator's confirmation",
    89505: "mass send enters the administrator's confirmation",
    89506: "this ip was refused by the administrator twice, try again after 24 hours",
    89507: "this ip was refused by the administrator, try again after one hour",
}


class WeChatError(Exception):
    """An errcode; ``extra`` keys stand beside it in the answer (45065 carries msg_id, 88001 an empty list)."""

    def __init__(self, code: int, text: str = "", **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.text = text or TEXTS.get(code, "system error")
        self.extra = extra

    def body(self, rid: str) -> dict[str, Any]:
        # 45065 and 47009 are on record without a rid.
        bare = self.code in (45065, 47009)
        return {"errcode": self.code, "errmsg": self.text if bare else f"{self.text} rid: {rid}", **self.extra}


def new_rid() -> str:
    return f"{int(time.time()):08x}-{os.urandom(4).hex()}-{os.urandom(4).hex()}"
