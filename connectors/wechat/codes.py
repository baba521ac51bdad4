"""The complete table of WeChat's error codes: which class of error each is, and what to tell whom.

Source: the official lists of global and per-endpoint return codes of the Official Account API. A code that stands in no
row is OutcomeUnknown on a write and Unavailable on a read.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.errors import (
    AwaitingPlatformAdmin,
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

AUTHOR, ADMIN, OWNER = N_("拟稿人"), N_("系统管理员"), N_("公众号管理员")
RESPONDER, US, NOBODY = N_("回复人"), N_("系统维护人员"), N_("系统")
_REPORT = "请把错误码和 rid 交给系统维护人员排查。"
_WAIT = "系统会稍后自动重试。"
_VERIFY = "系统会去平台核实，核实前不会重发。"

# Codes that a fresh access token cures, once.
STALE_TOKEN = frozenset({40001, 40014, 42001})


def _row(
    error: type[ConnectorError],
    cause: str,
    remedy: str,
    who: str,
    field: str = "",
    *,
    unknown: bool = False,
    whole: bool = False,
) -> Code:
    return Code(error=error, cause=cause, remedy=remedy, who=who, field=field, unknown_on_write=unknown, whole=whole)


def _barred(error: type[ConnectorError], cause: str, remedy: str) -> Code:
    """Where no token is given nothing works."""
    return _row(error, cause, remedy, OWNER, whole=True)


def _content(cause: str, remedy: str, field: str = "") -> Code:
    return _row(ContentRefused, cause, remedy, AUTHOR, field)


def _ours(cause: str) -> Code:
    """Our own request was malformed: nothing a press officer can do."""
    return _row(Refused, cause, _REPORT, US)


def _goods(cause: str) -> Code:
    """Of a card in the text, which may be left out: publishing itself is not refused."""
    return replace(_row(NotEntitled, cause, "请去掉商品卡片。", AUTHOR, "content_html"), right="goods")


def _busy(cause: str) -> Code:
    return _row(Unavailable, cause, f"{_WAIT}若是发布类操作，系统会先去平台核实。", NOBODY, unknown=True)


_ACCESS: dict[int, Code] = {
    40001: _row(
        CredentialsRefused,
        "访问令牌无效，或 AppSecret 不正确。",
        "请核对 AppID 与 AppSecret 并重新连接账号。",
        OWNER,
    ),
    40013: _row(CredentialsRefused, "AppID 不正确。", "请核对 AppID 并重新连接账号。", OWNER),
    40014: _row(CredentialsRefused, "访问令牌不合法。", "请重新连接账号。", OWNER),
    40125: _row(
        CredentialsRefused, "AppSecret 不正确。", "请核对 AppSecret 并重新填写；遗失时在微信开发者平台重置。", OWNER
    ),
    40243: _row(CredentialsRefused, "AppSecret 已被冻结。", "请在微信开发者平台解冻，约十分钟后生效。", OWNER),
    41001: _ours("请求缺少访问令牌。"),
    41002: _row(CredentialsRefused, "缺少 AppID。", "请补填 AppID 并重新连接账号。", ADMIN),
    41004: _row(CredentialsRefused, "缺少 AppSecret。", "请补填 AppSecret 并重新连接账号。", ADMIN),
    42001: _row(CredentialsRefused, "访问令牌已过期，刷新后仍被拒绝。", "请重新连接账号。", OWNER),
    42007: _row(CredentialsRefused, "账号密码已修改，授权失效。", "请重新连接账号。", OWNER),
    40164: _barred(NotEntitled, "服务器的出口 IP 不在公众号的 IP 白名单中。", "请在微信开发者平台把它加入 IP 白名单。"),
    61004: _barred(NotEntitled, "服务器的出口 IP 不在公众号的 IP 白名单中。", "请在微信开发者平台把它加入 IP 白名单。"),
    89503: _barred(
        Unavailable, "平台要求管理员确认本服务器的 IP。", "请管理员在微信的模板消息中确认，之后系统自动重试。"
    ),
    89504: _row(
        AwaitingPlatformAdmin, "群发已提交，正等待公众号管理员确认。", "请管理员在 30 分钟内在微信中确认。", OWNER
    ),
    89505: _row(
        AwaitingPlatformAdmin, "群发已提交，正进入管理员确认流程。", "请管理员在 30 分钟内在微信中确认。", OWNER
    ),
    89506: _barred(
        RateLimited, "管理员拒绝了本服务器的 IP，24 小时内不能再调用。", "请联系管理员，24 小时后系统再试。"
    ),
    89507: _barred(RateLimited, "管理员拒绝了本服务器的 IP，1 小时内不能再调用。", "请联系管理员，1 小时后系统再试。"),
    50002: _row(NotEntitled, "该用户或账号被平台限制。", "请登录公众平台查看限制原因。", OWNER),
    50004: _barred(NotEntitled, "账号被禁止获取访问令牌。", "请登录公众平台查看违规与处罚记录。"),
    50007: _barred(NotEntitled, "账号已被冻结。", "请登录公众平台查看原因并申请解冻。"),
}

_RIGHTS: dict[int, Code] = {
    48001: _row(
        NotEntitled, "公众号没有这个接口的权限。", "请确认账号已通过微信认证且未过期，并在接口权限页查看。", OWNER
    ),
    48002: _row(ReplyWindowClosed, "该用户拒收公众号消息。", "无法通过接口回复，请用其他方式联系。", RESPONDER),
    48004: _row(NotEntitled, "接口因违规被封禁。", "请登录公众平台查看违规记录。", OWNER),
    48005: _row(Refused, "素材正被自动回复或菜单使用，不能删除。", "请先在公众平台解除引用。", OWNER),
    48006: _row(RateLimited, "本月清零配额的次数已用完。", "请等到下个月。", ADMIN),
    48008: _row(NotEntitled, "没有发送这类消息的权限。", "请改用文字，或在公众平台开通。", OWNER),
    48021: _row(Refused, "草稿最后一次是自动保存，平台要求人工保存。", "请在公众平台打开草稿点“保存”，再重试。", OWNER),
    48022: _row(Refused, "接口上传的视频不支持群发。", "请在公众平台人工处理视频。", AUTHOR),
    53404: _goods("账号没有带货能力。"),
    53405: _goods("账号的带货能力被限制。"),
    53406: _content("商品卡片不可用。", "请去掉商品卡片。", "content_html"),
    53503: _content("草稿没有通过平台的发布检查。", "请在公众平台打开草稿查看提示，修改后重新送审。", "content_html"),
    53504: _row(Refused, "平台要求在公众平台网页上处理这篇草稿。", "请登录公众平台人工发布，再把链接填回来。", OWNER),
    53505: _row(Refused, "平台要求先在公众平台网页上保存这篇草稿。", "请登录公众平台保存草稿后重试。", OWNER),
    53600: _row(Refused, "平台查不到这篇文章。", "请核对文章是否已被删除。", OWNER),
    45062: _row(NotEntitled, "账号的广告合约禁止接口群发。", "请在公众平台人工群发。", OWNER),
    45106: _row(NotEntitled, "这个接口已下线。", _REPORT, US),
    47009: _row(NotEntitled, "这个接口已下线。", _REPORT, US),
    45113: _row(Refused, "不支持发送卡券。", "请去掉卡券。", AUTHOR),
    40200: _row(NotEntitled, "账号类型不支持这个操作。", "请核对账号是订阅号还是服务号。", OWNER),
    65400: _row(NotEntitled, "账号没有启用新版客服功能。", "请在公众平台启用“客服功能”。", OWNER),
    88000: _row(NotEntitled, "公众号没有留言功能的权限。", "请在公众平台开通留言功能。", OWNER),
}

_LIMITS: dict[int, Code] = {
    42010: _row(RateLimited, "调用太快。", _WAIT, NOBODY),
    45009: _row(RateLimited, "今天的接口调用次数已用完。", "北京时间零点后自动恢复。", NOBODY),
    45011: _row(RateLimited, "本分钟调用次数过多。", "一分钟后自动重试。", NOBODY),
    45028: _row(RateLimited, "群发次数已用完。", "订阅号次日、服务号次月恢复；急件请改用发布方式。", "发布人"),
    45066: _row(RateLimited, "同一条群发在一分钟内重复提交。", _VERIFY, NOBODY, unknown=True),
    45169: _row(RateLimited, "对同一用户的操作太密集。", _WAIT, NOBODY),
    45171: _row(OutcomeUnknown, "平台只完成了一部分。", _VERIFY, NOBODY),
    61503: _row(RateLimited, "平台的统计数据还没有准备好。", "几小时后自动再取。", NOBODY),
    88003: _row(Refused, "精选留言数量已达上限。", "请先取消一些精选。", RESPONDER),
    -1: _busy("平台繁忙。"),
    268487001: _busy("平台繁忙。"),
    268487002: _busy("平台繁忙。"),
    268488001: _busy("平台返回了未说明的错误。"),
    9500001: _busy("平台返回了未说明的错误。"),
    9500002: _busy("平台返回了未说明的错误。"),
    45065: _row(OutcomeUnknown, "平台已收到过同样的群发。", _VERIFY, NOBODY),
    88005: _row(
        OutcomeUnknown, "这条留言已经有了回复。", "请在公众平台核对是否为本条回复，核对前不会重发。", RESPONDER
    ),
}

_CONTENT: dict[int, Code] = {
    40004: _content("素材类型不受支持。", "请换成 JPG 或 PNG 图片。", "content_html"),
    40005: _content("文件类型不受支持。", "请换成 JPG 或 PNG 图片。", "content_html"),
    40006: _content("文件太大。", "请压缩后重试。", "content_html"),
    40009: _content("图片太大。", "请压缩到 1 MB 以内。", "content_html"),
    40010: _content("语音太大。", "请压缩后重试。"),
    40011: _content("视频太大。", "请压缩后重试。"),
    40012: _content("缩略图太大。", "请换一张更小的封面。", "cover"),
    40007: _content("素材编号无效：草稿或封面已不存在。", "请重新排期，系统会重新上传。", "cover"),
    40039: _content("链接太长。", "请缩短链接。", "source_url"),
    40137: _content("图片格式或尺寸不受支持。", "请换一张图片。", "content_html"),
    40132: _content("微信号不正确。", "请核对预览用的微信号。"),
    40152: _content("群发的标签不存在。", "请重新选择群发对象。", "delivery"),
    45159: _content("标签不存在。", "请重新选择群发对象。", "delivery"),
    40155: _content("正文中有其他公众号的主页链接。", "请去掉这个链接。", "content_html"),
    40215: _content("图片数量不符合要求。", "请增减图片。", "content_html"),
    41039: _content("原文链接不合法。", "请检查原文链接。", "source_url"),
    41040: _content("原创文章的字数不符合要求。", "请增加正文，或不声明原创。", "content_html"),
    44001: _content("素材文件是空的。", "请重新上传素材。", "content_html"),
    44002: _ours("请求内容为空。"),
    44003: _content("图文内容为空。", "请填写正文。", "content_html"),
    44004: _content("文字内容为空。", "请填写文字。", "text"),
    45001: _content("素材文件太大。", "请压缩后重试。", "content_html"),
    45002: _content("正文太长。", "请缩短到两万字符以内（含标签）。", "content_html"),
    45003: _content("标题太长。", "请缩短到 32 字以内。", "title"),
    45004: _content("摘要太长。", "请缩短到 128 字以内。", "digest"),
    45005: _content("链接太长。", "请缩短链接。", "source_url"),
    45006: _content("图片链接太长。", "请更换图片。", "content_html"),
    45007: _content("语音时长超限。", "请剪短语音。"),
    45008: _content("图文数量超限。", "请减少文章篇数。", "content_html"),
    45110: _content("作者名太长。", "请缩短到 16 字以内。", "author"),
    45166: _content("正文含有平台不允许的内容。", "请检查链接、小程序卡片和特殊标签。", "content_html"),
    46001: _content("素材文件不存在。", "请重新上传素材。", "content_html"),
    87014: _content("内容含有违规或风险信息。", "请修改后重新送审。", "content_html"),
    88007: _content("留言回复为空或太长。", "请缩短后重发。", "text"),
    40092: _content("备注名不合法。", "请修改备注名。"),
    45056: _content("标签数量已达上限。", "请先删除一些标签。"),
    45058: _content("不能修改系统标签。", "请选择其他标签。"),
    45059: _content("该用户的标签已达上限。", "请先去掉一些标签。"),
    45157: _content("标签名重复。", "请换一个标签名。"),
    45158: _content("标签名太长。", "请缩短到 30 个字符以内。"),
    10170001: _content("商品卡片参数不正确。", "请去掉商品卡片。", "content_html"),
    10170002: _content("商品卡片参数不正确。", "请去掉商品卡片。", "content_html"),
    10170003: _content("商品卡片参数不正确。", "请去掉商品卡片。", "content_html"),
}

_PEOPLE: dict[int, Code] = {
    45015: _row(ReplyWindowClosed, "回复时间已过，或该用户已取消关注。", "等对方再次发来消息后才能回复。", RESPONDER),
    45047: _row(ReplyWindowClosed, "对这位用户的回复条数已用完。", "等对方再次发来消息后才能回复。", RESPONDER),
    43004: _row(ReplyWindowClosed, "该用户没有关注公众号。", "无法通过接口回复。", RESPONDER),
    50005: _row(ReplyWindowClosed, "该用户没有关注公众号。", "无法通过接口回复。", RESPONDER),
    46004: _row(ReplyWindowClosed, "该用户不存在。", "无法通过接口回复。", RESPONDER),
    43019: _row(ReplyWindowClosed, "该用户在公众号的黑名单中。", "请先在公众平台移出黑名单。", RESPONDER),
    70000: _row(ReplyWindowClosed, "该用户受未成年人保护限制。", "无法通过接口回复。", RESPONDER),
    40003: _row(Refused, "用户编号不正确。", _REPORT, US),
    49003: _row(Refused, "用户不属于这个公众号。", _REPORT, US),
    45072: _ours("输入状态命令不正确。"),
    45080: _row(Refused, "对方 30 秒内没有互动，不能显示“正在输入”。", "不影响回复。", NOBODY),
    45081: _row(Refused, "已在显示“正在输入”。", "不影响回复。", NOBODY),
    88001: _row(Refused, "文章不存在，或不是群发的文章。", "请核对文章是否已被删除。", RESPONDER),
    88002: _row(Refused, "文章因安全原因限制留言。", "请登录公众平台查看原因。", OWNER),
    88004: _row(Refused, "留言已被用户删除。", "无需再处理。", RESPONDER),
    88008: _row(Refused, "留言已不存在。", "无需再处理。", RESPONDER),
    88009: _row(Refused, "回复已不存在。", "无需再处理。", RESPONDER),
    40059: _row(Refused, "群发消息的编号不存在。", "请核对是否已被删除。", OWNER),
    40065: _row(Refused, "文章当前状态不允许删除。", "请登录公众平台人工处理。", OWNER),
    40204: _row(Refused, "因洗稿或谣言处理，文章不能删除。", "请登录公众平台查看。", OWNER),
}

_OURS_TEXT: dict[str, tuple[int, ...]] = {
    "凭证类型或参数不正确。": (40002, 40035, 40038, 40097),
    "消息类型不正确。": (40008, 45162),
    "群发对象列表不正确。": (40031, 40032, 40130),
    "请求里出现了转义的中文。": (40033,),
    "文章序号不正确。": (40060, 40114),
    "素材编号格式不正确。": (40118, 40121),
    "回调检查的参数不正确。": (40201, 40202, 40203),
    "上传时缺少文件或文件名。": (41005, 41006),
    "请求方式不正确。": (43001, 43002, 43003),
    "群发编号太长。": (45067,),
    "群发速度参数不正确。": (45083, 45084),
    "请求格式无法解析。": (47001,),
    "日期格式或跨度不正确。": (61500, 61501),
    "客服参数不正确。": (61451, 61452, 61453, 61454, 61455, 61456, 61457),
    "客服消息记录的参数不正确。": (65416, 65417),
    "接口配额查询的参数不正确。": (76001, 76002, 76003, 76004, 76021, 76022),
    "签名不正确。": (87009,),
    "留言一次取得太多。": (88010,),
}

_SERVICE_DESK: dict[int, Code] = {
    61450: _busy("客服系统繁忙。"),
    **{
        code: _row(Refused, "客服账号或会话的状态不允许这个操作。", "请在公众平台的客服功能中核对。", OWNER)
        for code in range(65401, 65416)
    },
}

CODES: dict[int, Code] = {
    **_ACCESS,
    **_RIGHTS,
    **_LIMITS,
    **_CONTENT,
    **_PEOPLE,
    **_SERVICE_DESK,
    **{code: _ours(cause) for cause, codes in _OURS_TEXT.items() for code in codes},
}
