"""The chain of a unit, set on screen: stages come, go and move; who inherits it; what runs keep."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db
from app.errors import Invalid
from app.review import services as review
from app.review.models import Review
from tests.app.posts.helpers import World
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import STAGES, again, approve, run_of, submitted
from tests.architecture.pages import faults

PATH = "/settings/review-chain"


def names(world: World) -> list[str]:
    return [stage["name"] for stage in review.chain_of(world.city.id).stages]


def form(world: World, *names: str, **more: object) -> dict[str, object]:
    number = len(names)
    return {
        "unit_id": world.city.id,
        "name": list(names),
        "role": ["reviewer"] * number,
        "rule": ["any"] * number,
        "hours": [""] * number,
        "kind": ["working"] * number,
        **more,
    }


def test_stages_are_added_moved_and_removed_before_they_are_saved(enter: Enter, world: World) -> None:
    admin = enter(world.admin)
    for edit, expected in (
        ("add", ["初审", "复审", ""]),
        ("up:1", ["复审", "初审"]),
        ("down:0", ["复审", "初审"]),
        ("remove:0", ["复审"]),
        ("up:0", ["初审", "复审"]),
        ("remove:7", ["初审", "复审"]),
    ):
        page = admin.post(PATH, data=form(world, "初审", "复审", edit=edit))
        assert page.status_code == 200
        assert faults(page.text) == []
        assert [part.split('"')[0] for part in page.text.split('maxlength="20" value="')[1:]] == expected, edit
        assert "还没有保存" in page.text
    assert names(world) == ["初审", "复审", "终审"], "nothing of it is saved yet"
    five = admin.post(PATH, data=form(world, *"甲乙丙丁戊", edit="add"))
    assert five.text.count('maxlength="20"') == 5


def test_all_that_a_stage_says_is_kept(enter: Enter, world: World) -> None:
    data = form(world, "初审", "终审", hours=["8", ""], kind=["working", "clock"], rule=["all", "any"], secrecy=["0"])
    assert enter(world.admin).post(PATH, data=data).status_code == 302
    first, last = review.chain_of(world.bureau.id).stages
    assert first == {
        "name": "初审", "role": "reviewer", "rule": "all", "hours": 8, "working": True, "secrecy": True,
        "demanded": True,
    }  # fmt: skip
    assert (last["hours"], last["working"], last["secrecy"]) == (None, False, True)
    assert last["demanded"], "the box of the last stage stands ticked on the page that was saved"
    page = enter(world.admin).get(f"{PATH}?unit_id={world.city.id}").text
    assert 'value="8"' in page
    assert page.count("checked") == 2


@pytest.mark.parametrize("hours", ["0", "721", "两", "-1", "1.5"])
def test_a_limit_must_be_whole_hours(enter: Enter, world: World, hours: str) -> None:
    page = enter(world.admin).post(PATH, data=form(world, "初审", hours=[hours]))
    assert page.status_code == 422
    assert "1 到 720 的整数小时" in page.text
    assert f'value="{hours}"' in page.text, "what was typed is still there"
    assert names(world) == ["初审", "复审", "终审"]


def test_a_stage_without_a_name_is_not_dropped_silently(enter: Enter, world: World) -> None:
    assert enter(world.admin).post(PATH, data=form(world, "初审", "")).status_code == 422
    assert names(world) == ["初审", "复审", "终审"]


def test_the_page_tells_whom_the_chain_concerns(enter: Enter, world: World, now: datetime) -> None:
    submitted(world)
    admin = enter(world.admin)
    page = admin.get(f"{PATH}?unit_id={world.city.id}").text
    assert "使用默认流程" in page
    assert "沿用这一流程的下级单位" in page
    assert "审核人 4 人" in page
    assert "正在进行的审核 1 篇" in page
    review.set_chain(world.admin, world.bureau.id, STAGES[:1], now)
    page = admin.get(f"{PATH}?unit_id={world.city.id}").text
    assert "有自己流程的下级单位" in page
    assert "沿用这一流程的下级单位" not in page
    review.set_chain(world.admin, world.bureau.id, [], now)
    review.set_chain(world.admin, world.city.id, STAGES, now)
    assert f"沿用“{world.city.name}”的流程" in admin.get(f"{PATH}?unit_id={world.bureau.id}").text


def test_too_few_reviewers_are_told(enter: Enter, world: World, now: datetime) -> None:
    five = [{**STAGES[0], "name": name} for name in "甲乙丙丁戊"]
    review.set_chain(world.admin, world.city.id, five, now)
    assert "少于环节数" in enter(world.admin).get(f"{PATH}?unit_id={world.city.id}").text


def test_a_run_under_way_keeps_its_stages_and_their_limits(world: World, now: datetime) -> None:
    review.set_chain(world.admin, world.city.id, [{**STAGES[0], "hours": 2, "working": False}], now)
    run = submitted(world)
    review.set_chain(world.admin, world.city.id, [], now)
    assert (len(again(run).stages), again(run).due_at is not None) == (1, True)
    assert approve(world.reviewers[0], run, now).status == "approved"


def test_the_secrecy_box_stands_at_its_stage_and_at_the_last(enter: Enter, world: World, now: datetime) -> None:
    review.set_chain(world.admin, world.city.id, [{**STAGES[0], "secrecy": True}, *STAGES[1:]], now)
    run = submitted(world)
    first = enter(world.reviewers[0])
    path, hashes = f"/review/{run.id}", {f"sha256-{v.id}": v.sha256 for v in run.revision.variants}
    assert 'name="secrecy"' in first.get(path).text
    without = first.post(path, data={"decision": "approved", "stage": 0, **hashes})
    assert without.status_code == 422
    assert "须做保密审查" in without.text
    assert first.post(path, data={"decision": "approved", "stage": 0, "secrecy": "1", **hashes}).status_code == 302
    assert again(run).decisions[0].secrecy is True
    second = enter(world.reviewers[1])
    assert 'name="secrecy"' not in second.get(path).text
    assert second.post(path, data={"decision": "approved", "stage": 1, **hashes}).status_code == 302
    assert [decision.secrecy for decision in again(run).decisions] == [True, None]
    # By a program that says nothing of it, at the last stage: it passes, and the log says so.
    assert approve(world.reviewers[2], run, now).status == "approved"
    told = db.session.scalars(select(Event.after).where(Event.action == "review.decide").order_by(Event.seq)).all()
    assert [after.get("secrecy") for after in told] == [True, None, False]


def test_a_check_that_the_unit_asked_of_an_earlier_stage_is_not_left_out(world: World, now: datetime) -> None:
    review.set_chain(world.admin, world.city.id, [{**STAGES[0], "secrecy": True}, *STAGES[1:]], now)
    run = submitted(world)
    with pytest.raises(Invalid, match="须做保密审查"):
        approve(world.reviewers[0], run, now)
    assert approve(world.reviewers[0], run, now, secrecy=True).stage == 1


def test_the_last_stage_checks_for_secrets(world: World, now: datetime) -> None:
    run = submitted(world)
    for reviewer in world.reviewers[:2]:
        approve(reviewer, run, now, secrecy=False)
    with pytest.raises(Invalid):
        approve(world.reviewers[2], run, now, secrecy=False)
    # Returning says nothing of secrecy.
    done = review.decide(world.reviewers[2], run.revision_id, "returned", "再核", None, now, secrecy=False)
    assert done.status == "returned"


def test_a_run_from_before_limits_has_none(world: World, now: datetime) -> None:
    """Chains and runs that were kept before stages had more than a name, a role and a rule."""
    run = submitted(world)
    with atomic():
        db.session.get_one(Review, run.id).stages = [dict(stage) for stage in STAGES]
    shown = review.review_json(again(run))
    assert [stage["secrecy"] for stage in shown["stages"]] == [False, False, True]
    assert approve(world.reviewers[0], run, now).due_at is None
    assert run_of(run.post).stage == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_unit_asks_for_nobody_passes_without_saying_so(
    enter: Enter, call: Call, world: World, now: datetime
) -> None:
    """Saved on the page, or asked for by the API, the check is demanded of programs, too; where no unit asked they may be silent,
    and that is on record."""
    plain = submitted(world)
    enter(world.admin).post(PATH, data=form(world, "终审"))
    asked = submitted(world)
    first = world.reviewers[0]
    chain = f"/units/{world.city.id}/review-chain"
    told = call(world.admin, "GET", chain).json["stages"]
    assert told[-1]["secrecy"] is True
    said = {"decision": "approved"}
    for number, reviewer in enumerate(world.reviewers[:3]):
        assert call(reviewer, "POST", f"/revisions/{plain.revision_id}/decisions", said).json["stage"] == min(
            number + 1, 2
        )
    assert (again(plain).status, again(plain).decisions[-1].secrecy) == ("approved", None)
    refused = call(first, "POST", f"/revisions/{asked.revision_id}/decisions", said)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["secrecy"])
    call(first, "GET", f"/reviews/{asked.id}")
    several = call(first, "POST", "/reviews/approvals", {"review_ids": [asked.id]}).json["items"]
    assert (several[0]["done"], "保密审查" in several[0]["words"]) == (False, True)
    done = call(first, "POST", f"/revisions/{asked.revision_id}/decisions", {**said, "secrecy": True})
    assert (done.status_code, again(asked).status) == (200, "approved")
    # As it was read, so it is kept; without the word it is not asked for.
    assert call(world.admin, "PUT", chain, {"stages": told}).json["stages"] == told
    call(world.admin, "PUT", chain, {"stages": [{"name": "终审"}]})
    assert "secrecy" not in call(world.admin, "GET", chain).json["stages"][-1]
