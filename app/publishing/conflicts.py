"""Conflicts: what speaks against an hour before anybody has to find out. Words here, the facts in diary.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.accounts.advice import expires_at, unconnected
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.db import db
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import openings, outlook
from app.publishing.diary import TWINS, UNSCHEDULED, Diary
from app.publishing.openings import moment_words
from app.publishing.ordering import movable
from app.units.access import Actor, visible
from app.words import N_

_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Clash:
    """One objection to one account's hour. `refuses`: it cannot be scheduled so; else it is a warning.

    `text` is a Chinese sentence with %(places)s for `values`, so that it can be said in the reader's language.
    """

    kind: str
    account: Account
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    refuses: bool = False
    post_id: str = ""
    free_days: Sequence[date] = ()

    def said(self, translated: Callable[[str], str] = str) -> str:
        """The sentence; `translated` turns its fixed parts into the reader's language."""
        platform = translated(PLATFORMS[self.account.platform].label)
        values = {key: translated(value) if key in ("word", "title") else value for key, value in self.values.items()}
        return translated(self.text) % {"account": f"{platform}·{self.account.name}", **values}


INACTIVE = N_("“%(account)s”已停用，到时发不出。请管理员启用它，或从稿件中去掉它。")
UNCONNECTED = N_("“%(account)s”%(word)s，连接前什么都发不出。请账号管理员在这之前连接它。")
EXPIRING = N_("“%(account)s”的授权 %(ends)s 到期，早于发布时间。请账号管理员在到期前续期，否则发不出。")
FULL_DAY = N_("“%(account)s”当天的发布次数已约满（%(limit)s 次），已由%(title)s（%(at)s）占用。")
FULL_MONTH = N_("“%(account)s”当月的发布次数已约满（%(limit)s 次），最早的是%(title)s（%(at)s）。")
SILENT = N_("“%(account)s”在 %(start)s 至 %(end)s 是静默期：%(reason)s。请改到这段时间以外。")
CLOSE = N_("“%(account)s”与%(title)s（%(at)s）相隔 %(n)s 分钟，不到 %(gap)s 分钟。最好错开。")
CLOSE_PLAN = N_("“%(account)s”与拟排的%(title)s（%(at)s）相隔 %(n)s 分钟，不到 %(gap)s 分钟。最好错开。")
SHARED_DAY = N_("“%(account)s”这一期的发布次数（%(limit)s 次）算上拟排的已不够，另有%(title)s（%(at)s）。请错开日期。")
TWIN = N_("“%(account)s”在 %(at)s 已有同题的%(title)s。请确认不是重复发布。")
OTHERS = N_("其他单位的稿件")
FREE = N_("空闲的日子：%(days)s。")


def find(
    diary: Diary, accounts: Collection[Account], at: datetime, *, post_id: str, title: str, urgent: bool
) -> list[Clash]:
    """All objections to putting this post on these accounts at `at`, those that refuse first."""
    found: list[Clash] = []
    for account in accounts:
        found += _of_account(account, at)
        found += _of_time(diary, account, at, post_id, urgent)
        found += _twins(diary, account, at, post_id, title)
    return sorted(found, key=lambda clash: not clash.refuses)


def at_hour(actor: Actor, post_id: str, at: datetime) -> list[Clash]:
    """What speaks against this post at `at`, on what of it has not gone. Raises NotFound."""
    return of_post(actor, posts.get_post(actor, post_id), at)


def of_post(actor: Actor, post: Post, at: datetime) -> list[Clash]:
    """As at_hour(); posts that the actor may not see are not named."""
    accounts = accounts_of(post)
    diary = Diary(accounts, at, at, besides=(post.id,))
    found = find(diary, accounts, at, post_id=post.id, title=post.title, urgent=post.urgent)
    return [_with_free_days(diary, clash, at, post.id) for clash in unnamed(actor, found)]


def of_many(actor: Actor, placed: Sequence[tuple[Post, datetime, Sequence[Account]]]) -> dict[str, list[Clash]]:
    """{post id: what speaks against its hour}, of those with an objection; read at once for all. Named as in of_post()."""
    if not placed:
        return {}
    hours = [at for _post, at, _accounts in placed]
    accounts = {account.id: account for _post, _at, row in placed for account in row}
    diary = Diary(list(accounts.values()), min(hours), max(hours))
    found = {
        post.id: find(diary, row, at, post_id=post.id, title=post.title, urgent=post.urgent) for post, at, row in placed
    }
    told = iter(unnamed(actor, [clash for clashes in found.values() for clash in clashes]))
    return {post_id: [next(told) for _clash in clashes] for post_id, clashes in found.items() if clashes}


def unnamed(actor: Actor, clashes: Sequence[Clash]) -> list[Clash]:
    """The same in their order; of posts that the actor may not see neither title nor address."""
    others = {clash.post_id for clash in clashes if clash.post_id}
    if not others:
        return list(clashes)
    query = select(Post.id, visible(actor, "post.read", Post.unit_id)).where(Post.id.in_(others))
    seen = {post_id: bool(may) for post_id, may in db.session.execute(query)}
    # A row of the plan at hand is nobody's post yet: it has its title, but no address.
    return [
        clash
        if seen.get(clash.post_id, not clash.post_id)
        else replace(
            clash, post_id="", values={**clash.values, "title": OTHERS} if clash.post_id in seen else clash.values
        )
        for clash in clashes
    ]


def accounts_of(post: Post) -> list[Account]:
    """Where the post is still to go: what of its schedule has not gone, else what it has chosen."""
    rows = outlook.by_posts([post.id]).get(post.id, [])
    standing = [row.account for row in movable(rows)]
    if standing or post.status not in UNSCHEDULED:
        return standing
    return [variant.account for variant in posts.current_variants(post)]


def json_of(clash: Clash) -> dict[str, Any]:
    """As the API and the page's scripts take it."""
    return {
        "kind": clash.kind,
        "severity": "refuse" if clash.refuses else "warn",
        "account_id": clash.account.id,
        "post_id": clash.post_id or None,
        "message": clash.said() + free_words(clash),
        "free_days": [day.isoformat() for day in clash.free_days],
    }


def free_words(clash: Clash, translated: Callable[[str], str] = str) -> str:
    """空闲的日子：…; "" for a clash that names none."""
    return translated(FREE) % {"days": openings.in_words(clash.free_days)} if clash.free_days else ""


def _of_account(account: Account, at: datetime) -> list[Clash]:
    if not account.active:
        return [Clash(kind="inactive", account=account, text=INACTIVE, refuses=True)]
    found = []
    if word := unconnected(account):
        found.append(Clash(kind="unconnected", account=account, text=UNCONNECTED, values={"word": word}))
    ends = expires_at(account)
    if ends is not None and ends <= at and not word:
        values = {"ends": moment_words(ends)}
        found.append(Clash(kind="expiring", account=account, text=EXPIRING, values=values))
    return found


def _of_time(diary: Diary, account: Account, at: datetime, post_id: str, urgent: bool) -> list[Clash]:
    found = []
    values: dict[str, Any]
    quota = diary.quota(account)
    silence = diary.silence(account, at, urgent=urgent)
    if silence is not None:
        values = {
            "start": moment_words(silence.starts_at),
            "end": moment_words(silence.ends_at),
            "reason": silence.reason.rstrip("。"),
        }
        found.append(Clash(kind="blackout", account=account, text=SILENT, values=values, refuses=True))
    full = diary.full(account, at, post_id)
    others = diary.taken(account, at, post_id, planned=not full)
    if quota is not None and others and len(others) >= quota.limit:
        other = others[0]
        text = (FULL_DAY if quota.period == "day" else FULL_MONTH) if full else SHARED_DAY
        values = {"limit": quota.limit, "title": f"《{other.title}》", "at": moment_words(other.at)}
        found.append(
            Clash(kind="quota", account=account, text=text, values=values, refuses=full, post_id=other.post_id)
        )
        return found
    near = diary.nearest(account, at, post_id)
    if near is not None:
        values = {
            "title": f"《{near.title}》",
            "at": moment_words(near.at),
            "n": int(abs(near.at - at).total_seconds() // _MINUTE),
            "gap": int(diary.gap(account).total_seconds() // _MINUTE),
        }
        text = CLOSE_PLAN if near.planned else CLOSE
        found.append(Clash(kind="close", account=account, text=text, values=values, post_id=near.post_id))
    return found


def _twins(diary: Diary, account: Account, at: datetime, post_id: str, title: str) -> list[Clash]:
    wanted = same(title)
    for other in diary.others(account, post_id, at - TWINS, at + TWINS) if wanted else ():
        if same(other.title) == wanted:
            values = {"title": f"《{other.title}》", "at": moment_words(other.at)}
            return [Clash(kind="twin", account=account, text=TWIN, values=values, post_id=other.post_id)]
    return []


def same(title: str) -> str:
    """What two titles have in common that readers take for one."""
    return "".join(title.split()).casefold()


def _with_free_days(diary: Diary, clash: Clash, at: datetime, post_id: str) -> Clash:
    quota = diary.quota(clash.account)
    if clash.kind != "quota" or quota is None:
        return clash
    mine = [row.id for row in outlook.by_posts([post_id]).get(post_id, []) if row.account_id == clash.account.id]
    days = openings.free_days(clash.account, quota, at, besides=mine[0] if mine else "")
    return replace(clash, free_days=tuple(days))
