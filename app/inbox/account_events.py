"""What callbacks tell beside messages: people who come and go, and what happens to the account itself.

Every event that the platforms document stands here, handled or left alone on purpose. Sources: WeChat 接收事件推送,
事件推送群发结果, 微信认证事件推送, 授权用户资料变更; Weibo 粉丝服务 事件推送.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.answering import answerable
from app.accounts.connections import capabilities
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.db import atomic, db
from app.inbox import contacts
from app.notices.services import tell
from connectors.values import AccountEvent

# Who has left or wants to be forgotten. Where the platform obliges to erase then, its capabilities say so: at WeChat.
# At Weibo `unsubscribe` only ends the service messages of somebody who goes on following and waits for an answer.
ERASES = frozenset({"unsubscribe", "user_authorization_revoke"})
LEAVES = frozenset({"unfollow"})
COMES = frozenset({"subscribe", "follow", "scan_follow"})
# The account's rights change: kind -> (level, what happened, what to do). Its health is looked at again.
TELLS: dict[str, tuple[str, str, str]] = {
    "verify_expired": (
        "alarm",
        "微信认证已过期",
        "认证过期后，发布、群发、留言和客服消息等接口都会被停用，只能备草稿。请账号运营者尽快在公众平台重新认证。",
    ),
    "annual_renew": (
        "info",
        "微信认证需要年审",
        "逾期未年审，认证会失效，多数接口随之停用。请账号运营者在公众平台办理年审。",
    ),
    "qualification_verify_success": ("info", "微信资质认证通过", "接口权限可能已经变化，系统正在重新测试。"),
    "qualification_verify_fail": (
        "alarm",
        "微信资质认证没有通过",
        "请账号运营者登录公众平台查看原因，补正后重新提交。",
    ),
    "naming_verify_success": ("info", "微信名称认证通过", "账号已完成认证，系统正在重新测试接口权限。"),
    "naming_verify_fail": ("alarm", "微信名称认证没有通过", "请账号运营者登录公众平台查看原因，补正后重新提交。"),
}
# Nothing for us to do or to keep: menus and codes that lead elsewhere, where somebody is (personal data that nobody
# needs), the platform's own service desk, templates and subscriptions that this product does not send.
IGNORED = frozenset(
    {
        "location", "view", "view_miniprogram", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select", "templatesendjobfinish", "kf_create_session",
        "kf_close_session", "kf_switch_session", "subscribe_msg_popup_event", "subscribe_msg_change_event",
        "subscribe_msg_sent_event",
    }
)  # fmt: skip
# They open a short window for answers, where the account's rules say so; so does subscribing.
ACTS = frozenset({"scan", "click", "scancode_push", "scancode_waitmsg"})
_BEIJING = ZoneInfo("Asia/Shanghai")


def account_event(account: Account, event: AccountEvent, now: datetime) -> None:
    """Leaving erases the person's data where the platform requires it; what becomes of the account is told to its unit.

    An event that stands in no table does nothing. Its repeats do nothing more.
    """
    with atomic():
        account = _locked(account.id)
        if event.kind in _allowing(account):
            contacts.note_act(account, event.sender_id, event.kind, event.at)
        if event.kind in ERASES and event.kind in capabilities(account).erases_on:
            contacts.erase(account, event.sender_id, at=event.at, now=now)
        elif event.kind in LEAVES:
            contacts.note_left(account, event.sender_id, event.at)
        elif event.kind in COMES:
            contacts.note_came_back(account, event.sender_id)
        elif event.kind in TELLS:
            account.probe_requested_at = now
            _tell(account, event, now)


def _allowing(account: Account) -> Collection[str]:
    """The acts after which the account may answer in private for a while."""
    rule = capabilities(account).replies.get("private")
    return rule.after if rule is not None else ()


def _tell(account: Account, event: AccountEvent, now: datetime) -> None:
    level, title, body = TELLS[event.kind]
    tell(
        key=f"account:{account.id}:{event.kind}:{int(event.at.timestamp())}"[:160],
        kind="account",
        level=level,
        unit_id=account.unit_id,
        title=f"{title}：{PLATFORMS[account.platform].label} {account.name}"[:200],
        body=f"{_told(event.key)}{body}",
        path=f"/accounts/{account.id}",
        now=now,
        waits_for=answerable(account),
    )


def _told(key: str) -> str:
    """Until when, or why not, as the event says it."""
    if not key:
        return ""
    if key.isascii() and key.isdigit() and len(key) <= 11:
        until = datetime.fromtimestamp(int(key), UTC).astimezone(_BEIJING)
        return f"平台告知的到期时间：{until:%Y年%m月%d日 %H:%M}。"
    return f"平台告知的原因：{key[:200]}。"


def _locked(account_id: str) -> Account:
    # FOR NO KEY UPDATE: rows that only refer to the account need not wait.
    return db.session.scalars(
        select(Account)
        .where(Account.id == account_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
