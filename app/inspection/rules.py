"""Inspection rules as data: measure, threshold, the document's words, and how sure we are of them.

Grades: A the rule's own wording was read; B it was read quoted or applied in official circulars; C remembered only,
ships as advice. Sources: 国办秘函〔2019〕19号 as applied in circulars of provinces and cities.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.words import N_

WARN_AT = (7, 10, 12)
VETO_AT = 14
ZOMBIE_AT = 90
AFTER_REVIEW = "REV-AFTER"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`severity`: veto, process or warn. `quote` is the wording as seen, `remedy` what the unit should do."""

    id: str
    name: str
    severity: str
    quote: str
    source: str
    grade: str
    remedy: str

    def as_evidence(self) -> dict[str, str]:
        """What a finding carries of the rule that it breaks."""
        return {"name": self.name, "quote": self.quote, "source": self.source, "grade": self.grade}


RULES = {
    rule.id: rule
    for rule in (
        Rule(
            id="UPD-WARN",
            name=N_("更新预警"),
            severity="warn",
            quote="提醒各单位账号推文及时更新",
            source="各地日常监测做法（10 天、7 天、12 天分级提醒），非国家检查指标",
            grade="B",
            remedy=N_("请尽快发布一篇，避免超过 14 天。"),
        ),
        Rule(
            id="UPD-14",
            name=N_("内容不更新（单项否决）"),
            severity="veto",
            quote="监测时间点前2周内无更新",
            source="国办秘函〔2019〕19号 检查指标“内容不更新”，据多地通报引用",
            grade="B",
            remedy=N_("请立即发布，并在整改期限内说明原因。"),
        ),
        Rule(
            id="UPD-90",
            name=N_("僵尸账号"),
            severity="process",
            quote="部分账号超过三个月未更新，但未纳入“僵尸账号”清单进行清理",
            source="省级检查通报（2025 年第二季度）",
            grade="B",
            remedy=N_("请列入清理清单：恢复更新，或按程序关停、整合并公告。"),
        ),
        Rule(
            id="UPD-UNKNOWN",
            name=N_("更新情况未知"),
            severity="warn",
            quote="取不到发布记录的账号不能判为合格",
            source="本系统的判定原则",
            grade="A",
            remedy=N_("请核对账号权限，或到平台人工查看最近一次发布时间。"),
        ),
        Rule(
            id=AFTER_REVIEW,
            name=N_("紧急发布后未按时补审"),
            severity="process",
            quote="紧急稿件由终审先行通过的，其余环节须在规定时限内补审",
            source="本系统的审核流程（三审三校）",
            grade="A",
            remedy=N_("请其余环节的审核人尽快补审；内容有误的，由发布人撤回，或由拟稿人发更正。"),
        ),
    )
}
