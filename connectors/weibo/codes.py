"""Weibo's error codes as one table: what class each is, why, what to do, who must act.

Source: the platform's Error_code page and codes captured in public reports. The number alone counts: wording, case and
punctuation of the text vary. 20032 is not here: it is a success ("update success, server slow").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connectors.errors import (
    Code,
    ConnectorError,
    ContentRefused,
    CredentialsRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    Refused,
    ReplyWindowClosed,
    Unavailable,
)
from connectors.words import N_

SLOW_SUCCESS = "20032"
# This call is closed: to an app of this level (then another level may do) …
TOO_LOW = frozenset({"10005", "10014", "10020"})
# … or to this authorisation, which was not given for it when the account was connected. Other calls go on.
CLOSED = TOO_LOW | {"10032"}
# A status that is not there (any more) for us: deleted, banned, made private.
GONE = frozenset({"20101", "20104", "20112"})
AUTHOR, OPERATOR, ADMIN, SYSTEM = N_("拟稿人"), N_("账号运营人员"), N_("系统管理员"), N_("系统")

_RECONNECT = "请在账号页重新连接该微博账号。"
_APP = "请在微博开放平台核对该应用的设置与接口权限。"
_BUG = "请把发布记录中的请求与应答交给系统管理员。"
_VERIFY = "系统会到微博核实是否已发出，核实前不会重发。"
_LATER = "系统会稍后自动重试。"
_WINDOW = "系统会等额度恢复后再试。"
_EDIT = "请修改内容后重新送审。"
_WEIBO = "请登录微博（或联系蓝V客服）处理后再试。"


def _code(
    error: type[ConnectorError], cause: str, remedy: str, who: str, field: str = "", *, unknown: bool = False
) -> Code:
    return Code(error=error, cause=cause, remedy=remedy, who=who, field=field, unknown_on_write=unknown)


def _busy(cause: str, *, unknown: bool) -> Code:
    return _code(Unavailable, cause, _VERIFY if unknown else _LATER, SYSTEM, unknown=unknown)


def _limit(cause: str, *, shared: bool = False) -> Code:
    return replace(_code(RateLimited, cause, _WINDOW, SYSTEM), shared=shared)


def _app(cause: str, remedy: str = _APP) -> Code:
    return _code(NotEntitled, cause, remedy, ADMIN)


def _bug(cause: str) -> Code:
    return _code(Refused, cause, _BUG, ADMIN)


def _text(cause: str, remedy: str = _EDIT, field: str = "text") -> Code:
    return _code(ContentRefused, cause, remedy, AUTHOR, field)


def _account(cause: str, remedy: str = _WEIBO) -> Code:
    return _code(Refused, cause, remedy, OPERATOR)


def _token(cause: str, remedy: str = _RECONNECT) -> Code:
    return _code(CredentialsRefused, cause, remedy, OPERATOR)


def _gone(cause: str) -> Code:
    return _code(Refused, cause, "对象已不在或不可操作，无需重试。", OPERATOR)


def _twin(cause: str) -> Code:
    return _code(OutcomeUnknown, cause, _VERIFY, SYSTEM, unknown=True)


def _closed(cause: str) -> Code:
    return _code(ReplyWindowClosed, cause, "请改用评论回复或其他渠道联系。", OPERATOR)


def _each(codes: Iterable[int], row: Code) -> dict[str, Code]:
    return {str(code): row for code in codes}


CODES: dict[str, Code] = {
    # System (100xx)
    "10001": _busy("微博系统错误。", unknown=True),
    "10002": _busy("微博服务暂停。", unknown=True),
    "10003": _busy("微博远程服务出错。", unknown=True),
    "10004": _app("本服务器的 IP 被微博限制，不能请求该资源。", "请联系微博开放平台解除服务器 IP 限制。"),
    "10005": _app("该接口需要更高级别的应用。", "请在微博开放平台为该应用申请相应的接口权限。"),
    "10006": _app("请求没有带上应用或授权信息。"),
    "10007": _bug("微博不支持该媒体类型（图片发到了不收图片的接口）。"),
    "10008": _bug("微博认为请求参数错误。"),
    "10009": _busy("微博任务过多，系统繁忙。", unknown=False),
    "10010": _busy("微博任务超时。", unknown=True),
    "10011": _busy("微博内部调用出错。", unknown=True),
    "10012": _app("微博认为这是非法请求。"),
    "10013": _account("该微博账号不合法或未开通微博。"),
    "10014": _app("该应用没有这个接口的权限。", "请在微博开放平台申请该接口。"),
    "10016": _bug("请求缺少微博要求的参数。"),
    "10017": _bug("微博认为某个参数的值不合法。"),
    "10018": _text("请求内容过长。", "请减少文字或换小一些的图片后重新送审。"),
    "10020": _app("微博没有这个接口，可能已下线。"),
    "10021": _bug("请求方式不对（GET/POST）。"),
    "10022": _limit("服务器 IP 的微博调用次数已用完。", shared=True),
    "10023": _limit("该账号今天的微博调用次数已用完。"),
    "10024": _limit("该账号对这个接口的调用次数已用完。"),
    "10032": _code(NotEntitled, "连接账号时没有同意所需的授权范围。", "请重新连接账号，并同意全部授权项。", OPERATOR),
    # Statuses (200xx, 201xx)
    "20003": _gone("用户不存在。"),
    "20005": _text("微博不支持该图片格式。", "请换成 JPEG、PNG 或 GIF 图片后重新送审。", "images"),
    "20006": _text("图片超过微博允许的大小。", "请换小于 5 MB 的图片后重新送审。", "images"),
    "20007": _bug("请求中没有带上图片。"),
    "20008": _text("内容为空。"),
    "20009": _bug("一次请求的编号过多。"),
    "20012": _text("文字超过 140 字。", "请缩短文字（链接可能按原长计）后重新送审。"),
    "20013": _text("文字超过 300 字。", "请缩短文字后重新提交。"),
    "20014": _busy("微博安全检查参数有误，需再试一次。", unknown=False),
    "20015": _account("账号、IP 或应用被微博判为异常，暂不能继续操作。"),
    "20016": _limit("发布太快，超过微博的频率限制。"),
    "20017": _twin("微博认为内容与已发的相似，可能已经发出。"),
    "20018": _text("文字含有微博判为违规的网址。", "请检查链接的域名是否正常后重新送审。"),
    "20019": _twin("微博认为内容重复，可能已经发出。"),
    "20020": _text("微博认为文字含广告信息。"),
    "20021": _text("微博认为内容不合规。", "请会同审核人员修改内容后重新送审。"),
    "20022": _account("微博认为发布 IP 异常。", "请核对发布人公网地址（TANDEM_EGRESS_IP）后再试。"),
    "20031": _account("微博要求输入验证码。", "请登录微博完成验证后再试。"),
    "20101": _gone("该微博不存在。"),
    "20102": _gone("这不是本账号的微博。"),
    "20103": _gone("不能转发自己的微博。"),
    "20104": _gone("该微博被判为违规。"),
    "20109": _bug("没有给出微博编号。"),
    "20111": _twin("微博认为文字重复，可能已经发出。"),
    "20112": _gone("该微博已设为私密或不可见。"),
    **_each((20179, 20231), _account("该微博账号可能被封禁。")),
    # Comments (202xx)
    "20201": _gone("该评论不存在，可能已被删除。"),
    "20202": _text("评论内容不合规。", "请修改回复内容后重新提交。"),
    "20203": _gone("这不是本账号的评论。"),
    "20204": _bug("没有给出评论编号。"),
    # Private messages (203xx)
    "20301": _closed("对方没有关注本账号或会话已过期，不能再发私信。"),
    "20302": _gone("私信不合规。"),
    "20303": _gone("这不是本账号的私信。"),
    "20305": _gone("私信不存在。"),
    "20306": _twin("微博认为私信内容重复，可能已经发出。"),
    "20307": _gone("私信编号有误。"),
    # Relations (204xx, 205xx, 209xx)
    "20401": _app("域名不存在。"),
    **_each((20502, 20503, 20504), _bug("操作对象不对。")),
    **_each((20505, 20507), _limit("关注操作达到上限。")),
    **_each((20506, 20522, 20523), _gone("关注关系不符。")),
    "20508": _closed("对方的隐私设置不接收本账号的私信。"),
    **_each((20513, 20521, 20524), _account("操作过多，微博要求人工验证或稍后再试。")),
    **_each((20512, *range(20901, 20906)), _closed("对方与本账号之间有黑名单限制。")),
    # OAuth (213xx)
    "21301": _token("微博授权认证失败。"),
    **_each((21302, 21303), _app("不支持用密码授权。")),
    **_each(range(21304, 21314), _app("应用的授权参数（旧版 OAuth）不正确。", "请核对 App Key 与 App Secret。")),
    "21314": _token("授权已被使用。"),
    "21315": _token("授权已过期。"),
    "21316": _token("授权已被撤销。"),
    "21317": _token("授权被拒绝。"),
    "21318": _token("授权校验失败。"),
    "21319": _token("账号与应用的授权关系已解除。"),
    "21320": _app("必须使用 https。"),
    "21321": _app("应用未通过审核，只有其测试用户可以使用。", "请在微博开放平台提交应用审核，或把该账号加为测试用户。"),
    "21322": _app("授权回调地址与应用登记的不一致。", "请核对应用的授权回调页（含 http/https 与末尾斜杠）。"),
    "21323": _app("授权请求不合法。"),
    "21324": replace(
        _app("App Key 或 App Secret 不正确。", "请核对账号设置中的 App Key 与 App Secret。"), right="secret"
    ),
    "21325": _token("授权码已用过或已过期。", "请从头重新授权，不要重复提交。"),
    "21326": _app("应用无权使用这种授权方式。"),
    **_each((21328, 21329), _app("授权类型不受支持。")),
    "21327": _token("微博授权已过期。"),
    "21330": _token("用户拒绝了授权。"),
    "21331": _busy("微博授权服务暂时不可用。", unknown=False),
    "21332": _token("微博授权无效（可能已取消授权、改过密码或账号异常）。"),
    "21335": _app("只能查询授权账号自己的数据。", "请核对账号设置中的 uid 与授权账号是否一致。"),
    "21337": _app("应用权限被拒绝：开发者身份可能未认证。", "请在微博开放平台完成开发者身份认证。"),
    "21338": _app("应用包名与签名不符。"),
    "21409": _app("微博返回“非法会话”。"),
    # Others
    **_each(range(21501, 21505), _bug("网址或 IP 参数为空或过多。")),
    "21601": _app("没有发送通知的权限。"),
    "21602": _text("内容含敏感词。", "请删改敏感词后重新送审。"),
    "21603": _limit("通知额度已用完。"),
    **_each((21701, 21702, 21703), _app("提醒接口参数或权限不正确。")),
    "21901": _app("地理位置接口参数不正确。"),
}

# One number, two causes: told apart by the text (upper case, blanks and punctuation vary).
VARIANTS: tuple[tuple[str, str, Code], ...] = (
    (
        "10017",
        "not find domain",
        _text(
            "微博没有在文字中找到安全域名下的链接。", "请核对链接与应用的安全域名（含 www），链接前后须有空格。", "link"
        ),
    ),
    (
        "10017",
        "not bind domain",
        replace(
            _app("应用没有设置或未通过安全域名。", "请在微博开放平台设置安全域名并等待审核通过。"), right="safe_domain"
        ),
    ),
)

# Whole families of interfaces that Tandem does not use: lists, tags, trends, phone.
FAMILIES: dict[str, Code] = {
    prefix: _code(Refused, "微博返回了与发布无关的错误。", _BUG, ADMIN, unknown=True)
    for prefix in ("206", "207", "208", "210", "211")
}

# 头条文章 (proxy/article/publish): the same numbers mean something else there. 100000 is its success.
ARTICLE_CODES: dict[str, Code] = {
    "10001": _busy("头条文章系统错误。", unknown=True),
    "10008": _text("头条文章参数错误。", "请检查标题（32 字内）、正文与封面后重新送审。", ""),
    "11001": _limit("头条文章发布过于频繁。"),
    "11002": _twin("头条文章已收到，但配发微博失败。"),
    "11003": _app("头条文章绑定失败。"),
}
ARTICLE_SUCCESS = "100000"

UNKNOWN_WRITE = _code(OutcomeUnknown, "微博返回了无法识别的答复。", _VERIFY, OPERATOR, unknown=True)
UNKNOWN_READ = _code(Unavailable, "微博返回了无法识别的答复。", _LATER, SYSTEM)


def look_up(code: str, text: str = "") -> Code | None:
    """The row of an ordinary error, None for a number that no table knows."""
    for number, words, row in VARIANTS:
        if number == code and words in text.lower():
            return row
    return CODES.get(code) or (FAMILIES.get(code[:3]) if len(code) == 5 else None)
