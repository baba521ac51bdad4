"""The words for why a publication has not gone yet: every status in every situation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.accounts.advice import barred
from app.accounts.models import Account
from app.accounts.sealed import MARK
from app.publishing import appearing, barrier, barring, blackouts, errands, outcomes, scopes, states
from app.publishing.models import Publication
from app.publishing.situation import Situation
from app.words import N_


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Why not yet, what comes next (`at`: when, if that is known), who must act: Chinese; empty when nothing is open.

    `halt`: what keeps the schedulers from doing anything for it, beside `why`.
    """

    why: str
    following: str
    who: str
    at: datetime | None = None
    halt: str = ""

    @property
    def said(self) -> str:
        """Both reasons in one line."""
        return f"{self.halt}{self.why}"


def outlook(row: Publication, now: datetime, situation: Situation | None = None) -> Outlook:
    """Every waiting publication explains itself. `situation`: read once for many rows."""
    situation = situation or Situation(now)
    found = _outlook(row, now, situation)
    halt, remedy = situation.halt(row, _awaited(row))
    return replace(found, halt=halt, following=remedy, who=N_("系统管理员")) if halt else found


def _awaited(row: Publication) -> datetime | None:
    """When the scheduler is to do something for it that people wait for; None when it is not its turn."""
    if row.status in (*states.OPEN, "processing", "unknown"):
        return row.next_attempt_at
    if row.status == "committing":
        return row.committed_at
    return {"published": row.recall_at, "cancelled": row.discard_at}.get(row.status)


def _outlook(row: Publication, now: datetime, situation: Situation) -> Outlook:
    if row.status == "unknown":
        return _doubt(row, now)
    if row.status == "held":
        return _held(row, situation)
    waiting = row.status in states.OPEN
    stop = situation.stop_over(row.account) if waiting else None
    if stop is not None:
        why = f"发布已暂停（{scopes.name_of(stop)}）：{stop.reason}"
        return Outlook(why=row.why or why, following=N_("到点时会转为“已暂缓”，不会发出。"), who="发布人")
    blackout = situation.blackout_over(row) if waiting else None
    if blackout is not None:
        why = blackouts.words(blackout, ahead=row.due_at > now)
        return Outlook(why=why, following=N_("到点时会转为“已暂缓”，不会发出。可改期到静默期以外。"), who="发布人")
    if waiting and (cut_off := _cut_off(row.account)):
        return cut_off
    if waiting and (unreached := barring.why_unreached(row)):
        return Outlook(why=unreached, following=N_("不会发出。请取消，修改后重新送审。"), who="发布人")
    if waiting and now > outcomes.late_at(row):
        words = (N_("已超过最晚时限。"), N_("即将标为“已错过”，不会再自动发送。"), "发布人")
        return Outlook(why=row.why or words[0], following=words[1], who=words[2])
    ahead = row.status in (*states.OPEN, "processing") and row.next_attempt_at is not None and row.next_attempt_at > now
    at = row.next_attempt_at if ahead else None
    if waiting and row.why:
        return _postponed(row, at)
    if row.status == "processing" and _awaits_administrator(row):
        following = N_("账号管理员在手机上确认后自动发布；系统会再到平台核实。")
        return Outlook(why=row.why, following=following, who=N_("账号管理员"), at=at)
    if row.status in _ERRANDS:
        return _errand(row)
    words = _WORDS.get(row.status, ("", "", ""))
    if waiting and row.due_at > now:
        words = (_EARLY[row.status], N_("到点自动发布。"), "系统")
    return Outlook(why=row.why or words[0], following=words[1], who=row.error_who or words[2], at=at)


def _held(row: Publication, situation: Situation) -> Outlook:
    """A reason that is past is told as past."""
    # What to do is said once: as the next step.
    why, following = row.why.removesuffix(barrier.DECIDE) or N_("已暂缓。"), barrier.DECIDE
    if row.why.startswith(_PAUSED):
        if situation.stop_over(row.account) is not None:
            following = N_("请先恢复发布，再放行；也可以改期或取消。")
        else:
            why, following = N_("到点时发布暂停着，没有发出。暂停现已解除。"), N_("不会自动补发。请放行、改期或取消。")
    elif row.why.startswith(_SILENT) and situation.blackout_now(row) is not None:
        following = N_("静默期结束后才能放行；也可以改期到静默期以外，或取消。")
    elif row.why.startswith(_SILENT):
        why = N_("到点时正值静默期，没有发出。静默期现已结束。")
        following = N_("不会自动补发。请放行、改期或取消。")
    elif MARK in row.why and row.account.sealed:
        return Outlook(why=why, following=N_("凭据能打开后再放行；也可以改期或取消。"), who=N_("系统管理员"))
    elif MARK in row.why:
        why = N_("到点时账号凭据打不开，没有发出。现在已能打开。")
    elif _SWITCHED_OFF in row.why and row.account.active:
        why = N_("到点时账号已停用，没有发出。账号现已启用。")
    return Outlook(why=why, following=following, who="发布人")


def _cut_off(account: Account) -> Outlook | None:
    """Nothing of this account can go out, whatever the hour."""
    if not account.active:
        return Outlook(why=N_("账号已停用。"), following=N_("到点时会转为“已暂缓”，不会发出。"), who=N_("账号管理员"))
    if account.sealed:
        following = N_("请系统管理员在 TANDEM_ENCRYPTION_KEYS 中补上当时的密钥并重启；到点前没有补上，会转为“已暂缓”。")
        return Outlook(why=N_("账号凭据打不开，本系统缺少当时的密钥。"), following=following, who=N_("系统管理员"))
    if barred(account):
        following = N_("请账号管理员把本服务器的地址加入平台的 IP 白名单；到点前没有加入，发布会失败。")
        return Outlook(why=N_("平台没有放行本服务器的地址。"), following=following, who=N_("账号管理员"))
    if account.status == "refused":
        following = N_("请账号管理员重新连接账号；到点前没有连上，发布会失败。")
        return Outlook(why=N_("平台不接受账号现有的授权。"), following=following, who=N_("账号管理员"))
    return None


def _postponed(row: Publication, at: datetime | None) -> Outlook:
    """It was looked at and put off: for its partner, or for what the platform said."""
    proceeds = row.schedule.on_partner_failure == "proceed"
    if row.why == barrier.FOR_PARTNER:
        following = (
            N_("对方准备好后一起发送；到时仍没准备好，这一条照发。")
            if proceeds
            else N_("对方准备好后一起发送；到时仍没准备好，转为“已暂缓”。")
        )
    elif row.why == barrier.FOR_FIRST:
        following = (
            N_("先发的上线后自动发送；到时仍没上线，这一条照发。")
            if proceeds
            else N_("先发的上线后自动发送；到时仍没上线，转为“已暂缓”。")
        )
    elif at is None:
        following = N_("马上再试。")
    else:
        following = N_("到时系统自动再试；超过最晚时限会停下，请人决定。")
    return Outlook(why=row.why, following=following, who="系统", at=at)


def _awaits_administrator(row: Publication) -> bool:
    return bool(row.why) and bool(row.attempts) and row.attempts[-1].outcome == "awaiting"


def _errand(row: Publication) -> Outlook:
    """What the scheduler still has to do at the platform for one that is out, or will not go out."""
    who = N_("系统管理员") if row.errand_failures >= errands.RUNG_AFTER else "系统"
    if row.status == "published" and row.recall_at is not None:
        return Outlook(why=row.why, following=N_("撤回结果会显示在这里。"), who=who, at=row.recall_at)
    if row.status == "cancelled" and row.discard_at is not None:
        why, following = N_("为它做的准备还没有清理。"), N_("系统会清理，平台上有草稿的一并删掉。")
        return Outlook(why=row.why or why, following=following, who=who, at=row.discard_at)
    return Outlook(why=row.why, following="", who=row.error_who)


def _doubt(row: Publication, now: datetime) -> Outlook:
    """One line of who acts next: the system while it can look and has a time for it, else whoever may decide."""
    if appearing.undecided(row) and row.next_attempt_at is None:
        return Outlook(why=row.why, following=appearing.next_step(row), who="发布人")
    last = next(iter((row.readbacks or [])[-1:]), {})
    asking = bool(row.claim_owner) or row.next_attempt_at is not None
    why = row.why or N_("不能确定是否已经发出。")
    if not asking or last.get("by_person"):
        return Outlook(why=why, following=outcomes.BY_PERSON, who="发布人")
    at = row.next_attempt_at if row.next_attempt_at is not None and row.next_attempt_at > now else None
    return Outlook(why=why, following=N_("系统会再到平台核实，核实前不会重发。"), who="系统", at=at)


# How barring.why_barred begins, and what it says of a switched-off account: what a row was held by.
_PAUSED, _SILENT, _SWITCHED_OFF = "发布已暂停（", "正值静默期（", "已停用，没有发出。"
_ERRANDS = ("published", "cancelled")
_EARLY = {
    "scheduled": N_("还没到准备时间。"),
    "preparing": N_("正在准备：检查账号、上传图片、建立草稿。"),
    "ready": N_("已准备好，等待发布时间。"),
}
_WORDS = {
    "scheduled": (N_("等待调度程序开始准备。"), N_("准备好后立即发布。"), N_("系统")),
    "preparing": (N_("正在准备：检查账号、上传图片、建立草稿。"), N_("准备好后立即发布。"), N_("系统")),
    "ready": (N_("已准备好，等待发送。"), N_("马上发送。"), N_("系统")),
    "committing": (N_("正在发送，等待平台答复。"), N_("收到答复后自动更新。"), N_("系统")),
    "processing": (N_("平台已受理，正在处理。"), N_("上线后自动确认。"), N_("平台")),
    "held": (N_("已暂缓。"), N_("请放行、改期或取消。"), "发布人"),
    "missed": (N_("超过最晚时限没有发出。"), N_("不会自动补发。请改期、立即放行或取消。"), "发布人"),
    "handed_over": (N_("草稿已备好，等待人工发布。"), N_("请登录平台发布，再把链接填回来。"), "发布人"),
    "failed": ("", N_("请按提示处理后重试，或取消。"), "发布人"),
}
