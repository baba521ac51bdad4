"""What people of the office do in a long run, through the services: release, retry, and, having looked at the
platform, say what became of what nobody knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from app.db import db, release, utcnow
from app.errors import Conflict
from app.publishing import services as publishing
from app.publishing.attempts import last_attempt
from app.publishing.models import Publication
from app.publishing.values import ANSWER_WAIT
from tests.soak.town import Simulated, Town

# What an account shows the public; the rest of what a simulator accepts are answers and deletions.
SHOWN = ("status", "publish", "mass")
# Releases of one publication before people leave it held.
PATIENCE = 8
_MARK = re.compile(r"[?&]w=([0-9A-Za-z_-]+)")


def taken(simulated: Simulated) -> Counter[str]:
    """{mark of a publication: how often the platforms accepted it}."""
    return count(simulated.call("GET", "/_sim/accepted")["items"])


def count(items: Iterable[dict[str, Any]]) -> Counter[str]:
    """The same of the simulator's list. Raises ValueError for an acceptance that bears no mark of ours."""
    found: Counter[str] = Counter()
    for item in items:
        if item["kind"] not in SHOWN:
            continue
        text = item["text"] if item["platform"] == "weibo" else item["articles"][0]["content_source_url"]
        mark = _MARK.search(text)
        if mark is None:
            raise ValueError(f"accepted without our mark: {item['platform']} {item['id']}")
        found[mark[1]] += 1
    return found


def _sent_before(row_id: str, moment: datetime) -> bool:
    attempt = last_attempt(row_id)
    return attempt is None or attempt.send_before < moment


@dataclass
class People:
    """`acts` counts what they did, `refused` the product's refusals by their first sentence."""

    town: Town
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    # How often each was released; what is held again and again stays so (its account's allowance is used up).
    released: Counter[str] = field(default_factory=Counter)
    # Rounds given up because the database was away.
    interrupted: int = 0

    def work(self, *, most: int = 30, settle: bool = False) -> None:
        """One round over what asks for a person. `settle`: what is unknown is looked up at the platform, too."""
        try:
            self._let_go(most)
            if settle:
                self._settle(most)
            # Nothing is held until their next round: the database would end it.
            release()
        except (OperationalError, InterfaceError):
            self.interrupted += 1
            db.session.remove()

    def _let_go(self, most: int) -> None:
        kept_back = [each for each in self._ids(("held", "missed")) if self.released[each] < PATIENCE]
        for row_id in kept_back[:most]:
            if self._try(
                "release", lambda r=row_id: publishing.release(self.town.publisher, r, reason="放行", now=utcnow())
            ):
                self.released[row_id] += 1
        for row_id in self._ids(("failed",))[:most]:
            self._try("retry", lambda r=row_id: publishing.retry(self.town.publisher, r, reason="补发", now=utcnow()))

    def _settle(self, most: int) -> None:
        # Who looks while a request may still be on its way sees nothing and concludes too much.
        before = utcnow() - timedelta(seconds=ANSWER_WAIT + 5)
        unknown = [each for each in self._ids(("unknown",)) if _sent_before(each, before)][:most]
        there = taken(self.town.simulated) if unknown else Counter[str]()
        for row_id in unknown:
            row = db.session.get_one(Publication, row_id)
            outcome = "published" if there[row.mark] else "not_published"
            link = "https://mp.weixin.qq.com/s/seen" if row.account.platform == "wechat" else "https://weibo.com/1/seen"
            told = {"outcome": outcome, "url": link if there[row.mark] else "", "reason": "已到平台核对"}
            self._try(
                f"resolve {outcome}",
                lambda r=row_id, t=told: publishing.resolve(self.town.publisher, r, **t, now=utcnow()),
            )

    def _ids(self, statuses: tuple[str, ...]) -> list[str]:
        """Who waits longest comes first."""
        db.session.rollback()
        query = select(Publication.id).where(Publication.status.in_(statuses)).order_by(Publication.updated_at)
        return list(db.session.scalars(query))

    def open(self) -> bool:
        """Whether anything is still to come: not out, and not held after all that people tried."""
        db.session.rollback()
        rows = db.session.execute(
            select(Publication.id, Publication.status).where(Publication.status != "published")
        ).all()
        release()
        return any(status != "held" or self.released[row_id] < PATIENCE for row_id, status in rows)

    def _try(self, name: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except Conflict as error:
            # Stopped, somebody was faster, or a request may still be on its way: the next round.
            self.refused[str(error).split("。")[0]] += 1
            return False
        self.acts[name] += 1
        return True
