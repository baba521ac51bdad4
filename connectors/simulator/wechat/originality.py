"""The originality check of mass sends (原创校验): what is judged a reprint, whether it may go out, what the event says."""

from __future__ import annotations

from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc

ORIGINAL = "http://mp.weixin.qq.com/s/original-article"
CHECK_FAILED, MAY_NOT, STOPPED = "err(30001)", "err(30002)", "err(30003)"
NOT_REPRINT, REPRINT_MAY_SEND, REPRINT_MAY_NOT = 1, 2, 3


def _verdict(account: Account) -> str:
    return str(account.get("originality", "none"))


def status(account: Account, job: Doc) -> str:
    """Why a mass send stops here, or nothing. ``send_ignore_reprint`` 1 goes on where the original allows it."""
    if not job["draft"]:
        return ""
    verdict = _verdict(account)
    if verdict == "may_not_reprint":
        return MAY_NOT
    if job.get("ignore_reprint"):
        return ""
    return {"may_reprint": STOPPED, "check_failed": CHECK_FAILED}.get(verdict, "")


def replaced(account: Account, draft: Doc) -> Doc:
    """The draft as it goes out: a reprint carries the original's content and says whose it is."""
    if _verdict(account) != "may_reprint":
        return draft
    content = f'<p>以下内容转载自<a href="{ORIGINAL}">原创文章</a></p><p>原创文章的正文</p>'
    return draft | {"articles": [{**each, "content": content} for each in draft["articles"]]}


def result(account: Account, job: Doc, ended: str) -> Doc:
    """CopyrightCheckResult of MASSSENDJOBFINISH."""
    verdict = _verdict(account)
    judged = ended in (MAY_NOT, STOPPED) or (verdict == "may_reprint" and job["draft"])
    if not judged:
        return {"Count": 0, "ResultList": {}, "CheckState": NOT_REPRINT}
    may = int(ended != MAY_NOT)
    items = [
        {
            "ArticleIdx": idx,
            "UserDeclareState": 0,
            "AuditState": 2,
            "OriginalArticleUrl": ORIGINAL,
            "OriginalArticleType": 1,
            "CanReprint": may,
            "NeedReplaceContent": may,
            "NeedShowReprintSource": may,
        }
        for idx, _ in enumerate((job["draft"] or {"articles": []})["articles"], 1)
    ]
    state = REPRINT_MAY_SEND if may else REPRINT_MAY_NOT
    return {"Count": len(items), "ResultList": {"item": items}, "CheckState": state}
