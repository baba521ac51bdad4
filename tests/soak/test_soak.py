"""The long runs' own judgement: a verdict that cannot fail would prove nothing."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from app.db import utcnow
from app.publishing import services as publishing
from tests.app.publishing.kit import Desk, force, row
from tests.soak import storm
from tests.soak.crash import kinds
from tests.soak.people import count
from tests.soak.verdict import EXPECTED, Verdict, judge_rows, read_log, whole_lines

DEADLOCK = "sqlalchemy.exc.OperationalError: (psycopg.errors.DeadlockDetected) deadlock detected"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
@pytest.mark.parametrize(
    ("status", "values", "taken", "said"),
    [
        ("published", {}, 1, ""),
        ("published", {}, 2, "accepted more than once"),
        ("published", {}, 0, "called published and not there"),
        ("failed", {}, 1, "called not sent or gone, and there"),
        ("missed", {}, 0, "neither out nor asking anybody"),
        ("scheduled", {}, 1, "called not sent or gone, and there"),
        ("failed", {}, 0, ""),
        ("unknown", {}, 1, "neither out nor asking anybody"),
        ("committing", {"next_attempt_at": None}, 0, "neither out nor asking anybody"),
        ("ready", {"next_attempt_at": None}, 0, "neither out nor asking anybody"),
        ("ready", {"next_attempt_at": utcnow() + timedelta(hours=1)}, 0, ""),
        ("ready", {"next_attempt_at": utcnow()}, 0, "not finished when the calm was over"),
        ("published", {"claim_owner": "a:1:b", "claim_until": utcnow()}, 1, "still claimed although nobody works"),
    ],
)
def test_each_breach_is_named(desk: Desk, status: str, values: dict[str, object], taken: int, said: str) -> None:
    post = desk.approved(accounts=[desk.weibo])
    now = utcnow()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    found = row(post, desk.weibo)
    # Put there by force, so that the post does not ask for attention: an unknown one that asks nobody is lost.
    force(found, status, now, **values)
    verdict = Verdict()
    judge_rows(verdict, Counter({found.mark: taken} if taken else {}), now)
    assert [breach.split(" (")[0] for breach in verdict.breaches] == ([said] if said else [])


@on_sqlite
def test_what_no_row_knows_of_is_a_breach(desk: Desk) -> None:
    verdict = Verdict()
    judge_rows(verdict, Counter({"elsewhere": 1}), utcnow())
    assert verdict.breaches == ["accepted and no row knows of it (1): elsewhere"]


def test_acceptances_are_counted_by_their_mark_and_answers_are_none() -> None:
    weibo = {"platform": "weibo", "kind": "status", "id": "1", "text": "公告 http://a.cn/p/x?w=Ab-1"}
    wechat = {"platform": "wechat", "kind": "mass", "id": "2", "articles": [{"content_source_url": "http://a/p/x?w=c"}]}
    reply = {"platform": "wechat", "kind": "comment_reply", "id": "3"}
    assert count([weibo, wechat, weibo, reply]) == Counter({"Ab-1": 2, "c": 1})
    with pytest.raises(ValueError, match="without our mark"):
        count([{**weibo, "text": "公告"}])


def test_a_lost_database_is_expected_and_nothing_else() -> None:
    trace = 'Traceback (most recent call last):\n  File "x", line 1, in f\n    g()\n'
    raised = ("sqlalchemy.exc.OperationalError: (psycopg.OperationalError) gone\nits words", "KeyError: 1", DEADLOCK)
    lines = [json.dumps({"event": "tick failed", "exception": trace + words}) for words in raised]
    lines += ['{"event": "scheduler started"}', "Segmentation fault"]
    events, exceptions, strange = read_log(lines)
    assert (events["scheduler started"], strange) == (1, ["Segmentation fault"])
    assert [bool(EXPECTED.match(name.split(" | ")[1])) for name in exceptions] == [True, False, False]


def test_a_line_in_whose_middle_a_process_was_killed_is_no_breach() -> None:
    assert whole_lines('{"event": 1}\n{"eve') == ['{"event": 1}']
    assert whole_lines('{"event": 1}\n') == ['{"event": 1}']


def test_the_same_seed_plans_the_same_storm_with_every_sort_of_act() -> None:
    planned = storm.plan(7, 60, 3)
    assert planned == storm.plan(7, 60, 3)
    assert [act.body for act in planned] == [act.body for act in storm.plan(7, 60, 3)]
    assert planned != storm.plan(8, 60, 3)
    assert {act.name for act in planned} >= {"kill", "end", "freeze", "fault", "database", "stop"}
    assert storm.hours(7, 60, 20) == storm.hours(7, 60, 20) == sorted(storm.hours(7, 60, 20))


def test_the_matrix_is_run_on_both_databases() -> None:
    made = kinds()
    assert len(made) == len(set(made))
    assert Counter(kind.database for kind in made)["sqlite"] * 2 == len(made)
