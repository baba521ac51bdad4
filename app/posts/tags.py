"""Which tags and attributes a body may have, and what becomes of the others."""

from __future__ import annotations

TAGS = frozenset(
    [
        "p",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "blockquote",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "img",
        "a",
        "strong",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "br",
        "hr",
        "pre",
        "code",
        "figure",
        "figcaption",
    ]
)
ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href"},
    # What the author ticked of a picture: that it says nothing, that it is a map.
    "img": {"src", "alt", "data-decorative", "data-map"},
    "td": {"colspan", "rowspan", "style"},
    "th": {"colspan", "rowspan", "style"},
    "ol": {"start"},
    **{tag: {"style"} for tag in ("p", "h2", "h3", "h4")},
}
RENAME = {
    "h1": "h2", "h5": "h4", "h6": "h4", "b": "strong", "i": "em", "strike": "s", "del": "s", "ins": "u", "cite": "em",
    "tt": "code",
}  # fmt: skip
BOXES = frozenset(
    [
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "aside",
        "dl",
        "dt",
        "dd",
        "details",
        "summary",
        "center",
        "address",
        "hgroup",
        "nav",
    ]
)
BLOCKS = frozenset({"p", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "table", "hr", "pre", "figure"}) | BOXES
LINES = ("p", "h2", "h3", "h4", "pre", "figcaption", "caption")
INLINE = ("strong", "em", "u", "s", "sub", "sup", "a", "code")
# Removed with all that is inside; those with a name are mentioned.
DROP = {
    "script": "脚本", "iframe": "内嵌页面", "frame": "内嵌页面", "object": "插件", "embed": "插件", "applet": "插件",
    "form": "表单", "select": "表单", "textarea": "表单", "button": "表单", "video": "视频", "audio": "音频",
    "canvas": "画布", "svg": "矢量图", "math": "公式", "map": "图像热区", "style": "", "head": "", "title": "",
    "template": "", "noscript": "", "xml": "", "noembed": "", "noframes": "",
    # The WeChat editor's own.
    "mpvoice": "音频", "qqmusic": "音频", "mp-common-mpaudio": "音频", "mpvideosnap": "视频", "mp-common-videosnap": "视频",
    "mp-common-profile": "公众号名片", "mpprofile": "公众号名片", "mp-miniprogram": "小程序卡片", "mpcps": "商品卡片",
    "mp-common-product": "商品卡片", "mp-common-poi": "地点卡片", "mp-style-type": "",
}  # fmt: skip
# A form keeps the text around its fields.
EMPTIED = frozenset(DROP) - {"form"}
PASSED = TAGS | BOXES | frozenset(RENAME) | {"span", "font"}
# Where pages keep a picture's address until somebody scrolls to it.
LAZY = {"data-src", "data-original", "data-lazy-src", "original"}
LINK_SCHEMES = {"http", "https", "mailto", "tel"}
# Let through at first, so that what is taken out can be counted.
ANY_SCHEME = LINK_SCHEMES | {"data", "javascript", "vbscript", "file", "ftp", "blob", "about"}
