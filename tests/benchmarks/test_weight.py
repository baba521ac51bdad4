"""The composer opens on a slow line, too: its scripts, as built, stay light."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.weight import COMPOSER, FRAME, THEME, weights

TEMPLATES = Path(__file__).resolve().parents[2] / "app" / "templates"
MOST = 400_000


def test_the_composers_page_loads_at_most_400_kb_of_compressed_script() -> None:
    found = weights(FRAME, COMPOSER)
    total = sum(compressed for _size, compressed in found.values())
    assert 50_000 < total <= MOST, found


def test_no_other_scripts_stand_on_the_page() -> None:
    pages = [(TEMPLATES / name).read_text() for name in ("base.html", "posts/compose.html")]
    named = [entry for page in pages for entry in re.findall(r'vite\("([^"]+)"\)', page)]
    assert named == [FRAME, COMPOSER]
    (plain,) = re.findall(r"<script[^>]*\ssrc=[^>]*>", "".join(pages))
    assert THEME in plain
