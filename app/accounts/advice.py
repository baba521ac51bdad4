"""What to do next about an account: one thing, in Chinese. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.accounts.forms import N_, PLATFORMS
from app.accounts.models import Account

# Days before the end of an authorisation at which the colour changes; of one given for less than a month, the last quarter
# and the last tenth of its life.
SOON, SOONER = timedelta(days=7), timedelta(days=3)

STATUS: Mapping[str, tuple[str, str, str]] = {
    "ok": ("green", "circle-check", N_("正常")),
    "limited": ("amber", "alert-triangle", N_("部分权限缺失")),
    "refused": ("red", "plug-connected-x", N_("须重新连接")),
    "barred": ("red", "shield-lock", N_("未放行本服务器")),
    "sealed": ("red", "plug-connected-x", N_("凭据打不开")),
    "unknown": ("grey", "question-mark", N_("尚未核实")),
    "doubted": ("amber", "alert-triangle", N_("据报已取消授权")),
    "corrected": ("blue", "hourglass", N_("已修改，等待下次检查")),
    "unauthorised": ("amber", "key", N_("尚未授权")),
    "inactive": ("slate", "player-pause", N_("已停用")),
}

RIGHTS: Mapping[str, str] = {
    "token": N_("访问令牌"),
    "secret": N_("App Secret"),
    "draft": N_("草稿"),
    "publish": N_("发布"),
    "mass": N_("群发"),
    "article": N_("头条文章"),
    "comments": N_("评论与留言"),
    "mentions": N_("@ 提及"),
    "unread": N_("新消息计数"),
    "private": N_("私信回复"),
    "callback": N_("消息推送"),
    "timeline": N_("读取本账号内容"),
    "expiry": N_("授权期限"),
    "operator_ip": N_("发布人公网地址"),
    "safe_domain": N_("安全域名"),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """`act` names what the button does: probe, authorize, credentials, callback, whitelist, write, wait, activate; later
    and letter (sent to the account from a telephone): none.

    `right` is the name of the missing right that `text` speaks of as %(right)s, `at` the moment it calls %(at)s.
    """

    act: str
    text: str
    right: str = ""
    at: datetime | None = None


def status_of(account: Account) -> tuple[str, str, str]:
    """Colour, icon and word."""
    if not account.active:
        return STATUS["inactive"]
    if account.sealed:
        return STATUS["sealed"]
    if unauthorised(account):
        return STATUS["unauthorised"]
    if corrected(account):
        return STATUS["corrected"]
    if doubted(account):
        return STATUS["doubted"]
    return STATUS["barred" if barred(account) else account.status]


def barred(account: Account) -> bool:
    """Whether its credentials were not even looked at, since this server's address is not on the platform's list."""
    return account.status == "refused" and bool(_token(account).get("unlisted"))


def doubted(account: Account) -> bool:
    """Whether the platform is said to have been told to end the authorisation, and was not asked yet."""
    return account.status == "unknown" and bool(_token(account).get("doubted_at"))


def confirming(account: Account) -> bool:
    """Whether the platform waits until a person there allows this server's address."""
    return account.status == "unknown" and bool(_token(account).get("confirming"))


def put_right_there(account: Account) -> bool:
    """What keeps the account from everything is put right at the platform: what is stored here need not be changed."""
    return account.status == "refused" and bool(_token(account).get("elsewhere"))


def confirming_from(account: Account) -> datetime | None:
    """When the platform answers again after a person there refused this server's address; None where nobody did."""
    told = _token(account).get("until") if confirming(account) else None
    return datetime.fromisoformat(told) if told else None


def unconnected(account: Account) -> str:
    """Why nothing of this account can go out until somebody connects it: the word of its mark; "" when it is connected."""
    if account.sealed:
        return STATUS["sealed"][2]
    if unauthorised(account):
        return STATUS["unauthorised"][2]
    if barred(account):
        return STATUS["barred"][2]
    return STATUS["refused"][2] if account.status == "refused" else ""


def missing_right(account: Account) -> str:
    """The key of the right without which its way of publishing does not work, where the last check missed it; or ""."""
    failed = (right["key"] for right in account.rights if right["ok"] is False)
    return next((key for key in failed if key in ("draft", right_for(account.mode))), "")


def right_for(mode: str) -> str:
    """The key of the right that publishing in this way needs: by a mode of accounts ("mass"), or by the call that a payload
    names ("statuses/share", "proxy/article/publish")."""
    return next((part for part in mode.split("/") if part in RIGHTS), "publish")


def rights_by(mode: str) -> tuple[str, ...]:
    """The keys of the rights that something which went out in this way has shown."""
    key = right_for(mode)
    # What is shared carries a link under the app's safe domain; of accounts that have none nothing is shown.
    return (key, "safe_domain") if key == "publish" else (key,)


def corrected(account: Account) -> bool:
    """Whether it was changed since the last check, which says nothing any more."""
    return account.status == "unknown" and untested(account) and account.checked_at is not None


def untested(account: Account) -> bool:
    """Whether no test of these credentials has said anything; use may have."""
    return not _token(account)


def put_off(account: Account) -> bool:
    """Whether nothing is known of it and the next test waits until there are calls for it."""
    return account.status == "unknown" and bool(_token(account).get("limited"))


def _token(account: Account) -> Mapping[str, Any]:
    return next((right for right in account.rights if right["key"] == "token"), {})


def expires_at(account: Account) -> datetime | None:
    """When a person must authorise again; None where tokens are renewed by themselves."""
    return account.token_expires_at if authorised_by_hand(account) else None


def authorised_by_hand(account: Account) -> bool:
    """Whether a person must renew the authorisation."""
    return any(field.name == "access_token" for field in PLATFORMS[account.platform].fields)


def unauthorised(account: Account) -> bool:
    """Whether nobody has signed in for it at its platform yet."""
    return authorised_by_hand(account) and not account.sealed and not account.known.get("access_token")


def nearness(account: Account) -> tuple[timedelta, timedelta]:
    """(soon, sooner) before the end of the account's authorisation: an app that was not audited gets one day at a time."""
    if account.token_expires_at is None or account.token_granted_at is None:
        return SOON, SOONER
    life = account.token_expires_at - account.token_granted_at
    return min(SOON, life / 4), min(SOONER, life / 10)


def expiry_colour(account: Account, now: datetime) -> str:
    ends, (soon, sooner) = expires_at(account), nearness(account)
    if ends is None or ends > now + soon:
        return "green"
    return "red" if ends <= now + sooner else "amber"


def _only_checked(account: Account) -> bool:
    """Whether the platform has only checked the callback's address, which shows not all keys to be right."""
    waits = any(right["key"] == "callback" and right["ok"] is None for right in account.rights)
    return waits and account.last_callback_at is not None and account.callback_proven_at is None


def next_step(account: Account, now: datetime) -> Step:
    """The one thing to do next."""
    if not account.active:
        return Step(act="activate", text=N_("账号已停用：不发布，不拉取互动，不接收推送。需要时重新启用。"))
    if account.sealed:
        text = N_(
            "本系统现有的密钥解不开这个账号保存的凭据，它的发布和互动都停了。请系统管理员在 TANDEM_ENCRYPTION_KEYS 中补上当时的密钥并重启；找不回密钥的，请重新填写全部凭据。"
        )
        return Step(act="credentials", text=text)
    if any(right["key"] == "secret" and right["ok"] is False for right in account.rights):
        text = N_(
            "微博不认所填的 App Key 或 App Secret，授权没有完成。请在微博开放平台核对，在“凭据”一栏更正后重新授权。"
        )
        return Step(act="credentials", text=text)
    if unauthorised(account):
        text = N_("先在开放平台登记下面两个地址，再用本账号登录微博并授权，系统才能替它发布和收取互动。")
        return Step(act="authorize", text=text)
    if doubted(account):
        text = N_(
            "微博通知说这个账号的授权已被取消，系统正在核实，一般十分钟内有结果。确实取消过的，请用本账号重新授权；没有取消过的，不用处理。"
        )
        return Step(act="authorize", text=text)
    ends = expires_at(account)
    if ends is not None and ends <= now + nearness(account)[0]:
        return Step(act="authorize", text=N_("授权快到期或已到期。请用本账号登录微博，点一次“同意”即可续期。"))
    if put_off(account):
        text = N_(
            "现在没有可用于体检的调用额度，系统在额度恢复后（最迟明天零点）自动检查，不用再点测试。写稿不受影响。"
        )
        return Step(act="later", text=text)
    if account.checked_at is None and account.tried_at is None:
        return Step(act="probe", text=N_("逐项测试权限，看看这个账号现在能做什么。"))
    missing = [right for right in account.rights if right["ok"] is False]
    failed = missing[0] if missing else None
    if barred(account):
        return Step(act="whitelist", text=N_("把下面的服务器地址加入平台的 IP 白名单，然后重新测试。"))
    if account.status == "refused" and authorised_by_hand(account) and not put_right_there(account):
        text = N_("微博不接受现有授权（可能已取消、改过密码或属于别的账号）。请用本账号重新授权。")
        return Step(act="authorize", text=text)
    if account.status == "refused" and put_right_there(account):
        text = N_("要在平台上处理，原因和办法见“权限”一栏；这里保存的凭据不用改。平台处理好并生效后，点“逐项测试”。")
        return Step(act="wait", text=text)
    if account.status == "refused":
        text = N_("平台不接受现有凭据，原因和办法见“权限”一栏。请照办；密钥有变时重新填写，再测试。")
        return Step(act="credentials", text=text)
    if corrected(account):
        return Step(act="probe", text=N_("账号已修改，等待下次检查。系统马上会自动检查；也可以现在就逐项测试。"))
    again = confirming_from(account)
    if again is not None and again > now:
        text = N_(
            "公众号管理员没有同意本服务器的地址，%(at)s 之前平台什么都不受理，现在测试也没有用。请先与管理员商定；到时系统自动再查，管理员会再收到一次确认。"
        )
        return Step(act="later", text=text, at=again)
    if confirming(account):
        text = N_(
            "平台正等公众号管理员同意本服务器的地址，办法见“权限”一栏。管理员在微信中确认后，点“逐项测试”；系统到时也会自动再查。"
        )
        return Step(act="probe", text=text)
    if account.status == "unknown":
        return Step(act="probe", text=N_("上次没有测完。请稍后重新测试；若再次失败，请查看下面的原因。"))
    needed = missing_right(account)
    if needed:
        text = N_(
            "缺少“%(right)s”权限，这个账号现在发不出去。请按下面的说明补齐后重新测试；补不齐时，在账号设置中换一种发布方式。"
        )
        if any(right["key"] == needed and right.get("denied") for right in missing):
            text = N_(
                "发布时平台说缺少“%(right)s”权限，这个账号现在发不出去。请按下面的说明补齐，再发布一次即可证实；补不齐时，在账号设置中换一种发布方式。"
            )
        if needed == "draft":
            # Every way of publishing begins with a draft.
            text = N_("缺少“%(right)s”权限，这个账号现在发不出去。请按下面的说明补齐后重新测试。")
        return Step(act="wait", text=text, right=RIGHTS.get(needed, needed))
    if account.callback_refusal and any(right["key"] == "callback" for right in missing):
        text = N_("平台的推送到了，但没有通过核验，市民的私信收不进来。原因和办法见“权限”一栏，改好后重新测试。")
        return Step(act="wait" if account.callback_remedy else "credentials", text=text)
    if account.last_callback_at is None:
        return Step(act="callback", text=N_("把回调网址填到平台，市民的私信才会进入收件箱。"))
    if _only_checked(account):
        text = N_(
            "平台验证过回调网址，但还没有推送过消息。请用另一个账号给它发一条私信试一下，确认推送能解开：“消息推送”会变成“可用”。"
        )
        return Step(act="letter", text=text)
    if failed is not None:
        text = N_("可以为这个账号写稿了。另外缺少“%(right)s”权限：需要时按下面的说明补齐再测试，不需要的可以不理。")
        return Step(act="write", text=text, right=RIGHTS.get(failed["key"], failed["key"]))
    return Step(act="write", text=N_("一切就绪，可以为这个账号写一篇稿件。"))
