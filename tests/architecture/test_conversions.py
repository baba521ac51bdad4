"""No connector turns or looks into what a platform answered in a way that raises by itself.

`raise` statements are read by test_connectors; this reads what raises without one: `int(answer["x"])`, `answer["x"]`. A
platform leaves fields out and sends words for numbers; the reading helpers (text_of, number_of, rows_of …) and `.get`
make something sensible of that, a `try` that catches it says what it means. What is followed are names that hold an
answer within one function: from a call of the platform, from a reading helper, or from a parameter named like one.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "connectors"
MODULES = sorted(path for name in ("wechat", "weibo") for path in (ROOT / name).glob("*.py"))
# Calls that give an answer or a part of one, and parameters that hold one.
GIVE = {"post", "get", "_ask", "json", "rows_of", "articles_of", "listed", "read_draft", "newest_publications"}
ASKED = {"api", "_api", "answer", "http", "_http", "payloads"}
NAMED = {"answer", "parsed", "row", "item", "article", "seen", "told", "event", "message", "info", "comment", "status"}
CONVERT = {"int", "float", "fromisoformat", "fromtimestamp", "Decimal"}
CAUGHT = {"ValueError", "KeyError", "TypeError", "LookupError", "IndexError", "Exception"}


class Reader(ast.NodeVisitor):
    """What in one function may raise by itself."""

    def __init__(self, function: ast.FunctionDef) -> None:
        arguments = [*function.args.args, *function.args.kwonlyargs]
        self.answers = {one.arg for one in arguments if one.arg in NAMED and _is_parsed(one.annotation)}
        before = -1
        while before != len(self.answers):
            before = len(self.answers)
            for node in ast.walk(function):
                self._follow(node)
        self.found: list[int] = []
        self._guarded = 0
        for part in function.body:
            self.visit(part)

    def _follow(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign) and self._holds(node.value):
            self.answers |= {name for target in node.targets for name in _names(target)}
        elif isinstance(node, ast.For | ast.comprehension) and self._holds(node.iter):
            self.answers |= _names(node.target)

    def _holds(self, value: ast.expr) -> bool:
        """The answer itself or a part of it; what a helper made of it is none any more."""
        if isinstance(value, ast.Name):
            return value.id in self.answers
        if isinstance(value, ast.Subscript | ast.Starred | ast.Await):
            return self._holds(value.value)
        if isinstance(value, ast.IfExp):
            return self._holds(value.body) or self._holds(value.orelse)
        if isinstance(value, ast.BoolOp):
            return any(self._holds(part) for part in value.values)
        if not isinstance(value, ast.Call):
            return False
        if isinstance(value.func, ast.Name):
            return value.func.id in GIVE
        if not isinstance(value.func, ast.Attribute) or value.func.attr not in GIVE:
            return False
        owner = value.func.value
        last = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
        return last in ASKED or self._holds(owner)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Read by itself."""

    def visit_Try(self, node: ast.Try) -> None:
        caught = [one.type for one in node.handlers if one.type is not None]
        names = {name.id for one in caught for name in ast.walk(one) if isinstance(name, ast.Name)}
        guards = bool(names & CAUGHT)
        self._guarded += guards
        for part in node.body:
            self.visit(part)
        self._guarded -= guards
        for other in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(other)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load) and _by_name(node.slice) and self._holds(node.value):
            self._note(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in CONVERT and any(self._holds(argument) for argument in node.args):
            self._note(node)
        self.generic_visit(node)

    def _note(self, node: ast.expr) -> None:
        if not self._guarded:
            self.found.append(node.lineno)


def _names(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _is_parsed(annotation: ast.expr | None) -> bool:
    """A parsed JSON, not one of our own values."""
    words = ast.unparse(annotation) if annotation is not None else ""
    return "Any" in words or "object" in words or words in ("Body", "Json")


def _by_name(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant) and isinstance(index.value, str)


def faults(source: str) -> list[tuple[str, int]]:
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return [(one.name, line) for one in functions for line in Reader(one).found]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_answers_are_read_by_what_cannot_fail(path: Path) -> None:
    assert faults(path.read_text()) == []


SAMPLES = [
    ('def f(api):\n    answer = api.post("/x", {})\n    return int(answer.get("n"))', True),
    ('def f(api):\n    return api.get("/x")["n"]', True),
    ('def f(self):\n    for row in payloads.rows_of(self.api.get("/x"), "list"):\n        use(row["id"])', True),
    ('def f(row: dict[str, Any]):\n    return [int(row["n"]) for _ in ()]', True),
    (
        'def f(api):\n    answer = api.post("/x", {})\n    try:\n        return int(answer["n"])\n    except ValueError:\n        pass',
        False,
    ),
    ('def f(api):\n    answer = api.post("/x", {})\n    return payloads.text_of(answer.get("n"))', False),
    ('def f(row: Receipt):\n    return row["n"]', False),
    ('def f(payload):\n    return int(payload["n"])', False),
]


@pytest.mark.parametrize(("source", "found"), SAMPLES)
def test_it_finds_what_it_looks_for(source: str, found: bool) -> None:
    assert bool(faults(source)) is found
