"""Spreadsheets into packs: whatever people send in, row by row, and nothing changes until it is confirmed."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from app.checks import importing, keeping, spreadsheets
from app.checks.models import PackImport, PackVersion, WordPack
from app.checks.packs import terms_of
from app.checks.spreadsheets import read_lines, write_terms
from app.checks.words import Term
from app.db import db, in_atomic
from app.errors import Conflict, Forbidden, Invalid, NotFound
from tests.app.posts.helpers import World

HEAD = ["错误", "正确或建议", "级别", "理由", "例外"]


def book(*rows: list[Any], head: list[Any] | None = HEAD, merge: str = "", more: bool = False) -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in ([head] if head else []) + list(rows):
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    if more:
        made.create_sheet("另一张").append(["错误"])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def pack_of(world: World, *terms: Term) -> WordPack:
    return keeping.create_pack(world.admin, unit_id=world.city.id, name="地名", source="", now=world.now, terms=terms)


def read(world: World, pack: WordPack, content: bytes) -> PackImport:
    return importing.read_file(world.admin, pack.id, "表.xlsx", content, world.now)


def outcomes(waiting: PackImport) -> list[tuple[int, str]]:
    return [(row["number"], row["outcome"]) for row in waiting.rows]


def test_what_is_exported_is_imported_as_it_was() -> None:
    terms = [
        Term(wrong="=1+1", right="+2", severity="block", reason="=SUM(A1)", exceptions=("=1+12", "=1+11")),
        Term(wrong="帐号", right="账号", reason="字形"),
        Term(wrong="最佳", severity="advise"),
    ]
    content = write_terms(terms)
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert [cell.data_type for row in sheet.iter_rows(min_row=2, max_col=1) for cell in row] == ["s", "s", "s"]
    lines, notes = read_lines(content, 10)
    assert notes == []
    assert [line.faults for line in lines] == [[], [], []]
    (first, *_rest) = importing.judged(lines, {term.wrong: term for term in terms})
    assert [row.outcome for row in importing.judged(lines, {term.wrong: term for term in terms})] == ["same"] * 3
    assert first.exceptions == "=1+12、=1+11"


def test_nothing_changes_until_it_is_confirmed(world: World) -> None:
    pack = pack_of(world, Term(wrong="帐号", right="账户"), Term(wrong="其它", right="其他"), Term(wrong="部份"))
    content = book(["帐号", "账号", "提醒"], ["其它", "其他", "一般"], ["青兰市", "青岚市", "严重", "地名", "青兰市场"])
    waiting = read(world, pack, content)
    assert outcomes(waiting) == [(2, "change"), (3, "same"), (4, "add")]
    assert (pack.version, len(terms_of(pack))) == (1, 3)
    assert importing.missing_from(pack, waiting) == 1
    importing.take_over(world.admin, pack.id, waiting.id, replace=False, now=world.now)
    assert {term.wrong: term.right for term in terms_of(pack)} == {
        "帐号": "账号",
        "其它": "其他",
        "部份": "",
        "青兰市": "青岚市",
    }
    assert keeping.find_term(pack.id, "青兰市").exceptions == ["青兰市场"]  # type: ignore[union-attr]
    last = db.session.query(PackVersion).filter_by(pack_id=pack.id, number=2).one()
    assert last.summary == "从“表.xlsx”导入：新增 1 条，修改 1 条"
    assert db.session.query(PackImport).count() == 0


def test_terms_are_read_while_nobody_is_kept_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = pack_of(world, Term(wrong="帐号", right="账号"))
    inside: list[bool] = []
    monkeypatch.setattr(importing, "terms_of", lambda *given: inside.append(in_atomic()) or terms_of(*given))
    waiting = read(world, pack, book(["其它", "其他"]))
    importing.take_over(world.admin, pack.id, waiting.id, replace=True, now=world.now)
    monkeypatch.setattr(importing, "AT_ONCE", 1)
    read(world, pack, book(["其它", "其他"]))
    assert importing.read_waiting(world.now)
    assert inside == [False] * 3
    assert [term.wrong for term in terms_of(pack)] == ["其它"]


def test_a_file_can_take_the_place_of_all(world: World) -> None:
    pack = pack_of(world, Term(wrong="帐号", right="账号"), Term(wrong="其它", right="其他"))
    waiting = read(world, pack, book(["其它", "其他"]))
    importing.take_over(world.admin, pack.id, waiting.id, replace=True, now=world.now)
    assert [term.wrong for term in terms_of(pack)] == ["其它"]
    assert len(terms_of(pack, 1)) == 2


def test_a_row_with_a_fault_does_not_take_its_term_away(world: World) -> None:
    """The file names the term; that its other cells are wrong is told, not a wish to have it gone."""
    pack = pack_of(world, Term(wrong="帐号", right="账号"), Term(wrong="其它", right="其他"), Term(wrong="部份"))
    waiting = read(world, pack, book(["帐号", "账号", "非常严重"], ["其它", "其它"], ["最佳", "", "建议"]))
    assert [outcome for _row, outcome in outcomes(waiting)] == ["error", "error", "add"]
    assert importing.missing_from(pack, waiting) == 1
    importing.take_over(world.admin, pack.id, waiting.id, replace=True, now=world.now)
    assert [term.wrong for term in terms_of(pack)] == ["其它", "帐号", "最佳"]


def moved(content: bytes, row: int, to: int) -> bytes:
    """The file with one row of its sheet numbered otherwise."""
    whole = zipfile.ZipFile(io.BytesIO(content))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in whole.namelist():
            part = whole.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = part.replace(f'<row r="{row}"'.encode(), f'<row r="{to}"'.encode())
                part = part.replace(f'<c r="A{row}"'.encode(), f'<c r="A{to}"'.encode())
            archive.writestr(name, part)
    return out.getvalue()


def test_a_row_far_below_the_others_is_refused() -> None:
    """All the rows between would be made up, one by one."""
    content = book(["其它", "其他"], ["帐号", "账号"])
    with pytest.raises(Invalid, match="第 1,000,000 行还有内容"):
        read_lines(moved(content, 3, 1_000_000), 10)
    lines, _notes = read_lines(moved(content, 3, 9_000), 10)
    assert [line.number for line in lines] == [2, 9_000]


def test_rows_that_have_a_format_but_no_words_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who formats a whole column has a million of them."""
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(HEAD)
    sheet.append(["其它", "其他"])
    for number in range(3, 20_000):
        sheet.cell(row=number, column=1).number_format = "@"
    out = io.BytesIO()
    made.save(out)
    asked: list[int] = []
    plain = spreadsheets._text
    monkeypatch.setattr(spreadsheets, "_text", lambda cell: asked.append(1) or plain(cell))
    lines, _notes = read_lines(out.getvalue(), 10)
    assert [line.number for line in lines] == [2]
    assert len(asked) < 100


def test_every_bad_row_says_why_and_the_good_ones_stay(world: World) -> None:
    pack = pack_of(world)
    content = book(
        ["帐号", "账号", "", "", ""],
        ['=CONCATENATE("其","它")', "其他", "提醒", "", ""],
        ["好", "很好", "提醒", "", ""],
        ["部份", "部分", "非常严重", "", ""],
        [None, "部分", "提醒", "", ""],
        [None, None, None, None, None],
        ["帐号", "账户", "提醒", "", ""],
        ["合并甲", "甲", "提醒", "", ""],
        ["合并乙", "乙", "提醒", "", ""],
        ["例外词", "甲", "提醒", "", "别的词"],
        [20260712, "甲", "提醒", "", ""],
        ["#REF!", "甲", "提醒", "", ""],
        merge="B9:B10",
    )
    waiting = read(world, pack, content)
    assert outcomes(waiting) == [
        (2, "add"),
        (3, "error"),
        (4, "error"),
        (5, "error"),
        (6, "error"),
        (8, "twice"),
        (9, "error"),
        (10, "error"),
        (11, "error"),
        (12, "add"),
        (13, "error"),
    ]
    why = {row["number"]: row["why"] for row in waiting.rows}
    assert "是公式" in why[3]
    assert "至少两个字" in why[4]
    assert "级别应为" in why[5]
    assert "没有填写错误用法" in why[6]
    assert "与第 2 行的词相同" in why[8]
    assert "合并的单元格" in why[9]
    assert "合并的单元格" in why[10]
    assert "应是包含“例外词”的更长的词" in why[11]
    assert "出错的值" in why[13]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512,
        "错误,正确\n其它,其他".encode(),
        book(["其它", "其他"])[:900],
    ],
    ids=["empty", "old xls", "csv", "cut off"],
)
def test_what_is_no_spreadsheet_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="文件读不出来"):
        read_lines(content, 10)


def test_a_spreadsheet_whose_inside_is_broken_is_refused() -> None:
    whole = zipfile.ZipFile(io.BytesIO(book(["其它", "其他"])))
    for broken in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name in whole.namelist():
                archive.writestr(name, b"<a><b></a>" if name == broken else whole.read(name))
        with pytest.raises(Invalid, match="文件读不出来"):
            read_lines(out.getvalue(), 10)


def test_a_table_without_the_columns_head_is_refused() -> None:
    with pytest.raises(Invalid, match="没有导入。第一行应是表头"):
        read_lines(book(["其它", "其他"], head=None), 10)


def test_columns_are_found_by_name_in_any_order_with_more_between() -> None:
    content = book(["地名", "青岚市", "无", "青兰市"], head=["依据", "建议", "备注", "错误词 "])
    (line,), _notes = read_lines(content, 10)
    assert line.fields == {"reason": "地名", "right": "青岚市", "wrong": "青兰市"}


def test_more_rows_than_a_pack_holds_are_refused_and_other_sheets_are_named() -> None:
    rows = [[f"词语{number}", "甲"] for number in range(11)]
    with pytest.raises(Invalid, match="超过 10 行"):
        read_lines(book(*rows), 10)
    lines, notes = read_lines(book(*rows, more=True), 11)
    assert len(lines) == 11
    assert notes == ["只读了第一张工作表，没有读：另一张。"]


def test_an_empty_table_is_refused(world: World) -> None:
    with pytest.raises(Invalid, match="除了表头没有内容"):
        read(world, pack_of(world), book())


def test_a_pack_changed_since_is_not_overwritten(world: World) -> None:
    pack = pack_of(world)
    waiting = read(world, pack, book(["其它", "其他"]))
    keeping.add_term(world.admin, pack.id, {"wrong": "帐号", "right": "账号"}, world.now)
    with pytest.raises(Conflict):
        importing.take_over(world.admin, pack.id, waiting.id, replace=False, now=world.now)
    assert [term.wrong for term in terms_of(pack)] == ["帐号"]


def test_nothing_to_take_over_is_refused_and_what_is_dropped_is_gone(world: World) -> None:
    pack = pack_of(world, Term(wrong="其它", right="其他"))
    waiting = read(world, pack, book(["其它", "其他"]))
    with pytest.raises(Invalid, match="没有要新增或修改"):
        importing.take_over(world.admin, pack.id, waiting.id, replace=False, now=world.now)
    importing.drop_import(world.admin, pack.id, waiting.id, world.now)
    with pytest.raises(NotFound):
        importing.waiting_import(world.admin, pack.id, waiting.id)
    assert pack.version == 1


def test_a_colleagues_file_is_not_ones_own_and_authors_import_nothing(world: World) -> None:
    pack = pack_of(world)
    waiting = read(world, pack, book(["其它", "其他"]))
    other = world.person("admin2", world.city, "administrator")
    with pytest.raises(NotFound):
        importing.take_over(other, pack.id, waiting.id, replace=False, now=world.now)
    with pytest.raises(Forbidden):
        importing.read_file(world.author, pack.id, "表.xlsx", book(["其它", "其他"]), world.now)


def test_a_new_file_takes_the_place_of_the_one_that_waits(world: World) -> None:
    pack = pack_of(world)
    read(world, pack, book(["其它", "其他"]))
    second = read(world, pack, book(["帐号", "账号"]))
    assert [one.id for one in db.session.query(PackImport)] == [second.id]


def test_a_large_file_is_read_by_the_scheduler(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 0)
    monkeypatch.setattr(spreadsheets, "_TOLD", 2)
    pack = pack_of(world, Term(wrong="帐号", right="账号"))
    waiting = read(world, pack, book(["帐号", "帐户"], ["其它", "其他"], ["座落", "坐落"]))
    assert (waiting.state, waiting.rows, waiting.content is not None) == ("waiting", [], True)
    with pytest.raises(Conflict, match="还没有读完"):
        importing.take_over(world.admin, pack.id, waiting.id, replace=False, now=world.now)
    # What was changed while it waited is what it is held against.
    keeping.add_term(world.admin, pack.id, {"wrong": "座落", "right": "坐落", "severity": "warn"}, world.now)
    assert importing.read_waiting(world.now)
    assert not importing.read_waiting(world.now)
    db.session.expire_all()
    assert (waiting.state, waiting.content, waiting.done) == ("ready", None, 2)
    assert outcomes(waiting) == [(2, "change"), (3, "add"), (4, "same")]
    assert importing.take_over(world.admin, pack.id, waiting.id, replace=False, now=world.now).version == 3


def test_a_large_file_that_will_not_do_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 0)
    waiting = read(world, pack_of(world), book(["甲"], head=["列"]))
    importing.read_waiting(world.now)
    db.session.expire_all()
    assert waiting.state == "failed"
    assert "第一行应是表头" in waiting.why


def test_a_dead_readers_file_is_read_by_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 0)
    waiting = read(world, pack_of(world), book(["甲乙", "丙丁"]))
    with monkeypatch.context() as dying:
        dying.setattr(importing, "read_lines", dying_reader)
        with pytest.raises(KeyboardInterrupt):
            importing.read_waiting(world.now)
    assert not importing.read_waiting(world.now + timedelta(minutes=4))
    assert importing.read_waiting(world.now + timedelta(minutes=6))
    db.session.expire_all()
    assert waiting.state == "ready"


def dying_reader(*_given: object) -> None:
    raise KeyboardInterrupt
