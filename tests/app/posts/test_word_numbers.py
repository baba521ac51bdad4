"""What Word numbers by itself arrives as its reader saw it; formulas arrive as text, hidden text stays out, both told."""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from app.posts.counting import FORMATS
from app.posts.importing_docx import read_docx
from app.posts.pictures import Pictures
from app.posts.sanitising import clean
from app.posts.wordfile import WordFile

W = nsdecls("w")
MATHS = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


class Letter:
    """A document under a title, with lists of its own: (format, text) of each level."""

    def __init__(self) -> None:
        self.document = docx.Document()
        self.document.add_paragraph("关于测试的通知", style="Title")
        self._numbering = self.document.part.numbering_part.element
        self._next = 200

    def list(self, *levels: tuple[str, str], more: str = "", of: int = 0, start: int = 0) -> int:
        """The id of a new list; `of` an earlier one it counts on with it, from `start` where that is given."""
        self._next += 2
        abstract = of - 1 if of else self._next - 1
        if not of:
            shown = "".join(
                f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>{more}</w:lvl>'
                for at, (form, text) in enumerate(levels)
            )
            self._numbering.insert(
                0, parse_xml(f'<w:abstractNum {W} w:abstractNumId="{abstract}">{shown}</w:abstractNum>')
            )
        begin = f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="{start}"/></w:lvlOverride>' if start else ""
        self._numbering.append(
            parse_xml(f'<w:num {W} w:numId="{self._next}"><w:abstractNumId w:val="{abstract}"/>{begin}</w:num>')
        )
        return self._next

    def add(self, text: str, of: int = 0, level: int = 0, style: str | None = None) -> docx.text.paragraph.Paragraph:
        made = self.document.add_paragraph(text, style=style)
        if of:
            numbered = f'<w:numPr {W}><w:ilvl w:val="{level}"/><w:numId w:val="{of}"/></w:numPr>'
            made._p.get_or_add_pPr().append(parse_xml(numbered))
        return made

    def read(self) -> tuple[str, list[str]]:
        out = io.BytesIO()
        self.document.save(out)
        return imported(out.getvalue())


class NoPictures(Pictures):
    def __init__(self) -> None:
        pass


def imported(content: bytes) -> tuple[str, list[str]]:
    fields, notes = read_docx(content, NoPictures())
    cleaned = clean(fields["body_html"], lambda src, alt: None, foreign=True)
    return cleaned.html, notes + cleaned.notes


def test_articles_of_a_regulation_keep_their_numbers() -> None:
    letter = Letter()
    articles = letter.list(("chineseCountingThousand", "第%1条"), ("chineseCountingThousand", "（%2）"))
    letter.add("为了规范管理，制定本办法。", articles)
    letter.add("本办法适用于：", articles)
    letter.add("工地；", articles, 1)
    letter.add("市政工程。", articles, 1)
    letter.add("前款所称工地，包括市政工程。")
    letter.add("违反第二条规定的：", articles)
    letter.add("责令改正。", articles, 1)
    html, _notes = letter.read()
    assert html == (
        "<p>第一条　为了规范管理，制定本办法。</p><p>第二条　本办法适用于：</p><p>（一）工地；</p><p>（二）市政工程。</p>"
        "<p>前款所称工地，包括市政工程。</p><p>第三条　违反第二条规定的：</p><p>（一）责令改正。</p>"
    )


def test_plain_numbers_are_lists_that_go_on_and_stay_apart() -> None:
    letter = Letter()
    levels = (("decimal", "%1."), ("bullet", "●"), ("decimal", "（%3）"))
    first = letter.list(*levels)
    second = letter.list(("decimal", "%1、"))
    third = letter.list(of=first, start=7)
    for text, of, level in (
        ("甲", first, 0), ("点", first, 1), ("号", first, 2), ("乙", first, 0), ("说明文字。", 0, 0), ("丙", first, 0),
        ("另一", second, 0), ("另二", second, 0), ("", second, 0), ("另四", second, 0), ("七", third, 0),
    ):  # fmt: skip
        letter.add(text, of, level)
    html, _notes = letter.read()
    assert html == (
        "<ol><li>甲<ul><li>点<p>（1）号</p></li></ul></li><li>乙</li></ol><p>说明文字。</p>"
        '<ol start="3"><li>丙</li></ol><ol><li>另一</li><li>另二</li></ol><ol start="4"><li>另四</li></ol>'
        '<ol start="7"><li>七</li></ol>'
    )


def test_headings_and_styles_keep_their_numbers() -> None:
    letter = Letter()
    chapters = letter.list(("chineseCounting", "第%1章"), ("decimal", "%1.%2"), more="<w:isLgl/>")
    letter.add("总则", chapters, style="Heading 1")
    letter.add("目的", chapters, 1, style="Heading 2")
    by_style = letter.list(("decimal", "%1."))
    numbered = f'<w:numPr {W}><w:numId w:val="{by_style}"/></w:numPr>'
    letter.document.styles["Heading 3"].element.get_or_add_pPr().append(parse_xml(numbered))
    letter.add("依据", style="Heading 3")
    html, _notes = letter.read()
    assert html.startswith("<h2>第1章　总则</h2><h3>1.1 目的</h3><h4>1. 依据</h4>")


def test_a_bold_line_with_a_number_of_its_own_is_a_heading() -> None:
    letter = Letter()
    of = letter.list(("chineseCounting", "%1、"))
    letter.add("", of).add_run("总体要求").bold = True
    letter.add("坚持原则。")
    assert letter.read()[0] == "<h2>一、总体要求</h2><p>坚持原则。</p>"


def test_an_unknown_way_of_numbers_is_told() -> None:
    letter = Letter()
    letter.add("甲", letter.list(("thaiLetters", "%1)")))
    html, notes = letter.read()
    assert html == "<p>1) 甲</p>"
    assert any("自动编号" in note for note in notes)


def test_formulas_are_text_and_hidden_text_stays_out() -> None:
    letter = Letter()
    line = letter.add("补贴：")
    half = "<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    power = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    line._p.append(parse_xml(f"<m:oMath {MATHS}>{power}<m:r><m:t>=100元+</m:t></m:r>{half}</m:oMath>"))
    line.add_run("。")
    line.add_run("内部底数").font.hidden = True
    gone = letter.add("")
    gone.add_run("整段隐藏").font.hidden = True
    html, notes = letter.read()
    assert html == "<p>补贴：x<sup>2</sup>=100元+(a+b)/2。</p>"
    assert any("1 处公式" in note for note in notes)
    assert any("2 处隐藏的文字" in note for note in notes)


def test_text_in_boxes_is_read_once_whichever_way_it_is_drawn() -> None:
    drawn = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
    both = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    letter = Letter()
    of = letter.list(("decimal", "%1."))
    box = (
        f'<w:txbxContent {W}><w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="{of}"/></w:numPr></w:pPr>'
        "<w:r><w:t>框</w:t></w:r></w:p></w:txbxContent>"
    )
    new = f'<w:drawing {W}><wps:txbx xmlns:wps="{drawn}">{box}</wps:txbx></w:drawing>'
    old = f'<mc:Fallback><w:pict {W}><v:textbox xmlns:v="urn:schemas-microsoft-com:vml">{box}</v:textbox></w:pict></mc:Fallback>'
    for inner in (
        f'<mc:AlternateContent xmlns:mc="{both}"><mc:Choice Requires="wps">{new}</mc:Choice>{old}</mc:AlternateContent>',
        f'<mc:AlternateContent xmlns:mc="{both}"><mc:Choice Requires="wps">{new}</mc:Choice></mc:AlternateContent>',
        new,
    ):
        letter.add("旁边的字").add_run()._r.append(parse_xml(inner))
    html, _notes = letter.read()
    assert html.count("旁边的字") == html.count("框") == 3
    assert [part in html for part in ('<ol start="2">', '<ol start="3">', '<ol start="4">')] == [True, True, False]


def test_a_bookmark_that_only_looks_like_a_mark_is_left_alone() -> None:
    letter = Letter()
    line = letter.add("甲")
    mark = parse_xml(f'<w:bookmarkStart {W} w:id="1" w:name="tandem-item-x"/>')
    line._p.insert(0, mark)
    assert letter.read()[0] == "<p>甲</p>"


def test_our_own_documents_come_back_with_their_numbers() -> None:
    body = (
        '<ol start="3"><li>三<ol><li>内</li></ol></li><li>四</li></ol><ol><li>另一</li></ol><p>中。</p>'
        '<ol start="5"><li>五</li></ol><ul><li>点</li></ul>'
    )
    written = WordFile(lambda sha256: None)
    written.line("Title", "题")
    written.body(body)
    assert imported(written.saved())[0] == body


@pytest.mark.parametrize(
    ("form", "numbers", "shown"),
    [
        ("chineseCountingThousand", (1, 10, 12, 20, 105, 110, 1010), "一 十 十二 二十 一百零五 一百一十 一千零一十"),
        ("chineseCounting", (11, 99, 102), "十一 九十九 一〇二"),
        ("chineseLegalSimplified", (1, 12, 25), "壹 壹拾贰 贰拾伍"),
        ("ideographTraditional", (1, 10), "甲 癸"),
        ("decimalEnclosedCircle", (1, 20, 21), "① ⑳ 21"),
        ("lowerRoman", (4, 9, 14), "iv ix xiv"),
        ("upperLetter", (1, 27), "A AA"),
        ("decimalFullWidth", (12,), "１２"),
    ],
)
def test_numbers_are_written_as_word_writes_them(form: str, numbers: Sequence[int], shown: str) -> None:
    assert " ".join(FORMATS[form](number) for number in numbers) == shown
