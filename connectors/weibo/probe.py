"""Which rights an account really has, found by using them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled
from connectors.values import AccountConfig, Health, Right
from connectors.weibo import links
from connectors.weibo.adapt import operator_ip
from connectors.weibo.api import Api
from connectors.weibo.ids import is_number
from connectors.weibo.levels import Level, article_right
from connectors.weibo.times import beijing_words
from connectors.words import N_

_SOON = timedelta(days=7)


def probe(account: AccountConfig, level: Level, api: Api, now: datetime) -> Health:
    """Asks what can be asked without being seen; the right to publish shows at the first publication only."""
    token, expires_at = _token(account, api, now)
    rights = [token]
    if token.ok:
        rights += [_try("timeline", lambda: api.user_timeline(business=level.key == "business"))]
        rights += [_comments(level, api)]
    rights += [_publish(level), _expiry(expires_at, now), _operator_ip(account)]
    if level.needs_link:
        rights.append(_safe_domain(account))
    if article_right(account):
        rights.append(Right(key="article", ok=None, detail=N_("首次发布时验证（proxy/article/publish）。")))
    return Health(rights=tuple(rights), token_expires_at=expires_at)


def _token(account: AccountConfig, api: Api, now: datetime) -> tuple[Right, datetime | None]:
    known = _stated(account)
    try:
        info = api.token_info()
    except CredentialsRefused as error:
        return Right(key="token", ok=False, detail=error.cause, remedy=error.remedy), known
    except ConnectorError as error:
        return Right(key="token", ok=None, detail=f"授权暂时无法核实：{error.cause}", remedy=error.remedy), known
    seconds = str(info.get("expire_in") or info.get("expires_in") or "")
    # More than ten digits is centuries, and soon more than a calendar holds.
    expires_at = now + timedelta(seconds=int(seconds)) if is_number(seconds) and len(seconds) <= 10 else known
    uid = str(info.get("uid") or "")
    if uid != account.external_id:
        said = f"授权属于账号 {uid or '（未知）'}，不是本账号 {account.external_id}。"
        return Right(key="token", ok=False, detail=said, remedy=N_("请用本账号登录微博后重新授权。")), expires_at
    app_key = str(info.get("appkey") or "")
    stated = account.credentials.get("app_key", "")
    if app_key and stated and app_key != stated:
        said = f"授权来自应用 {app_key}，不是所填的 {stated}。"
        return Right(key="token", ok=False, detail=said, remedy=N_("请核对 App Key，或用该应用重新授权。")), expires_at
    return Right(key="token", ok=True, detail=N_("授权有效。")), expires_at


def _stated(account: AccountConfig) -> datetime | None:
    try:
        stated = datetime.fromisoformat(account.credentials.get("expires_at", ""))
    except ValueError:
        return None
    return stated if stated.tzinfo is not None else None


def _try(key: str, call: Callable[[], object]) -> Right:
    try:
        call()
    except NotEntitled as error:
        return Right(key=key, ok=False, detail=f"缺少权限。{error.cause}", remedy=error.remedy)
    except ConnectorError as error:
        return Right(key=key, ok=None, detail=f"暂时无法核实。{error.cause}", remedy=error.remedy)
    return Right(key=key, ok=True, detail=N_("可以读取。"))


def _comments(level: Level, api: Api) -> Right:
    found = _try(
        "comments",
        lambda: api.listing("comments/to_me", "comments", {"count": "1"}, business=level.key == "business"),
    )
    if found.ok and level.key != "business":
        said = N_("只能看到授权过本应用的用户的评论。")
        return Right(key="comments", ok=True, detail=said, remedy=N_("需要全部评论时，请为应用申请商业接口。"))
    return found


def _publish(level: Level) -> Right:
    return Right(key="publish", ok=None, detail=f"首次发布时验证（{level.call(0)}）。")


def _expiry(expires_at: datetime | None, now: datetime) -> Right:
    if expires_at is None:
        return Right(
            key="expiry", ok=None, detail=N_("不知道授权何时到期。"), remedy=N_("请在账号设置中填写到期时间。")
        )
    told = beijing_words(expires_at)
    if expires_at <= now:
        return Right(key="expiry", ok=False, detail=f"授权已于 {told} 到期。", remedy=N_("请重新连接该账号。"))
    if expires_at - now <= _SOON:
        return Right(key="expiry", ok=True, detail=f"授权将于 {told} 到期。", remedy=N_("请尽快重新连接该账号。"))
    return Right(key="expiry", ok=True, detail=f"授权有效至 {told}。")


def _operator_ip(account: AccountConfig) -> Right:
    if operator_ip(account):
        return Right(key="operator_ip", ok=True, detail=N_("已知。"))
    return Right(
        key="operator_ip",
        ok=False,
        detail=N_("未知，微博要求随发布提供。"),
        remedy=N_("请系统管理员设置 TANDEM_EGRESS_IP。"),
    )


def _safe_domain(account: AccountConfig) -> Right:
    host = links.host_of(account.credentials.get("safe_domain", ""))
    if not host:
        return Right(
            key="safe_domain", ok=False, detail=N_("没有填写。"), remedy=N_("请填写应用在微博开放平台登记的安全域名。")
        )
    return Right(key="safe_domain", ok=None, detail=f"{host}：首次发布时验证。")
