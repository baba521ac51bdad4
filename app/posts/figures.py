"""Pictures with a caption have one form in a body: <figure><img><figcaption>…</figcaption></figure>; other figures are
paragraphs. A table's caption is words alone and its first child."""

from __future__ import annotations

from lxml.html import HtmlElement

from app.posts.plainwords import words_of

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
    """The first caption of each table stays one, without its emphasis; further ones, and what is more than words, are centred
    paragraphs above it."""
    titled: dict[HtmlElement, HtmlElement] = {}
    for caption in list(root.iter("caption")):
        table = next(caption.iterancestors("table"), None)
        parent = table.getparent() if table is not None else None
        if table is None or parent is None:
            _centred(caption)
            continue
        for line in caption.iter("p", "div", "br"):
            line.tail = f" {line.tail or ''}"
        said = words_of(caption)
        caption.drop_tree()
        caption.tail = None
        if not said and next(caption.iter("img"), None) is None:
            continue
        words = next(caption.iter("img", "a"), None) is None
        if words and table not in titled and next(table.iter("td", "th"), None) is not None:
            caption.clear()
            caption.text = said
            titled[table] = caption
        else:
            _centred(caption)
            table.addprevious(caption)
    for table, caption in titled.items():
        table.insert(0, caption)


def _centred(node: HtmlElement) -> None:
    node.tag = "p"
    node.set("style", "text-align:center")
