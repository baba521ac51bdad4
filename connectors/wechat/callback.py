"""Callbacks: is it really WeChat, what is inside, and how to answer within five seconds.

Safe mode only: a body without Encrypt, or one that msg_signature does not cover, is refused, also in compatible mode,
whose plaintext part anybody could have written. Plain bodies are taken from the simulator for drills alone.
wechatpy does signature sums, AES and building; its comparing (not constant-time) and its exceptions are guarded here.
"""

from __future__ import annotations

import hmac
import re
import secrets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.parsers.expat import ExpatError

from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.replies import TextReply
from wechatpy.utils import WeChatSigner

from connectors.errors import Forged, Unopened
from connectors.values import AccountConfig
from connectors.values import Callback as Request

# WeChat repeats an unanswered push within seconds; an older timestamp is a replay.
WINDOW = timedelta(minutes=10)
SUCCESS = b"success"
# What wechatpy lets through for a ciphertext of the wrong length, key, padding or encoding.
_UNREADABLE = (ValueError, IndexError, struct.error, TypeError, AssertionError)
# … and for XML that is no message.
_NO_MESSAGE = (ExpatError, ValueError, KeyError, TypeError, AttributeError)
_BASE64 = re.compile(rb"[A-Za-z0-9+/=]+")
_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A verified push: its XML as nested dicts of text, whether the answer must be encrypted, and whether the present AES
    key opened it (or none was needed) rather than the previous one."""

    message: Mapping[str, object]
    encrypted: bool
    by_present: bool = True


_PRESENT = "encoding_aes_key"


class Gate:
    """Verifies and opens the callbacks of one account."""

    def __init__(self, account: AccountConfig, clock: Callable[[], datetime]) -> None:
        self.account = account
        self.clock = clock
        self.token = account.credentials.get("token", "")

    def check(self, request: Request) -> str:
        """What to answer to a GET ("" for a POST). Raises Forged."""
        if request.method == "GET":
            self._signed(request, "signature")
            if "echostr" not in request.query:
                raise Forged("回调验证请求缺少 echostr。")
            return request.query["echostr"]
        self._cipher(request)
        return ""

    def open(self, request: Request) -> Opened:
        """Raises Forged, Unopened, or ValueError for correctly signed nonsense."""
        cipher = self._cipher(request)
        if cipher is None:
            return Opened(message=_parsed(_text(request.body)), encrypted=False)
        text, by = self._decrypted(request, cipher)
        return Opened(message=_parsed(text), encrypted=True, by_present=by == _PRESENT)

    def sealed(self, xml: str) -> bytes:
        """`xml` encrypted and signed as a passive answer."""
        nonce, stamp = secrets.token_hex(8), str(int(self.clock().timestamp()))
        key = self.account.credentials["encoding_aes_key"]
        sealed = WeChatCrypto(self.token, key, self.account.credentials["app_id"]).encrypt_message(xml, nonce, stamp)
        return str(sealed).encode()

    def _cipher(self, request: Request) -> str | None:
        """The signed ciphertext, None for an allowed plain body. Raises Forged."""
        if self._plain_allowed():
            self._signed(request, "signature")
            return None
        cipher = _encrypt_of(request.body)
        if cipher is None:
            raise Forged(
                "回调内容没有加密。", remedy="请在微信开发者平台把消息加解密方式设为安全模式。", who="公众号管理员"
            )
        self._signed(request, "msg_signature", cipher)
        return cipher

    def _plain_allowed(self) -> bool:
        return self.account.environment == "simulator" and self.account.settings.get("callback_mode") == "plain"

    def _signed(self, request: Request, name: str, *more: str) -> None:
        """Raises Forged for a wrong or missing signature, or an old timestamp."""
        query = request.query
        given, stamp, nonce = query.get(name, ""), query.get("timestamp", ""), query.get("nonce", "")
        signer = WeChatSigner()
        signer.add_data(self.token, stamp, nonce, *more)
        if not self.token or not hmac.compare_digest(str(signer.signature).encode(), given.encode("utf-8", "replace")):
            raise Forged("回调签名不正确。")
        if not re.fullmatch(r"\d{1,12}", stamp, re.ASCII):
            raise Forged("回调时间不正确。")
        if abs(self.clock().timestamp() - int(stamp)) > WINDOW.total_seconds():
            raise Forged("回调时间与本机相差超过 10 分钟。", remedy="请检查服务器时间。", who="系统管理员")

    def _decrypted(self, request: Request, cipher: str) -> tuple[str, str]:
        """With the present AES key, else the previous one while it is being replaced; and by which."""
        query, credentials = request.query, self.account.credentials
        for name in (_PRESENT, "previous_aes_key"):
            if not credentials.get(name):
                continue
            try:
                crypto = WeChatCrypto(self.token, credentials[name], credentials.get("app_id", ""))
                sealed = {"Encrypt": cipher}
                text = crypto.decrypt_message(sealed, query["msg_signature"], query["timestamp"], query["nonce"])
                return _text(text), name
            except InvalidAppIdException:
                raise Forged("回调中的 AppID 不是这个公众号的。") from None
            except _UNREADABLE:
                continue
        raise Unopened(
            "回调签名正确，但用现有的 EncodingAESKey 解不开内容。",
            remedy="请核对 EncodingAESKey：账号设置中的须与微信开发者平台上的完全一致；更换期间把旧密钥填在“上一个 EncodingAESKey”。",
            who="系统管理员",
        )


def _encrypt_of(body: bytes) -> str | None:
    """The one Encrypt of a body. Found by plain searching: nobody has signed anything yet, and parsers can be tired out."""
    if body.count(b"<Encrypt>") != 1 or body.count(b"</Encrypt>") != 1:
        return None
    inner = body[body.index(b"<Encrypt>") + len(b"<Encrypt>") : body.index(b"</Encrypt>")].strip()
    cipher = b"".join(inner.removeprefix(b"<![CDATA[").removesuffix(b"]]>").split())
    return cipher.decode("ascii") if _BASE64.fullmatch(cipher) else None


def answer(gate: Gate, opened: Opened, text: str) -> bytes:
    """The passive answer to a push; the plain acknowledgement when there is no text."""
    if not text:
        return SUCCESS
    reply = TextReply(
        source=str(opened.message.get("ToUserName") or ""),
        target=str(opened.message.get("FromUserName") or ""),
        time=int(gate.clock().timestamp()),
        # wechatpy does not escape: "]]>" would break out of the CDATA section.
        content=text.replace("]]>", "]]]]><![CDATA[>"),
    )
    xml = str(reply.render())
    return gate.sealed(xml) if opened.encrypted else xml.encode()


def _text(body: bytes | str) -> str:
    return body.decode("utf-8") if isinstance(body, bytes) else str(body)


def _parsed(xml: str) -> Mapping[str, object]:
    """The message's fields. Raises ValueError for anything but one well-formed push without declarations."""
    if _DECLARATION.search(xml):
        raise ValueError("declarations are not allowed in a callback")
    try:
        message = parse_message(xml)
    except Exception as error:
        raise ValueError("the callback is not a message") from error
    fields = getattr(message, "_data", None)
    if not isinstance(fields, Mapping):
        raise ValueError("the callback is not a message")  # noqa: TRY004 - callers know nonsense as ValueError
    return fields
