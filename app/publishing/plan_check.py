"""Judging the rows of a plan before anything is made: what each would become, what is wrong, how to mend it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.config import current
from app.db import db
from app.posts import services as posts
from app.posts.fields import LENGTHS
from app.posts.models import Post
from app.posts.reaching import reaches, why_not
from app.publishing import conflicts
from app.publishing.conflicts import Clash
from app.publishing.diary import UNSCHEDULED, Diary, Entry
from app.publishing.plan_marks import made_of, mark_of
from app.publishing.plan_models import Plan, PlanRow
from app.publishing.plan_sheet import Row
from app.units.access import Actor, visible
from app.units.models import Unit

_LATEST = 2199
_NAME = re.compile(r"^(.+?)[（(\[【](.+?)[）)\]】]$")
# A platform's other names.
_ALSO: Mapping[str, tuple[str, ...]] = {"wechat": ("微信", "公众号"), "weibo": ("新浪微博",)}
STANDING = (*UNSCHEDULED, "scheduled", "publishing", "published", "partly_published")


@dataclass(kw_only=True)
class Judged:
    """One row. `wrong`: (field, sentence) why no draft is made; `clashes`: warnings about its hour; `notes`: what was taken
    for granted; `twin_id`: the post that is this one already; `imported`: an earlier plan's row became it."""

    row: Row
    kept: PlanRow
    at: datetime | None = None
    accounts: list[Account] = field(default_factory=list)
    unit: Unit | None = None
    wrong: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    twin_id: str = ""
    imported: bool = False

    @property
    def good(self) -> bool:
        return not self.wrong and not self.twin_id


class Judge:
    """What the person may use, and what stands already, read once for all rows; rows are judged in the file's order."""

    def __init__(self, actor: Actor, rows: Sequence[Row], now: datetime) -> None:
        self._actor, self._now = actor, now
        self._zone = ZoneInfo(current().timezone)
        self._units = posts.writable_units(actor)
        self._home = next((unit for unit in self._units if unit.id == actor.unit_id), None)
        seen = visible(actor, "account.read", Account.unit_id)
        self._accounts = list(db.session.scalars(select(Account).where(seen).order_by(Account.platform.desc())))
        self._mine = {account.id for account in posts.writable_accounts(actor)}
        self._index = _index(self._accounts)
        self._told: dict[str, str] = {}
        named = {one.id: one for row in rows for name in row.accounts for one in self._called(name)}
        hours = [at for row in rows if (at := self._hour(row)) is not None]
        self._diary = Diary(list(named.values()), min(hours, default=now), max(hours, default=now))
        marks = {mark_of(row.title, at) for row in rows if row.title and (at := self._hour(row)) is not None}
        self._made = made_of(marks, STANDING)
        self._known = _standing(actor, {row.title for row in rows if row.title})
        self._before: dict[tuple[str, datetime | None], Row] = {}

    def judge(self, row: Row, kept: PlanRow) -> Judged:
        found = Judged(row=row, kept=kept, notes=list(row.notes))
        found.wrong = [(str(key), str(sentence)) for key, sentence in row.wrong]
        self._time(found)
        self._choose_accounts(found)
        self._choose_unit(found)
        self._check_reach(found)
        self._length(found)
        if found.good:
            self._twin(found)
        if found.good and found.at is not None:
            self._place(found, found.at)
        return found

    def _hour(self, row: Row) -> datetime | None:
        return datetime.fromisoformat(row.at).replace(tzinfo=self._zone) if row.at else None

    def _time(self, found: Judged) -> None:
        at = self._hour(found.row)
        if at is None:
            return
        # Through UTC and back: an hour that a change of clocks skips is none.
        if at.astimezone(ZoneInfo("UTC")).astimezone(self._zone).replace(tzinfo=None) != at.replace(tzinfo=None):
            found.wrong.append(("time", "当天没有这个时刻（时钟调整）。请改一个时间。"))
        elif at <= self._now:
            found.wrong.append(("date", "时间已经过去。请改成将来的时间，或删去这一行。"))
        elif at.year > _LATEST:
            found.wrong.append(("date", f"时间太远，最晚到 {_LATEST} 年。请核对年份。"))
        else:
            found.at = at

    def _choose_accounts(self, found: Judged) -> None:
        for name in found.row.accounts:
            named = self._called(name)
            usable = [account for account in named if account.active and account.id in self._mine]
            if usable:
                found.accounts += [account for account in usable if account not in found.accounts]
                if len(usable) > 1:
                    both = "、".join(_full(account) for account in usable)
                    found.notes.append(f"“{name}”有 {len(usable)} 个账号，都选上了：{both}。")
            elif any(account.active for account in named):
                found.wrong.append(("accounts", f"您无权用账号“{name}”发稿。请联系其主管单位授权，或去掉它。"))
            elif named:
                found.wrong.append(("accounts", f"账号“{name}”已停用。请改选其他账号。"))
            else:
                found.wrong.append(("accounts", f"没有叫“{name}”的账号。{self._like(name)}"))
        if not found.row.accounts:
            found.notes.append("没有写账号，草稿里再选。")

    def _called(self, name: str) -> list[Account]:
        """青岚发布 · 微博·青岚发布 · 微博：青岚发布 · 青岚发布（微博）: the accounts that are meant."""
        found = self._index.get(_same(name), [])
        match = _NAME.match(name)
        return found or (self._index.get(_same(match[2]) + _same(match[1]), []) if match else [])

    def _like(self, name: str) -> str:
        if name not in self._told:
            self._told[name] = self._offer(name)
        return self._told[name]

    def _offer(self, name: str) -> str:
        usable = [account for account in self._accounts if account.id in self._mine]
        near = difflib.get_close_matches(name, {account.name for account in usable}, n=2, cutoff=0.5)
        if near:
            return f"您是不是指{'、'.join(f'“{one}”' for one in near)}？请改正名称。"
        return f"可用的有：{'、'.join(_full(account) for account in usable[:5]) or '无'}。请改正名称。"

    def _choose_unit(self, found: Judged) -> None:
        name = found.row.unit
        if not name:
            found.unit = self._home or (self._units[0] if len(self._units) == 1 else None)
            if found.unit is None:
                found.wrong.append(("unit", "没有写单位。您可为多个单位写稿，请写明是哪一个。"))
            return
        named = [unit for unit in self._units if _same(unit.name) == _same(name)]
        if len(named) == 1:
            found.unit = named[0]
        elif named:
            found.wrong.append(
                ("unit", f"叫“{name}”的单位有 {len(named)} 个，分不清。请分开导入，或留空后在草稿里改。")
            )
        else:
            offered = "、".join(unit.name for unit in self._units[:5]) or "无"
            found.wrong.append(("unit", f"没有单位“{name}”，或您不能为它写稿。可用的有：{offered}。请改正名称。"))

    def _check_reach(self, found: Judged) -> None:
        if found.unit is not None:
            unit = found.unit
            found.wrong += [("accounts", why_not(unit, one)) for one in found.accounts if not reaches(unit, one)]

    def _length(self, found: Judged) -> None:
        for key, text in (("title", found.row.title), ("summary", found.row.summary)):
            if len(text) > LENGTHS[key]:
                word = "标题" if key == "title" else "摘要"
                found.wrong.append((key, f"{word}有 {len(text)} 字，最多 {LENGTHS[key]} 字。请缩短。"))
        if not found.row.body and not found.row.summary:
            found.notes.append("没有正文和摘要，只建标题。")

    def _twin(self, found: Judged) -> None:
        """The same title at the same hour is this post already; a draft without any may be."""
        key = (conflicts.same(found.row.title), found.at)
        earlier = self._before.get(key)
        if earlier is not None:
            found.wrong.append(
                ("title", f"与“{earlier.sheet}”第 {earlier.line} 行重复：标题和时间都相同。请删去一行。")
            )
            return
        self._before[key] = found.row
        if found.at is not None and found.unit is not None:
            found.twin_id = self._made.get((mark_of(found.row.title, found.at), found.unit.id), "")
            found.imported = bool(found.twin_id)
            if found.imported:
                return
        for post_id, at in self._known.get(key[0], ()):
            if at == found.at:
                found.twin_id = post_id
                return
            if at is None:
                found.notes.append("有一篇同题的草稿还没有定时间，请核对是不是同一件事。")

    def _place(self, found: Judged, at: datetime) -> None:
        """What speaks against its hour; then it stands there for the rows below."""
        mark = f"row:{found.kept.id}"
        clashes = conflicts.find(self._diary, found.accounts, at, post_id=mark, title=found.row.title, urgent=False)
        found.clashes = conflicts.unnamed(self._actor, clashes)
        for account in found.accounts:
            self._diary.add(Entry(account_id=account.id, at=at, post_id=mark, title=found.row.title, planned=True))


def _standing(actor: Actor, titles: set[str]) -> dict[str, list[tuple[str, datetime | None]]]:
    """{title: [(post id, its planned, wished or real hour)]} of the posts this person sees that bear one of `titles`."""
    found: dict[str, list[tuple[str, datetime | None]]] = {}
    wanted = sorted(titles)
    for start in range(0, len(wanted), 400):
        query = (
            select(Post.id, Post.title, Post.publish_at, Plan.wished_at)
            .outerjoin(Plan, Plan.post_id == Post.id)
            .where(
                visible(actor, "post.read", Post.unit_id),
                Post.title.in_(wanted[start : start + 400]),
                Post.status.in_(STANDING),
            )
        )
        for post_id, title, publish_at, wished_at in db.session.execute(query):
            found.setdefault(conflicts.same(title), []).append((post_id, publish_at or wished_at))
    return found


def _index(accounts: Sequence[Account]) -> dict[str, list[Account]]:
    """{what one may call it: the accounts that are called so}."""
    found: dict[str, list[Account]] = {}
    for account in accounts:
        own, platform = _same(account.name), PLATFORMS[account.platform]
        for label in ("", _same(platform.label), account.platform, *_ALSO.get(account.platform, ())):
            found.setdefault(label + own, []).append(account)
    return found


def _same(name: str) -> str:
    return re.sub(r"[\s·•:：\-—_]", "", unicodedata.normalize("NFKC", name)).casefold()


def _full(account: Account) -> str:
    return f"{PLATFORMS[account.platform].label}·{account.name}"
