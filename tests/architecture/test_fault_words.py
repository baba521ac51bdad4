"""The name of an exception is for logs: what people read is said in words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.http import fault_words

ROOT = Path(__file__).resolve().parents[2]


def named_in_words(source: str) -> Iterator[int]:
    """Lines where an f-string writes out `….__name__`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and inner.attr == "__name__":
                    yield node.lineno


def test_no_sentence_names_an_exception() -> None:
    files = [
        path
        for folder in ("app", "scheduler", "connectors")
        for path in (ROOT / folder).rglob("*.py")
        if "simulator" not in path.parts
    ]
    found = [f"{path.relative_to(ROOT)}:{line}" for path in files for line in named_in_words(path.read_text())]
    assert found == []
    assert list(named_in_words('f"程序出错（{type(error).__name__}）。"')) == [1]


@pytest.mark.parametrize(
    "error",
    [kind() for kind in vars(requests.exceptions).values() if isinstance(kind, type) and kind.__module__ == "requests.exceptions" and issubclass(kind, requests.RequestException) and kind is not requests.exceptions.JSONDecodeError],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_a_call_without_an_answer_is_recorded_in_words(error: requests.RequestException) -> None:
    words = fault_words(error)
    assert words
    assert not any(character.isascii() and character.isalpha() for character in words)
