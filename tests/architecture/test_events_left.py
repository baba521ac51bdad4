"""Each service that changes something for somebody leaves an event: in the code, wherever an actor comes in and a transaction
is opened, an event is within reach."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORD = ("app.audit.services", "record")
# What a person does with their own screen alone, and what only looks.
NO_EVENT = {
    ("app.notices.bell", "mark_read"),
    ("app.posts.presence", "arrive"),
    ("app.posts.presence", "leave"),
    ("app.review.opening", "opened"),
    ("app.units.people", "set_locale"),
}
Place = tuple[str, str]


@cache
def modules() -> dict[str, ast.Module]:
    files = sorted((ROOT / "app").rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text()) for path in files}


@cache
def functions(module: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(modules()[module]) if isinstance(node, ast.FunctionDef)}


@cache
def imported(module: str) -> dict[str, Place]:
    """name -> (module, name there; "" when it is that module itself)."""
    found: dict[str, Place] = {}
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found[alias.asname or alias.name] = (whole, "") if whole in modules() else (node.module, alias.name)
    return found


def home(place: Place) -> Place:
    """Where a name is defined, through what only hands it on."""
    module, name = place
    if module in modules() and name not in functions(module) and name in imported(module):
        return home(imported(module)[name])
    return place


@cache
def calls(place: Place) -> frozenset[Place]:
    """What a function of the application names."""
    module, name = place
    if module not in modules() or name not in functions(module):
        return frozenset()
    found, known = set(), imported(module)
    for node in ast.walk(functions(module)[name]):
        if isinstance(node, ast.Name):
            found.add(home(known.get(node.id, (module, node.id))))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            there, inside = known[node.value.id]
            if not inside:
                found.add(home((there, node.attr)))
    return frozenset(found - {place})


def reached(start: Place) -> set[Place]:
    seen, ahead = {start}, [start]
    while ahead:
        new = calls(ahead.pop()) - seen
        seen |= new
        ahead += new
    return seen


def changing() -> list[Place]:
    return [
        (module, name)
        for module in modules()
        for name, node in functions(module).items()
        if node.args.args and node.args.args[0].arg == "actor" and ("app.db", "atomic") in calls((module, name))
    ]


def test_whoever_changes_something_leaves_an_event() -> None:
    found = changing()
    silent = {place for place in found if RECORD not in reached(place)}
    assert len(found) > 100
    assert silent == NO_EVENT
