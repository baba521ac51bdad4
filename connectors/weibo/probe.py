"""Which rights an account really has, found by using them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled, Refused
from connectors.values import AccountConfig, Health, Right, limits_met
from connectors.weibo import codes, links
from connectors.weibo.adapt import operator_ip
from connectors.weibo.api import Api
from connectors.weibo.codes import ADMIN, OPERATOR
from connectors.weibo.ids import is_number
from connectors.weibo.levels import CALLS, Level, article_right
from connectors.weibo.times import beijing_words
from connectors.words import N_

Attempt = Callable[[str, Callable[[], object]], Right]

# When an authorisation of thirty days or more is called near its end; of a shorter one a quarter of its life.
_SOON = timedelta(days=7)
# What a status of no words is refused for where the call is open: for want of words.
_WORDLESS = frozenset({"20008", "10016", "10017"})
# The right that each list is looked at by -> the lists as the inbox remembers them when they are closed.
_LISTS = {
    "comments": ("comments/to_me",),
    "mentions": ("statuses/mentions",),
    "unread": ("remind/unread_count",),
}


def calls_of(level: Level) -> int:
    """Calls that one probe makes at most."""
    return 4 + (level.key != "business") + (level.key != "share")


# Of an app whose key or secret is not what is stored here.
_WRONG_KEYS = "21324"
_PUT_RIGHT_WITHIN = timedelta(hours=2)


def probe(account: AccountConfig, level: Level, api: Api, now: datetime) -> Health:
    """Asks what can be asked without being seen; what only use can tell says so."""
    business = level.key == "business"
    met: list[ConnectorError] = []
    token, expires_at, granted_at = _token(account, api, now, met)
    limits = [limit for error in met for limit in limits_met(error, api.last_call)]
    again_at = next((limit.error.until for limit in limits), None)
    if token.elsewhere:
        # Put right there, it should not stay red here for a day.
        again_at = now + _PUT_RIGHT_WITHIN
    rights = [token]

    def attempt(key: str, call: Callable[[], object]) -> Right:
        met.clear()
        found = _try(key, call, met)
        limits.extend(limit for error in met for limit in limits_met(error, api.last_call))
        return found

    if token.ok:
        rights += [attempt("timeline", lambda: api.user_timeline(business=business))]
        rights += [_comments(level, api, attempt)]
        one = {"count": "1"}
        rights += [attempt("mentions", lambda: api.listing("statuses/mentions", "statuses", one, business=business))]
        if not business:
            rights += [_unread(api, attempt)]
        rights += [Right(key="private", ok=None, detail=N_("收到并回复第一条私信时验证（粉丝服务平台）。"))]
    met.clear()
    rights += [_publish(account, level, api, met, ask=token.ok is True)]
    limits.extend(limit for error in met for limit in limits_met(error, api.last_call))
    # The end of an authorisation that is dead already is no good news.
    if token.ok is not False or (expires_at is not None and expires_at <= now):
        rights += [_expiry(expires_at, granted_at, now)]
    rights += [_operator_ip(account)]
    if level.needs_link:
        rights.append(_safe_domain(account))
    if article_right(account):
        rights.append(Right(key="article", ok=None, detail=N_("首次发布时验证（proxy/article/publish）。")))
    return Health(
        rights=tuple(rights),
        token_expires_at=expires_at,
        token_granted_at=granted_at,
        again_at=again_at,
        limits=tuple(limits),
        opened=tuple(call for right in rights if right.ok for call in _LISTS.get(right.key, ())),
    )


def _token(
    account: AccountConfig, api: Api, now: datetime, met: list[ConnectorError]
) -> tuple[Right, datetime | None, datetime | None]:
    """What the platform says of the token, when it ends and when it was given. `met`: takes what kept it from saying so."""
    known = _stated(account)
    try:
        info = api.token_info()
    except Refused as error:
        # Of the authorisation (revoked, over), of the app (not audited, its key) or of this server: nothing works.
        # What is not of the authorisation no signing in again puts right.
        there = not isinstance(error, CredentialsRefused) and error.code != _WRONG_KEYS
        refusal = Right(key="token", ok=False, detail=error.cause, remedy=error.remedy, who=error.who, elsewhere=there)
        return refusal, known, None
    except ConnectorError as error:
        met.append(error)
        said = f"授权暂时无法核实：{error.cause}"
        return Right(key="token", ok=None, detail=said, remedy=error.remedy, who=error.who, asked=False), known, None
    seconds = str(info.get("expire_in") or info.get("expires_in") or "")
    # More than ten digits is centuries, and soon more than a calendar holds.
    expires_at = now + timedelta(seconds=int(seconds)) if is_number(seconds) and len(seconds) <= 10 else known
    return _whose(account, info), expires_at, _moment(info.get("create_at"), now)


def _moment(told: object, now: datetime) -> datetime | None:
    """Seconds since 1970 as a moment of the past, None for anything else."""
    text = str(told or "")
    if not is_number(text) or len(text) > 10:
        return None
    return min(datetime.fromtimestamp(int(text), UTC), now)


def _whose(account: AccountConfig, info: Mapping[str, Any]) -> Right:
    uid = str(info.get("uid") or "")
    if uid != account.external_id:
        said = f"授权属于账号 {uid or '（未知）'}，不是本账号 {account.external_id}。"
        return Right(key="token", ok=False, detail=said, remedy=N_("请用本账号登录微博后重新授权。"), who=OPERATOR)
    app_key = str(info.get("appkey") or "")
    stated = account.credentials.get("app_key", "")
    if app_key and stated and app_key != stated:
        said = f"授权来自应用 {app_key}，不是所填的 {stated}。"
        return Right(key="token", ok=False, detail=said, remedy=N_("请核对 App Key，或用该应用重新授权。"), who=ADMIN)
    return Right(key="token", ok=True, detail=N_("授权有效。"))


def _stated(account: AccountConfig) -> datetime | None:
    try:
        stated = datetime.fromisoformat(account.credentials.get("expires_at", ""))
    except ValueError:
        return None
    # Near the ends of the calendar a moment cannot be told in every zone.
    return stated if stated.tzinfo is not None and 2000 <= stated.year < 2200 else None


def _try(key: str, call: Callable[[], object], met: list[ConnectorError]) -> Right:
    try:
        call()
    except NotEntitled as error:
        return Right(key=key, ok=False, detail=f"缺少权限。{error.cause}", remedy=error.remedy, who=error.who)
    except CredentialsRefused as error:
        return Right(key=key, ok=False, detail=error.cause, remedy=error.remedy, who=error.who)
    except ConnectorError as error:
        met.append(error)
        return Right(
            key=key, ok=None, detail=f"暂时无法核实。{error.cause}", remedy=error.remedy, who=error.who, asked=False
        )
    return Right(key=key, ok=True, detail=N_("可以读取。"))


def _comments(level: Level, api: Api, attempt: Attempt) -> Right:
    found = attempt(
        "comments",
        lambda: api.listing("comments/to_me", "comments", {"count": "1"}, business=level.key == "business"),
    )
    if found.ok and level.key != "business":
        said = N_("只能看到授权过本应用的用户的评论。")
        return Right(key="comments", ok=True, detail=said, remedy=N_("需要全部评论时，请为应用申请商业接口。"))
    return found


def _unread(api: Api, attempt: Attempt) -> Right:
    """The counters: without them the lists themselves are looked at, and seldom."""
    found = attempt("unread", api.unread)
    if found.ok is False:
        return replace(found, remedy=f"{found.remedy}没有它时系统每天只能直接查看几次。")
    return found


def _publish(account: AccountConfig, level: Level, api: Api, met: list[ConnectorError], *, ask: bool) -> Right:
    """statuses/share is open to every app; whether the others are closed can be found out, not whether they are open."""
    call = level.call(0)
    # Whether anything can be said this time; what an earlier probe found stands otherwise.
    asked = ask or level.key == "share"
    try:
        if ask and level.key != "share":
            api.try_publishing(CALLS[call])
    except NotEntitled as error:
        if error.code not in codes.TOO_LOW:
            return Right(key="publish", ok=False, detail=error.cause, remedy=error.remedy, who=error.who)
        said = f"缺少权限（{call}）。{error.cause}"
        # That level asks for it, and the form says so only when it is missing.
        first = "" if account.credentials.get("safe_domain") else "先在“凭据”中填好安全域名，再"
        remedy = f"{error.remedy}申请到之前，可{first}在账号设置中把应用级别改为“普通应用（分享）”。"
        return Right(key="publish", ok=False, detail=said, remedy=remedy, who=error.who)
    except Refused as error:
        # For want of words, as it should be: the right is there, or is asked for later.
        if error.code not in _WORDLESS:
            return Right(key="publish", ok=False, detail=error.cause, remedy=error.remedy, who=error.who)
    except ConnectorError as error:
        met.append(error)
        asked = False
    return Right(key="publish", ok=None, detail=f"首次发布时验证（{call}）。", asked=asked)


def _soon(expires_at: datetime, granted_at: datetime | None) -> timedelta:
    """An app that was not audited gets tokens of one day: they are not near their end from the first hour on."""
    return _SOON if granted_at is None else min(_SOON, (expires_at - granted_at) / 4)


def _expiry(expires_at: datetime | None, granted_at: datetime | None, now: datetime) -> Right:
    if expires_at is None:
        return Right(
            key="expiry", ok=None, detail=N_("不知道授权何时到期。"), remedy=N_("请在账号设置中填写到期时间。")
        )
    told = beijing_words(expires_at)
    if expires_at <= now:
        return Right(
            key="expiry", ok=False, detail=f"授权已于 {told} 到期。", remedy=N_("请重新连接该账号。"), who=OPERATOR
        )
    if expires_at - now <= _soon(expires_at, granted_at):
        return Right(key="expiry", ok=True, detail=f"授权将于 {told} 到期。", remedy=N_("请尽快重新连接该账号。"))
    return Right(key="expiry", ok=True, detail=f"授权有效至 {told}。")


def _operator_ip(account: AccountConfig) -> Right:
    if operator_ip(account):
        return Right(key="operator_ip", ok=True, detail=N_("已知。"))
    return Right(
        key="operator_ip",
        ok=False,
        detail=N_("未知，微博要求随发布提供。"),
        remedy=N_("请设置 TANDEM_EGRESS_IP。"),
        who=ADMIN,
    )


def _safe_domain(account: AccountConfig) -> Right:
    host = links.host_of(account.credentials.get("safe_domain", ""))
    if not host:
        return Right(
            key="safe_domain",
            ok=False,
            detail=N_("没有填写。"),
            remedy=N_("请填写应用在微博开放平台登记的安全域名。"),
            who=ADMIN,
        )
    return Right(key="safe_domain", ok=None, detail=f"{host}：首次发布时验证。")
