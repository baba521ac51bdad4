"""What goes wrong between us and an identity platform: what happened, what to do, who must, in one sentence each."""

from __future__ import annotations

from connectors.errors import ConnectorError, Refused, Unavailable
from connectors.words import N_

# Nothing is wrong with what was set or said: later it may go well.
_PASSING = frozenset(
    {"connect_timeout", "timeout", "disconnected", "cut_off", "unreadable", "proxy", "failing", "busy"}
)

WORDS: dict[str, str] = {
    # The way there, by the codes of connectors.http.
    "untrusted": N_(
        "身份平台的证书不可信、已过期或与网址不符。请系统管理员核对网址，请身份平台的管理员换上可信的证书。"
    ),
    "connect_timeout": N_("连接身份平台超时。请稍后重试；一直如此请系统管理员检查本机到身份平台的网络。"),
    "timeout": N_("身份平台没有及时答复。请稍后重试；一直如此请系统管理员联系身份平台的管理员。"),
    "disconnected": N_(
        "连接不上身份平台：域名没有解析到服务器，或端口没有开放。请稍后重试；一直如此请系统管理员检查网络和网址。"
    ),
    "cut_off": N_("身份平台的答复中途断了。请稍后重试；一直如此请系统管理员检查网络。"),
    "unreadable": N_("身份平台的答复太大或无法解读。请稍后重试；一直如此请系统管理员核对网址。"),
    "proxy": N_("连接身份平台的代理不通。请系统管理员检查网络。"),
    "barred": N_("身份平台的网址指向不允许访问的地址（云主机元数据、链路本地等）。请系统管理员核对网址。"),
    "address": N_("身份平台的网址写法不对，须以 https:// 开头（本机测试用的 127.0.0.1 除外）。请系统管理员核对网址。"),
    # What its description says.
    "no_discovery": N_(
        "在这个网址下没有找到身份平台的说明（/.well-known/openid-configuration）。请系统管理员核对 Issuer，"
        "或向身份平台的管理员索取。"
    ),
    "failing": N_("身份平台自己出了错。请稍后重试；一直如此请系统管理员联系身份平台的管理员。"),
    "not_json": N_("身份平台的答复不是约定的格式（应为 JSON）。请系统管理员核对网址：可能填成了网页的地址。"),
    "other_issuer": N_(
        "身份平台自称的 Issuer 与这里填的不同，须逐字相同（末尾的斜杠也算）。请系统管理员照它自称的改，并核对来历。"
    ),
    "endpoints": N_("身份平台的说明里缺少授权、令牌或公钥的网址，或没有用 https。请身份平台的管理员补全。"),
    "no_code": N_("身份平台不支持授权码方式登录。请身份平台的管理员为本系统开通 authorization code。"),
    "algorithms": N_("身份平台只用不安全或本系统不认的方式签名。请身份平台的管理员改用 RS256 或 ES256。"),
    "no_keys": N_("身份平台没有公布能用的公钥。请身份平台的管理员检查 jwks_uri。"),
    # What it says instead of handing over an identity.
    "client": N_(
        "身份平台不认本系统的客户端编号或密钥。请系统管理员在“设置 → 统一身份登录”核对，必要时请身份平台的管理员重发。"
    ),
    "grant": N_(
        "身份平台不认这次登录凭据：它已用过、已过期，或回调网址与登记的不同。请重新登录；一直如此请系统管理员核对回调网址。"
    ),
    "exchange": N_("身份平台拒绝交出身份信息。请重新登录；一直如此请系统管理员联系身份平台的管理员查看它的日志。"),
    "no_token": N_(
        "身份平台没有给出身份令牌（ID Token）。请系统管理员核对授权范围里有 openid，并联系身份平台的管理员。"
    ),
    "denied": N_("您在身份平台上取消了，或它不许您登录本系统。请重试；仍不行请身份平台的管理员为您开通。"),
    "interaction": N_("身份平台还要您办理登录、选择账户或同意授权。请重试，并在它的页面上完成。"),
    "busy": N_("身份平台暂时不能办理。请稍后重试；一直如此请身份平台的管理员查看。"),
    "request": N_("身份平台不接受本系统的登录请求。请系统管理员核对客户端编号、回调网址和授权范围。"),
    # What is wrong with an identity token.
    "signature": N_(
        "身份令牌的签名不对，可能被改动过，或身份平台刚换了密钥。请重新登录；一直如此请系统管理员联系身份平台的管理员。"
    ),
    "algorithm": N_("身份令牌的签名方式不安全，没有采用。请系统管理员联系身份平台的管理员改用 RS256 或 ES256。"),
    "issuer": N_("身份令牌是另一个身份平台发的，没有采用。请重新登录；再次出现请立即告诉系统管理员。"),
    "audience": N_("身份令牌是发给另一个系统的，没有采用。请重新登录；一直如此请系统管理员核对客户端编号。"),
    "nonce": N_("身份令牌不是为这一次登录发的，没有采用。请重新登录；再次出现请立即告诉系统管理员。"),
    "expired": N_("身份令牌已过期。请重新登录；一直如此说明本系统与身份平台的时钟不一致，请系统管理员校准时间。"),
    "clock": N_("身份令牌的签发时间在将来：本系统与身份平台的时钟不一致。请系统管理员校准两边的时间后重试。"),
    "claims": N_("身份令牌里缺少必要的内容，或写法不合规范。请系统管理员联系身份平台的管理员。"),
    "subject": N_("身份平台先后说的不是同一个人，没有采用。请重新登录；再次出现请立即告诉系统管理员。"),
    "stale": N_("身份平台没有让您当场重新验证，不能用来确认本人。请重试并在它的页面上重新输入；仍不行请改用其他方式。"),
    # What came back to us.
    "state": N_(
        "这次登录不是从这个浏览器发起的，或已超过 10 分钟，或已用过一次。请从登录页重新开始；"
        "浏览器须允许 Cookie，并从平时使用的网址进入。"
    ),
}

# What a platform answers to the browser instead of a code (OpenID Connect Core 3.1.2.6, RFC 6749 4.1.2.1).
_ANSWERED = {
    "access_denied": "denied",
    "login_required": "interaction",
    "interaction_required": "interaction",
    "account_selection_required": "interaction",
    "consent_required": "interaction",
    "server_error": "busy",
    "temporarily_unavailable": "busy",
}


def fault(code: str, raw: str = "") -> ConnectorError:
    """The error of that code; `raw`: what was found, for whoever sets things up (never a token or a secret)."""
    kind = Unavailable if code in _PASSING else Refused
    return kind(WORDS[code], code=code, raw=raw[:300])


def answered(error: str) -> str:
    """The code of the fault that a platform answered the browser with."""
    return _ANSWERED.get(error, "request")
