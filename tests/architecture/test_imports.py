"""The table of allowed imports, held by import-linter and by reading the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[2]
# The files of a capability that may speak HTTP; everything else in it is models and services.
WEB_FILES = {"__init__.py", "views.py", "api.py", "cli.py", "schemas.py", "permissions.py", "idempotency.py"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def is_web(path: Path) -> bool:
    of_units = path.parent.name == "units" and path.name in ("bearer.py", "proofs.py", "sessions.py", "shell.py")
    return (
        of_units
        or path.name in WEB_FILES
        or path.stem.endswith(("_views", "_api", "_schemas"))
        or path.parent.name == "web"
    )


def test_import_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("path", [p for p in sources("app") if p.parent.parent.name == "app"], ids=str)
def test_services_know_nothing_of_the_web(path: Path) -> None:
    if is_web(path):
        return
    web = {"flask", "flask_login", "flask_smorest", "flask_babel", "flask_wtf", "marshmallow", "werkzeug"}
    found = {name.split(".")[0] for name in imported(path)} & web
    assert not found, f"{path.relative_to(ROOT)} imports {found}: only {sorted(WEB_FILES)} may"
    assert not {name for name in imported(path) if name.endswith((".views", ".api", ".schemas"))}


@pytest.mark.parametrize("path", list(sources("app", "scheduler")), ids=str)
def test_only_atomic_commits(path: Path) -> None:
    if path == ROOT / "app" / "db.py":
        return
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert not calls, f"{path.relative_to(ROOT)}:{calls} commits; use app.db.atomic()"


@pytest.mark.parametrize("path", list(sources("app", "scheduler")), ids=str)
def test_nobody_asks_which_platform_it_is(path: Path) -> None:
    """`if platform == "wechat"` belongs to connectors; elsewhere capabilities tell."""
    compared = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        and any(isinstance(c, ast.Constant) and c.value in ("weibo", "wechat") for c in [node.left, *node.comparators])
    ]
    assert not compared, f"{path.relative_to(ROOT)}:{compared} compares with a platform's name"


@pytest.mark.parametrize("path", list(sources("app", "connectors", "scheduler")), ids=str)
def test_no_exception_is_swallowed(path: Path) -> None:
    silent = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
    ]
    assert not silent, f"{path.relative_to(ROOT)}:{silent} swallows every exception"
