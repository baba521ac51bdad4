"""Connectors raise what is in the tree of errors, and nothing else; every code of the platforms says what to do."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest

from connectors.errors import Code, ConnectorError
from connectors.wechat import codes as wechat
from connectors.weibo import codes as weibo

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
CHINESE = re.compile(r"[\u4e00-\u9fff]")

# Errors outside the tree, each with its reason. A line that no source needs any more must go.
ALLOWED: dict[tuple[str, str], str] = {
    ("http.py", "Answer.json"): "ValueError: the contract of json(), caught by both platforms' readers",
    ("http.py", "_finite"): "ValueError: inside json()",
    ("http.py", "_encode"): "ValueError: a file name of ours that is not ASCII is a programming error",
    ("http.py", "Http.call"): "ReadTimeout: caught right below, which turns it into the tree",
    ("http.py", "_read_bounded"): "ContentDecodingError: inside call(), which turns it into the tree",
    (
        "guarded.py",
        "Guarded._new_conn",
    ): "NameResolutionError or NewConnectionError: urllib3's, which call() turns into the tree",
    ("guarded.py", "Guarded._first_of"): "NewConnectionError: urllib3's, which call() turns into the tree",
    ("cropping.py", "edited"): "ValueError: the contract of edited(), told by the media library",
    ("images.py", "reencode"): "ValueError: the contract of reencode(), shown as a problem of the content",
    ("images.py", "examine"): "TooManyPixels or TooManyFrames or ValueError: what the media library tells its person",
    ("images.py", "without_metadata"): "ValueError: told by the media library, which does not take the picture then",
    ("images.py", "_open"): "ValueError: bytes that are no picture; callers show it as a problem",
    ("images.py", "size_of"): "ValueError: bytes that are no picture; callers show it as a problem",
    (
        "openid/client.py",
        "_opened",
    ): "InvalidKeyIdError or BadSignatureError: its callers ask for the keys anew, and turn it into the tree",
    ("weibo/ids.py", "to_base62"): "ValueError: a mid that is none is a programming error",
    ("weibo/levels.py", "level_of"): "ValueError: an account with a mode that no form offers",
    ("weibo/callback.py", "read"): "ValueError: correctly signed nonsense (base.parse_callback)",
    ("weibo/callback.py", "_from_json"): "ValueError: correctly signed nonsense",
    ("weibo/callback.py", "_from_xml"): "ValueError: correctly signed nonsense",
    ("weibo/callback.py", "_flat_xml"): "ValueError: correctly signed nonsense",
    ("weibo/callback.py", "_flat_xml.doctype"): "ValueError: correctly signed nonsense",
    ("weibo/replies.py", "reply"): "ValueError: a target that this platform never made",
    ("wechat/commit.py", "client_id"): "ValueError: publishing without a key is a programming error",
    ("wechat/commit.py", "publish"): "ValueError: publishing what is not prepared is a programming error",
    ("wechat/commit.py", "_article_index"): "ValueError: index 0 or none would delete everything",
    ("wechat/inbox.py", "_comment"): "ValueError: caught in _comments_of",
    ("wechat/inbox.py", "reply"): "ValueError: a target that this platform never made",
    ("wechat/callback.py", "_parsed"): "ValueError: correctly signed nonsense",
    ("wechat/events.py", "read"): "ValueError: correctly signed nonsense",
    ("wechat/events.py", "_field"): "ValueError: correctly signed nonsense",
    ("wechat/events.py", "_publication"): "ValueError: correctly signed nonsense",
    ("wechat/clocks.py", "from_epoch"): "ValueError: a time that is none; readers catch it",
}


def sources() -> list[Path]:
    folder = ROOT / "connectors"
    return [path for path in sorted(folder.rglob("*.py")) if "simulator" not in path.relative_to(folder).parts]


class Raises(ast.NodeVisitor):
    """Every `raise` of a module: where, and which types it may raise (None for one that cannot be told)."""

    def __init__(self, module: ModuleType, tree: ast.Module) -> None:
        self.module = module
        self.scopes: list[ast.AST] = []
        self.handlers: list[ast.ExceptHandler] = []
        self.tests: list[ast.If] = []
        self.found: list[tuple[str, int, set[type[BaseException]] | None]] = []
        self.visit(tree)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._inside(self.scopes, node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside(self.scopes, node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._inside(self.handlers, node)

    def _inside(self, stack: list[Any], node: Any) -> None:
        stack.append(node)
        self.generic_visit(node)
        stack.pop()

    def visit_If(self, node: ast.If) -> None:
        self._inside(self.tests, node)

    def visit_Raise(self, node: ast.Raise) -> None:
        name = ".".join(scope.name for scope in self.scopes if isinstance(scope, ast.ClassDef | ast.FunctionDef))
        types = self._narrowed(self._caught(self.handlers[-1])) if node.exc is None else self._types(node.exc)
        self.found.append((name, node.lineno, types))

    def _narrowed(self, types: set[type[BaseException]] | None) -> set[type[BaseException]] | None:
        """What is left of a caught error under `if isinstance(error, X): raise`."""
        for one in self.tests:
            test = one.test
            if isinstance(test, ast.Call) and ast.unparse(test.func) == "isinstance":
                return _exceptions(eval(ast.unparse(test.args[1]), vars(self.module)))  # noqa: S307
        return types

    def _types(self, value: ast.expr) -> set[type[BaseException]] | None:
        """What an expression after `raise`, or one assigned to the name after it, may be."""
        if isinstance(value, ast.IfExp):
            parts = [self._types(value.body), self._types(value.orelse)]
            return None if None in parts else set().union(*(part for part in parts if part))
        if isinstance(value, ast.Call):
            return self._made_by(value.func)
        if isinstance(value, ast.Name):
            return self._assigned(value.id)
        return None

    def _made_by(self, maker: ast.expr) -> set[type[BaseException]] | None:
        if isinstance(maker, ast.Attribute):
            if maker.attr == "error":
                # A row of a table of codes.
                return {get_args(get_type_hints(Code)["error"])[0]}
            if isinstance(maker.value, ast.Name) and maker.value.id == "self":
                owner = next(scope.name for scope in self.scopes if isinstance(scope, ast.ClassDef))
                return _returned(getattr(getattr(self.module, owner), maker.attr))
            return _returned(eval(ast.unparse(maker), vars(self.module)))  # noqa: S307 - names of our own sources
        if not isinstance(maker, ast.Name):
            return None
        local = self._assigned(maker.id)
        known = vars(self.module).get(maker.id, getattr(builtins, maker.id, None))
        return local if local is not None else _returned(known)

    def _assigned(self, name: str) -> set[type[BaseException]] | None:
        """By the annotation, the handler or the calls that give the name its value in this function."""
        for handler in self.handlers:
            if handler.name == name:
                return self._caught(handler)
        function = self.scopes[-1]
        for node in ast.walk(function):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                hint = eval(ast.unparse(node.annotation), vars(self.module))  # noqa: S307 - names of our own sources
                return _exceptions(hint)
        values = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
        ]
        found = [
            self._types(value) if isinstance(value, ast.Call | ast.IfExp) else self._class(value) for value in values
        ]
        return None if not found or None in found else set().union(*(each for each in found if each))

    def _class(self, value: ast.expr) -> set[type[BaseException]] | None:
        return _exceptions(vars(self.module).get(ast.unparse(value)))

    def _caught(self, handler: ast.ExceptHandler) -> set[type[BaseException]] | None:
        return _exceptions(eval(ast.unparse(handler.type), vars(self.module))) if handler.type else None  # noqa: S307


def _returned(maker: Any) -> set[type[BaseException]] | None:
    if inspect.isclass(maker):
        return _exceptions(maker)
    return _exceptions(get_type_hints(maker).get("return")) if callable(maker) else None


def _exceptions(hint: Any) -> set[type[BaseException]] | None:
    """The exception classes of a class, a tuple of them, a union, or type[…]."""
    if isinstance(hint, tuple):
        return {each for each in hint if inspect.isclass(each) and issubclass(each, BaseException)}
    if inspect.isclass(hint) and issubclass(hint, BaseException):
        return {hint}
    found = [_exceptions(each) for each in get_args(hint) if each is not type(None)]
    return None if not found or None in found else set().union(*(each for each in found if each))


def raised(path: Path) -> Iterator[tuple[str, int, set[type[BaseException]] | None]]:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    yield from Raises(importlib.import_module(name), ast.parse(path.read_text(encoding="utf-8"))).found


def in_tree(types: set[type[BaseException]] | None) -> bool:
    return bool(types) and all(issubclass(each, ConnectorError) for each in types or ())


def test_there_is_something_to_read() -> None:
    found = [each for path in sources() for each in raised(path)]
    assert len(found) > 60
    assert sum(in_tree(types) for _, _, types in found) > 40


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_connectors_raise_the_tree(path: Path) -> None:
    file = str(path.relative_to(ROOT / "connectors"))
    for function, line, types in raised(path):
        if in_tree(types):
            continue
        reason = ALLOWED.get((file, function))
        assert reason, f"connectors/{file}:{line} ({function}) raises {types}, which is not of the tree"
        named = {kind.__name__ for kind in types or ()}
        allowed = set(reason.partition(":")[0].split(" or "))
        assert named, f"connectors/{file}:{line} raises what cannot be told"
        assert named <= allowed, f"connectors/{file}:{line} raises {named}: {reason}"


def test_no_exception_of_the_rule_is_left_over() -> None:
    outside = {
        (str(path.relative_to(ROOT / "connectors")), function)
        for path in sources()
        for function, _, types in raised(path)
        if not in_tree(types)
    }
    assert set(ALLOWED) == outside


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    raise RuntimeError('x')",
        "def f():\n    error = KeyError('x')\n    raise error",
        "def f():\n    try:\n        g()\n    except OSError:\n        raise",
        "def f():\n    raise something_unknown()",
    ],
)
def test_the_reader_sees_what_is_wrong(source: str) -> None:
    module = ModuleType("sample")
    found = Raises(module, ast.parse(source)).found
    assert len(found) == 1
    assert not in_tree(found[0][2])


# Codes.


def numbers(name: str) -> list[str]:
    lines = (FIXTURES / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def row_of(platform: str, number: str) -> Code | None:
    if platform == "wechat":
        return wechat.CODES.get(int(number))
    if number.startswith("article "):
        return weibo.ARTICLE_CODES.get(number.removeprefix("article "))
    return weibo.look_up(number.replace("xx", "01"))


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_every_code_of_the_documentation_says_what_happened_what_to_do_and_who_must(platform: str) -> None:
    successes = {weibo.SLOW_SUCCESS, f"article {weibo.ARTICLE_SUCCESS}"}
    listed = [number for number in numbers(f"{platform}-codes.txt") if number not in successes]
    assert len(listed) > 100
    for number in listed:
        row = row_of(platform, number)
        assert row is not None, f"{platform} {number} is not in the table"
        assert issubclass(row.error, ConnectorError), number
        for part in (row.cause, row.remedy, row.who):
            assert CHINESE.search(part), f"{platform} {number}: {part!r}"


ROWS = [*wechat.CODES.items(), *weibo.CODES.items(), *weibo.FAMILIES.items(), *weibo.ARTICLE_CODES.items()]
ROWS += [(number, row) for number, _, row in weibo.VARIANTS]
ROWS += [("unknown write", weibo.UNKNOWN_WRITE), ("unknown read", weibo.UNKNOWN_READ)]


def test_every_row_of_the_tables_is_whole() -> None:
    for number, row in ROWS:
        assert row.error is not ConnectorError, f"{number}: the root says nothing"
        assert issubclass(row.error, ConnectorError), number
        for part in (row.cause, row.remedy, row.who):
            assert CHINESE.search(part), f"{number}: {part!r}"
        assert row.cause.endswith("。"), number
        assert row.remedy.endswith("。"), number
