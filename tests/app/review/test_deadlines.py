"""A stage that is not decided in time goes back to its author; before that its people are reminded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.errors import Conflict
from app.notices import services as notices
from app.posts import services as posts
from app.review import services as review
from app.review.models import Review
from app.review.workhours import after, is_provisional, is_workday
from scheduler.jobs import table
from tests.app.posts.helpers import World
from tests.app.publishing.kit import Clockwork
from tests.app.review.kit import STAGES, again, approve, bell, submitted

BEIJING = ZoneInfo("Asia/Shanghai")


def beijing(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BEIJING)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (beijing(2026, 7, 13, 9, 0), 2, beijing(2026, 7, 13, 11, 0)),
        (beijing(2026, 7, 13, 11, 0), 2, beijing(2026, 7, 13, 14, 30)),
        (beijing(2026, 7, 13, 12, 30), 1, beijing(2026, 7, 13, 14, 30)),
        (beijing(2026, 7, 13, 17, 0), 2, beijing(2026, 7, 14, 9, 30)),
        (beijing(2026, 7, 13, 8, 30), 8, beijing(2026, 7, 13, 18, 0)),
        # Friday evening: the week-end does not count.
        (beijing(2026, 7, 10, 18, 0), 8, beijing(2026, 7, 13, 18, 0)),
        # 9 May is a Saturday that is worked; the holiday before it is not.
        (beijing(2026, 4, 30, 18, 0), 4.5 + 3.5, beijing(2026, 5, 6, 18, 0)),
        (beijing(2026, 5, 8, 18, 0), 3.5, beijing(2026, 5, 9, 12, 0)),
        # A year without a notice: 1 October is off by law, 4 October 2027 is a plain Monday.
        (beijing(2027, 9, 30, 18, 0), 3.5, beijing(2027, 10, 4, 12, 0)),
    ],
)
def test_working_hours(start: datetime, hours: float, end: datetime) -> None:
    assert after(start.astimezone(UTC), hours, BEIJING) == end


def test_days_of_the_notice() -> None:
    assert not is_workday(beijing(2026, 2, 18).date())
    assert is_workday(beijing(2026, 2, 28).date())
    assert not is_provisional(beijing(2026, 2, 28).date())
    assert is_provisional(beijing(2027, 2, 28).date())


@pytest.fixture
def run(world: World, now: datetime) -> Review:
    """Two stages of four hours by the clock."""
    stages = [{**stage, "hours": 4, "working": False} for stage in STAGES[:2]]
    review.set_chain(world.admin, world.city.id, stages, now)
    return submitted(world)


def test_people_are_reminded_once_when_a_quarter_is_left(run: Review, world: World, now: datetime) -> None:
    assert run.due_at == now + timedelta(hours=4)
    assert notices.remind_of_reviews(now + timedelta(hours=2, minutes=59)) == 0
    assert notices.remind_of_reviews(now + timedelta(hours=3)) == len(world.reviewers)
    assert notices.remind_of_reviews(now + timedelta(hours=3, minutes=1)) == 0
    assert bell(world.reviewers[0]) == ["审核将到期", "待您审核"]
    assert bell(world.author) == []


def test_each_stage_has_its_own_time(run: Review, world: World, now: datetime) -> None:
    later = now + timedelta(hours=3, minutes=30)
    assert approve(world.reviewers[0], run, later).due_at == later + timedelta(hours=4)
    assert review.expire_overdue(now + timedelta(hours=4)) == 0
    assert notices.remind_of_reviews(later + timedelta(hours=3)) == 3
    assert "审核将到期" not in bell(world.reviewers[0]), "who decided is not reminded"
    done = approve(world.reviewers[1], run, later + timedelta(hours=1))
    assert (done.status, done.due_at) == ("approved", None)


def test_what_nobody_decides_goes_back_to_its_author(run: Review, world: World, now: datetime) -> None:
    late = now + timedelta(hours=4)
    assert review.expire_overdue(late - timedelta(seconds=1)) == 0
    assert review.expire_overdue(late) == 1
    assert review.expire_overdue(late) == 0
    ended = again(run)
    assert (ended.status, ended.expired_at, ended.closed_at) == ("returned", late, late)
    assert (ended.post.status, bell(world.author)) == ("returned", ["审核已过期"])
    assert bell(world.reviewers[0])[0] == "审核已过期"
    assert bell(world.outsider) == []
    with pytest.raises(Conflict, match="已过期退回"):
        approve(world.reviewers[0], run, late)
    for person in (world.author, world.reviewers[0]):
        assert [one.id for one in review.expired_of(person)] == [run.id]
    assert review.returned_to(world.author) == []
    assert review.expired_of(world.colleague) == []


def test_it_can_be_handed_in_again(run: Review, world: World, now: datetime) -> None:
    late = now + timedelta(hours=5)
    review.expire_overdue(late)
    post = review.submit(world.author, run.post_id, late)
    assert (post.status, posts.current_revision(post).number) == ("in_review", 2)
    new = review.review_of(posts.current_revision(post).id)
    assert new is not None
    assert (new.due_at, review.expired_of(world.author)) == (late + timedelta(hours=4), [])


def test_without_a_limit_nothing_expires(world: World, now: datetime) -> None:
    run = submitted(world)
    assert run.due_at is None
    assert review.expire_overdue(now + timedelta(days=3650)) == 0
    assert notices.remind_of_reviews(now + timedelta(days=3650)) == 0


def test_the_scheduler_does_both(run: Review, world: World) -> None:
    late = run.due_at
    assert late is not None
    runtime = Clockwork.make(clock=lambda: late).runtime
    jobs = {job.name: job for job in table(runtime)}
    assert jobs["review reminders"].run() == len(world.reviewers)
    assert jobs["review deadlines"].run() == 1
    assert again(run).expired_at == late
