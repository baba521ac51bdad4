"""How a WeChat article looks: three themes of plain CSS (themes/*.css), inlined when adapting, and one that saves characters.

Which one is chosen stands in no payload; its effect does, and so in the hash that is approved.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from connectors.rules import Choice, Form
from connectors.values import AccountConfig, Content
from connectors.words import N_

THEME, READING, TABLES = "theme", "reading_time", "tables"
OFFICIAL, POLICY, SERVICE, TERSE = "official", "policy", "service", "terse"
NAMES = {OFFICIAL: N_("公文"), POLICY: N_("政策解读"), SERVICE: N_("便民")}
_AUTOMATIC = {
    OFFICIAL: N_("按账号设置：公文"),
    POLICY: N_("按账号设置：政策解读"),
    SERVICE: N_("按账号设置：便民"),
}
SPLIT, KEEP, ON, OFF = "split", "keep", "on", "off"
_FOLDER = Path(__file__).parent / "themes"


def default_theme(account: AccountConfig) -> str:
    """The account's own choice (settings.theme), else 公文."""
    given = account.settings.get(THEME)
    return given if isinstance(given, str) and given in NAMES else OFFICIAL


def theme_of(account: AccountConfig, content: Content) -> str:
    """The theme of one post: the author's choice, else the account's."""
    given = content.overrides.get(THEME)
    return given if isinstance(given, str) and given in NAMES else default_theme(account)


def tells_reading_time(theme: str, content: Content) -> bool:
    """Whether the article begins with how long it takes to read: the author's word, else 政策解读 alone, which is studied."""
    given = content.overrides.get(READING)
    return given == ON if given in (ON, OFF) else theme == POLICY


def choices(account: AccountConfig) -> tuple[Choice, ...]:
    """What an author may choose of the article's looks."""
    return (
        Choice(
            key=THEME,
            label=N_("版式"),
            part="content_html",
            automatic=_AUTOMATIC[default_theme(account)],
            options=tuple(Form(key=key, label=name) for key, name in NAMES.items()),
        ),
        Choice(
            key=READING,
            label=N_("文首写明阅读时间"),
            part="content_html",
            automatic=N_("自动（“政策解读”版式写明）"),
            options=(Form(key=ON, label=N_("写明")), Form(key=OFF, label=N_("不写"))),
        ),
        Choice(
            key=TABLES,
            label=N_("宽表格"),
            part="content_html",
            automatic=N_("自动（手机上放不下的改为分行列表）"),
            options=(Form(key=SPLIT, label=N_("改为分行列表")), Form(key=KEEP, label=N_("保持表格，左右滑动"))),
        ),
    )


@cache
def css(theme: str) -> str:
    """The style sheet of a theme."""
    return (_FOLDER / f"{theme}.css").read_text(encoding="utf-8")


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
