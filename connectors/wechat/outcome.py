"""What became of a publication: by its ids where we have them, by the permalink's unique parameter where we have not.

Absence is never proven here. What could show it is the draft, which dies once the article is out; but it stands for as
long as the platform's review takes, and a review has no documented end: a draft that still stands after a lost answer
proves nothing, however late, and a second submission would publish twice. A person decides, with the platform's own page
before their eyes (docs/decisions/0005).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import ConnectorError, RateLimited, Unavailable
from connectors.values import Attempted, CannotTell, Finding, Found, Receipt, Rejected, Removed
from connectors.wechat import payloads
from connectors.wechat.api import Api
from connectors.wechat.drafts import read_draft
from connectors.wechat.statistics import article_of_day

# Seconds after the call at which to ask, then half-hourly; freepublish/get may be asked 100 times a day only.
RHYTHM = (10, 30, 60, 180, 600)
SLOW = timedelta(minutes=30)
MOST_QUESTIONS = 12
NO_PROOF = (
    "这不能证明没有发出：审核和管理员确认期间草稿一直都在，平台没有公布审核的期限。"
    "请登录公众平台，在“发表记录”中核对；显示审核中的，就是已经提交。"
)
ADMIN_MAY_TAKE = timedelta(minutes=32)
AWAITS_ADMIN = "群发已提交，正等待公众号管理员在微信中确认；30 分钟内没有确认就不会发出。"


class Checking:
    """check() for one account."""

    def __init__(self, api: Api, clock: Callable[[], datetime]) -> None:
        self.api, self.clock = api, clock

    def check(self, attempted: Attempted) -> Finding:
        """What cannot be asked now is CannotTell with the reason. Raises RateLimited, and what the platform says of the account as
        a whole: whoever asked must note it."""
        try:
            if attempted.payload["delivery"]["mode"] == "mass":
                return self._mass(attempted)
            return self._publication(attempted)
        except RateLimited:
            raise
        except ConnectorError as error:
            if error.whole:
                raise
            return CannotTell(reason=f"暂时无法核实：{error}", next_at=self._next(attempted))

    def _next(self, attempted: Attempted) -> datetime | None:
        """The next moment of the rhythm; None when it is a person's turn."""
        now = self.clock()
        if attempted.asked >= MOST_QUESTIONS:
            return None
        for seconds in RHYTHM:
            moment = attempted.sent_at + timedelta(seconds=seconds)
            if moment > now:
                return moment
        return now + SLOW

    def _timed(self, finding: Finding, attempted: Attempted) -> Finding:
        if isinstance(finding, CannotTell):
            return CannotTell(reason=finding.reason, next_at=self._next(attempted))
        return finding

    # Publishing (发布).

    def _publication(self, attempted: Attempted) -> Finding:
        details = attempted.receipt.details if attempted.receipt else {}
        if attempted.receipt and details.get("article_id"):
            return self._still_there(attempted.receipt, details["article_id"])
        if details.get("publish_id"):
            answer = self.api.post("/cgi-bin/freepublish/get", {"publish_id": details["publish_id"]})
            finding = payloads.publish_finding(answer)
            return (
                self._read_back(finding.receipt, details)
                if isinstance(finding, Found)
                else self._timed(finding, attempted)
            )
        return self._search(attempted)

    def _read_back(self, receipt: Receipt, known: Mapping[str, str]) -> Finding:
        """freepublish/get tells no time: the list does, and shows that the article is really there."""
        try:
            listed = _by_article(newest_publications(self.api), receipt.external_id)
        except ConnectorError:
            # It is published all the same, only its time is not known.
            listed = None
        url = receipt.url or (listed.url if listed else "")
        moment = listed.published_at if listed else None
        details = {**known, **receipt.details}
        return Found(receipt=replace(receipt, url=url, published_at=moment, details=details))

    def _still_there(self, receipt: Receipt, article_id: str) -> Finding:
        """The read-back of something published."""
        try:
            answer = self.api.post("/cgi-bin/freepublish/getarticle", {"article_id": article_id})
        except ConnectorError as error:
            if error.code == "53600":
                return Removed(reason="平台已查不到这篇文章，可能已被删除。")
            raise
        articles = payloads.articles_of(answer)
        if not articles:
            raise Unavailable("平台没有给出文章内容。", remedy="系统会稍后再查。", who="系统")
        if payloads.switch(articles[0].get("is_deleted")):
            return Removed(reason="文章已在公众平台被删除。")
        url = receipt.url or payloads.text_of(articles[0].get("url"))
        return Found(receipt=replace(receipt, external_id=article_id, url=url, live=True))

    def _search(self, attempted: Attempted) -> Finding:
        """No id came back: look for our permalink among the newest publications, then at the draft."""
        link = str(attempted.payload["source_url"])
        for item in newest_publications(self.api):
            for article in payloads.articles_of(item.get("content")):
                if payloads.same_link(link, payloads.text_of(article.get("content_source_url"))):
                    return _listed(item, article)
        return self._by_draft(attempted, "已发布列表中还没有这篇文章")

    # Mass sending (群发).

    def _mass(self, attempted: Attempted) -> Finding:
        receipt = attempted.receipt
        if receipt and receipt.details.get("msg_id"):
            return self._timed(self._mass_status(attempted, receipt), attempted)
        by_day = self._from_statistics(attempted)
        if by_day is not None:
            return Found(receipt=by_day)
        return self._by_draft(attempted, "平台没有列出群发文章的接口")

    def _mass_status(self, attempted: Attempted, receipt: Receipt) -> Finding:
        msg_id = receipt.details["msg_id"]
        answer = self.api.post("/cgi-bin/message/mass/get", {"msg_id": int(msg_id)})
        status = payloads.text_of(answer.get("msg_status")).strip().upper().replace(" ", "_")
        if status in ("SEND_SUCCESS", "SENDSUCCESS"):
            return Found(receipt=self._with_link(attempted, receipt))
        if status == "SEND_FAIL":
            return Rejected(
                cause="平台群发失败。", remedy="请登录公众平台查看通知，处理后重新排期。", who="发布人", code=status
            )
        if status == "DELETE":
            return Removed(reason="群发的文章已被删除。")
        if status != "SENDING":
            return CannotTell(reason=f"平台返回了未收录的群发状态 {status}。")
        # The platform says SENDING also while it waits for its administrator.
        if receipt.details.get("awaits") == "admin" and self.clock() < attempted.sent_at + ADMIN_MAY_TAKE:
            return CannotTell(reason=AWAITS_ADMIN)
        return CannotTell(reason="平台正在群发。")

    def _with_link(self, attempted: Attempted, receipt: Receipt) -> Receipt:
        """mass/get tells no address: it comes with the event, else with the statistics of the next day (链接待取)."""
        url, details = receipt.url, dict(receipt.details)
        complete = url and details.get("msg_data_id")
        try:
            told = None if complete else self._from_statistics(attempted)
        except ConnectorError:
            # It is sent all the same, only its address is still to come.
            told = None
        if told is not None:
            url = url or told.url
            details = {**told.details, **details}
        return replace(receipt, external_id=payloads.mass_id(details), url=url, live=True, details=details)

    def _from_statistics(self, attempted: Attempted) -> Receipt | None:
        """The article in the statistics of its day, which are there from eight o'clock next morning on."""
        details = attempted.receipt.details if attempted.receipt else {}
        return article_of_day(
            self.api,
            attempted.sent_at,
            now=self.clock(),
            msg_data_id=details.get("msg_data_id", ""),
            title=str(attempted.payload["title"]),
        )

    def _by_draft(self, attempted: Attempted, seen: str) -> Finding:
        """Evidence for the person who decides; neither a standing draft nor one that is gone is a proof."""
        draft = str(attempted.prepared.steps.get("draft") or "")
        if not draft:
            return CannotTell(reason="没有草稿编号，请登录公众平台核对。", next_at=None)
        if read_draft(self.api, draft) is None:
            reason = f"草稿已不在草稿箱，多半已经发出，但{seen}。请登录公众平台核对。"
        else:
            reason = f"草稿仍在草稿箱，{seen}。{NO_PROOF}"
        return CannotTell(reason=reason, next_at=self._next(attempted))


def _by_article(items: list[dict[str, Any]], article_id: str) -> Receipt | None:
    for item in items:
        if payloads.text_of(item.get("article_id")) == article_id:
            articles = payloads.articles_of(item.get("content"))
            found = _listed(item, articles[0] if articles else {})
            return found.receipt if isinstance(found, Found) else None
    return None


def newest_publications(api: Api, offset: int = 0) -> list[dict[str, Any]]:
    """Twenty items of freepublish/batchget, newest first. Mass-sent articles are never among them."""
    body = {"offset": offset, "count": 20, "no_content": 1}
    return payloads.rows_of(api.post("/cgi-bin/freepublish/batchget", body), "item")


def _listed(item: dict[str, Any], article: dict[str, Any]) -> Finding:
    if payloads.switch(article.get("is_deleted")):
        return Removed(reason="文章发布后已在公众平台被删除。")
    article_id = payloads.text_of(item.get("article_id"))
    receipt = Receipt(
        external_id=article_id,
        url=payloads.text_of(article.get("url")),
        live=True,
        published_at=payloads.moment_of(item.get("update_time")),
        details={"article_id": article_id},
    )
    return Found(receipt=receipt)
