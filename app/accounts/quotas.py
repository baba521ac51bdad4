"""The ledger of calls: what each account may still ask its platform, per purpose and per call, in Beijing's periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts import sharing
from app.accounts.models import ALWAYS as ALWAYS
from app.accounts.models import QuotaUse
from app.db import atomic, db, new_id
from app.words import N_
from connectors.base import Purpose
from connectors.errors import RateLimited
from connectors.values import Quota

BEIJING = ZoneInfo("Asia/Shanghai")
# The one quota over all calls of an account and day, and how it is divided, in hundredths. Publishing's part is kept free
# by the others' limits, and it may use what they leave.
DAILY = "daily_calls"
SHARES: Mapping[str, int] = {"publish": 30, "reply": 15, "unread": 23, "fetch": 15, "media": 5, "history": 12}
# What people wait for: beside its own share it may use what the others will not need in the rest of the day.
ELASTIC = frozenset({"reply", "media"})
# All but publishing together: what is borrowed among them never comes out of publishing's part.
BESIDES = "besides"
LABELS: Mapping[str, str] = {
    DAILY: N_("当日全部调用"),
    BESIDES: N_("发布以外的调用"),
    "open_calls": N_("开放接口调用"),
    "biz_calls": N_("商业接口调用"),
    "publish": N_("发布与核实"),
    "reply": N_("回复与互动操作"),
    "unread": N_("检查新互动"),
    "fetch": N_("读取互动内容"),
    "media": N_("取回市民发来的文件"),
    "history": N_("历史与体检"),
    "statuses/share": N_("发布微博"),
    "statuses/update": N_("发布微博"),
    "statuses/update/biz": N_("发布微博"),
    "stable_token": N_("换取访问令牌"),
    "media/uploadimg": N_("上传正文图片"),
    "material/add_material": N_("上传永久素材"),
    "draft/add": N_("新建草稿"),
    "draft/get": N_("读取草稿"),
    "draft/delete": N_("删除草稿"),
    "draft/count": N_("草稿计数"),
    "draft/batchget": N_("读取草稿列表"),
    "freepublish/submit": N_("提交发布"),
    "freepublish/get": N_("查询发布结果"),
    "freepublish/batchget": N_("读取已发布列表"),
    "freepublish/getarticle": N_("读取已发布文章"),
    "freepublish/delete": N_("删除已发布文章"),
    "message/mass/sendall": N_("提交群发"),
    "message/mass/preview": N_("发手机预览"),
    "message/custom/send": N_("发送客服消息"),
    "draft/update": N_("更新草稿"),
    "comment/list": N_("读取留言"),
    "comment/reply/add": N_("回复留言"),
    "media/get": N_("取回市民发来的文件"),
    "user/info": N_("读取用户资料"),
    "user/info/updateremark": N_("修改用户备注名"),
}
# Counted by who plans them, not by calls: a refused mass send has spent none.
PLANNED = frozenset({"mass"})
# Asking whether anything is new has a budget of its own, whichever of the two a poll was opened for.
_UNREAD_CALLS = frozenset({"remind/unread_count"})
# Refusals that are about the account or the server as a whole, whichever call met them (Weibo: per user, per IP).
ALL_CALLS = frozenset({"10022", "10023"})
# The platform's own word.
BLOCKED = "平台要求暂缓调用：额度已用完，或管理员没有同意本服务器的地址。"
_WORDS = {"minute": "这一分钟", "hour": "这一小时", "day": "今天", "month": "本月"}


@dataclass(frozen=True, kw_only=True)
class Count:
    """One counter a call runs on: the row `key`@`period`, its bounds in UTC, its limit (None: counted only). `shared`: by all
    accounts of the app."""

    key: str
    period: str
    limit: int | None
    start: datetime
    end: datetime
    shared: bool = False

    @property
    def row(self) -> str:
        return f"{self.key}@{self.period}"


def bounds(period: str, now: datetime) -> tuple[datetime, datetime]:
    """Beginning and end (UTC) of Beijing's minute, hour, day or month around `now`."""
    local = now.astimezone(BEIJING).replace(second=0, microsecond=0)
    if period == "minute":
        start, end = local, local + timedelta(minutes=1)
    elif period == "hour":
        start = local.replace(minute=0)
        end = start + timedelta(hours=1)
    elif period == "day":
        start = local.replace(hour=0, minute=0)
        end = start + timedelta(days=1)
    else:
        start = local.replace(day=1, hour=0, minute=0)
        end = (start + timedelta(days=32)).replace(day=1)
    return start.astimezone(UTC), end.astimezone(UTC)


def overridden(quotas: Iterable[Quota], settings: Mapping[str, Any]) -> tuple[Quota, ...]:
    """`quotas` with the limits of settings.quotas; a key that names no known quota becomes one per day.

    What the platform told of its own limits (settings.learned_quotas) goes before the defaults of a new account, and what
    a person set before both.
    """
    learned = dict(settings.get("learned_quotas") or {})
    quotas = [replace(quota, limit=learned[quota.key]) if _learns(quota, learned) else quota for quota in quotas]
    own = {key: int(value) for key, value in dict(settings.get("quotas") or {}).items()}
    known = tuple(quotas)
    found = tuple(replace(quota, limit=own[quota.key]) if quota.key in own else quota for quota in known)
    missing = set(own) - {quota.key for quota in known} - {"publish_per_hour"}
    return found + tuple(Quota(key=key, limit=own[key], period="day") for key in sorted(missing))


def _learns(quota: Quota, learned: Mapping[str, Any]) -> bool:
    told = learned.get(quota.key)
    return quota.period == "day" and isinstance(told, int) and told > 0


def share(purpose: str, limit: int) -> int:
    return limit * SHARES[purpose] // 100


def elapsed(now: datetime) -> float:
    """How much of Beijing's day is over, 0 to 1."""
    start, end = bounds("day", now)
    return (now - start) / (end - start)


def allowance(purpose: str, limit: int, used: Mapping[str, int], over: float) -> int:
    """How many of the day's `limit` calls `purpose` may make when `over` of the day is over; `used`: by each purpose.

    An elastic purpose gets what the others will leave: each keeps for the rest of the day the same part of its share.
    """
    own = share(purpose, limit)
    if purpose not in ELASTIC:
        return own
    spare = 0.0
    for other in SHARES.keys() - {"publish", purpose}:
        whole, spent = share(other, limit), used.get(other, 0)
        spare += whole - max(spent, min(whole, spent + whole * (1 - over)))
    return max(own + int(spare), 0)


def counts(call: str, purpose: Purpose, quotas: Sequence[Quota], now: datetime) -> list[Count]:
    """The counters that `call` made for `purpose` runs on, ordered by row so that two callers cannot lock crosswise.

    The limit of an elastic purpose is its own share here; see allowance().
    """
    found = []
    for quota in quotas:
        start, end = bounds(quota.period, now)
        if quota.key == DAILY or quota.covers(call):
            # Of what all accounts of an app share publishing's part is kept free, too.
            kept = share("publish", quota.limit) if quota.shared and purpose != "publish" else 0
            most = quota.limit - kept
            found.append(
                Count(key=quota.key, period=quota.period, limit=most, start=start, end=end, shared=quota.shared)
            )
        if quota.key == DAILY:
            own = spent_as(call, purpose)
            limit = None if own == "publish" else share(own, quota.limit)
            found.append(Count(key=own, period=quota.period, limit=limit, start=start, end=end))
            if own != "publish":
                rest = quota.limit - share("publish", quota.limit)
                found.append(Count(key=BESIDES, period=quota.period, limit=rest, start=start, end=end))
    return sorted(found, key=lambda count: count.row)


def spent_as(call: str, purpose: Purpose) -> Purpose:
    if purpose in ("unread", "fetch"):
        return "unread" if call in _UNREAD_CALLS else "fetch"
    return purpose


def used_up(count: Count, limit: int, until: datetime) -> RateLimited:
    """The ledger's own refusal: `limit` calls of this counter were made."""
    name = LABELS.get(count.key, count.key)
    return limited(f"{_WORDS[count.period]}“{name}”的调用额度（{limit} 次）已用完。", until)


def limited(cause: str, until: datetime) -> RateLimited:
    local = until.astimezone(BEIJING)
    error = RateLimited(
        cause, remedy=f"{local:%m月%d日 %H:%M}（北京时间）起恢复，系统会自动继续。", who="系统", code="quota"
    )
    error.until = until
    return error


Spent = dict[str, tuple[int, datetime | None]]


def spent_by_each(
    running: Mapping[str, Sequence[Count]], now: datetime, scopes: Mapping[str, str] | None = None
) -> dict[str, Spent]:
    """{account id: {row key: (how often the counter ran in its period, until when the platform blocks it or None)}}. `scopes`:
    {account id: with whom it shares an app's limits}."""
    scopes = scopes or {}
    starts = {count.start for counters in running.values() for count in counters} | {ALWAYS}
    rows = db.session.execute(
        select(QuotaUse.account_id, QuotaUse.key, QuotaUse.period_start, QuotaUse.used, QuotaUse.blocked_until).where(
            QuotaUse.account_id.in_(running), QuotaUse.period_start.in_(starts)
        )
    ).all()
    used = {(row.account_id, row.key, row.period_start): row.used for row in rows}
    blocks = {
        (row.account_id, row.key): row.blocked_until for row in rows if row.blocked_until and row.blocked_until > now
    }
    if shared := set(scopes.values()):
        used |= sharing.used(shared, starts)
        blocks |= sharing.blocks(shared, now)
    found: dict[str, Spent] = {}
    for account_id, counters in running.items():
        found[account_id], scope = {}, scopes.get(account_id, "")
        for count in counters:
            keys = [(who, name) for who in (account_id, scope) for name in ("block:", f"block:{count.key}")]
            until = max((blocks[key] for key in keys if key in blocks), default=None)
            holder = scope if count.shared else account_id
            found[account_id][count.row] = (used.get((holder, count.row, count.start), 0), until)
    return found


def block(account_id: str, key: str, until: datetime) -> None:
    """Remember the platform's own word: no `key` ("" or "daily_calls": nothing at all) before `until` (aware UTC)."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = {
        "id": new_id(),
        "account_id": account_id,
        "key": f"block:{'' if key == DAILY else key}",
        "period_start": ALWAYS,
        "used": 0,
        "blocked_until": until,
    }
    with atomic():
        db.session.execute(
            insert(QuotaUse)
            .values(row)
            .on_conflict_do_update(index_elements=["account_id", "key", "period_start"], set_={"blocked_until": until})
        )


def block_names(key: str, families: Sequence[str] = ()) -> tuple[str, ...]:
    """The rows by which a call may be blocked: everything, itself, the families of calls it belongs to."""
    return tuple(f"block:{each}" for each in ("", key, *families))


def blocked_until(account_id: str, key: str, now: datetime, *, families: Sequence[str] = ()) -> datetime | None:
    """Until when the platform refuses `key`, or the `families` of calls it belongs to, by its own word; None: not."""
    rows = db.session.scalars(
        select(QuotaUse.blocked_until).where(
            QuotaUse.account_id == account_id,
            QuotaUse.key.in_(block_names(key, families)),
            QuotaUse.period_start == ALWAYS,
            QuotaUse.blocked_until > now,
        )
    ).all()
    return max((until for until in rows if until is not None), default=None)


def unblock(account_id: str) -> None:
    """Forget all blocks: the account was connected again. Inside atomic()."""
    for row in db.session.scalars(select(QuotaUse).where(QuotaUse.account_id == account_id, QuotaUse.used == 0)):
        row.blocked_until = None
