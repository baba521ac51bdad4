"""What an app of each level may do: `share` (ordinary), `full` (update, upload), `business` (c.api, biz)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from connectors.values import AccountConfig, MessageKind, Missing, Quota, ReplyRule
from connectors.weibo import api
from connectors.words import N_

MAX_IMAGE_BYTES = 5 * 1024 * 1024
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif")
# 字 that a reply may have: comments 140; private messages fewer than 300.
COMMENT_LENGTH, PRIVATE_LENGTH = 140, 299
SHORT, LONG = 140, 1999

# delivery.mode (the call's name, as the meter knows it) -> where it is made.
CALLS = {
    "statuses/share": f"{api.OPEN}/2/statuses/share.json",
    "statuses/update": f"{api.OPEN}/2/statuses/update.json",
    "statuses/upload": f"{api.UPLOAD}/2/statuses/upload.json",
    "statuses/upload_url_text": f"{api.OPEN}/2/statuses/upload_url_text.json",
    "statuses/update/biz": f"{api.BUSINESS}/2/statuses/update/biz.json",
    "statuses/upload_url_text/biz": f"{api.BUSINESS}/2/statuses/upload_url_text/biz.json",
}
ARTICLE = "proxy/article/publish"


@dataclass(frozen=True, kw_only=True)
class Level:
    """`calls` are (without picture, with pictures); `limit` in 字; `uploads`: pictures are brought to Weibo beforehand, by
    statuses/upload_pic, and so get an id and an address."""

    key: str
    max_images: int
    topics: bool
    limit: int
    calls: tuple[str, str]
    needs_link: bool = False
    annotations: bool = True
    uploads: bool = False

    def call(self, images: int) -> str:
        return self.calls[1] if images else self.calls[0]


LEVELS = {
    level.key: level
    for level in (
        Level(
            key="share",
            max_images=1,
            topics=False,
            limit=SHORT,
            calls=("statuses/share", "statuses/share"),
            needs_link=True,
            annotations=False,
        ),
        Level(key="full", max_images=1, topics=True, limit=SHORT, calls=("statuses/update", "statuses/upload")),
        Level(
            key="business",
            max_images=9,
            topics=True,
            limit=LONG,
            calls=("statuses/update/biz", "statuses/upload_url_text/biz"),
            uploads=True,
        ),
    )
}


# 高级接口 that an app of level full may have been given besides (settings.upload_pic).
_MANY_PICTURES = replace(
    LEVELS["full"], max_images=9, calls=("statuses/update", "statuses/upload_url_text"), uploads=True
)


def level_of(account: AccountConfig) -> Level:
    """The level of the account's app. Raises ValueError for a mode that is none."""
    if account.mode == "full" and account.settings.get("upload_pic") is True:
        return _MANY_PICTURES
    try:
        return LEVELS[account.mode]
    except KeyError:
        raise ValueError(f"weibo mode must be one of {', '.join(LEVELS)}: {account.mode!r}") from None


def article_right(account: AccountConfig) -> bool:
    """Whether the account was given 头条文章: ticked on its page, or named in `settings.rights`."""
    rights = account.settings.get("rights")
    return account.settings.get("article") is True or "article" in (rights if isinstance(rights, list | tuple) else ())


def quotas(account: AccountConfig, level: Level) -> tuple[Quota, ...]:
    """Documented quotas, overridden by settings.quotas of the account; they vary with the app, so never constants.

    A business account still asks some open interfaces, which have the hundred a day of every user: each kind is counted,
    and refused, by itself. All ways to publish share the thirty an hour.
    """
    own = account.settings.get("quotas")
    given = own if isinstance(own, dict) else {}
    business = level.key == "business"
    day = int(given.get("daily_calls", 50_000 if business else 100))
    hour = int(given.get("publish_per_hour", 30))
    found = (
        Quota(key="daily_calls", limit=day, period="day"),
        Quota(key=level.calls[0], limit=hour, period="hour", calls=tuple(dict.fromkeys(level.calls))),
    )
    if not business:
        return found
    return (
        *found,
        Quota(key="biz_calls", limit=50_000, period="hour", calls=("*/biz",), family=True, shared=True),
        Quota(key="open_calls", limit=100, period="day", calls=("*",), but=_NOT_OPEN, family=True),
    )


# Beside the open interfaces: 商业接口, 粉丝服务, 头条文章.
_NOT_OPEN = ("*/biz", "messages/*", "mss/*", "proxy/*")

REPLY_RULES: dict[MessageKind, ReplyRule] = {
    "comment": ReplyRule(max_length=COMMENT_LENGTH),
    "mention": ReplyRule(max_length=COMMENT_LENGTH),
    # After a message, follow, subscription, menu click or scan; the platform's pages name no count any more.
    "private": ReplyRule(window=timedelta(hours=48), max_length=PRIVATE_LENGTH),
}

# Named in a comment under somebody else's post, told by a push: one private message within 48 hours, none after unfollow.
PRIVATELY = ReplyRule(window=timedelta(hours=48), per_message=1, max_length=PRIVATE_LENGTH)

_MISSING_COMMENTS = Missing(
    key="comments",
    why=N_("评论收件箱需商业接口：普通应用只能看到授权过本应用的用户的评论，一般市民的评论取不到，请到微博查看。"),
)
_MISSING_MENTIONS = Missing(
    key="mentions",
    why=N_("普通应用只能看到授权过本应用的用户的 @ 提及；完整的提及需商业接口，或开通粉丝服务的 @ 推送。"),
)
_MISSING_EDIT = Missing(key="edit", why=N_("微博没有修改已发内容的接口，更正须另发一条。"))
_MISSING_MODERATION = Missing(
    key="moderation", why=N_("微博没有精选、删除他人评论的接口，请到微博处理；本系统只能删除自己的回复。")
)
_MISSING_SENT = Missing(key="sent_private", why=N_("已发出的私信不能撤回。"))
_MISSING_HISTORY = Missing(key="history", why=N_("普通应用只能读取本账号最新 5 条微博。"))
_MISSING_SCHEDULE = Missing(key="schedule", why=N_("微博没有定时发布接口，由本系统到点发出。"))
_MISSING_ARTICLE = Missing(key="article", why=N_("账号没有头条文章权限（政务、媒体机构可联系蓝V客服申请）。"))
_MISSING_ARTICLE_RECALL = Missing(
    key="article_recall", why=N_("头条文章没有修改和删除接口，发出后只能到微博手动处理。")
)
_MISSING_ARTICLE_PICTURES = Missing(
    key="article_pictures",
    why=N_(
        "头条文章的图片须先在微博上，只有商业接口或多图接口能上传：封面用账号设置中填写的微博图片地址，正文图片不带入。"
    ),
)
_MISSING_PREVIEW = Missing(key="preview", why=N_("微博没有把预览发到手机的接口，请看本系统里的预览。"))
_MISSING_READS = Missing(key="reads", why=N_("微博不提供阅读数。"))


def missing(account: AccountConfig, level: Level) -> tuple[Missing, ...]:
    found = [_MISSING_SCHEDULE, _MISSING_READS, _MISSING_PREVIEW, _MISSING_EDIT, _MISSING_MODERATION, _MISSING_SENT]
    if level.key != "business":
        found += [_MISSING_COMMENTS, _MISSING_MENTIONS, _MISSING_HISTORY]
    if level.max_images == 1:
        found.append(Missing(key="images", why=N_("本级别应用每条微博只能带 1 张图片。")))
    if level.key == "share":
        found.append(Missing(key="topics", why=N_("“分享”接口不能带 #话题#，微博会自动过滤。")))
        found.append(Missing(key="recall", why=N_("“分享”级别的应用不能删除微博，请到微博手动删除。")))
    if level.key != "business":
        found.append(Missing(key="long_text", why=N_("本级别应用每条微博最多 140 字。")))
    if not article_right(account):
        found.append(_MISSING_ARTICLE)
    else:
        found.append(_MISSING_ARTICLE_RECALL)
        if not level.uploads:
            found.append(_MISSING_ARTICLE_PICTURES)
    return tuple(found)
