"""To which accounts a post may go: those of its unit and of units below it.

The post's unit decides by whose chain it is reviewed, and who schedules, retries and recalls it. An account of a higher unit
would go out on a lower unit's word.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.db import db
from app.errors import Invalid
from app.units.models import Unit
from connectors.values import Problem

RULE = "post.account_unit"


def reaches(unit: Unit, account: Account) -> bool:
    """Whether what this unit reviews may go to the account."""
    return account.unit.path.startswith(unit.path)


def why_not(unit: Unit, account: Account) -> str:
    """In Chinese: what is wrong, and what to do about it."""
    return (
        f"{PLATFORMS[account.platform].label}账号“{account.name}”属于“{account.unit.name}”，不在“{unit.name}”之下，"
        "不能按后者的审核流程发出。请去掉它，或以它所属的单位另写一篇。"
    )


def refuse_unreached(unit: Unit, account_ids: Iterable[str]) -> None:
    """Raises Invalid naming each account that is neither the unit's nor below it."""
    accounts = db.session.scalars(select(Account).where(Account.id.in_(list(account_ids))).order_by(Account.id))
    wrong = [why_not(unit, account) for account in accounts if not reaches(unit, account)]
    if wrong:
        raise Invalid(
            "稿件没有保存。所选账号中有不归稿件单位的，会绕过其主管单位的审核。请按各字段的提示改正后重新提交。",
            errors={"account_ids": wrong},
        )


def reach_problems(unit: Unit, account: Account) -> list[Problem]:
    """Told while writing, and not handed in: a unit moved in the tree, or the post is older than the rule."""
    if reaches(unit, account):
        return []
    return [Problem(rule=RULE, severity="block", field="account_ids", message=why_not(unit, account))]
