"""What the page of drills says: each fault in plain words, and the switches of an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FaultWords:
    kind: str
    title: str
    effect: str
    asks: tuple[str, ...] = ()  # code, seconds
    platform: str = ""  # only this one, when named


FAULTS = (
    FaultWords("refuse", "平台拒绝", "平台按错误码拒绝，什么也没有受理。", ("code",)),
    FaultWords("drop_answer", "已受理但没有应答", "平台已经受理，应答却丢了：控制台不知道发没发出去。"),
    FaultWords("slow_success", "成功但提示稍候", "微博已发出，却回“20032 稍候”，没有编号。", platform="weibo"),
    FaultWords("http_502", "网关 502", "网关返回一页 HTML，不是平台的应答。"),
    FaultWords("delay", "应答迟缓", "照常受理，晚几秒才应答。", ("seconds",)),
    FaultWords("hang", "挂起后断线", "一直没有应答，随后断开，什么也没有受理。", ("seconds",)),
    FaultWords("reset", "连接被重置", "刚连上就被断开，什么也没有受理。"),
    FaultWords("expire_token", "令牌失效", "微博令牌过期要重新授权；微信令牌当场作废，要重新取。"),
    FaultWords("exhaust_quota", "额度用尽", "当天或当月的额度已用完。"),
    FaultWords("callback_thrice", "推送重复三次", "同一条私信或事件推送三次，收件箱只应出现一次。"),
    FaultWords("callback_lost", "推送丢失", "私信或事件没有推送过来，平台不会补发。"),
)
TIMES: Choices = (("1", "一次"), ("3", "三次"), ("-1", "直到关闭"))
CODES: Choices = (
    ("20021", "微博：内容违规"),
    ("20019", "微博：内容重复"),
    ("20016", "微博：发得太快"),
    ("10014", "微博：没有接口权限"),
    ("21316", "微博：授权已被取消"),
    ("11001", "微博头条文章：太频繁"),
    ("40001", "微信：令牌无效"),
    ("40164", "微信：IP 不在白名单"),
    ("45009", "微信：当日额度用完"),
    ("48001", "微信：没有接口权限"),
    ("53503", "微信：没有通过发布检查"),
    ("40137", "微信：图片格式不支持"),
)
YES_NO: Choices = (("1", "是"), ("", "否"))


@dataclass(frozen=True)
class Switch:
    key: str
    label: str
    choices: Choices
    kind: str = "text"  # text, flag, number, right, whitelist, none


CLOSED_WHITELIST = ["203.0.113.1"]
SWITCHES: dict[str, tuple[Switch, ...]] = {
    "weibo": (
        Switch("level", "应用等级", (("share", "普通（仅分享）"), ("full", "完整"), ("business", "商业接口"))),
        Switch("article", "头条文章权限", (("1", "有"), ("", "没有")), "right"),
        Switch("audited", "应用已过审", YES_NO, "flag"),
        Switch("audit", "发出后复审", (("pass", "通过"), ("hide", "仅自己可见"), ("remove", "删除"))),
        Switch("push_format", "推送格式", (("json", "JSON"), ("xml", "XML"))),
    ),
    "wechat": (
        Switch("verified", "已认证", YES_NO, "flag"),
        Switch("verification_expired", "认证已到期", YES_NO, "flag"),
        Switch(
            "review_result",
            "发布、群发审核",
            (("0", "通过"), ("2", "原创失败"), ("3", "常规失败"), ("4", "审核不通过")),
            "number",
        ),
        Switch(
            "originality",
            "群发原创校验",
            (
                ("none", "不是转载"),
                ("may_reprint", "转载，允许"),
                ("may_not_reprint", "转载，不允许"),
                ("check_failed", "校验出错"),
            ),
        ),
        Switch("admin_confirm", "群发要管理员确认", YES_NO, "flag"),
        Switch("callback_mode", "推送模式", (("safe", "安全"), ("compatible", "兼容"), ("plain", "明文"))),
        Switch("ip_whitelist", "IP 白名单", (("", "不限制"), ("closed", "不含本机（40164）")), "whitelist"),
        Switch(
            "ip_confirm",
            "IP 风险确认",
            (("", "不需要"), ("ask", "等管理员确认"), ("refused_hour", "拒绝一小时"), ("refused_day", "拒绝一天")),
            "none",
        ),
        Switch("secret_frozen", "AppSecret 已冻结", YES_NO, "flag"),
    ),
}
SAID = {
    "saved": "账号设置已保存。",
    "opened": "账号已新建。把卡片里的密钥填到控制台“账号 → 接入账号”，环境选“演练”；再把控制台给出的回调网址填回来。",
    "fault": "故障已打开。",
    "removed": "故障已关闭。",
    "removed_all": "全部故障已关闭。",
    "clock": "时钟已调整。",
    "verified": "回调地址应答正确。",
    "not_verified": "回调地址没有按要求应答。请核对控制台的接入地址与密钥。",
    "revoked": "授权已取消，已通知取消授权回调页。",
    "revoked_untold": "授权已取消；没有设置取消授权回调页，或它没有应答。",
    "planted": "往期内容已装入。",
    "tagged": "标签已新建。在控制台的账号页重新读取粉丝标签，写稿时就能选它。",
}

PUSHED = {"text": "文字", "image": "图片", "voice": "语音", "video": "视频", "shortvideo": "小视频", "link": "链接"}
PUSHED |= {"location": "位置", "position": "位置", "event": "事件", "mention": "@提及", "subscribe": "关注"}
PUSHED |= {"unsubscribe": "取消关注", "MASSSENDJOBFINISH": "群发结果", "PUBLISHJOBFINISH": "发布结果"}


def ended(push: Mapping[str, Any]) -> str:
    """How a push ended, for people."""
    error = str(push["error"])
    if push["delivered"]:
        return "已送达，但应答读不懂" if push["reply_problem"] else "已送达"
    if error.startswith("dropped"):
        return "已丢弃：推送失败太多（MarkFail）"
    if error.startswith("lost"):
        return "已丢失：故障开关开着"
    return f"没有送达：对方应答 {error}" if error.startswith("HTTP") else "没有送达：连不上对方，或五秒内没有应答"
