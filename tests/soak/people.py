"""What people of the office do in a long run, through the services: release, retry, and, having looked at the
platform, say what became of what nobody knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from app.db import db, utcnow
from app.errors import Conflict
from app.publishing import services as publishing
from app.publishing.models import Publication
from tests.soak.town import Simulated, Town

# What an account shows the public; the rest of what a simulator accepts are answers and deletions.
SHOWN = ("status", "publish", "mass")
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


@dataclass
class People:
    """`acts` counts what they did, `refused` the product's refusals by their first sentence."""

    town: Town
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    # Rounds given up because the database was away.
    interrupted: int = 0

    def work(self, *, most: int = 30, settle: bool = False) -> None:
        """One round over what asks for a person. `settle`: what is unknown is looked up at the platform, too."""
        try:
            self._let_go(most)
            if settle:
                self._settle(most)
        except (OperationalError, InterfaceError):
            self.interrupted += 1
            db.session.remove()

    def _let_go(self, most: int) -> None:
        for row_id in self._ids(("held", "missed"), most):
            self._try(
                "release", lambda r=row_id: publishing.release(self.town.publisher, r, reason="放行", now=utcnow())
            )
        for row_id in self._ids(("failed",), most):
            self._try("retry", lambda r=row_id: publishing.retry(self.town.publisher, r, reason="补发", now=utcnow()))

    def _settle(self, most: int) -> None:
        unknown = self._ids(("unknown",), most)
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

    def _ids(self, statuses: tuple[str, ...], most: int) -> list[str]:
        db.session.rollback()
        query = select(Publication.id).where(Publication.status.in_(statuses)).order_by(Publication.updated_at)
        return list(db.session.scalars(query.limit(most)))

    def _try(self, name: str, act: Callable[[], object]) -> None:
        try:
            act()
            self.acts[name] += 1
        except Conflict as error:
            # Stopped, somebody was faster, or a request may still be on its way: the next round.
            self.refused[str(error).split("。")[0]] += 1
