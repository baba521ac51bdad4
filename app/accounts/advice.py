"""What to do next about an account: one thing, in Chinese. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.accounts.forms import N_, PLATFORMS
from app.accounts.models import Account

# Days before the end of an authorisation at which the colour changes.
SOON, SOONER = timedelta(days=7), timedelta(days=3)

STATUS: Mapping[str, tuple[str, str, str]] = {
    "ok": ("green", "circle-check", N_("正常")),
    "limited": ("amber", "alert-triangle", N_("部分权限缺失")),
    "refused": ("red", "plug-connected-x", N_("须重新连接")),
    "unknown": ("grey", "question-mark", N_("尚未核实")),
    "inactive": ("slate", "player-pause", N_("已停用")),
}

RIGHTS: Mapping[str, str] = {
    "token": N_("访问令牌"),
    "draft": N_("草稿"),
    "publish": N_("发布"),
    "mass": N_("群发"),
    "comments": N_("评论与留言"),
    "private": N_("私信回复"),
    "callback": N_("消息推送"),
    "timeline": N_("读取本账号内容"),
    "expiry": N_("授权期限"),
    "operator_ip": N_("发布人公网地址"),
    "safe_domain": N_("安全域名"),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """`act` names what the button does: probe, credentials, callback, whitelist, write, wait, activate."""

    act: str
    text: str


def status_of(account: Account) -> tuple[str, str, str]:
    """Colour, icon and word."""
    return STATUS.get(account.status if account.active else "inactive", STATUS["unknown"])


def expires_at(account: Account) -> datetime | None:
    """When a person must authorise again; None where tokens are renewed by themselves."""
    return account.token_expires_at if authorised_by_hand(account) else None


def authorised_by_hand(account: Account) -> bool:
    """Whether a person must renew the authorisation."""
    return any(field.name == "access_token" for field in PLATFORMS[account.platform].fields)


def expiry_colour(ends: datetime, now: datetime) -> str:
    if ends <= now + SOONER:
        return "red"
    return "amber" if ends <= now + SOON else "green"


def next_step(account: Account, now: datetime) -> Step:
    """The one thing to do next."""
    if not account.active:
        return Step(act="activate", text=N_("账号已停用：不发布，不拉取互动，不接收推送。需要时重新启用。"))
    ends = expires_at(account)
    if ends is not None and ends <= now + SOON:
        return Step(act="credentials", text=N_("授权快到期或已到期。请用本账号登录平台重新授权，并填写新的令牌。"))
    if account.checked_at is None:
        return Step(act="probe", text=N_("逐项测试权限，看看这个账号现在能做什么。"))
    failed = next((right for right in account.rights if right["ok"] is False), None)
    if failed is not None and failed["key"] == "token" and account.egress_ip:
        return Step(act="whitelist", text=N_("把下面的服务器地址加入平台的 IP 白名单，然后重新测试。"))
    if account.status == "refused":
        return Step(act="credentials", text=N_("平台不接受现有凭据。请核对后重新填写。"))
    if account.status == "unknown":
        return Step(act="probe", text=N_("上次没有测完。请稍后重新测试；若再次失败，请查看下面的原因。"))
    if account.last_callback_at is None:
        return Step(act="callback", text=N_("把回调网址填到平台，市民的私信才会进入收件箱。"))
    if failed is not None:
        return Step(act="wait", text=N_("有权限缺失。请按下面的说明补齐，然后重新测试；不需要的可以不理。"))
    return Step(act="write", text=N_("一切就绪，可以为这个账号写一篇稿件。"))
