"""A Word document made ready for mammoth, which knows neither its numbers nor its formulas nor what is hidden in it:
numbers become words or marks that `lists_of` reads again, formulas a line of text; hidden text is left out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import count
from urllib.parse import quote, unquote

from lxml import etree
from lxml.html import HtmlElement

from app.posts.counting import before
from app.posts.wordlists import Item, nest
from app.posts.wordmaths import spoken
from app.posts.wordnumbers import Number, Numbers, child, is_on, value

_MARK = "tandem-item-"
_MARKED = re.compile(_MARK + r"(\w*)-(\d)-(ol|ul|text)-(\d+)-(.*)")
_RELATION = "/relationships/"
_SHOWN = frozenset(
    {"t", "tab", "br", "cr", "sym", "drawing", "pict", "object", "noBreakHyphen", "softHyphen", "footnoteReference"}
)
_NUMBERING = b'<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'


def readied(content: bytes) -> tuple[bytes, list[str]]:
    """The document and notes in Chinese. Raises zipfile.BadZipFile, KeyError or etree.XMLSyntaxError for a damaged one."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        parts = _parts(archive)
        roots = {
            name: _tree(archive, parts[name])
            for name in ("officeDocument", "footnotes", "endnotes", "numbering", "styles")
            if name in parts
        }
        work = _Readying(roots.get("numbering"), roots.get("styles"))
        for name in ("officeDocument", "footnotes", "endnotes"):
            if name in roots:
                work.part(roots[name])
                _put(archive, parts[name], etree.tostring(roots[name], xml_declaration=True, encoding="UTF-8"))
        if "numbering" in parts:
            # Said already: mammoth would count what is left of it in its own way.
            _put(archive, parts["numbering"], _NUMBERING)
    return out.getvalue(), work.notes()


def lists_of(root: HtmlElement) -> None:
    """Turn the marks into lists; on headings, which are none, into words."""
    items = []
    for mark in list(root.iter("a")):
        found = _MARKED.fullmatch(mark.get("id") or "")
        if found is None:
            continue
        of, level, kind, number, label = found.groups()
        block = next(mark.iterancestors("p", "h1", "h2", "h3", "h4", "h5", "h6"), None)
        mark.drop_tree()
        if block is None:
            continue
        if block.tag != "p":
            if kind == "ol":
                block.text = before(unquote(label), block.text or "")
            continue
        shape = {"ol": "ol", "ul": "ul"}.get(kind, "text")
        items.append(Item(node=block, level=int(level), kind=shape, number=int(number), of=of))  # type: ignore[arg-type]
    nest(items)


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """{kind: name in the archive}, as mammoth finds them: named by the relations, else where they usually are."""
    names = set(archive.namelist())
    main = next(
        (name for kind, name in _relations(archive, "_rels/.rels", "") if kind == "officeDocument" and name in names),
        "word/document.xml",
    )
    folder, _slash, file = main.rpartition("/")
    found = {"officeDocument": main}
    for kind, name in _relations(archive, f"{folder}/_rels/{file}.rels".lstrip("/"), folder):
        if name in names:
            found.setdefault(kind, name)
    for kind in ("footnotes", "endnotes", "numbering", "styles"):
        if f"word/{kind}.xml" in names:
            found.setdefault(kind, f"word/{kind}.xml")
    return found


def _relations(archive: zipfile.ZipFile, name: str, folder: str) -> Iterator[tuple[str, str]]:
    if name not in archive.namelist():
        return
    for node in _tree(archive, name):
        kind, target = node.get("Type") or "", node.get("Target") or ""
        if _RELATION in kind:
            where = target if target.startswith("/") else f"{folder}/{target}"
            yield kind.rpartition("/")[2], where.lstrip("/")


def _tree(archive: zipfile.ZipFile, name: str) -> etree._Element:
    return etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """In the place of the part of that name."""
    archive.filelist.remove(archive.NameToInfo.pop(name))
    archive.writestr(name, content, zipfile.ZIP_DEFLATED)


class _Readying:
    def __init__(self, numbering: etree._Element | None, styles: etree._Element | None) -> None:
        self._numbers = Numbers(numbering, styles)
        self._hiding = _hiding(styles)
        self._ids = count(900_000)
        self._formulas = self._hidden = 0

    def notes(self) -> list[str]:
        notes = []
        if self._formulas:
            notes.append(f"文中有 {self._formulas} 处公式，已改写为一行文字，请逐处核对。")
        if self._hidden:
            notes.append(f"原稿有 {self._hidden} 处隐藏的文字，没有带入。")
        if self._numbers.unknown:
            notes.append("有的自动编号用了系统不认识的写法，已写成 1、2、3，请核对。")
        return notes

    def part(self, root: etree._Element) -> None:
        _settle_boxes(root)
        for node in list(root.iter()):
            if _name(node) in ("oMath", "oMathPara") and _name(node.getparent()) != "oMathPara":
                self._formula(node)
        for node in list(root.iter()):
            if _name(node) == "p":
                self._paragraph(node)

    def _formula(self, node: etree._Element) -> None:
        parent = node.getparent()
        if parent is None:
            return
        word = self._namespace(node)
        self._formulas += 1
        pieces = spoken(node)
        for text, place in pieces:
            node.addprevious(_run(word, text, place=place))
        node.tail = None
        parent.remove(node)

    def _namespace(self, node: etree._Element) -> str:
        """That of Word's own elements around it: there are two, of which a document uses one."""
        return next(
            str(etree.QName(up).namespace) for up in node.iterancestors() if _name(up) in ("p", "body", "document")
        )

    def _paragraph(self, node: etree._Element) -> None:
        runs = [inner for inner in node.iter() if _name(inner) == "r" and _paragraph_of(inner) is node]
        by_style = value(child(node, "pPr", "pStyle")) in self._hiding
        hidden = [run for run in runs if self._is_hidden(run, by_style)]
        said = False
        for run in hidden:
            for inner in list(run):
                if _name(inner) in _SHOWN:
                    said = said or bool(_name(inner) == "t" and (inner.text or "").strip())
                    run.remove(inner)
        self._hidden += said
        shown = any(_name(inner) in _SHOWN for run in runs for inner in run)
        mark = child(node, "pPr", "rPr")
        if not shown and hidden and (by_style or is_on(child(mark, "vanish"))):
            return
        if child(mark, "del") is not None:
            # Taken out: what is left of it belongs to the next one.
            return
        number = self._numbers.next(node)
        settings = child(node, "pPr")
        numbered = child(settings, "numPr")
        if settings is not None and numbered is not None:
            settings.remove(numbered)
        if number is not None and shown:
            self._number(node, settings, number, runs)

    def _is_hidden(self, run: etree._Element, by_style: bool) -> bool:
        own = child(run, "rPr", "vanish")
        if own is not None:
            return is_on(own)
        return by_style or value(child(run, "rPr", "rStyle")) in self._hiding

    def _number(
        self, node: etree._Element, settings: etree._Element | None, number: Number, runs: list[etree._Element]
    ) -> None:
        word = str(etree.QName(node).namespace)
        of = re.sub(r"\W", "", number.of)
        name = f"{_MARK}{of}-{number.level}-{number.kind}-{number.number}-{quote(number.label)}"
        begin = etree.Element(f"{{{word}}}bookmarkStart")
        begin.set(f"{{{word}}}id", str(next(self._ids)))
        begin.set(f"{{{word}}}name", name)
        at = 0 if settings is None else node.index(settings) + 1
        node.insert(at, begin)
        if number.kind != "text":
            return
        gap = "" if number.tight else before(number.label, "").removeprefix(number.label)
        # Word sets the number as the end of its paragraph is set; whoever makes all of it bold means the number, too.
        written = [run for run in runs if any(_name(inner) == "t" and (inner.text or "").strip() for inner in run)]
        bold = number.bold or is_on(child(node, "pPr", "rPr", "b"))
        bold = bold or (bool(written) and all(is_on(child(run, "rPr", "b")) for run in written))
        node.insert(at + 1, _run(word, number.label + gap, bold=bold))


def _settle_boxes(root: etree._Element) -> None:
    """Text in boxes: mammoth takes the older of two ways to draw one; where there is only the newer, its text stands alone."""
    for first in [node for node in root.iter() if _name(node) == "Choice"]:
        both = first.getparent()
        if both is None:
            continue
        if not any(_name(other) == "Fallback" for other in both):
            second = etree.SubElement(both, f"{{{etree.QName(first).namespace}}}Fallback")
            second.extend(list(first))
        both.remove(first)
    for drawing in [node for node in root.iter() if _name(node) == "drawing"]:
        for box in reversed([node for node in drawing.iter() if _name(node) == "txbxContent"]):
            drawing.addnext(box)


def _run(word: str, text: str, *, place: str = "", bold: bool = False) -> etree._Element:
    run = etree.Element(f"{{{word}}}r")
    settings = etree.SubElement(run, f"{{{word}}}rPr")
    if bold:
        etree.SubElement(settings, f"{{{word}}}b")
    if place:
        etree.SubElement(settings, f"{{{word}}}vertAlign").set(f"{{{word}}}val", place)
    words = etree.SubElement(run, f"{{{word}}}t")
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return run


def _name(node: etree._Element | None) -> str:
    return etree.QName(node).localname if node is not None and isinstance(node.tag, str) else ""


def _paragraph_of(node: etree._Element) -> etree._Element | None:
    return next((up for up in node.iterancestors() if _name(up) == "p"), None)


def _hiding(styles: etree._Element | None) -> set[str]:
    """Ids of the styles whose text is hidden, by themselves or by the one that they are based on."""
    own: dict[str, bool] = {}
    parents: dict[str, str] = {}
    for style in styles if styles is not None else ():
        name = next((str(found) for key, found in style.attrib.items() if str(key).endswith("}styleId")), "")
        switch = child(style, "rPr", "vanish")
        if switch is not None:
            own[name] = is_on(switch)
        parents[name] = value(child(style, "basedOn"))
    hiding = set()
    for name in parents:
        at, seen = name, {name}
        while at not in own and (at := parents.get(at, "")) and at not in seen:
            seen.add(at)
        if own.get(at):
            hiding.add(name)
    return hiding
