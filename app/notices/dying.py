"""Accounts whose authorisation ends or ended: told in time, before the hour of a publication tells it."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.accounts import quotas
from app.accounts.advice import authorised_by_hand, barred, nearness, put_right_there
from app.accounts.answering import answerable
from app.accounts.connections import given_token
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.accounts.verdicts import mending
from app.db import atomic, db, release
from app.notices.outbox import ALARM, tell

log = structlog.get_logger()

EARLY, SOON, LATE = timedelta(days=7), timedelta(days=3), timedelta(days=1)

# The last quarter of an authorisation given for two days and more.
_WORTH_WAKING = timedelta(hours=12)


def warn_of_dying_accounts(now: datetime) -> None:
    """Once a week before the end, once three days before, once on the last day, once when it is dead; only tokens that
    people give by hand.

    An account that the platform refuses is told of once a week, until somebody connects it again.
    """
    for account_id in db.session.scalars(select(Account.id).where(Account.active).order_by(Account.id)).all():
        try:
            warn_of(account_id, now)
        except Exception:
            # One account that cannot be told of must not keep the others' ends from people.
            log.exception("account not told of", account=account_id)
        release()


def warn_of(account_id: str, now: datetime) -> None:
    """What there is to tell of one account now; each thing once."""
    account = db.session.get_one(Account, account_id)
    given = given_token(account.known) is not None
    if account.token_expires_at is not None and given:
        _warn(account, account.token_expires_at, now)
    # One that waits for its first authorisation is nothing to be alarmed about.
    if account.status == "refused" and (given or not authorised_by_hand(account)):
        week = f"{now.astimezone(quotas.BEIJING):%G-%V}:{account.known.get('expires_at', '')}"
        words = (
            "平台没有放行本服务器的地址，到点的内容会发不出去。请账号管理员把它加入平台的 IP 白名单。"
            if barred(account)
            else "平台现在什么都不受理，到点的内容会发不出去。要在平台上处理，原因和办法见账号页。"
            if put_right_there(account)
            else "平台拒绝了这个账号的凭据，到点的内容会发不出去。请账号管理员重新连接。"
        )
        _tell(account, f"refused:{week}", ALARM, "账号连不上了", words, now)


def warn_of_lost_push(account_id: str, now: datetime) -> None:
    """What a platform pushed could not be stored: it comes again some times, then never more. Once an hour each."""
    with atomic():
        account = db.session.get_one(Account, account_id)
        words = (
            "平台推送来的内容没有存下来。平台会再推几次；若一直存不下来，对方的消息会丢失，连续失败时平台还会停推一分钟。"
            "可能有推送丢失，请到公众平台核对。请系统管理员查看日志。"
        )
        hour = f"{now.astimezone(quotas.BEIJING):%Y%m%d%H}"
        _tell(account, f"lost-push:{hour}", ALARM, "有推送没有存下来", words, now)


def warn_of_refused_push(account_id: str, now: datetime) -> None:
    """Pushes were refused from now on: nothing else tells that messages are lost. Once an hour, however often keys and pushes
    change, since strangers may send some, too."""
    with atomic():
        account = db.session.get_one(Account, account_id)
        remedy, who = mending(account)
        words = (
            f"平台的推送到了，但没有通过核验，其中的私信和事件收不进来，平台也不会补发。{account.callback_refusal}{remedy}"
            f"处理人：{who}。改好后给账号发一条私信试一下。"
        )
        hour = f"{now.astimezone(quotas.BEIJING):%Y%m%d%H}"
        _tell(account, f"refused-push:{hour}", ALARM, "市民的私信收不进来", words, now)


def _warn(account: Account, end: datetime, now: datetime) -> None:
    local = f"{end.astimezone(quotas.BEIJING):%Y年%m月%d日 %H:%M}"
    if end <= now:
        words = f"授权已于{local}到期，到点的内容会发不出去。请账号管理员重新授权。"
        _tell(account, f"expired:{end.isoformat()}", ALARM, "账号授权已到期", words, now)
    elif (soon := nearness(account)[0]) < EARLY:
        # Given for less than a month: one word, in the last part of its life. Given for a day it is nothing to be woken for.
        if end - now <= soon:
            words = f"授权将于{local}到期，之后到点的内容会发不出去。请账号管理员届时重新授权。"
            level = ALARM if soon >= _WORTH_WAKING else "info"
            _tell(account, f"late:{end.isoformat()}", level, "账号授权即将到期", words, now)
    elif end - now <= LATE:
        words = f"授权将于{local}到期，之后到点的内容会发不出去。请账号管理员今天重新授权。"
        _tell(account, f"late:{end.isoformat()}", ALARM, "账号授权即将到期", words, now)
    elif end - now <= SOON:
        words = f"授权将于{local}到期。请账号管理员这两天内重新授权。"
        _tell(account, f"soon:{end.isoformat()}", "info", "账号授权三天内到期", words, now)
    elif end - now <= EARLY:
        words = f"授权将于{local}到期。请账号管理员提前重新授权。"
        _tell(account, f"early:{end.isoformat()}", "info", "账号授权一周内到期", words, now)


def _tell(account: Account, what: str, level: str, title: str, body: str, now: datetime) -> None:
    tell(
        key=f"account:{account.id}:{what}"[:160],
        kind="account",
        level=level,
        unit_id=account.unit_id,
        title=f"{title}：{PLATFORMS[account.platform].label} {account.name}"[:200],
        body=body,
        path=f"/accounts/{account.id}",
        now=now,
        waits_for=answerable(account),
    )
