"""Everything in a file that a reader may find is read for the checks; what cannot be read is named."""

from __future__ import annotations

import io
import zipfile

import docx
import openpyxl
import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from app.checks.services import Attachment, check_content
from app.media.attachments import attachment_text
from app.media.kinds import DOCX, PDF, XLSX
from app.media.places import unmarked
from connectors.values import Problem

PERSON = "110101199003071233"


def found(content: bytes, kind: str) -> list[Problem]:
    text = attachment_text(content, kind)
    return check_content(title="公示", summary="", body_html="", attachments=[Attachment(name="附件", text=text)])


def letter(**parts: bytes) -> bytes:
    out = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("附件说明")
    document.save(out)
    return with_parts(out, parts)


def sheet(*rows: list[object], **parts: bytes) -> bytes:
    out = io.BytesIO()
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(out)
    return with_parts(out, parts)


def with_parts(out: io.BytesIO, parts: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(out, "a") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def drawn(text: str) -> bytes:
    return f'<d xmlns:a="urn:a"><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d>'.encode()


@pytest.mark.parametrize(
    ("content", "kind", "place"),
    [
        (letter(**{"word/diagrams/data1.xml": drawn(PERSON)}), DOCX, "图示"),
        (letter(**{"word/charts/chart1.xml": f"<c><v>{PERSON}</v></c>".encode()}), DOCX, "图示"),
        (letter(**{"word/embeddings/表.xlsx": sheet(["张某", PERSON])}), DOCX, "B1"),
        (letter(**{"word/embeddings/信.docx": letter(**{"word/diagrams/data1.xml": drawn(PERSON)})}), DOCX, "图示"),
        (
            sheet(["甲"], **{"xl/pivotCache/pivotCacheDefinition1.xml": f'<p><s v="{PERSON}"/></p>'.encode()}),
            XLSX,
            "缓存的数据",
        ),
        (
            sheet(["甲"], **{"xl/externalLinks/externalLink1.xml": f"<e><cell><v>{PERSON}</v></cell></e>".encode()}),
            XLSX,
            "缓存的数据",
        ),
        (sheet(["甲"], **{"xl/charts/chart1.xml": drawn(PERSON)}), XLSX, "图示"),
    ],
)
def test_what_stands_beside_the_text_is_read(content: bytes, kind: str, place: str) -> None:
    (problem,) = found(content, kind)
    assert problem.rule == "privacy.citizen_id"
    assert place in problem.message


def test_a_file_inside_that_cannot_be_read_is_named() -> None:
    (problem,) = found(letter(**{"word/embeddings/oleObject1.bin": b"\xd0\xcf"}), DOCX)
    assert (problem.rule, problem.severity) == ("privacy.unread", "warn")
    assert "嵌入的文件 oleObject1.bin" in problem.message


def test_files_within_files_end_somewhere() -> None:
    content = letter()
    for _ in range(6):
        content = letter(**{"word/embeddings/a.docx": content})
    assert unmarked(attachment_text(content, DOCX)).unread == ("嵌入的文件 a.docx",)


def scanned(pages: list[str | None], remark: str = "") -> bytes:
    writer = PdfWriter()
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    for text in pages:
        page = writer.add_blank_page(300, 300)
        if text is None:
            continue
        drawing = DecodedStreamObject()
        drawing.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode() if text else b"0 0 300 300 re f")
        page[NameObject("/Contents")] = writer._add_object(drawing)
        fonts = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): fonts})}
        )
    if remark:
        note = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/FreeText"),
                NameObject("/Contents"): TextStringObject(remark),
                NameObject("/Rect"): ArrayObject([NumberObject(0)] * 4),
            }
        )
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_scanned_pages_among_written_ones_are_named_and_blank_ones_are_not() -> None:
    (problem,) = found(scanned(["Cover", "", None, ""]), PDF)
    assert (problem.rule, problem.severity) == ("privacy.unread", "warn")
    assert "第 2、4 页" in problem.message
    (whole,) = found(scanned(["", ""]), PDF)
    assert "中读不出文字" in whole.message
    assert found(scanned(["Cover", None]), PDF) == []


def test_remarks_on_a_page_are_read() -> None:
    (problem,) = found(scanned(["Cover"], f"张某 {PERSON}"), PDF)
    assert problem.rule == "privacy.citizen_id"
    assert "第 1 页的批注或表单" in problem.message
