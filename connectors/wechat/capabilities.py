"""What an account may do, by its mode (mass, publish, draft) and kind (subscription, service), as data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from connectors import urgent
from connectors.values import (
    AccountConfig,
    Allowance,
    Capabilities,
    Limit,
    MessageKind,
    Missing,
    PeopleRule,
    Quota,
    ReplyRule,
)
from connectors.wechat import theme
from connectors.wechat.article import AUTHOR, CONTENT_CHARS, TITLE
from connectors.wechat.inbox import NO_ID
from connectors.wechat.newspic import FORMS
from connectors.wechat.pictures import UPLOADIMG_BYTES, UPLOADIMG_TYPES
from connectors.wechat.preview import DAILY as PREVIEWS_A_DAY
from connectors.wechat.preview import WHY_NOT, rule
from connectors.wechat.summary import DIGEST
from connectors.words import N_

# The platform names no number; more than this no reader scrolls through, and the characters run out first.
MOST_IMAGES = 50
# 2048 bytes for a private answer; the platform names no number for a comment's (88007), so one that always fits.
PRIVATE_CHARACTERS, COMMENT_CHARACTERS = 600, 140
# 万条/分钟, by level (message/mass/speed/set).
SPEEDS = {0: 80, 1: 60, 2: 45, 3: 30, 4: 10}
CALLBACK_WARNING = N_(
    "接入后，公众平台上的自动回复和自定义菜单会停用。关注后的自动回复可以在本系统的账号设置中填写；关键词回复、收到消息后的"
    "自动回复和自定义菜单，本系统暂不能代替。离不开这些功能的公众号请先不要接入；要接入的，请先记下现有的回复和菜单。"
)

# Three messages within a minute (客服消息 接口能力): after subscribing, after scanning, and after tapping a menu of these
# kinds; menus that only lead elsewhere allow nothing.
_ACTS = ("subscribe", "scan", "click", "scancode_push", "scancode_waitmsg")

# Daily calls of a new account.
_DAILY = {
    "stable_token": 500_000,
    "media/uploadimg": 100_000,
    "material/add_material": 100_000,
    "draft/add": 1000,
    "draft/get": 500,
    "draft/update": 1000,
    "draft/batchget": 1000,
    "draft/delete": 1000,
    "draft/count": 1000,
    "freepublish/submit": 100,
    "freepublish/get": 100,
    "freepublish/batchget": 100,
    "freepublish/getarticle": 100,
    "freepublish/delete": 10,
    "message/mass/sendall": 100,
    "message/mass/preview": PREVIEWS_A_DAY,
    "message/custom/send": 500_000,
    "media/get": 200_000,
    "user/info": 500_000,
    "user/info/updateremark": 10_000,
}
# Whose allowance is asked of the platform every morning.
READ_OF_DRAFTS = (
    "media/uploadimg",
    "material/add_material",
    "draft/add",
    "draft/update",
    "draft/get",
    "draft/batchget",
)
READ = (
    *READ_OF_DRAFTS, "freepublish/submit", "freepublish/get", "freepublish/batchget", "message/mass/sendall",
    "comment/list", "comment/reply/add", "message/custom/send", "user/info",
)  # fmt: skip
# 取消关注, and the person's wish that their data be deleted.
ERASES_ON = ("unsubscribe", "user_authorization_revoke")
# 45059, 45158, 40092: a remark has fewer than thirty bytes.
PEOPLE = PeopleRule(most_tags=20, tag_length=30, remark_bytes=29)
_RECALL: Mapping[str, Literal["api", "manual", "partial"]] = {"publish": "api", "mass": "partial", "draft": "manual"}
_PUBLISH_QUOTA = {"publish": "freepublish/submit", "mass": "mass", "draft": ""}
_MISSING = {
    "original": N_("原创声明、合集、赞赏不能通过接口设置，请在公众平台操作。"),
    "names": N_("平台不再提供用户的昵称和头像，只能看到编号。"),
    "replay": N_("回调中断期间的私信平台不会补发。"),
}


def capabilities(account: AccountConfig) -> Capabilities:
    """Depends on mode, kind and settings only; no network."""
    mode = account.mode
    comments = bool(account.settings.get("comments"))
    return Capabilities(
        asynchronous=True,
        hand_over=mode == "draft",
        max_images=MOST_IMAGES,
        image_types=UPLOADIMG_TYPES,
        image_max_bytes=UPLOADIMG_BYTES,
        limits=(
            Limit(field="title", limit=TITLE, unit="字"),
            Limit(field="author", limit=AUTHOR, unit="字"),
            Limit(field="digest", limit=DIGEST, unit="字"),
            Limit(field="content_html", limit=CONTENT_CHARS, unit="字符"),
        ),
        forms=FORMS,
        choices=(*theme.choices(account), urgent.choice("content_html")),
        recall=_RECALL.get(mode, "manual"),
        polls=("article_comment",) if comments else (),
        pushes=("private",),
        replies=_replies(mode, comments),
        erases_on=ERASES_ON,
        people=PEOPLE,
        acts={"article_comment": ("elect", "unelect", "delete", "delete_reply")} if comments else {},
        offers=_offers(account, comments),
        speeds=SPEEDS,
        readable_quotas=READ if mode != "draft" else READ_OF_DRAFTS,
        quotas=_quotas(account),
        publish_quota=_PUBLISH_QUOTA.get(mode, ""),
        preview=rule(mode),
        missing=_missing(account, comments),
        link_hosts=("mp.weixin.qq.com",),
        home="https://mp.weixin.qq.com/",
        callback_warning=CALLBACK_WARNING,
    )


def _replies(mode: str, comments: bool) -> dict[MessageKind, ReplyRule]:
    """Customer-service messages are for verified accounts alone (48001): the others answer by their callback's answer."""
    rules: dict[MessageKind, ReplyRule] = {}
    if mode != "draft":
        rules["private"] = ReplyRule(
            window=timedelta(hours=48),
            per_window=5,
            max_length=PRIVATE_CHARACTERS,
            after=dict.fromkeys(_ACTS, Allowance(window=timedelta(minutes=1), answers=3)),
        )
    if comments:
        rules["article_comment"] = ReplyRule(per_message=1, max_length=COMMENT_CHARACTERS)
    return rules


def _offers(account: AccountConfig, comments: bool) -> tuple[str, ...]:
    """Drafts alone: an account without verification, which is refused everything else (48001)."""
    known = ("quota", "clear_quota", "explain")
    if account.mode == "draft":
        return known
    more = ("typing", "people", "tags", "block", "day_figures", "figures", "speed")
    audience = ("audience",) if account.mode == "mass" else ()
    return (*known, *more, *audience, *(("switch_comments",) if comments else ()))


def _quotas(account: AccountConfig) -> tuple[Quota, ...]:
    """Numbers set for the account (settings.quotas, by the same keys) go before the platform's defaults."""
    given = account.settings.get("quotas")
    own = given if isinstance(given, Mapping) else {}
    quotas = [Quota(key=key, limit=int(own.get(key, limit)), period="day") for key, limit in _DAILY.items()]
    if account.settings.get("kind") == "service":
        quotas.append(Quota(key="mass", limit=int(own.get("mass", 4)), period="month"))
    else:
        quotas.append(Quota(key="mass", limit=int(own.get("mass", 1)), period="day"))
    return tuple(quotas)


def _missing(account: AccountConfig, comments: bool) -> tuple[Missing, ...]:
    missing = dict(_MISSING)
    if account.mode == "draft":
        missing["publish"] = N_(
            "账号没有发布和群发的接口权限（个人主体、未认证或认证过期），草稿备好后须在公众平台人工发布。"
        )
        missing["preview"] = WHY_NOT
        missing["messages"] = N_("未认证的公众号没有客服消息接口，私信请登录公众平台回复；自动回复不受影响。")
    if account.mode == "publish":
        missing["notify"] = N_("“发布”不会通知粉丝，也不占用群发次数。")
    if account.mode == "mass":
        missing["list"] = N_("群发的文章不能通过接口列出，链接可能次日才能取到。")
        missing["recall"] = N_("群发后只能删除内容，粉丝收到的卡片仍在。")
    if not comments:
        missing["comments"] = N_("账号没有开启留言功能。请在公众平台开通后，在账号设置中打开。")
    elif account.mode != "mass":
        missing["comments"] = NO_ID
    return tuple(Missing(key=key, why=why) for key, why in missing.items())
