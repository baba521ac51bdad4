"""What of the notices a person may choose about: groups of kinds, each with who must act where a unit is told."""

from __future__ import annotations

from dataclasses import dataclass

from app.words import N_

NOW, DAILY, NEVER = "now", "daily", "never"
CHOICES = {NOW: N_("立即发"), DAILY: N_("每天汇总"), NEVER: N_("不发")}


@dataclass(frozen=True, kw_only=True)
class Group:
    """`kinds`: of notices, up to a dot; `acts`: the permission of those who must act on one that is told to a unit;
    `usual`: what holds where a person chose nothing."""

    key: str
    words: str
    hint: str
    kinds: tuple[str, ...]
    acts: str
    usual: str = NOW


GROUPS = (
    Group(
        key="review",
        words=N_("审核"),
        hint=N_("轮到我审、将到期、请示，我的稿件被退回或通过"),
        kinds=("review",),
        acts="review.decide",
    ),
    Group(
        key="publication",
        words=N_("发布"),
        hint=N_("待核实、失败、错过、暂缓、待人工发布"),
        kinds=("publication",),
        acts="publication.manage",
    ),
    Group(
        key="account",
        words=N_("账号"),
        hint=N_("授权将到期、连不上、推送收不到"),
        kinds=("account",),
        acts="account.manage",
    ),
    Group(
        key="inbox",
        words=N_("收件箱"),
        hint=N_("分派给我、答复时限将到、回复没有发出"),
        kinds=("conversation", "reply"),
        acts="inbox.reply",
    ),
    Group(
        key="trust",
        words=N_("登录安全"),
        hint=N_("我的登录方式有变动"),
        kinds=("trust",),
        acts="",
    ),
    Group(
        key="errand",
        words=N_("系统"),
        hint=N_("撤回、清理草稿连续失败，须系统管理员处理"),
        kinds=("errand",),
        acts="unit.manage",
    ),
    Group(
        key="post",
        words=N_("稿件和其他"),
        hint=N_("链接打不开、账号多日没有更新等"),
        kinds=("link", "preview", "dormant", "handover"),
        acts="post.write",
        usual=DAILY,
    ),
)
# Also of kinds that nobody named yet.
_OTHER = GROUPS[-1]
_BY_KIND = {kind: group for group in GROUPS for kind in group.kinds}


def group_of(kind: str) -> Group:
    return _BY_KIND.get(kind.partition(".")[0], _OTHER)
