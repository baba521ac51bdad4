"""The one table of transitions, every pair of it, and what a transition leaves behind."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

import pytest

from app.db import atomic, db
from app.errors import Conflict
from app.publishing import planning, states
from app.publishing.models import STATUSES, Publication
from app.publishing.values import Lost
from tests.app.publishing.kit import Desk, force, row

# The design's table, written a second time by hand.
DESIGN = {
    ("scheduled", "scheduled"),
    ("scheduled", "preparing"),
    ("preparing", "ready"),
    ("preparing", "failed"),
    ("preparing", "scheduled"),
    ("ready", "scheduled"),
    ("ready", "committing"),
    ("committing", "processing"),
    ("committing", "published"),
    ("committing", "failed"),
    ("committing", "unknown"),
    ("committing", "ready"),
    ("processing", "published"),
    ("processing", "failed"),
    ("processing", "unknown"),
    *((one, two) for one in ("scheduled", "preparing", "ready") for two in ("held", "missed", "cancelled")),
    ("held", "cancelled"),
    ("held", "scheduled"),
    ("missed", "cancelled"),
    ("missed", "scheduled"),
    ("ready", "handed_over"),
    ("handed_over", "published"),
    ("handed_over", "cancelled"),
    ("unknown", "published"),
    ("unknown", "failed"),
    ("unknown", "processing"),
    ("failed", "ready"),
    ("failed", "scheduled"),
    ("failed", "cancelled"),
    ("failed", "processing"),
    ("failed", "published"),
    ("failed", "unknown"),
    ("published", "recalled"),
    ("published", "removed"),
    # It turned up at the platform all the same: docs/decisions/0012.
    ("cancelled", "unknown"),
    ("unknown", "cancelled"),
    # The part that was taken off, when the rest went: a person orders it.
    ("cancelled", "scheduled"),
}


def test_the_table_is_the_design() -> None:
    assert {(one, two) for one in STATUSES for two in STATUSES if states.may(one, two)} == DESIGN


def test_the_page_names_every_pair() -> None:
    page = (Path(__file__).parents[3] / "docs" / "states.md").read_text()
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| ") and "from" not in line]
    pairs = [(one.strip(), two.strip()) for old, new in rows for one in old.split(",") for two in new.split(",")]
    assert set(pairs) == DESIGN
    assert len(pairs) == len(set(pairs))


def test_every_pair_is_obeyed_by_move(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    planning.schedule(desk.author, post.id, publish_at="now", now=now)
    publication = row(post, desk.weibo)
    for before, after in itertools.product(STATUSES, STATUSES):
        force(publication, before, now)
        values = {"committed_at": now} if after in ("committing", "processing") else {}
        values |= {"published_at": now} if after in ("published", "recalled", "removed") else {}
        error = {"cause": "x"} if after == "failed" else None
        with atomic():
            found = db.session.get_one(Publication, publication.id)
            if (before, after) in DESIGN:
                states.move(found, after, now=now, error=error, **values)
                assert found.status == after
            else:
                with pytest.raises(Conflict):
                    states.move(found, after, now=now, error=error, **values)
                assert found.status == before


def test_a_transition_is_written_down_and_clears_the_claim(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    planning.schedule(desk.author, post.id, publish_at="now", now=now)
    publication = row(post, desk.weibo)
    force(publication, "ready", now, claim_owner="w", claim_until=now, why="等", next_attempt_at=now)
    with atomic():
        states.move(db.session.get_one(Publication, publication.id), "held", now=now, reason="测试", actor="王敏")
    found = row(post, desk.weibo)
    assert (found.claim_owner, found.claim_until, found.why, found.next_attempt_at) == ("", None, "", None)
    last = found.changes[-1]
    assert (last.before, last.after, last.reason, last.actor) == ("ready", "held", "测试", "王敏")


def test_a_stale_fence_is_refused(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    planning.schedule(desk.author, post.id, publish_at="now", now=now)
    publication = row(post, desk.weibo)
    force(publication, "ready", now, fence=7)
    with pytest.raises(Lost), atomic():
        states.move(db.session.get_one(Publication, publication.id), "held", now=now, fence=6)
    assert row(post, desk.weibo).status == "ready"
