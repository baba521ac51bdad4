"""Exercising an account's real rights. Nothing a follower would see; one cover stays in the material library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.base import MediaStore, TokenStore
from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled, RateLimited, Refused
from connectors.images import draw_cover
from connectors.values import AccountConfig, Health, LimitMet, Right, limits_met
from connectors.wechat import payloads
from connectors.wechat.api import CONFIRMING, UNLISTED, Api, egress_ip
from connectors.wechat.codes import ADMIN
from connectors.wechat.prepare import COVER
from connectors.words import N_

FIRST_TIME = "首次发布时验证"
# A frozen secret is the same when it is thawed; a frozen or barred account was connected rightly.
_FROZEN = ("40243", "50002", "50004", "50007")
# No article has this msg_data_id: 88001 then says that comments may be read.
_NO_ARTICLE = 1
_NOBODY = "tandem-probe"
# Each question anew may send the administrator another message to confirm this server's address.
_CONFIRMED_WITHIN = timedelta(hours=1)


def probe(api: Api, account: AccountConfig, media: MediaStore, tokens: TokenStore) -> Health:
    """Each right with what was tried. Without a token nothing else can be tried, and that is all it says."""
    try:
        # A token kept from yesterday would hide that the secret was changed or the address struck off the list since.
        api.ask_token()
    except ConnectorError as error:
        return Health(
            rights=(_refused("token", error),),
            egress_ip=egress_ip(error),
            again_at=_again_at(error, api.now()),
            limits=limits_met(error, api.last_call),
        )
    probes: list[Callable[[], Right]] = [
        lambda: _draft(api, account, media),
        lambda: _publish(api, account),
        lambda: _mass(api),
        lambda: _comments(api),
        lambda: _private(api),
        lambda: _callback(api),
    ]
    rights = [Right(key="token", ok=True, detail=N_("AppID、AppSecret 和 IP 白名单正确。"))]
    seen_ip = ""
    limits: tuple[LimitMet, ...] = ()
    for key, one in zip(("draft", "publish", "mass", "comments", "private", "callback"), probes, strict=True):
        try:
            rights.append(one())
        except ConnectorError as error:
            rights.append(_refused(key, error))
            seen_ip = seen_ip or egress_ip(error)
            limits += limits_met(error, api.last_call)
    token = tokens.current()
    ends = token.expires_at if token else None
    return Health(rights=tuple(rights), egress_ip=seen_ip, token_expires_at=ends, limits=limits)


def _again_at(error: ConnectorError, now: datetime) -> datetime | None:
    if isinstance(error, RateLimited):
        return error.until
    return now + _CONFIRMED_WITHIN if error.code in CONFIRMING else None


def _refused(key: str, error: ConnectorError) -> Right:
    """False when the platform said no; None when it could not be asked now, or waits for a person's word."""
    ok = False if isinstance(error, Refused) else None
    # Only the platform's own codes can be looked up.
    code = f"（{error.code}）" if error.code.isdigit() else ""
    return Right(
        key=key,
        ok=ok,
        detail=f"{error.cause}{code}",
        remedy=error.remedy,
        who=error.who,
        asked=ok is not None or error.code in CONFIRMING,
        unlisted=error.code in UNLISTED,
        confirming=error.code in CONFIRMING,
        elsewhere=error.code in _FROZEN,
        until=error.until if isinstance(error, RateLimited) and error.code in CONFIRMING else None,
    )


def _draft(api: Api, account: AccountConfig, media: MediaStore) -> Right:
    """A draft is made and deleted again."""
    content, kind = draw_cover("连接测试")
    sha256 = hashlib.sha256(content).hexdigest()

    def uploaded() -> str:
        answer = api.upload("/cgi-bin/material/add_material", content, kind, {"type": "image"})
        cover = payloads.text_of(answer.get("media_id"))
        media.remember(sha256, account.id, COVER, cover)
        return cover

    known = media.remembered(sha256, account.id, COVER)
    try:
        _try_draft(api, known or uploaded())
    except ConnectorError as error:
        if error.code != "40007" or not known:
            raise
        # The remembered cover was deleted at the platform, which says nothing about the right.
        _try_draft(api, uploaded())
    return Right(key="draft", ok=True, detail=N_("已新建并删除一篇测试草稿。"))


def _try_draft(api: Api, cover: str) -> None:
    article = {"title": "连接测试", "content": "<p>连接测试，可删除。</p>", "thumb_media_id": cover}
    made = api.post("/cgi-bin/draft/add", {"articles": [article]})
    api.post("/cgi-bin/draft/delete", {"media_id": payloads.text_of(made.get("media_id"))})


def _publish(api: Api, account: AccountConfig) -> Right:
    api.post("/cgi-bin/freepublish/batchget", {"offset": 0, "count": 1, "no_content": 1})
    quota = _quota(api, "/cgi-bin/freepublish/submit")
    return Right(key="publish", ok=None, detail=f"可以读取已发布列表；提交发布的权限{FIRST_TIME}。{quota}")


def _mass(api: Api) -> Right:
    api.post("/cgi-bin/message/mass/speed/get", {})
    return Right(key="mass", ok=None, detail=f"群发接口可以访问；群发权限{FIRST_TIME}。")


def _comments(api: Api) -> Right:
    try:
        api.post("/cgi-bin/comment/list", {"msg_data_id": _NO_ARTICLE, "index": 0, "begin": 0, "count": 1, "type": 0})
    except ConnectorError as error:
        if error.code != "88001":
            raise
    return Right(key="comments", ok=True, detail=N_("留言接口可用。"))


def _private(api: Api) -> Right:
    """Typing to nobody: refused for the person, not for the right."""
    try:
        api.post("/cgi-bin/message/custom/typing", {"touser": _NOBODY, "command": "Typing"})
    except (NotEntitled, CredentialsRefused):
        raise
    except Refused as error:
        if not error.code.isdigit():
            raise
    return Right(key="private", ok=True, detail=N_("客服消息接口可用。"))


def _callback(api: Api) -> Right:
    """Whether WeChat can resolve and reach the callback's host. That shows neither address nor keys to be right: only a
    push does. And a host that answers no ping may still take pushes."""
    answer = api.post("/cgi-bin/callback/check", {"action": "all", "check_operator": "DEFAULT"})
    hosts = [payloads.text_of(row.get("ip")) for row in payloads.rows_of(answer, "dns")]
    if not hosts:
        return Right(
            key="callback",
            ok=False,
            detail=N_("平台没有解析到回调地址。"),
            remedy=N_("请检查回调网址的域名和服务器防火墙。"),
            who=ADMIN,
        )
    named = "、".join(hosts)
    losses = [payloads.text_of(row.get("package_loss")) for row in payloads.rows_of(answer, "ping")]
    if all(loss in ("100%", "") for loss in losses):
        said = f"平台能解析回调地址（{named}），但 ping 不通；能否收到推送，收到第一条时才知道。"
        return Right(key="callback", ok=None, detail=said, remedy=N_("请确认服务器防火墙放行微信。"))
    said = f"平台可以访问回调地址的主机（{named}）；收到第一条推送才算验证。"
    return Right(key="callback", ok=None, detail=said, remedy=N_("请把回调网址填到平台并保存，平台会当场验证一次。"))


def _quota(api: Api, path: str) -> str:
    try:
        answer = api.post("/cgi-bin/openapi/quota/get", {"cgi_path": path})
    except ConnectorError:
        return ""
    quota = answer.get("quota")
    remain = payloads.text_of(quota.get("remain")) if isinstance(quota, dict) else ""
    return f"今日还可提交 {remain} 次。" if remain else ""
