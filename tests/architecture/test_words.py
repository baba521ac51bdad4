"""What scripts say comes from the templates, so that it is translated."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "frontend" / "src").rglob("*.ts"))
TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.html"))

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
# say("saved") in full, or say(`part_${name}`) with a fixed beginning.
_SAID = re.compile(r"say\((?:[^()]*\? )?[\"`](\w+)")
_OTHER = re.compile(r"say\([^()]*\? \"\w+\" : \"(\w+)\"")
_BLOCK = re.compile(r'<script type="application/json"[^>]*>(.*?)</script>', re.DOTALL)
_GIVEN = re.compile(r'"(\w+)": _\(')


def test_scripts_hold_no_chinese_of_their_own() -> None:
    found = {
        str(path.relative_to(ROOT)): _CHINESE.findall(_COMMENT.sub("", path.read_text(encoding="utf-8")))
        for path in SCRIPTS
    }
    assert {path: words for path, words in found.items() if words} == {}


def test_every_sentence_of_a_script_stands_in_a_template() -> None:
    given = {name for path in TEMPLATES for name in _GIVEN.findall(path.read_text(encoding="utf-8"))}
    said = {
        name
        for path in SCRIPTS
        for pattern in (_SAID, _OTHER)
        for name in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert len(said) > 30
    missing = {name for name in said if name not in given and not any(key.startswith(name) for key in given)}
    assert missing == set()


def test_no_word_of_the_scripts_is_said_twice() -> None:
    """A second one of the same name silently takes the place of the first."""
    for template in sorted((ROOT / "app/templates").rglob("_words.html")):
        names = re.findall(r'"(\w+)":\s*_\(', template.read_text(encoding="utf-8"))
        assert names
        assert sorted(names) == sorted(set(names)), template


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_scripts_are_given_words_without_escapes(app: Flask) -> None:
    """What is written for HTML, "the body&#39;s code", a script would show as it stands."""
    blocks = {
        f"{path.relative_to(ROOT)} {number}": block
        for path in TEMPLATES
        for number, block in enumerate(_BLOCK.findall(path.read_text(encoding="utf-8")))
        if "_(" in block
    }
    assert len(blocks) >= 3
    words: dict[str, list[str]] = {}
    with app.test_request_context(), force_locale("en"):
        for name, block in blocks.items():
            words[name] = list(json.loads(render_template_string(block)).values())
    assert any("'" in text for texts in words.values() for text in texts), "there is something to escape"
    found = {name: [text for text in texts if re.search(r"&#?\w+;", text)] for name, texts in words.items()}
    assert {name: texts for name, texts in found.items() if texts} == {}
