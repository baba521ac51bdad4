"""Formulas of Word (Office MathML) as a line of text: fractions with a slash, powers and indices as such."""

from __future__ import annotations

from lxml import etree

# A piece of text and where it stands: "" in the line, "superscript" or "subscript".
Piece = tuple[str, str]


def spoken(node: etree._Element) -> list[Piece]:
    """The pieces of m:oMath, or of a part of one."""
    name = _name(node)
    if name == "t":
        return [(node.text or "", "")]
    if name.endswith("Pr"):
        return []
    write = _WRITERS.get(name)
    return write(node) if write is not None else _children(node)


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else "Pr"


def _children(node: etree._Element) -> list[Piece]:
    return [piece for child in node for piece in spoken(child)]


def _part(node: etree._Element, name: str) -> list[Piece]:
    return [piece for child in node if _name(child) == name for piece in _children(child)]


def _sign(node: etree._Element, name: str, otherwise: str) -> str:
    """A character set in the properties of `node`."""
    for inner in node.iter():
        if _name(inner) == name:
            return next((str(value) for key, value in inner.attrib.items() if str(key).endswith("val")), otherwise)
    return otherwise


def _flat(pieces: list[Piece]) -> str:
    """In one line; what stands high or low is told by signs."""
    signs = {"": "{}", "superscript": "^{}", "subscript": "_{}"}
    return "".join(signs[place].format(_held(text) if place else text) for text, place in pieces)


def _held(text: str) -> str:
    """In brackets where it is more than one number or name."""
    return text if text.isalnum() or text.replace(".", "", 1).isdigit() else f"({text})"


def _at(pieces: list[Piece], place: str) -> list[Piece]:
    text = _flat(pieces)
    return [(text, place)] if text else []


def _whole(pieces: list[Piece]) -> list[Piece]:
    text = _flat(pieces)
    return pieces if text.isalnum() or text.replace(".", "", 1).isdigit() else [("(", ""), *pieces, (")", "")]


def _fraction(node: etree._Element) -> list[Piece]:
    return [*_whole(_part(node, "num")), ("/", ""), *_whole(_part(node, "den"))]


def _scripts(node: etree._Element) -> list[Piece]:
    low, high = _at(_part(node, "sub"), "subscript"), _at(_part(node, "sup"), "superscript")
    base = _part(node, "e")
    return [*low, *high, *base] if _name(node) == "sPre" else [*base, *low, *high]


def _root(node: etree._Element) -> list[Piece]:
    return [*_at(_part(node, "deg"), "superscript"), ("√", ""), *_whole(_part(node, "e"))]


def _sum(node: etree._Element) -> list[Piece]:
    bounds = [*_at(_part(node, "sub"), "subscript"), *_at(_part(node, "sup"), "superscript")]
    return [(_sign(node, "chr", "∫"), ""), *bounds, *_part(node, "e")]


def _brackets(node: etree._Element) -> list[Piece]:
    between = _sign(node, "sepChr", "|")
    parts = [_children(child) for child in node if _name(child) == "e"]
    inner = [piece for at, part in enumerate(parts) for piece in ([(between, ""), *part] if at else part)]
    return [(_sign(node, "begChr", "("), ""), *inner, (_sign(node, "endChr", ")"), "")]


def _rows(node: etree._Element) -> list[Piece]:
    """A matrix or a set of equations, row by row."""
    rows = [child for child in node if _name(child) in ("mr", "e")]
    texts = [
        "，".join(_flat(_children(cell)) for cell in row if _name(cell) == "e") or _flat(_children(row)) for row in rows
    ]
    return [("；".join(texts), "")]


def _limit(node: etree._Element) -> list[Piece]:
    place = "subscript" if _name(node) == "limLow" else "superscript"
    return [*_part(node, "e"), *_at(_part(node, "lim"), place)]


def _named(node: etree._Element) -> list[Piece]:
    return [*_part(node, "fName"), (" ", ""), *_part(node, "e")]


_WRITERS = {
    "f": _fraction, "sSup": _scripts, "sSub": _scripts, "sSubSup": _scripts, "sPre": _scripts, "rad": _root,
    "nary": _sum, "d": _brackets, "m": _rows, "eqArr": _rows, "limLow": _limit, "limUpp": _limit, "func": _named,
}  # fmt: skip
