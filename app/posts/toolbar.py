"""The tools of the composer: key (frontend/src/composer/tools.ts), icon, words, keys as aria-keyshortcuts names them."""

from __future__ import annotations

from app.words import N_

# What stands together stays together when the row wraps; the fifth group also takes the picture's file.
TOOL_GROUPS: list[list[tuple[str, str, str, str]]] = [
    [
        ("undo", "arrow-back-up", N_("撤销"), "Control+Z"),
        ("redo", "arrow-forward-up", N_("重做"), "Control+Shift+Z"),
    ],
    [
        ("h2", "h-2", N_("大标题"), "Control+Alt+2"),
        ("h3", "h-3", N_("小标题"), "Control+Alt+3"),
        ("bold", "bold", N_("加粗"), "Control+B"),
        ("italic", "italic", N_("斜体"), "Control+I"),
        ("underline", "underline", N_("下划线"), "Control+U"),
        ("strike", "strikethrough", N_("删除线"), "Control+Shift+S"),
        ("sup", "superscript", N_("上标"), "Control+."),
        ("sub", "subscript", N_("下标"), "Control+,"),
        ("clear", "clear-formatting", N_("清除格式"), "Control+\\"),
    ],
    [
        ("bullet", "list", N_("项目符号"), "Control+Shift+8"),
        ("ordered", "list-numbers", N_("编号"), "Control+Shift+7"),
        ("quote", "quote", N_("引用"), "Control+Shift+B"),
    ],
    [
        ("center", "align-center", N_("居中"), "Control+Shift+E"),
        ("right", "align-right", N_("右对齐"), "Control+Shift+R"),
    ],
    [
        ("link", "link", N_("链接"), "Control+K"),
        ("table", "table", N_("插入表格"), ""),
        ("rule", "minus", N_("分隔线"), ""),
        ("picture", "photo-edit", N_("图片说明：先点选一张图片"), ""),
    ],
]
# On a phone they stand on a second page: two rows hold no more.
SECOND = frozenset({"redo", "italic", "underline", "strike", "sup", "sub", "clear", "quote", "right", "rule"})
# Shown while the cursor stands in a table.
TABLE_TOOLS: list[tuple[str, str, str]] = [
    ("rowBefore", "row-insert-top", N_("上方加一行")),
    ("rowAfter", "row-insert-bottom", N_("下方加一行")),
    ("columnBefore", "column-insert-left", N_("左侧加一列")),
    ("columnAfter", "column-insert-right", N_("右侧加一列")),
    ("merge", "arrows-join", N_("合并单元格（没有选中多个时与右侧合并）")),
    ("split", "arrows-split", N_("拆分单元格")),
    ("headerRow", "table-row", N_("首行作表头")),
    ("tableCaption", "text-caption", N_("表题")),
    ("rowDelete", "row-remove", N_("删除行")),
    ("columnDelete", "column-remove", N_("删除列")),
    ("tableDelete", "table-off", N_("删除表格")),
]
