"""WeChat's endpoints as thin methods over Http: token, error mapping, one bounded retry with a fresh token.

`write` marks what must not be repeated blindly (submitting, sending, answering, deleting). Uploads and drafts only leave
things behind that nobody sees, so a lost answer to them is Unavailable: they are simply made again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Meter, TokenStore
from connectors.errors import (
    AlreadyDone,
    AwaitingPlatformAdmin,
    Code,
    ConnectorError,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from connectors.http import Answer, File, Http
from connectors.masking import mask
from connectors.values import AccountConfig, Receipt, Token
from connectors.wechat.clocks import retry_at
from connectors.wechat.codes import CODES, STALE_TOKEN
from connectors.wechat.payloads import mass_id, number_of

HOST = "https://api.weixin.qq.com"
# The platform renews a stable token five minutes before its end and keeps both alive meanwhile.
TOKEN_MARGIN = timedelta(seconds=200)
# Two hours is what the platform gives; a lifetime beyond a day, in seconds, is a broken answer.
_LONGEST = 86_400
# 89504: a mass send of the account is in approval.
_ONE_WAITS = 89504
# Two codes for one cause; only the first tells the address.
UNLISTED = ("40164", "61004")
# The administrator must confirm this server's address, or refused to for an hour or a day.
CONFIRMING = ("89503", "89506", "89507")
_RID = re.compile(r"rid:\s*([0-9A-Za-z-]+)")
_IP = re.compile(r"invalid ip ([0-9A-Fa-f.:]+)")

Body = dict[str, Any]


def egress_ip(error: ConnectorError) -> str:
    """The address WeChat saw us from, as told by 40164; else ""."""
    found = _IP.search(error.raw) if error.code == "40164" else None
    return found.group(1) if found else ""


class Api:
    """WeChat's API for one account."""

    def __init__(
        self,
        account: AccountConfig,
        *,
        http: Http,
        tokens: TokenStore,
        meter: Meter,
        clock: Callable[[], datetime],
    ) -> None:
        self._account = account
        self._http = http
        self._tokens = tokens
        self._meter = meter
        # What the platform was last asked, as the meter names it; a refusal is about that.
        self.last_call = ""
        self._clock = clock

    def now(self) -> datetime:
        return self._clock()

    # Token.

    def _spend(self, call: str) -> None:
        self.last_call = call
        self._meter.spend(call)

    def token(self) -> Token:
        """A token with some life left. Raises CredentialsRefused, NotEntitled, RateLimited, Unavailable."""
        token = self._tokens.current()
        if token is None:
            return self._tokens.renew(None, self._fetch_token)
        if token.expires_at is not None and self._clock() >= token.expires_at - TOKEN_MARGIN:
            return self._tokens.renew(token.value, self._fetch_token)
        return token

    def ask_token(self) -> Token:
        """The token asked for anew, which alone tests secret and whitelist; a stable token keeps its value by that."""
        token = self._tokens.current()
        return self._tokens.renew(token.value if token else None, self._fetch_token)

    def _fetch_token(self) -> Token:
        """stable_token by POST: the secret is never in a URL, and asking twice does not kill the first token."""
        credentials = self._account.credentials
        body = {
            "grant_type": "client_credential",
            "appid": credentials.get("app_id", ""),
            "secret": credentials.get("app_secret", ""),
        }
        self._spend("stable_token")
        answer = self._http.call("POST", f"{HOST}/cgi-bin/stable_token", write=False, json_body=body)
        parsed = self._parsed(answer, write=False)
        self._raise_for(parsed, write=False)
        value, lifetime = parsed.get("access_token"), parsed.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(lifetime, int) or not 0 < lifetime <= _LONGEST:
            raise _unreadable(answer, write=False)
        return Token(value=value, expires_at=self._clock() + timedelta(seconds=lifetime))

    # Transport.

    def post(self, path: str, body: Body, *, write: bool = False, send_before: datetime | None = None) -> Body:
        """The parsed answer of a JSON call that WeChat says went well; anything else is raised."""
        parsed = self._ask(path, write=write, json_body=body, send_before=send_before)
        self._raise_for(parsed, write=write)
        return parsed

    @property
    def app_id(self) -> str:
        return self._account.credentials.get("app_id", "")

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Body:
        parsed = self._ask(path, write=False, method="GET", query=query)
        self._raise_for(parsed, write=False)
        return parsed

    def download(self, path: str, query: Mapping[str, str]) -> Answer | Body:
        """Bytes that the platform gives away under a name of its own: the answer as it came, or its JSON when that is no
        error. Raises as get() does."""

        def send(token: Token) -> tuple[Answer, Body | None]:
            self._spend(meter_key(path))
            params = {**query, "access_token": token.value}
            answer = self._http.call("GET", f"{HOST}{path}", write=False, params=params)
            return answer, _object_in(answer)

        token = self.token()
        answer, parsed = send(token)
        if parsed is not None and error_code(parsed) in STALE_TOKEN:
            answer, parsed = send(self._tokens.renew(token.value, self._fetch_token))
        if parsed is None:
            return answer
        self._raise_for(parsed, write=False)
        return parsed

    def fetch(self, url: str) -> Answer:
        """An address that the platform named, asked without our token."""
        return self._http.call("GET", url, write=False)

    def upload(self, path: str, content: bytes, content_type: str, query: Mapping[str, str] | None = None) -> Body:
        """A multipart upload under the field `media` with an ASCII name (41005 otherwise)."""
        extension = {"image/png": "png", "image/gif": "gif", "image/bmp": "bmp"}.get(content_type, "jpg")
        file = File(field="media", name=f"image.{extension}", content=content, content_type=content_type)
        parsed = self._ask(path, write=False, files=(file,), query=query)
        self._raise_for(parsed, write=False)
        return parsed

    def _ask(
        self,
        path: str,
        *,
        write: bool,
        method: str = "POST",
        json_body: Body | None = None,
        files: tuple[File, ...] = (),
        query: Mapping[str, str] | None = None,
        send_before: datetime | None = None,
    ) -> Body:
        """One call, and one more with a fresh token when the first says that the token is stale."""

        def send(token: Token) -> Body:
            self._spend(meter_key(path))
            answer = self._http.call(
                method,
                f"{HOST}{path}",
                write=write,
                params={**(query or {}), "access_token": token.value},
                json_body=json_body,
                files=files,
                send_before=send_before,
            )
            return self._parsed(answer, write=write)

        token = self.token()
        parsed = send(token)
        if error_code(parsed) in STALE_TOKEN:
            parsed = send(self._tokens.renew(token.value, self._fetch_token))
        return parsed

    def _parsed(self, answer: Answer, *, write: bool) -> Body:
        """The body comes first, whatever the HTTP status; HTML, nothing or half a JSON say nothing about the outcome."""
        try:
            parsed = answer.json()
        except ValueError:
            raise _unreadable(answer, write) from None
        if not isinstance(parsed, dict) or (answer.status >= 400 and "errcode" not in parsed):
            raise _unreadable(answer, write)
        return parsed

    def _raise_for(self, parsed: Body, *, write: bool) -> None:
        code = error_code(parsed)
        if code != 0:
            raise self.error_for(code, str(parsed.get("errmsg", "")), write=write)

    def error_for(self, code: int | None, message: str, *, write: bool) -> ConnectorError:
        """The error of CODES for `code`; one that is in no table is unknown on a write."""
        row = CODES.get(code) if code is not None else None
        kind: type[ConnectorError] = OutcomeUnknown if write else Unavailable
        if row is not None and not (write and row.unknown_on_write):
            kind = row.error
        rid = _RID.search(message)
        error = kind(
            _cause(code, message, row),
            remedy=row.remedy if row else "系统会先核实；若反复出现，请把错误码和 rid 交给系统维护人员。",
            who=row.who if row else "系统维护人员",
            code=str(code),
            raw=mask(message),
            rid=rid.group(1) if rid else "",
        )
        if row is not None and row.whole:
            error.whole = True
        if row is not None and isinstance(error, NotEntitled):
            error.right = row.right
        if row is not None and hasattr(error, "field"):
            error.field = row.field
        if isinstance(error, RateLimited) and code is not None:
            monthly = self._account.settings.get("kind") == "service"
            error.until = retry_at(code, self._clock(), monthly_mass=monthly)
        return error

    # The one call that is answered with more than an error when it is a repetition.

    def mass_sendall(self, body: Body, *, send_before: datetime) -> Body:
        """Raises AlreadyDone with the msg_id for 45065 under the clientmsgid of `body`; AwaitingPlatformAdmin likewise."""
        parsed = self._ask("/cgi-bin/message/mass/sendall", write=True, json_body=body, send_before=send_before)
        code, receipt = error_code(parsed), _mass_receipt(parsed)
        if code == 45065 and body.get("clientmsgid") and receipt is not None:
            error = AlreadyDone("平台已收到过这条群发。", remedy="系统会继续核实。", who="系统", code="45065")
            error.receipt = receipt
            raise error
        if code != 0:
            refusal = self.error_for(code, str(parsed.get("errmsg", "")), write=True)
            if code == _ONE_WAITS and receipt is None:
                # Perhaps another one of the account's is waiting, and ours was not taken: nobody may read "submitted".
                raise _which_one_waits(refusal)
            if isinstance(refusal, AwaitingPlatformAdmin):
                # Without its msg_id neither the event nor mass/get could be known as ours.
                refusal.receipt = receipt and replace(receipt, details={**receipt.details, "awaits": "admin"})
            raise refusal
        return parsed


def _which_one_waits(refusal: ConnectorError) -> OutcomeUnknown:
    return OutcomeUnknown(
        "平台说有一条群发正在等待公众号管理员确认，但没有给出编号：可能是这一条，也可能是账号的另一条。",
        remedy="请公众号管理员在微信中查看待确认的是哪一篇，再由发布人认定；认定前不会重发。",
        who="公众号管理员",
        code=refusal.code,
        raw=refusal.raw,
        rid=refusal.rid,
    )


def meter_key(path: str) -> str:
    """ "/cgi-bin/draft/add" -> "draft/add"; "/datacube/x" stays "datacube/x"."""
    return path.removeprefix("/cgi-bin").lstrip("/")


def _mass_receipt(parsed: Body) -> Receipt | None:
    """The ids of a mass send that an answer names, also beside an error; None without a msg_id."""
    msg_id, data_id = (number_of(parsed.get(name)) for name in ("msg_id", "msg_data_id"))
    if not msg_id:
        return None
    details = {"msg_id": msg_id, **({"msg_data_id": data_id} if data_id else {})}
    return Receipt(external_id=mass_id(details), details=details)


def error_code(parsed: Body) -> int | None:
    """0 for success (also when there is no errcode at all), None for one that is not a number."""
    try:
        return int(parsed.get("errcode", 0))
    except (TypeError, ValueError):
        return None


def _object_in(answer: Answer) -> Body | None:
    """The JSON object that an answer is, None when it is anything else."""
    if not answer.body.lstrip().startswith(b"{"):
        return None
    try:
        parsed = answer.json()
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _cause(code: int | None, message: str, row: Code | None) -> str:
    if row is None:
        return f"平台返回了未收录的错误 {code}：{mask(message)}"
    seen = _IP.search(message) if code == 40164 else None
    return f"{row.cause}平台看到的 IP 是 {seen.group(1)}。" if seen else row.cause


def _unreadable(answer: Answer, write: bool) -> ConnectorError:
    kind = OutcomeUnknown if write else Unavailable
    return kind(
        "平台的答复无法读懂。",
        remedy="系统会去平台核实，核实前不会重发。" if write else "系统会稍后自动重试。",
        who="系统",
        code=f"HTTP {answer.status}",
        raw=mask(answer.text[:500]),
    )
