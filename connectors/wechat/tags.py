"""Which tags and attributes of a post WeChat keeps, and what becomes of the others."""

from __future__ import annotations

KEPT_LINK_HOST = "mp.weixin.qq.com"
KEEP = frozenset(
    [
        "section",
        "p",
        "span",
        "strong",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "br",
        "hr",
        "blockquote",
        "ul",
        "ol",
        "li",
        "h2",
        "h3",
        "h4",
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
        "pre",
        "code",
    ]
)
RENAME = {
    "div": "section", "article": "section", "main": "section", "header": "section", "footer": "section",
    "aside": "section", "figure": "section", "details": "section", "dl": "section", "center": "section",
    "b": "strong", "i": "em", "cite": "em", "ins": "u", "del": "s", "strike": "s", "h1": "h2", "h5": "h4", "h6": "h4",
    "dt": "p", "dd": "p", "summary": "p", "address": "p", "figcaption": "p",
}  # fmt: skip
# Dropped with everything inside; the Chinese name stands in the note. Names without one are no content at all.
DROP = {
    "script": "脚本", "style": "", "head": "", "link": "", "meta": "", "title": "", "template": "", "noscript": "",
    "iframe": "内嵌页面", "frame": "内嵌页面", "object": "插件", "embed": "插件", "applet": "插件", "video": "视频",
    "audio": "音频", "canvas": "画布", "svg": "矢量图", "math": "公式", "input": "表单项", "select": "表单项",
    "textarea": "表单项", "button": "表单项", "map": "图像热区", "col": "", "colgroup": "",
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style"},
    "a": {"href"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
