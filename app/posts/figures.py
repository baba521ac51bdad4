"""Pictures with a caption have one form in a body: <figure><img><figcaption>…</figcaption></figure>. Other figures, and the
captions of tables (the editor knows none), are paragraphs."""

from __future__ import annotations

from lxml.html import HtmlElement

_INSIDE = ("table", "ul", "ol", "blockquote", "pre", "figure", "hr")


def settle_figures(root: HtmlElement) -> None:
    for figure in reversed(list(root.iterdescendants("figure"))):
        pictures, captions = list(figure.iter("img")), list(figure.iter("figcaption"))
        said = [caption for caption in captions if caption.text_content().strip()]
        whole = figure.text_content().strip() == "".join(caption.text_content() for caption in said).strip()
        if len(pictures) == len(said) == 1 and whole and next(figure.iterdescendants(*_INSIDE), None) is None:
            figure.text = pictures[0].tail = said[0].tail = None
            figure[:] = [pictures[0], said[0]]
            continue
        figure.tag = "div"
        for caption in captions:
            _centred(caption)
    for stray in list(root.iter("figcaption")):
        parent = stray.getparent()
        if parent is None or parent.tag != "figure":
            _centred(stray)


def settle_captions(root: HtmlElement) -> None:
    """A table's caption is a centred paragraph above it."""
    for caption in list(root.iter("caption")):
        table = next(caption.iterancestors("table"), None)
        parent = table.getparent() if table is not None else None
        _centred(caption)
        if table is None or parent is None:
            continue
        caption.drop_tree()
        caption.tail = None
        table.addprevious(caption)


def _centred(node: HtmlElement) -> None:
    node.tag = "p"
    node.set("style", "text-align:center")
