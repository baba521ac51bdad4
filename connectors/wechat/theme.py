"""How a WeChat article looks: one sober theme (公文). Only what survives WeChat's filter: no classes, ids, positions, variables.

Sizes and line heights stand on the outermost section and are inherited, so that a long article stays short in characters.
"""

from __future__ import annotations

FULL = """
section.root{font-size:16px;line-height:1.8;color:#222;text-align:left;word-break:break-word}
p{margin:0 0 14px}
h2{margin:26px 0 14px;padding-left:10px;border-left:4px solid #b22222;font-size:19px;line-height:1.4;font-weight:bold}
h3{margin:22px 0 12px;font-size:17px;line-height:1.4;font-weight:bold;color:#b22222}
h4{margin:18px 0 10px;font-size:16px;font-weight:bold}
blockquote{margin:0 0 14px;padding:10px 14px;border-left:3px solid #ddd;background-color:#f7f7f7;color:#555}
ul,ol{margin:0 0 14px;padding-left:24px}
li{margin:0 0 6px}
img{display:block;max-width:100%;height:auto;margin:0 auto}
p.caption{margin:6px 0 16px;font-size:13px;color:#888;text-align:center}
section.table{margin:0 0 14px;overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:14px;line-height:1.5}
table.wide{min-width:620px}
th{padding:6px 8px;border:1px solid #bbb;background-color:#f5eaea;font-weight:bold;text-align:center}
td{padding:6px 8px;border:1px solid #bbb}
.short{white-space:nowrap}
td p,th p{margin:0}
caption{padding:4px 0;font-size:13px;color:#888}
pre{margin:0 0 14px;padding:10px;background-color:#f7f7f7;font-size:13px;white-space:pre-wrap}
p.source{margin:24px 0 0;font-size:14px;color:#888}
section.refs{margin:24px 0 0;padding:10px 0 0;border-top:1px solid #ddd;font-size:13px;color:#888;word-break:break-all}
section.refs p{margin:0 0 4px}
"""

# For articles that the full theme would push over the character limit: everything possible is inherited.
TERSE = """
section.root{font-size:16px;line-height:1.8;color:#222}
img{max-width:100%}
table{width:100%;border-collapse:collapse}
th,td{border:1px solid #bbb}
section.refs{font-size:13px;color:#888}
"""

# Style properties that are known to survive; everything else is taken out before WeChat does it.
PROPERTIES = frozenset(
    [
        "background-color",
        "border",
        "border-bottom",
        "border-collapse",
        "border-left",
        "border-radius",
        "border-right",
        "border-top",
        "color",
        "display",
        "font-size",
        "font-style",
        "font-weight",
        "height",
        "letter-spacing",
        "line-height",
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-width",
        "min-width",
        "overflow-x",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "text-align",
        "text-decoration",
        "text-indent",
        "vertical-align",
        "white-space",
        "width",
        "word-break",
    ]
)
