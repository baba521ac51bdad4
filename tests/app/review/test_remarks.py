"""Comments on passages: found where the words stand, told to whom they name, done with at the end."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound
from app.media.services import add_media
from app.posts import services as posts
from app.review import remarks
from app.review import services as review
from app.review.models import Review
from tests.app.posts.helpers import World, png
from tests.app.review.conftest import Call, Enter
from tests.app.review.kit import approve, bell, run_of, submitted
from tests.architecture.pages import faults

BODY = "<p>青岚市气象台发布<strong>暴雨橙色预警信号</strong>。</p><p>请注意防范，请注意安全。</p>"


@pytest.fixture
def run(world: World) -> Review:
    return submitted(world, title="暴雨预警", summary="注意防范。", body_html=BODY)


def test_a_passage_is_found_by_its_words(run: Review, world: World, now: datetime) -> None:
    first = world.reviewers[0]
    row, _unknown = remarks.remark(first, run.id, " 发布暴雨橙色预警 ", "请核对级别。", now)
    text = remarks.texts_of(run.revision)["body"]
    assert (row.field, text[row.start : row.end]) == ("body", "发布暴雨橙色预警")
    # Over the end of a line, as a selection on the page has it.
    row, _unknown = remarks.remark(first, run.id, "预警信号。 请注意防范", "此处分段", now)
    assert text[row.start : row.end] == "预警信号。\n请注意防范"
    assert [one.quote for one in remarks.remarks_of(run)] == ["发布暴雨橙色预警", "预警信号。 请注意防范"]


@pytest.mark.parametrize("quote", ["", "没有这句", "请注意", "长" * 301])
def test_what_is_not_there_once_is_refused(run: Review, world: World, now: datetime, quote: str) -> None:
    with pytest.raises(Invalid) as refused:
        remarks.remark(world.reviewers[0], run.id, quote, "意见", now)
    assert "quote" in refused.value.errors


def test_who_is_named_is_told(run: Review, world: World, now: datetime) -> None:
    _row, unknown = remarks.remark(
        world.reviewers[0], run.id, "橙色", "@reviewer1请看，@colleague，@新华社 的稿子为准；@reviewer1", now
    )
    assert unknown == ["新华社"]
    assert [bell(person)[0] for person in (world.reviewers[1], world.colleague)] == ["提到了您"] * 2
    assert bell(world.author) == ["有批注"]
    assert bell(world.reviewers[2]) == ["待您审核"]
    with pytest.raises(NotFound):
        remarks.remark(world.outsider, run.id, "橙色", "看看", now)
    # Of another unit: may not read it, cannot be named.
    _row, unknown = remarks.remark(world.reviewers[0], run.id, "气象台", "@outsider", now)
    assert (unknown, bell(world.outsider)) == (["outsider"], [])


def test_the_longest_name_is_meant(run: Review, world: World, now: datetime) -> None:
    short, long = (world.person(name, world.city, "reviewer") for name in ("李卫", "李卫东"))
    row, _unknown = remarks.remark(world.reviewers[0], run.id, "橙色", "@李卫东请核", now)
    assert row.mentions == [long.user_id]
    assert "提到了您" not in bell(short)


def test_it_is_dealt_with_once(run: Review, world: World, now: datetime) -> None:
    row, _unknown = remarks.remark(world.reviewers[0], run.id, "橙色", "核对", now)
    publisher = world.person("publisher", world.city, "publisher")
    for other in (publisher, world.colleague):
        with pytest.raises(Forbidden):
            remarks.resolve(other, run.id, row.id, now)
    other_run = submitted(world)
    with pytest.raises(NotFound):
        remarks.resolve(world.author, other_run.id, row.id, now)
    assert remarks.resolve(world.author, run.id, row.id, now).resolved_by == world.author.user_id
    with pytest.raises(Conflict):
        remarks.resolve(world.reviewers[0], run.id, row.id, now)
    with pytest.raises(Forbidden):
        remarks.remark(publisher, run.id, "橙色", "核对", now)


def test_a_closed_run_takes_no_more(run: Review, world: World, now: datetime) -> None:
    posts.revise_post(world.author, run.post_id, {"title": "改过"}, run.post.version, now)
    with pytest.raises(Conflict):
        remarks.remark(world.reviewers[0], run.id, "橙色", "核对", now)


def test_marks_tell_the_whole_text(run: Review, world: World, now: datetime) -> None:
    for quote in ("发布暴雨橙色", "橙色预警", "青岚市"):
        remarks.remark(world.reviewers[0], run.id, quote, "核对", now)
    rows, text = remarks.remarks_of(run), remarks.texts_of(run.revision)["body"]
    parts = remarks.marked(text, "body", rows)
    assert "".join(part.text for part in parts) == text
    assert [(part.text, part.numbers) for part in parts][:6] == [
        ("青岚市", (1,)), ("气象台", ()), ("发布暴雨", (2,)), ("橙色", (2, 3)), ("预警", (3,)),
        (text[text.index("信号") :], ()),
    ]  # fmt: skip
    assert remarks.marked("", "title", rows) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_text_tells_of_pictures_and_keeps_the_rows_of_tables(world: World, enter: Enter, now: datetime) -> None:
    picture = add_media(world.author, unit_id=world.city.id, name="a.png", content=png(), now=now)
    shown = f'<img src="/media/{picture.sha256}" alt="%s">'
    body = (
        f"<p>停水范围：</p><figure>{shown % '城东示意图'}<figcaption>示意图</figcaption></figure>"
        "<table><tbody><tr><td>城东</td><td>8时</td></tr><tr><td>城西</td><td>9时</td></tr></tbody></table>"
        f"<p>{shown % '供水车'}</p>"
    )
    run = submitted(world, body_html=body)
    remarks.remark(world.reviewers[0], run.id, "城东 8时", "核对时间", now)
    rows = remarks.remarks_of(run)
    assert [(part.pictures, part.text, part.numbers) for part in remarks.shown(run.revision, rows)["body"]] == [
        ((), "停水范围：\n", ()),
        (("城东示意图",), "示意图\n", ()),
        ((), "城东\t8时", (1,)),
        ((), "\n城西\t9时", ()),
        (("供水车",), "", ()),
    ]
    page = enter(world.reviewers[0]).get(f"/review/{run.id}").text
    assert "〔图片：城东示意图〕" in page
    assert "〔图片：供水车〕" in page


def test_on_the_page(run: Review, world: World, enter: Enter) -> None:
    first, path = enter(world.reviewers[0]), f"/review/{run.id}"
    bad = first.post(f"{path}/remarks", data={"quote": "没有这句", "text": "<script>alert(1)</script>"})
    assert bad.status_code == 422
    assert "稿件中没有这段文字" in bad.text
    assert "&lt;script&gt;" in bad.text, "what was written is still there"
    assert first.post(f"{path}/remarks", data={"quote": "橙色", "text": "<b>核对</b>"}).status_code == 302
    page = enter(world.author).get(path).text
    assert faults(page) == []
    assert "<mark>橙色</mark>" in page
    assert "&lt;b&gt;核对&lt;/b&gt;" in page
    row = remarks.remarks_of(run)[0]
    assert enter(world.author).post(f"{path}/remarks/{row.id}/resolution").status_code == 302
    assert "已处理" in first.get(path).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_asked_for_stands_on_the_next_run(run: Review, world: World, enter: Enter, now: datetime) -> None:
    first = world.reviewers[0]
    done, _unknown = remarks.remark(first, run.id, "青岚市", "已经改好的", now)
    remarks.remark(first, run.id, "橙色", "请核对级别", now)
    remarks.resolve(world.author, run.id, done.id, now)
    review.decide(first, run.revision_id, "returned", "级别有出入。", None, now)
    place = f'href="/review/{run.id}#remark-2"'
    author, path = enter(world.author), f"/posts/{run.post_id}"
    for page in (author.get(path).text, author.get(f"{path}/review-panel").text):
        assert "级别有出入。" in page
        assert "请核对级别" in page
        assert place in page
        assert "已经改好的" not in page
    posts.revise_post(world.author, run.post_id, {"title": "暴雨橙色预警"}, run.post.version, now)
    assert place in author.get(path).text, "while it is being mended"
    again = run_of(review.submit(world.author, run.post_id, now))
    page = enter(world.reviewers[1]).get(f"/review/{again.id}").text
    assert faults(page) == []
    for words in ("上次退回：级别有出入。", "请核对级别", place, f'href="/review/{run.id}"'):
        assert words in page
    assert "已经改好的" not in page
    for number in range(3):
        approve(world.reviewers[number], again, now, secrecy=True)
    posts.revise_post(world.author, run.post_id, {"title": "预警"}, run.post.version, now)
    later = run_of(review.submit(world.author, run.post_id, now))
    assert review.earlier_of(later.revision) == [], "approved since: it is done with"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_mended_before_handing_in_was_never_under_review(world: World, enter: Enter, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(body_html="<p>电话13800138000。</p>"), now)
    with pytest.raises(ContentBlocked):
        review.submit(world.author, post.id, now)
    post = posts.revise_post(world.author, post.id, {"body_html": "<p>截止目前无伤亡。</p>"}, post.version, now)
    run = run_of(review.submit(world.author, post.id, now))
    assert "送审过程中已改正" not in enter(world.reviewers[0]).get(f"/review/{run.id}").text
    review.decide(world.reviewers[0], run.revision_id, "returned", "请说明用词。", None, now)
    posts.revise_post(world.author, post.id, {"body_html": "<p>截至目前无伤亡。</p>"}, run.post.version, now)
    again = run_of(review.submit(world.author, post.id, now))
    assert "版本 1 里有，已改正" in enter(world.reviewers[0]).get(f"/review/{again.id}").text


def test_by_the_api(run: Review, world: World, call: Call) -> None:
    path = f"/reviews/{run.id}/remarks"
    made = call(world.reviewers[0], "POST", path, {"quote": "橙色", "text": "@reviewer1 看"})
    assert made.status_code == 201, made.json
    assert (made.json["mentions"], made.json["field"]) == ([world.reviewers[1].user_id], "body")
    assert call(world.reviewers[0], "POST", path, {"quote": "请注意", "text": "x"}).status_code == 422
    assert call(world.author, "GET", path).json["items"][0]["text"] == "@reviewer1 看"
    done = call(world.author, "PUT", f"{path}/{made.json['id']}/resolution")
    assert done.json["resolved_by"] == world.author.user_id
    assert call(world.author, "PUT", f"{path}/{made.json['id']}/resolution").status_code == 409
    assert call(world.outsider, "GET", path).status_code == 404
    read_only = call(world.reviewers[0], "POST", path, {"quote": "橙色", "text": "x"}, scopes=("post.read",))
    assert read_only.status_code == 403
