"""How a public publication can be taken back: by the system where the platform lets us, by a person elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from app.accounts import connections
from app.publishing.models import Publication
from app.words import N_

BY_HAND = N_("这个账号没有删除的接口权限，发出后只能登录平台手动删除。")


def recallable(rows: Sequence[Publication]) -> list[Publication]:
    """Public ones that the platform lets us take back and that nobody asked to be taken back yet."""
    return [row for row in rows if row.status == "published" and row.recall_at is None and by_system(row)]


def by_system(row: Publication) -> bool:
    """Whether the platform gives a way to take this one back."""
    return connections.capabilities(row.account).recall != "manual" and not _article(row)


def recall_limit(row: Publication) -> str:
    """What taking this one back does not do, or why the system cannot do it at all: Chinese; "" when all is taken back."""
    found = connections.capabilities(row.account)
    why = {one.key: one.why for one in found.missing}.get("article_recall" if _article(row) else "recall", "")
    return why or ("" if by_system(row) else BY_HAND)


def left_behind(row: Publication) -> str:
    """What the public still has of one that the system took back: Chinese; "" when nothing is left, or a person did it."""
    return recall_limit(row) if row.status == "recalled" and by_system(row) else ""


def ways_back(row: Publication) -> tuple[str, ...]:
    """recall where the platform lets us; deleted (a person says that it is gone) where it does not, or did not."""
    if row.recall_at is not None:
        return ()
    if not by_system(row):
        return ("deleted",)
    return ("recall", "deleted") if row.recall_reason else ("recall",)


def _article(row: Publication) -> bool:
    """A long article beside the status, which Weibo lets nobody delete by interface."""
    return bool(((row.receipt or {}).get("details") or {}).get("article"))
