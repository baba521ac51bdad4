"""What a person must give to connect an account, per platform, as data: labels, help, how each value is checked."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.storable import moment


def N_(text: str) -> str:
    """Marks a Chinese source string that a template translates."""
    return text


@dataclass(frozen=True, kw_only=True)
class Field:
    """One credential. `check` returns what is wrong, in Chinese, or ""; secrets are never shown again."""

    name: str
    label: str
    help: str
    check: Callable[[str], str]
    secret: bool = False
    required: bool = True
    # Comes by signing in at the platform too: an account may be connected before it is there.
    granted: bool = False
    # Only asked for in these modes (empty: in all).
    modes: tuple[str, ...] = ()
    kind: str = "text"
    # The platform gives it to one account only.
    single: bool = False
    # Its pushes are signed or sealed with it: changed, what came before proves nothing.
    signs: bool = False
    # Ours to choose: the wizard proposes one, to be pasted on the platform's side.
    propose: Callable[[], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting on the account's page; `name` as "quotas.daily_calls", `kind` "number", "tick", "text", "long" or "choice"."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mode:
    key: str
    label: str
    help: str


@dataclass(frozen=True, kw_only=True)
class Platform:
    key: str
    label: str
    external_label: str
    external_help: str
    external_check: Callable[[str], str]
    modes: tuple[Mode, ...]
    fields: tuple[Field, ...]
    # Where the callback URL is pasted, and in which words.
    callback_help: str
    settings: tuple[Setting, ...] = ()

    def mode(self, key: str) -> Mode | None:
        return next((mode for mode in self.modes if mode.key == key), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.secret)

    @property
    def signing(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.signs)


def matches(pattern: str, wrong: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: "" if compiled.fullmatch(value) else wrong


EXPIRY_YEARS = (2000, 2199)


def _expiry(value: str) -> str:
    if not value:
        return ""
    try:
        parsed = moment(value)
    except ValueError:
        return "时间格式不对，应为 ISO 8601，例如 2026-08-12T16:40:00+08:00。"
    if not parsed.tzinfo:
        return "时间缺少时区，请写明，例如 2026-08-12T16:40:00+08:00。"
    # Near the ends of the calendar a moment cannot be told in every zone.
    return "" if EXPIRY_YEARS[0] <= parsed.year <= EXPIRY_YEARS[1] else "年份不对，请核对。不知道到期时间可留空。"


def _new_aes_key() -> str:
    """43 letters and digits: 256 bits as WeChat writes them."""
    while True:
        drawn = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        if drawn.isalnum():
            return drawn


def _aes_key(value: str) -> str:
    wrong = "应为 43 位字母和数字，请从微信开发者平台完整复制。"
    if not re.fullmatch(r"[A-Za-z0-9+/]{43}", value, re.ASCII):
        return wrong
    try:
        return "" if len(base64.b64decode(value + "=")) == 32 else wrong
    except binascii.Error:
        return wrong


_TEXT = r"[!-~]{1,512}"
_HOST = r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?"

# Answered by us once the platform's own automatic replies are off.
REPLY_APPROVAL = Setting(
    name="reply_approval", label=N_("回复须经审核（另一位有“审核回复”权限的人通过后才发出）"), kind="tick"
)
WELCOME = Setting(
    name="welcome_text",
    label=N_("关注后自动回复"),
    help=N_("市民关注账号时立即回复的文字，不超过 299 字；留空则不回复。接通消息推送后，平台自己的自动回复会停用。"),
    kind="long",
)

WEIBO = Platform(
    key="weibo",
    label=N_("微博"),
    external_label=N_("微博 UID"),
    external_help=N_("账号主页地址中的一串数字，例如 weibo.com/u/ 后面的部分。"),
    external_check=matches(r"\d{1,20}", "应为数字，即账号主页地址中的 UID。"),
    modes=(
        Mode(key="share", label=N_("普通应用（分享）"), help=N_("可发 140 字和 1 张图，正文须带安全域名下的链接。")),
        Mode(key="full", label=N_("完整发布权限"), help=N_("应用获准使用发布接口，可带话题。")),
        Mode(key="business", label=N_("商业接口"), help=N_("可发长文和 9 张图，能读到全部评论。")),
    ),
    fields=(
        Field(
            name="app_key",
            label="App Key",
            help=N_("在微博开放平台“我的应用 → 应用信息 → 基本信息”中查看。"),
            check=matches(r"[A-Za-z0-9]{1,32}", "应为字母和数字，请从开放平台完整复制。"),
        ),
        Field(
            name="app_secret",
            label="App Secret",
            help=N_("与 App Key 在同一页。也用于核对微博推送的签名。"),
            check=matches(_TEXT, "含有空格或非英文字符，请重新复制。"),
            secret=True,
            signs=True,
        ),
        Field(
            name="access_token",
            label="Access Token",
            help=N_("可以留空：保存后点“用微博账号授权”即可得到。已有令牌的可直接粘贴，一般 30 天有效。"),
            check=matches(_TEXT, "含有空格或非英文字符，请重新复制。"),
            secret=True,
            granted=True,
        ),
        Field(
            name="expires_at",
            label=N_("授权到期时间"),
            help=N_("授权时一并给出。填写后，系统会提前提醒续期；不知道可留空。"),
            check=_expiry,
            required=False,
            kind="time",
        ),
        Field(
            name="safe_domain",
            label=N_("安全域名"),
            help=N_(
                "在开放平台登记并审核通过的域名，不带 http，例如 www.example.gov.cn。本系统的公开页面须能用它访问。"
            ),
            check=matches(_HOST, "只写域名，不带 http:// 和路径，例如 www.example.gov.cn。"),
            modes=("share",),
        ),
    ),
    settings=(
        Setting(
            name="quotas.daily_calls",
            label=N_("每天可调用次数"),
            help=N_("微博给本应用的额度，普通应用为 100。调小可给其他系统留出余量。"),
            kind="number",
        ),
        Setting(name="quotas.publish_per_hour", label=N_("每小时可发条数"), help=N_("默认 30。"), kind="number"),
        Setting(
            name="upload_pic", label=N_("已获多图接口 upload_pic、upload_url_text（仅“完整发布权限”）"), kind="tick"
        ),
        Setting(name="article", label=N_("已获头条文章权限（政务、媒体机构，向蓝V客服申请）"), kind="tick"),
        Setting(name="article_long", label=N_("长文自动改发头条文章（写稿时可逐篇改回）"), kind="tick"),
        Setting(
            name="article_cover",
            label=N_("头条文章封面地址"),
            help=N_("一张已在微博上的图片的地址（sinaimg.cn），没有商业接口时用作封面。"),
        ),
        Setting(name="head_text", label=N_("片头文字"), help=N_("加在每条微博最前面，不超过 30 字；放不下时省略。")),
        Setting(name="foot_text", label=N_("片尾文字"), help=N_("加在文章链接前面，不超过 30 字；放不下时省略。")),
        WELCOME,
        REPLY_APPROVAL,
    ),
    callback_help=N_("登录微博，在“管理中心 → 粉丝服务 → 高级功能 → 开发模式”中填写此网址和 App Key。"),
)

WECHAT = Platform(
    key="wechat",
    label=N_("微信公众号"),
    external_label=N_("原始 ID"),
    external_help=N_("公众平台“设置与开发 → 账号设置”中以 gh_ 开头的一串字符。"),
    external_check=matches(r"[A-Za-z0-9_-]{1,80}", "应为 gh_ 开头的原始 ID，请从公众平台复制。"),
    modes=(
        Mode(key="mass", label=N_("群发"), help=N_("通知粉丝，占用群发次数（订阅号每天 1 次，服务号每月 4 次）。")),
        Mode(key="publish", label=N_("发布"), help=N_("不通知粉丝，不占群发次数。")),
        Mode(key="draft", label=N_("仅草稿"), help=N_("没有接口发布权限：系统备好草稿，到点提醒人工发布。")),
    ),
    fields=(
        Field(
            name="app_id",
            label="AppID",
            help=N_("微信开发者平台“我的业务 → 公众号”中查看，以 wx 开头。"),
            check=matches(r"[A-Za-z0-9_-]{1,64}", "应为字母和数字，请从微信开发者平台完整复制。"),
            single=True,
            signs=True,
        ),
        Field(
            name="app_secret",
            label="AppSecret",
            help=N_("平台只显示一次；遗失须重置。"),
            check=matches(_TEXT, "含有空格或非英文字符，请重新复制。"),
            secret=True,
        ),
        Field(
            name="token",
            label="Token",
            help=N_("消息推送的令牌，3 至 32 位字母或数字，与平台上填写的一致。"),
            check=matches(r"[A-Za-z0-9_-]{3,32}", "应为 3 至 32 位字母或数字，与平台上填写的一致。"),
            secret=True,
            signs=True,
            propose=lambda: secrets.token_hex(12),
        ),
        Field(
            name="encoding_aes_key",
            label="EncodingAESKey",
            help=N_("消息加解密密钥，43 位；平台上的加解密方式请选“安全模式”。"),
            check=_aes_key,
            secret=True,
            signs=True,
            propose=_new_aes_key,
        ),
        Field(
            name="previous_aes_key",
            label=N_("上一个 EncodingAESKey"),
            help=N_("更换密钥期间填写旧密钥，避免漏收消息；平时留空。"),
            check=lambda value: _aes_key(value) if value else "",
            secret=True,
            required=False,
            signs=True,
        ),
    ),
    settings=(
        Setting(
            name="kind",
            label=N_("账号类型"),
            help=N_("决定群发次数：订阅号每天 1 次，服务号每月 4 次。"),
            kind="choice",
            choices=(("subscription", N_("公众号（订阅号）")), ("service", N_("服务号"))),
        ),
        Setting(name="comments", label=N_("已在公众平台开通留言"), kind="tick"),
        Setting(
            name="theme",
            label=N_("默认版式"),
            help=N_("图文的样子；写稿时可逐篇另选。"),
            kind="choice",
            choices=(("official", N_("公文")), ("policy", N_("政策解读")), ("service", N_("便民"))),
        ),
        Setting(name="default_author", label=N_("默认作者"), help=N_("不超过 16 字。")),
        Setting(name="quotas.mass", label=N_("群发次数"), help=N_("平台另有规定时填写，否则留空。"), kind="number"),
        Setting(
            name="send_ignore_reprint",
            label=N_("群发被判为转载时仍继续发（原文允许转载时，正文会被平台替换成原文）"),
            kind="tick",
        ),
        Setting(name="typing", label=N_("打开私信回复框时，向对方显示“正在输入”"), kind="tick"),
        Setting(
            name="head_html",
            label=N_("片头"),
            help=N_("加在每篇图文正文前面，可写文字或 HTML，图片须在素材库中。改动从下次保存或送审的稿件起生效。"),
            kind="long",
        ),
        Setting(
            name="foot_html",
            label=N_("片尾"),
            help=N_("加在每篇图文正文后面，例如编辑、监制、联系方式。"),
            kind="long",
        ),
        WELCOME,
        REPLY_APPROVAL,
    ),
    callback_help=N_(
        "在微信开发者平台“我的业务 → 公众号 → 消息与事件推送”中填写此网址、Token 和 EncodingAESKey，选“安全模式”、XML。"
    ),
)

PLATFORMS: Mapping[str, Platform] = {platform.key: platform for platform in (WEIBO, WECHAT)}
ENVIRONMENTS: Mapping[str, str] = {"live": N_("正式"), "simulator": N_("演练")}
