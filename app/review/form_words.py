"""The Chinese words of the approval form, for the page and the Word file alike."""

from __future__ import annotations

from app.review.models import Review
from app.words import N_

STATES = {
    "passed": N_("已通过"),
    "returned": N_("已退回"),
    "expired": N_("已过期"),
    "void": N_("已作废"),
    "open": N_("进行中"),
    "ahead": N_("未到"),
}
RULES = {"any": N_("一人通过即可"), "all": N_("所有人通过")}
DECISIONS = {"approved": N_("通过"), "returned": N_("退回")}
SECRECY = {"done": N_("已做保密审查"), "unticked": N_("保密审查随审核意见一并承担，未单独勾选")}
SEVERITIES = {"block": N_("阻断"), "warn": N_("提醒"), "advise": N_("建议")}
OUTCOMES = {
    "approved": N_("答复并通过"),
    "returned": N_("答复并退回"),
    "withdrawn": N_("请示人撤回"),
    "void": N_("未答复即结束"),
    "": N_("等待答复"),
}
RUNS = {"approved": N_("已通过"), "returned": N_("已退回"), "void": N_("已作废"), "open": N_("审核中")}
# Of an open run whose last stage passed it in an emergency.
EARLY = N_("已先行通过，其余环节补审中")


def outcome(review: Review) -> str:
    """The word for where a run stands."""
    if review.expired_at is not None:
        return N_("已过期")
    return EARLY if review.status == "open" and review.passed_early else RUNS[review.status]
