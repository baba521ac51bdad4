"""发布审批单: who, when, what hash, which problems and how each was handled, where it went; compared with a golden."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.table import Table
from docx.text.paragraph import Paragraph
from flask.testing import FlaskClient

from app.audit.models import Event
from app.db import atomic, db
from app.errors import ContentBlocked, NotFound
from app.posts import services as posts
from app.publishing import services as publishing
from app.publishing.models import Publication, Worker
from app.review import deputies
from app.review import services as review
from app.review.form import Form, approval_form
from app.review.form_docx import drawn, export_form
from app.review.models import Review
from tests.app.posts.helpers import World
from tests.app.publishing.kit import force
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import STAGES, approve, run_of, submitted
from tests.architecture.pages import faults

WORDS = {"published": "已发布"}
GOLDEN = Path(__file__).with_name("approval_form.txt")
RETURNED = Path(__file__).with_name("approval_form_returned.txt")
EMERGENCY = Path(__file__).with_name("approval_form_emergency.txt")
AFTERWARDS = Path(__file__).with_name("approval_form_afterwards.txt")


def lines(content: bytes) -> list[str]:
    """The paragraphs of a .docx, rows of tables as cells between bars, in order."""
    document: Document = docx.Document(io.BytesIO(content))
    found = []
    for block in document.iter_inner_content():
        if isinstance(block, Paragraph):
            found.append(block.text)
        elif isinstance(block, Table):
            found += ["| " + " | ".join(cell.text.replace("\n", " / ") for cell in row.cells) for row in block.rows]
    return found


@pytest.fixture
def published(world: World, now: datetime) -> Review:
    """Refused for a mobile number, returned once, explained, passed by a deputy and two reviewers, and published."""
    with atomic():
        db.session.add(Worker(id="w", started_at=now, beat_at=now + timedelta(days=3650)))
    body = "<p>青岚市气象台升级发布暴雨橙色预警，截止目前已转移三百人，电话13800138000。</p>"
    post = posts.create_post(world.author, world.fields(body_html=body, source="市气象台"), now)
    with pytest.raises(ContentBlocked):
        review.submit(world.author, post.id, now)
    mended = {"body_html": body.replace("电话13800138000", "请关注后续信息")}
    post = posts.revise_post(world.author, post.id, mended, 1, now)
    run = run_of(review.submit(world.author, post.id, now + timedelta(minutes=5)))
    review.decide(world.reviewers[0], run.revision_id, "returned", "请说明用词。", None, now + timedelta(minutes=20))
    for problem in posts.current_revision(posts.get_post(world.author, post.id)).problems:
        if problem["key"]:
            reason = "引自气象台原文"
            posts.dismiss_problem(world.author, post.id, problem["key"], reason, now + timedelta(minutes=30))
    run = run_of(review.submit(world.author, post.id, now + timedelta(minutes=40)))
    clerk = world.person("办公室小李", world.city, "publisher")
    chief = world.reviewers[1]
    deputies.appoint(
        chief,
        user_id=chief.user_id,
        deputy_id=clerk.user_id,
        starts_at=now,
        ends_at=now + timedelta(days=1),
        reason="出差",
        now=now,
    )
    approve(world.reviewers[0], run, now + timedelta(minutes=50), "已说明，同意。")
    approve(clerk, run, now + timedelta(minutes=60))
    approve(world.reviewers[2], run, now + timedelta(minutes=70), "同意发布。", secrecy=True)
    publishing.schedule(world.author, post.id, publish_at=now + timedelta(hours=3), now=now + timedelta(minutes=80))
    for number, row in enumerate(db.session.query(Publication).order_by(Publication.position)):
        force(row, "published", now + timedelta(hours=3, seconds=number), url=f"https://example.cn/{number}")
    return run


def same(form: Form, golden: Path) -> None:
    """The file of the form is the golden one, its hashes the revision's."""
    text = "\n".join(lines(drawn(form, WORDS.__getitem__))) + "\n"
    for number, variant in enumerate(form.revision.variants):
        assert text.count(variant.sha256) == 1
        text = text.replace(variant.sha256, f"<sha256 {number}>")
    assert text == golden.read_text(encoding="utf-8")


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def printed(client: FlaskClient, form: Form, golden: Path) -> None:
    """What is printed says all that the file says, times apart, which it tells to the second."""
    number = form.revision.number
    page = client.get(f"/posts/{form.post.id}/approval-form?revision={number}").text
    assert faults(page) == []
    assert "CST" not in page.partition('id="approval-form"')[2]
    shown = plain(page).replace(" ", "")
    for line in golden.read_text(encoding="utf-8").splitlines()[2:]:
        # The head of a table that stands on the page only with rows.
        if line.startswith("| 程度"):
            continue
        for part in re.split(r"[|/，：；（）]|2026年\d+月\d+日 \d\d:\d\d|<sha256 \d>", line):
            if not re.fullmatch(r"[\W\d]*|(微信公众号|微博)·.*", part.strip()):
                assert part.replace(" ", "") in shown, part


def test_the_file_says_all_of_it(published: Review, world: World, now: datetime) -> None:
    same(approval_form(world.author, published.post_id, now + timedelta(hours=4)), GOLDEN)


def test_of_what_was_returned(published: Review, world: World, enter: Enter, now: datetime) -> None:
    """The form of the run that came back says by whom and why; the stages behind it were not reached."""
    form = approval_form(world.author, published.post_id, now + timedelta(hours=4), 1)
    same(form, RETURNED)
    printed(enter(world.author), form, RETURNED)


def test_of_an_emergency(world: World, enter: Enter, now: datetime) -> None:
    """Passed first by the last stage and published; too late by the other two."""
    with atomic():
        db.session.add(Worker(id="w", started_at=now, beat_at=now + timedelta(days=3650)))
    post = posts.create_post(world.author, world.fields(), now)
    run = run_of(review.submit(world.author, post.id, now, emergency="台风将至，须立即转移。"))
    approve(world.reviewers[0], run, now + timedelta(minutes=10), "同意先发。")
    publishing.schedule(world.author, post.id, publish_at=now + timedelta(hours=1), now=now + timedelta(minutes=20))
    for number, row in enumerate(db.session.query(Publication).order_by(Publication.position)):
        force(row, "published", now + timedelta(hours=1), url=f"https://example.cn/{number}")
    late = now + timedelta(hours=25)
    form = approval_form(world.author, post.id, late)
    same(form, EMERGENCY)
    printed(enter(world.author), form, EMERGENCY)
    approve(world.reviewers[1], run, late)
    approve(world.reviewers[2], run, late + timedelta(hours=1), "补审同意。")
    form = approval_form(world.author, post.id, late + timedelta(hours=2))
    same(form, AFTERWARDS)
    printed(enter(world.author), form, AFTERWARDS)


def test_the_page_says_the_same(published: Review, world: World, enter: Enter) -> None:
    page = enter(world.author).get(f"/posts/{published.post_id}/approval-form").text
    assert faults(page) == []
    for words in (
        "暴雨橙色预警", "市气象台", "已说明，同意。", "代reviewer1", "已做保密审查", "引自气象台原文", "已改正",
        "请说明用词。", "127.0.0.1:8010/0", *(variant.sha256 for variant in published.revision.variants),
    ):  # fmt: skip
        assert words in plain(page), words
    assert "发布审批单" in enter(world.author).get(f"/posts/{published.post_id}/review-panel").text


def test_it_comes_as_a_file_and_that_is_on_record(published: Review, world: World, enter: Enter) -> None:
    path = f"/posts/{published.post_id}/approval-form.docx"
    answer = enter(world.author).get(path)
    assert answer.mimetype.endswith("wordprocessingml.document")
    assert "%E5%8F%91%E5%B8%83%E5%AE%A1%E6%89%B9%E5%8D%95" in answer.headers["Content-Disposition"]
    assert lines(answer.data)[0] == "发布审批单"
    actions = [event["action"] for event in events(published.post_id)]
    assert actions[-1] == "review.export_form"
    outsider = enter(world.outsider)
    for address in (path, path.removesuffix(".docx"), f"{path}?revision=1"):
        assert outsider.get(address).status_code == 404


def events(post_id: str) -> list[dict[str, str]]:
    query = db.session.query(Event).filter(Event.object_id == post_id).order_by(Event.seq)
    return [{"action": event.action} for event in query]


def test_an_earlier_revision_has_its_own(published: Review, world: World, enter: Enter, now: datetime) -> None:
    first = approval_form(world.author, published.post_id, now, 1)
    assert [step.state for step in first.steps] == ["returned", "ahead", "ahead"]
    assert [goal.publication for goal in first.goals] == [None, None]
    assert first.earlier == []
    client = enter(world.author)
    for number, status in (("1", 200), ("9", 404), ("x", 404), ("²", 404), ("9" * 30, 404)):
        assert client.get(f"/posts/{published.post_id}/approval-form?revision={number}").status_code == status, number
    with pytest.raises(NotFound):
        export_form(world.author, published.post_id, now, WORDS.__getitem__, 9)


def test_of_a_draft_and_of_a_run_under_way(world: World, enter: Enter, now: datetime) -> None:
    draft = posts.create_post(world.author, world.fields(), now)
    review.set_chain(world.admin, world.city.id, [{**STAGES[0], "rule": "all"}, STAGES[1]], now)
    run = submitted(world)
    approve(world.reviewers[0], run, now, "同\x0b意")
    for post_id, words in ((draft.id, "尚未送审"), (run.post_id, "所有人通过")):
        assert words in enter(world.author).get(f"/posts/{post_id}/approval-form").text
        _name, content = export_form(world.author, post_id, now, WORDS.__getitem__)
        assert any(words in line for line in lines(content))
    assert [step.state for step in approval_form(world.author, run.post_id, now).steps] == ["open", "ahead"]


def test_by_the_api(published: Review, world: World, call: Call) -> None:
    path = f"/posts/{published.post_id}/approval-form"
    form = call(world.author, "GET", path).json
    assert [goal["url"] for goal in form["goals"]] == ["https://example.cn/0", "https://example.cn/1"]
    assert {one["fate"] for one in form["problems"]} == {"fixed", "explained"}
    assert form["review"]["stages"][2]["decisions"][0]["secrecy"] is True
    file = call(world.author, "GET", f"{path}.docx?revision=1")
    assert (file.status_code, file.data[:2]) == (200, b"PK")
    assert call(world.outsider, "GET", path).status_code == 404
    assert call(world.author, "GET", f"{path}?revision=0").status_code == 422
