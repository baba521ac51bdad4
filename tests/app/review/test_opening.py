"""Several at once: only what this very person had open, each told by itself."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import update

from app.db import atomic, db
from app.errors import Invalid
from app.posts.adapting import digest
from app.review import services as review
from app.review.models import Opening, Review
from tests.app.posts.helpers import World
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import STAGES, again, approve, submitted
from tests.architecture.pages import faults


@pytest.fixture
def runs(world: World) -> list[Review]:
    return [submitted(world, title=f"第{number}篇") for number in range(3)]


def test_only_what_was_opened_is_approved(world: World, runs: list[Review], enter: Enter) -> None:
    first = enter(world.reviewers[0])
    page = first.get("/review").text
    assert faults(page) == []
    assert page.count("未看") == 3
    assert 'name="review_ids"' not in page
    assert "通过所选" not in page
    for run in runs[:2]:
        first.get(f"/review/{run.id}")
    page = first.get("/review").text
    assert (page.count('name="review_ids"'), page.count("未看")) == (2, 1)
    done = first.post("/review/approvals", data={"review_ids": [run.id for run in runs], "comment": "已阅"})
    assert done.status_code == 200
    assert faults(done.text) == []
    assert "通过 2 篇，没有通过 1 篇" in done.text
    assert "您还没有打开看过这篇稿件" in done.text
    assert [again(run).stage for run in runs] == [1, 1, 0]
    assert again(runs[0]).decisions[0].comment == "已阅"


def test_somebody_elses_look_is_not_ones_own(world: World, runs: list[Review], enter: Enter, now: datetime) -> None:
    enter(world.reviewers[1]).get(f"/review/{runs[0].id}")
    (outcome,) = review.approve_opened(world.reviewers[0], [runs[0].id], "", now, secrecy=None)
    assert not outcome.done


def test_asking_for_the_head_is_no_look(world: World, runs: list[Review], enter: Enter) -> None:
    enter(world.reviewers[0]).head(f"/review/{runs[0].id}")
    assert db.session.query(Opening).count() == 0


def test_what_moved_on_must_be_looked_at_again(world: World, runs: list[Review], enter: Enter, now: datetime) -> None:
    second = enter(world.reviewers[1])
    second.get(f"/review/{runs[0].id}")
    approve(world.reviewers[0], runs[0], now)
    (outcome,) = review.approve_opened(world.reviewers[1], [runs[0].id], "", now, secrecy=None)
    assert not outcome.done
    second.get(f"/review/{runs[0].id}")
    (outcome,) = review.approve_opened(world.reviewers[1], [runs[0].id], "", now, secrecy=None)
    assert (outcome.done, outcome.title) == (True, "第0篇")


def test_only_the_bytes_that_were_shown_are_approved(
    world: World, runs: list[Review], enter: Enter, call: Call, now: datetime
) -> None:
    """Whatever way the payloads change under the same stage: what somebody opened is not what would go out."""
    first = enter(world.reviewers[0])
    first.get(f"/review/{runs[0].id}")
    call(world.reviewers[0], "GET", f"/reviews/{runs[1].id}")
    for run in runs[:2]:
        with atomic():
            variant = again(run).revision.variants[0]
            variant.payload = {**variant.payload, "text": "另一段话"}
            variant.sha256 = digest(variant.payload)
    assert first.get("/review").text.count("未看") == 3
    ids = [run.id for run in runs[:2]]
    outcomes = review.approve_opened(world.reviewers[0], ids, "", now, secrecy=None)
    assert [one.done for one in outcomes] == [False, False]
    assert all("看过之后环节、内容有变" in one.words for one in outcomes)
    assert [again(run).decisions for run in runs[:2]] == [[], []]
    first.get(f"/review/{runs[0].id}")
    (outcome,) = review.approve_opened(world.reviewers[0], ids[:1], "", now, secrecy=None)
    assert outcome.done
    assert again(runs[0]).decisions[0].sha256s == review.look_at(again(runs[0])).sha256s


def test_what_was_opened_before_its_bytes_were_kept_is_opened_again(
    world: World, runs: list[Review], enter: Enter, now: datetime
) -> None:
    enter(world.reviewers[0]).get(f"/review/{runs[0].id}")
    with atomic():
        db.session.execute(update(Opening).values(sha256s=None))
    (outcome,) = review.approve_opened(world.reviewers[0], [runs[0].id], "", now, secrecy=None)
    assert not outcome.done


def test_one_refusal_stops_no_other(world: World, runs: list[Review], now: datetime, enter: Enter) -> None:
    first = enter(world.reviewers[0])
    for run in runs:
        first.get(f"/review/{run.id}")
    review.withdraw_submission(world.author, runs[1].post_id, now)
    outcomes = review.approve_opened(
        world.reviewers[0], [*(run.id for run in runs), "nobody's", runs[0].id], "", now, secrecy=None
    )
    assert [one.done for one in outcomes] == [True, False, True, False]
    assert "已作废" in outcomes[1].words


def test_the_secrecy_check_is_not_skipped(world: World, enter: Enter, now: datetime) -> None:
    review.set_chain(world.admin, world.city.id, STAGES[:1], now)
    run = submitted(world)
    first = enter(world.reviewers[0])
    first.get(f"/review/{run.id}")
    assert 'name="secrecy"' in first.get("/review").text
    refused = first.post("/review/approvals", data={"review_ids": run.id, "comment": "同意，请注意时效。"}).text
    assert "须做保密审查" in refused
    assert "同意，请注意时效。" in refused, "what was written for it is not lost"
    assert faults(refused) == []
    assert 'data-confirm-counts="review_ids"' in first.get("/review").text
    assert again(run).status == "open"
    first.post("/review/approvals", data={"review_ids": run.id, "secrecy": "1"})
    assert (again(run).status, again(run).decisions[0].secrecy) == ("approved", True)


def test_none_or_too_many_are_refused(world: World, enter: Enter, now: datetime) -> None:
    for ids in ([], [str(number) for number in range(51)]):
        with pytest.raises(Invalid):
            review.approve_opened(world.reviewers[0], ids, "", now, secrecy=None)
    empty = enter(world.reviewers[0]).post("/review/approvals", data={"comment": "同意，请注意时效。"})
    assert empty.status_code == 422
    assert "一篇也没有选" in empty.text


def test_by_the_api(world: World, runs: list[Review], call: Call) -> None:
    first = world.reviewers[0]
    listed = call(first, "GET", "/reviews").json["items"]
    assert [one["title"] for one in listed] == ["第0篇", "第1篇", "第2篇"]
    seen = call(first, "GET", f"/reviews/{runs[0].id}").json
    assert [variant["sha256"] for variant in seen["variants"]] == list(seen["sha256s"].values())
    assert call(first, "HEAD", f"/reviews/{runs[1].id}").status_code == 200
    answer = call(first, "POST", "/reviews/approvals", {"review_ids": [runs[0].id, runs[1].id]})
    assert answer.status_code == 200, answer.json
    assert [one["done"] for one in answer.json["items"]] == [True, False]
    assert call(world.author, "GET", "/reviews?list=mine").json["items"][0]["title"] == "第2篇"
    assert call(world.outsider, "GET", f"/reviews/{runs[0].id}").status_code == 404
    assert call(first, "GET", "/reviews?list=all").status_code == 422
