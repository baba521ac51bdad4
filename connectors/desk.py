"""What only some platforms offer beside publishing and answering: moderating, people and tags, quotas, day figures.

`Capabilities.acts` and `Capabilities.offers` say what an account has of it; asking for anything else raises NotEntitled.
Everything here asks the platform. Apart from `typing` nothing is seen by the public that was not approved, and each call
may be made twice with the same result: a lost answer is simply asked again by the person who pressed the button.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NoReturn

from connectors.errors import NotEntitled
from connectors.values import Json, Receipt

# What may be done to a comment (elect, unelect, delete) and to our own answer (delete_reply).
Act = Literal["elect", "unelect", "delete", "delete_reply"]


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One tag of the account's followers; `system` ones may be given to nobody by us."""

    id: str
    name: str
    people: int | None = None
    system: bool = False


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the platform tells of one follower now."""

    sender_id: str
    following: bool
    remark: str = ""
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class QuotaReading:
    """What the platform says of one call's allowance now; None where it does not tell."""

    call: str
    limit: int | None
    used: int | None
    remain: int | None


@dataclass(frozen=True, kw_only=True)
class DayFigures:
    """One day of the account; numbers of people, None where the platform does not tell."""

    day: date
    readers: int | None = None
    sharers: int | None = None
    likes: int | None = None
    comments: int | None = None
    collected: int | None = None
    new_followers: int | None = None
    lost_followers: int | None = None
    followers: int | None = None


# How long the platform explains a failed call, and how its number stands in the answer.
EXPLAINED_FOR = timedelta(days=7)
_RID = re.compile(r"\brid: ?([0-9A-Za-z-]{8,64})")


def rid_in(answer: str) -> str:
    """The platform's number of a failed call as its answer names it; "" for none."""
    found = _RID.search(answer)
    return found.group(1) if found else ""


class Desk:
    """The default of every platform: not available. A connector overrides what its platform has."""

    def moderate(self, target: Mapping[str, str], act: Act, *, reply_id: str = "") -> None:
        """`target` as in InboundMessage; `reply_id` is the external_id of our answer for delete_reply."""
        _not_here("处置留言")

    def switch_comments(self, post: Receipt, *, open_: bool) -> None:
        """Open or close the comments of one published article."""
        _not_here("开关留言")

    def typing(self, target: Mapping[str, str]) -> bool:
        """Show 正在输入 to the person; False when the platform does not want to just now. Never a reason to stop."""
        return False

    def person(self, sender_id: str) -> Person:
        _not_here("查看用户标签")

    def rename(self, sender_id: str, remark: str) -> None:
        _not_here("修改用户备注名")

    def tags(self) -> tuple[Tag, ...]:
        _not_here("查看用户标签")

    def make_tag(self, name: str) -> Tag:
        _not_here("新建用户标签")

    def tag(self, sender_id: str, tag_ids: Sequence[str], *, add: bool) -> None:
        """Give or take tags. Raises RateLimited when somebody else tags the same person at the same moment."""
        _not_here("设置用户标签")

    def block(self, sender_ids: Sequence[str], *, blocked: bool) -> None:
        """Put on the blacklist or take off it."""
        _not_here("拉黑用户")

    def blocked(self, sender_id: str) -> bool:
        """Whether the person is on the blacklist, as the platform has it."""
        _not_here("查看黑名单")

    def read_quota(self, call: str) -> QuotaReading:
        """`call` as the ledger names it ("draft/add")."""
        _not_here("查询接口额度")

    def clear_quota(self) -> None:
        _not_here("清零接口额度")

    def explain(self, rid: str) -> Json:
        """What the platform's own log says of one failed call: {asked_at, seconds, request, answer, client_ip}."""
        _not_here("查询请求记录")

    def day_figures(self, first: date, last: date) -> tuple[DayFigures, ...]:
        """One per day from `first` to `last`. Raises RateLimited while they are not ready."""
        _not_here("读取每日数据")

    def speed(self) -> tuple[int, int | None]:
        """The level of mass sending that is set, and the real one in ten thousand messages a minute."""
        _not_here("查看群发速度")

    def set_speed(self, level: int) -> None:
        _not_here("设置群发速度")


def _not_here(what: str) -> NoReturn:
    raise NotEntitled(
        f"这个平台没有“{what}”的接口。", remedy="请登录平台后台操作。", who="账号运营者", code="not_offered"
    )
